// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bytesText, hexRows } from '../../src/engine/hex';
import { column, columnAt, columnNumbers, type Column } from '../../src/format/column';
import { decode, type ColdBlock, type HotBlock, type StringBlock } from '../../src/format/decode';
import { base64Bytes, gunzip } from '../../src/format/inflate';
import { parseCols } from '../../src/format/layout';
import { Strings } from '../../src/format/strings';
import { decodeBytes, quote, shellWord, show } from '../../src/format/text';
import {
  bytesToText,
  escapeHtml,
  metaJson,
  payload,
  pieces,
  stringPayload,
} from '../fixtures/encode.mjs';
import { HOSTILE, rng } from '../fixtures/gen.mjs';

const golden = JSON.parse(readFileSync(join(process.cwd(), 'test/fixtures/golden.json'), 'utf8'));
const big = (name: string, cast: (v: string) => number | bigint) =>
  golden.rows.map((r: Record<string, string>) => cast(r[name]));

/** A column row by row, checked against all of it at once. */
function valuesOf(c: Column, rows: number): (number | bigint)[] {
  const out = Array.from({ length: rows }, (_, i) => columnAt(c, i)),
    all = new Float64Array(rows).fill(7);
  columnNumbers(c, all);
  assert.deepEqual([...all], out.map(Number));
  return out;
}

test('golden: the encoder of the tests makes exactly these bytes', () => {
  const starts = big('start', Number) as number[];
  const h = payload(
    golden.cols.h,
    {
      dt: starts.map((t, i) => t - (i ? starts[i - 1] : Number(golden.base))),
      lane: big('lane', Number),
      type: big('type', Number),
      dur: big('dur', Number),
      err: big('err', Number),
    },
    5,
    Number(golden.base),
  );
  assert.equal(Buffer.from(h).toString('base64'), golden.h);
  const c = payload(
    golden.cols.c,
    {
      ret: big('ret', BigInt),
      obj: big('obj', Number),
      arg: big('arg', Number),
      fd: big('fd', Number),
      file: big('file', Number),
      val: big('val', BigInt),
    },
    5,
  );
  assert.equal(Buffer.from(c).toString('base64'), golden.c);
});

test('first bytes: a column of events, and blocks with ids of their own', () => {
  const cols = [...golden.cols.c, 'conn:u32', 'data:u32'],
    cold = decode('c', payload(cols, { data: [0, 2, 1] }, 3), parseCols(cols)) as ColdBlock;
  assert.deepEqual(valuesOf(cold.data, 3), [0, 2, 1]);
  const bytes = Uint8Array.of(0, 255, 60, 115, 13),
    block = decode('d', stringPayload([Buffer.alloc(0), bytes]), []) as StringBlock,
    moved = new Strings();
  assert.equal(block.kind, 'd');
  moved.add(block);
  assert.deepEqual([...moved.bytes(1)], [...bytes]);
  assert.equal(moved.bytes(2).length, 0);
});

test('bytes in hex, and as text of lines in which nothing is hidden', () => {
  const bytes = Uint8Array.from([...Buffer.from('ab\ncdefgh\u202e'), 0xff, 0]);
  assert.deepEqual(hexRows(bytes), [
    { at: '0000', hex: '61 62 0a 63 64 65 66 67', text: 'ab·cdefg' },
    { at: '0008', hex: '68 e2 80 ae ff 00', text: 'h·····' },
  ]);
  assert.equal(bytesText(bytes), 'ab\ncdefgh\\u{202e}\\xff\\x00');
  assert.deepEqual(hexRows(new Uint8Array(0)), []);
});

test('golden: hot columns', () => {
  const b = decode('h', base64Bytes(golden.h), parseCols(golden.cols.h)) as HotBlock;
  assert.deepEqual([...b.start], big('start', Number));
  assert.deepEqual([...b.lane], big('lane', Number));
  assert.deepEqual([...b.type], big('type', Number));
  assert.deepEqual([...b.err], big('err', Number));
  let k = 0;
  assert.deepEqual(
    [...b.dur].map(d => (d === 0xffffffff ? b.long[k++] : d)),
    big('dur', Number),
  );
});

test('golden: cold columns, 64-bit values exact', () => {
  const b = decode('c', base64Bytes(golden.c), parseCols(golden.cols.c)) as ColdBlock;
  for (const name of ['obj', 'arg', 'file'] as const)
    assert.deepEqual([...b[name]], big(name, Number), name);
  assert.deepEqual(valuesOf(b.fd, b.rows), big('fd', Number));
  for (const name of ['ret', 'val'] as const)
    assert.deepEqual(valuesOf(b[name], b.rows).map(BigInt), big(name, BigInt), name);
});

const wholes = (list: number[]): Column =>
  column(
    {
      lo: Uint32Array.from(list, v => Number(BigInt.asUintN(32, zigzag(v)))),
      hi: Uint32Array.from(list, v => Number(BigInt.asUintN(32, zigzag(v) >> 32n))),
    },
    true,
  );
