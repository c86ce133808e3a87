// SPDX-License-Identifier: MIT
// Bytes of one block → typed arrays. Pure: used by the worker and by tests.
import { column, half, type Column, type Halves } from './column';
import { BYTES, HEAD_BYTES, type Col, type Kind } from './layout';

export type Plain = Uint8Array | Uint16Array | Uint32Array | Float64Array;

export interface HotBlock {
  kind: 'h';
  rows: number;
  start: Float64Array;
  lane: Uint16Array | Uint32Array;
  type: Uint8Array | Uint16Array;
  dur: Uint32Array;
  err: Uint8Array;
  /** Classes; empty in older reports. */
  noise: Uint8Array;
  long: Float64Array;
}
export interface ColdBlock {
  kind: 'c';
  rows: number;
  obj: Uint32Array;
  arg: Uint32Array;
  file: Uint32Array;
  ret: Column;
  fd: Column;
  val: Column;
  conn: Column;
  data: Column;
  stack: Column;
}
export interface StringBlock {
  kind: 's' | 'd';
  rows: number;
  ends: Uint32Array;
  bytes: Uint8Array;
}
export interface TableBlock {
  kind: 'o' | 'f' | 'n' | 'k';
  rows: number;
  base: number;
  cols: Record<string, Plain>;
}
export type Block = HotBlock | ColdBlock | StringBlock | TableBlock;

const TWO32 = 4294967296;
const OVERFLOW = 0xffffffff;

function zero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i]) return false;
  return true;
}

/** Planes of bytes, the lowest first → numbers, into `out`, which has as many rows. */
function fromPlanes<T extends Uint8Array | Uint16Array | Uint32Array>(
  b: Uint8Array,
  at: number,
  planes: number,
  out: T,
): T {
  const rows = out.length;
  for (let i = 0; i < rows; i++) out[i] = b[at + i];
  for (let p = 1; p < planes; p++) {
    const from = at + p * rows;
    if (zero(b, from, from + rows)) continue;
    const shift = 8 * p;
    for (let i = 0; i < rows; i++) out[i] |= b[from + i] << shift;
  }
  return out;
}

/** What only decoding needs, used again for each block: nothing is left to be collected. */
const scratch = { lo: new Uint32Array(0), hi: new Uint32Array(0) };
function room(name: 'lo' | 'hi', rows: number): Uint32Array {
  if (scratch[name].length < rows) scratch[name] = new Uint32Array(rows);
  return scratch[name].subarray(0, rows);
}

class Reader {
  at = HEAD_BYTES;
  view: DataView;
  rows: number;
  base: number;
  /** Behind the column that was read last, if it is of x32: what does not fit, in its order. */
  long: Float64Array | null = null;
  constructor(readonly b: Uint8Array) {
    if (b.length < HEAD_BYTES) throw new Error('block shorter than its head');
    this.view = new DataView(b.buffer, b.byteOffset, b.byteLength);
    this.rows = this.view.getUint32(0, true);
    this.base = this.u64(8);
  }
  u64(at: number): number {
    return this.view.getUint32(at + 4, true) * TWO32 + this.view.getUint32(at, true);
  }
  need(bytes: number): void {
    if (this.at + bytes > this.b.length) throw new Error('block is cut off');
  }
  /** Where the next bytes are, which are read with this. */
  private take(bytes: number): number {
    this.need(bytes);
    this.at += bytes;
    return this.at - bytes;
  }

  /** Bytes of a column from here; checked before room is made: a damaged block may say any number of rows. */
  private column(col: Col): number {
    return this.take(BYTES[col.width] * this.rows);
  }
  private readLong(col: Col): void {
    this.long = null;
    if (col.width !== 'x32') return;
    const n = this.view.getUint32(this.take(4), true),
      at = this.take(8 * n);
    this.long = new Float64Array(n);
    for (let i = 0; i < n; i++) this.long[i] = this.u64(at + 8 * i);
  }
  /** A column as it will be kept. What is above its bytes is lost. */
  plain(col: Col, bytes: 1): Uint8Array;
  plain(col: Col, bytes: 2): Uint16Array;
  plain(col: Col, bytes: 4): Uint32Array;
  plain(col: Col, bytes: 1 | 2 | 4): Uint8Array | Uint16Array | Uint32Array {
    const at = this.column(col),
      Kind = bytes === 1 ? Uint8Array : bytes === 2 ? Uint16Array : Uint32Array,
      out = fromPlanes(this.b, at, Math.min(BYTES[col.width], bytes), new Kind(this.rows));
    this.readLong(col);
    return out;
  }
  /** A column until the next one is read. */
  halves(col: Col): Halves {
    const { b, rows } = this,
      at = this.column(col),
      w = BYTES[col.width],
      lo = fromPlanes(b, at, Math.min(w, 4), room('lo', rows)),
      wide = w === 8 && !zero(b, at + 4 * rows, at + 8 * rows),
      hi = wide ? fromPlanes(b, at + 4 * rows, 4, room('hi', rows)) : null;
    this.readLong(col);
    return { lo, hi };
  }
  /** A column as doubles. */
  numbers(col: Col): Float64Array {
    const { lo, hi } = this.halves(col),
      { long } = this,
      signed = col.width[0] === 'z',
      out = new Float64Array(lo.length);
    for (let i = 0, k = 0; i < lo.length; i++)
      out[i] = long && lo[i] === OVERFLOW ? long[k++] : half(lo[i], hi ? hi[i] : 0, signed);
    return out;
  }
  skip(col: Col): void {
    this.column(col);
    this.readLong(col);
  }
}

