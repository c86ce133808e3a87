// SPDX-License-Identifier: MIT
// Above the pixels: the grid, names, arrows, the selected range, what is selected and under the pointer.
import { ticks } from '../engine/human';
import { Layer } from '../engine/store';
import { show } from '../format/text';
import type { State } from '../ui/state';
import { Arrows } from './arrows';
import { FONT, type Layout, type Sight } from './layout';

/** What there is room for, with an ellipsis; empty where that says nothing. */
function fitted(ctx: CanvasRenderingContext2D, text: string, room: number): string {
  const { width } = ctx.measureText(text);
  if (width <= room) return text;
  const n = Math.floor((text.length * room) / width) - 1;
  return n < 3 ? '' : text.slice(0, n) + '…';
}

/** Where things lie on the overlay: rowOf lanes, X of times, upper edge and height of a row. */
export interface Places {
  ctx: CanvasRenderingContext2D;
  rowOf: Map<number, number>;
  X: (t: number) => number;
  yOf: (k: number) => number;
  hOf: (k: number) => number;
}

export class Overlay {
  private readonly arrows: Arrows;
  constructor(
    private readonly s: State,
    private readonly l: Layout,
  ) {
    this.arrows = new Arrows(s, l);
  }

  draw(sight: Sight): void {
    const { s, l } = this,
      v = s.view.peek(),
      ctx = l.over.getContext('2d')!,
      W = l.width,
      dpr = l.over.width / W,
      scale = W / (v.to - v.from),
      { first, scroll } = sight;
    ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
    ctx.clearRect(0, 0, W, l.height);
    const at: Places = {
      ctx,
      rowOf: new Map(sight.rows.map((r, k) => [r.lane, k])),
      X: t => (t - v.from) * scale,
      yOf: k => l.offsets[first + k] - scroll,
      hOf: k => l.offsets[first + k + 1] - l.offsets[first + k],
    };
    this.ground(at);
    this.names(at);
    if (s.arrows.peek()) this.arrows.draw(at, sight);
    this.path(at);
    this.range(at);
    this.bookmarks(at);
    if (l.hover && l.hover.event >= 0) this.outline(at, l.hover.event, s.palette.peek().text, 1);
    this.selected(at, Math.min(l.height, l.offsets[l.offsets.length - 1] - scroll));
    if (l.hover && !l.dragging) this.upright(at, l.hover.x, s.palette.peek().dim, 0.45, l.height);
  }

  /** The grid, and shade where there is no trace. */
  private ground({ ctx, X }: Places): void {
    const { width, height } = this.l,
      { duration } = this.s.store,
      p = this.s.palette.peek(),
      v = this.s.view.peek();
    ctx.fillStyle = p.grid;
    for (const t of ticks(v.from, v.to, width / 110).values)
      ctx.fillRect(Math.round(X(t)), 0, 1, height);
    ctx.fillStyle = p.dark ? 'rgba(0,0,0,.28)' : 'rgba(30,40,60,.06)';
    if (v.from < 0) ctx.fillRect(0, 0, X(0), height);
    if (v.to > duration) ctx.fillRect(X(duration), 0, width, height);
  }

  private range({ ctx, X }: Places): void {
    const range = this.l.dragRange ?? this.s.range.peek(),
      p = this.s.palette.peek(),
      { height } = this.l;
    if (!range) return;
    const a = X(range.from),
      b = X(range.to);
    ctx.fillStyle = p.dark ? 'rgba(124,176,255,.14)' : 'rgba(31,95,208,.10)';
    ctx.fillRect(a, 0, b - a, height);
    ctx.fillStyle = p.accent;
    ctx.fillRect(Math.round(a), 0, 1, height);
    ctx.fillRect(Math.round(b), 0, 1, height);
  }

  /** The critical path: a line along the lane that the end waited for. */
  private path({ ctx, rowOf, X, yOf }: Places): void {
    const { width } = this.l,
      path = this.s.store.meta.critical ?? [];
    ctx.fillStyle = this.s.palette.peek().accent;
    for (const [lane, from, to] of path) {
      const k = rowOf.get(lane),
        [a, b] = [X(from), X(to)];
      if (k === undefined || b < 0 || a > width) continue;
      const left = Math.max(0, a);
      ctx.fillRect(left, yOf(k), Math.max(1, Math.min(width, b) - left), 2);
    }
  }

