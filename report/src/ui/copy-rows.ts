// SPDX-License-Identifier: MIT
// Several rows of a table as text with tabs, as spreadsheets and terminals take it.
import { plural } from '../engine/human';
import { exact } from '../engine/export';
import type { GridColumn } from './grid';
import { copy } from './menu';
import type { State } from './state';

/** A cell that holds tabs or ends of lines would be several. */
const plain = (v: string | number): string => exact(String(v)).replace(/[\t\r\n]/g, ' ');

/** Figures as they are, in ns and bytes. */
export function rowsText<T>(columns: GridColumn<T>[], rows: readonly T[]): string {
  return [
    columns.map(c => c.title).join('\t'),
    ...rows.map(r => columns.map(c => plain(c.value(r))).join('\t')),
  ].join('\n');
}

export function copyRows<T>(s: State, columns: GridColumn<T>[], rows: readonly T[]): void {
  copy(s, rowsText(columns, rows) + '\n', plural(rows.length, 'row'));
}
