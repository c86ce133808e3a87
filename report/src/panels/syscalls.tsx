// SPDX-License-Identifier: MIT
// Syscalls: how often, how long, how often in vain; with the distribution and the slowest of each.
import { useMemo, useState } from 'preact/hooks';
import {
  hasPercentile,
  HIST,
  histValue,
  percentile,
  typeStats,
  type TypeStat,
} from '../engine/aggregate';
import { bytes, count, duration, instant, percent, plural } from '../engine/human';
import { withValue } from '../engine/query';
import { show } from '../format/text';
import { Grid, type GridColumn } from '../ui/grid';
import { useScan } from '../ui/hooks';
import { openMenu, valueItems } from '../ui/menu';
import type { State } from '../ui/state';
import { bytesOr, countOr, durOr, Histogram, Waiting } from './common';
import { laneName } from './details';

/** The fine classes as bars of half an octave, from the first to the last that is not empty. */
export function bars(hist: Uint32Array, per = 8): { n: number; label: string }[] {
  let a = 0,
    b = HIST - 1;
  while (a < HIST && !hist[a]) a++;
  while (b > a && !hist[b]) b--;
  const out: { n: number; label: string }[] = [];
  for (let c = a - (a % per); c <= b; c += per) {
    let n = 0;
    for (let k = c; k < c + per && k < HIST; k++) n += hist[k];
    out.push({ n, label: `${duration(Math.max(1, Math.round(histValue(Math.max(0, c)))))}…` });
  }
  while (out.length < 12) out.push({ n: 0, label: '' });
  return out;
}

