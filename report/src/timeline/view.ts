// SPDX-License-Identifier: MIT
// The timeline: minimap, axis, counters and lanes. Marks are pixels (ImageData); text, selection and arrows lie above them.
import { effect } from '@preact/signals';
import { duration, instant, plural, ticks } from '../engine/human';
import {
  addReaching,
  addRows,
  classNs,
  FAILED,
  newCells,
  TYPE,
  type Cells,
  type Pyramid,
} from '../engine/pyramid';
import { Layer } from '../engine/store';
import { show } from '../format/text';
import { eventItems, laneItems, openMenu } from '../ui/menu';
import type { Palette } from '../ui/colors';
import { frames, stats, type State } from '../ui/state';
import { counterSeries, drawSeries, type Series } from './counters';
import { drawMinimap } from './minimap';

const DIRECT = 1_500_000; // rows in view up to which every frame scans them all
const GUTTER = 232;

export interface TimelineOptions {
  compact: boolean;
}

export class Timeline {
  readonly el: HTMLElement;
  private body: HTMLElement;
  private space: HTMLElement;
  private labels: HTMLElement;
  private pix: HTMLCanvasElement;
  private over: HTMLCanvasElement;
  private axis: HTMLCanvasElement;
  private mini: HTMLCanvasElement;
  private counters: HTMLElement;
  private tip: HTMLElement;
  private alt: HTMLElement;
  private empty: HTMLElement;
  private image: ImageData | null = null;
  private width = 0;
  private height = 0;
  private offsets = new Int32Array(1);
  private pending = 0;
  private hover: { x: number; y: number; event: number; lane: number } | null = null;
  private dragRange: { from: number; to: number } | null = null;
  private window: { key: string; cells: Cells } | null = null;
  private miniCache: { key: string; canvas: HTMLCanvasElement } | null = null;
  private pool: HTMLElement[] = [];
  private series: { s: Series; canvas: HTMLCanvasElement; value: HTMLElement }[] = [];
  private stop: (() => void)[] = [];
  private resize: ResizeObserver;

  constructor(
    readonly s: State,
    private o: TimelineOptions,
  ) {
    const make = <K extends keyof HTMLElementTagNameMap>(
      tag: K,
      cls: string,
      parent?: HTMLElement,
    ): HTMLElementTagNameMap[K] => {
      const e = document.createElement(tag);
      e.className = cls;
      parent?.append(e);
      return e;
    };
    this.el = make('div', 'tl' + (o.compact ? ' tl-compact' : ''));
    this.el.setAttribute('role', 'group');
    this.el.setAttribute('aria-label', 'Timeline');
    const top = make('div', 'tl-minirow', this.el);
    make('div', 'tl-gutter tl-caption', top).textContent = 'whole trace';
    this.mini = make('canvas', 'tl-mini', top);
    const axisRow = make('div', 'tl-axisrow', this.el);
    make('div', 'tl-gutter tl-corner', axisRow);
    this.axis = make('canvas', 'tl-axis', axisRow);
    this.counters = make('div', 'tl-counters', this.el);
    this.body = make('div', 'tl-body', this.el);
    this.body.tabIndex = 0;
    this.body.setAttribute('role', 'application');
    this.body.setAttribute('aria-roledescription', 'timeline');
    this.space = make('div', 'tl-space', this.body);
    const stick = make('div', 'tl-stick', this.body);
    this.labels = make('div', 'tl-labels', stick);
    this.pix = make('canvas', 'tl-pix', stick);
    this.over = make('canvas', 'tl-over', stick);
    this.empty = make('div', 'tl-empty', stick);
    this.tip = make('div', 'tl-tip', this.el);
    this.tip.hidden = true;
    this.alt = make('p', 'sr', this.el);
    this.alt.id = `tl-alt-${o.compact ? 'c' : 'f'}`;
    this.body.setAttribute('aria-describedby', this.alt.id);
    this.mini.setAttribute('aria-hidden', 'true');
    this.axis.setAttribute('aria-hidden', 'true');
    this.pix.setAttribute('aria-hidden', 'true');
    this.over.setAttribute('aria-hidden', 'true');
    this.listen();
    this.resize = new ResizeObserver(() => {
      this.layout();
      this.invalidate();
    });
    this.resize.observe(this.body);
    this.stop.push(
      effect(() => {
        // What a frame depends on.
        void [
          s.view.value,
          s.version.value,
          s.mask.value,
          s.pyramid.value,
          s.laneRows.value,
          s.selected.value,
          s.range.value,
          s.palette.value,
          s.arrows.value,
          s.coldReady.value,
        ];
        this.invalidate();
      }),
    );
    this.stop.push(
      effect(() => {
        if (s.coldReady.value) this.makeCounters();
      }),
    );
  }

  destroy(): void {
    for (const f of this.stop) f();
    this.resize.disconnect();
    cancelAnimationFrame(this.pending);
  }

  /** Printing does not wait for a frame. */
  drawForPrint(): void {
    this.layout();
    this.draw();
  }

