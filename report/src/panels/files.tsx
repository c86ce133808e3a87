// SPDX-License-Identifier: MIT
// Files: one row a path, a tree of folders, the open files with their lifetimes, and searches that missed.
import { useMemo, useState } from 'preact/hooks';
import { eachRow, fileStats, type Cancel, type FileRow } from '../engine/aggregate';
import { searchKind, type Search } from '../engine/search';
import { bytes, count, duration, plural } from '../engine/human';
import { withValue } from '../engine/query';
import { NEVER, type Store } from '../engine/store';
import { show } from '../format/text';
import { Grid, type GridColumn } from '../ui/grid';
import { useScan } from '../ui/hooks';
import { copy, openMenu, valueItems } from '../ui/menu';
import type { State } from '../ui/state';
import { bytesOr, countOr, durOr, Segments, Waiting } from './common';
import { laneName } from './details';

export function Files({ s }: { s: State }) {
  const [mode, setMode] = useState('paths');
  const rows = useScan(s, fileStats);
  return (
    <section class="tab" aria-label="Files">
      <div class="tab-bar">
        <Segments
          label="What to list"
          value={mode}
          onChange={setMode}
          options={[
            ['paths', 'Paths'],
            ['folders', 'Folders'],
            ['open', 'Open files'],
            ['searches', 'Searches'],
          ]}
        />
        {rows && (
          <span class="dim">
            {plural(rows.length, 'path')} · {bytes(sum(rows, r => (isFile(r) ? r.read : 0)))}
            {' read · '}
            {bytes(sum(rows, r => (isFile(r) ? r.written : 0)))} written
            {sum(rows, r => (isFile(r) ? 0 : r.read + r.written)) > 0 &&
              ` · pipes, terminals, devices: ${bytes(sum(rows, r => (isFile(r) ? 0 : r.read)))} read, ${bytes(sum(rows, r => (isFile(r) ? 0 : r.written)))} written`}
            {' · '}
            {plural(
              rows.reduce((a, r) => a + r.failed, 0),
              'failed lookup',
            )}
          </span>
        )}
      </div>
      {!rows ? (
        <Waiting s={s} what="files" />
      ) : mode === 'paths' ? (
        <Paths s={s} rows={rows} />
      ) : mode === 'folders' ? (
        <Folders s={s} rows={rows} />
      ) : mode === 'open' ? (
        <OpenFiles s={s} />
      ) : (
        <Searches s={s} />
      )}
    </section>
  );
}

/** What the text summary calls a file; pipes, terminals and devices are counted apart there too. */
const isFile = (r: FileRow) => ['file', 'dir', 'memfd', ''].includes(r.kind);
const sum = (rows: FileRow[], f: (r: FileRow) => number) => rows.reduce((a, r) => a + f(r), 0);
const toEvents = (s: State, path: string, was = '') => {
  const only = withValue(s.filter.value, 'path', path, 'only');
  s.filter.value = was ? withValue(only, 'path', was, 'include') : only;
  s.tab.value = 'timeline';
};

function menuFor(s: State, e: MouseEvent, path: string, was = ''): void {
  openMenu(e, show(path), [
    ...valueItems(s, 'path', path, 'this path'),
    { label: 'Show its events', run: () => toEvents(s, path, was) },
    { label: 'Copy path', run: () => copy(s, show(path)) },
  ]);
}

function PathCell({ text, was = '', indent = 0 }: { text: string; was?: string; indent?: number }) {
  const shown = show(text),
    cut = shown.lastIndexOf('/') + 1,
    old = show(was),
    beside = old.startsWith(shown.slice(0, cut)) && !old.includes('/', cut);
  return (
    <span
      class="path"
      title={shown}
      style={indent ? { paddingLeft: indent * 14 + 'px' } : undefined}
    >
      <span class="dim path-dir">{shown.slice(0, cut)}</span>
      <span class="path-base">{shown.slice(cut)}</span>
      {was && (
        <span class="dim" title={`first ${old}`}>
          {' (was '}
          {beside ? old.slice(cut) : old})
        </span>
      )}
    </span>
  );
}

