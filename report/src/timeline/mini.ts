// SPDX-License-Identifier: MIT
// The strip of the whole trace, with the part that is in view.
import type { Pyramid } from '../engine/pyramid';
import type { State } from '../ui/state';
import type { Layout } from './layout';
import { drawMinimap } from './minimap';

export class Mini {
  private readonly canvas = document.createElement('canvas');
  private key = '';
  private of: Pyramid | null = null;
  constructor(
    private readonly s: State,
    private readonly l: Layout,
  ) {}

  draw(): void {
    const { mini } = this.l,
      ctx = mini.getContext('2d')!;
    this.update();
    ctx.clearRect(0, 0, mini.width, mini.height);
    ctx.drawImage(this.canvas, 0, 0);
    this.view(ctx);
    this.range(ctx);
  }

  private update(): void {
    const { s } = this,
      { width, height } = this.l.mini,
      pyramid = s.pyramid.peek(),
      key = `${width}x${height}/${s.store.hot}/${s.palette.peek().dark}`;
    // Under a new filter the old picture stands until the pyramid is built.
    if (this.key === key && (this.of === pyramid || !pyramid)) return;
    this.canvas.width = width;
    this.canvas.height = height;
    drawMinimap(this.canvas, s);
    this.key = key;
    this.of = pyramid;
  }

  /** The rest in shade, and handles at the edges of what is in view. */
  private view(ctx: CanvasRenderingContext2D): void {
    const { s } = this,
      { mini } = this.l,
      { width: W, height: H } = mini,
      d = s.store.duration,
      p = s.palette.peek(),
      v = s.view.peek(),
      dpr = W / (mini.clientWidth || W),
      a = Math.max(0, (v.from / d) * W),
      b = Math.min(W, (v.to / d) * W);
    ctx.fillStyle = p.dark ? 'rgba(8,10,14,.62)' : 'rgba(235,238,244,.72)';
    ctx.fillRect(0, 0, a, H);
    ctx.fillRect(b, 0, W - b, H);
    ctx.fillStyle = p.accent;
    const w = Math.max(2 * dpr, b - a);
    ctx.fillRect(a, 0, w, 2 * dpr);
    ctx.fillRect(a, H - 2 * dpr, w, 2 * dpr);
    if (s.isFit()) return;
    for (const x of [a, b - 3 * dpr]) ctx.fillRect(x, H / 2 - 8 * dpr, 3 * dpr, 16 * dpr);
    ctx.fillRect(a, 0, dpr, H);
    ctx.fillRect(Math.max(a, b - dpr), 0, dpr, H);
  }

  private range(ctx: CanvasRenderingContext2D): void {
    const range = this.s.range.peek(),
      { width: W, height: H } = this.l.mini,
      d = this.s.store.duration;
    if (!range) return;
    ctx.globalAlpha = 0.3;
    ctx.fillRect((range.from / d) * W, 0, Math.max(1, ((range.to - range.from) / d) * W), H);
    ctx.globalAlpha = 1;
  }
}
