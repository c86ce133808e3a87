// SPDX-License-Identifier: MIT
// A sortable list of any length: only the rows in sight are elements.
import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { GroupRow, Head, Row } from './grid-parts';
import { grouped, isGroup, type Grouping, type Item } from './groups';
import { copyRows } from './copy-rows';
import { tipWhenCut } from './menu';
import type { State } from './state';
import { widthsOf } from './widths';

export interface GridColumn<T> {
  id: string;
  title: string;
  width: string;
  num?: boolean;
  /** false: the figures of rows are not to be added up (shares, percentiles, numbers of processes). */
  sum?: boolean;
  hint?: string;
  /** Stands in the head in place of the title. */
  head?: ComponentChildren;
  /** Where there is no room for all columns, those with the highest number go first; 0 stays. */
  drop?: number;
  value: (row: T) => string | number;
  /** A figure in words, for a row and for a sum. */
  text?: (v: number) => ComponentChildren;
  render?: (row: T) => ComponentChildren;
  /** What stands in the row of a group, where it is more than the sum. */
  total?: (rows: readonly T[]) => ComponentChildren;
  cls?: (row: T) => string;
  /** Bars: there is nothing in it to copy. */
  picture?: true;
}
/** A column of figures: `px` wide, sorted as numbers, shown by `text`. */
export function figures<T>(
  id: string,
  title: string,
  px: number,
  value: (row: T) => number,
  text?: (v: number) => ComponentChildren,
  more?: Partial<GridColumn<T>>,
): GridColumn<T> {
  return {
    id,
    title,
    width: px + 'px',
    num: true,
    value,
    text,
    render: text && (r => text(value(r))),
    ...more,
  };
}

export interface Sort {
  id: string;
  down: boolean;
}
export interface GridProps<T> {
  /** For copying rows and the note about it; none: rows are not copied. */
  s?: State;
  label: string;
  rows: readonly T[];
  columns: GridColumn<T>[];
  rowHeight?: number;
  sort?: Sort | null;
  by?: Grouping<T> | null;
  selected?: T | null;
  onSelect?: (row: T) => void;
  onOpen?: (row: T) => void;
  onMenu?: (e: MouseEvent, row: T, column: string) => void;
  rowClass?: (row: T) => string;
  empty?: string;
  level?: (row: T) => number;
}

/** What is open, marked and under the cursor of a table, and what changes it. */
function useLines<T>(p: GridProps<T>) {
  const [sort, setSort] = useState(p.sort ?? null);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [onGroup, setOnGroup] = useState('');
  const [marked, mark] = useState<ReadonlySet<T>>(new Set());
  const rows = useMemo(() => sorted(p.rows, p.columns, sort), [p.rows, sort, p.columns]);
  const items = useMemo(
    () => itemsOf(rows, p.by ?? null, open, p.columns, sort),
    [rows, p.by, open, p.columns, sort],
  );
  const index = items.findIndex(x =>
    isGroup(x) ? x.group.key === onGroup : !onGroup && x.row === p.selected,
  );
  useEffect(() => {
    setOnGroup('');
    setOpen(new Set());
  }, [p.by]);
  useEffect(() => mark(new Set()), [p.rows]);
  const toggle = (key: string, to = !open.has(key)) => {
    const n = new Set(open);
    if (to) n.add(key);
    else n.delete(key);
    setOpen(n);
    setOnGroup(key);
  };
  const take = (x: Item<T>) => {
    mark(new Set());
    setOnGroup(isGroup(x) ? x.group.key : '');
    if (!isGroup(x)) p.onSelect?.(x.row);
  };
  /** With Shift all rows up to the selected one, with Ctrl one more. */
  const click = (e: MouseEvent, row: T, at: number) => {
    if (!p.s || (!e.shiftKey && !e.ctrlKey && !e.metaKey)) {
      take(items[at]);
      return;
    }
    e.preventDefault();
    const range = e.shiftKey && index >= 0 ? [index, at].sort((x, y) => x - y) : [at, at],
      n = new Set(marked),
      off = !e.shiftKey && marked.has(row);
    if (p.selected && !n.size) n.add(p.selected);
    for (const x of items.slice(range[0], range[1] + 1)) if (!isGroup(x)) n.add(x.row);
    if (off) n.delete(row);
    mark(n);
  };
  const copy = (columns: GridColumn<T>[]) => {
    const chosen = marked.size ? rows.filter(r => marked.has(r)) : p.selected ? [p.selected] : [];
    if (p.s && chosen.length) copyRows(p.s, columns, chosen);
  };
  return { sort, setSort, items, index, marked, toggle, take, click, copy };
}
type Lines<T> = ReturnType<typeof useLines<T>>;