function Paths({ s, rows }: { s: State; rows: FileRow[] }) {
  const [at, select] = useState<FileRow | null>(null),
    { store } = s;
  const columns = useMemo<GridColumn<FileRow>[]>(
    () => [
      {
        id: 'path',
        title: 'Path',
        width: 'minmax(240px, 1fr)',
        value: r => store.strings.get(r.name),
        render: r => <PathCell text={store.strings.get(r.name)} was={store.strings.get(r.was)} />,
      },
      { id: 'kind', drop: 7, title: 'Kind', width: '70px', value: r => r.kind, cls: () => 'dim' },
      {
        id: 'opens',
        title: 'Opens',
        width: '70px',
        num: true,
        value: r => r.opens,
        render: r => countOr(r.opens),
      },
      {
        id: 'failed',
        title: 'Failed',
        width: '70px',
        num: true,
        value: r => r.failed,
        render: r => countOr(r.failed),
        cls: r => (r.failed ? 'bad' : ''),
      },
      {
        id: 'reads',
        drop: 8,
        title: 'Reads',
        width: '76px',
        num: true,
        value: r => r.reads,
        render: r => countOr(r.reads),
      },
      {
        id: 'read',
        title: 'Read',
        width: '84px',
        num: true,
        value: r => r.read,
        render: r => bytesOr(r.read),
      },
      {
        id: 'writes',
        drop: 9,
        title: 'Writes',
        width: '76px',
        num: true,
        value: r => r.writes,
        render: r => countOr(r.writes),
      },
      {
        id: 'written',
        title: 'Written',
        width: '84px',
        num: true,
        value: r => r.written,
        render: r => bytesOr(r.written),
      },
      {
        id: 'time',
        title: 'Time',
        width: '84px',
        num: true,
        value: r => r.time,
        render: r => durOr(r.time),
      },
      { id: 'procs', drop: 3, title: 'Processes', width: '82px', num: true, value: r => r.procs },
    ],
    [store],
  );
  return (
    <Grid
      label="Paths"
      rows={rows}
      columns={columns}
      sort={{ id: 'time', down: true }}
      selected={at}
      onSelect={select}
      onOpen={r => toEvents(s, store.strings.get(r.name), store.strings.get(r.was))}
      onMenu={(e, r) => menuFor(s, e, store.strings.get(r.name), store.strings.get(r.was))}
      rowClass={r => (r.failed && !r.opens ? 'failed' : '')}
      empty="No file was touched."
    />
  );
}

interface Folder {
  path: string;
  name: string;
  depth: number;
  files: number;
  opens: number;
  failed: number;
  read: number;
  written: number;
  time: number;
  children: Map<string, Folder>;
  leaf: boolean;
}

const NAMELESS = 'pipes, sockets and other things without a path';

