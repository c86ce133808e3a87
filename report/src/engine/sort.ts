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

/** Rows with the keys they are sorted by: 32 bits, or 64 in two halves. */
interface Keyed {
  rows: Uint32Array;
  lo: Uint32Array;
  hi: Uint32Array | null;
}
/** Breathes when it is time; true: leave it. */
type Stop = () => Promise<boolean>;

export async function sortRows(
  store: Store,
  shown: Uint32Array | null,
  count: number,
  sort: Sort,
  cancelled: () => boolean,
): Promise<Uint32Array | null> {
  const rows = shown ? shown.slice() : identity(count);
  if (sort.key === 'time') return sort.down ? rows.reverse() : rows;
  let paused = performance.now();
  const stop = async (): Promise<boolean> => {
    if (performance.now() - paused > 25) {
      await breathe();
      paused = performance.now();
    }
    return cancelled();
  };
  const keyed = await keysOf(store, sort.key, rows, stop),
    done = keyed && (await radix(keyed, sort.down ? DIGITS - 1 : 0, stop));
  if (!done) return null;
  if (sort.key === 'dur' && store.longRows.length) sortLong(store, done, sort.down);
  return done.rows;
}

async function keysOf(
  store: Store,
  key: SortKey,
  rows: Uint32Array,
  stop: Stop,
): Promise<Keyed | null> {
  const n = rows.length,
    plain = plainKeys(store, key),
    f = plain ? null : keyOf(store, key),
    out: Keyed = { rows, lo: new Uint32Array(n), hi: null };
  for (let i = 0; i < n; i += CHUNK) {
    const end = Math.min(n, i + CHUNK);
    if (plain) lookUp(plain.of, plain.rank, rows, out.lo, i, end);
    else work(f!, out, i, end);
    if (await stop()) return null;
  }
  return out;
}

/** From the lowest digit to the highest, each pass stable. */
async function radix(k: Keyed, flip: number, stop: Stop): Promise<Keyed | null> {
  const n = k.rows.length,
    other: Keyed = {
      rows: new Uint32Array(n),
      lo: new Uint32Array(n),
      hi: k.hi ? new Uint32Array(n) : null,
    },
    counts = new Uint32Array(DIGITS);
  for (const upper of k.hi ? [false, true] : [false])
    for (let shift = 0; shift < 32; shift += DIGIT) {
      const keys = upper ? k.hi! : k.lo;
      counts.fill(0);
      for (let i = 0; i < n; i += CHUNK) {
        countDigits(keys, shift, flip, counts, i, Math.min(n, i + CHUNK));
        if (await stop()) return null;
      }
      if (counts.includes(n)) continue; // all have the same digit
      placesOf(counts);
      for (let i = 0; i < n; i += CHUNK) {
        const end = Math.min(n, i + CHUNK);
        if (upper)
          scatter(
            keys,
            shift,
            flip,
            counts,
            i,
            end,
            k.rows,
            other.rows,
            keys,
            other.hi!,
            null,
            null,
          );
        else
          scatter(
            keys,
            shift,
            flip,
            counts,
            i,
            end,
            k.rows,
            other.rows,
            k.lo,
            other.lo,
            k.hi,
            other.hi,
          );
        if (await stop()) return null;
      }
      [k.rows, other.rows] = [other.rows, k.rows];
      [k.hi, other.hi] = [other.hi, k.hi];
      if (!upper) [k.lo, other.lo] = [other.lo, k.lo];
    }
  return k;
}

/** How many of each digit → where the first of each goes. */
function placesOf(counts: Uint32Array): void {
  let sum = 0;
  for (let d = 0; d < DIGITS; d++) {
    const c = counts[d];
    counts[d] = sum;
    sum += c;
  }
}

/** Durations over 32 bits are few and stand together: they are put in order by themselves. */
function sortLong(store: Store, { rows, lo }: Keyed, down: boolean): void {
  const n = rows.length,
    a = down ? 0 : lo.indexOf(0xffffffff),
    b = down ? lo.findIndex(v => v !== 0xffffffff) : n,
    sign = down ? -1 : 1;
  if (a < 0) return;
  const part = rows.subarray(a, b < 0 ? n : b);
  part.set([...part].sort((x, y) => sign * (store.dur(x) - store.dur(y)) || x - y));
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
/** Keys that need work: 32 bits while they are small whole numbers, from the first other one on 64. */
function work(f: (row: number) => number, out: Keyed, from: number, end: number): void {
  const { rows, lo } = out,
    at = new Float64Array(1),
    bits = new Uint32Array(at.buffer);
  for (let k = from; k < end; k++) {
    const v = f(rows[k]);
    if (!out.hi && v >= 0 && v < 4294967296 && Number.isInteger(v)) {
      lo[k] = v;
      continue;
    }
    if (!out.hi) {
      // Leave plain 32-bit keys: order-preserving bits of doubles from here on, for all.
      out.hi = new Uint32Array(rows.length);
      for (let j = 0; j < k; j++) encode(lo[j], j, lo, out.hi, at, bits);
    }
    encode(v, k, lo, out.hi, at, bits);
  }
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