const zigzag = (v: number): bigint => (v < 0 ? -2n * BigInt(v) - 1n : 2n * BigInt(v));

test('columns take the narrowest array; zeros take none', () => {
  const many = (v: number) => new Array<number>(100).fill(v);
  for (const [v, kind] of [
    [127, Int8Array],
    [-127, Int8Array],
    [-128, Int16Array],
    [32767, Int16Array],
    [-32768, Int32Array],
    [2147483647, Int32Array],
  ] as const) {
    const c = wholes(many(v));
    assert.ok(c.most instanceof kind, String(v));
    assert.equal(c.at.length, 0);
    assert.deepEqual(valuesOf(c, 100), many(v));
  }
  const none = wholes(many(0));
  assert.equal(none.most, null);
  assert.equal(none.at.length, 0);
  const cols = ['ret:z64', 'fd:z32', 'val:z64'],
    b = decode('c', payload(cols, { ret: [1, 0], fd: [-1, -1] }, 2), parseCols(cols)) as ColdBlock;
  assert.deepEqual(valuesOf(b.fd, 2), [-1, -1]);
  assert.deepEqual(valuesOf(b.val, 2), [0, 0]);
});

test('the few numbers that do not fit a narrow column stand by row, exactly', () => {
  const list = Array.from({ length: 4096 }, (_, i) =>
    i % 100 === 0 ? 2 ** 47 + i : i % 37 === 0 ? -2147483648 : i % 7 === 0 ? -(i % 128) : i % 200,
  );
  list[4095] = -(2 ** 47);
  list[1] = -128;
  const c = wholes(list);
  assert.ok(c.most instanceof Int16Array);
  assert.ok(c.others instanceof Float64Array && c.at.length > 100 && c.at.length < 200);
  assert.deepEqual(
    valuesOf(c, list.length),
    list.map(v => v + 0),
  );
  const sparse = new Array<number>(1000).fill(0);
  sparse[0] = 5;
  sparse[500] = 2 ** 40;
  sparse[999] = -3;
  assert.equal(wholes(sparse).most, null);
  assert.deepEqual(valuesOf(wholes(sparse), 1000), sparse);
  const rows = { lo: new Uint32Array(64), hi: new Uint32Array(64) };
  rows.lo[63] = rows.hi[63] = 0xffffffff;
  rows.lo[1] = 12;
  assert.deepEqual(columnAt(column(rows, true), 63), -(2n ** 63n));
  assert.deepEqual(columnAt(column(rows, true), 1), 6n);
  assert.deepEqual(columnAt(column(rows, false), 63), -1n);
  assert.deepEqual(columnAt(column(rows, false), 1), 12n);
});

test('a layout with wider, unknown and missing columns is read by name', () => {
  const cols = ['extra:u64', 'lane:u32', 'dt:x32', 'type:u16'];
  const b = decode(
    'h',
    payload(cols, { extra: [1, 2], lane: [70000, 1], dt: [5, 6], type: [300, 2] }, 2, 10),
    parseCols(cols),
  ) as HotBlock;
  assert.deepEqual([...b.start], [15, 21]);
  assert.deepEqual([...b.lane], [70000, 1]);
  assert.deepEqual([...b.type], [300, 2]);
  assert.deepEqual([...b.err], [0, 0]);
});

test('a block that is cut off or lies about its size is refused', () => {
  const whole = base64Bytes(golden.h),
    cols = parseCols(golden.cols.h);
  for (let n = 0; n < whole.length; n++)
    assert.throws(() => decode('h', whole.slice(0, n), cols), `${n} bytes`);
  const lie = whole.slice();
  new DataView(lie.buffer).setUint32(0, 0xffffffff, true);
  assert.throws(() => decode('h', lie, cols));
  assert.throws(() => parseCols(['x:u128']));
});

test('pieces: at most 1 MB of base64 each, together the gzip stream', async () => {
  const data = new Uint8Array(3_000_000);
  const random = rng(9);
  for (let i = 0; i < data.length; i++) data[i] = random() * 256;
  const parts = [
    ...pieces('h', data).matchAll(/<!--([^-]*)--><script>cpd\("h",([01])\)<\/script>\n/g),
  ];
  assert.ok(parts.length > 2);
  assert.ok(parts.every(p => p[1].length <= 1 << 20));
  assert.deepEqual(
    parts.map(p => p[2]),
    [...parts.slice(1).map(() => '0'), '1'],
  );
  assert.deepEqual(await gunzip(parts.map(p => base64Bytes(p[1]))), data);
});

test('blocks of any size after each other, whatever the end of the stream says of it', async () => {
  const { gzipSync } = await import('node:zlib');
  for (const size of [10, 200_000, 0, 3000, 1_500_000]) {
    const data = new Uint8Array(size).map((_, i) => i * i),
      packed = () => new Uint8Array(gzipSync(data));
    assert.deepEqual((await gunzip([packed()])).slice(), data);
    const cut = packed();
    assert.deepEqual(
      (await gunzip([cut.slice(0, 5), cut.slice(5, -2), cut.slice(-2)])).slice(),
      data,
    );
  }
  const lie = new Uint8Array(gzipSync(Buffer.alloc(100)));
  new DataView(lie.buffer).setUint32(lie.length - 4, 3, true);
  await assert.rejects(gunzip([lie]));
});

