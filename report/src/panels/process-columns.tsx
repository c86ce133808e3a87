// SPDX-License-Identifier: MIT
// The columns of the table of processes.
import { count, duration, percent } from '../engine/human';
import type { Store } from '../engine/store';
import { show } from '../format/text';
import { figures, type GridColumn } from '../ui/grid';
import { bytesOr, countOr, durOr } from './common';
import { barColumn, extentOf, part } from './waterfall';
import { blocked, endedBadly, howEnded, type ProcessRow } from './process-rows';

type Column = GridColumn<ProcessRow>;

const WATERFALL = new Set(['what', 'exit', 'wall', 'cpu', 'span']);

/** waterfall: few columns, and room for the bars. */
export function processColumns(
  store: Store,
  rows: readonly ProcessRow[],
  waterfall: boolean,
): Column[] {
  const list = allColumns(store, rows);
  return waterfall
    ? list
        .filter(c => WATERFALL.has(c.id))
        .map(c => (c.id === 'span' ? { ...c, width: 'minmax(320px, 2.4fr)' } : c))
    : list;
}

function allColumns(store: Store, rows: readonly ProcessRow[]): Column[] {
  const start = (r: ProcessRow) => store.tasks[r.lane].start,
    extent = extentOf(rows, start, r => store.taskEnd(r.lane), store.duration);
  return [
    {
      id: 'what',
      title: 'Process',
      width: 'minmax(260px, 1fr)',
      value: r => store.argv(r.lane).join(' ') || store.tasks[r.lane].comm,
      render: r => <Command store={store} r={r} />,
    },
    figures('pid', 'PID', 70, r => store.tasks[r.lane].tid, undefined, { sum: false }),
    {
      id: 'exit',
      title: 'Ended',
      width: '86px',
      value: r => howEnded(store, r.lane),
      cls: r => (endedBadly(store, r.lane) ? 'bad' : 'dim'),
    },
    figures('wall', 'Duration', 84, r => r.wall, duration),
    ...cpuColumns(store),
    {
      ...figures<ProcessRow>('wait', 'Waits', 72, r => r.wait / Math.max(1, r.wall)),
      drop: 7,
      sum: false,
      hint: 'share of its life in futex, poll, sleep, wait, accept, connect',
      render: r => (r.wait ? percent(Math.min(r.wait, r.wall), r.wall) : ''),
    },
    figures('events', 'Events', 76, r => r.events, count, { drop: 2 }),
    figures('failed', 'Failed', 66, r => r.failed, countOr, {
      drop: 1,
      cls: r => (r.bad ? 'bad' : ''),
    }),
    figures('read', 'Read', 80, r => r.read, bytesOr, { drop: 6 }),
    figures('written', 'Written', 80, r => r.written, bytesOr, { drop: 5 }),
    figures('net', 'Network', 80, r => r.net, bytesOr, { drop: 3 }),
    barColumn<ProcessRow>('Lifetime', extent, start, r => [
      part(lifeKind(store, r), 'Lived', start(r), store.taskEnd(r.lane)),
    ]),
  ];
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

function Command({ store, r }: { store: Store; r: ProcessRow }) {
  const { comm } = store.tasks[r.lane],
    [program, ...args] = store.argv(r.lane),
    short = program === undefined ? comm : [program.split('/').pop() ?? '', ...args].join(' '),
    text = r.thread ? '↳ ' + show(comm) : show(short);
  return (
    <span
      class={r.thread ? 'path thread-name' : 'path'}
      title={text}
      style={{ paddingLeft: Math.min(r.depth, 14) * 16 + 'px' }}
    >
      {text.slice(0, 300)}
    </span>
  );
}

const lifeKind = (store: Store, r: ProcessRow): string =>
  endedBadly(store, r.lane) ? 'failed' : r.thread ? 'thread' : 'life';
