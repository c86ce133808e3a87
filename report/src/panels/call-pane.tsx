// SPDX-License-Identifier: MIT
// One call in full: its durations, errors, and the slowest of it.
import type { TypeStat } from '../engine/aggregate';
import { hasPercentile, percentileOf } from '../engine/hist';
import { bytes, count, duration, moment } from '../engine/human';
import { withValue } from '../engine/query';
import { show } from '../format/text';
import type { State } from '../ui/state';
import { bars, byCount } from './call-columns';
import { Histogram } from './common';
import { laneName } from '../engine/neighbours';

interface Props {
  s: State;
  r: TypeStat;
}

export function CallPane({
  s,
  r,
  onClose,
  onEvents,
}: Props & { onClose: () => void; onEvents: () => void }) {
  return (
    <aside class="details" aria-label="Call">
      <header>
        <i class="dot" style={{ background: s.palette.value.cssType[r.type] }} />
        <h2>{s.store.types[r.type].name}</h2>
        <span class="dim">{count(r.count)}×</span>
        <button type="button" class="icon" aria-label="Close" onClick={onClose}>
          ✕
        </button>
      </header>
      {r.max > 0 && <Durations s={s} r={r} />}
      {r.errors.size > 0 && <Errors s={s} r={r} />}
      {r.bytes > 0 && (
        <p class="dim">
          {bytes(r.bytes)}
          {' moved, '}
          {bytes(Math.round(r.bytes / Math.max(1, r.count - r.failed)))} a call.
        </p>
      )}
      <Slowest s={s} r={r} />
      <div class="buttons">
        <button type="button" onClick={onEvents}>
          Show its events
        </button>
      </div>
    </aside>
  );
}

function Durations({ s, r }: Props) {
  const at = (q: number) => duration(percentileOf(r, q));
  return (
    <>
      <h3>Durations</h3>
      <Histogram tall hist={bars(r.hist, undefined, 4)} colour={s.palette.value.cssType[r.type]} />
      <div class="hist-axis dim">
        <span>{at(0.0001)}</span>
        <span>
          {'median '}
          {hasPercentile(r.timed, 0.5) ? at(0.5) : '–'}
        </span>
        <span>{duration(r.max)}</span>
      </div>
    </>
  );
}

function Errors({ s, r }: Props) {
  const { store } = s;
  const go = (e: number) => {
    const calls = withValue(s.filter.value, 'type', store.types[r.type].name, 'only');
    s.filter.value = withValue(calls, 'err', store.errName[e], 'only');
    s.tab.value = 'timeline';
  };
  return (
    <>
      <h3>Errors</h3>
      <ul class="who">
        {byCount(r).map(([e, n]) => (
          <li key={e}>
            <button type="button" class="link" onClick={() => go(e)}>
              {store.errName[e]}
            </button>
            <span class="dim grow">{store.errText[e]}</span>
            <span class="num">{count(n)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Slowest({ s, r }: Props) {
  const { store } = s;
  const go = (i: number) => {
    s.tab.value = 'timeline';
    s.select(i);
    s.reveal(i, true);
  };
  return (
    <>
      <h3>Slowest</h3>
      <ul class="who">
        {r.slowest.map(i => (
          <li key={i}>
            <button type="button" class="link" onClick={() => go(i)}>
              {duration(store.dur(i))}
            </button>
            <span class="grow path" title={show(store.objText(i))}>
              {show(store.objText(i)) || laneName(store, store.lane[i])}
            </span>
            <span class="dim">{moment(store.start[i], 3)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
