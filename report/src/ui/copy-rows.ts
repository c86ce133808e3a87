// SPDX-License-Identifier: MIT
// Several rows of a table as text with tabs, as spreadsheets and terminals take it.
import type { ComponentChildren, VNode } from 'preact';
import { bytes, duration, plural } from '../engine/human';
import { exact } from '../engine/export';
import type { GridColumn } from './grid';
import { copy } from './menu';
import type { State } from './state';

/** A cell that holds tabs or ends of lines would be several. */
const plain = (v: string): string => v.replace(/[\t\r\n]/g, ' ').trim();

/** What stands in a cell, without pictures and what can be pressed. */
function textOf(node: ComponentChildren): string {
  if (node === null || node === undefined || typeof node === 'boolean') return '';
  if (Array.isArray(node)) return node.map(textOf).join('');
  if (typeof node !== 'object') return String(node);
  const { type, props } = node as VNode<{ children?: ComponentChildren }>;
  if (typeof type === 'function')
    return textOf((type as unknown as (p: object) => ComponentChildren)(props));
  return type === 'svg' || type === 'button' ? '' : textOf(props.children);
}
const cell = <T>(c: GridColumn<T>, row: T): string =>
  plain(c.render ? textOf(c.render(row)) : exact(String(c.value(row))));

/** Figures that are shown rounded stand beside their text, whole: ns or bytes; undefined: as they are shown. */
function unitOf<T>(c: GridColumn<T>): string | undefined {
  const second = c.text?.(1e9);
  return second === duration(1e9) ? 'ns' : second === bytes(1e9) ? 'B' : undefined;
}

/** Each column as it is shown. */
export function rowsText<T>(columns: GridColumn<T>[], rows: readonly T[]): string {
  const shown = columns.filter(c => !c.picture),
    whole = (c: GridColumn<T>, row: T) => String(Math.max(0, Math.round(Number(c.value(row)))));
  return [
    shown.flatMap(c => (unitOf(c) ? [c.title, `${c.title} (${unitOf(c)})`] : [c.title])),
    ...rows.map(r => shown.flatMap(c => (unitOf(c) ? [cell(c, r), whole(c, r)] : [cell(c, r)]))),
  ]
    .map(line => line.join('\t'))
    .join('\n');
}

export function copyRows<T>(s: State, columns: GridColumn<T>[], rows: readonly T[]): void {
  copy(s, rowsText(columns, rows) + '\n', plural(rows.length, 'row'));
}
