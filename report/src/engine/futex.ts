// SPDX-License-Identifier: MIT
// What a futex call waits for, as far as its arguments show it: the values as in src/analyze/futex.c.
import type { Store } from './store';

const NUMBER = /^(-?\d+|0x[0-9a-f]+)$/;
type What = 'lock' | 'other' | 'unknown';
const known = new WeakMap<Store, Map<number, What>>();

/** A word of 2 marks a lock that others wait for (glibc, Rust, Go), in musl its top bit; a condition or an idle thread has another value. */
function whatOf(args: string): What {
  const [, op = '', word = '', time = ''] = args.split(', '),
    name = op.split('|')[0].replace('_PRIVATE', ''),
    val = Number(word);
  if (name === 'FUTEX_LOCK_PI' || name === 'FUTEX_LOCK_PI2') return 'lock';
  if (!/^FUTEX_WAIT(_|$)/.test(name) || !NUMBER.test(word)) return 'unknown';
  if (name !== 'FUTEX_WAIT' && name !== 'FUTEX_WAIT_BITSET') return 'other';
  // glibc's pthread_join, from 2.43 on until a thread's state, which is 2, is 0
  if (name === 'FUTEX_WAIT_BITSET' && !op.includes('PRIVATE') && time === 'NULL') return 'other';
  return val === 2 || val < 0 || val >= 2 ** 31 ? 'lock' : 'other';
}

/** Equal arguments are one string, looked at once. */
function waitsFor(store: Store, i: number): What {
  let by = known.get(store);
  if (!by) {
    by = new Map();
    known.set(store, by);
  }
  const id = store.arg[i];
  let what = by.get(id);
  if (!what) {
    what = whatOf(store.strings.get(id));
    by.set(id, what);
  }
  return what;
}

/** It waits for a lock: by its arguments, or the writer has found by the turns of its threads that it is one. */
export const waitsForLock = (store: Store, i: number): boolean =>
  waitsFor(store, i) === 'lock' ||
  (waitsFor(store, i) === 'other' &&
    (store.meta.findings?.some(f => f.rule === 'lock' && f.names.includes(store.objText(i))) ??
      false));
/** It waits for a condition, for work, for a thread to end. */
export const waitsForNoLock = (store: Store, i: number): boolean => waitsFor(store, i) === 'other';

/** pthread_join waits, not privately, until the word that has a thread's id is 0 (pthread_join_common.c). */
export function joins(store: Store, i: number): boolean {
  const m = /^[^,]+, (FUTEX_WAIT\S*), (\d+)/.exec(store.args(i)),
    { proc } = store.tasks[store.lane[i]];
  return (
    m !== null &&
    !m[1].includes('PRIVATE') &&
    store.tasks.some(t => t.tid === Number(m[2]) && t.proc === proc)
  );
}
