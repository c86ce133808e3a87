// SPDX-License-Identifier: MIT
// The timeline's elements and sizes, and what its parts share: which lane is where, what the pointer is on.
import type { LaneRow } from '../engine/lanes';
import { GUTTER, type Range, type State } from '../ui/state';

export const FONT =
  'system-ui, -apple-system, "Segoe UI", "Noto Sans", "Liberation Sans", sans-serif';

/** What lies at a point: −1 for no event, no lane. */
export interface Hit {
  event: number;
  lane: number;
}
/** The lanes in sight: the number of the first, and how many pixels of the body are above. */
export interface Sight {
  first: number;
  rows: LaneRow[];
  scroll: number;
}

function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  cls: string,
  parent?: HTMLElement,
): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  e.className = cls;
  parent?.append(e);
  return e;
}

/** What is painted says nothing to a reader of screens: the text beside it does. */
function canvas(cls: string, parent: HTMLElement): HTMLCanvasElement {
  const e = make('canvas', cls, parent);
  e.setAttribute('aria-hidden', 'true');
  return e;
}

export class Layout {
  readonly el: HTMLElement;
  readonly mini: HTMLCanvasElement;
  readonly corner: HTMLElement;
  readonly axis: HTMLCanvasElement;
  readonly counters: HTMLElement;
  readonly body: HTMLElement;
  readonly labels: HTMLElement;
  readonly pix: HTMLCanvasElement;
  readonly over: HTMLCanvasElement;
  readonly empty: HTMLElement;
  readonly tip: HTMLElement;
  readonly alt: HTMLElement;
  /** Between names and lanes. */
  readonly edge: HTMLElement;
  private readonly space: HTMLElement;
  /** Of the lanes, without the gutter, in CSS pixels. */
  width = 0;
  height = 0;
  /** Upper edge of each lane row, and the lower one of the last. */
  offsets = new Int32Array(1);
  hover: ({ x: number; y: number } & Hit) | null = null;
  /** The range that is being drawn. */
  dragRange: Range | null = null;
  dragging = false;
  private rows: readonly LaneRow[] | null = null;

  constructor(
    readonly s: State,
    readonly compact: boolean,
    readonly invalidate: () => void,
  ) {
    this.el = make('div', 'tl' + (compact ? ' tl-compact' : ''));
    this.el.setAttribute('role', 'group');
    this.el.setAttribute('aria-label', 'Timeline');
    const top = make('div', 'tl-minirow', this.el);
    make('div', 'tl-gutter tl-caption', top).textContent = 'whole trace';
    this.mini = canvas('tl-mini', top);
    const axisRow = make('div', 'tl-axisrow', this.el);
    this.corner = make('div', 'tl-gutter tl-corner', axisRow);
    this.axis = canvas('tl-axis', axisRow);
    this.counters = make('div', 'tl-counters', this.el);
    this.body = make('div', 'tl-body', this.el);
    this.body.tabIndex = 0;
    this.body.setAttribute('role', 'application');
    this.body.setAttribute('aria-roledescription', 'timeline');
    this.space = make('div', 'tl-space', this.body);
    const stick = make('div', 'tl-stick', this.body);
    this.labels = make('div', 'tl-labels', stick);
    this.pix = canvas('tl-pix', stick);
    this.over = canvas('tl-over', stick);
    this.empty = make('div', 'tl-empty', stick);
    this.tip = make('div', 'tl-tip', this.el);
    this.tip.hidden = true;
    this.alt = make('p', 'sr', this.el);
    this.alt.id = `tl-alt-${compact ? 'c' : 'f'}`;
    this.body.setAttribute('aria-describedby', this.alt.id);
    this.edge = make('div', 'tl-edge', this.el);
    this.edge.setAttribute('role', 'separator');
    this.edge.setAttribute('aria-orientation', 'vertical');
    this.edge.setAttribute('aria-label', 'Width of the names of lanes');
    this.edge.tabIndex = compact ? -1 : 0;
  }

  private rowHeight(rows: number, room: number, thread: boolean): number {
    if (this.compact) return thread ? 16 : 20;
    // Few lanes get more room, but a lane never becomes a wall.
    const h = rows && room ? Math.max(22, Math.min(34, Math.floor(room / rows / 2))) : 22;
    return thread ? h - 4 : h;
  }

  /** Measures anew: after a change of size, and when other lanes are shown. */
  update(): void {
    const rows = this.s.laneRows.peek(),
      room = this.body.clientHeight,
      tall = this.rowHeight(rows.length, room, false),
      low = this.rowHeight(rows.length, room, true);
    this.offsets = new Int32Array(rows.length + 1);
    for (let i = 0; i < rows.length; i++)
      this.offsets[i + 1] = this.offsets[i] + (rows[i].thread ? low : tall);
    this.space.style.height = this.offsets[rows.length] + 'px';
    this.el.style.setProperty('--gutter', this.gutter + 'px');
    this.edge.setAttribute('aria-valuenow', String(this.gutter));
    this.width = Math.max(50, this.body.clientWidth - this.gutter);
    this.height = Math.max(20, this.body.clientHeight);
    for (const c of [this.pix, this.over]) {
      resize(c, this.width, this.height);
      c.style.width = this.width + 'px';
      c.style.height = this.height + 'px';
    }
    resize(this.axis, this.axis.clientWidth || this.width, 26);
    resize(this.mini, this.mini.clientWidth || this.width, 40);
    this.s.minSpan = this.width;
  }

  sight(): Sight {
    const rows = this.s.laneRows.peek();
    if (this.rows !== rows) {
      this.rows = rows;
      this.update();
    }
    const scroll = this.body.scrollTop,
      first = Math.max(0, this.rowAt(0));
    let last = first;
    while (last < rows.length && this.offsets[last] < scroll + this.height) last++;
    return { first, rows: rows.slice(first, last), scroll };
  }

  /** Lane row under a y of the body. */
  rowAt(y: number): number {
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
  timeAt(x: number): number {
    const v = this.s.view.peek();
    return v.from + (x / this.width) * (v.to - v.from);
  }
  /** Where the lanes begin, from the left edge of the body. */
  get gutter(): number {
    return this.compact ? GUTTER : this.s.gutter.peek();
  }

  scrollToLane(lane: number): void {
    const i = this.s.laneRows.peek().findIndex(r => r.lane === lane);
    if (i < 0) return;
    const top = this.offsets[i],
      h = this.body.clientHeight;
    if (top < this.body.scrollTop || this.offsets[i + 1] > this.body.scrollTop + h)
      this.body.scrollTop = Math.max(0, top - h / 3);
  }
}

function resize(c: HTMLCanvasElement, w: number, h: number): void {
  const dpr = window.devicePixelRatio || 1,
    pw = Math.max(1, Math.round(w * dpr)),
    ph = Math.max(1, Math.round(h * dpr));
  if (c.width !== pw || c.height !== ph) {
    c.width = pw;
    c.height = ph;
  }
}