function Folders({ s, rows }: { s: State; rows: FileRow[] }) {
  const [open, setOpen] = useState<Set<string>>(new Set(['/'])),
    [at, select] = useState<Folder | null>(null);
  const root = useMemo(() => {
    const make = (path: string, name: string, depth: number): Folder => ({
      path,
      name,
      depth,
      files: 0,
      opens: 0,
      failed: 0,
      read: 0,
      written: 0,
      time: 0,
      children: new Map(),
      leaf: true,
    });
    const top = make('', '', -1);
    for (const r of rows) {
      const path = s.store.strings.get(r.name),
        named = path[0] === '/',
        parts = named ? path.split('/').filter(Boolean) : [path];
      let node = top,
        prefix = named ? '' : '\u0000';
      const add = (n: Folder) => {
        n.files++;
        n.opens += r.opens;
        n.failed += r.failed;
        n.read += r.read;
        n.written += r.written;
        n.time += r.time;
      };
      add(top);
      const first = named ? '/' : NAMELESS;
      node = top.children.get(first) ?? make(first, first, 0);
      top.children.set(first, node);
      node.leaf = top.leaf = false;
      add(node);
      for (const part of parts.slice(0, 64)) {
        prefix += (prefix === '\u0000' ? '' : '/') + part;
        let n = node.children.get(part);
        if (!n) {
          n = make(prefix.replace('\u0000', ''), part, node.depth + 1);
          node.children.set(part, n);
          node.leaf = false;
        }
        add(n);
        node = n;
      }
    }
    return top;
  }, [rows]);
  const list = useMemo(() => {
    const out: Folder[] = [],
      walk = (n: Folder) => {
        for (const c of [...n.children.values()].sort((a, b) => b.time - a.time)) {
          out.push(c);
          if (open.has(c.path)) walk(c);
        }
      };
    walk(root);
    return out;
  }, [root, open]);
  const toggle = (f: Folder) =>
    setOpen(o => {
      const n = new Set(o);
      if (!n.delete(f.path)) n.add(f.path);
      return n;
    });
  const columns = useMemo<GridColumn<Folder>[]>(
    () => [
      {
        id: 'name',
        title: 'Folder',
        width: 'minmax(240px, 1fr)',
        value: f => f.path,
        render: f => (
          <span class="path" style={{ paddingLeft: f.depth * 16 + 'px' }}>
            {f.leaf ? (
              <span class="twist" />
            ) : (
              <button
                type="button"
                class="twist"
                aria-expanded={open.has(f.path)}
                aria-label={`${open.has(f.path) ? 'Close' : 'Open'} ${show(f.path)}`}
                tabIndex={-1}
                onClick={e => {
                  e.stopPropagation();
                  toggle(f);
                }}
              >
                {open.has(f.path) ? '▾' : '▸'}
              </button>
            )}
            <span class={f.leaf ? '' : 'folder'}>
              {show(f.name)}
              {f.leaf || f.path === '/' || f.path === NAMELESS ? '' : '/'}
            </span>
          </span>
        ),
      },
      {
        id: 'files',
        title: 'Paths',
        width: '76px',
        num: true,
        value: f => f.files,
        render: f => (f.leaf ? '' : count(f.files)),
      },
      {
        id: 'opens',
        title: 'Opens',
        width: '76px',
        num: true,
        value: f => f.opens,
        render: f => countOr(f.opens),
      },
      {
        id: 'failed',
        title: 'Failed',
        width: '76px',
        num: true,
        value: f => f.failed,
        render: f => countOr(f.failed),
        cls: f => (f.failed ? 'bad' : ''),
      },
      {
        id: 'read',
        title: 'Read',
        width: '90px',
        num: true,
        value: f => f.read,
        render: f => bytesOr(f.read),
      },
      {
        id: 'written',
        title: 'Written',
        width: '90px',
        num: true,
        value: f => f.written,
        render: f => bytesOr(f.written),
      },
      {
        id: 'time',
        title: 'Time',
        width: '90px',
        num: true,
        value: f => f.time,
        render: f => durOr(f.time),
      },
    ],
    [open],
  );
  return (
    <Grid
      label="Folders"
      rows={list}
      columns={columns}
      selected={at}
      onSelect={select}
      onOpen={f => (f.leaf ? toEvents(s, f.path) : toggle(f))}
      onMenu={(e, f) => menuFor(s, e, f.path)}
      level={f => f.depth + 1}
    />
  );
}

interface OpenFile {
  id: number;
  opens: number;
  read: number;
  written: number;
  calls: number;
  first: number;
  last: number;
  time: number;
}
async function openFiles(
  store: Store,
  bits: Uint8Array | null,
  cancelled: Cancel,
): Promise<OpenFile[] | null> {
  const rows = new Map<number, OpenFile>();
  const ok = await eachRow(store, bits, cancelled, i => {
    const f = store.file[i];
    if (!f) return;
    let r = rows.get(f);
    if (!r) {
      r = { id: f, opens: 0, read: 0, written: 0, calls: 0, first: i, last: i, time: 0 };
      rows.set(f, r);
    }
    r.calls++;
    r.last = i;
    r.time += store.dur(i);
    const io = store.types[store.type[i]].io,
      to = rows.get(store.copiedTo(i));
    if (io === 'copy' && to) {
      to.written += store.bytes(i);
      to.last = i;
    }
    if (io === 'in' || io === 'copy') r.read += store.bytes(i);
    else if (io === 'out') r.written += store.bytes(i);
  });
  return ok ? [...rows.values()] : null;
}

