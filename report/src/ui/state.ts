// SPDX-License-Identifier: MIT
// What is shown, as signals; the part of it that belongs in the address lives in the URL hash.
import { batch, computed, effect, signal } from '@preact/signals';
import { needsCold, runFilter, Mask } from '../engine/filter';
import { laneRows, type LaneRow, type LaneSort } from '../engine/lanes';
import { Pyramid, Reach } from '../engine/pyramid';
import { parse } from '../engine/query';
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
  'details',
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

  readonly query = computed(() => parse(this.filter.value));
  readonly mask;
  readonly laneRows;
  /** Of everything; that of the filter, null until it is built. */
  readonly whole: Pyramid;
  readonly pyramid = signal<Pyramid | null>(null);
  readonly reach: Reach;
  readonly palette;
  private sorting = 0;

  constructor(readonly store: Store) {
    this.view.value = { from: 0, to: store.duration };
    this.reach = new Reach(store);
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
    this.palette = computed<Palette>(() => palette(store.meta, this.dark));
    // Without a filter the mask follows the data; with one it is worked out when the columns it needs are complete.
    const none = new Mask(store, new Uint8Array(store.n), 0),
      mask = signal(none);
    this.mask = computed(() => mask.value);
    effect(() => {
      const q = this.query.value,
        hot = this.hotReady.value,
        cold = this.coldReady.value;
      if (!q.terms.length) {
        void this.version.value;
        mask.value = new Mask(store, null);
      } else if (needsCold(q) ? cold : hot) mask.value = timed('filter', () => runFilter(store, q));
      else mask.value = none;
    });
    const bits = computed(() => this.mask.value.bits);
    // Until the pyramid of a filter is built, in steps, a frame scans the lanes in sight.
    this.whole = new Pyramid(store, null);
    effect(() => {
      const m = this.mask.value.bits;
      if (!m) {
        this.pyramid.value = this.whole;
        return;
      }
      this.pyramid.value = null;
      void (async () => {
        const p = new Pyramid(store, m);
        for (;;) {
          await new Promise(done => setTimeout(done, 0)); // frames and input first
          const until = performance.now() + 8;
          for (;;) {
            if (this.mask.peek().bits !== m) return;
            if (p.update(1 << 15)) {
              this.pyramid.value = p;
              return;
            }
            if (performance.now() > until) break;
          }
        }
      })();
    });
    this.laneRows = computed<LaneRow[]>(() =>
      laneRows(store, {
        sort: this.laneSort.value,
        pins: this.pins.value,
        hidden: this.hidden.value,
        folded: this.folded.value,
        only: bits.value
          ? this.hotReady.value
            ? this.mask.value.lanes
            : null
          : this.laneSort.value === 'activity'
            ? (void this.hotReady.value, store.laneEvents)
            : null,
      }),
    );
    effect(() => {
      const m = this.mask.value,
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
      void sortRows(store, m.rows, m.count, s, () => id !== this.sorting).then(rows => {
        if (id !== this.sorting) return;
        batch(() => {
          this.sorted.value = rows;
          this.busy.value = '';
        });
        stats.sort = performance.now() - from;
      });
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
  /** Row number in the table → event. */
  event(row: number): number {
    const { value: m } = this.mask,
      sorted = this.sorted.value;
    return sorted ? (sorted[row] ?? -1) : m.event(this.backwards ? m.count - 1 - row : row);
  }
  get rowCount(): number {
    return this.sorted.value?.length ?? this.mask.value.count;
  }
  /** Event → its place in the table; −1 when the filter hides it. */
  rowOf(event: number): number {
    const { value: m } = this.mask,
      sorted = this.sorted.value;
    if (sorted) return sorted.indexOf(event);
    const row = m.rowOf(event);
    return row >= 0 && this.backwards ? m.count - 1 - row : row;
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

// ---- URL hash ----

const enc = (s: string) =>
  encodeURIComponent(s)
    .replace(/%20/g, '+')
    .replace(/%2C/g, ',')
    .replace(/%3A/g, ':')
    .replace(/%2F/g, '/')
    .replace(/%3E/g, '>')
    .replace(/%3C/g, '<');

export function toHash(s: State): string {
  const out: string[] = [],
    put = (k: string, v: string) => out.push(k + '=' + enc(v));
  if (s.tab.value !== 'overview') put('tab', s.tab.value);
  if (s.filter.value) put('q', s.filter.value);
  if (!s.isFit()) put('t', `${Math.round(s.view.value.from)},${Math.round(s.view.value.to)}`);
  if (s.range.value)
    put('range', `${Math.round(s.range.value.from)},${Math.round(s.range.value.to)}`);
  if (s.selected.value >= 0) put('event', String(s.selected.value));
  const { key, down } = s.sort.value;
  if (key !== 'time' || down) put('sort', (down ? '-' : '') + key);
  if (s.laneSort.value !== 'tree') put('lanes', s.laneSort.value);
  if (s.pins.value.length) put('pin', s.pins.value.join(','));
  if (s.hidden.value.length) put('hide', s.hidden.value.join(','));
  if (s.folded.value) put('fold', '1');
  if (!s.arrows.value) put('arrows', '0');
  if (s.columns.value.join() !== DEFAULT_COLUMNS.join()) put('cols', s.columns.value.join(','));
  if (s.theme.value !== 'auto') put('theme', s.theme.value);
  return out.length ? '#' + out.join('&') : '';
}

export function fromHash(s: State, hash: string): void {
  const p = new Map(
    hash
      .replace(/^#/, '')
      .split('&')
      .filter(Boolean)
      .map(kv => {
        const at = kv.indexOf('='),
          raw = at < 0 ? '' : kv.slice(at + 1).replace(/\+/g, ' ');
        let value = raw;
        try {
          value = decodeURIComponent(raw);
        } catch {
          /* not ours: as it is */
        }
        return [at < 0 ? kv : kv.slice(0, at), value] as [string, string];
      }),
  );
  const ints = (v: string | undefined, max: number) =>
    (v ?? '')
      .split(',')
      .filter(Boolean)
      .map(Number)
      .filter(x => Number.isInteger(x) && x >= 0 && x < max);
  const pair = (v: string | undefined): Range | null => {
    const [a, b] = (v ?? '').split(',').map(Number);
    return Number.isFinite(a) && Number.isFinite(b) && b > a ? { from: a, to: b } : null;
  };
  batch(() => {
    const tab = p.get('tab') as Tab;
    s.tab.value = TABS.includes(tab) ? tab : 'overview';
    s.filter.value = p.get('q') ?? '';
    const t = pair(p.get('t'));
    if (t) s.setView(t.from, t.to);
    else s.fit();
    s.range.value = pair(p.get('range'));
    s.selected.value = ints(p.get('event'), s.store.n)[0] ?? -1;
    const sort = p.get('sort') ?? 'time',
      key = sort.replace(/^-/, '') as SortKey;
    s.sort.value = [
      'time',
      'lane',
      'cat',
      'type',
      'details',
      'result',
      'dur',
      'bytes',
      'fd',
    ].includes(key)
      ? { key, down: sort[0] === '-' }
      : { key: 'time', down: false };
    const lanes = p.get('lanes') as LaneSort;
    s.laneSort.value = lanes === 'start' || lanes === 'activity' ? lanes : 'tree';
    s.pins.value = ints(p.get('pin'), s.store.tasks.length);
    s.hidden.value = ints(p.get('hide'), s.store.tasks.length);
    s.folded.value = p.get('fold') === '1';
    s.arrows.value = p.get('arrows') !== '0';
    const cols = (p.get('cols') ?? '')
      .split(',')
      .filter((c): c is Column => (COLUMNS as readonly string[]).includes(c));
    s.columns.value = cols.length ? cols : DEFAULT_COLUMNS;
    const theme = p.get('theme');
    s.theme.value = theme === 'dark' || theme === 'light' ? theme : 'auto';
  });
}

/** Keeps hash and state the same. Steps that a person would want to undo get their own entry in the history. */
export function syncHash(s: State): void {
  let restoring = false,
    wanted = toHash(s),
    timer = 0,
    pushing = false;
  const step = (hash: string) => hash.replace(/&?\b(t|event|range)=[^&]*/g, '');
  const write = (hash: string, push: boolean) => {
    if (hash === location.hash || (hash === '' && location.hash === '')) return;
    try {
      if (push) history.pushState(null, '', hash || location.pathname + location.search);
      else history.replaceState(null, '', hash || location.pathname + location.search);
    } catch {
      /* browsers limit how often: the next change writes it */
    }
  };
  effect(() => {
    const hash = toHash(s);
    if (restoring) {
      wanted = hash;
      return;
    }
    if (hash === wanted) return;
    pushing ||= step(hash) !== step(wanted);
    wanted = hash;
    clearTimeout(timer);
    // What one click changes is one step.
    timer = setTimeout(
      () => {
        write(wanted, pushing);
        pushing = false;
      },
      pushing ? 0 : 250,
    ) as unknown as number;
  });
  const restore = () => {
    restoring = true;
    fromHash(s, location.hash);
    restoring = false;
    wanted = toHash(s);
  };
  window.addEventListener('popstate', restore);
  window.addEventListener('hashchange', () => {
    if (location.hash !== wanted) restore();
  });
}
