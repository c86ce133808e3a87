// SPDX-License-Identifier: MIT
// Sorting rows by any column: a radix sort, stable, in steps that let the page breathe. The keys travel with their rows, and digits of
// 11 bits keep every place that is written to in the cache: three passes that read in order.
import type { Store } from './store';

export type SortKey =
  'time' | 'lane' | 'cat' | 'type' | 'details' | 'result' | 'dur' | 'bytes' | 'fd';
export interface Sort {
  key: SortKey;
  down: boolean;
}

export const breathe = (): Promise<void> =>
  new Promise(done => {
    const c = new MessageChannel();
    c.port1.onmessage = () => {
      c.port1.close();
      done();
    };
    c.port2.postMessage(0);
  });

/** Order of strings as text; equal strings share a rank. */
function ranks(texts: string[]): Uint32Array {
  const order = texts
    .map((_, i) => i)
    .sort((a, b) => (texts[a] < texts[b] ? -1 : texts[a] > texts[b] ? 1 : 0));
  const out = new Uint32Array(texts.length);
  let r = 0;
  order.forEach((id, i) => {
    if (i && texts[id] !== texts[order[i - 1]]) r++;
    out[id] = r;
  });
  return out;
}

/** Keys that fit 32 bits, by table; null for columns that need more. A duration too long for it has the highest there is, see sortRows. */
function plainKeys(
  store: Store,
  key: SortKey,
): { of: Uint8Array | Uint16Array | Uint32Array; rank: ArrayLike<number> | null } | null {
  switch (key) {
    case 'dur':
      return { of: store.dur32, rank: null };
    case 'cat':
      return { of: store.type, rank: store.catOf };
    case 'type':
      return { of: store.type, rank: ranks(store.types.map(t => t.name)) };
    case 'lane':
      return { of: store.lane, rank: ranks(store.tasks.map(laneKey)) };
    default:
      return null;
  }
}
const laneKey = (t: Store['tasks'][number]): string =>
  `${t.comm} ${String(t.pid).padStart(10)} ${String(t.tid).padStart(10)}`;

let stringRanks: { count: number; ranks: Uint32Array } | null = null;

/** A function from row to a number in the column's order. */
function keyOf(store: Store, key: SortKey): (i: number) => number {
  switch (key) {
    case 'details': {
      if (stringRanks?.count !== store.strings.count)
        stringRanks = {
          count: store.strings.count,
          ranks: ranks(Array.from({ length: store.strings.count }, (_, i) => store.strings.get(i))),
        };
      const r = stringRanks.ranks;
      return i => r[store.obj[i]] * 2 ** 20 + (r[store.arg[i]] & 0xfffff);
    }
    case 'result':
      return i => (store.err[i] ? store.err[i] - 256 : Math.max(-1, store.ret(i)));
    case 'bytes':
      return i => store.bytes(i);
    case 'fd':
      return i => store.fd(i);
    default:
      return i => i;
  }
}

const DIGIT = 11,
  DIGITS = 1 << DIGIT,
  CHUNK = 1 << 18;

