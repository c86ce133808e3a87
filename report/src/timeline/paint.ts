// SPDX-License-Identifier: MIT
// Cells → colours of one row of pixels.
import { classNs, FAILED, TYPE, type Cells } from '../engine/pyramid';
import type { Palette } from '../ui/colors';

/** Calls f with each pixel and the cells it covers; nothing for pixels outside. */
function eachPixel(
  cells: Cells,
  W: number,
  from: number,
  ns: number,
  f: (x: number, b: number, e: number) => void,
): void {
  const size = (cells.to - cells.from) / cells.buckets,
    n = cells.buckets,
    step = ns / size,
    x0 = (from - cells.from) / size;
  for (let x = 0; x < W; x++) {
    const pos = x0 + x * step;
    let b = Math.floor(pos),
      e = step <= 1.001 ? b + 1 : Math.ceil(pos + step);
    if (e <= 0 || b >= n) continue;
    if (b < 0) b = 0;
    if (e > n) e = n;
    f(x, b, e);
  }
}

/** Cells of one lane → colours of one row of pixels. True when anything was painted. */
export function paint(
  line: Uint32Array,
  cells: Cells,
  data: Uint32Array,
  slot: number,
  from: number,
  ns: number,
  p: Palette,
  mark: boolean,
): boolean {
  const base = slot * cells.buckets,
    { full, faint } = p;
  let any = false;
  eachPixel(cells, line.length, from, ns, (x, b, e) => {
    let v = 0;
    for (; b < e; b++) if (data[base + b] > v) v = data[base + b];
    if (!v) return;
    any = true;
    const wide = mark || classNs((v >>> 16) & 0xff) * 2.2 >= ns;
    line[x] = wide ? (v & FAILED ? p.failed : full[(v & TYPE) - 1]) : faint[(v & TYPE) - 1];
  });
  return any;
}

/** Where a cell of the lane has a call that failed. */
export function failedLine(
  line: Uint32Array,
  cells: Cells,
  slot: number,
  from: number,
  ns: number,
  colour: number,
): void {
  const base = slot * cells.buckets,
    { bad } = cells;
  eachPixel(cells, line.length, from, ns, (x, b, e) => {
    for (; b < e; b++)
      if (bad[base + b]) {
        line[x] = colour;
        return;
      }
  });
}
