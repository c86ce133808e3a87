// SPDX-License-Identifier: MIT
// Events as CSV or JSON, for other programs.
import type { Store } from './store';

/** What a field of an event is; a field has one type in all rows, null in JSON and nothing in CSV where there is none. */
type Value = number | string | null;

/** Names are bytes: a backslash is written twice, and a byte that is not UTF-8, or NUL, as \xNN. */
export function exact(text: string): string {
  return text.replace(/[\\\0]|[\udc80-\udcff](?<![\ud800-\udbff].)/g, c =>
    c === '\\' ? '\\\\' : '\\x' + (c.charCodeAt(0) & 0xff).toString(16).padStart(2, '0'),
  );
}

export const FIELDS: Record<string, (store: Store, i: number) => Value> = {
  time_ns: (s, i) => s.start[i],
  duration_ns: (s, i) => s.dur(i),
  pid: (s, i) => s.tasks[s.lane[i]].pid,
  tid: (s, i) => s.tasks[s.lane[i]].tid,
  process: (s, i) => exact(s.tasks[s.lane[i]].comm),
  category: (s, i) => s.meta.categories[s.catOf[s.type[i]]],
  call: (s, i) => s.types[s.type[i]].name,
  arguments: (s, i) => s.args(i),
  result: (s, i) => s.result(i) || null,
  error: (s, i) => (s.failed(i) ? s.errName[s.err[i]] : null),
  path: (s, i) => (s.obj[i] ? exact(s.objText(i)) : null),
  fd: (s, i) => (s.fd(i) >= 0 ? s.fd(i) : null),
  file: (s, i) => s.file[i] || null,
  bytes: (s, i) => s.bytes(i),
};
const NAMES = Object.keys(FIELDS);

/** A table would take a text that begins with one of these for a formula, and run it. */
const FORMULA = /^[=+\-@\t\r]/;

function csvCell(v: Value): string {
  if (v === null) return '';
  if (typeof v === 'number') return String(v);
  const text = FORMULA.test(v) ? "'" + v : v;
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

export interface Format {
  type: string;
  head: string;
  foot: string;
  /** Between two rows. */
  sep: string;
  row: (store: Store, i: number) => string;
}
export const FORMATS: Record<'csv' | 'json', Format> = {
  csv: {
    type: 'text/csv',
    head: NAMES.join(',') + '\r\n',
    foot: '\r\n',
    sep: '\r\n',
    row: (store, i) => NAMES.map(name => csvCell(FIELDS[name](store, i))).join(','),
  },
  json: {
    type: 'application/json',
    head: '[\n',
    foot: '\n]\n',
    sep: ',\n',
    row: (store, i) =>
      JSON.stringify(Object.fromEntries(NAMES.map(name => [name, FIELDS[name](store, i)]))),
  },
};
