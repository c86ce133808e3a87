// SPDX-License-Identifier: MIT
// Bytes of one block → typed arrays. Pure: used by the worker and by tests.
import { BYTES, HEAD_BYTES, type Col, type Kind } from './layout';

/** A column of numbers in the narrowest array that holds it; null when every value is 0. */
export type Narrow = Int8Array | Int16Array | Int32Array | Float64Array | BigInt64Array | null;
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
  ret: Narrow;
  fd: Narrow;
  val: Narrow;
  conn: Narrow;
  data: Narrow;
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

function u32Planes(b: Uint8Array, at: number, rows: number, planes: number): Uint32Array {
  const out = new Uint32Array(rows);
  for (let p = 0; p < planes; p++) {
    const from = at + p * rows;
    if (p && zero(b, from, from + rows)) continue;
    const shift = 8 * p;
    for (let i = 0; i < rows; i++) out[i] |= b[from + i] << shift;
  }
  return out;
}

interface Raw {
  lo: Uint32Array;
  hi: Uint32Array | null;
  over: Float64Array | null;
}

class Reader {
  at = HEAD_BYTES;
  view: DataView;
  rows: number;
  base: number;
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

  column(col: Col): Raw {
    const w = BYTES[col.width],
      rows = this.rows;
    this.need(w * rows);
    const lo = u32Planes(this.b, this.at, rows, Math.min(w, 4));
    const hi =
      w === 8 && !zero(this.b, this.at + 4 * rows, this.at + 8 * rows)
        ? u32Planes(this.b, this.at + 4 * rows, rows, 4)
        : null;
    this.at += w * rows;
    let over: Float64Array | null = null;
    if (col.width === 'x32') {
      this.need(4);
      const n = this.view.getUint32(this.at, true);
      this.at += 4;
      this.need(8 * n);
      over = new Float64Array(n);
      for (let i = 0; i < n; i++) over[i] = this.u64(this.at + 8 * i);
      this.at += 8 * n;
    }
    return { lo, hi, over };
  }
}

function numbers(raw: Raw, signed: boolean): Float64Array {
  const n = raw.lo.length,
    out = new Float64Array(n),
    { lo, hi } = raw;
  let k = 0;
  for (let i = 0; i < n; i++) {
    const l = lo[i],
      h = hi ? hi[i] : 0;
    if (raw.over && l === OVERFLOW) out[i] = raw.over[k++];
    else if (!signed) out[i] = h * TWO32 + l;
    else {
      const v = (h >>> 1) * TWO32 + (((l >>> 1) | (h << 31)) >>> 0);
      out[i] = l & 1 ? -v - 1 : v;
    }
  }
  return out;
}

function narrow(raw: Raw, signed: boolean): Narrow {
  const values = numbersExact(raw, signed);
  if (values instanceof BigInt64Array) return values;
  let min = 0,
    max = 0;
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (v < min) min = v;
    else if (v > max) max = v;
  }
  if (!min && !max) return null;
  if (min >= -128 && max <= 127) return Int8Array.from(values);
  if (min >= -32768 && max <= 32767) return Int16Array.from(values);
  if (min >= -2147483648 && max <= 2147483647) return Int32Array.from(values);
  return values;
}

function numbersExact(raw: Raw, signed: boolean): Float64Array | BigInt64Array {
  const { lo, hi } = raw;
  let big = false;
  // A 64-bit value beyond 2^53 cannot be a double: such blocks keep exact integers.
  if (hi) for (let i = 0; i < hi.length && !big; i++) big = hi[i] >= (signed ? 0x400000 : 0x200000);
  if (!big) return numbers(raw, signed);
  const out = new BigInt64Array(lo.length);
  for (let i = 0; i < lo.length; i++) {
    const v = (BigInt(hi![i]) << 32n) | BigInt(lo[i]);
    out[i] = signed ? (v >> 1n) ^ -(v & 1n) : BigInt.asIntN(64, v);
  }
  return out;
}

function readColumns(r: Reader, cols: Col[], take: (col: Col, raw: Raw) => void): void {
  for (const col of cols) take(col, r.column(col));
}

function hot(r: Reader, cols: Col[]): HotBlock {
  const { rows } = r;
  const out: HotBlock = {
    kind: 'h',
    rows,
    start: new Float64Array(rows),
    lane: new Uint16Array(0),
    type: new Uint8Array(0),
    dur: new Uint32Array(rows),
    err: new Uint8Array(rows),
    noise: new Uint8Array(0),
    long: new Float64Array(0),
  };
  readColumns(r, cols, (col, raw) => {
    if (col.name === 'dt') {
      const d = numbers(raw, false);
      let t = r.base;
      for (let i = 0; i < rows; i++) out.start[i] = t += d[i];
    } else if (col.name === 'lane')
      out.lane = col.width === 'u16' ? Uint16Array.from(raw.lo) : raw.lo;
    else if (col.name === 'type')
      out.type = col.width === 'u8' ? Uint8Array.from(raw.lo) : Uint16Array.from(raw.lo);
    else if (col.name === 'dur') {
      out.dur = raw.lo;
      out.long = raw.over ?? out.long;
    } else if (col.name === 'err' || col.name === 'noise') out[col.name] = Uint8Array.from(raw.lo);
  });
  if (!out.lane.length) out.lane = new Uint16Array(rows);
  if (!out.type.length) out.type = new Uint8Array(rows);
  return out;
}

const NARROW = new Set(['ret', 'fd', 'val', 'conn', 'data']);

function cold(r: Reader, cols: Col[]): ColdBlock {
  const { rows } = r;
  const out: ColdBlock = {
    kind: 'c',
    rows,
    obj: new Uint32Array(0),
    arg: new Uint32Array(0),
    file: new Uint32Array(0),
    ret: null,
    fd: null,
    val: null,
    conn: null,
    data: null,
  };
  readColumns(r, cols, (col, raw) => {
    if (col.name === 'obj' || col.name === 'arg' || col.name === 'file') out[col.name] = raw.lo;
    else if (NARROW.has(col.name)) out[col.name as 'ret'] = narrow(raw, col.width[0] === 'z');
  });
  for (const name of ['obj', 'arg', 'file'] as const)
    if (!out[name].length) out[name] = new Uint32Array(rows);
  return out;
}

function strings(kind: StringBlock['kind'], r: Reader): StringBlock {
  const lens = r.column({ name: 'len', width: 'u32' }).lo;
  let end = 0;
  for (let i = 0; i < lens.length; i++) lens[i] = end += lens[i];
  r.need(end);
  return { kind, rows: r.rows, ends: lens, bytes: r.b.slice(r.at, r.at + end) };
}

function table(kind: TableBlock['kind'], r: Reader, cols: Col[]): TableBlock {
  const out: TableBlock = { kind, rows: r.rows, base: r.base, cols: {} };
  readColumns(r, cols, (col, raw) => {
    out.cols[col.name] =
      col.width === 'u8'
        ? Uint8Array.from(raw.lo)
        : col.width === 'u16'
          ? Uint16Array.from(raw.lo)
          : col.width === 'u32'
            ? raw.lo
            : numbers(raw, col.width[0] === 'z');
  });
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
  const values = 'cols' in block ? Object.values(block.cols) : Object.values(block);
  return values.flatMap(v =>
    ArrayBuffer.isView(v) && v.buffer.byteLength ? [v.buffer as ArrayBuffer] : [],
  );
}
