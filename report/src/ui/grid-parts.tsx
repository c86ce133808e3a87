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
const classOf = ({ at, on }: Place, more = '') =>
  `grid-row${at & 1 ? ' alt' : ''}${on ? ' on' : ''} ${more}`;
const styleOf = ({ at, height }: Place) => ({
  transform: `translateY(${at * height}px)`,
  height: height + 'px',
});

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
      id={place.id}
      role="row"
      aria-rowindex={place.at + 2}
      aria-selected={place.on}
      aria-level={inGroup ? 2 : p.level?.(row)}
      class={classOf(place, `${inGroup ? 'in-group ' : ''}${p.rowClass?.(row) ?? ''}`)}
      style={styleOf(place)}
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
    if (!hasSum(c)) return '';
    const v = sumOf(c, group.rows);
    return v ? (c.text ?? count)(v) : '';
  };
  return (
    <div
      id={place.id}
      role="row"
      aria-rowindex={place.at + 2}
      aria-selected={place.on}
      aria-expanded={group.open}
      aria-level={1}
      class={classOf(place, 'group')}
      style={styleOf(place)}
      onClick={toggle}
    >
      {columns.map((c, k) => (
        <div
          key={c.id}
          role="gridcell"
          data-col={c.id}
          class={`${c.num ? 'num' : ''}${group.rows.some(r => c.cls?.(r) === 'bad') ? ' bad' : ''}`}
        >
          {k ? (
            sum(c)
          ) : (
            <span class="path" title={show(group.key)}>
              <span class="twist" aria-hidden="true">
                {group.open ? '▾' : '▸'}
              </span>
              {show(group.key) || 'none'} <span class="dim">({count(group.rows.length)})</span>
            </span>
          )}
        </div>
      ))}
    </div>
  );
}
