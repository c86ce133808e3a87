// SPDX-License-Identifier: MIT
// Processes and threads as rows: what each did, threads added to their process.
import type { ProcStat } from '../engine/aggregate';
import { laneRows } from '../engine/lanes';
import type { Store } from '../engine/store';

/** life: of all its threads together; cpu: ns, −1 not known. */
export interface ProcessRow extends ProcStat {
  lane: number;
  depth: number;
  /** Lanes below it in the tree. */
  below: number;
  thread: boolean;
  wall: number;
  life: number;
  cpu: number;
}

/** Where only the waits for a CPU are known, what is neither those nor time on a CPU was spent blocked. */
export const blocked = (r: ProcessRow): number =>
  r.block || (r.cpu >= 0 ? Math.max(0, r.life - r.cpu - r.runq) : 0);

/** Threads' figures belong to their process. */
function addThreads(a: ProcStat, b: ProcStat): ProcStat {
  return {
    run: a.run + b.run,
    runq: a.runq + b.runq,
    block: a.block + b.block,
    events: a.events + b.events,
    failed: a.failed + b.failed,
    bad: a.bad + b.bad,
    time: a.time + b.time,
    wait: a.wait + b.wait,
    read: a.read + b.read,
    written: a.written + b.written,
    net: a.net + b.net,
    longest: a.longest < 0 ? b.longest : a.longest,
    types: new Set([...a.types, ...b.types]),
    errs: new Set([...a.errs, ...b.errs]),
  };
}

/**
 * One row a process, and one a thread where those are shown; of a filter, those with an event.  Each stands below its
 * parent, children by their start: two builds side by side would else stand below each other's parents.
 */
export function processRows(
  store: Store,
  stats: ProcStat[],
  filtered: boolean,
  threads: boolean,
  collapsed: readonly number[] = [],
): ProcessRow[] {
  const sums = stats.map(x => ({ ...x })),
    wall = store.tasks.map((t, l) => store.taskEnd(l) - t.start),
    life = wall.slice();
  store.tasks.forEach((t, l) => {
    if (t.proc === l) return;
    sums[t.proc] = addThreads(sums[t.proc], stats[l]);
    life[t.proc] += wall[l];
  });
  const cpu = (l: number, x: ProcStat) =>
    x.run || (store.isThread(l) ? -1 : (store.tasks[l].cpu_ns ?? -1));
  const list = laneRows(store, {
    sort: 'tree',
    pins: [],
    hidden: [],
    folded: !threads,
    collapsed,
    only: filtered ? Uint32Array.from(sums, x => x.events) : null,
  });
  return list.map(({ lane, depth, thread, below }) => {
    const x = thread ? stats[lane] : sums[lane];
    return {
      ...x,
      lane,
      depth,
      thread,
      below,
      wall: wall[lane],
      life: life[lane],
      cpu: cpu(lane, x),
    };
  });
}
