// SPDX-License-Identifier: MIT
// What is saved of an event: exact names, one type a field, cells that no table takes for a formula.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exact, FIELDS, FORMATS } from '../../src/engine/export';
import { traced } from './make';

const raw = (...bytes: number[]) => String.fromCharCode(...bytes.map(b => 0xdc00 + b));

test('names keep every byte: \\\\ and \\xNN give them back', () => {
  assert.equal(exact('/a b/é€😀'), '/a b/é€😀');
  assert.equal(exact('a\\x41'), 'a\\\\x41');
  assert.equal(exact(`a${raw(0xff, 0x80)}\0\n"`), 'a\\xff\\x80\\x00\n"');
  // Half of the pair of a character beyond 16 bits is no byte.
  assert.equal(exact('\ud83d\udc80'), '\ud83d\udc80');
});

test('CSV: quotes, commas and line ends are inside quotes; formulas are texts', () => {
  const store = traced((x, lane) => {
    for (const name of ['/a,b', '/say "x"', '/two\nlines', '=1+1', '-x', '@x', '+x'])
      x.ev(lane, 'openat', 100, { obj: name, ret: 3 });
  });
  const at = Object.keys(FIELDS).indexOf('path'),
    cell = (i: number) => FORMATS.csv.row(store, i);
  assert.ok(at > 0);
  assert.ok(cell(0).includes('"/a,b"'));
  assert.ok(cell(1).includes('"/say ""x"""'));
  assert.ok(cell(2).includes('"/two\nlines"'));
  for (const i of [3, 4, 5, 6]) assert.match(cell(i), /,'[-=@+]/);
});

test('JSON: a field has one type, or null', () => {
  const store = traced((x, lane) => {
    x.ev(lane, 'openat', 100, { obj: '/etc/x', ret: 3 });
    x.ev(lane, 'openat', 100, { obj: '/etc/y', err: 'ENOENT', ret: 0 });
  });
  const rows = [0, 1].map(i => JSON.parse(FORMATS.json.row(store, i)) as Record<string, unknown>);
  assert.equal(rows[0].error, null);
  assert.equal(rows[1].error, 'ENOENT');
  for (const [name, want] of [
    ['time_ns', 'number'],
    ['bytes', 'number'],
    ['call', 'string'],
    ['result', 'string'],
  ])
    assert.deepEqual(
      rows.map(r => typeof r[name]),
      [want, want],
      name,
    );
});
