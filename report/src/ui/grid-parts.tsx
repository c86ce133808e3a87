// SPDX-License-Identifier: MIT
// The head of a table, its rows, and the rows that stand for a group.
import type { ComponentChildren } from 'preact';
import { count } from '../engine/human';
import { show } from '../format/text';
import type { GridColumn, GridProps, Sort } from './grid';
import { hasSum, sumOf, type Group } from './groups';
import { dragWidth, freeWidth, keyWidth } from './widths';

export function Head<T>({
  label,
  columns,
  sort,
  click,
  resized,
}: {
  label: string;
  columns: GridColumn<T>[];
  sort: Sort | null;
  click: (c: GridColumn<T>) => void;
  resized: () => void;
}) {
  return (
    <div class="grid-head" role="row">
      {columns.map((c, k) => (
        <div
          key={c.id}
          role="columnheader"
          data-head={c.id}
          class={c.num ? 'num' : ''}
          aria-sort={sort?.id === c.id ? (sort.down ? 'descending' : 'ascending') : 'none'}
          title={c.hint}
        >
          <button
            type="button"
            onClick={() => click(c)}
            onKeyDown={e => keyWidth(e, label, c.id, resized)}
          >
            {c.head ?? c.title}
          </button>
          {k < columns.length - 1 && (
            <span
              class="grip"
              aria-hidden="true"
              onPointerDown={e => dragWidth(e, label, c.id, resized)}
              onDblClick={() => freeWidth(label, c.id, resized)}
            />
          )}
        </div>
      ))}
    </div>
  );
}

interface Place {
  at: number;
  height: number;
  on: boolean;
  id: string;
}
/** What a row is, wherever it stands; `level` where rows are a tree. */
const rowProps = ({ at, height, on, id }: Place, more: string, level?: number) => ({
  id,
  role: 'row' as const,
  'aria-rowindex': at + 2,
  'aria-selected': on,
  'aria-level': level,
  class: `grid-row${at & 1 ? ' alt' : ''}${on ? ' on' : ''} ${more}`,
  style: { transform: `translateY(${at * height}px)`, height: height + 'px' },
});

function Cells<T>({
  columns,
  cls,
  of,
}: {
  columns: GridColumn<T>[];
  cls: (c: GridColumn<T>) => string | undefined;
  of: (c: GridColumn<T>, k: number) => ComponentChildren;
}) {
  return (
    <>
      {columns.map((c, k) => (
        <div
          key={c.id}
          role="gridcell"
          data-col={c.id}
          class={(c.num ? 'num ' : '') + (cls(c) ?? '')}
        >
          {of(c, k)}
        </div>
      ))}
    </>
  );
}

export function Row<T>({
  p,
  row,
  place,
  columns,
  click,
  inGroup,
}: {
  p: GridProps<T>;
  row: T;
  place: Place;
  columns: GridColumn<T>[];
  click: (e: MouseEvent) => void;
  inGroup: boolean;
}) {
  return (
    <div
      {...rowProps(
        place,
        `${inGroup ? 'in-group ' : ''}${p.rowClass?.(row) ?? ''}`,
        inGroup ? 2 : p.level?.(row),
      )}
      onMouseDown={e => {
        // Else the text in between would be selected, and copied in place of the rows.
        if (e.shiftKey) e.preventDefault();
      }}
      onClick={click}
      onDblClick={() => p.onOpen?.(row)}
      onContextMenu={e => {
        const cell = (e.target as HTMLElement).closest<HTMLElement>('[data-col]');
        p.onMenu?.(e, row, cell?.dataset.col ?? '');
      }}
    >
      <Cells
        columns={columns}
        cls={c => c.cls?.(row)}
        of={c => (c.render ? c.render(row) : c.value(row))}
      />
    </div>
  );
}

/** Name and number of rows in the first column, sums in those of figures. */
export function GroupRow<T>({
  group,
  place,
  columns,
  toggle,
}: {
  group: Group<T>;
  place: Place;
  columns: GridColumn<T>[];
  toggle: () => void;
}) {
  const sum = (c: GridColumn<T>): ComponentChildren => {
    if (c.total) return c.total(group.rows);
    if (!hasSum(c)) return '';
    const v = sumOf(c, group.rows);
    return v ? (c.text ?? count)(v) : '';
  };
  const name = (
    <span class="path" title={show(group.key)}>
      <span class="twist" aria-hidden="true">
        {group.open ? '▾' : '▸'}
      </span>
      {show(group.key) || 'none'} <span class="dim">({count(group.rows.length)})</span>
    </span>
  );
  return (
    <div {...rowProps(place, 'group', 1)} aria-expanded={group.open} onClick={toggle}>
      <Cells
        columns={columns}
        cls={c => (group.rows.some(r => c.cls?.(r) === 'bad') ? 'bad' : '')}
        of={(c, k) => (k ? sum(c) : name)}
      />
    </div>
  );
}
