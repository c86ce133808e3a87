// SPDX-License-Identifier: MIT
// The axis of time above the lanes.
import { duration, ticks } from '../engine/human';
import { show } from '../format/text';
import type { State } from '../ui/state';
import { FONT, type Layout } from './layout';

/** The selected range on the axis: from a to b, with its length as text where there is room. */
interface Mark {
  a: number;
  b: number;
  label: string;
  left: number;
  width: number;
  fits: boolean;
}

export class Axis {
  constructor(
    private readonly s: State,
    private readonly l: Layout,
  ) {}

  draw(): void {
    const { s, l } = this,
      v = s.view.peek(),
      p = s.palette.peek(),
      ctx = l.axis.getContext('2d')!,
      dpr = l.axis.width / (l.axis.clientWidth || l.width);
    ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
    ctx.clearRect(0, 0, l.axis.width, 40);
    ctx.font = '11px ' + FONT;
    ctx.textBaseline = 'middle';
    const mark = this.mark(ctx);
    this.ticks(ctx, mark);
    this.bookmarks(ctx);
    const text = `${duration(v.to - v.from)} shown`;
    if (l.corner.textContent !== text) l.corner.textContent = text;
    if (!mark) return;
    ctx.fillStyle = p.accent;
    ctx.fillRect(mark.a, 24, mark.b - mark.a, 2);
    if (mark.fits) ctx.fillText(mark.label, mark.left, 12);
  }

  private mark(ctx: CanvasRenderingContext2D): Mark | null {
    const v = this.s.view.peek(),
      range = this.l.dragRange ?? this.s.range.peek();
    if (!range) return null;
    const scale = this.l.width / (v.to - v.from),
      label = duration(range.to - range.from),
      { width } = ctx.measureText(label),
      a = (range.from - v.from) * scale,
      b = (range.to - v.from) * scale;
    return { a, b, label, left: (a + b) / 2 - width / 2, width, fits: b - a > width + 12 };
  }

  /** A flag with the beginning of its note. */
  private bookmarks(ctx: CanvasRenderingContext2D): void {
    const v = this.s.view.peek(),
      p = this.s.palette.peek(),
      scale = this.l.width / (v.to - v.from);
    for (const { t, note } of this.s.bookmarks.peek()) {
      const x = (t - v.from) * scale;
      if (x < 0 || x > this.l.width) continue;
      const text = show(note).slice(0, 24),
        width = text ? ctx.measureText(text).width + 8 : 8,
        left = Math.min(x, this.l.width - width);
      ctx.fillStyle = p.accent;
      ctx.fillRect(left, 2, width, 15);
      ctx.fillRect(x, 2, 1, 24);
      ctx.fillStyle = p.dark ? '#0b1220' : '#fff';
      ctx.fillText(text, left + 4, 10);
    }
  }

  private ticks(ctx: CanvasRenderingContext2D, mark: Mark | null): void {
    const v = this.s.view.peek(),
      W = this.l.width,
      scale = W / (v.to - v.from),
      t = ticks(v.from, v.to, W / 110);
    ctx.fillStyle = this.s.palette.peek().dim;
    for (const x of t.values) {
      const px = Math.round((x - v.from) * scale);
      ctx.globalAlpha = 0.5;
      ctx.fillRect(px, 18, 1, 8);
      ctx.globalAlpha = 1;
      const text = t.label(x),
        from = px + 5,
        to = from + ctx.measureText(text).width;
      // The length of the selected range goes before a tick's text.
      const under = mark?.fits && from < mark.left + mark.width + 6 && to > mark.left - 6;
      if (to < W && !under) ctx.fillText(text, from, 12);
    }
    const minor = t.step / 5;
    ctx.globalAlpha = 0.35;
    for (let k = Math.ceil(v.from / minor); k * minor < v.to && minor * scale > 5; k++)
      ctx.fillRect(Math.round((k * minor - v.from) * scale), 22, 1, 4);
    ctx.globalAlpha = 1;
  }
}