export function Grid<T>(p: GridProps<T>) {
  const height = p.rowHeight ?? 26,
    lines = useLines(p),
    { items, index, sort } = lines;
  const [top, setTop] = useState(0);
  const [, resized] = useState(0);
  const body = useRef<HTMLDivElement>(null);
  const { room, wide } = useRoom(body);
  useEffect(() => {
    if (index >= 0) showRow(body.current!, index * height, height);
  }, [index]);
  const columns = useMemo(() => fitting(p.columns, wide), [p.columns, wide]);
  const first = Math.max(0, Math.floor(top / height) - 4),
    last = Math.min(items.length, first + Math.ceil(room / height) + 9);
  return (
    <div
      class="grid"
      role={p.level || p.by ? 'treegrid' : 'grid'}
      aria-label={p.label}
      aria-rowcount={items.length + 1}
      aria-multiselectable={p.s ? true : undefined}
      tabIndex={0}
      onKeyDown={e => onKey(e, p, lines, columns, Math.max(1, Math.floor(room / height) - 1))}
      onMouseOver={tipWhenCut}
      onContextMenu={e => {
        if (p.selected && !(e.target as HTMLElement).closest('.grid-row'))
          p.onMenu?.(e, p.selected, '');
      }}
      style={{ '--cols': columns.map(c => widthOf(p.label, c)).join(' ') }}
      aria-activedescendant={index >= first && index < last ? `${p.label}-${index}` : undefined}
    >
      <Head
        label={p.label}
        columns={columns}
        sort={sort}
        click={c => lines.setSort(s => nextSort(s, c))}
        resized={() => resized(n => n + 1)}
      />
      <div
        class="grid-body"
        role="rowgroup"
        ref={body}
        tabIndex={0}
        onScroll={e => setTop((e.currentTarget as HTMLElement).scrollTop)}
      >
        {!items.length && (
          <p class="nothing" role="row">
            <span role="gridcell">{p.empty ?? 'Nothing here.'}</span>
          </p>
        )}
        <div
          role="presentation"
          style={{ height: items.length * height + 'px', position: 'relative' }}
        >
          {items.slice(first, last).map((_, k) => (
            <Line
              key={first + k}
              p={p}
              lines={lines}
              at={first + k}
              columns={columns}
              height={height}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

function Line<T>({
  p,
  lines,
  at,
  columns,
  height,
}: {
  p: GridProps<T>;
  lines: Lines<T>;
  at: number;
  columns: GridColumn<T>[];
  height: number;
}) {
  const x = lines.items[at],
    on = at === lines.index || (!isGroup(x) && lines.marked.has(x.row)),
    place = { at, height, on, id: `${p.label}-${at}` };
  return isGroup(x) ? (
    <GroupRow
      group={x.group}
      place={place}
      columns={columns}
      toggle={() => lines.toggle(x.group.key)}
    />
  ) : (
    <Row
      p={p}
      row={x.row}
      place={place}
      columns={columns}
      click={e => lines.click(e, x.row, at)}
      inGroup={!!p.by}
    />
  );
}

function itemsOf<T>(
  rows: readonly T[],
  by: Grouping<T> | null,
  open: ReadonlySet<string>,
  columns: GridColumn<T>[],
  sort: Sort | null,
): Item<T>[] {
  if (!by) return rows.map(row => ({ row, group: null }));
  const column = sort && columns.find(c => c.id === sort.id);
  return grouped(rows, by, open, column ? { column, down: sort.down } : null);
}

function sorted<T>(rows: readonly T[], columns: GridColumn<T>[], sort: Sort | null): readonly T[] {
  const c = sort && columns.find(x => x.id === sort.id);
  if (!c) return rows;
  const keyed = rows.map((row, i) => ({ row, i, k: c.value(row) }));
  keyed.sort((a, b) => (a.k < b.k ? -1 : a.k > b.k ? 1 : 0) * (sort.down ? -1 : 1) || a.i - b.i);
  return keyed.map(x => x.row);
}
/** A click: the way one looks first, the other way, as it was. */
function nextSort<T>(s: Sort | null, c: GridColumn<T>): Sort | null {
  if (s?.id !== c.id) return { id: c.id, down: !!c.num };
  return s.down === !!c.num ? { id: c.id, down: !s.down } : null;
}

/** Height and width of the part that scrolls. */
function useRoom(body: RefObject<HTMLDivElement | null>) {
  const [room, setRoom] = useState(600);
  const [wide, setWide] = useState(1e9);
  useLayoutEffect(() => {
    const e = body.current!;
    const see = () => {
      setRoom(e.clientHeight);
      setWide(e.clientWidth);
    };
    see();
    const o = new ResizeObserver(see);
    o.observe(e);
    return () => o.disconnect();
  }, []);
  return { room, wide };
}
function showRow(e: HTMLElement, top: number, height: number): void {
  if (top < e.scrollTop) e.scrollTop = top;
  else if (top + height > e.scrollTop + e.clientHeight) e.scrollTop = top + height - e.clientHeight;
}

const widthOf = <T,>(label: string, c: GridColumn<T>): string => {
  const px = widthsOf(label).get(c.id);
  return px === undefined ? c.width : px + 'px';
};
function fitting<T>(columns: GridColumn<T>[], wide: number): GridColumn<T>[] {
  const list = [...columns],
    least = (c: GridColumn<T>) => Number(/(\d+)px/.exec(c.width)?.[1] ?? 60);
  let sum = list.reduce((a, c) => a + least(c), 0);
  for (const c of [...list].sort((a, b) => (b.drop ?? 0) - (a.drop ?? 0))) {
    if (sum <= wide || !c.drop) break;
    list.splice(list.indexOf(c), 1);
    sum -= least(c);
  }
  return list;
}

function onKey<T>(
  e: KeyboardEvent,
  p: GridProps<T>,
  lines: Lines<T>,
  columns: GridColumn<T>[],
  page: number,
): void {
  const { items, index } = lines;
  if ((e.ctrlKey || e.metaKey) && e.key === 'c' && p.s && !getSelection()?.toString()) {
    e.preventDefault();
    lines.copy(columns);
    return;
  }
  if (e.ctrlKey || e.metaKey || e.altKey || !p.onSelect || !items.length) return;
  const to: Record<string, number> = {
      ArrowDown: index + 1,
      ArrowUp: index < 0 ? 0 : index - 1,
      PageDown: index + page,
      PageUp: index - page,
      Home: 0,
      End: items.length - 1,
    },
    here = (e.target as HTMLElement).getAttribute('role')?.endsWith('grid'),
    now = items[index];
  if (e.key in to) {
    e.stopPropagation();
    lines.take(items[Math.max(0, Math.min(items.length - 1, to[e.key]))]);
  } else if (now && isGroup(now) && here && /^(Enter|ArrowRight|ArrowLeft)$/.test(e.key))
    lines.toggle(now.group.key, e.key === 'Enter' ? undefined : e.key === 'ArrowRight');
  else if (e.key === 'Enter' && now && !isGroup(now) && here) (p.onOpen ?? p.onSelect)(now.row);
  else return;
  e.preventDefault();
}
