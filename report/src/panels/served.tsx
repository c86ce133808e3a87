// SPDX-License-Identifier: MIT
// Servers: how long each connection took that was accepted, from accept to close, and until its answer began.
import { useMemo, useState } from 'preact/hooks';
import type { ConnRow } from '../engine/conn-stats';
import { hasPercentile, HIST, histClass } from '../engine/hist';
import { duration, plural } from '../engine/human';
import { laneName } from '../engine/neighbours';
import { withValue } from '../engine/query';
import { NEVER, type Store } from '../engine/store';
import { show } from '../format/text';
import { figures, Grid, type GridColumn } from '../ui/grid';
import type { Grouping } from '../ui/groups';
import { openMenu } from '../ui/menu';
import { whyEmpty } from '../ui/empty';
import type { State } from '../ui/state';
import { bars, scaleOf, scaleText, type Scale } from './call-columns';
import { countOr, durOr, Histogram } from './common';

/** times: from accept to close, ns, sorted; answers: from the first bytes of a request until the answer began. */
export interface Served {
  local: string;
  lane: number;
  requests: number;
  open: number;
  slowest: ConnRow;
  times: number[];
  answers: number[];
  hist: Uint32Array;
  /** Its connections, what was called for them, and the errors of them. */
  conns: ConnRow[];
  types: Set<number>;
  errs: Set<number>;
}

export function servedOf(store: Store, all: readonly ConnRow[]): Served[] {
  const by = new Map<string, Served>(),
    took = (r: ConnRow) => (r.close >= NEVER ? store.duration : r.close) - r.open;
  for (const r of all) {
    if (r.state !== 'accepted') continue;
    const key = `${store.tasks[r.lane]?.proc ?? -1} ${r.local}`;
    let v = by.get(key);
    if (!v) {
      const hist = new Uint32Array(HIST);
      v = {
        local: r.local,
        lane: r.lane,
        requests: 0,
        open: 0,
        slowest: r,
        times: [],
        answers: [],
        hist,
        conns: [],
        types: new Set(),
        errs: new Set(),
      };
      by.set(key, v);
    }
    const reply = r.phases.reply();
    v.requests++;
    v.conns.push(r);
    for (const t of r.types) v.types.add(t);
    if (r.err) v.errs.add(r.err);
    if (took(r) > took(v.slowest)) v.slowest = r;
    if (reply) v.answers.push(reply.to - reply.from);
    // What never closed has no latency yet.
    if (r.close >= NEVER) v.open++;
    else {
      v.times.push(took(r));
      v.hist[histClass(took(r))]++;
    }
  }
  const sort = (a: number[]) => a.sort((x, y) => x - y);
  for (const v of by.values()) [v.times, v.answers].forEach(sort);
  return [...by.values()];
}

/** −1 where there are too few: one has to lie above it. */
export const quantile = (sorted: readonly number[], q: number): number =>
  hasPercentile(sorted.length, q) ? sorted[Math.ceil(sorted.length * q) - 1] : -1;

const at = (
  id: string,
  title: string,
  of: (r: Served) => number[],
  q: number,
  hint: string,
  width = 84,
) =>
  figures<Served>(id, title, width, r => quantile(of(r), q), undefined, {
    sum: false,
    hint,
    render: r => (quantile(of(r), q) < 0 ? <span class="dim">–</span> : durOr(quantile(of(r), q))),
  });
const LATENCY = 'from accept to close';

function columnsOf(store: Store, scale: Scale): GridColumn<Served>[] {
  const times = (r: Served) => r.times,
    last = (a: number[]) => a[a.length - 1] ?? 0;
  return [
    {
      id: 'local',
      title: 'Server',
      width: 'minmax(200px, 1fr)',
      value: r => r.local,
      render: r => <span class="path mono">{show(r.local)}</span>,
    },
    { id: 'lane', title: 'Process', width: '160px', value: r => laneName(store, r.lane) },
    figures('requests', 'Accepted', 84, r => r.requests, countOr),
    figures('open', 'Still open', 84, r => r.open, countOr, { drop: 3 }),
    at('p50', 'p50', times, 0.5, LATENCY),
    at('p95', 'p95', times, 0.95, LATENCY),
    at('p99', 'p99', times, 0.99, LATENCY),
    figures('max', 'Max', 84, r => last(r.times), durOr, { sum: false, hint: LATENCY }),
    at(
      'answer',
      'Answer p50',
      r => r.answers,
      0.5,
      'from its first bytes until the answer began',
      100,
    ),
    {
      id: 'hist',
      picture: true,
      drop: 2,
      title: 'Accept to close',
      width: 'minmax(140px, 0.6fr)',
      hint: `from ${scaleText(scale)}, the same in every row`,
      value: r => last(r.times),
      render: r =>
        r.times.length ? <Histogram hist={bars(r.hist, scale)} colour="var(--cat-network)" /> : '',
    },
  ];
}

export function Servers({ s, all, by }: { s: State; all: ConnRow[]; by: Grouping<never> | null }) {
  const { store } = s,
    [sel, select] = useState<Served | null>(null),
    rows = useMemo(() => servedOf(store, all), [store, all]),
    columns = useMemo(() => columnsOf(store, scaleOf(rows.map(r => r.hist))), [store, rows]);
  const slowest = (r: Served) => {
    s.filter.value = withValue(s.filter.value, 'file', String(r.slowest.file), 'only');
    s.tab.value = 'timeline';
  };
  return (
    <Grid
      s={s}
      label="Servers"
      by={by as Grouping<Served> | null}
      rows={rows}
      columns={columns}
      sort={{ id: 'max', down: true }}
      selected={sel}
      onSelect={select}
      onOpen={slowest}
      onMenu={(e, r) =>
        openMenu(e, show(r.local), [
          {
            label: `Show the slowest (${duration(r.times[r.times.length - 1] ?? 0)})`,
            run: () => slowest(r),
          },
        ])
      }
      empty={
        all.length
          ? `Nothing was accepted; ${plural(all.length, 'row')} of other kinds.`
          : whyEmpty(s, 'Nothing was accepted.')
      }
    />
  );
}
