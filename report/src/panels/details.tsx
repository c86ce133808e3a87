// SPDX-License-Identifier: MIT
// Everything about the selected event, its neighbours, and who else touched the same thing; or the selected range in figures.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { rangeStats } from '../engine/aggregate';
import { bytes, count, duration, instant, percent, plural, wall } from '../engine/human';
import { Layer, type Store } from '../engine/store';
import { withTerms, withValue, withoutKey } from '../engine/query';
import { show } from '../format/text';
import { commandLine, copy } from '../ui/menu';
import type { State } from '../ui/state';

/** Next (1) or previous (−1) event for which test holds; −1 none. */
export function neighbour(
  store: Store,
  i: number,
  step: 1 | -1,
  test: (k: number) => boolean,
): number {
  for (let k = i + step; k >= 0 && k < store.hot; k += step) if (test(k)) return k;
  return -1;
}
export const sameLane = (store: Store, i: number) => {
  const l = store.lane[i];
  return (k: number) => store.lane[k] === l && store.layerOf[store.type[k]] !== Layer.State;
};
export const sameFile = (store: Store, i: number) => {
  const f = store.file[i];
  return (k: number) => store.file[k] === f;
};
export const samePath = (store: Store, i: number) => {
  const o = store.obj[i];
  return (k: number) => store.obj[k] === o;
};

function valMeaning(store: Store, i: number): [string, string] | null {
  const v = store.val(i);
  if (!v) return null;
  switch (store.ops[store.type[i]]) {
    case 'mmap':
    case 'munmap':
    case 'brk':
      return ['Mapped', (v > 0 ? '+' : '') + bytes(v)];
    case 'fork':
    case 'wait':
      return ['Child', laneName(store, v - 1)];
    case 'kill':
      return ['Target', laneName(store, v - 1)];
    case 'rename':
    case 'link':
      return ['New name', show(store.strings.get(v))];
    case 'fault':
      return ['Kind', v === 1 ? 'major (read from disk)' : 'minor'];
    case 'disk':
      return ['Size', bytes(Math.abs(v)) + (v < 0 ? ' written' : ' read')];
    case 'dup':
      return ['New descriptor', String(v)];
    default:
      return null;
  }
}
export function laneName(store: Store, lane: number): string {
  const t = store.tasks[lane];
  return t ? `${store.isThread(lane) ? '↳ ' : ''}${show(t.comm)} ${t.tid}` : '';
}

interface Touch {
  lane: number;
  n: number;
  first: number;
}
function touched(store: Store, name: number): Touch[] {
  const by = new Map<number, Touch>(),
    { obj, file, files, lane, tasks } = store;
  for (let i = 0; i < store.cold; i++) {
    if (obj[i] !== name && (!file[i] || files.name[file[i]] !== name)) continue;
    const p = tasks[lane[i]].proc,
      t = by.get(p);
    if (t) t.n++;
    else by.set(p, { lane: p, n: 1, first: i });
  }
  return [...by.values()].sort((a, b) => b.n - a.n);
}

export function Details({ s }: { s: State }) {
  const i = s.selected.value,
    { store } = s;
  if (s.range.value) return <RangePane s={s} />;
  if (i < 0) return null;
  if (!s.hotReady.value) void s.version.value; // it may come yet
  if (i >= store.hot)
    return (
      <aside class="details" aria-label="Details">
        <p class="nothing">This event is still loading …</p>
      </aside>
    );
  return <EventPane key={i} s={s} i={i} />;
}

