// SPDX-License-Identifier: MIT
// The environment of each exec, and what is different in it from the one that it was run from.
import type { ExecInfo } from '../format/layout';
import { decodeBytes } from '../format/text';
import type { Store } from './store';

export type Change = 'added' | 'removed' | 'changed' | '';
export interface Variable {
  name: string;
  value: string;
  change: Change;
  /** Of one that changed, its value before. */
  was?: string;
}

function strings(bytes: Uint8Array): string[] {
  const out: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(0, at);
    out.push(decodeBytes(bytes.subarray(at, end < 0 ? bytes.length : end)));
    at = end < 0 ? bytes.length : end + 1;
  }
  return out;
}

/** By name; the first of several with one name is the one that programs find. */
function variables(store: Store, e: ExecInfo): Map<string, string> {
  const all = [e.env, e.env_own].flatMap(id => (id ? strings(store.moved.bytes(id)) : [])),
    out = new Map<string, string>();
  for (const text of all) {
    const is = text.indexOf('='),
      name = is < 0 ? text : text.slice(0, is);
    if (!out.has(name)) out.set(name, is < 0 ? '' : text.slice(is + 1));
  }
  return out;
}

/** What ran in the task before, or in the one that it came from: the last exec that has an environment. */
export function execBefore(store: Store, lane: number, e: ExecInfo): ExecInfo | null {
  let own = true;
  for (let at = lane, steps = 0; at >= 0 && steps < store.tasks.length; steps++) {
    const task = store.tasks[store.tasks[at]?.proc ?? at],
      list = task?.execs ?? [];
    for (let k = own ? list.indexOf(e) - 1 : list.length - 1; k >= 0; k--)
      if (list[k].env !== undefined && list[k].t <= e.t) return list[k];
    own = false;
    at = task?.parent ?? -1;
  }
  return null;
}

const ORDER: Change[] = ['added', 'changed', 'removed', ''];

/** All variables, those that are different first; null where none were recorded. */
export function environment(store: Store, lane: number, e: ExecInfo): Variable[] | null {
  if (e.env === undefined) return null;
  const now = variables(store, e),
    from = execBefore(store, lane, e),
    before = from && variables(store, from),
    out: Variable[] = [];
  for (const [name, value] of now) {
    const was = before?.get(name);
    if (!before || was === value || (was === undefined && from?.env_more))
      out.push({ name, value, change: '' });
    else if (was === undefined) out.push({ name, value, change: 'added' });
    else out.push({ name, value, change: 'changed', was });
  }
  if (before && !e.env_more)
    for (const [name, value] of before)
      if (!now.has(name)) out.push({ name, value, change: 'removed' });
  return out.sort(
    (a, b) =>
      ORDER.indexOf(a.change) - ORDER.indexOf(b.change) ||
      (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
}

/** The exec that event i is: of its process, when it began. */
export function execOf(store: Store, i: number): ExecInfo | null {
  const task = store.tasks[store.tasks[store.lane[i]].proc],
    op = store.ops[store.type[i]];
  if ((op !== 'exec' && op !== 'execed') || store.failed(i)) return null;
  return task.execs.find(e => !e.inherited && e.t >= store.start[i] && e.t <= store.end(i)) ?? null;
}
