// SPDX-License-Identifier: MIT
// Level of detail: events of a stretch of time → cells (lane × bucket), so that neither a failed nor a long call is ever hidden by what
// lies on top of it. A cell is the longest call it covers, as one number of which the larger wins:
//   bits 16–23 class of duration (quarter octaves) · bit 15 it failed · bits 0–14 type + 1 · 0 = nothing
// and, apart from it, whether any call in it failed.
import { Layer, type Store } from './store';

export const FAILED = 0x8000;
export const TYPE = 0x7fff;

export function durClass(d: number): number {
  if (d > 0xfffffffe) {
    const e = Math.floor(Math.log2(d));
    return Math.min(255, e * 4 + Math.min(3, Math.floor((d / 2 ** e - 1) * 4)));
  }
  const e = 31 - Math.clz32(d | 1);
  return e < 2 ? e * 4 : e * 4 + ((d >>> (e - 2)) & 3);
}
/** Smallest duration of a class. */
export function classNs(c: number): number {
  const e = c >> 2;
  return 2 ** e * (1 + (c & 3) / 4);
}

export interface Cells {
  from: number;
  to: number;
  buckets: number;
  data: Uint32Array;
  bad: Uint8Array;
  states: Uint32Array | null;
  marks: Uint32Array | null;
}

/** Where long spans begin: for every block, each lane's event that reaches furthest, before that block. */
export class Reach {
  private at: (Int32Array | null)[][] = [];
  private now: Int32Array[] = [];
  private done = 0;
  constructor(private store: Store) {
    for (const layer of [Layer.Call, Layer.State]) {
      this.at[layer] = [];
      this.now[layer] = new Int32Array(store.tasks.length).fill(-1);
    }
  }
  /** Takes in the blocks that have arrived since. */
  update(): void {
    const { store } = this;
    while (this.done < store.hot) {
      for (const layer of [Layer.Call, Layer.State])
        this.at[layer].push(store.hasLayer[layer] ? this.now[layer].slice() : null);
      const end = Math.min(store.hot, this.done + store.block);
      this.advance(this.now, this.done, end);
      this.done = end;
    }
  }
  private advance(now: Int32Array[], from: number, to: number): void {
    const { store } = this,
      { lane, type, layerOf } = store;
    for (let i = from; i < to; i++) {
      const layer = layerOf[type[i]];
      if (layer === Layer.Mark) continue;
      const a = now[layer],
        l = lane[i],
        old = a[l];
      if (old < 0 || store.end(i) >= store.end(old)) a[l] = i;
    }
  }
  private last: { i: number; done: number; a: Int32Array }[] = [];
  /** For each lane the event before row i that reaches furthest; −1 none. Not to be written to. */
  before(i: number, layer: Layer): Int32Array {
    const known = this.last[layer];
    if (known?.i === i && known.done === this.done) return known.a;
    const a = this.find(i, layer);
    this.last[layer] = { i, done: this.done, a };
    return a;
  }
  private find(i: number, layer: Layer): Int32Array {
    const { store } = this,
      b = Math.min(this.at[layer].length - 1, Math.floor(i / store.block));
    const from = this.at[layer][b];
    const out = [Layer.Call, Layer.Mark, Layer.State].map(() => new Int32Array(0));
    out[layer] = from ? from.slice() : new Int32Array(store.tasks.length).fill(-1);
    if (!from) return out[layer];
    const { lane, type, layerOf } = store,
      a = out[layer];
    for (let k = b * store.block; k < i; k++) {
      if (layerOf[type[k]] !== layer) continue;
      const l = lane[k],
        old = a[l];
      if (old < 0 || store.end(k) >= store.end(old)) a[l] = k;
    }
    return a;
  }
}

/** Cells of rows i0…i1 for the lanes that have a slot (≥ 0); identity when slots is null. */
export function newCells(from: number, to: number, buckets: number, slots: number): Cells {
  const size = buckets * slots;
  return {
    from,
    to: Math.max(to, from + 1e-6),
    buckets,
    data: new Uint32Array(size),
    bad: new Uint8Array(size),
    states: null,
    marks: null,
  };
}

