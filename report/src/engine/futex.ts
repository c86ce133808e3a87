// SPDX-License-Identifier: MIT
// What a futex call waits for, as far as its arguments show it: the same rules as in src/analyze/futex.c.
import type { Store } from './store';

const NUMBER = /^(-?\d+|0x[0-9a-f]+)$/;
const known = new WeakMap<Store, Map<number, 'lock' | 'other'>>();

/** A word of 2 marks a lock that others wait for (glibc, Rust, Go), in musl its top bit; a condition or an idle thread has another value. */
function isLock(args: string): boolean {
  const [, op = '', word = ''] = args.split(', '),
    name = op.split('|')[0].replace('_PRIVATE', ''),
    val = NUMBER.test(word) ? Number(word) : NaN;
  if (name === 'FUTEX_LOCK_PI' || name === 'FUTEX_LOCK_PI2') return true;
  return (
    (name === 'FUTEX_WAIT' || name === 'FUTEX_WAIT_BITSET') &&
    (val === 2 || val < 0 || val >= 2 ** 31)
  );
}

/** It waits for a lock. Equal arguments are one string, looked at once. */
export function waitsForLock(store: Store, i: number): boolean {
  let by = known.get(store);
  if (!by) {
    by = new Map();
    known.set(store, by);
  }
  const id = store.arg[i];
  let what = by.get(id);
  if (!what) {
    what = isLock(store.strings.get(id)) ? 'lock' : 'other';
    by.set(id, what);
  }
  return what === 'lock';
}

/** pthread_join waits, not privately, until the word that has a thread's id is 0 (pthread_join_common.c). */
export function joins(store: Store, i: number): boolean {
  const m = /^0x[0-9a-f]+, (FUTEX_WAIT\S*), (\d+)/.exec(store.args(i)),
    { proc } = store.tasks[store.lane[i]];
  return (
    m !== null &&
    !m[1].includes('PRIVATE') &&
    store.tasks.some(t => t.tid === Number(m[2]) && t.proc === proc)
  );
}
