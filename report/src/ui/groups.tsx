// SPDX-License-Identifier: MIT
// Rows of a table put together by what they have in common: groups with sums, which open and close.
import { useState } from 'preact/hooks';
import type { GridColumn } from './grid';

/** A way to group: a row may belong to several groups. */
export interface Grouping<T> {
  id: string;
  title: string;
  of: (row: T) => string | string[];
}
export interface Group<T> {
  key: string;
  rows: T[];
  open: boolean;
}
/** What stands in a line of the table. */
export type Item<T> = { row: T; group: null } | { row: null; group: Group<T> };

export function isGroup<T>(x: Item<T>): x is { row: null; group: Group<T> } {
  return x.group !== null;
}

export const sumOf = <T,>(c: GridColumn<T>, rows: readonly T[]): number =>
  rows.reduce((a, r) => a + Math.max(0, Number(c.value(r))), 0);
export const hasSum = <T,>(c: GridColumn<T>): boolean => c.num === true && c.sum !== false;

/** Rows in their order → groups, largest first by the column that is sorted by, each followed by its rows when open. */
export function grouped<T>(
  rows: readonly T[],
  by: Grouping<T>,
  open: ReadonlySet<string>,
  sort: { column: GridColumn<T>; down: boolean } | null,
): Item<T>[] {
  const groups = new Map<string, Group<T>>();
  for (const row of rows)
    for (const key of [by.of(row)].flat()) {
      const g = groups.get(key);
      if (g) g.rows.push(row);
      else groups.set(key, { key, rows: [row], open: open.has(key) });
    }
  const list = [...groups.values()];
  if (sort && hasSum(sort.column)) {
    const size = new Map(list.map(g => [g, sumOf(sort.column, g.rows)]));
    list.sort((a, b) => (size.get(a)! - size.get(b)!) * (sort.down ? -1 : 1));
  }
  return list.flatMap(group => [
    { row: null, group },
    ...(group.open ? group.rows.map(row => ({ row, group: null })) : []),
  ]);
}

/** The choice of a grouping; '' for none. */
export function useGrouping<G extends { id: string; title: string }>(list: readonly G[]) {
  const [id, set] = useState('');
  const by = list.find(g => g.id === id) ?? null;
  return { by, select: { id: by?.id ?? '', set, list } };
}

export function GroupBy({
  id,
  set,
  list,
  none = 'nothing',
}: {
  id: string;
  set: (id: string) => void;
  list: readonly { id: string; title: string }[];
  none?: string;
}) {
  return (
    <label class="group-by">
      {'Group by '}
      <select value={id} onChange={e => set((e.currentTarget as HTMLSelectElement).value)}>
        <option value="">{none}</option>
        {list.map(g => (
          <option key={g.id} value={g.id}>
            {g.title}
          </option>
        ))}
      </select>
    </label>
  );
}
