// SPDX-License-Identifier: MIT
// The columns of the table of calls.
import type { TypeStat } from '../engine/aggregate';
import { hasPercentile, HIST, histValue, percentileOf } from '../engine/hist';
import { count, duration, percent } from '../engine/human';
import type { Store } from '../engine/store';
import type { Palette } from '../ui/colors';
import { figures, type GridColumn } from '../ui/grid';
import { bytesOr, durOr, failures, Histogram } from './common';

/** First and last class that is not empty; what took no time is not among durations. */
export type Scale = [number, number];
export function scaleOf(hists: Uint32Array[]): Scale {
  let a = HIST,
    b = 0;
  for (const hist of hists) {
    const first = hist.findIndex((n, k) => n > 0 && k > 0);
    if (first < 0) continue;
    a = Math.min(a, first);
    b = Math.max(
      b,
      hist.findLastIndex(n => n > 0),
    );
  }
  return a > b ? [0, 0] : [a, b];
}

/** The fine classes as bars of half an octave, from one end of the scale to the other. */
export function bars(
  hist: Uint32Array,
  [a, b]: Scale = scaleOf([hist]),
  per = 8,
): { n: number; label: string }[] {
  const out: { n: number; label: string }[] = [];
  for (let c = a - (a % per); c <= b; c += per) {
    let n = 0;
    for (let k = c; k < c + per && k < HIST; k++) n += hist[k];
    out.push({ n, label: `${duration(Math.max(1, Math.round(histValue(c))))}…` });
  }
  while (out.length < 12) out.push({ n: 0, label: '' });
  return out;
}

const badOf = (store: Store, r: TypeStat): number =>
  [...r.errors].reduce((a, [e, n]) => a + (store.isBad[e] ? n : 0), 0);

/** The ends of a scale in words. */
export const scaleText = ([a, b]: Scale): string =>
  `${duration(Math.max(1, Math.round(histValue(a))))} to ${duration(Math.max(1, Math.round(histValue(b))))}`;

/** The errors of a call, the most frequent first. */
export const byCount = (r: TypeStat): [number, number][] =>
  [...r.errors].sort((a, b) => b[1] - a[1]);

/** total: time in all calls, of which each has a share; scale: of durations, one for all rows. */
export function callColumns(
  store: Store,
  p: Palette,
  total: number,
  scale: Scale,
): GridColumn<TypeStat>[] {
  const isCall = (r: TypeStat) => !store.types[r.type].layer;
  return [
    {
      id: 'name',
      title: 'Call',
      width: 'minmax(160px, 1fr)',
      value: r => store.types[r.type].name,
      render: r => (
        <span class="path">
          <i class="dot" style={{ background: p.cssType[r.type] }} />
          {store.types[r.type].name}
        </span>
      ),
    },
    {
      id: 'cat',
      drop: 9,
      title: 'Category',
      width: '86px',
      value: r => store.meta.categories[store.types[r.type].cat],
      cls: () => 'dim',
    },
    figures('count', 'Count', 84, r => r.count, count),
    failures(84, r => ({ failed: r.failed, bad: badOf(store, r) })),
    {
      id: 'errors',
      drop: 8,
      title: 'Errors',
      width: 'minmax(110px, 1fr)',
      value: r => r.failed,
      render: r => (
        <span class="path dim">
          {byCount(r)
            .map(([e, n]) => `${store.errName[e] ?? e} ${count(n)}`)
            .join(', ')}
        </span>
      ),
    },
    figures('total', 'Total', 84, r => r.total, durOr),
    figures(
      'share',
      'Share',
      74,
      r => (isCall(r) ? r.total : 0),
      v => percent(v, total),
      {
        drop: 5,
        render: r => (isCall(r) ? percent(r.total, total) : ''),
        cls: () => 'dim',
      },
    ),
    percentileColumn('p50', 0.5, 2),
    percentileColumn('p95', 0.95),
    percentileColumn('p99', 0.99, 3),
    figures('max', 'Max', 78, r => r.max, durOr, { sum: false }),
    figures('bytes', 'Bytes', 80, r => r.bytes, bytesOr, { drop: 7 }),
    {
      id: 'hist',
      picture: true,
      drop: 6,
      title: 'Durations',
      width: 'minmax(110px, 1.2fr)',
      hint: `from ${scaleText(scale)}, the same in every row`,
      value: r => r.max,
      render: r =>
        r.max ? <Histogram hist={bars(r.hist, scale)} colour={p.cssType[r.type]} /> : '',
    },
  ];
}

function percentileColumn(id: string, q: number, drop?: number): GridColumn<TypeStat> {
  const value = (r: TypeStat) => (hasPercentile(r.timed, q) ? percentileOf(r, q) : -1);
  return figures(id, id, 74, value, durOr, {
    drop,
    sum: false,
    render: r =>
      hasPercentile(r.timed, q) ? (
        durOr(Math.round(value(r)))
      ) : (
        <span class="dim" title="too few calls to say">
          –
        </span>
      ),
  });
}
