// SPDX-License-Identifier: MIT
// Findings: sentences about the events, each written by a rule of the table.
import { show } from '../format/text';
import { eachRow, type Cancel } from './scan';
import { connect, exit, leak, unclosed } from './rules/ends';
import { lookups, rename, reopen, tiny } from './rules/files';
import { dns, memory } from './rules/habits';
import { Ground, term, type Finding, type Rule } from './rules/rule';
import { deadlock, faults, futex, queue, sleep, slowCall, slowPeer } from './rules/waits';
import type { Store } from './store';

export { LIMITS } from './rules/rule';
export type { Finding, Rule } from './rules/rule';

/** Findings of equal weight and cost stand in this order. */
export const RULES: Rule[] = [
  exit,
  deadlock,
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

/** Where the page has no evidence of its own, these events are it. */
const EVIDENCE: Record<string, (on: string) => string> = {
  deadlock: pid => `${pid} op:futex`,
  connect: path => `op:connect ${path}`,
  unclosed: pid => `${pid} op:open,socket,accept,pipe`,
  'slow-call': path => path,
  lookups: () => 'op:open,stat,exec err:ENOENT,ENOTDIR',
  tiny: path => `op:read,write ${path}`,
  sleep: pid => `${pid} op:sleep`,
};

/** The rules whose findings are wrong; those of the others cost. */
const WRONG = new Set(['deadlock', 'connect', 'slow-call']);

/** Of the whole trace a rule that the summary has, too, finds what it finds there; the page's own has the way to it. */
function asTheSummary(store: Store, rule: string, own: Finding[]): Finding[] {
  const { findings: list, finding_rules: rules } = store.meta;
  if (!list || !rules?.includes(rule) || !Object.hasOwn(EVIDENCE, rule)) return own;
  const out: Finding[] = [];
  list.forEach((f, place) => {
    if (f.rule !== rule) return;
    const on = f.pid ? [String(f.pid)] : f.names,
      of = own.filter(o => !on.length || on.includes(o.on ?? '')),
      where = on.length ? term(f.pid ? 'pid' : 'path', ...on) : '';
    out.push({
      rule,
      weight: WRONG.has(rule) ? 3 : 2,
      text: `${show(f.text)}.`,
      filter: of.length === 1 ? of[0].filter : EVIDENCE[rule](where),
      event: of[0]?.event ?? -1,
      cost: f.cost,
      share: f.share && f.share / 100,
      place,
    });
  });
  // What is no more than a note, the summary leaves out.
  return [...out, ...own.filter(o => o.weight === 1)];
}

/** Why it failed, then the findings of the summary, each in its order; then what only the page looks for. */
function byPlace(a: Finding, b: Finding): number {
  const kind = (f: Finding) => (f.place === undefined ? 2 : f.rule === 'exit' ? 0 : 1);
  return (
    kind(a) - kind(b) || (a.place ?? 0) - (b.place ?? 0) || b.weight - a.weight || b.cost - a.cost
  );
}

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
    const { id, takesTime } = RULES[k],
      own: Finding[] = [];
    w.end((weight, text, filter, event, cost = 0, more = {}) =>
      own.push({
        rule: id,
        weight,
        text,
        filter,
        event,
        cost,
        share: takesTime && percentOf(store, cost),
        ...more,
      }),
    );
    out.push(...(bits ? own : asTheSummary(store, id, own)));
  });
  return out.sort(byPlace);
}