function EventPane({ s, i }: { s: State; i: number }) {
  const { store } = s,
    cold = s.coldReady.value || i < store.cold,
    t = store.types[store.type[i]],
    lane = store.lane[i],
    task = store.tasks[lane],
    failed = store.failed(i),
    obj = cold ? store.objText(i) : '';
  const [who, setWho] = useState<Touch[] | null>(null);
  const name = cold ? (store.file[i] && store.files.name[store.file[i]]) || store.obj[i] : 0;
  useEffect(() => {
    if (!name) return undefined;
    const timer = setTimeout(() => setWho(touched(store, name)), 30);
    return () => clearTimeout(timer);
  }, [name]);
  const step = (
    label: string,
    title: string,
    test: (k: number) => boolean,
    keys: [string, string],
  ) => {
    const go = (d: 1 | -1) => {
      const k = neighbour(store, i, d, test);
      if (k >= 0) s.select(k);
      else s.toast.value = d > 0 ? 'That was the last one' : 'That was the first one';
    };
    return (
      <div class="step">
        <button
          type="button"
          title={`Previous ${title} (${keys[0]})`}
          aria-label={`Previous ${title}`}
          onClick={() => go(-1)}
        >
          ‹
        </button>
        <span>{label}</span>
        <button
          type="button"
          title={`Next ${title} (${keys[1]})`}
          aria-label={`Next ${title}`}
          onClick={() => go(1)}
        >
          ›
        </button>
      </div>
    );
  };
  const only = (key: string, value: string) => () => {
    s.filter.value = withValue(s.filter.value, key, value, 'only');
  };
  const extra = cold ? valMeaning(store, i) : null,
    b = cold ? store.bytes(i) : 0,
    f = store.file[i];
  return (
    <aside class="details" aria-label="Details of the selected event">
      <header>
        <i class="dot" style={{ background: s.palette.value.cssType[store.type[i]] }} />
        <h2>{t.name}</h2>
        <span class="dim">{store.meta.categories[t.cat]}</span>
        <button
          type="button"
          class="icon"
          aria-label="Close details"
          title="Close (Esc)"
          onClick={() => {
            s.selected.value = -1;
          }}
        >
          ✕
        </button>
      </header>
      {failed && (
        <p class="why">
          <b>{store.errName[store.err[i]]}</b> {store.errText[store.err[i]]}.
        </p>
      )}
      {!failed && store.err[i] > 0 && <p class="why mild">{store.errText[store.err[i]]}.</p>}
      {obj && (
        <p class="obj">
          <button type="button" class="link mono" title="Only this" onClick={only('path', obj)}>
            {show(obj)}
          </button>
        </p>
      )}
      {t.layer === undefined && (
        <pre class="call">
          {t.name}({cold ? store.args(i) : '…'}){'\n  = '}
          {cold ? store.result(i) : '…'}
        </pre>
      )}
      <dl class="fields">
        <dt>Start</dt>
        <dd class="mono">{instant(store.start[i], 9)} s</dd>
        <dt>Wall clock</dt>
        <dd class="mono">{wall(store.meta.t0_ns, store.start[i])}</dd>
        <dt>Duration</dt>
        <dd class="mono">
          {store.dur32[i] ? (
            <>
              {duration(store.dur(i))}
              {store.dur(i) >= 1000 && <span class="dim"> ({count(store.dur(i))} ns)</span>}
            </>
          ) : (
            'instant'
          )}
        </dd>
        <dt>Process</dt>
        <dd>
          <button type="button" class="link" onClick={only('pid', String(task.pid))}>
            {laneName(store, lane)}
          </button>
        </dd>
        {store.argv(lane).length > 0 && (
          <>
            <dt>Command</dt>
            <dd class="mono wrap">{show(store.argv(lane).join(' ')).slice(0, 400)}</dd>
          </>
        )}
        {cold && store.fd(i) >= 0 && (
          <>
            <dt>Descriptor</dt>
            <dd>
              <button type="button" class="link mono" onClick={only('file', String(f))}>
                {store.fd(i)}
              </button>
              {f > 0 && (
                <span class="dim">
                  {' '}
                  {store.fileKind(f)}
                  {', opened by '}
                  {laneName(store, store.files.lane[f]) || 'a process before tracing'}
                </span>
              )}
            </dd>
          </>
        )}
        {b > 0 && (
          <>
            <dt>Bytes</dt>
            <dd class="mono">
              {bytes(b)}
              {b >= 1000 && <span class="dim"> ({count(b)})</span>}
              {store.dur(i) > 0 && (
                <span class="dim"> · {bytes(Math.round((b / store.dur(i)) * 1e9))}/s</span>
              )}
            </dd>
          </>
        )}
        {extra && (
          <>
            <dt>{extra[0]}</dt>
            <dd class="mono">{extra[1]}</dd>
          </>
        )}
        <dt>Event</dt>
        <dd class="mono dim">{count(i)}</dd>
      </dl>
      <div class="steps">
        {step('thread', 'on this thread', sameLane(store, i), [',', '.'])}
        {f > 0 && step('open file', 'on this open file', sameFile(store, i), ['[', ']'])}
        {store.obj[i] > 0 &&
          step('path', 'with this path or address', samePath(store, i), ['{', '}'])}
      </div>
      <div class="buttons">
        <button type="button" onClick={() => s.reveal(i, true)} title="F">
          Zoom to it
        </button>
        <button type="button" onClick={() => copy(s, store.straceLine(i))} title="C">
          Copy strace line
        </button>
        <button type="button" onClick={() => copy(s, commandLine(s, lane))} title="Shift C">
          Copy command
        </button>
      </div>
      {who && who.length > 0 && (
        <section class="who">
          <h3>Who touched this</h3>
          <ul>
            {who.slice(0, 12).map(w => (
              <li key={w.lane}>
                <button type="button" class="link" onClick={() => s.select(w.first)}>
                  {laneName(store, w.lane)}
                </button>
                <span class="num">{count(w.n)}×</span>
              </li>
            ))}
          </ul>
          {who.length > 12 && (
            <p class="dim">and {plural(who.length - 12, 'more process', 'more processes')}</p>
          )}
        </section>
      )}
    </aside>
  );
}