  private bookmarks(at: Places): void {
    const { accent } = this.s.palette.peek();
    for (const { t } of this.s.bookmarks.peek()) {
      const x = at.X(t);
      if (x >= 0 && x <= this.l.width) this.upright(at, x, accent, 0.8, this.l.height);
    }
  }

  private selected(at: Places, bottom: number): void {
    const { s } = this,
      p = s.palette.peek(),
      sel = s.selected.peek();
    if (sel < 0 || sel >= s.store.hot) return;
    this.outline(at, sel, p.dark ? '#fff' : '#0b1220', 2);
    const x = at.X(s.store.start[sel]);
    if (x >= 0 && x <= this.l.width) this.upright(at, x, p.accent, 0.5, bottom);
  }

  private upright({ ctx }: Places, x: number, colour: string, alpha: number, bottom: number): void {
    ctx.fillStyle = colour;
    ctx.globalAlpha = alpha;
    ctx.fillRect(Math.round(x), 0, 1, bottom);
    ctx.globalAlpha = 1;
  }

  private outline(
    { ctx, rowOf, X, yOf, hOf }: Places,
    i: number,
    colour: string,
    width: number,
  ): void {
    const { store } = this.s,
      W = this.l.width,
      k = rowOf.get(store.lane[i]);
    if (k === undefined) return;
    const x0 = X(store.start[i]),
      x1 = Math.max(x0 + 2, X(store.end(i)));
    if (x1 < 0 || x0 > W) return;
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    const left = Math.max(-4, x0) - 1,
      right = Math.min(W + 4, x1) + 1;
    ctx.beginPath();
    ctx.roundRect(left, yOf(k) + 1.5, right - left, hOf(k) - 3, 2);
    ctx.stroke();
  }

  /** Names on spans wide enough to carry one, and a gap where each begins. */
  private names(at: Places): void {
    const { s } = this,
      { store } = s,
      v = s.view.peek(),
      { bits } = s.mask.peek(),
      least = (26 / this.l.width) * (v.to - v.from),
      i0 = store.lower(v.from),
      i1 = store.lower(v.to);
    if (i1 - i0 > 2_000_000) return;
    at.ctx.font = '11px ' + FONT;
    at.ctx.textBaseline = 'middle';
    let drawn = 0;
    const name = (i: number) => {
      if (drawn > 600 || (bits && !bits[i]) || store.layerOf[store.type[i]] !== Layer.Call) return;
      if (this.name(at, i)) drawn++;
    };
    if (store.hot) {
      const before = s.reach.before(i0, Layer.Call);
      for (const lane of at.rowOf.keys()) {
        const i = before[lane];
        if (i >= 0 && store.end(i) > v.from) name(i);
      }
    }
    const { dur32 } = store;
    for (let i = i0; i < i1 && drawn <= 600; i++) if (dur32[i] >= least) name(i);
  }

  /** True when there was room for it. */
  private name({ ctx, rowOf, X, yOf, hOf }: Places, i: number): boolean {
    const { store } = this.s,
      p = this.s.palette.peek(),
      k = rowOf.get(store.lane[i]);
    if (k === undefined) return false;
    const x0 = X(store.start[i]),
      left = Math.max(0, x0),
      room = Math.min(this.l.width, X(store.end(i))) - left - 8;
    if (x0 > 0) {
      ctx.fillStyle = p.dark ? 'rgba(10,12,16,.55)' : 'rgba(255,255,255,.75)';
      ctx.fillRect(x0, yOf(k) + 2, 1, hOf(k) - 4);
    }
    if (room < 20 || hOf(k) < 14) return false;
    const text = fitted(ctx, this.nameOf(i, room), room);
    if (!text) return false;
    const failed = p.dark ? '#1a0505' : '#fff';
    ctx.fillStyle = store.bad(i) ? failed : p.cssText[store.type[i]];
    ctx.fillText(text, left + 4, yOf(k) + hOf(k) / 2 + 0.5);
    return true;
  }

  private nameOf(i: number, room: number): string {
    const { store } = this.s,
      obj = room > 90 && store.cold > i ? store.objText(i) : '';
    let text = store.types[store.type[i]].name;
    const what = show(obj.slice(obj.lastIndexOf('/') + 1) || obj);
    if (what) text = what.startsWith(`${text} `) ? what : `${text}  ${what}`; // “futex 0x7f…” has it in its name
    if (store.failed(i) && room > 60) text += '  ' + store.errName[store.err[i]];
    return text;
  }
}