export function Syscalls({ s }: { s: State }) {
  const stats = useScan(s, typeStats),
    [at, select] = useState(-1),
    { store } = s,
    p = s.palette.value;
  const rows = stats ?? [],
    total = rows.reduce((a, r) => a + (store.types[r.type].layer ? 0 : r.total), 0),
    sel = rows.find(r => r.type === at) ?? null;
  const columns = useMemo<GridColumn<TypeStat>[]>(() => {
    const pc = (q: number) => (r: TypeStat) =>
      hasPercentile(r.timed, q) ? Math.min(r.max, percentile(r.hist, r.timed, q)) : -1;
    const shown = (q: number) => (r: TypeStat) =>
      hasPercentile(r.timed, q) ? (
        durOr(Math.round(pc(q)(r)))
      ) : (
        <span class="dim" title="too few calls to say">
          –
        </span>
      );
    return [
      {
        id: 'name',
        title: 'Call',
        width: 'minmax(130px, 0.5fr)',
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
      {
        id: 'count',
        title: 'Count',
        width: '84px',
        num: true,
        value: r => r.count,
        render: r => count(r.count),
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
        id: 'errors',
        drop: 8,
        title: 'Errors',
        width: 'minmax(110px, 0.5fr)',
        value: r => r.failed,
        render: r => (
          <span class="path dim">
            {[...r.errors]
              .sort((a, b) => b[1] - a[1])
              .map(([e, n]) => `${store.errName[e] ?? e} ${count(n)}`)
              .join(', ')}
          </span>
        ),
      },
      {
        id: 'total',
        title: 'Total',
        width: '84px',
        num: true,
        value: r => r.total,
        render: r => durOr(r.total),
      },
      {
        id: 'share',
        drop: 5,
        title: 'Share',
        width: '74px',
        num: true,
        value: r => (store.types[r.type].layer ? 0 : r.total),
        render: r => (store.types[r.type].layer ? '' : percent(r.total, total)),
        cls: () => 'dim',
      },
      {
        id: 'p50',
        drop: 2,
        title: 'p50',
        width: '74px',
        num: true,
        value: pc(0.5),
        render: shown(0.5),
      },
      { id: 'p95', title: 'p95', width: '74px', num: true, value: pc(0.95), render: shown(0.95) },
      {
        id: 'p99',
        drop: 3,
        title: 'p99',
        width: '74px',
        num: true,
        value: pc(0.99),
        render: shown(0.99),
      },
      {
        id: 'max',
        title: 'Max',
        width: '78px',
        num: true,
        value: r => r.max,
        render: r => durOr(r.max),
      },
      {
        id: 'bytes',
        drop: 7,
        title: 'Bytes',
        width: '80px',
        num: true,
        value: r => r.bytes,
        render: r => bytesOr(r.bytes),
      },
      {
        id: 'hist',
        drop: 6,
        title: 'Durations',
        width: 'minmax(110px, 0.6fr)',
        value: r => r.max,
        render: r => (r.max ? <Histogram hist={bars(r.hist)} colour={p.cssType[r.type]} /> : ''),
      },
    ];
  }, [store, p, total]);
  const go = (r: TypeStat) => {
    s.filter.value = withValue(s.filter.value, 'type', store.types[r.type].name, 'only');
    s.tab.value = 'timeline';
  };
  return (
    <section class="tab split" aria-label="Syscalls">
      <div class="tab-main">
        <div class="tab-bar">
          <span class="dim">
            {stats
              ? `${plural(rows.length, 'type')} · ${plural(
                  rows.reduce((a, r) => a + r.count, 0),
                  'event',
                )} · ${count(rows.reduce((a, r) => a + r.failed, 0))} failed · ${duration(total)} in calls, percentiles within 3 %`
              : ''}
          </span>
        </div>
        {!stats ? (
          <Waiting s={s} what="calls" />
        ) : (
          <Grid
            label="Calls"
            rows={rows}
            columns={columns}
            sort={{ id: 'total', down: true }}
            selected={sel}
            onSelect={r => select(r.type)}
            onOpen={go}
            onMenu={(e, r) =>
              openMenu(e, store.types[r.type].name, [
                ...valueItems(s, 'type', store.types[r.type].name, store.types[r.type].name),
                { label: 'Show its events', run: () => go(r) },
              ])
            }
            empty="No call."
          />
        )}
      </div>
      {sel && (
        <aside class="details" aria-label="Call">
          <header>
            <i class="dot" style={{ background: p.cssType[sel.type] }} />
            <h2>{store.types[sel.type].name}</h2>
            <span class="dim">{count(sel.count)}×</span>
            <button type="button" class="icon" aria-label="Close" onClick={() => select(-1)}>
              ✕
            </button>
          </header>
          {sel.max > 0 && (
            <>
              <h3>Durations</h3>
              <Histogram tall hist={bars(sel.hist, 4)} colour={p.cssType[sel.type]} />
              <div class="hist-axis dim">
                <span>{duration(Math.round(percentile(sel.hist, sel.timed, 0.0001)))}</span>
                <span>
                  {'median '}
                  {hasPercentile(sel.timed, 0.5)
                    ? duration(Math.round(percentile(sel.hist, sel.timed, 0.5)))
                    : '–'}
                </span>
                <span>{duration(sel.max)}</span>
              </div>
            </>
          )}
          {sel.errors.size > 0 && (
            <>
              <h3>Errors</h3>
              <ul class="who">
                {[...sel.errors]
                  .sort((a, b) => b[1] - a[1])
                  .map(([e, n]) => (
                    <li key={e}>
                      <button
                        type="button"
                        class="link"
                        onClick={() => {
                          s.filter.value = withValue(
                            withValue(s.filter.value, 'type', store.types[sel.type].name, 'only'),
                            'err',
                            store.errName[e],
                            'only',
                          );
                          s.tab.value = 'timeline';
                        }}
                      >
                        {store.errName[e]}
                      </button>
                      <span class="dim grow">{store.errText[e]}</span>
                      <span class="num">{count(n)}</span>
                    </li>
                  ))}
              </ul>
            </>
          )}
          {sel.bytes > 0 && (
            <p class="dim">
              {bytes(sel.bytes)}
              {' moved, '}
              {bytes(Math.round(sel.bytes / Math.max(1, sel.count - sel.failed)))} a call.
            </p>
          )}
          <h3>Slowest</h3>
          <ul class="who">
            {sel.slowest.map(i => (
              <li key={i}>
                <button
                  type="button"
                  class="link"
                  onClick={() => {
                    s.tab.value = 'timeline';
                    s.select(i);
                    s.reveal(i, true);
                  }}
                >
                  {duration(store.dur(i))}
                </button>
                <span class="grow path" title={show(store.objText(i))}>
                  {show(store.objText(i)) || laneName(store, store.lane[i])}
                </span>
                <span class="dim">{instant(store.start[i], 3)} s</span>
              </li>
            ))}
          </ul>
          <div class="buttons">
            <button type="button" onClick={() => go(sel)}>
              Show its events
            </button>
          </div>
        </aside>
      )}
    </section>
  );
}
