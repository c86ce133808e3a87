// SPDX-License-Identifier: MIT
// Overview: what ran, how it ended, what was slow, what failed; the writer's summary cards with what the columns add.
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { laneStats, majorFaults, typeStats, type TypeStat } from '../engine/aggregate';
import { hasPercentile, percentileOf } from '../engine/hist';
import { findings, type Finding } from '../engine/findings';
import { count, duration, percent, plural } from '../engine/human';
import { withTerms } from '../engine/query';
import { show } from '../format/text';
import { Timeline } from '../timeline/view';
import { whyEmpty } from '../ui/empty';
import { useScan } from '../ui/hooks';
import type { State } from '../ui/state';
import type { Store } from '../engine/store';
import { Differences } from './differences';
import { FindingItem } from './findings';
import { durOr, Histogram } from './common';
import { laneName } from '../engine/neighbours';
import { bars, scaleOf, scaleText } from './call-columns';
import { Middle } from './path';

/** In their order, but of every kind two before the others: one kind must not push the others out of sight. */
function firstOf(list: Finding[], n = 6): Finding[] {
  const seen = new Map<string, number>(),
    ahead: Finding[] = [],
    behind: Finding[] = [];
  for (const f of list) {
    const k = (seen.get(f.rule) ?? 0) + 1;
    seen.set(f.rule, k);
    (k <= 2 ? ahead : behind).push(f);
  }
  const shown = new Set([...ahead, ...behind].slice(0, n));
  return list.filter(f => shown.has(f));
}

/** Whether it waits in poll, select or epoll as a receive would: for what it is connected to, not for its own clients. */
function waitsForPeer(store: Store): (i: number) => boolean {
  const connected = store.meta.sock_states.indexOf('connected'),
    { state, file, count: rows } = store.conns,
    files = new Set(Array.from(file.subarray(0, rows)).filter((_, k) => state[k] === connected));
  return i => store.ops[store.type[i]] === 'poll' && files.has(store.val(i));
}
const IDLE = new Set(['fork', 'futex', 'poll', 'sleep', 'wait', 'exit', 'accept']);

export function Overview({ s }: { s: State }) {
  const cards = useRef<HTMLDivElement>(null),
    answers = useRef<HTMLDivElement>(null),
    wide = useRef<HTMLDivElement>(null),
    chart = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The writer's cards move here: answers first, small ones into a row, tables below.  Its findings have a panel here.
    for (const card of [...document.querySelectorAll('#summary > section.card')])
      if (card.id !== 'card-findings' && card.id !== 'card-differences')
        (card.classList.contains('answer')
          ? answers
          : card.classList.contains('wide')
            ? wide
            : cards
        ).current!.append(card);
    for (const card of [answers, wide].flatMap(r => [
      ...r.current!.querySelectorAll<HTMLElement>('.card'),
    ])) {
      // These scroll by themselves, so the keyboard must get there.
      card.tabIndex = 0;
      card.setAttribute('aria-label', card.querySelector('h2')?.textContent ?? '');
    }
    const t = new Timeline(s, { compact: true });
    chart.current!.append(t.el);
    const sync = () => t.drawForPrint();
    addEventListener('beforeprint', sync);
    return () => {
      removeEventListener('beforeprint', sync);
      t.destroy();
    };
  }, []);
  const { store } = s,
    lanes = Math.max(1, s.laneRows.value.length);
  return (
    <section class="tab scroll" aria-label="Overview">
      <div class="page wide-page">
        <Differences s={s} />
        <div class="wide-cards" ref={answers} />
        <Facts s={s} />
        <div class="columns">
          <Slow s={s} />
          <Failed s={s} />
        </div>
        <div class="cards" ref={cards} />
        <section class="panel chart" aria-label="Timeline">
          <h2>
            {'Timeline '}
            <button
              type="button"
              class="link"
              onClick={() => {
                s.tab.value = 'timeline';
              }}
            >
              open
            </button>
          </h2>
          <div
            ref={chart}
            class="chart-body"
            style={{ height: 104 + Math.min(240, Math.max(60, lanes * 20 + 4)) + 'px' }}
          />
        </section>
        <Kernel s={s} />
        <div class="wide-cards" ref={wide} />
        <p class="dim foot">
          {store.meta.tool}
          {store.meta.host ? ` on ${show(store.meta.host)}` : ''}
          {store.meta.kernel ? `, Linux ${show(store.meta.kernel)}` : ''}
        </p>
      </div>
    </section>
  );
}