export async function sortRows(
  store: Store,
  shown: Uint32Array | null,
  count: number,
  sort: Sort,
  cancelled: () => boolean,
): Promise<Uint32Array | null> {
  let rows = shown ? shown.slice() : identity(count);
  if (sort.key === 'time') {
    if (sort.down) rows.reverse();
    return rows;
  }
  let paused = performance.now();
  const stop = async (): Promise<boolean> => {
    if (performance.now() - paused > 25) {
      await breathe();
      paused = performance.now();
    }
    return cancelled();
  };
  const n = rows.length,
    plain = plainKeys(store, sort.key),
    f = plain ? null : keyOf(store, sort.key),
    at = new Float64Array(1),
    bits = new Uint32Array(at.buffer);
  let lo: Uint32Array = new Uint32Array(n),
    hi: Uint32Array | null = null;
  for (let i = 0; i < n; i += CHUNK) {
    const end = Math.min(n, i + CHUNK);
    if (plain) lookUp(plain.of, plain.rank, rows, lo, i, end);
    else
      for (let k = i; k < end; k++) {
        const v = f!(rows[k]);
        if (!hi && v >= 0 && v < 4294967296 && Number.isInteger(v)) {
          lo[k] = v;
          continue;
        }
        if (!hi) {
          // Leave plain 32-bit keys: order-preserving bits of doubles from here on, for all.
          hi = new Uint32Array(n);
          for (let j = 0; j < k; j++) encode(lo[j], j, lo, hi, at, bits);
        }
        encode(v, k, lo, hi, at, bits);
      }
    if (await stop()) return null;
  }
  let rows2: Uint32Array = new Uint32Array(n),
    lo2: Uint32Array = new Uint32Array(n),
    hi2: Uint32Array | null = hi ? new Uint32Array(n) : null;
  const flip = sort.down ? DIGITS - 1 : 0,
    counts = new Uint32Array(DIGITS);
  for (const upper of hi ? [false, true] : [false])
    for (let shift = 0; shift < 32; shift += DIGIT) {
      const keys = upper ? hi! : lo;
      counts.fill(0);
      for (let i = 0; i < n; i += CHUNK) {
        countDigits(keys, shift, flip, counts, i, Math.min(n, i + CHUNK));
        if (await stop()) return null;
      }
      if (counts.includes(n)) continue; // all have the same digit
      let sum = 0;
      for (let d = 0; d < DIGITS; d++) {
        const c = counts[d];
        counts[d] = sum;
        sum += c;
      }
      for (let i = 0; i < n; i += CHUNK) {
        const end = Math.min(n, i + CHUNK);
        if (upper) scatter(keys, shift, flip, counts, i, end, rows, rows2, keys, hi2!, null, null);
        else scatter(keys, shift, flip, counts, i, end, rows, rows2, lo, lo2, hi, hi2);
        if (await stop()) return null;
      }
      [rows, rows2] = [rows2, rows];
      if (upper) [hi, hi2] = [hi2, hi];
      else {
        [lo, lo2] = [lo2, lo];
        [hi, hi2] = [hi2, hi];
      }
    }
  // Durations over 32 bits are few and stand together.
  if (sort.key === 'dur' && store.longRows.length) {
    const a = sort.down ? 0 : lo.indexOf(0xffffffff),
      b = sort.down ? lo.findIndex(v => v !== 0xffffffff) : n,
      sign = sort.down ? -1 : 1;
    if (a >= 0) {
      const part = rows.subarray(a, b < 0 ? n : b);
      part.set([...part].sort((x, y) => sign * (store.dur(x) - store.dur(y)) || x - y));
    }
  }
  return rows;
}

// The loops stand by themselves, where the compiler sees them sooner than inside an async function.
function identity(n: number): Uint32Array {
  const out = new Uint32Array(n);
  for (let i = 0; i < n; i++) out[i] = i;
  return out;
}
function lookUp(
  of: Uint8Array | Uint16Array | Uint32Array,
  rank: ArrayLike<number> | null,
  rows: Uint32Array,
  keys: Uint32Array,
  i: number,
  end: number,
): void {
  if (rank) for (; i < end; i++) keys[i] = rank[of[rows[i]]];
  else for (; i < end; i++) keys[i] = of[rows[i]];
}
function countDigits(
  keys: Uint32Array,
  shift: number,
  flip: number,
  counts: Uint32Array,
  i: number,
  end: number,
): void {
  for (; i < end; i++) counts[((keys[i] >>> shift) & (DIGITS - 1)) ^ flip]++;
}
/** Moves rows i…end and what goes with them to where their digit belongs, in order; counts: where the next of each digit goes. */
function scatter(
  keys: Uint32Array,
  shift: number,
  flip: number,
  counts: Uint32Array,
  i: number,
  end: number,
  a: Uint32Array,
  a2: Uint32Array,
  b: Uint32Array,
  b2: Uint32Array,
  c: Uint32Array | null,
  c2: Uint32Array | null,
): void {
  for (; i < end; i++) {
    const to = counts[((keys[i] >>> shift) & (DIGITS - 1)) ^ flip]++;
    a2[to] = a[i];
    b2[to] = b[i];
    if (c !== null) c2![to] = c[i];
  }
}

function encode(
  v: number,
  row: number,
  lo: Uint32Array,
  hi: Uint32Array,
  at: Float64Array,
  bits: Uint32Array,
): void {
  at[0] = v + 0;
  const h = bits[1],
    l = bits[0];
  if (h & 0x80000000) {
    hi[row] = ~h;
    lo[row] = ~l;
  } else {
    hi[row] = h | 0x80000000;
    lo[row] = l;
  }
}
