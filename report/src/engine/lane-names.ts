// SPDX-License-Identifier: MIT
// Lanes by what they are called, and by whose tree they are in.
import type { ExecInfo, Task } from '../format/layout';
import type { Store } from './store';

const execAt = (p: Task, t: number): ExecInfo | undefined => p.execs.findLast(e => e.t <= t);
const nameAt = (task: Task, t: number): string =>
  task.named === undefined || t >= task.named
    ? task.comm
    : (execAt(task, t)?.comm ?? task.was ?? task.comm);

/** What a lane is called from which time on: its own name, its process's, the program's. */
function namesOf(store: Store, lane: number): { t: number; names: string[] }[] {
  const task = store.tasks[lane],
    p = store.tasks[task.proc] ?? task;
  const times = [0, task.named ?? 0, p.named ?? 0, ...p.execs.map(e => e.t)];
  return [...new Set(times)]
    .sort((a, b) => a - b)
    .map(t => ({
      t,
      names: [nameAt(task, t), nameAt(p, t), execAt(p, t)?.exe.split('/').pop() ?? ''],
    }));
}

/** Whether a lane has a name at a time, when an event ends: an exec's is the new one; most have the same answer from their first event on. */
export function namedTest(
  store: Store,
  fits: (name: string) => boolean,
): (lane: number, at: number) => boolean {
  const lanes = store.tasks.map((_, l) =>
    namesOf(store, l).map(x => ({ t: x.t, hit: x.names.some(fits) })),
  );
  const whole = lanes.map(list => (list.every(x => x.hit === list[0].hit) ? list[0].hit : null));
  return (lane, at) => whole[lane] ?? lanes[lane].findLast(x => x.t <= at)!.hit;
}

/** 1 for each lane that is one of these processes or below it. */
export function treeOf(store: Store, pids: string[]): Uint8Array {
  const out = new Uint8Array(store.tasks.length);
  store.tasks.forEach((t, i) => {
    if (
      pids.includes(String(t.pid)) ||
      (t.parent >= 0 && t.parent < i && out[t.parent]) ||
      (t.proc < i && out[t.proc])
    )
      out[i] = 1;
  });
  return out;
}
