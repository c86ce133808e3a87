// SPDX-License-Identifier: MIT
// What is shown, as signals; the part of it that belongs in the address lives in the URL hash.
import { batch, computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import { needsCold, runFilter, Mask } from '../engine/filter';
import { checked, knownWords } from '../engine/known';
import { laneRows, type LaneRow, type LaneSort } from '../engine/lanes';
import { Pyramid, Reach } from '../engine/pyramid';
import { parse, type Query } from '../engine/query';
import { sortRows, type Sort, type SortKey } from '../engine/sort';
import type { Store } from '../engine/store';
import { palette, type Palette } from './colors';

export const TABS = [
  'overview',
  'timeline',
  'files',
  'network',
  'processes',
  'syscalls',
  'findings',
] as const;
export type Tab = (typeof TABS)[number];
export const COLUMNS = [
  'row',
  'time',
  'wall',
  'lane',
  'cat',
  'type',
  'words',
  'details',
  'role',
  'result',
  'fd',
  'bytes',
  'dur',
] as const;
export type Column = (typeof COLUMNS)[number];
export const DEFAULT_COLUMNS: Column[] = [
  'time',
  'lane',
  'type',
  'details',
  'result',
  'bytes',
  'dur',
];
export interface Range {
  from: number;
  to: number;
}

/** Rows a up to b of the mask, without b. */
interface Span {
  a: number;
  b: number;
}
export const GUTTER = 232;
/** A moment of the trace, in ns, and what a person has to say about it. */
export interface Bookmark {
  t: number;
  note: string;
}

export class State {
  readonly tab = signal<Tab>('overview');
  readonly filter = signal('');
  readonly view = signal<Range>({ from: 0, to: 1 });
  readonly range = signal<Range | null>(null);
  readonly selected = signal(-1);
  readonly sort = signal<Sort>({ key: 'time', down: false });
  readonly columns = signal<Column[]>(DEFAULT_COLUMNS);
  readonly laneSort = signal<LaneSort>('tree');
  readonly pins = signal<number[]>([]);
  readonly hidden = signal<number[]>([]);
  readonly folded = signal(false);
  /** What the table of events is grouped by; '' for nothing. */
  readonly grouping = signal('');
  /** Whether the table has only what begins in the visible time, and those rows of the mask. */
  readonly follow = signal(false);
  readonly span = signal<Span | null>(null);
  /** Lanes whose subtree is folded away. */
  readonly collapsed = signal<number[]>([]);
  /** Width of the names beside the lanes, in pixels. */
  readonly gutter = signal(GUTTER);
  readonly bookmarks = signal<Bookmark[]>([]);
  readonly arrows = signal(true);
  readonly theme = signal<'auto' | 'dark' | 'light'>('auto');
  /** Goes up when data arrived. */
  readonly version = signal(0);
  readonly hotReady = signal(false);
  readonly coldReady = signal(false);
  readonly done = signal(false);
  readonly problems = signal<string[]>([]);
  readonly busy = signal('');
  /** Events in the table's order where that is not the order of time. */
  readonly sorted = signal<Uint32Array | null>(null);
  readonly systemDark = signal(false);
  /** Paper is white whatever the theme. */
  readonly printing = signal(false);
  readonly toast = signal('');
  readonly help = signal(false);

  readonly query: ReadonlySignal<Query>;
  readonly mask: ReadonlySignal<Mask>;
  readonly laneRows: ReadonlySignal<LaneRow[]>;
  /** Of everything; that of the filter, null until it is built. */
  readonly whole: Pyramid;
  readonly pyramid = signal<Pyramid | null>(null);
  readonly reach: Reach;
  readonly palette: ReadonlySignal<Palette>;
  private sorting = 0;

  constructor(readonly store: Store) {
    this.view.value = { from: 0, to: store.duration };
    this.reach = new Reach(store);
    this.followSystem();
    this.palette = computed<Palette>(() => palette(store.meta, this.dark));
    const words = knownWords(store.meta);
    this.query = computed(() => checked(words, parse(this.filter.value)));
    this.mask = this.followFilter();
    this.whole = new Pyramid(store, null);
    effect(() => this.startPyramid(this.mask.value.bits));
    this.laneRows = this.followLanes();
    effect(() => this.startSort());
    effect(() => this.followTime());
  }

  /** Theme and printing. */
  private followSystem(): void {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    this.systemDark.value = dark.matches;
    dark.addEventListener('change', () => {
      this.systemDark.value = dark.matches;
    });
    addEventListener('beforeprint', () => {
      this.printing.value = true;
    });
    addEventListener('afterprint', () => {
      this.printing.value = false;
    });
  }

  /** Without a filter the mask follows the data; with one it is worked out when the columns it needs are complete. */
  private followFilter(): ReadonlySignal<Mask> {
    const { store } = this,
      mask = signal(new Mask(store, null));
    effect(() => {
      const q = this.query.value,
        hot = this.hotReady.value,
        cold = this.coldReady.value;
      if (!q.terms.length) {
        void this.version.value;
        mask.value = new Mask(store, null);
      } else if (needsCold(q) ? cold : hot) mask.value = timed('filter', () => runFilter(store, q));
      else mask.value = new Mask(store, new Uint8Array(store.n), 0);
    });
    return computed(() => mask.value);
  }

  /** Until the pyramid of a filter is built, in steps, a frame scans the lanes in sight. */
  private startPyramid(bits: Uint8Array | null): void {
    this.pyramid.value = bits ? null : this.whole;
    if (bits) void this.buildPyramid(bits);
  }
  private async buildPyramid(bits: Uint8Array): Promise<void> {
    const p = new Pyramid(this.store, bits);
    for (;;) {
      await new Promise(done => setTimeout(done, 0)); // frames and input first
      const until = performance.now() + 8;
      do {
        if (this.mask.peek().bits !== bits) return;
        if (p.update(1 << 15)) {
          this.pyramid.value = p;
          return;
        }
      } while (performance.now() <= until);
    }
  }

  private followLanes(): ReadonlySignal<LaneRow[]> {
    const { store } = this,
      bits = computed(() => this.mask.value.bits);
    /** Lanes with no event of these are not shown; null: all are. */
    const only = () => {
      if (bits.value) return this.hotReady.value ? this.mask.value.lanes : null;
      if (this.laneSort.value !== 'activity') return null;
      void this.hotReady.value;
      return store.laneEvents;
    };
    return computed(() =>
      laneRows(store, {
        sort: this.laneSort.value,
        pins: this.pins.value,
        hidden: this.hidden.value,
        folded: this.folded.value,
        collapsed: this.collapsed.value,
        only: only(),
      }),
    );
  }

  private spanTimer = 0;
  /** What is in view, once it stands still for a moment: sorting takes longer than a frame. */
  private followTime(): void {
    const { from, to } = this.view.value,
      m = this.mask.value,
      { store } = this;
    clearTimeout(this.spanTimer);
    if (!this.follow.value || this.isFit()) {
      this.span.value = null;
      return;
    }
    const set = () => {
      this.span.value = { a: m.rank(store.lower(from)), b: m.rank(store.lower(to)) };
    };
    if (this.span.peek()) this.spanTimer = setTimeout(set, 120) as unknown as number;
    else set();
  }

  private startSort(): void {
    const m = this.mask.value,
      w = this.span.value,
      s = this.sort.value,
      ready = this.coldReady.value,
      id = ++this.sorting;
    if (s.key === 'time') {
      this.sorted.value = null;
      this.busy.value = '';
      return;
    }
    if (!ready) return;
    const from = performance.now();
    this.busy.value = 'Sorting …';
    const shown = w ? Uint32Array.from({ length: w.b - w.a }, (_, k) => m.event(w.a + k)) : m.rows;
    void sortRows(this.store, shown, m.count, s, () => id !== this.sorting).then(rows => {
      if (id !== this.sorting) return;
      batch(() => {
        this.sorted.value = rows;
        this.busy.value = '';
      });
      stats.sort = performance.now() - from;
    });
  }

  get dark(): boolean {
    return (
      !this.printing.value &&
      (this.theme.value === 'dark' || (this.theme.value === 'auto' && this.systemDark.value))
    );
  }

  private get backwards(): boolean {
    const s = this.sort.value;
    return s.key === 'time' && s.down;
  }
  /** The table's rows as they are now, whatever is filtered or sorted later. */
  order(): { count: number; event: (row: number) => number } {
    const { value: m } = this.mask,
      sorted = this.sorted.value,
      { a, b } = this.bounds,
      back = this.backwards;
    return {
      count: this.rowCount,
      event: row => (sorted ? sorted[row] : m.event(back ? b - 1 - row : a + row)),
    };
  }
  /** Row number in the table → event. */
  event(row: number): number {
    const { value: m } = this.mask,
      sorted = this.sorted.value;
    if (sorted) return sorted[row] ?? -1;
    const { a, b } = this.bounds,
      k = this.backwards ? b - 1 - row : a + row;
    return k >= a && k < b ? m.event(k) : -1;
  }
  get rowCount(): number {
    const { a, b } = this.bounds;
    return this.sorted.value?.length ?? b - a;
  }
  private get bounds(): Span {
    const { count } = this.mask.value,
      w = this.span.value;
    return w ? { a: Math.min(w.a, count), b: Math.min(w.b, count) } : { a: 0, b: count };
  }
  /** Event → its place in the table; −1 when the filter hides it. */
  rowOf(event: number): number {
    const { value: m } = this.mask,
      sorted = this.sorted.value;
    if (sorted) return sorted.indexOf(event);
    const row = m.rowOf(event),
      { a, b } = this.bounds;
    if (row < a || row >= b) return -1;
    return this.backwards ? b - 1 - row : row - a;
  }

  setView(from: number, to: number): void {
    const d = this.store.duration,
      span = Math.min(d * 1.04, Math.max(this.minSpan, to - from));
    const slack = span * 0.02;
    if (from < -slack) from = -slack;
    if (from + span > d + slack) from = d + slack - span;
    if (span >= d) from = -(span - d) / 2;
    this.view.value = { from, to: from + span };
  }
  /** 1 ns a pixel, whatever the width of the window. */
  minSpan = 600;
  fit(): void {
    this.setView(0, this.store.duration);
  }
  isFit(): boolean {
    const v = this.view.value;
    return v.from <= 0 && v.to >= this.store.duration;
  }
  zoom(factor: number, at?: number): void {
    const v = this.view.value,
      c = at ?? (v.from + v.to) / 2;
    this.setView(c - (c - v.from) * factor, c + (v.to - c) * factor);
  }
  pan(part: number): void {
    const v = this.view.value,
      d = (v.to - v.from) * part;
    this.setView(v.from + d, v.to + d);
  }
  /** Moves the view so that the event can be seen; zooms in when it would be smaller than a few pixels and `close` is set. */
  reveal(i: number, close = false): void {
    const s = this.store.start[i],
      e = this.store.end(i),
      v = this.view.value,
      span = v.to - v.from;
    if (close || e - s > span * 0.9) {
      const want = Math.max((e - s) * 1.6, this.minSpan);
      this.setView((s + e) / 2 - want / 2, (s + e) / 2 + want / 2);
    } else if (s < v.from || e > v.to) this.setView((s + e) / 2 - span / 2, (s + e) / 2 + span / 2);
  }
  select(i: number, reveal = true): void {
    this.selected.value = i;
    if (i >= 0 && reveal) this.reveal(i);
  }
  sortBy(key: SortKey): void {
    const s = this.sort.value;
    const first = key === 'dur' || key === 'bytes'; // the large ones are what is looked for
    this.sort.value =
      s.key === key
        ? s.down === first
          ? { key, down: !first }
          : { key: 'time', down: false }
        : { key, down: first };
  }
}

/** Figures for tests and for people who ask why it is slow: window.cpd.stats. */
export const stats: Record<string, number> & { frames?: number[] } = {} as never;
export const frames: number[] = [];
export function timed<T>(name: string, f: () => T): T {
  const from = performance.now(),
    out = f();
  stats[name] = performance.now() - from;
  return out;
}
