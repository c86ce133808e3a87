// SPDX-License-Identifier: MIT
// Findings: sentences about the events, each written by a rule of the table.
import { eachRow, type Cancel } from './scan';
import { connect, exit, leak, unclosed } from './rules/ends';
import { lookups, rename, reopen, tiny } from './rules/files';
import { dns, memory } from './rules/habits';
import { Ground, type Finding, type Rule } from './rules/rule';
import { faults, futex, queue, sleep, slowCall, slowPeer } from './rules/waits';
import type { Store } from './store';

export { LIMITS } from './rules/rule';
export type { Finding, Rule } from './rules/rule';

/** Findings of equal weight and cost stand in this order. */
export const RULES: Rule[] = [
  exit,
  connect,
  slowCall,
  slowPeer,
  futex,
  faults,
  queue,
  lookups,
  tiny,
  reopen,
  rename,
  leak,
  unclosed,
  sleep,
  dns,
  memory,
];

/** Several threads may have taken more than all of the time. */
const percentOf = (store: Store, ns: number): number | undefined =>
  ns > 0 && store.duration > 0 ? Math.min(100, (100 * ns) / store.duration) : undefined;

export async function findings(
  store: Store,
  bits: Uint8Array | null,
  cancelled: Cancel,
): Promise<Finding[] | null> {
  const ground = new Ground(store),
    watches = RULES.map(rule => rule.watch(ground)),
    { type } = store;
  // By type of event: what the rules do with one.
  const acts = store.ops.map(op =>
    watches.flatMap(w => (w.on && Object.hasOwn(w.on, op) ? [w.on[op]] : [])),
  );
  const ok = await eachRow(store, bits, cancelled, i => {
    for (const act of acts[type[i]]) act(i);
  });
  if (!ok) return null;

  if (bits) {
    ground.lanes = new Set<number>();
    for (let i = 0; i < store.hot; i++) if (bits[i]) ground.lanes.add(store.lane[i]);
  }
  const out: Finding[] = [];
  watches.forEach((w, k) => {
    const { id, takesTime } = RULES[k];
    w.end((weight, text, filter, event, cost = 0, share = takesTime && percentOf(store, cost)) =>
      out.push({ rule: id, weight, text, filter, event, cost, share }),
    );
  });
  return out.sort((a, b) => b.weight - a.weight || b.cost - a.cost);
}
