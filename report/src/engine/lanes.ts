// SPDX-License-Identifier: MIT
// Which lanes stand in the timeline, in what order.
import type { Store } from './store';

export type LaneSort = 'tree' | 'start' | 'activity';
export interface LaneRow {
  lane: number;
  depth: number;
  thread: boolean;
  threads: number;
  pinned: boolean;
  /** Lanes below it in the tree, shown or folded away. */
  below: number;
}
export interface LaneOptions {
  sort: LaneSort;
  pins: readonly number[];
  hidden: readonly number[];
  folded: boolean;
  /** Lanes whose subtree is folded away. */
  collapsed?: readonly number[];
  only: Uint32Array | null;
}

/** `only`: events a lane under the filter; lanes without any are left out. */
export function laneRows(store: Store, o: LaneOptions): LaneRow[] {
  const { tasks } = store,
    n = tasks.length;
  const threads: number[][] = [],
    children: number[][] = [],
    roots: number[] = [];
  const hidden = new Set(o.hidden),
    procs: number[] = [];
  for (let i = 0; i < n; i++) {
    const t = tasks[i];
    if (t.proc !== i && t.proc >= 0 && t.proc < n) (threads[t.proc] ??= []).push(i);
    else procs.push(i);
  }
  const procOf = (lane: number) => {
    const p = tasks[lane]?.proc ?? lane;
    return p >= 0 && p < n ? p : lane;
  };
  for (const p of procs) {
    const parent = tasks[p].parent;
    // A parent stands before its children; anything else would be a loop.
    if (parent >= 0 && parent < p) (children[procOf(parent)] ??= []).push(p);
    else roots.push(p);
  }
  const shown = (i: number) => !hidden.has(i) && (!o.only || o.only[i] > 0);
  const weight = (p: number) => {
    let w = o.only ? o.only[p] : 0;
    for (const t of threads[p] ?? []) w += o.only ? o.only[t] : 0;
    return w;
  };
  // Busy is who has the CPU; where that is not known, who does most.
  const timed = tasks.some(t => t.cpu_ns),
    busy = (p: number) => (timed ? (tasks[p].cpu_ns ?? 0) * 1e6 : 0) + weight(p);
  const out: LaneRow[] = [],
    pinned = o.pins.filter(p => p < n);
  for (const p of pinned)
    out.push({ lane: p, depth: 0, thread: store.isThread(p), threads: 0, pinned: true, below: 0 });
  const isPinned = new Set(pinned);
  const closed = new Set(o.sort === 'tree' ? (o.collapsed ?? []) : []);
  const push = (p: number, depth: number) => {
    const list = (threads[p] ?? []).filter(t => shown(t) && !isPinned.has(t));
    if (shown(p) && !isPinned.has(p))
      out.push({
        lane: p,
        depth,
        thread: false,
        threads: list.length,
        pinned: false,
        below: o.sort === 'tree' ? (o.folded ? 0 : list.length) + (children[p]?.length ?? 0) : 0,
      });
    if (!o.folded && !closed.has(p))
      for (const t of list)
        out.push({ lane: t, depth: depth + 1, thread: true, threads: 0, pinned: false, below: 0 });
  };
  if (o.sort === 'tree') {
    const stack = roots.map(p => [p, 0] as [number, number]).reverse();
    while (stack.length) {
      const [p, depth] = stack.pop()!;
      push(p, depth);
      if (closed.has(p)) continue;
      for (const c of (children[p] ?? []).slice().reverse()) stack.push([c, depth + 1]);
    }
  } else {
    const order = procs.slice();
    if (o.sort === 'start') order.sort((a, b) => tasks[a].start - tasks[b].start || a - b);
    else {
      const w = order.map(busy),
        at = new Map(order.map((p, i) => [p, w[i]]));
      order.sort((a, b) => at.get(b)! - at.get(a)! || a - b);
    }
    for (const p of order) push(p, 0);
  }
  return out;
}
