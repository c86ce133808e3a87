// SPDX-License-Identifier: MIT
// The timeline: minimap, axis, counters and lanes. Marks are pixels (ImageData); text, selection and arrows lie above them.
import { effect } from '@preact/signals';
import { duration, plural } from '../engine/human';
import { show } from '../format/text';
import { frames, stats, type State } from '../ui/state';
import { Axis } from './axis';
import { Charts } from './charts';
import { Labels } from './labels';
import { Lanes } from './lanes';
import { Layout, type Sight } from './layout';
import { Mini } from './mini';
import { Overlay } from './overlay';
import { listen } from './pointer';
import { Tip } from './tip';

export interface TimelineOptions {
  compact: boolean;
}

export class Timeline {
  private readonly layout: Layout;
  private readonly labels: Labels;
  private readonly lanes: Lanes;
  private readonly overlay: Overlay;
  private readonly axis: Axis;
  private readonly mini: Mini;
  private readonly charts: Charts;
  private readonly tip: Tip;
  private readonly stop: (() => void)[] = [];
  private readonly resize: ResizeObserver;
  private pending = 0;

  constructor(
    readonly s: State,
    o: TimelineOptions,
  ) {
    const l = new Layout(s, o.compact, () => this.invalidate());
    this.layout = l;
    this.labels = new Labels(s, l);
    this.lanes = new Lanes(s, l);
    this.overlay = new Overlay(s, l);
    this.axis = new Axis(s, l);
    this.mini = new Mini(s, l);
    this.charts = new Charts(s, l);
    this.tip = new Tip(s, l);
    listen(s, l, this.tip);
    this.resize = new ResizeObserver(() => {
      l.update();
      this.invalidate();
    });
    this.resize.observe(l.body);
    this.stop.push(
      effect(() => this.follow()),
      effect(() => {
        void s.gutter.value;
        l.update();
        this.invalidate();
      }),
    );
    this.stop.push(
      effect(() => {
        if (s.coldReady.value) this.charts.make();
      }),
    );
  }

  get el(): HTMLElement {
    return this.layout.el;
  }

  destroy(): void {
    for (const f of this.stop) f();
    this.resize.disconnect();
    cancelAnimationFrame(this.pending);
  }

  /** Printing does not wait for a frame. */
  drawForPrint(): void {
    this.layout.update();
    this.draw();
  }

  scrollToLane(lane: number): void {
    this.layout.scrollToLane(lane);
  }

  /** What a frame depends on. */
  private follow(): void {
    const { s } = this;
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
      s.bookmarks.value,
    ];
    this.invalidate();
  }

  private invalidate(): void {
    if (this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.draw();
    });
  }

  private draw(): void {
    const { s, layout: l } = this;
    if (!l.el.isConnected || l.width < 1 || !l.el.offsetParent) return;
    const t0 = performance.now(),
      sight = l.sight();
    s.whole.update();
    s.reach.update();
    this.tip.follow();
    this.labels.draw(sight);
    this.lanes.draw(sight);
    this.overlay.draw(sight);
    this.axis.draw();
    this.mini.draw();
    this.charts.draw();
    this.describe(sight);
    frames.push(performance.now() - t0);
    if (frames.length > 400) frames.splice(0, 200);
    if (!stats.firstFrame) stats.firstFrame = performance.now();
  }

  /** In words: for a reader of screens, and where nothing is drawn. */
  private describe({ rows }: Sight): void {
    const { s, layout: l } = this,
      { store } = s,
      lanes = s.laneRows.peek().length,
      none = lanes === 0 && s.hotReady.peek() ? 'No lane has an event under this filter.' : '';
    l.empty.textContent = store.n === 0 ? 'No events: nothing was recorded.' : none;
    l.empty.hidden = !l.empty.textContent;
    const v = s.view.peek(),
      sel = s.selected.peek(),
      whole = s.filter.peek() ? ` of ${store.hot.toLocaleString('en-US')} (filtered)` : '',
      from = duration(Math.max(0, v.from)) || '0',
      to = duration(Math.min(store.duration, v.to)),
      names = rows.slice(0, 10).map(r => store.tasks[r.lane]);
    const alt = [
      `${plural(lanes, 'lane')}, ${plural(s.mask.peek().count, 'event')}${whole}.`,
      `Shown: ${from} to ${to} of ${duration(store.duration)}.`,
      rows.length && `First lanes: ${names.map(t => `${show(t.comm)} ${t.tid}`).join(', ')}.`,
      sel >= 0 &&
        `Selected: ${store.types[store.type[sel]].name} at ${duration(store.start[sel])}.`,
    ];
    const text = alt.filter(Boolean).join(' ');
    if (l.alt.textContent !== text) l.alt.textContent = text;
  }
}
