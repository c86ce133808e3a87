// SPDX-License-Identifier: MIT
// A column of numbers of which most are small: those in a narrow array, the few others by row.

/** Of two halves of 32 bits each: u64, or a zigzag of i64. `hi` null: all 0. */
export interface Halves {
  lo: Uint32Array;
  hi: Uint32Array | null;
}

export interface Column {
  /** Null: all are 0, but for the others. Its least value says that the row is one of those. */
  most: Int8Array | Int16Array | Int32Array | null;
  /** Rows, ascending, and what stands there; exact: beyond 2^53 as integers. */
  at: Uint32Array;
  others: Float64Array | BigInt64Array;
}

const TWO32 = 4294967296,
  OTHER_BYTES = 12;

/** As a double, which is exact below 2^53. */
export function half(l: number, h: number, signed: boolean): number {
  if (!signed) return h * TWO32 + l;
  const v = (h >>> 1) * TWO32 + (((l >>> 1) | (h << 31)) >>> 0);
  return l & 1 ? -v - 1 : v;
}
function exact(l: number, h: number, signed: boolean): bigint {
  const v = (BigInt(h) << 32n) | BigInt(l);
  return signed ? (v >> 1n) ^ -(v & 1n) : BigInt.asIntN(64, v);
}

/** Largest number that each width holds; one more, negative, is the mark of the others. */
const WIDTHS = [
  { most: 0, bytes: 0 },
  { most: 0x7f, bytes: 1 },
  { most: 0x7fff, bytes: 2 },
  { most: 0x7fffffff, bytes: 4 },
];

/** How many rows need each of WIDTHS; the last: more than it. */
function needs({ lo, hi }: Halves, signed: boolean): number[] {
  let n0 = 0,
    n8 = 0,
    n16 = 0,
    n32 = 0;
  for (let i = 0; i < lo.length; i++) {
    const v = half(lo[i], hi ? hi[i] : 0, signed),
      a = v < 0 ? -v : v;
    if (a === 0) n0++;
    else if (a <= 0x7f) n8++;
    else if (a <= 0x7fff) n16++;
    else if (a <= 0x7fffffff) n32++;
  }
  return [n0, n8, n16, n32, lo.length - n0 - n8 - n16 - n32];
}

/** The width for which column and others are least: index into WIDTHS, and how many others there are. */
function best(count: number[], rows: number): [width: number, others: number] {
  let out: [number, number] = [0, rows],
    least = Infinity,
    left = rows;
  WIDTHS.forEach(({ bytes }, w) => {
    left -= count[w];
    const cost = bytes * rows + OTHER_BYTES * left;
    if (cost < least) {
      least = cost;
      out = [w, left];
    }
  });
  return out;
}

export function column(raw: Halves, signed: boolean): Column {
  const { lo, hi } = raw,
    rows = lo.length,
    [width, others] = best(needs(raw, signed), rows),
    { most: limit, bytes } = WIDTHS[width],
    // A 64-bit value beyond 2^53 cannot be a double.
    big = others > 0 && !!hi?.some(h => h >= (signed ? 0x400000 : 0x200000)),
    most =
      bytes === 0
        ? null
        : new (bytes === 1 ? Int8Array : bytes === 2 ? Int16Array : Int32Array)(rows),
    out: Column = {
      most,
      at: new Uint32Array(others),
      others: big ? new BigInt64Array(others) : new Float64Array(others),
    };
  for (let i = 0, k = 0; i < rows; i++) {
    const h = hi ? hi[i] : 0,
      v = half(lo[i], h, signed);
    if (v >= -limit && v <= limit) {
      if (most) most[i] = v;
      continue;
    }
    if (most) most[i] = -limit - 1;
    out.at[k] = i;
    out.others[k++] = big ? exact(lo[i], h, signed) : v;
  }
  return out;
}

const isMark = (most: NonNullable<Column['most']>, v: number): boolean =>
  v ===
  (most.BYTES_PER_ELEMENT === 4 ? -0x80000000 : most.BYTES_PER_ELEMENT === 2 ? -0x8000 : -0x80);

export function columnAt({ most, at, others }: Column, row: number): number | bigint {
  const v = most ? most[row] : 0;
  if (!at.length || (most && !isMark(most, v))) return v;
  let lo = 0,
    hi = at.length - 1;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (at[mid] < row) lo = mid + 1;
    else hi = mid;
  }
  return at[lo] === row ? others[lo] : v;
}

/** All of it as plain numbers; `out` has room for them. */
export function columnNumbers({ most, at, others }: Column, out: Float64Array): void {
  if (most) out.set(most);
  else out.fill(0);
  for (let k = 0; k < at.length; k++) out[at[k]] = Number(others[k]);
}
