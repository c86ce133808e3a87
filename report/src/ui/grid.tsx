// SPDX-License-Identifier: MIT
// A sortable list of any length: only the rows in sight are elements.
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { tipWhenCut } from './menu';

export interface GridColumn<T> {
  id: string;
  title: string;
  width: string;
  num?: boolean;
  hint?: string;
  /** Where there is no room for all columns, those with the highest number go first; 0 stays. */
  drop?: number;
  value: (row: T) => string | number;
  render?: (row: T) => ComponentChildren;
  cls?: (row: T) => string;
}
interface Props<T> {
  label: string;
  rows: readonly T[];
  columns: GridColumn<T>[];
  rowHeight?: number;
  sort?: { id: string; down: boolean } | null;
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
  const [room, setRoom] = useState(600);
  const [wide, setWide] = useState(1e9);
  const body = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => {
    const c = sort && p.columns.find(x => x.id === sort.id);
    if (!c) return p.rows;
    const keyed = p.rows.map((row, i) => ({ row, i, k: c.value(row) }));
    keyed.sort((a, b) => (a.k < b.k ? -1 : a.k > b.k ? 1 : 0) * (sort.down ? -1 : 1) || a.i - b.i);
    return keyed.map(x => x.row);
  }, [p.rows, sort, p.columns]);
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
  const index = p.selected ? rows.indexOf(p.selected) : -1;
  useEffect(() => {
    const e = body.current!;
    if (index < 0) return;
    if (index * height < e.scrollTop) e.scrollTop = index * height;
    else if ((index + 1) * height > e.scrollTop + e.clientHeight)
      e.scrollTop = (index + 1) * height - e.clientHeight;
  }, [index]);
  const columns = useMemo(() => {
    const list = [...p.columns],
      least = (c: GridColumn<T>) => Number(/(\d+)px/.exec(c.width)?.[1] ?? 60);
    let sum = list.reduce((a, c) => a + least(c), 0);
    for (const c of [...list].sort((a, b) => (b.drop ?? 0) - (a.drop ?? 0))) {
      if (sum <= wide || !c.drop) break;
      list.splice(list.indexOf(c), 1);
      sum -= least(c);
    }
    return list;
  }, [p.columns, wide]);
  const first = Math.max(0, Math.floor(top / height) - 4),
    shown = rows.slice(first, first + Math.ceil(room / height) + 9);
  const click = (c: GridColumn<T>) =>
    setSort(s =>
      s?.id === c.id
        ? s.down === !!c.num
          ? { id: c.id, down: !s.down }
          : null
        : { id: c.id, down: !!c.num },
    );
  const key = (e: KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey || !p.onSelect || !rows.length) return;
    const page = Math.max(1, Math.floor(room / height) - 1);
    const to: Record<string, number> = {
      ArrowDown: index + 1,
      ArrowUp: index < 0 ? 0 : index - 1,
      PageDown: index + page,
      PageUp: index - page,
      Home: 0,
      End: rows.length - 1,
    };
    if (e.key in to) {
      e.preventDefault();
      e.stopPropagation();
      p.onSelect(rows[Math.max(0, Math.min(rows.length - 1, to[e.key]))]);
    } else if (
      e.key === 'Enter' &&
      index >= 0 &&
      (e.target as HTMLElement).getAttribute('role')?.endsWith('grid')
    ) {
      e.preventDefault();
      (p.onOpen ?? p.onSelect)(rows[index]);
    }
  };
  return (
    <div
      class="grid"
      role={p.level ? 'treegrid' : 'grid'}
      aria-label={p.label}
      aria-rowcount={rows.length + 1}
      tabIndex={0}
      onKeyDown={key}
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
              {c.title}
            </button>
          </div>
        ))}
      </div>
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
          {shown.map((row, k) => {
            const at = first + k;
            return (
              <div
                key={at}
                id={`${p.label}-${at}`}
                role="row"
                aria-rowindex={at + 2}
                aria-selected={row === p.selected}
                aria-level={p.level?.(row)}
                class={`grid-row${at & 1 ? ' alt' : ''}${row === p.selected ? ' on' : ''} ${p.rowClass?.(row) ?? ''}`}
                style={{ transform: `translateY(${at * height}px)`, height: height + 'px' }}
                onClick={() => p.onSelect?.(row)}
                onDblClick={() => p.onOpen?.(row)}
                onContextMenu={e =>
                  p.onMenu?.(
                    e,
                    row,
                    (e.target as HTMLElement).closest<HTMLElement>('[data-col]')?.dataset.col ?? '',
                  )
                }
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
          })}
        </div>
      </div>
    </div>
  );
}
