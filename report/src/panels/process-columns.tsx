// SPDX-License-Identifier: MIT
// The columns of the table of processes.
import { endedBadly, howEnded } from '../engine/endings';
import { count, duration, percent } from '../engine/human';
import { argumentOf } from '../engine/neighbours';
import type { Store } from '../engine/store';
import { commandText, show } from '../format/text';
import { figures, type GridColumn } from '../ui/grid';
import { bytesOr, durOr, failures } from './common';
import { barColumn, extentOf, part } from './waterfall';
import { blocked, type ProcessRow } from './process-rows';

type Column = GridColumn<ProcessRow>;

/** Which processes have what is below them folded away, and how that changes. */
interface Fold {
  closed: (lane: number) => boolean;
  toggle: (lane: number) => void;
}

const WATERFALL = new Set(['what', 'exit', 'wall', 'path', 'cpu', 'span']);

/** waterfall: few columns, and room for the bars. */
export function processColumns(
  store: Store,
  rows: readonly ProcessRow[],
  waterfall: boolean,
  fold: Fold,
): Column[] {
  const list = allColumns(store, rows, fold);
  return waterfall
    ? list
        .filter(c => WATERFALL.has(c.id))
        .map(c => (c.id === 'span' ? { ...c, width: 'minmax(320px, 2.4fr)' } : c))
    : list;
}

function allColumns(store: Store, rows: readonly ProcessRow[], fold: Fold): Column[] {
  const start = (r: ProcessRow) => store.tasks[r.lane].start,
    extent = extentOf(rows, start, r => store.taskEnd(r.lane), store.duration);
  return [
    {
      id: 'what',
      title: 'Process',
      width: 'minmax(260px, 1fr)',
      value: r => store.argv(r.lane).join(' ') || store.tasks[r.lane].comm,
      render: r => <Command store={store} r={r} fold={fold} />,
    },
    ...hostColumn(store),
    figures('pid', 'PID', 70, r => store.tasks[r.lane].tid, undefined, { sum: false }),
    {
      id: 'exit',
      title: 'Ended',
      width: '86px',
      value: r => howEnded(store.tasks[r.lane]),
      cls: r => (endedBadly(store.tasks[r.lane]) ? 'bad' : 'dim'),
    },
    figures('wall', 'Duration', 84, r => r.wall, duration),
    ...pathColumn(store),
    ...cpuColumns(store),
    {
      ...figures<ProcessRow>('wait', 'Waits', 72, r => r.wait / Math.max(1, r.wall)),
      drop: 7,
      sum: false,
      hint: 'share of its life in futex, poll, sleep, wait, accept, connect',
      render: r => (r.wait ? percent(Math.min(r.wait, r.wall), r.wall) : ''),
    },
    figures('events', 'Events', 76, r => r.events, count, { drop: 2 }),
    failures(76, r => r, { drop: 1 }),
    figures('read', 'Read', 80, r => r.read, bytesOr, { drop: 6 }),
    figures('written', 'Written', 80, r => r.written, bytesOr, { drop: 5 }),
    figures('net', 'Network', 80, r => r.net, bytesOr, { drop: 3 }),
    barColumn<ProcessRow>('Lifetime', extent, start, r => [
      part(lifeKind(store, r), 'Lived', start(r), store.taskEnd(r.lane)),
      ...onPath(store, r.lane).map(([, a, b]) => part('critical', 'On the critical path', a, b)),
    ]),
  ];
}

/** Where it is known: how long the end waited for the process. */
function pathColumn(store: Store): Column[] {
  if (!store.meta.critical?.length) return [];
  const time = (r: ProcessRow) => onPath(store, r.lane).reduce((a, [, x, y]) => a + y - x, 0);
  return [
    figures('path', 'On path', 78, time, durOr, {
      drop: 9,
      hint: 'time on the critical path: what the end of the run depended on',
    }),
  ];
}

