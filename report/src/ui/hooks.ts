// SPDX-License-Identifier: MIT
// Figures that take a scan: computed when a view that shows them is open, again when the filter changes.
import { useEffect, useState } from 'preact/hooks';
import type { Store } from '../engine/store';
import type { Cancel } from '../engine/scan';
import type { State } from './state';

const memo = new WeakMap<object, { bits: Uint8Array | null; ready: boolean; value: unknown }>();

/** The result of `f` for the present filter; null until it is there. `f` must be one of the functions of aggregate.ts or findings.ts. */
export function useScan<T>(
  s: State,
  f: (store: Store, bits: Uint8Array | null, cancelled: Cancel) => Promise<T | null>,
  on = true,
): T | null {
  const bits = s.mask.value.bits,
    ready = s.coldReady.value;
  const known = memo.get(f),
    fresh = known && known.bits === bits && known.ready === ready;
  const [value, set] = useState<{ of: Uint8Array | null; v: T } | null>(
    fresh ? { of: bits, v: known!.value as T } : null,
  );
  useEffect(() => {
    if (!ready || !on) return undefined;
    const have = memo.get(f);
    if (have && have.bits === bits && have.ready) {
      set({ of: bits, v: have.value as T });
      return undefined;
    }
    let off = false;
    // The redraw that the same change asked for comes first.
    const timer = setTimeout(
      () =>
        void f(s.store, bits, () => off).then(v => {
          if (off || v === null) return;
          memo.set(f, { bits, ready, value: v });
          set({ of: bits, v });
        }),
      30,
    );
    return () => {
      off = true;
      clearTimeout(timer);
    };
  }, [f, bits, ready, on]);
  return value?.v ?? null;
}
