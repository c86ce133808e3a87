// SPDX-License-Identifier: MIT
// Searches that missed: what was looked for, in how many places, and where it was found.
import { useMemo, useState } from 'preact/hooks';
import { eachRow, type Cancel } from '../engine/scan';
import { duration, plural } from '../engine/human';
import { withValue } from '../engine/query';
import { searchKind, type Search } from '../engine/search';
import type { Store } from '../engine/store';
import { show } from '../format/text';
import { figures, Grid, type GridColumn } from '../ui/grid';
import type { Grouping } from '../ui/groups';
import { useScan } from '../ui/hooks';
import { openMenu, valueItems } from '../ui/menu';
import { whyEmpty } from '../ui/empty';
import type { State } from '../ui/state';
import { durOr, Waiting } from './common';
import { PathCell } from './path';

interface Probe {
  kind: Search;
  name: string;
  misses: number;
  dirs: number;
  time: number;
  found: string;
  bad: boolean;
  first: number;
  /** Who looked, by which calls, with which errors. */
  lanes: Set<number>;
  types: Set<number>;
  errs: Set<number>;
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
        bad: false,
        first: i,
        lanes: new Set(),
        types: new Set(),
        errs: new Set(),
        seen: new Set(),
      };
      rows.set(key, r);
    }
    r.misses++;
    r.bad ||= store.bad(i);
    r.time += store.dur(i);
    r.seen.add(o);
    r.lanes.add(store.tasks[store.lane[i]].proc);
    r.types.add(store.type[i]);
    r.errs.add(store.err[i]);
  });
  return ok
    ? [...rows.entries()].map(([key, { seen, ...r }]) => ({
        ...r,
        dirs: seen.size,
        found: hits.get(key) ?? '',
      }))
    : null;
}

function sumsOf(rows: Probe[]): [Search, { misses: number; time: number }][] {
  const by = new Map<Search, { misses: number; time: number }>();
  for (const r of rows) {
    const v = by.get(r.kind) ?? { misses: 0, time: 0 };
    v.misses += r.misses;
    v.time += r.time;
    by.set(r.kind, v);
  }
  return [...by].sort((a, b) => b[1].time - a[1].time);
}

const COLUMNS: GridColumn<Probe>[] = [
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
  figures('misses', 'Misses', 80, r => r.misses, undefined, { cls: r => (r.bad ? 'bad' : '') }),
  figures('dirs', 'Places', 80, r => r.dirs),
  figures('time', 'Cost', 90, r => r.time, durOr),
  {
    id: 'found',
    title: 'Found as',
    width: 'minmax(220px, 1fr)',
    value: r => r.found,
    render: r =>
      r.found ? (
        <PathCell text={r.found} />
      ) : (
        <span class={r.bad ? 'bad' : 'dim'}>never found</span>
      ),
  },
];

export function Searches({ s, by }: { s: State; by: Grouping<never> | null }) {
  const rows = useScan(s, probes),
    [at, select] = useState<Probe | null>(null),
    sums = useMemo(() => sumsOf(rows ?? []), [rows]);
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
        s={s}
        by={by as Grouping<Probe> | null}
        label="Searches"
        rows={rows}
        columns={COLUMNS}
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
        empty={whyEmpty(s, 'No lookup failed.')}
      />
    </>
  );
}
