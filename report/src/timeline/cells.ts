// SPDX-License-Identifier: MIT
// The cells of the lanes in sight: a level of the pyramid, or worked out from the rows.
import { addReaching, addRows, newCells, type Cells } from '../engine/pyramid';
import type { State } from '../ui/state';

const DIRECT = 1_500_000; // rows in view up to which every frame scans them all

/** own: cells of the lanes in sight only, by their slot; else of all lanes. */
export interface Got {
  cells: Cells;
  own: boolean;
}

export class CellSource {
  private window: { key: string; bits: Uint8Array | null; cells: Cells } | null = null;
  constructor(private readonly s: State) {}

  /** One bucket a pixel or finer; slots: the place of each lane among the `count` in sight, −1 for others. */
  get(slots: Int32Array, count: number, width: number): Got {
    const { s } = this,
      { store } = s,
      v = s.view.peek(),
      ns = (v.to - v.from) / width;
    const level = s.pyramid.peek()?.level(ns);
    if (level) return { cells: level, own: false };
    const i0 = store.lower(v.from),
      i1 = store.lower(v.to);
    if (i1 - i0 > DIRECT) return { cells: this.around(slots, count, width, ns), own: true };
    const cells = newCells(v.from, v.to, width, count);
    this.fill(cells, i0, i1, slots);
    return { cells, own: true };
  }

  private fill(cells: Cells, i0: number, i1: number, slots: Int32Array): void {
    const { store, reach, mask } = this.s,
      { bits } = mask.peek();
    addReaching(store, reach, cells, i0, bits, slots);
    addRows(store, cells, i0, i1, bits, slots);
  }

  /** Too many rows for every frame: cells for a window around the view, kept until the view leaves it or needs finer ones. */
  private around(slots: Int32Array, count: number, width: number, ns: number): Cells {
    const { store, view, mask } = this.s,
      v = view.peek(),
      { bits } = mask.peek(),
      w = this.window,
      key = `${store.hot}/${slots.length}/${[...slots.keys()].filter(l => slots[l] >= 0).join()}`;
    if (w && w.key === key && w.bits === bits) {
      const { from, to, buckets } = w.cells;
      if (from <= v.from && to >= v.to && (to - from) / buckets <= ns * 1.001) return w.cells;
    }
    const span = v.to - v.from,
      from = v.from - span / 2,
      to = v.to + span / 2;
    let buckets = width * 4;
    while (buckets * count > 8 << 20 && buckets > width * 2) buckets >>= 1;
    const cells = newCells(from, to, buckets, count);
    this.fill(cells, store.lower(from), store.lower(to), slots);
    this.window = { key, bits, cells };
    return cells;
  }
}