function OpenFiles({ s }: { s: State }) {
  const rows = useScan(s, openFiles),
    [at, select] = useState<OpenFile | null>(null),
    { store } = s,
    { files } = store;
  const end = (r: OpenFile) => (files.close[r.id] >= NEVER ? store.duration : files.close[r.id]);
  const columns = useMemo<GridColumn<OpenFile>[]>(
    () => [
      {
        id: 'name',
        title: 'File',
        width: 'minmax(220px, 1fr)',
        value: r => store.fileName(r.id),
        render: r => <PathCell text={store.fileName(r.id)} />,
      },
      {
        id: 'kind',
        drop: 7,
        title: 'Kind',
        width: '70px',
        value: r => store.fileKind(r.id),
        cls: () => 'dim',
      },
      {
        id: 'lane',
        title: 'Opened by',
        width: '130px',
        value: r => laneName(store, files.lane[r.id]) || 'before tracing',
      },
      {
        id: 'life',
        title: 'Open for',
        width: '84px',
        num: true,
        value: r => end(r) - files.open[r.id],
        render: r => duration(end(r) - files.open[r.id]),
      },
      {
        id: 'calls',
        title: 'Calls',
        width: '66px',
        num: true,
        value: r => r.calls,
        render: r => count(r.calls),
      },
      {
        id: 'read',
        title: 'Read',
        width: '82px',
        num: true,
        value: r => r.read,
        render: r => bytesOr(r.read),
      },
      {
        id: 'written',
        title: 'Written',
        width: '82px',
        num: true,
        value: r => r.written,
        render: r => bytesOr(r.written),
      },
      {
        id: 'span',
        title: 'Open → close, with its I/O',
        width: 'minmax(160px, 0.8fr)',
        value: r => files.open[r.id],
        render: r => (
          <span
            class="span"
            title={`${duration(files.open[r.id])} → ${files.close[r.id] >= NEVER ? 'never closed' : duration(end(r))}`}
          >
            <i
              class="life"
              style={{
                left: (100 * files.open[r.id]) / store.duration + '%',
                width: Math.max(0.3, (100 * (end(r) - files.open[r.id])) / store.duration) + '%',
              }}
            />
            <i
              style={{
                left: (100 * store.start[r.first]) / store.duration + '%',
                width:
                  Math.max(
                    0.3,
                    (100 * (store.end(r.last) - store.start[r.first])) / store.duration,
                  ) + '%',
                background: 'var(--cat-file)',
              }}
            />
          </span>
        ),
      },
    ],
    [store],
  );
  if (!rows) return <Waiting s={s} what="open files" />;
  const go = (r: OpenFile) => {
    s.filter.value = withValue(s.filter.value, 'file', String(r.id), 'only');
    s.tab.value = 'timeline';
  };
  return (
    <Grid
      label="Open files"
      rows={rows}
      columns={columns}
      sort={{ id: 'span', down: false }}
      selected={at}
      onSelect={select}
      onOpen={go}
      onMenu={(e, r) =>
        openMenu(e, show(store.fileName(r.id)), [
          { label: 'Show its events', run: () => go(r) },
          ...valueItems(s, 'path', store.fileName(r.id), 'this path'),
        ])
      }
      empty="No file was open."
    />
  );
}