  invalidate(): void {
    if (this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.draw();
    });
  }

  private rowHeight(rows: number, room: number, thread: boolean): number {
    if (this.o.compact) return thread ? 16 : 20;
    // Few lanes get more room, but a lane never becomes a wall.
    const h = rows && room ? Math.max(22, Math.min(34, Math.floor(room / rows / 2))) : 22;
    return thread ? h - 4 : h;
  }

  private layout(): void {
    const rows = this.s.laneRows.peek(),
      room = this.body.clientHeight,
      tall = this.rowHeight(rows.length, room, false),
      low = this.rowHeight(rows.length, room, true);
    this.offsets = new Int32Array(rows.length + 1);
    for (let i = 0; i < rows.length; i++)
      this.offsets[i + 1] = this.offsets[i] + (rows[i].thread ? low : tall);
    this.space.style.height = this.offsets[rows.length] + 'px';
    this.width = Math.max(50, this.body.clientWidth - GUTTER);
    this.height = Math.max(20, this.body.clientHeight);
    const dpr = window.devicePixelRatio || 1;
    for (const [c, w, h] of [
      [this.pix, this.width, this.height],
      [this.over, this.width, this.height],
      [this.axis, this.axis.clientWidth || this.width, 26],
      [this.mini, this.mini.clientWidth || this.width, 40],
    ] as const) {
      const pw = Math.max(1, Math.round(w * dpr)),
        ph = Math.max(1, Math.round(h * dpr));
      if (c.width !== pw || c.height !== ph) {
        c.width = pw;
        c.height = ph;
      }
      if (c === this.pix || c === this.over) {
        c.style.width = w + 'px';
        c.style.height = h + 'px';
      }
    }
    this.image = null;
    this.s.minSpan = this.width;
  }

  /** Lane row under a y of the body. */
  private rowAt(y: number): number {
    const at = y + this.body.scrollTop;
    let lo = 0,
      hi = this.offsets.length - 2;
    if (hi < 0 || at >= this.offsets[hi + 1]) return -1;
    while (lo < hi) {
      const mid = (lo + hi + 1) >> 1;
      if (this.offsets[mid] <= at) lo = mid;
      else hi = mid - 1;
    }
    return lo;
  }
  private timeAt(x: number): number {
    const v = this.s.view.peek();
    return v.from + (x / this.width) * (v.to - v.from);
  }

  scrollToLane(lane: number): void {
    const i = this.s.laneRows.peek().findIndex(r => r.lane === lane);
    if (i < 0) return;
    const top = this.offsets[i],
      h = this.body.clientHeight;
    if (top < this.body.scrollTop || this.offsets[i + 1] > this.body.scrollTop + h)
      this.body.scrollTop = Math.max(0, top - h / 3);
  }

  // ---- drawing ----

  private draw(): void {
    if (!this.el.isConnected || this.width < 1 || !this.el.offsetParent) return;
    const t0 = performance.now(),
      { s } = this,
      { store } = s,
      rows = s.laneRows.peek();
    if (this.rowsDrawn !== rows) {
      this.rowsDrawn = rows;
      this.layout();
    }
    s.whole.update();
    s.reach.update();
    const scroll = this.body.scrollTop,
      first = Math.max(0, this.rowAt(0));
    let last = first;
    while (last < rows.length && this.offsets[last] < scroll + this.height) last++;
    const visible = rows.slice(first, last);
    this.drawLabels(first, visible, scroll);
    this.drawPixels(first, visible, scroll);
    this.drawOver(first, visible, scroll);
    this.drawAxis();
    this.drawMini();
    this.drawCounters();
    const n = store.hot;
    this.empty.textContent =
      store.n === 0
        ? 'No events: nothing was recorded.'
        : rows.length === 0 && s.hotReady.peek()
          ? 'No lane has an event under this filter.'
          : '';
    this.empty.hidden = !this.empty.textContent;
    const v = s.view.peek();
    const alt =
      `${plural(rows.length, 'lane')}, ${plural(s.mask.peek().count, 'event')}${s.filter.peek() ? ` of ${n.toLocaleString('en-US')} (filtered)` : ''}. Shown: ${duration(Math.max(0, v.from)) || '0'} to ${duration(Math.min(store.duration, v.to))} of ${duration(store.duration)}.` +
      (visible.length
        ? ` First lanes: ${visible
            .slice(0, 10)
            .map(r => `${show(store.tasks[r.lane].comm)} ${store.tasks[r.lane].tid}`)
            .join(', ')}.`
        : '') +
      (s.selected.peek() >= 0
        ? ` Selected: ${store.types[store.type[s.selected.peek()]].name} at ${duration(store.start[s.selected.peek()])}.`
        : '');
    if (this.alt.textContent !== alt) this.alt.textContent = alt;
    frames.push(performance.now() - t0);
    if (frames.length > 400) frames.splice(0, 200);
    if (!stats.firstFrame) stats.firstFrame = performance.now();
  }
  private rowsDrawn: unknown = null;

  /** The cells for the lanes shown, one bucket a pixel or finer. */
  private cells(slots: Int32Array, count: number, width: number): { cells: Cells; own: boolean } {
    const { s } = this,
      { store } = s,
      v = s.view.peek(),
      ns = (v.to - v.from) / width;
    const level = s.pyramid.peek()?.level(ns);
    if (level) return { cells: level, own: false };
    const bits = s.mask.peek().bits,
      i0 = store.lower(v.from),
      i1 = store.lower(v.to);
    if (i1 - i0 <= DIRECT) {
      const cells = newCells(v.from, v.to, width, count);
      addReaching(store, s.reach, cells, i0, bits, slots);
      addRows(store, cells, i0, i1, bits, slots);
      return { cells, own: true };
    }
    // Too many rows for every frame: cells for a window around the view, kept until the view leaves it or needs finer ones.
    const w = this.window,
      key = `${store.hot}/${slots.length}/${[...slots.keys()].filter(l => slots[l] >= 0).join()}`;
    if (
      w &&
      w.key === key &&
      this.windowBits === bits &&
      w.cells.from <= v.from &&
      w.cells.to >= v.to &&
      (w.cells.to - w.cells.from) / w.cells.buckets <= ns * 1.001
    )
      return { cells: w.cells, own: true };
    const span = v.to - v.from,
      from = v.from - span / 2,
      to = v.to + span / 2;
    let buckets = width * 4;
    while (buckets * count > 8 << 20 && buckets > width * 2) buckets >>= 1;
    const cells = newCells(from, to, buckets, count),
      a = store.lower(from);
    addReaching(store, s.reach, cells, a, bits, slots);
    addRows(store, cells, a, store.lower(to), bits, slots);
    this.window = { key, cells };
    this.windowBits = bits;
    return { cells, own: true };
  }
  private windowBits: Uint8Array | null = null;

  private drawPixels(
    first: number,
    visible: readonly { lane: number; thread: boolean }[],
    scroll: number,
  ): void {
    const { s } = this,
      { store } = s,
      p = s.palette.peek(),
      v = s.view.peek();
    const W = this.pix.width,
      H = this.pix.height,
      dpr = W / this.width;
    const ctx = this.pix.getContext('2d', { alpha: false })!;
    if (!this.image || this.image.width !== W || this.image.height !== H)
      this.image = ctx.createImageData(W, H);
    const out = new Uint32Array(this.image.data.buffer);
    out.fill(p.ground);
    const slots = new Int32Array(store.tasks.length).fill(-1);
    visible.forEach((r, k) => {
      slots[r.lane] = k;
    });
    const useOverview = store.hot === 0 && store.overview && !s.filter.peek();
    const got = useOverview ? null : this.cells(slots, visible.length, W);
    const ns = (v.to - v.from) / W,
      line = new Uint32Array(W),
      low = new Uint32Array(W),
      stateLine = new Uint32Array(W),
      markLine = new Uint32Array(W);
    for (let k = 0; k < visible.length; k++) {
      const { lane, thread } = visible[k],
        task = store.tasks[lane];
      const top = Math.round((this.offsets[first + k] - scroll) * dpr),
        bottom = Math.round((this.offsets[first + k + 1] - scroll) * dpr);
      const pad = Math.max(1, Math.round((thread ? 3 : 2) * dpr)),
        ground = (first + k) % 2 ? p.rowAlt : p.ground;
      line.fill(ground);
      const a = clamp(Math.floor((task.start - v.from) / ns), 0, W),
        b = clamp(Math.ceil((store.taskEnd(lane) - v.from) / ns), 0, W);
      if (b > a) line.fill(thread ? p.lifeThread : p.life, a, b);
      let hasState = false,
        hasMark = false;
      if (useOverview) this.overviewLine(line, lane, v.from, ns);
      else if (got) {
        const { cells } = got,
          slot = got.own ? k : lane;
        paint(line, cells, cells.data, slot, v.from, ns, p, false);
        markLine.fill(0);
        hasMark =
          cells.marks !== null && paint(markLine, cells, cells.marks, slot, v.from, ns, p, true);
        if (cells.states) {
          stateLine.fill(0);
          hasState = paint(stateLine, cells, cells.states, slot, v.from, ns, p, false);
        }
      }
      // Where calls failed among others the lower third says so; a long call that failed is all red.
      low.set(line);
      if (got) failedLine(low, got.cells, got.own ? k : lane, v.from, ns, p.failed);
      // One row of pixels, then copies of it down the lane.
      const y0 = Math.max(0, top + pad),
        y1 = Math.min(H, bottom - pad),
        stripe = hasState ? Math.max(2, Math.round(3 * dpr)) : 0;
      for (let y = Math.max(0, top); y < Math.min(H, bottom); y++)
        out.fill(ground, y * W, (y + 1) * W);
      const yEnd = y1 - stripe - (stripe ? Math.round(dpr) : 0);
      const yLow = yEnd - Math.max(2, Math.round((bottom - top) * 0.28));
      for (let y = y0; y < yEnd; y++) out.set(y < yLow ? line : low, y * W);
      // Marks are ticks at the upper edge: however many, they leave the calls in sight.
      if (hasMark) {
        const yMark = Math.min(yEnd, y0 + Math.max(3, Math.round(4 * dpr)));
        for (let x = 0; x < W; x++)
          if (markLine[x]) for (let y = y0; y < yMark; y++) out[y * W + x] = markLine[x];
      }
      if (stripe) {
        for (let x = 0; x < W; x++) if (!stateLine[x]) stateLine[x] = ground;
        for (let y = Math.max(0, y1 - stripe); y < y1; y++) out.set(stateLine, y * W);
      }
    }
    ctx.putImageData(this.image, 0, 0);
  }

  private overviewLine(line: Uint32Array, lane: number, from: number, ns: number): void {
    const o = this.s.store.overview!,
      p = this.s.palette.peek(),
      d = this.s.store.duration;
    if (lane >= o.lanes) return;
    for (let x = 0; x < line.length; x++) {
      const b = Math.floor(((from + x * ns) / d) * o.buckets);
      if (b < 0 || b >= o.buckets) continue;
      const c = o.cat[lane * o.buckets + b];
      if (c & 128) line[x] = p.failedFaint;
      else if (c) line[x] = p.cat[(c & 127) - 1] ?? p.life;
    }
  }

  private drawOver(
    first: number,
    visible: readonly { lane: number; thread: boolean }[],
    scroll: number,
  ): void {
    const { s } = this,
      { store } = s,
      p = s.palette.peek(),
      v = s.view.peek(),
      ctx = this.over.getContext('2d')!;
    const W = this.width,
      dpr = this.over.width / W,
      scale = W / (v.to - v.from),
      X = (t: number) => (t - v.from) * scale;
    ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
    ctx.clearRect(0, 0, W, this.height);
    const bottom = Math.min(this.height, this.offsets[this.offsets.length - 1] - scroll);
    const grid = ticks(v.from, v.to, W / 110);
    ctx.fillStyle = p.grid;
    for (const t of grid.values) ctx.fillRect(Math.round(X(t)), 0, 1, this.height);
    // Outside the trace.
    ctx.fillStyle = p.dark ? 'rgba(0,0,0,.28)' : 'rgba(30,40,60,.06)';
    if (v.from < 0) ctx.fillRect(0, 0, X(0), this.height);
    if (v.to > store.duration) ctx.fillRect(X(store.duration), 0, W, this.height);

    const rowOf = new Map(visible.map((r, k) => [r.lane, k]));
    const yOf = (k: number) => this.offsets[first + k] - scroll,
      hOf = (k: number) => this.offsets[first + k + 1] - this.offsets[first + k];
    this.drawNames(ctx, rowOf, X, yOf, hOf);
    if (s.arrows.peek()) this.drawArrows(ctx, first, visible, rowOf, X, yOf, hOf);

    const range = this.dragRange ?? s.range.peek();
    if (range) {
      const a = X(range.from),
        b = X(range.to);
      ctx.fillStyle = p.dark ? 'rgba(124,176,255,.14)' : 'rgba(31,95,208,.10)';
      ctx.fillRect(a, 0, b - a, this.height);
      ctx.fillStyle = p.accent;
      ctx.fillRect(Math.round(a), 0, 1, this.height);
      ctx.fillRect(Math.round(b), 0, 1, this.height);
    }
    const outline = (i: number, colour: string, width: number) => {
      const k = rowOf.get(store.lane[i]);
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
    };
    if (this.hover && this.hover.event >= 0) outline(this.hover.event, p.text, 1);
    const sel = s.selected.peek();
    if (sel >= 0 && sel < store.hot) {
      outline(sel, p.dark ? '#fff' : '#0b1220', 2);
      const x = X(store.start[sel]);
      if (x >= 0 && x <= W) {
        ctx.fillStyle = p.accent;
        ctx.globalAlpha = 0.5;
        ctx.fillRect(Math.round(x), 0, 1, bottom);
        ctx.globalAlpha = 1;
      }
    }
    if (this.hover && !this.dragging) {
      ctx.fillStyle = p.dim;
      ctx.globalAlpha = 0.45;
      ctx.fillRect(Math.round(this.hover.x), 0, 1, this.height);
      ctx.globalAlpha = 1;
    }
  }

  /** Names on spans wide enough to carry one, and a gap where each begins. */
  private drawNames(
    ctx: CanvasRenderingContext2D,
    rowOf: Map<number, number>,
    X: (t: number) => number,
    yOf: (k: number) => number,
    hOf: (k: number) => number,
  ): void {
    const { s } = this,
      { store } = s,
      v = s.view.peek(),
      p = s.palette.peek(),
      bits = s.mask.peek().bits;
    const least = (26 / this.width) * (v.to - v.from),
      i0 = store.lower(v.from),
      i1 = store.lower(v.to);
    if (i1 - i0 > 2_000_000) return;
    ctx.font = '11px ' + FONT;
    ctx.textBaseline = 'middle';
    let drawn = 0;
    const name = (i: number) => {
      if (drawn > 600 || (bits && !bits[i]) || store.layerOf[store.type[i]] !== Layer.Call) return;
      const k = rowOf.get(store.lane[i]);
      if (k === undefined) return;
      const x0 = X(store.start[i]),
        x1 = X(store.end(i)),
        left = Math.max(0, x0),
        room = Math.min(this.width, x1) - left - 8;
      if (x0 > 0) {
        ctx.fillStyle = p.dark ? 'rgba(10,12,16,.55)' : 'rgba(255,255,255,.75)';
        ctx.fillRect(x0, yOf(k) + 2, 1, hOf(k) - 4);
      }
      if (room < 20 || hOf(k) < 14) return;
      const t = store.type[i],
        obj = room > 90 && store.cold > i ? store.objText(i) : '',
        failed = store.failed(i);
      let text = store.types[t].name;
      if (obj) {
        const base = obj.slice(obj.lastIndexOf('/') + 1);
        text += '  ' + show(base || obj);
      }
      if (failed && room > 60) text += '  ' + store.errName[store.err[i]];
      const fit = Math.floor(room / 6.1);
      if (text.length > fit) {
        if (fit < 4) return;
        text = text.slice(0, fit - 1) + '…';
      }
      ctx.fillStyle = failed ? (p.dark ? '#1a0505' : '#fff') : p.cssText[t];
      ctx.fillText(text, left + 4, yOf(k) + hOf(k) / 2 + 0.5);
      drawn++;
    };
    if (store.hot) {
      const before = s.reach.before(i0, Layer.Call);
      for (const lane of rowOf.keys()) {
        const i = before[lane];
        if (i >= 0 && store.end(i) > v.from) name(i);
      }
    }
    const { dur32 } = store;
    for (let i = i0; i < i1 && drawn <= 600; i++) if (dur32[i] >= least) name(i);
  }

  private drawArrows(
    ctx: CanvasRenderingContext2D,
    first: number,
    visible: readonly { lane: number }[],
    rowOf: Map<number, number>,
    X: (t: number) => number,
    yOf: (k: number) => number,
    hOf: (k: number) => number,
  ): void {
    const { s } = this,
      { store } = s,
      p = s.palette.peek(),
      rows = s.laneRows.peek();
    let index: Map<number, number> | null = null;
    ctx.lineWidth = 1;
    let drawn = 0,
      lastX = -9;
    visible.forEach((r, k) => {
      const t = store.tasks[r.lane];
      // Exec: a small notch where the program changed.
      for (const e of t.execs) {
        if (e.inherited) continue;
        const x = X(e.t);
        if (x < 0 || x > this.width) continue;
        ctx.fillStyle = p.text;
        ctx.beginPath();
        ctx.moveTo(x - 3, yOf(k));
        ctx.lineTo(x + 3, yOf(k));
        ctx.lineTo(x, yOf(k) + 4);
        ctx.fill();
      }
      const x = X(t.start);
      if (t.parent < 0 || t.was_running || x < 0 || x > this.width || drawn > 300) return;
      let parent = rowOf.get(t.parent),
        y0: number;
      if (parent !== undefined) y0 = yOf(parent) + hOf(parent) / 2;
      else {
        index ??= new Map(rows.map((row, i) => [row.lane, i]));
        parent = index.get(t.parent);
        if (parent === undefined) return;
        y0 = parent < first ? -2 : this.height + 2;
      }
      if (parent !== undefined && y0 < 0 && Math.abs(x - lastX) < 3) return; // many from one parent above: one line is enough
      if (y0 < 0) lastX = x;
      const y1 = yOf(k) + hOf(k) / 2;
      ctx.strokeStyle = p.accent;
      ctx.globalAlpha = 0.55;
      ctx.beginPath();
      ctx.moveTo(x - 0.5, y0);
      ctx.lineTo(x - 0.5, y1 - (y1 > y0 ? 3 : -3));
      ctx.stroke();
      ctx.fillStyle = p.accent;
      const up = y1 > y0 ? -1 : 1;
      ctx.beginPath();
      ctx.moveTo(x - 3.5, y1 + 5 * up);
      ctx.lineTo(x + 2.5, y1 + 5 * up);
      ctx.lineTo(x - 0.5, y1);
      ctx.fill();
      ctx.globalAlpha = 1;
      drawn++;
    });
  }

  private drawLabels(
    first: number,
    visible: readonly {
      lane: number;
      depth: number;
      thread: boolean;
      threads: number;
      pinned: boolean;
    }[],
    scroll: number,
  ): void {
    const { store } = this.s;
    while (this.pool.length < visible.length) {
      const e = document.createElement('div');
      e.append(
        document.createElement('span'),
        document.createElement('span'),
        document.createElement('span'),
      );
      this.labels.append(e);
      this.pool.push(e);
    }
    const selLane = this.s.selected.peek() >= 0 ? store.lane[this.s.selected.peek()] : -1;
    this.pool.forEach((e, k) => {
      const r = visible[k];
      e.hidden = !r;
      if (!r) return;
      const t = store.tasks[r.lane],
        bad = t.signal !== undefined || (t.exit ?? 0) !== 0;
      e.style.transform = `translateY(${this.offsets[first + k] - scroll}px)`;
      e.style.height = this.offsets[first + k + 1] - this.offsets[first + k] + 'px';
      const key = `${r.lane}/${r.depth}/${r.pinned}/${r.lane === selLane}/${(first + k) & 1}`;
      if (e.dataset.key === key) return;
      e.dataset.key = key;
      e.dataset.lane = String(r.lane);
      e.className = `lane${r.thread ? ' thread' : ''}${r.pinned ? ' pinned' : ''}${r.lane === selLane ? ' on' : ''}${(first + k) & 1 ? ' alt' : ''}`;
      e.style.setProperty('--d', String(Math.min(r.depth, 8)));
      const argv = store.argv(r.lane),
        spans = e.children as unknown as HTMLElement[];
      spans[0].className = 'lane-name';
      spans[0].textContent = (r.thread ? '↳ ' : '') + show(t.comm);
      spans[1].className = 'lane-pid';
      spans[1].textContent = String(t.tid);
      spans[2].className = 'lane-exit' + (bad ? ' bad' : '');
      spans[2].textContent = r.thread
        ? ''
        : t.signal
          ? t.signal.replace(/^SIG/, '')
          : bad
            ? String(t.exit)
            : '';
      e.title = `${show(argv.join(' ')) || show(t.comm)}\n${r.thread ? 'thread' : 'process'} ${t.tid}, ${duration(store.taskEnd(r.lane) - t.start)}${t.signal ? ', killed by ' + t.signal : t.exit !== undefined ? ', exit ' + t.exit : ''}`;
    });
  }

  private drawAxis(): void {
    const { s } = this,
      v = s.view.peek(),
      p = s.palette.peek(),
      ctx = this.axis.getContext('2d')!,
      W = this.width,
      dpr = this.axis.width / (this.axis.clientWidth || W);
    ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
    ctx.clearRect(0, 0, this.axis.width, 40);
    ctx.font = '11px ' + FONT;
    ctx.textBaseline = 'middle';
    const t = ticks(v.from, v.to, W / 110),
      scale = W / (v.to - v.from);
    const range = this.dragRange ?? s.range.peek(),
      label = range ? duration(range.to - range.from) : '',
      labelW = ctx.measureText(label).width;
    const a = range ? (range.from - v.from) * scale : 0,
      b = range ? (range.to - v.from) * scale : 0,
      left = (a + b) / 2 - labelW / 2,
      labelled = b - a > labelW + 12;
    for (const x of t.values) {
      const px = Math.round((x - v.from) * scale);
      ctx.fillStyle = p.dim;
      ctx.globalAlpha = 0.5;
      ctx.fillRect(px, 18, 1, 8);
      ctx.globalAlpha = 1;
      const text = t.label(x),
        w = ctx.measureText(text).width;
      // The length of the selected range goes before a tick's text.
      if (px + 5 + w < W && !(labelled && px + 5 < left + labelW + 6 && px + 5 + w > left - 6))
        ctx.fillText(text, px + 5, 12);
    }
    const minor = t.step / 5;
    ctx.globalAlpha = 0.35;
    ctx.fillStyle = p.dim;
    for (let k = Math.ceil(v.from / minor); k * minor < v.to && minor * scale > 5; k++)
      ctx.fillRect(Math.round((k * minor - v.from) * scale), 22, 1, 4);
    ctx.globalAlpha = 1;
    const corner = this.el.querySelector('.tl-corner')!;
    const text = `${duration(v.to - v.from)} shown`;
    if (corner.textContent !== text) corner.textContent = text;
    if (range) {
      ctx.fillStyle = p.accent;
      ctx.fillRect(a, 24, b - a, 2);
      if (labelled) ctx.fillText(label, left, 12);
    }
  }

  private drawMini(): void {
    const { s } = this,
      { store } = s,
      p = s.palette.peek(),
      W = this.mini.width,
      H = this.mini.height,
      ctx = this.mini.getContext('2d')!;
    const key = `${W}x${H}/${store.hot}/${p.dark}`;
    // Under a new filter the old picture stands until the pyramid is built.
    if (this.miniCache?.key !== key || (this.miniOf !== s.pyramid.peek() && s.pyramid.peek())) {
      const canvas = this.miniCache?.canvas ?? document.createElement('canvas');
      canvas.width = W;
      canvas.height = H;
      drawMinimap(canvas, s);
      this.miniCache = { key, canvas };
      this.miniOf = s.pyramid.peek();
    }
    ctx.clearRect(0, 0, W, H);
    ctx.drawImage(this.miniCache.canvas, 0, 0);
    const v = s.view.peek(),
      dpr = W / (this.mini.clientWidth || W),
      a = Math.max(0, (v.from / store.duration) * W),
      b = Math.min(W, (v.to / store.duration) * W);
    ctx.fillStyle = p.dark ? 'rgba(8,10,14,.62)' : 'rgba(235,238,244,.72)';
    ctx.fillRect(0, 0, a, H);
    ctx.fillRect(b, 0, W - b, H);
    ctx.fillStyle = p.accent;
    const w = Math.max(2 * dpr, b - a);
    ctx.fillRect(a, 0, w, 2 * dpr);
    ctx.fillRect(a, H - 2 * dpr, w, 2 * dpr);
    if (!s.isFit()) {
      for (const x of [a, b - 3 * dpr]) {
        ctx.fillRect(x, H / 2 - 8 * dpr, 3 * dpr, 16 * dpr);
      }
      ctx.fillRect(a, 0, dpr, H);
      ctx.fillRect(Math.max(a, b - dpr), 0, dpr, H);
    }
    const range = s.range.peek();
    if (range) {
      ctx.globalAlpha = 0.3;
      ctx.fillRect(
        (range.from / store.duration) * W,
        0,
        Math.max(1, ((range.to - range.from) / store.duration) * W),
        H,
      );
      ctx.globalAlpha = 1;
    }
  }
  private miniOf: Pyramid | null = null;

  private makeCounters(): void {
    if (this.o.compact) return;
    this.counters.replaceChildren();
    this.series = counterSeries(this.s.store).map(series => {
      const row = document.createElement('div');
      row.className = 'tl-counter';
      const label = document.createElement('div'),
        canvas = document.createElement('canvas'),
        name = document.createElement('span'),
        value = document.createElement('span');
      label.className = 'tl-gutter';
      name.textContent = series.name;
      value.className = 'tl-counter-value';
      label.append(name, value);
      canvas.setAttribute('role', 'img');
      canvas.setAttribute('aria-label', `${series.name}: highest ${series.text(series.max)}`);
      row.append(label, canvas);
      this.counters.append(row);
      return { s: series, canvas, value };
    });
    this.layout();
  }

  private drawCounters(): void {
    const v = this.s.view.peek(),
      p = this.s.palette.peek();
    for (const c of this.series) {
      const dpr = window.devicePixelRatio || 1,
        w = Math.round(this.width * dpr),
        h = Math.round(28 * dpr);
      if (c.canvas.width !== w || c.canvas.height !== h) {
        c.canvas.width = w;
        c.canvas.height = h;
        c.canvas.style.width = this.width + 'px';
      }
      const at = this.hover ? this.timeAt(this.hover.x) : null;
      const text = drawSeries(c.canvas, c.s, v.from, v.to, p, at);
      if (c.value.textContent !== text) c.value.textContent = text;
    }
  }

  // ---- pointer ----

  private dragging = false;

  /** The event at a point of the body: what contains it, else the worst within two pixels. */
  private hit(x: number, y: number): { event: number; lane: number } {
    const { s } = this,
      { store } = s,
      row = this.rowAt(y),
      rows = s.laneRows.peek();
    if (row < 0 || !rows[row] || !store.hot) return { event: -1, lane: rows[row]?.lane ?? -1 };
    const lane = rows[row].lane,
      t = this.timeAt(x),
      ns = (s.view.peek().to - s.view.peek().from) / this.width,
      bits = s.mask.peek().bits;
    let i0 = store.lower(t - 2 * ns);
    const i1 = Math.min(store.lower(t + 2 * ns), i0 + 3_000_000);
    let best = -1,
      weight = -1;
    for (; i0 < i1; i0++) {
      if (
        store.lane[i0] !== lane ||
        (bits && !bits[i0]) ||
        store.layerOf[store.type[i0]] === Layer.State
      )
        continue;
      const d = store.dur(i0),
        near = store.start[i0] <= t && store.start[i0] + d >= t;
      const w = (store.failed(i0) ? 1e18 : 0) + (near && d > ns ? 2e18 : 0) + d;
      if (w > weight) {
        weight = w;
        best = i0;
      }
    }
    if (weight < 2e18) {
      const i = s.reach.before(store.lower(t), Layer.Call)[lane];
      if (i >= 0 && store.end(i) >= t && (!bits || bits[i]) && (best < 0 || store.dur(i) > ns))
        best = i;
    }
    return { event: best, lane };
  }

  private showTip(x: number, y: number, hit: { event: number; lane: number }): void {
    const { s } = this,
      { store } = s;
    if (hit.event < 0) {
      this.tip.hidden = true;
      return;
    }
    const i = hit.event,
      t = store.types[store.type[i]];
    const line = (cls: string, text: string) => {
      const e = document.createElement('div');
      e.className = cls;
      e.textContent = text;
      return e;
    };
    const parts = [
      line(
        'tip-head',
        `${t.name}   ${duration(store.dur(i)) === '0' ? 'instant' : duration(store.dur(i))}`,
      ),
    ];
    if (store.cold > i && store.obj[i])
      parts.push(line('tip-obj', show(store.objText(i)).slice(0, 300)));
    if (store.failed(i))
      parts.push(line('tip-bad', `${store.errName[store.err[i]]}: ${store.errText[store.err[i]]}`));
    parts.push(
      line(
        'tip-dim',
        `at ${instant(store.start[i])} s · ${show(store.tasks[hit.lane].comm)} ${store.tasks[hit.lane].tid}`,
      ),
    );
    this.tip.replaceChildren(...parts);
    this.tip.hidden = false;
    const box = this.el.getBoundingClientRect(),
      body = this.body.getBoundingClientRect(),
      w = this.tip.offsetWidth,
      h = this.tip.offsetHeight;
    const px = Math.min(body.left - box.left + GUTTER + x + 14, box.width - w - 6),
      py = body.top - box.top + y + 18;
    this.tip.style.transform = `translate(${Math.max(4, px)}px, ${py + h > box.height ? Math.max(2, py - h - 30) : py}px)`;
  }

  private listen(): void {
    const { s } = this,
      at = (e: MouseEvent) => {
        const r = this.over.getBoundingClientRect();
        return { x: e.clientX - r.left, y: e.clientY - r.top };
      };
    const wheel = (e: WheelEvent, el: HTMLElement) => {
      const x = e.clientX - el.getBoundingClientRect().left;
      if (e.ctrlKey || e.metaKey) {
        e.preventDefault();
        s.zoom(
          Math.exp(Math.max(-120, Math.min(120, e.deltaY * (e.deltaMode ? 30 : 1))) * 0.0045),
          this.timeAt(x),
        );
      } else if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) {
        e.preventDefault();
        s.pan(((e.deltaX || e.deltaY) * (e.deltaMode ? 30 : 1)) / this.width);
      }
    };
    this.body.addEventListener('wheel', e => wheel(e, this.over), { passive: false });
    this.axis.addEventListener('wheel', e => wheel(e, this.axis), { passive: false });
    this.body.addEventListener('scroll', () => this.invalidate(), { passive: true });

    let down: {
      x: number;
      y: number;
      from: number;
      to: number;
      scroll: number;
      range: boolean;
      moved: boolean;
      startT: number;
    } | null = null;
    this.over.addEventListener('pointerdown', e => {
      if (e.button !== 0) return;
      const { x, y } = at(e),
        v = s.view.peek();
      down = {
        x,
        y,
        from: v.from,
        to: v.to,
        scroll: this.body.scrollTop,
        range: e.shiftKey,
        moved: false,
        startT: this.timeAt(x),
      };
      this.over.setPointerCapture(e.pointerId);
    });
    this.over.addEventListener('pointermove', e => {
      const { x, y } = at(e);
      if (down) {
        if (!down.moved && Math.hypot(x - down.x, y - down.y) < 4) return;
        down.moved = this.dragging = true;
        this.tip.hidden = true;
        this.over.style.cursor = down.range ? 'col-resize' : 'grabbing';
        if (down.range) {
          this.setDrag(down.startT, this.timeAt(x));
          return;
        }
        const dt = ((x - down.x) / this.width) * (down.to - down.from);
        s.setView(down.from - dt, down.to - dt);
        this.body.scrollTop = down.scroll - (y - down.y);
        return;
      }
      const hit = this.hit(x, y);
      this.hover = { x, y, ...hit };
      this.over.style.cursor = hit.event >= 0 ? 'pointer' : 'default';
      this.showTip(x, y, hit);
      this.invalidate();
    });
    const up = (e: PointerEvent) => {
      if (!down) return;
      const d = down,
        { x, y } = at(e);
      down = null;
      this.dragging = false;
      this.over.style.cursor = 'default';
      if (this.dragRange) {
        this.commitDrag();
        return;
      }
      if (!d.moved) {
        const hit = this.hit(x, y);
        s.select(hit.event, false);
        if (hit.event < 0) s.range.value = null;
      }
    };
    this.over.addEventListener('pointerup', up);
    this.over.addEventListener('pointercancel', up);
    this.over.addEventListener('pointerleave', () => {
      this.hover = null;
      this.tip.hidden = true;
      this.invalidate();
    });
    this.over.addEventListener('dblclick', e => {
      const { x, y } = at(e),
        h = this.hit(x, y);
      if (h.event >= 0) {
        s.selected.value = h.event;
        s.reveal(h.event, true);
      } else s.zoom(0.25, this.timeAt(x));
    });
    this.over.addEventListener('contextmenu', e => {
      const { x, y } = at(e),
        h = this.hit(x, y);
      this.tip.hidden = true;
      if (h.event >= 0) {
        s.selected.value = h.event;
        openMenu(e, s.store.types[s.store.type[h.event]].name, eventItems(s, h.event));
      } else if (h.lane >= 0) openMenu(e, show(s.store.tasks[h.lane].comm), laneItems(s, h.lane));
    });
    const laneOf = (e: Event) => {
      const l = (e.target as HTMLElement).closest?.<HTMLElement>('.lane')?.dataset.lane;
      return l === undefined ? -1 : Number(l);
    };
    this.labels.addEventListener('contextmenu', e => {
      const lane = laneOf(e);
      if (lane >= 0)
        openMenu(
          e,
          `${show(s.store.tasks[lane].comm)} ${s.store.tasks[lane].tid}`,
          laneItems(s, lane),
        );
    });
    this.labels.addEventListener('dblclick', e => {
      const lane = laneOf(e);
      if (lane >= 0) s.setView(s.store.tasks[lane].start, s.store.taskEnd(lane));
    });

    // Axis: drag selects a range.
    let axisFrom: number | null = null;
    const axisX = (e: MouseEvent) => e.clientX - this.axis.getBoundingClientRect().left;
    this.axis.addEventListener('pointerdown', e => {
      axisFrom = this.timeAt(axisX(e));
      this.axis.setPointerCapture(e.pointerId);
    });
    this.axis.addEventListener('pointermove', e => {
      if (axisFrom !== null) this.setDrag(axisFrom, this.timeAt(axisX(e)));
    });
    this.axis.addEventListener('pointerup', () => {
      axisFrom = null;
      if (this.dragRange) this.commitDrag();
      else s.range.value = null;
    });
    this.axis.addEventListener('dblclick', () => s.fit());

    // Minimap: drag the window, its edges, or draw a new one.
    let grab: { mode: 'move' | 'from' | 'to' | 'new'; t: number; from: number; to: number } | null =
      null;
    const miniT = (e: MouseEvent) => {
      const r = this.mini.getBoundingClientRect();
      return ((e.clientX - r.left) / r.width) * s.store.duration;
    };
    const miniMode = (e: MouseEvent) => {
      const t = miniT(e),
        v = s.view.peek(),
        edge = (7 / this.mini.clientWidth) * s.store.duration;
      if (s.isFit()) return 'new' as const;
      if (Math.abs(t - v.from) < edge) return 'from' as const;
      if (Math.abs(t - v.to) < edge) return 'to' as const;
      return t > v.from && t < v.to ? ('move' as const) : ('new' as const);
    };
    this.mini.addEventListener('pointerdown', e => {
      const v = s.view.peek();
      grab = { mode: miniMode(e), t: miniT(e), from: v.from, to: v.to };
      this.mini.setPointerCapture(e.pointerId);
    });
    this.mini.addEventListener('pointermove', e => {
      const t = miniT(e);
      if (!grab) {
        this.mini.style.cursor = {
          new: 'crosshair',
          move: 'grab',
          from: 'ew-resize',
          to: 'ew-resize',
        }[miniMode(e)];
        return;
      }
      if (grab.mode === 'move') s.setView(grab.from + t - grab.t, grab.to + t - grab.t);
      else if (grab.mode === 'from') s.setView(Math.min(t, grab.to), grab.to);
      else if (grab.mode === 'to') s.setView(grab.from, Math.max(t, grab.from));
      else if (Math.abs(t - grab.t) > (4 / this.mini.clientWidth) * s.store.duration)
        s.setView(Math.min(t, grab.t), Math.max(t, grab.t));
    });
    this.mini.addEventListener('pointerup', e => {
      if (
        grab?.mode === 'new' &&
        Math.abs(miniT(e) - grab.t) < (4 / this.mini.clientWidth) * s.store.duration &&
        !s.isFit()
      ) {
        const h = (grab.to - grab.from) / 2;
        s.setView(grab.t - h, grab.t + h);
      }
      grab = null;
    });
    this.mini.addEventListener('dblclick', () => s.fit());
  }

  private setDrag(a: number, b: number): void {
    const d = this.s.store.duration,
      x = clamp(Math.min(a, b), 0, d),
      y = clamp(Math.max(a, b), 0, d);
    this.dragRange = { from: x, to: y };
    this.invalidate();
  }
  private commitDrag(): void {
    const r = this.dragRange;
    this.dragRange = null;
    const v = this.s.view.peek();
    this.s.range.value = r && (r.to - r.from) / (v.to - v.from) > 3 / this.width ? r : null;
    this.invalidate();
  }
}

