// SPDX-License-Identifier: MIT
// The selected range in figures.
import { useMemo } from 'preact/hooks';
import { rangeStats, type RangeStat } from '../engine/aggregate';
import { bytes, count, duration, moment, percent } from '../engine/human';
import { withoutKey, withTerms } from '../engine/query';
import type { Range, State } from '../ui/state';
import { Failures } from './common';

export function RangePane({ s }: { s: State }) {
  const r = s.range.value!,
    { bits } = s.mask.value,
    ready = s.coldReady.value,
    stat = useMemo(() => rangeStats(s.store, bits, r.from, r.to), [r.from, r.to, bits, ready]);
  const clear = () => {
    s.range.value = null;
  };
  const filter = () => {
    s.filter.value = withTerms(
      withoutKey(s.filter.value, 't'),
      `t>=${Math.round(r.from)}ns`,
      `t<=${Math.round(r.to)}ns`,
    );
    clear();
  };
  return (
    <aside class="details" aria-label="Selected range">
      <header>
        <h2>{duration(r.to - r.from)} selected</h2>
        <button type="button" class="icon" aria-label="Clear selection" onClick={clear}>
          ✕
        </button>
      </header>
      <Fields r={r} stat={stat} />
      <div class="buttons">
        <button type="button" onClick={() => s.setView(r.from, r.to)} title="R">
          Zoom to it
        </button>
        <button type="button" onClick={filter}>
          Filter to it
        </button>
      </div>
      <h3>By type</h3>
      <ByType s={s} r={r} stat={stat} />
    </aside>
  );
}

function Fields({ r, stat }: { r: Range; stat: RangeStat }) {
  const span = r.to - r.from;
  return (
    <dl class="fields">
      <dt>From</dt>
      <dd class="mono">{moment(r.from, 6)}</dd>
      <dt>To</dt>
      <dd class="mono">{moment(r.to, 6)}</dd>
      <dt>Events</dt>
      <dd class="mono">
        {count(stat.events)}{' '}
        <span class="dim">
          {duration(span) !== '0' && `${count(Math.round((stat.events / span) * 1e9))}/s`}
        </span>
      </dd>
      <dt>Failed</dt>
      <dd class="mono">{stat.failed ? <Failures failed={stat.failed} bad={stat.bad} /> : '0'}</dd>
      <dt>Bytes moved</dt>
      <dd class="mono">{bytes(stat.bytes)}</dd>
      <dt>Lanes</dt>
      <dd class="mono">{count(stat.lanes)}</dd>
    </dl>
  );
}

function ByType({ s, r, stat }: { s: State; r: Range; stat: RangeStat }) {
  const span = r.to - r.from,
    most = stat.byType[0]?.time || 1;
  return (
    <ul class="bars">
      {stat.byType.slice(0, 24).map(x => (
        <li key={x.type}>
          <span
            class="bar"
            style={{
              width: (100 * x.time) / most + '%',
              background: s.palette.value.cssType[x.type],
            }}
          />
          <span class="bar-name">{s.store.types[x.type].name}</span>
          <span class="num">{count(x.count)}×</span>
          <span class="num">{duration(x.time)}</span>
          <span class="num dim">{percent(x.time, span * stat.lanes)}</span>
        </li>
      ))}
    </ul>
  );
}