interface Probe {
  kind: Search;
  name: string;
  misses: number;
  dirs: number;
  time: number;
  found: string;
  first: number;
}
async function probes(
  store: Store,
  bits: Uint8Array | null,
  cancelled: Cancel,
): Promise<Probe[] | null> {
  const rows = new Map<string, Probe & { seen: Set<number> }>(),
    ops = new Set(['open', 'stat', 'exec']),
    hits = new Map<string, string>(),
    cache = new Map<number, { kind: Search; base: string }>();
  const ok = await eachRow(store, bits, cancelled, i => {
    const op = store.ops[store.type[i]],
      o = store.obj[i];
    if (!o || !ops.has(op)) return;
    let c = cache.get(o);
    if (!c) {
      const p = store.objText(i);
      c = { kind: searchKind(p, op), base: p.slice(p.lastIndexOf('/') + 1) };
      cache.set(o, c);
    }
    const key = c.kind + '/' + c.base;
    if (!store.failed(i)) {
      if (!hits.has(key)) hits.set(key, store.objText(i));
      return;
    }
    let r = rows.get(key);
    if (!r) {
      r = {
        kind: c.kind,
        name: c.base,
        misses: 0,
        dirs: 0,
        time: 0,
        found: '',
        first: i,
        seen: new Set(),
      };
      rows.set(key, r);
    }
    r.misses++;
    r.time += store.dur(i);
    r.seen.add(o);
  });
  return ok
    ? [...rows.entries()].map(([key, { seen, ...r }]) => ({
        ...r,
        dirs: seen.size,
        found: hits.get(key) ?? '',
      }))
    : null;
}

function Searches({ s }: { s: State }) {
  const rows = useScan(s, probes),
    [at, select] = useState<Probe | null>(null);
  const sums = useMemo(() => {
    const by = new Map<Search, { misses: number; time: number }>();
    for (const r of rows ?? []) {
      const v = by.get(r.kind) ?? { misses: 0, time: 0 };
      v.misses += r.misses;
      v.time += r.time;
      by.set(r.kind, v);
    }
    return [...by].sort((a, b) => b[1].time - a[1].time);
  }, [rows]);
  const columns = useMemo<GridColumn<Probe>[]>(
    () => [
      {
        id: 'name',
        title: 'Looked for',
        width: 'minmax(180px, 0.6fr)',
        value: r => r.name,
        render: r => (
          <span class="path" title={show(r.name)}>
            {show(r.name)}
          </span>
        ),
      },
      { id: 'kind', drop: 7, title: 'Search', width: '90px', value: r => r.kind },
      {
        id: 'misses',
        title: 'Misses',
        width: '80px',
        num: true,
        value: r => r.misses,
        cls: () => 'bad',
      },
      { id: 'dirs', title: 'Places', width: '80px', num: true, value: r => r.dirs },
      {
        id: 'time',
        title: 'Cost',
        width: '90px',
        num: true,
        value: r => r.time,
        render: r => durOr(r.time),
      },
      {
        id: 'found',
        title: 'Found as',
        width: 'minmax(220px, 1fr)',
        value: r => r.found,
        render: r => (r.found ? <PathCell text={r.found} /> : <span class="bad">never found</span>),
      },
    ],
    [],
  );
  if (!rows) return <Waiting s={s} what="searches" />;
  const go = (r: Probe) => {
    s.filter.value = withValue(
      withValue(s.filter.value, 'path', '*/' + r.name, 'only'),
      'err',
      'any',
      'only',
    );
    s.tab.value = 'timeline';
  };
  return (
    <>
      <ul class="tiles">
        {sums.map(([k, v]) => (
          <li key={k}>
            <b>{k}</b>
            <span>{plural(v.misses, 'miss', 'misses')}</span>
            <span class="dim">{duration(v.time)}</span>
          </li>
        ))}
      </ul>
      <Grid
        label="Searches"
        rows={rows}
        columns={columns}
        sort={{ id: 'misses', down: true }}
        selected={at}
        onSelect={select}
        onOpen={go}
        onMenu={(e, r) =>
          openMenu(e, show(r.name), [
            { label: 'Show the misses', run: () => go(r) },
            ...(r.found ? valueItems(s, 'path', r.found, 'the file found') : []),
          ])
        }
        empty="No lookup failed."
      />
    </>
  );
}