export const FONT =
  'system-ui, -apple-system, "Segoe UI", "Noto Sans", "Liberation Sans", sans-serif';
const clamp = (v: number, a: number, b: number): number => (v < a ? a : v > b ? b : v);

/** Calls f with each pixel and the cells it covers; nothing for pixels outside. */
function eachPixel(
  cells: Cells,
  W: number,
  from: number,
  ns: number,
  f: (x: number, b: number, e: number) => void,
): void {
  const size = (cells.to - cells.from) / cells.buckets,
    n = cells.buckets,
    step = ns / size,
    x0 = (from - cells.from) / size;
  for (let x = 0; x < W; x++) {
    const pos = x0 + x * step;
    let b = Math.floor(pos),
      e = step <= 1.001 ? b + 1 : Math.ceil(pos + step);
    if (e <= 0 || b >= n) continue;
    if (b < 0) b = 0;
    if (e > n) e = n;
    f(x, b, e);
  }
}

/** Cells of one lane → colours of one row of pixels. True when anything was painted. */
function paint(
  line: Uint32Array,
  cells: Cells,
  data: Uint32Array,
  slot: number,
  from: number,
  ns: number,
  p: Palette,
  mark: boolean,
): boolean {
  const base = slot * cells.buckets,
    { full, faint } = p;
  let any = false;
  eachPixel(cells, line.length, from, ns, (x, b, e) => {
    let v = 0;
    for (; b < e; b++) if (data[base + b] > v) v = data[base + b];
    if (!v) return;
    any = true;
    const wide = mark || classNs((v >>> 16) & 0xff) * 2.2 >= ns;
    line[x] = wide ? (v & FAILED ? p.failed : full[(v & TYPE) - 1]) : faint[(v & TYPE) - 1];
  });
  return any;
}

function failedLine(
  line: Uint32Array,
  cells: Cells,
  slot: number,
  from: number,
  ns: number,
  colour: number,
): void {
  const base = slot * cells.buckets,
    { bad } = cells;
  eachPixel(cells, line.length, from, ns, (x, b, e) => {
    for (; b < e; b++)
      if (bad[base + b]) {
        line[x] = colour;
        return;
      }
  });
}
