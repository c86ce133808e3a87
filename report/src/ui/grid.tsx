// SPDX-License-Identifier: MIT
// A sortable list of any length: only the rows in sight are elements.
import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { tipWhenCut } from './menu';

export interface GridColumn<T> {
  id: string;
  title: string;
  width: string;
  num?: boolean;
  hint?: string;
  /** Stands in the head in place of the title. */
  head?: ComponentChildren;
  /** Where there is no room for all columns, those with the highest number go first; 0 stays. */
  drop?: number;
  value: (row: T) => string | number;
  render?: (row: T) => ComponentChildren;
  cls?: (row: T) => string;
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
    render: text && (r => text(value(r))),
    ...more,
  };
}

interface Sort {
  id: string;
  down: boolean;
}
interface Props<T> {
  label: string;
  rows: readonly T[];
  columns: GridColumn<T>[];
  rowHeight?: number;
  sort?: Sort | null;
  selected?: T | null;
  onSelect?: (row: T) => void;
  onOpen?: (row: T) => void;
  onMenu?: (e: MouseEvent, row: T, column: string) => void;
  rowClass?: (row: T) => string;
  empty?: string;
  level?: (row: T) => number;
}

export function Grid<T>(p: Props<T>) {
  const height = p.rowHeight ?? 26;
  const [sort, setSort] = useState(p.sort ?? null);
  const [top, setTop] = useState(0);
  const body = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => sorted(p.rows, p.columns, sort), [p.rows, sort, p.columns]);
  const { room, wide } = useRoom(body);
  const index = p.selected ? rows.indexOf(p.selected) : -1;
  useEffect(() => {
    if (index >= 0) showRow(body.current!, index * height, height);
  }, [index]);
  const columns = useMemo(() => fitting(p.columns, wide), [p.columns, wide]);
  const first = Math.max(0, Math.floor(top / height) - 4),
    shown = rows.slice(first, first + Math.ceil(room / height) + 9);
  return (
    <div
      class="grid"
      role={p.level ? 'treegrid' : 'grid'}
      aria-label={p.label}
      aria-rowcount={rows.length + 1}
      tabIndex={0}
      onKeyDown={e => onKey(e, p, rows, index, Math.max(1, Math.floor(room / height) - 1))}
      onMouseOver={tipWhenCut}
      onContextMenu={e => {
        if (p.selected && !(e.target as HTMLElement).closest('.grid-row'))
          p.onMenu?.(e, p.selected, '');
      }}
      style={{ '--cols': columns.map(c => c.width).join(' ') }}
      aria-activedescendant={
        index >= first && index < first + shown.length ? `${p.label}-${index}` : undefined
      }
    >
      <Head columns={columns} sort={sort} click={c => setSort(s => nextSort(s, c))} />
      <div
        class="grid-body"
        role="rowgroup"
        ref={body}
        tabIndex={0}
        onScroll={e => setTop((e.currentTarget as HTMLElement).scrollTop)}
      >
        {!rows.length && (
          <p class="nothing" role="row">
            <span role="gridcell">{p.empty ?? 'Nothing here.'}</span>
          </p>
        )}
        <div
          role="presentation"
          style={{ height: rows.length * height + 'px', position: 'relative' }}
        >
          {shown.map((row, k) => (
            <Row key={first + k} p={p} row={row} at={first + k} columns={columns} height={height} />
          ))}
        </div>
      </div>
    </div>
  );
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
  p: Props<T>,
  rows: readonly T[],
  index: number,
  page: number,
): void {
  if (e.ctrlKey || e.metaKey || e.altKey || !p.onSelect || !rows.length) return;
  const to: Record<string, number> = {
    ArrowDown: index + 1,
    ArrowUp: index < 0 ? 0 : index - 1,
    PageDown: index + page,
    PageUp: index - page,
    Home: 0,
    End: rows.length - 1,
  };
  const here = (e.target as HTMLElement).getAttribute('role')?.endsWith('grid');
  if (e.key in to) {
    e.preventDefault();
    e.stopPropagation();
    p.onSelect(rows[Math.max(0, Math.min(rows.length - 1, to[e.key]))]);
  } else if (e.key === 'Enter' && index >= 0 && here) {
    e.preventDefault();
    (p.onOpen ?? p.onSelect)(rows[index]);
  }
}

function Head<T>({
  columns,
  sort,
  click,
}: {
  columns: GridColumn<T>[];
  sort: Sort | null;
  click: (c: GridColumn<T>) => void;
}) {
  return (
    <div class="grid-head" role="row">
      {columns.map(c => (
        <div
          key={c.id}
          role="columnheader"
          class={c.num ? 'num' : ''}
          aria-sort={sort?.id === c.id ? (sort.down ? 'descending' : 'ascending') : 'none'}
          title={c.hint}
        >
          <button type="button" onClick={() => click(c)}>
            {c.head ?? c.title}
          </button>
        </div>
      ))}
    </div>
  );
}

function Row<T>({
  p,
  row,
  at,
  columns,
  height,
}: {
  p: Props<T>;
  row: T;
  at: number;
  columns: GridColumn<T>[];
  height: number;
}) {
  const on = row === p.selected;
  return (
    <div
      id={`${p.label}-${at}`}
      role="row"
      aria-rowindex={at + 2}
      aria-selected={on}
      aria-level={p.level?.(row)}
      class={`grid-row${at & 1 ? ' alt' : ''}${on ? ' on' : ''} ${p.rowClass?.(row) ?? ''}`}
      style={{ transform: `translateY(${at * height}px)`, height: height + 'px' }}
      onClick={() => p.onSelect?.(row)}
      onDblClick={() => p.onOpen?.(row)}
      onContextMenu={e => {
        const cell = (e.target as HTMLElement).closest<HTMLElement>('[data-col]');
        p.onMenu?.(e, row, cell?.dataset.col ?? '');
      }}
    >
      {columns.map(c => (
        <div
          key={c.id}
          role="gridcell"
          data-col={c.id}
          class={(c.num ? 'num ' : '') + (c.cls?.(row) ?? '')}
        >
          {c.render ? c.render(row) : c.value(row)}
        </div>
      ))}
    </div>
  );
}
