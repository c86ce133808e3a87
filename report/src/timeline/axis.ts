// SPDX-License-Identifier: MIT
// The axis of time above the lanes.
import { duration, ticks } from '../engine/human';
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
