// SPDX-License-Identifier: MIT
// The columns of the event table: titles, widths, what each sorts by, and the text of a cell.
import { bytes, count, duration, instant, wall } from '../engine/human';
import { roleOf } from '../engine/roles';
import type { SortKey } from '../engine/sort';
import { Layer, type Store } from '../engine/store';
import { words } from '../engine/words';
import { show } from '../format/text';
import type { Column } from '../ui/state';

interface ColumnSpec {
  title: string;
  width: string;
  num?: boolean;
  sort?: SortKey;
  /** Where all have no room: the highest goes first; without one it stays. */
  drop?: number;
}
export const SPECS: Record<Column, ColumnSpec> = {
  row: { title: '#', width: '84px', num: true, sort: 'time', drop: 6 },
  time: { title: 'Time (s)', width: '104px', num: true, sort: 'time' },
  wall: { title: 'Wall clock', width: '236px', num: true, sort: 'time', drop: 7 },
  lane: { title: 'Process', width: 'minmax(92px, min(168px, 14%))', sort: 'lane', drop: 1 },
  cat: { title: 'Category', width: '92px', sort: 'cat', drop: 4 },
  type: { title: 'Call', width: 'minmax(88px, min(132px, 11%))', sort: 'type' },
  words: { title: 'In words', width: 'minmax(120px, 0.8fr)', sort: 'details' },
  details: { title: 'Details', width: 'minmax(96px, 1fr)', sort: 'details' },
  role: { title: 'Role', width: '104px', drop: 4 },
  result: { title: 'Result', width: 'minmax(72px, min(126px, 10%))', sort: 'result', drop: 2 },
  fd: { title: 'FD', width: '54px', num: true, sort: 'fd', drop: 5 },
  bytes: { title: 'Bytes', width: '82px', num: true, sort: 'bytes', drop: 3 },
  dur: { title: 'Duration', width: '92px', num: true, sort: 'dur' },
};

/** Those that fit side by side in so many pixels, where each is as narrow as it may be; `chosen`: widths that a person gave. */
export function columnsThatFit(
  cols: readonly Column[],
  wide: number,
  chosen: ReadonlyMap<string, number>,
): Column[] {
  const least = (c: Column) => chosen.get(c) ?? parseInt(/\d+/.exec(SPECS[c].width)![0], 10),
    left = new Set(cols),
    dropped = cols
      .filter(c => SPECS[c].drop)
      .sort((a, b) => (SPECS[b].drop ?? 0) - (SPECS[a].drop ?? 0));
  let sum = cols.reduce((a, c) => a + least(c), 0);
  for (const c of dropped) {
    if (sum <= wide || !wide) break; // (0: not shown yet)
    left.delete(c);
    sum -= least(c);
  }
  return cols.filter(c => left.has(c));
}

/** The open file's name, or what the event names. */
const pathOf = (store: Store, i: number) =>
  (store.file[i] && store.fileName(store.file[i])) || store.objText(i);

/** The text of a cell. Type and details have parts of their own in the table. */
export const CELLS: Record<Column, (store: Store, i: number) => string> = {
  row: (_, i) => count(i),
  time: (store, i) => instant(store.start[i]),
  wall: (store, i) => wall(store.meta.t0_ns, store.start[i]),
  lane: (store, i) => {
    const lane = store.lane[i],
      task = store.tasks[lane];
    return `${store.isThread(lane) ? '↳ ' : ''}${show(task.comm)} ${task.tid}`;
  },
  cat: (store, i) => store.meta.categories[store.catOf[store.type[i]]],
  type: (store, i) => store.types[store.type[i]].name,
  words: (store, i) => (i < store.cold ? words(store, i) : '…'),
  details: (store, i) => store.args(i),
  role: (store, i) => (i < store.cold ? roleOf(pathOf(store, i)) : ''),
  result: (store, i) => {
    if (store.failed(i)) return store.errName[store.err[i]];
    return i < store.cold && store.layerOf[store.type[i]] === Layer.Call ? store.result(i) : '';
  },
  fd: (store, i) => (i < store.cold && store.fd(i) >= 0 ? String(store.fd(i)) : ''),
  bytes: (store, i) => {
    const b = i < store.cold ? store.bytes(i) : 0;
    return b ? bytes(b) : '';
  },
  dur: (store, i) => (store.dur32[i] ? duration(store.dur(i)) : ''),
};

/** What is copied beside the text of a cell: figures that it has rounded. */
const WHOLE: Partial<Record<Column, { title: string; of: (store: Store, i: number) => string }>> = {
  time: { title: 'Time (ns)', of: (store, i) => String(store.start[i]) },
  bytes: {
    title: 'Bytes (B)',
    of: (store, i) => String(i < store.cold ? store.bytes(i) : 0),
  },
  dur: { title: 'Duration (ns)', of: (store, i) => String(store.dur(i)) },
};
export const headText = (cols: readonly Column[]): string =>
  cols.flatMap(c => [SPECS[c].title, ...(WHOLE[c] ? [WHOLE[c].title] : [])]).join('\t');
export function rowText(cols: readonly Column[], store: Store, i: number): string {
  const text = (c: Column) => CELLS[c](store, i).replace(/\s/g, ' ');
  return cols.flatMap(c => [text(c), ...(WHOLE[c] ? [WHOLE[c].of(store, i)] : [])]).join('\t');
}