export function addRows(
  store: Store,
  cells: Cells,
  i0: number,
  i1: number,
  bits: Uint8Array | null,
  slot: Int32Array | null,
): void {
  const { start, lane, type, err, dur32, layerOf, isBad } = store,
    { from, buckets, data, bad } = cells;
  const scale = buckets / (cells.to - from),
    last = buckets - 1;
  for (let i = i0; i < i1; i++) {
    if (bits !== null && bits[i] === 0) continue;
    const s = slot === null ? lane[i] : slot[lane[i]];
    if (s < 0) continue;
    const t = type[i],
      layer = layerOf[t],
      d = dur32[i];
    const x = (start[i] - from) * scale;
    let b = x | 0;
    if (x < 0) b = 0;
    else if (b > last) b = last;
    const failed = isBad[err[i]],
      v = (durClass(d === 0xffffffff ? store.dur(i) : d) << 16) | (failed << 15) | (t + 1);
    const a =
      layer === 0
        ? data
        : layer === 1
          ? (cells.marks ??= new Uint32Array(data.length))
          : (cells.states ??= new Uint32Array(data.length));
    const at = s * buckets;
    if (v > a[at + b]) a[at + b] = v;
    if (failed && layer === 0) bad[at + b] = 1;
    const reach = x + (d === 0xffffffff ? store.dur(i) : d) * scale;
    if (reach >= b + 1) {
      const e = reach > last ? last : reach | 0;
      // A span that only just enters its last bucket leaves it to what begins there.
      for (let k = b + 1; k <= e; k++) {
        if (v > a[at + k]) a[at + k] = v;
        if (failed && layer === 0) bad[at + k] = 1;
      }
    }
  }
}

/** Spans that began before row i0 and reach into the cells. */
export function addReaching(
  store: Store,
  reach: Reach,
  cells: Cells,
  i0: number,
  bits: Uint8Array | null,
  slot: Int32Array | null,
): void {
  for (const layer of [Layer.Call, Layer.State]) {
    if (!store.hasLayer[layer]) continue;
    const before = reach.before(i0, layer);
    for (let l = 0; l < before.length; l++) {
      const i = before[l];
      if (i >= 0 && store.end(i) > cells.from && (slot === null || slot[l] >= 0))
        addRows(store, cells, i, i + 1, bits, slot);
    }
  }
}

/** The pyramid over the whole trace: one fine level and halves of it. Takes in what has loaded, or all that a filter leaves, in steps. */
export class Pyramid {
  levels: Cells[] = [];
  readonly buckets: number;
  private done = 0;
  private fine: Cells;
  private stale = true;

  constructor(
    private store: Store,
    private bits: Uint8Array | null,
  ) {
    let b = 65536;
    while (b > 128 && b * store.tasks.length > 3 << 20) b >>= 1;
    this.buckets = b;
    this.fine = newCells(0, store.duration, b, store.tasks.length);
  }
  /** Takes in at most so many of the events that are not in it; false when there are more. */
  update(most = Infinity): boolean {
    const to = Math.min(this.store.hot, this.done + most);
    if (this.done < to) {
      addRows(this.store, this.fine, this.done, to, this.bits, null);
      this.done = to;
      this.stale = true;
    }
    return to === this.store.hot;
  }
  /** The coarsest level whose buckets are no wider than ns; null when even the finest is too coarse. */
  level(ns: number): Cells | null {
    if (this.store.duration / this.buckets > ns * 1.001) return null;
    if (this.stale) {
      this.levels = [this.fine];
      this.stale = false;
    }
    let k = 0;
    while (
      (this.store.duration / this.buckets) * 2 ** (k + 1) <= ns * 1.001 &&
      this.buckets >> (k + 1) >= 64
    )
      k++;
    while (this.levels.length <= k)
      this.levels.push(this.half(this.levels[this.levels.length - 1]));
    return this.levels[k];
  }
  private half(c: Cells): Cells {
    const squeeze = (a: Uint32Array | null): Uint32Array | null => {
      if (!a) return null;
      const out = new Uint32Array(a.length >> 1);
      for (let i = 0; i < out.length; i++) {
        const x = a[2 * i],
          y = a[2 * i + 1];
        out[i] = x > y ? x : y;
      }
      return out;
    };
    const bad = new Uint8Array(c.bad.length >> 1);
    for (let i = 0; i < bad.length; i++) bad[i] = c.bad[2 * i] | c.bad[2 * i + 1];
    return {
      from: c.from,
      to: c.to,
      buckets: c.buckets >> 1,
      data: squeeze(c.data)!,
      bad,
      states: squeeze(c.states),
      marks: squeeze(c.marks),
    };
  }
}
