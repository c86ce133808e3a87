// SPDX-License-Identifier: MIT
// Durations by class, and percentiles of them.

/** Durations in 16 classes an octave: percentiles within 3.2 %. The terminal has the same classes and rules (src/analyze/hist.c). */
const SUB = 16;
export const HIST = 64 * SUB;
export function histClass(d: number): number {
  if (d < SUB) return d;
  const e = Math.floor(Math.log2(d)),
    m = Math.floor((d / 2 ** e - 1) * SUB);
  return Math.min(HIST - 1, (e - 3) * SUB + m);
}
export function histValue(c: number): number {
  if (c < SUB) return c;
  const e = Math.floor(c / SUB) + 3,
    m = c % SUB;
  return 2 ** e * (1 + (m + 0.5) / SUB);
}
/** Whether there are enough values that one lies above: 2 for a median, 20 for p95, 100 for p99. As in the terminal (src/analyze/hist.c). */
export function hasPercentile(count: number, p: number): boolean {
  return count * (1 - p) >= 1 - 1e-9;
}
export function percentile(hist: ArrayLike<number>, count: number, p: number, from = 0): number {
  if (!count) return 0;
  let want = Math.ceil(count * p);
  for (let c = 0; c < HIST; c++) {
    want -= hist[from + c];
    if (want <= 0) return histValue(c);
  }
  return 0;
}

/** A percentile as the terminal shows it: the middle of its class, within the shortest and the longest that occurred. */
export function percentileOf(
  t: { hist: ArrayLike<number>; timed: number; min: number; max: number },
  p: number,
): number {
  return Math.floor(Math.max(t.min, Math.min(t.max, percentile(t.hist, t.timed, p))));
}