function hot(r: Reader, cols: Col[]): HotBlock {
  const { rows } = r;
  const out: HotBlock = {
    kind: 'h',
    rows,
    start: new Float64Array(0),
    lane: new Uint16Array(0),
    type: new Uint8Array(0),
    dur: new Uint32Array(0),
    err: new Uint8Array(0),
    noise: new Uint8Array(0),
    long: new Float64Array(0),
  };
  for (const col of cols) {
    if (col.name === 'dt') {
      out.start = r.numbers(col);
      for (let i = 0, t = r.base; i < rows; i++) out.start[i] = t += out.start[i];
    } else if (col.name === 'lane')
      out.lane = col.width === 'u16' ? r.plain(col, 2) : r.plain(col, 4);
    else if (col.name === 'type') out.type = col.width === 'u8' ? r.plain(col, 1) : r.plain(col, 2);
    else if (col.name === 'dur') {
      out.dur = r.plain(col, 4);
      out.long = r.long ?? out.long;
    } else if (col.name === 'err' || col.name === 'noise') out[col.name] = r.plain(col, 1);
    else r.skip(col);
  }
  if (!out.start.length) out.start = new Float64Array(rows);
  if (!out.dur.length) out.dur = new Uint32Array(rows);
  if (!out.err.length) out.err = new Uint8Array(rows);
  if (!out.lane.length) out.lane = new Uint16Array(rows);
  if (!out.type.length) out.type = new Uint8Array(rows);
  return out;
}

const SMALL = new Set(['ret', 'fd', 'val', 'conn', 'data', 'stack']);
const NOTHING: Column = { most: null, at: new Uint32Array(0), others: new Float64Array(0) };

function cold(r: Reader, cols: Col[]): ColdBlock {
  const { rows } = r;
  const out: ColdBlock = {
    kind: 'c',
    rows,
    obj: new Uint32Array(0),
    arg: new Uint32Array(0),
    file: new Uint32Array(0),
    ret: NOTHING,
    fd: NOTHING,
    val: NOTHING,
    conn: NOTHING,
    data: NOTHING,
    stack: NOTHING,
  };
  for (const col of cols) {
    if (col.name === 'obj' || col.name === 'arg' || col.name === 'file')
      out[col.name] = r.plain(col, 4);
    else if (SMALL.has(col.name))
      out[col.name as 'ret'] = column(r.halves(col), col.width[0] === 'z');
    else r.skip(col);
  }
  for (const name of ['obj', 'arg', 'file'] as const)
    if (!out[name].length) out[name] = new Uint32Array(rows);
  return out;
}

function strings(kind: StringBlock['kind'], r: Reader): StringBlock {
  const ends = r.plain({ name: 'len', width: 'u32' }, 4);
  let end = 0;
  for (let i = 0; i < ends.length; i++) ends[i] = end += ends[i];
  r.need(end);
  return { kind, rows: r.rows, ends, bytes: r.b.slice(r.at, r.at + end) };
}

function table(kind: TableBlock['kind'], r: Reader, cols: Col[]): TableBlock {
  const out: TableBlock = { kind, rows: r.rows, base: r.base, cols: {} };
  for (const col of cols) {
    const { width } = col;
    out.cols[col.name] =
      width === 'u8'
        ? r.plain(col, 1)
        : width === 'u16'
          ? r.plain(col, 2)
          : width === 'u32'
            ? r.plain(col, 4)
            : r.numbers(col);
  }
  return out;
}

export function decode(kind: Kind, bytes: Uint8Array, cols: Col[]): Block {
  const r = new Reader(bytes);
  if (kind === 'h') return hot(r, cols);
  if (kind === 'c') return cold(r, cols);
  if (kind === 's' || kind === 'd') return strings(kind, r);
  return table(kind, r, cols);
}

/** The buffers of a block, to be moved between threads instead of copied. */
export function buffers(block: Block): ArrayBuffer[] {
  const all = new Set<ArrayBuffer>();
  const add = (value: unknown, deep: boolean): void => {
    if (ArrayBuffer.isView(value)) all.add(value.buffer as ArrayBuffer);
    else if (deep && typeof value === 'object' && value)
      for (const v of Object.values(value)) add(v, false);
  };
  for (const v of Object.values(block)) add(v, true);
  return [...all].filter(b => b.byteLength);
}
