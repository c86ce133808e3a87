// SPDX-License-Identifier: MIT
// Rules about files: searches that miss, tiny calls, opened again and again, renamed without fsync.
import { show } from '../../format/text';
import { bytes, count, duration, plural } from '../human';
import { SEARCHES, searchKind, type Search } from '../search';
import { entry, LIMITS as L, term, type Ground, type Rule } from './rule';

interface Misses {
  n: number;
  ns: number;
  first: number;
  names: Map<number, number>;
}

export const lookups: Rule = {
  id: 'lookups',
  title: 'Failed lookups that cost',
  takesTime: true,
  threshold: `${L.lookups} or more misses of one kind (PATH, include, library, python, node, other) that took ${duration(L.lookupNs)} or more, and ${L.costShare * 100} % of the time`,
  watch(g) {
    const { store } = g,
      { obj, err, errName } = store,
      misses = new Map<Search, Misses>(),
      kinds = new Map<number, Search>();
    const see = (i: number) => {
      if (!g.failed(i) || !['ENOENT', 'ENOTDIR'].includes(errName[err[i]])) return;
      const op = store.ops[store.type[i]],
        kind = entry(kinds, obj[i], () => searchKind(store.objText(i), op)),
        m = entry(misses, kind, () => ({ n: 0, ns: 0, first: i, names: new Map() }));
      m.n++;
      m.ns += store.dur(i);
      m.names.set(obj[i], (m.names.get(obj[i]) ?? 0) + 1);
    };
    return {
      on: { open: see, stat: see, exec: see },
      end(put) {
        for (const [kind, m] of misses) {
          if (m.n < L.lookups || m.ns < Math.max(L.lookupNs, L.costShare * store.duration))
            continue;
          const paths = kind === 'other' ? '' : ' ' + term('path', ...SEARCHES[kind].patterns);
          put(
            2,
            `${plural(m.n, 'failed lookup')} of ${SEARCHES[kind].text} cost ${duration(m.ns)} (most: ${mostMissed(g, m)}).`,
            `op:open,stat,exec err:ENOENT,ENOTDIR${paths}`,
            m.first,
            m.ns,
          );
        }
      },
    };
  },
};

function mostMissed(g: Ground, m: Misses): string {
  const base = new Map<string, number>();
  for (const [id, n] of m.names) {
    const p = g.store.strings.get(id),
      b = p.slice(p.lastIndexOf('/') + 1);
    base.set(b, (base.get(b) ?? 0) + n);
  }
  return [...base]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 3)
    .map(([b, n]) => `${show(b)} ${count(n)}×`)
    .join(', ');
}

/** Bytes that a read or write moved to or from a file or pipe; 0 where a buffer is no question. */
function buffered({ store, socket, unbuffered }: Ground, i: number): number {
  const f = store.file[i],
    kind = store.files.kind[f];
  if (!f || kind === socket || unbuffered[kind] || store.failed(i)) return 0;
  return store.bytes(i);
}

export const tiny: Rule = {
  id: 'tiny',
  title: 'Many tiny reads or writes',
  threshold: `${count(L.tinyCalls)} or more calls of ${L.tinyBytes} B or less on average on one file or pipe, and ${L.costShare * 100} % of the time`,
  watch(g) {
    const { store } = g,
      lists = ['read', 'write'].map(op => ({
        op,
        by: new Map<number, { n: number; bytes: number; ns: number; first: number }>(),
      }));
    const see = (list: (typeof lists)[0]) => (i: number) => {
      const b = buffered(g, i);
      if (b <= 0) return;
      const v = entry(list.by, store.files.name[store.file[i]], () => ({
        n: 0,
        bytes: 0,
        ns: 0,
        first: i,
      }));
      v.n++;
      v.bytes += b;
      v.ns += store.dur(i);
    };
    return {
      on: { read: see(lists[0]), write: see(lists[1]) },
      end(put) {
        for (const { op, by } of lists)
          for (const [id, v] of by)
            if (
              v.n >= L.tinyCalls &&
              v.bytes / v.n <= L.tinyBytes &&
              v.ns >= L.costShare * store.duration
            )
              put(
                2,
                `${count(v.n)} ${op}s of ${Math.round(v.bytes / v.n)} B on average ${op === 'write' ? 'to' : 'from'} ${g.name(id)} ` +
                  `(${bytes(v.bytes)} in all): a buffer would save most of the calls.`,
                `op:${op} ${g.path(id)}`,
                v.first,
                v.n * 1000,
                { on: g.store.strings.get(id) },
              );
      },
    };
  },
};

export const reopen: Rule = {
  id: 'reopen',
  title: 'The same file opened again and again',
  takesTime: true,
  threshold: `${L.opens} or more opens of one path by one process`,
  watch(g) {
    const { store } = g,
      { obj } = store,
      opens = new Map<number, { n: number; first: number; ns: number }>();
    return {
      on: {
        open(i) {
          if (!obj[i] || g.failed(i)) return;
          const v = entry(opens, g.proc(i) * 2 ** 32 + obj[i], () => ({ n: 0, first: i, ns: 0 }));
          v.n++;
          v.ns += store.dur(i);
        },
      },
      end(put) {
        for (const v of opens.values())
          if (v.n >= L.opens)
            put(
              1,
              `${g.who(g.proc(v.first))} opened ${g.name(obj[v.first])} ${count(v.n)} times (${duration(v.ns)}).`,
              `${g.path(obj[v.first])} pid:${store.tasks[store.lane[v.first]].pid}`,
              v.first,
              v.ns,
            );
      },
    };
  },
};

export const rename: Rule = {
  id: 'rename',
  title: 'Renamed without fsync',
  threshold: 'a file was written and renamed, and not synced in between',
  watch(g) {
    const { store } = g,
      { obj, file, files } = store,
      dirty = new Set<number>(),
      renames: { i: number; path: number }[] = [];
    const wrote = (i: number) => {
      const to = buffered(g, i) > 0 ? store.copiedTo(i) : 0;
      if (to) dirty.add(files.name[to]);
    };
    return {
      on: {
        read: wrote,
        write(i) {
          if (buffered(g, i) > 0) dirty.add(files.name[file[i]]);
          wrote(i);
        },
        sync(i) {
          if (g.failed(i)) return;
          if (file[i]) dirty.delete(files.name[file[i]]);
          else dirty.clear();
        },
        rename(i) {
          if (!g.failed(i) && dirty.delete(obj[i])) renames.push({ i, path: obj[i] });
        },
        unlink: i => void dirty.delete(obj[i]),
      },
      end(put) {
        for (const r of renames.slice(0, 20))
          put(
            2,
            `${g.name(r.path)} was written and renamed without fsync: after a crash the new file may be empty.`,
            g.path(r.path),
            r.i,
          );
      },
    };
  },
};
