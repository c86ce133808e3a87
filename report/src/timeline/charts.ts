// SPDX-License-Identifier: MIT
// The rows of charts above the lanes.
import type { State } from '../ui/state';
import { counterSeries, drawSeries, type Series } from './counters';
import type { Layout } from './layout';

const HEIGHT = 28;

export class Charts {
  private list: { series: Series; canvas: HTMLCanvasElement; value: HTMLElement }[] = [];
  constructor(
    private readonly s: State,
    private readonly l: Layout,
  ) {}

  /** Once everything has loaded. */
  make(): void {
    if (this.l.compact) return;
    this.l.counters.replaceChildren();
    this.list = counterSeries(this.s.store).map(series => {
      const [row, label] = [document.createElement('div'), document.createElement('div')],
        [name, value] = [document.createElement('span'), document.createElement('span')],
        canvas = document.createElement('canvas');
      row.className = 'tl-counter';
      label.className = 'tl-gutter';
      name.textContent = series.name;
      value.className = 'tl-counter-value';
      label.append(name, value);
      canvas.setAttribute('role', 'img');
      canvas.setAttribute('aria-label', `${series.name}: highest ${series.text(series.max)}`);
      row.append(label, canvas);
      this.l.counters.append(row);
      return { series, canvas, value };
    });
    this.l.update();
  }

  draw(): void {
    const { l } = this,
      v = this.s.view.peek(),
      p = this.s.palette.peek(),
      dpr = window.devicePixelRatio || 1,
      w = Math.round(l.width * dpr),
      h = Math.round(HEIGHT * dpr),
      at = l.hover ? l.timeAt(l.hover.x) : null;
    for (const { series, canvas, value } of this.list) {
      if (canvas.width !== w || canvas.height !== h) {
        canvas.width = w;
        canvas.height = h;
        canvas.style.width = l.width + 'px';
      }
      const text = drawSeries(canvas, series, v.from, v.to, p, at);
      if (value.textContent !== text) value.textContent = text;
    }
  }
}
