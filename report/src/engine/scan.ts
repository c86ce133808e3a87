// SPDX-License-Identifier: MIT
// A plain scan of the events, in steps that let the page breathe.
import { breathe } from './sort';
import type { Store } from './store';

const STEP = 1 << 20;
export type Cancel = () => boolean;

/** Calls f for every shown row; false when cancelled. */
export async function eachRow(
  store: Store,
  bits: Uint8Array | null,
  cancelled: Cancel,
  f: (i: number) => void,
  from = 0,
  to = store.hot,
): Promise<boolean> {
  let last = performance.now();
  for (let a = from; a < to; a += STEP) {
    const b = Math.min(to, a + STEP);
    if (bits) {
      for (let i = a; i < b; i++) if (bits[i]) f(i);
    } else for (let i = a; i < b; i++) f(i);
    if (performance.now() - last > 40 && b < to) {
      await breathe();
      last = performance.now();
      if (cancelled()) return false;
    }
  }
  return true;
}