function Facts({ s }: { s: State }) {
  const list = useScan(s, findings, s.tab.value === 'overview');
  return (
    <section class="panel" aria-label="Findings">
      <h2>
        {'Findings '}
        {list && list.length > 0 && (
          <button
            type="button"
            class="link"
            onClick={() => {
              s.tab.value = 'findings';
            }}
          >
            all {count(list.length)}
          </button>
        )}
      </h2>
      {!list ? (
        <p class="nothing" role="status">
          {s.coldReady.value ? 'Looking …' : 'Loading …'}
        </p>
      ) : list.length ? (
        <ul class="findings">
          {firstOf(list).map((f, k) => (
            <FindingItem key={k} s={s} f={f} />
          ))}
        </ul>
      ) : (
        <p class="nothing">Nothing stands out{s.filter.value ? ' under this filter' : ''}.</p>
      )}
    </section>
  );
}

function Slow({ s }: { s: State }) {
  const stats = useScan(s, typeStats, s.tab.value === 'overview'),
    { store } = s;
  const top = useMemo(() => {
    const forPeer = waitsForPeer(store);
    return (stats ?? [])
      .filter(t => !store.types[t.type].layer)
      .flatMap(t => t.slowest)
      .filter(i => !IDLE.has(store.ops[store.type[i]]) || forPeer(i))
      .sort((a, b) => store.dur(b) - store.dur(a))
      .slice(0, 5);
  }, [stats]);
  const go = (i: number) => {
    s.tab.value = 'timeline';
    s.select(i);
    s.reveal(i, true);
  };
  const most = top.length ? store.dur(top[0]) : 1;
  return (
    <section class="panel" aria-label="Slowest calls">
      <h2>
        Slowest calls{' '}
        <span class="dim">waits for children, locks and other events than peers left out</span>
      </h2>
      {stats && !top.length && <p class="nothing">{whyEmpty(s, 'No call took time.')}</p>}
      <ol class="list">
        {top.map(i => (
          <li key={i}>
            <button type="button" class="row-link" onClick={() => go(i)}>
              <span class="num strong">{duration(store.dur(i))}</span>
              <span class="meter">
                <i
                  style={{
                    width: Math.max(2, (100 * store.dur(i)) / most) + '%',
                    background: s.palette.value.cssType[store.type[i]],
                  }}
                />
              </span>
              <span class="call-name">{store.types[store.type[i]].name}</span>
              <span class="grow dim cut-room">
                <Middle text={store.objText(i)} />
              </span>
              <span class="dim who-name">{laneName(store, store.lane[i])}</span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Waits for a CPU, block I/O and page faults, where they were recorded. */
function Kernel({ s }: { s: State }) {
  const { store } = s,
    on = s.tab.value === 'overview',
    kinds = store.types.some(t => KERNEL[t.op]),
    stats = useScan(s, typeStats, on && kinds),
    major = useScan(s, majorFaults, on && kinds);
  const rows = (stats ?? []).filter(t => KERNEL[store.ops[t.type]]);
  if (!rows.length) return null;
  const p = s.palette.value,
    go = (t: TypeStat) => {
      s.filter.value = withTerms('', `type:${store.types[t.type].name}`);
      s.tab.value = 'timeline';
    };
  const pc = (t: TypeStat, q: number) =>
    !hasPercentile(t.timed, q) ? '–' : durOr(percentileOf(t, q));
  const scale = scaleOf(rows.map(t => t.hist));
  return (
    <section class="panel" aria-label="Scheduler, disk, page faults">
      <h2>Scheduler, disk, page faults</h2>
      <table class="kernel">
        <thead>
          <tr>
            <th scope="col">What</th>
            {['Count', 'Total', 'p50', 'p95', 'p99', 'Max'].map(x => (
              <th scope="col" key={x} class="num">
                {x}
              </th>
            ))}
            <th scope="col" title={`from ${scaleText(scale)}, the same in every row`}>
              Durations
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(t => (
            <tr key={t.type}>
              <td>
                <button type="button" class="link always" onClick={() => go(t)}>
                  <i class="dot" style={{ background: p.cssType[t.type] }} />
                  {KERNEL[store.ops[t.type]]}
                </button>
              </td>
              <td class="num">{count(t.count)}</td>
              <td class="num">{durOr(t.total)}</td>
              <td class="num">{pc(t, 0.5)}</td>
              <td class="num">{pc(t, 0.95)}</td>
              <td class="num">{pc(t, 0.99)}</td>
              <td class="num">{durOr(t.max)}</td>
              <td>
                {t.max > 0 ? (
                  <Histogram hist={bars(t.hist, scale)} colour={p.cssType[t.type]} />
                ) : (
                  <span class="dim">
                    {store.ops[t.type] === 'fault' && major !== null
                      ? `${count(major)} major, ${count(t.count - major)} minor`
                      : ''}
                  </span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
const KERNEL: Record<string, string> = {
  run: 'On a CPU',
  runq: 'Waiting for a CPU',
  block: 'Blocked',
  disk: 'Block I/O',
  fault: 'Page faults',
};

function Failed({ s }: { s: State }) {
  const on = s.tab.value === 'overview',
    stats = useScan(s, typeStats, on),
    lanes = useScan(s, laneStats, on),
    { store } = s;
  const errors = useMemo(() => {
    const by = new Map<number, { n: number; types: Map<number, number> }>();
    for (const t of stats ?? [])
      for (const [e, n] of t.errors)
        if (store.isError[e]) {
          const v = by.get(e) ?? { n: 0, types: new Map() };
          v.n += n;
          v.types.set(t.type, n);
          by.set(e, v);
        }
    // What matters first: calm ones are how things are, not what went wrong.
    return [...by].sort((a, b) => store.isBad[b[0]] - store.isBad[a[0]] || b[1].n - a[1].n);
  }, [stats]);
  const events = lanes ? lanes.reduce((a, l) => a + l.events, 0) : 0,
    sum = (of: typeof errors) => of.reduce((a, e) => a + e[1].n, 0),
    total = sum(errors),
    calm = errors.filter(e => !store.isBad[e[0]]),
    isVain = ([e]: (typeof errors)[0]) =>
      store.errName[e] === 'ENOENT' || store.errName[e] === 'ENOTDIR',
    vain = sum(calm.filter(isVain)),
    other = sum(calm) - vain,
    some = (n: number) => (n === total ? 'all' : count(n));
  return (
    <section class="panel" aria-label="Failed calls">
      <h2>
        {'Failed calls '}
        {total > 0 && (
          <span class="dim">
            {count(total)} of {count(events)}, {percent(total, events)}
            {vain > 0 && `; ${some(vain)} looked for in vain`}
            {other > 0 && `; ${some(other)} only say how things are`}
          </span>
        )}
      </h2>
      {stats && !errors.length && <p class="nothing">{whyEmpty(s, 'No call failed.')}</p>}
      <ol class="list">
        {errors.slice(0, 4).map(([e, v]) => (
          <li key={e}>
            <button
              type="button"
              class="row-link"
              onClick={() => {
                s.filter.value = withTerms('', `err:${store.errName[e]}`);
                s.tab.value = 'timeline';
              }}
            >
              <span class={store.isBad[e] ? 'num strong bad' : 'num strong'}>{count(v.n)}</span>
              <span class="call-name">{store.errName[e]}</span>
              <span class="path">{store.errText[e]}</span>
              <span class="grow dim path">
                {[...v.types]
                  .sort((a, b) => b[1] - a[1])
                  .slice(0, 4)
                  .map(([t, n]) => `${store.types[t].name} ${count(n)}`)
                  .join(', ')}
              </span>
            </button>
          </li>
        ))}
      </ol>
      {errors.length > 4 && (
        <p class="dim more-errors">
          and {plural(errors.length - 4, 'more error')}
          {': '}
          {errors
            .slice(4, 12)
            .map(([e, v]) => `${store.errName[e]} ${count(v.n)}`)
            .join(', ')}
          {errors.length > 12 && ' …'}
        </p>
      )}
    </section>
  );
}
