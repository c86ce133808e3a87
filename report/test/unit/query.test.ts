// SPDX-License-Identifier: MIT
// The filter language: every line of tests/filter/queries.txt, which the terminal's parser is tried with, too.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checked, knownWords } from '../../src/engine/known';
import type { Meta } from '../../src/format/layout';
import { KEYS, compare, format, nameIn, numbersOf, parse, pathTest } from '../../src/engine/query';
import { roleOf } from '../../src/engine/roles';

let keys = 0;
const EMPTY = { types: [], categories: [], errnos: [] as Meta['errnos'] } as unknown as Meta,
  words = knownWords(EMPTY);
const NUMBERS: Record<string, string> = { time: 'dur', size: 'bytes', number: 'ret' };

/** The number of a value, as the terms read it; NaN when there is none. */
function numberOf(key: string, value: string): number {
  const { terms } = parse(`${key}:"${value}"`);
  return terms.length ? numbersOf(terms[0])[0] : NaN;
}

function tryCase([what, ...rest]: string[]): void {
  if (what === 'parse') {
    const [text, terms, count, errors] = rest;
    const q = parse(text);
    assert.deepEqual(
      [format(q.terms), q.terms.length, q.errors.length],
      [terms, Number(count), Number(errors)],
      text,
    );
  } else if (what in NUMBERS) {
    assert.equal(
      numberOf(NUMBERS[what], rest[0]),
      rest[1] === '-' ? NaN : Number(rest[1]),
      rest[0],
    );
  } else if (what === 'path') {
    assert.equal(pathTest(rest[0])(rest[1]), rest[2] === 'yes', rest.join(' '));
  } else if (what === 'name') {
    assert.equal(nameIn(rest[0]), rest[1], rest[0]);
  } else if (what === 'role') {
    assert.equal(roleOf(rest[0]) || '-', rest[1], rest[0]);
  } else if (what === 'passes') {
    assert.equal(
      compare(parse(rest[0]).terms[0])(Number(rest[1])),
      rest[2] === 'yes',
      rest.join(' '),
    );
  } else if (what === 'word') {
    assert.equal(checked(words, parse(rest[0])).errors[0] ?? '-', rest[1], rest[0]);
  } else if (what === 'key') {
    assert.deepEqual(Object.entries(KEYS)[keys++], rest);
  } else {
    assert.fail(`what is a case of ${what}?`);
  }
}

test('what both parsers of the filter language agree on', () => {
  const lines = readFileSync('../tests/filter/queries.txt', 'utf8').split('\n');
  const cases = lines.filter(line => line && !line.startsWith('#'));
  assert.ok(cases.length > 100);
  for (const line of cases) tryCase(line.split('\t'));
  assert.equal(keys, Object.keys(KEYS).length);
});

test('what a report has is known, whoever wrote it; the rest of a wrong filter still counts', () => {
  const mine = knownWords({
      ...EMPTY,
      types: [{ name: 'frobnicate', cat: 0, op: 'frob' }],
      categories: ['magic'],
      errnos: [[240, 'EMAGIC', '', 1]],
      noise: [['spells', '']],
    }),
    text = 'type:frobnicate op:frob cat:magic err:emagic noise:spells is:frob';
  assert.deepEqual(checked(mine, parse(text)).errors, []);
  const q = checked(mine, parse('type:frobnicat fd:3 role:cofnig'));
  assert.equal(format(q.terms), 'fd:3');
  assert.deepEqual(q.errors, [
    'no system call or event "frobnicat"; did you mean frobnicate?',
    'no role "cofnig"; there are system, temporary, device, cache, locale, log, library, module, source, configuration, program, other',
  ]);
});