/** Where recordings of several hosts are merged: equal pids are of different machines. */
function hostColumn(store: Store): Column[] {
  if (!store.tasks.some(t => t.host)) return [];
  const value = (r: ProcessRow) =>
    store.strings.get(store.tasks[store.tasks[r.lane].proc].host ?? 0);
  return [{ id: 'host', title: 'Host', width: '110px', value, render: r => show(value(r)) }];
}

/** Where the recording has them: CPU time, and with scheduler data the shares of the threads' time. */
function cpuColumns(store: Store): Column[] {
  const out: Column[] = [],
    time = (r: ProcessRow) => store.tasks[r.lane].cpu_ns ?? 0;
  if (store.tasks.some(t => t.cpu_ns !== undefined))
    out.push(figures('cpu', 'CPU', 78, time, durOr, { drop: 9 }));
  if (!store.ops.some(o => o === 'run' || o === 'runq' || o === 'block')) return out;
  const share = (
    id: string,
    drop: number,
    title: string,
    hint: string,
    of: (r: ProcessRow) => number,
  ): Column => ({
    ...figures<ProcessRow>(id, title, 78, r => of(r) / Math.max(1, r.life)),
    drop,
    sum: false,
    hint,
    render: r => (of(r) > 0 ? percent(Math.min(of(r), r.life), r.life) : ''),
  });
  const ofTime = 'share of the time of its threads';
  return [
    ...out,
    share('run', 0, 'On CPU', ofTime, r => r.cpu),
    share('runq', 8, 'Runnable', `${ofTime} that they waited for a CPU`, r => r.runq),
    share(
      'block',
      4,
      'Blocked',
      'what is left of the time of its threads: neither on a CPU nor waiting for one',
      blocked,
    ),
  ];
}

/** How much of a command line the column has room for, where it is narrow. */
const IN_SIGHT = 26;
/** A long command line keeps what it works on in sight: `cc1 … slow.c …`. */
export function brief(program: string, args: readonly string[], what: string): string {
  const line = commandText([program, ...args]);
  return what && !/\s/.test(what) && line.indexOf(what) > IN_SIGHT
    ? `${commandText([program])} … ${show(what)} … ${commandText(args)}`
    : line;
}

function Command({ store, r, fold }: { store: Store; r: ProcessRow; fold: Fold }) {
  const { comm } = store.tasks[r.lane],
    [program, ...args] = store.argv(r.lane),
    short =
      program === undefined
        ? show(comm)
        : brief(program.split('/').pop() ?? '', args, argumentOf([program, ...args])),
    text = r.thread ? '↳ ' + show(comm) : short;
  return (
    <span
      class={r.thread ? 'path thread-name' : 'path'}
      title={program === undefined ? show(comm) : commandText([program, ...args])}
      style={{ paddingLeft: Math.min(r.depth, 14) * 16 + 'px' }}
    >
      {r.below > 0 ? (
        <button
          type="button"
          class="twist"
          tabIndex={-1}
          aria-expanded={!fold.closed(r.lane)}
          aria-label={`${fold.closed(r.lane) ? 'Show' : 'Hide'} what is below ${text.slice(0, 60)}`}
          onClick={e => {
            e.stopPropagation();
            fold.toggle(r.lane);
          }}
        >
          {fold.closed(r.lane) ? '▸' : '▾'}
        </button>
      ) : (
        <span class="twist" />
      )}
      {text.slice(0, 300)}
    </span>
  );
}

const paths = new WeakMap<Store, Map<number, [number, number, number][]>>();
/** Stretches of the critical path in a process, its threads' too. */
export function onPath(store: Store, lane: number): [number, number, number][] {
  let by = paths.get(store);
  if (!by) {
    by = new Map();
    for (const p of store.meta.critical ?? []) {
      const of = store.tasks[p[0]]?.proc ?? -1;
      by.set(of, [...(by.get(of) ?? []), p]);
      if (of !== p[0]) by.set(p[0], [...(by.get(p[0]) ?? []), p]);
    }
    paths.set(store, by);
  }
  return by.get(lane) ?? [];
}

const lifeKind = (store: Store, r: ProcessRow): string =>
  endedBadly(store.tasks[r.lane]) ? 'failed' : r.thread ? 'thread' : 'life';
