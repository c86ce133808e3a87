// Sorting rows by any column: a radix sort of 64-bit keys in 16-bit digits, stable, in steps that let the page breathe.
import type { Store } from './store';

export type SortKey = 'time' | 'lane' | 'cat' | 'type' | 'details' | 'result' | 'dur' | 'bytes' | 'fd';
export interface Sort { key: SortKey; down: boolean }

export const breathe = (): Promise<void> => new Promise(done => { const c = new MessageChannel(); c.port1.onmessage = () => { c.port1.close(); done(); }; c.port2.postMessage(0); });

/** Order of strings as text; equal strings share a rank. */
function ranks(texts: string[]): Uint32Array {
  const order = texts.map((_, i) => i).sort((a, b) => (texts[a] < texts[b] ? -1 : texts[a] > texts[b] ? 1 : 0));
  const out = new Uint32Array(texts.length);
  let r = 0;
  order.forEach((id, i) => { if (i && texts[id] !== texts[order[i - 1]]) r++; out[id] = r; });
  return out;
}

/** Keys that fit 32 bits for all rows at once; null for columns that need more. */
function keys32(store: Store, key: SortKey): Uint32Array | null {
  const n = store.hot, by = (of: Uint8Array | Uint16Array | Uint32Array, rank: ArrayLike<number>) => { const out = new Uint32Array(n); for (let i = 0; i < n; i++) out[i] = rank[of[i]]; return out; };
  switch (key) {
    case 'dur': return store.longRows.length ? null : store.dur32;
    case 'cat': return by(store.type, store.catOf);
    case 'type': return by(store.type, ranks(store.types.map(t => t.name)));
    case 'lane': return by(store.lane, ranks(store.tasks.map(laneKey)));
    default: return null;
  }
}
const laneKey = (t: Store['tasks'][number]): string => `${t.comm} ${String(t.pid).padStart(10)} ${String(t.tid).padStart(10)}`;

let stringRanks: { count: number; ranks: Uint32Array } | null = null;

/** A function from row to a number in the column's order. */
function keyOf(store: Store, key: SortKey): (i: number) => number {
  switch (key) {
    case 'details': {
      if (stringRanks?.count !== store.strings.count) stringRanks = { count: store.strings.count, ranks: ranks(Array.from({ length: store.strings.count }, (_, i) => store.strings.get(i))) };
      const r = stringRanks.ranks;
      return i => r[store.obj[i]] * 2 ** 20 + (r[store.arg[i]] & 0xfffff);
    }
    case 'result': return i => (store.err[i] ? store.err[i] - 256 : Math.max(-1, store.ret(i)));
    case 'dur': return i => store.dur(i);
    case 'bytes': return i => store.bytes(i);
    case 'fd': return i => store.fd(i);
    default: return i => i;
  }
}

export async function sortRows(store: Store, rows: Uint32Array | null, count: number, sort: Sort, cancelled: () => boolean): Promise<Uint32Array | null> {
  let from: Uint32Array = rows ? rows.slice() : identity(count);
  if (sort.key === 'time') { if (sort.down) from.reverse(); return from; }
  let paused = performance.now();
  const pause = async (): Promise<boolean> => { if (performance.now() - paused > 40) { await breathe(); paused = performance.now(); } return cancelled(); };
  const plain = keys32(store, sort.key), lo = plain ?? new Uint32Array(store.hot), n = from.length, f = keyOf(store, sort.key);
  let hi: Uint32Array | null = null;
  const at = new Float64Array(1), bits = new Uint32Array(at.buffer), CHUNK = 1 << 20;
  if (!plain) for (let i = 0; i < n; i += CHUNK) {
    for (let k = i; k < Math.min(n, i + CHUNK); k++) {
      const row = from[k], v = f(row);
      if (v >= 0 && v < 4294967296 && Number.isInteger(v) && !hi) { lo[row] = v; continue; }
      if (!hi) {
        // Leave plain 32-bit keys: order-preserving bits of doubles from here on, for all.
        hi = new Uint32Array(store.hot);
        for (let j = 0; j < k; j++) encode(lo[from[j]], from[j], lo, hi, at, bits);
      }
      encode(v, row, lo, hi, at, bits);
    }
    if (await pause()) return null;
  }
  let to: Uint32Array = new Uint32Array(n);
  const flip = sort.down ? 0xffff : 0;
  for (const [keys, shift] of [[lo, 0], [lo, 16], [hi, 0], [hi, 16]] as [Uint32Array | null, number][]) {
    if (!keys) continue;
    const counts = new Uint32Array(65536);
    countDigits(keys, from, shift, flip, counts);
    if (counts.some(c => c === n)) continue;
    if (await pause()) return null;
    scatter(keys, from, to, shift, flip, counts);
    [from, to] = [to, from];
    if (await pause()) return null;
  }
  return from;
}

// The loops stand by themselves, where the compiler sees them sooner than inside an async function.
function identity(n: number): Uint32Array {
  const out = new Uint32Array(n);
  for (let i = 0; i < n; i++) out[i] = i;
  return out;
}
function countDigits(keys: Uint32Array, rows: Uint32Array, shift: number, flip: number, counts: Uint32Array): void {
  for (let i = 0; i < rows.length; i++) counts[((keys[rows[i]] >>> shift) & 0xffff) ^ flip]++;
}
/** Moves rows to where their digit belongs, in order; counts are the digits' numbers. */
function scatter(keys: Uint32Array, rows: Uint32Array, to: Uint32Array, shift: number, flip: number, counts: Uint32Array): void {
  let sum = 0;
  for (let d = 0; d < counts.length; d++) { const c = counts[d]; counts[d] = sum; sum += c; }
  for (let i = 0; i < rows.length; i++) { const r = rows[i]; to[counts[((keys[r] >>> shift) & 0xffff) ^ flip]++] = r; }
}

function encode(v: number, row: number, lo: Uint32Array, hi: Uint32Array, at: Float64Array, bits: Uint32Array): void {
  at[0] = v + 0;
  const h = bits[1], l = bits[0];
  if (h & 0x80000000) { hi[row] = ~h; lo[row] = ~l; } else { hi[row] = h | 0x80000000; lo[row] = l; }
}