function RangePane({ s }: { s: State }) {
  const r = s.range.value!,
    bits = s.mask.value.bits,
    ready = s.coldReady.value;
  const stat = useMemo(() => rangeStats(s.store, bits, r.from, r.to), [r.from, r.to, bits, ready]);
  const span = r.to - r.from,
    most = stat.byType[0]?.time || 1;
  return (
    <aside class="details" aria-label="Selected range">
      <header>
        <h2>{duration(span)} selected</h2>
        <button
          type="button"
          class="icon"
          aria-label="Clear selection"
          onClick={() => {
            s.range.value = null;
          }}
        >
          ✕
        </button>
      </header>
      <dl class="fields">
        <dt>From</dt>
        <dd class="mono">{instant(r.from, 6)} s</dd>
        <dt>To</dt>
        <dd class="mono">{instant(r.to, 6)} s</dd>
        <dt>Events</dt>
        <dd class="mono">
          {count(stat.events)}{' '}
          <span class="dim">
            {duration(span) !== '0' && `${count(Math.round((stat.events / span) * 1e9))}/s`}
          </span>
        </dd>
        <dt>Failed</dt>
        <dd class={stat.failed ? 'mono bad' : 'mono'}>{count(stat.failed)}</dd>
        <dt>Bytes moved</dt>
        <dd class="mono">{bytes(stat.bytes)}</dd>
        <dt>Lanes</dt>
        <dd class="mono">{count(stat.lanes)}</dd>
      </dl>
      <div class="buttons">
        <button type="button" onClick={() => s.setView(r.from, r.to)} title="R">
          Zoom to it
        </button>
        <button
          type="button"
          onClick={() => {
            s.filter.value = withTerms(
              withoutKey(s.filter.value, 't'),
              `t>=${Math.round(r.from)}ns`,
              `t<=${Math.round(r.to)}ns`,
            );
            s.range.value = null;
          }}
        >
          Filter to it
        </button>
      </div>
      <h3>By type</h3>
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
    </aside>
  );
}
