// SPDX-License-Identifier: MIT
// Who started which process, and where a process became another program.
import type { State } from '../ui/state';
import type { Layout, Sight } from './layout';
import type { Places } from './overlay';

export class Arrows {
  /** Lane → row of all lanes, made when a parent is out of sight. */
  private index: Map<number, number> | null = null;
  constructor(
    private readonly s: State,
    private readonly l: Layout,
  ) {}

  draw(at: Places, { first, rows }: Sight): void {
    const { width } = this.l,
      p = this.s.palette.peek();
    this.index = null;
    at.ctx.lineWidth = 1;
    let drawn = 0,
      lastX = -9;
    rows.forEach((r, k) => {
      const t = this.s.store.tasks[r.lane];
      for (const e of t.execs) {
        const x = at.X(e.t);
        if (!e.inherited && x >= 0 && x <= width) this.notch(at, x, k, p.text);
      }
      const x = at.X(t.start);
      if (t.parent < 0 || t.was_running || x < 0 || x > width || drawn > 300) return;
      const y0 = this.parentY(at, t.parent, first);
      if (y0 === null) return;
      // Many from one parent above: one line is enough.
      if (y0 < 0 && Math.abs(x - lastX) < 3) return;
      if (y0 < 0) lastX = x;
      this.arrow(at, x, y0, at.yOf(k) + at.hOf(k) / 2, p.accent);
      drawn++;
    });
  }

  /** Where the arrow begins: the parent's lane, or the edge it is behind; null when it has no row. */
  private parentY({ rowOf, yOf, hOf }: Places, parent: number, first: number): number | null {
    const k = rowOf.get(parent);
    if (k !== undefined) return yOf(k) + hOf(k) / 2;
    this.index ??= new Map(this.s.laneRows.peek().map((row, i) => [row.lane, i]));
    const row = this.index.get(parent);
    if (row === undefined) return null;
    return row < first ? -2 : this.l.height + 2;
  }

  /** Exec: a small notch where the program changed. */
  private notch({ ctx, yOf }: Places, x: number, k: number, colour: string): void {
    ctx.fillStyle = colour;
    ctx.beginPath();
    ctx.moveTo(x - 3, yOf(k));
    ctx.lineTo(x + 3, yOf(k));
    ctx.lineTo(x, yOf(k) + 4);
    ctx.fill();
  }

  private arrow({ ctx }: Places, x: number, y0: number, y1: number, colour: string): void {
    ctx.strokeStyle = colour;
    ctx.globalAlpha = 0.55;
    ctx.beginPath();
    ctx.moveTo(x - 0.5, y0);
    ctx.lineTo(x - 0.5, y1 - (y1 > y0 ? 3 : -3));
    ctx.stroke();
    ctx.fillStyle = colour;
    const up = y1 > y0 ? -1 : 1;
    ctx.beginPath();
    ctx.moveTo(x - 3.5, y1 + 5 * up);
    ctx.lineTo(x + 2.5, y1 + 5 * up);
    ctx.lineTo(x - 0.5, y1);
    ctx.fill();
    ctx.globalAlpha = 1;
  }
}
