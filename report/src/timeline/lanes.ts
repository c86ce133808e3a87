// SPDX-License-Identifier: MIT
// The marks of the lanes, as pixels.
import type { Palette } from '../ui/colors';
import type { State } from '../ui/state';
import { CellSource, type Got } from './cells';
import type { Layout, Sight } from './layout';
import { failedLine, paint } from './paint';

/** One picture: where it goes, what a pixel is, and a row of pixels for each part of a lane. */
interface Picture {
  out: Uint32Array;
  W: number;
  H: number;
  dpr: number;
  from: number;
  ns: number;
  p: Palette;
  calls: Uint32Array;
  low: Uint32Array;
  states: Uint32Array;
  marks: Uint32Array;
}

export class Lanes {
  private image: ImageData | null = null;
  private readonly source: CellSource;
  constructor(
    private readonly s: State,
    private readonly l: Layout,
  ) {
    this.source = new CellSource(s);
  }

  draw({ first, rows, scroll }: Sight): void {
    const { s, l } = this,
      { store } = s,
      v = s.view.peek(),
      W = l.pix.width,
      H = l.pix.height,
      ctx = l.pix.getContext('2d', { alpha: false })!;
    if (!this.image || this.image.width !== W || this.image.height !== H)
      this.image = ctx.createImageData(W, H);
    const line = () => new Uint32Array(W),
      c: Picture = {
        out: new Uint32Array(this.image.data.buffer),
        W,
        H,
        dpr: W / l.width,
        from: v.from,
        ns: (v.to - v.from) / W,
        p: s.palette.peek(),
        calls: line(),
        low: line(),
        states: line(),
        marks: line(),
      };
    c.out.fill(c.p.ground);
    const slots = new Int32Array(store.tasks.length).fill(-1);
    rows.forEach((r, k) => {
      slots[r.lane] = k;
    });
    // Before any event has loaded the overview stands in.
    const early = store.hot === 0 && store.overview && !s.filter.peek(),
      got = early ? null : this.source.get(slots, rows.length, W);
    rows.forEach(({ lane, thread }, k) => {
      const top = Math.round((l.offsets[first + k] - scroll) * c.dpr),
        bottom = Math.round((l.offsets[first + k + 1] - scroll) * c.dpr),
        ground = (first + k) % 2 ? c.p.rowAlt : c.p.ground;
      this.life(c, lane, thread, ground);
      const has = got
        ? fillLines(c, got, got.own ? k : lane)
        : this.overviewLine(c.calls, lane, c.from, c.ns);
      // Where calls failed among others the lower third says so; a long call that failed is all red.
      c.low.set(c.calls);
      if (got) failedLine(c.low, got.cells, got.own ? k : lane, c.from, c.ns, c.p.failed);
      copyDown(c, top, bottom, thread, ground, has);
    });
    ctx.putImageData(this.image, 0, 0);
  }

  /** What a lane is before any call: the ground, and a tint while its task lived. */
  private life(c: Picture, lane: number, thread: boolean, ground: number): void {
    const { store } = this.s;
    c.calls.fill(ground);
    const a = clamp(Math.floor((store.tasks[lane].start - c.from) / c.ns), 0, c.W),
      b = clamp(Math.ceil((store.taskEnd(lane) - c.from) / c.ns), 0, c.W);
    if (b > a) c.calls.fill(thread ? c.p.lifeThread : c.p.life, a, b);
  }

  private overviewLine(line: Uint32Array, lane: number, from: number, ns: number): Has {
    const o = this.s.store.overview!,
      p = this.s.palette.peek(),
      d = this.s.store.duration;
    if (lane >= o.lanes) return NOTHING;
    for (let x = 0; x < line.length; x++) {
      const b = Math.floor(((from + x * ns) / d) * o.buckets);
      if (b < 0 || b >= o.buckets) continue;
      const c = o.cat[lane * o.buckets + b];
      if (c & 128) line[x] = p.failedFaint;
      else if (c) line[x] = p.cat[(c & 127) - 1] ?? p.life;
    }
    return NOTHING;
  }
}

interface Has {
  state: boolean;
  mark: boolean;
}
const NOTHING: Has = { state: false, mark: false };

/** The calls, marks and states of a lane into their rows of pixels; which of the last two there are. */
function fillLines(c: Picture, { cells }: Got, slot: number): Has {
  const { from, ns, p } = c;
  paint(c.calls, cells, cells.data, slot, from, ns, p, false);
  c.marks.fill(0);
  const mark = cells.marks !== null && paint(c.marks, cells, cells.marks, slot, from, ns, p, true);
  if (!cells.states) return { state: false, mark };
  c.states.fill(0);
  return { state: paint(c.states, cells, cells.states, slot, from, ns, p, false), mark };
}

/** One row of pixels, then copies of it down the lane. */
function copyDown(
  c: Picture,
  top: number,
  bottom: number,
  thread: boolean,
  ground: number,
  has: Has,
): void {
  const { out, W, H, dpr } = c,
    pad = Math.max(1, Math.round((thread ? 3 : 2) * dpr)),
    y0 = Math.max(0, top + pad),
    y1 = Math.min(H, bottom - pad),
    stripe = has.state ? Math.max(2, Math.round(3 * dpr)) : 0;
  for (let y = Math.max(0, top); y < Math.min(H, bottom); y++) out.fill(ground, y * W, (y + 1) * W);
  const yEnd = y1 - stripe - (stripe ? Math.round(dpr) : 0);
  const yLow = yEnd - Math.max(2, Math.round((bottom - top) * 0.28));
  for (let y = y0; y < yEnd; y++) out.set(y < yLow ? c.calls : c.low, y * W);
  // Marks are ticks at the upper edge: however many, they leave the calls in sight.
  if (has.mark) {
    const yMark = Math.min(yEnd, y0 + Math.max(3, Math.round(4 * dpr)));
    for (let x = 0; x < W; x++)
      if (c.marks[x]) for (let y = y0; y < yMark; y++) out[y * W + x] = c.marks[x];
  }
  if (stripe) {
    for (let x = 0; x < W; x++) if (!c.states[x]) c.states[x] = ground;
    for (let y = Math.max(0, y1 - stripe); y < y1; y++) out.set(c.states, y * W);
  }
}

const clamp = (v: number, a: number, b: number): number => (v < a ? a : v > b ? b : v);