test('a damaged gzip stream is an error, not a hang', async () => {
  await assert.rejects(gunzip([new Uint8Array([1, 2, 3, 4])]));
});

test('strings: any bytes, over several blocks', () => {
  const list = [
      ...HOSTILE.map(s => Buffer.from(s)),
      Buffer.from([0xff, 0x41, 0xed, 0xa0, 0x80, 0xc0]),
      Buffer.alloc(0),
    ],
    s = new Strings();
  s.add(decode('s', stringPayload([Buffer.alloc(0), ...list.slice(0, 5)]), []) as StringBlock);
  s.add(decode('s', stringPayload(list.slice(5)), []) as StringBlock);
  assert.equal(s.count, list.length + 1);
  list.forEach((b, i) => assert.equal(s.get(i + 1), bytesToText(b)));
  assert.equal(s.get(999999), '');
  assert.deepEqual(
    [...s.match(t => t.includes('script'))].reduce((a, b) => a + b, 0),
    HOSTILE.filter(h => h.includes('script')).length,
  );
});

test('bytes that are not UTF-8 become visible and keep their place', () => {
  assert.equal(show(decodeBytes(Buffer.from([0x61, 0xff, 0x62]))), 'a\\xffb');
  assert.equal(show(decodeBytes(Buffer.from([0xed, 0xa0, 0x80]))), '\\xed\\xa0\\x80');
  assert.equal(show(decodeBytes(Buffer.from([0xe2, 0x82]))), '\\xe2\\x82');
  assert.equal(show(decodeBytes(Buffer.from([0xf0, 0x9f, 0x99, 0x82]))), '🙂');
  assert.equal(decodeBytes(Buffer.from([0xef, 0xbb, 0xbf, 0x61])).length, 2);
  for (let seed = 1; seed < 200; seed++) {
    const b = Buffer.from(
      Array.from({ length: 12 }, (_, i) => ((seed * 7919 * (i + 1) * 31) >> 3) & 255),
    );
    assert.equal(decodeBytes(b), bytesToText(b));
  }
});

test('control and direction characters are shown, never obeyed', () => {
  assert.equal(show('a\nb\tc\x1b[0m'), 'a\\nb\\tc\\x1b[0m');
  assert.equal(show('\u202egpj.exe'), '\\u{202e}gpj.exe');
  assert.equal(show('e\u0301 漢字'), 'e\u0301 漢字');
  assert.equal(quote('a"b\\\n'), '"a\\"b\\\\\\n"');
});

test('what is not seen is shown', () => {
  for (const c of [
    0x7f, 0x80, 0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x17b4, 0x180e, 0x200b, 0x200d, 0x200f, 0x2028,
    0x202e, 0x2060, 0x206f, 0x2800, 0x3164, 0xfdd0, 0xfe00, 0xfe0f, 0xfeff, 0xffa0, 0xfff0, 0xfff9,
    0xfffb, 0xffff, 0x1bca0, 0x1d173, 0x1fffe, 0xe0000, 0xe0041, 0xe007f, 0xe01ef, 0xe0fff,
    0x10ffff,
  ])
    assert.notEqual(show(String.fromCodePoint(c)), String.fromCodePoint(c), c.toString(16));
  assert.equal(show('a\u{e0061}b'), 'a\\u{e0061}b');
  for (const c of [
    0x20, 0xa0, 0xac, 0xae, 0x300, 0x61b, 0x1161, 0x200a, 0x2010, 0x2027, 0x202f, 0x2070, 0x2764,
    0x2801, 0x3000, 0xac00, 0xfdcf, 0xfdf0, 0xfe10, 0xff41, 0xfffc, 0xfffd, 0x1f600, 0xdfffd,
    0xe1000,
  ])
    assert.equal(show(String.fromCodePoint(c)), String.fromCodePoint(c), c.toString(16));
});

test('shell words mean the same bytes', () => {
  assert.equal(shellWord('plain/path-1.2'), 'plain/path-1.2');
  assert.equal(shellWord("it's"), `'it'\\''s'`);
  assert.equal(shellWord(''), "''");
  assert.equal(shellWord('a\nb\udcff'), "$'a\\x0ab\\xff'");
});

test('META and HTML cannot be left', () => {
  for (const h of HOSTILE) {
    assert.ok(!metaJson({ h }).includes('<'));
    assert.equal(JSON.parse(metaJson({ h })).h, h);
    assert.ok(!/[<>"'\n\u202e]/.test(escapeHtml(h)));
  }
  assert.equal(JSON.parse(metaJson({ s: '\udcff' })).s, '\udcff');
});
