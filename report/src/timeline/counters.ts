// SPDX-License-Identifier: MIT
// Small charts above the lanes: memory, open descriptors, bytes moved.
import { bytes, count, duration } from '../engine/human';
import type { Store } from '../engine/store';
import type { Palette } from '../ui/colors';

export interface Series {
  name: string;
  t: Float64Array;
  v: Float64Array;
  max: number;
  text: (v: number) => string;
  bars: boolean;
  colour: number;
}

export function counterSeries(store: Store): Series[] {
  const out = sampled(store),
    memory = out.some(x => x.name === MAPPED) ? null : mappedMemory(store),
    moved = bytesMoved(store);
  if (memory) out.push(memory);
  if (moved) out.push(moved);
  return out;
}

const MAPPED = 'mapped memory';
const category = (store: Store, name: string) => store.meta.categories.indexOf(name);

/** What was sampled, summed over the lanes. */
function sampled(store: Store): Series[] {
  const { counters } = store;
  return store.meta.counters.flatMap((c, k) => {
    const t: number[] = [],
      v: number[] = [],
      last = new Map<number, number>();
    let sum = 0;
    for (let i = 0; i < counters.count; i++) {
      if (counters.counter[i] !== k) continue;
      sum += counters.value[i] - (last.get(counters.lane[i]) ?? 0);
      last.set(counters.lane[i], counters.value[i]);
      t.push(counters.t[i]);
      v.push(sum);
    }
    const isBytes = c.unit === 'bytes',
      colour = category(store, isBytes ? 'memory' : 'file');
    return t.length ? [step(c.name, t, v, isBytes ? bytes : count, colour)] : [];
  });
}

const MAPS = 1,
  EXEC = 2,
  EXIT = 3;
const MEMORY = new Map([
  ['mmap', MAPS],
  ['munmap', MAPS],
  ['brk', MAPS],
  ['exec', EXEC],
  ['exit', EXIT],
]);

/** Mapped memory from the calls, when nothing sampled it. */
function mappedMemory(store: Store): Series | null {
  if (!store.types.some(t => t.op === 'mmap' || t.op === 'brk')) return null;
  // What a program has goes with it: at the end of its last thread, and when another one takes its place.
  const ops = Uint8Array.from(store.ops, o => MEMORY.get(o) ?? 0),
    t: number[] = [],
    v: number[] = [],
    has = new Map<number, number>(),
    threads = new Map<number, number>();
  let sum = 0;
  for (const task of store.tasks) threads.set(task.proc, (threads.get(task.proc) ?? 0) + 1);
  for (let i = 0; i < store.cold; i++) {
    const what = ops[store.type[i]];
    if (!what || store.isError[store.err[i]]) continue;
    const { proc } = store.tasks[store.lane[i]],
      had = has.get(proc) ?? 0,
      left = threads.get(proc)! - Number(what === EXIT),
      gone = what === EXEC || !left ? -had : 0,
      d = what === MAPS ? Math.max(-had, store.val(i)) : gone;
    threads.set(proc, left);
    if (!d) continue;
    has.set(proc, had + d);
    sum += d;
    t.push(store.start[i]);
    v.push(sum);
  }
  return t.length > 1 ? step(MAPPED, t, v, bytes, category(store, 'memory')) : null;
}

/** Bytes moved, by slice of time. */
function bytesMoved(store: Store): Series | null {
  const slices = 1024,
    size = store.duration / slices,
    sums = new Float64Array(slices),
    io = Uint8Array.from(store.types, t => (t.io ? 1 : 0));
  let any = false;
  for (let i = 0; i < store.cold; i++) {
    const b = io[store.type[i]] ? store.bytes(i) : 0;
    if (b <= 0) continue;
    sums[Math.min(slices - 1, Math.floor(store.start[i] / size))] += b;
    any = true;
  }
  if (!any) return null;
  return {
    name: 'bytes moved',
    t: Float64Array.from({ length: slices }, (_, k) => k * size),
    v: sums,
    max: max(sums),
    text: v => `${bytes(Math.round(v))} / ${duration(size)}`,
    bars: true,
    colour: category(store, 'network'),
  };
}

function step(
  name: string,
  t: number[],
  v: number[],
  text: (v: number) => string,
  colour: number,
): Series {
  return {
    name,
    t: Float64Array.from(t),
    v: Float64Array.from(v),
    max: max(v),
    text,
    bars: false,
    colour,
  };
}
function max(a: ArrayLike<number>): number {
  let m = 0;
  for (let i = 0; i < a.length; i++) if (a[i] > m) m = a[i];
  return m;
}

function lower(a: Float64Array, t: number): number {
  let lo = 0,
    hi = a.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (a[mid] <= t) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/** Draws the visible part; returns the text for the gutter (value at the pointer, else the highest). */
export function drawSeries(
  canvas: HTMLCanvasElement,
  s: Series,
  from: number,
  to: number,
  p: Palette,
  at: number | null,
): string {
  const ctx = canvas.getContext('2d')!,
    W = canvas.width,
    H = canvas.height,
    ns = (to - from) / W,
    key = `${from}/${to}/${W}x${H}/${p.dark}`;
  if (canvas.dataset.key !== key) {
    canvas.dataset.key = key;
    paint(ctx, W, H, s, from, ns, p);
  }
  if (at === null) return s.text(s.max);
  const k = lower(s.t, at) - 1;
  return s.text(k >= 0 ? s.v[k] : 0);
}

function paint(
  ctx: CanvasRenderingContext2D,
  W: number,
  H: number,
  s: Series,
  from: number,
  ns: number,
  p: Palette,
): void {
  ctx.clearRect(0, 0, W, H);
  ctx.fillStyle = p.cssCat[s.colour] ?? p.accent;
  const pad = Math.round(H * 0.12),
    scale = (H - pad - 1) / (s.max || 1);
  const area = new Path2D(),
    edge = new Path2D(),
    thick = Math.max(1, Math.round(H / 28));
  let i = Math.max(0, lower(s.t, from) - 1),
    value = i < s.t.length && s.t[i] <= from ? s.v[i] : 0;
  // Neighbours of one height are one rectangle.
  let since = 0,
    height = 0;
  for (let x = 0; x <= W; x++) {
    let h = -1;
    if (x < W) {
      const end = from + (x + 1) * ns;
      let top = value;
      while (i < s.t.length && s.t[i] < end) {
        value = s.v[i++];
        if (value > top) top = value;
      }
      h = Math.round(top * scale);
    }
    if (h === height) continue;
    if (height) {
      area.rect(since, H - height, x - since, height);
      edge.rect(since, H - height, x - since, thick);
    }
    since = x;
    height = h;
  }
  ctx.globalAlpha = 0.35;
  ctx.fill(area);
  ctx.globalAlpha = 1;
  ctx.fill(edge);
}
