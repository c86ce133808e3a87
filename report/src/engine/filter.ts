// SPDX-License-Identifier: MIT
// Query → one byte an event (1 = shown) by plain scans of the columns, and the rows that are left.
import { noiseMeets, noiseClasses } from './noise';
import { compare, matches, nameIn, numbersOf, pathTest, type Query, type Term } from './query';
import { namedTest, treeOf } from './lane-names';
import { aboutFiles } from './neighbours';
import { roleOf } from './roles';
import type { Store } from './store';

const SHIFT = 12; // rows a block, as a power of two, of the index from row to event

function countLanes(
  bits: Uint8Array,
  lane: Uint16Array | Uint32Array,
  lanes: Uint32Array,
  a: number,
  b: number,
): number {
  let sum = 0;
  for (let i = a; i < b; i++) {
    const on = bits[i];
    sum += on;
    lanes[lane[i]] += on;
  }
  return sum;
}

/** Which events are shown. A row is a place among them: found through sums a block, so that no list of them need be written. */
export class Mask {
  readonly count: number;
  /** Events shown of each lane. */
  readonly lanes: Uint32Array;
  private before: Uint32Array | null = null;
  private list: Uint32Array | null = null;

  /** `bits` null: all of the store's first `n`. */
  constructor(
    store: Store,
    readonly bits: Uint8Array | null,
    private n = store.hot,
    from = 0,
    to = n,
  ) {
    if (!bits) {
      this.count = n;
      this.lanes = store.laneEvents;
      return;
    }
    const lanes = (this.lanes = new Uint32Array(store.tasks.length)),
      before = (this.before = new Uint32Array((n >> SHIFT) + 2)),
      { lane } = store;
    let sum = 0;
    for (let b = 0; b < before.length - 1; b++) {
      before[b] = sum;
      sum += countLanes(
        bits,
        lane,
        lanes,
        Math.max(from, b << SHIFT),
        Math.min(to, (b + 1) << SHIFT),
      );
    }
    before[before.length - 1] = sum;
    this.count = sum;
  }
  /** All rows as a list of events; null when a row is the event. */
  get rows(): Uint32Array | null {
    const { bits } = this;
    if (!bits || this.list) return this.list;
    const out = (this.list = new Uint32Array(this.count));
    for (let i = 0, k = 0; i < this.n; i++) if (bits[i]) out[k++] = i;
    return out;
  }
  event(row: number): number {
    const { bits, before } = this;
    if (row < 0 || row >= this.count) return -1;
    if (!bits || !before) return row;
    let lo = 0,
      hi = before.length - 2;
    while (lo < hi) {
      const mid = (lo + hi + 1) >> 1;
      if (before[mid] <= row) lo = mid;
      else hi = mid - 1;
    }
    for (let i = lo << SHIFT, left = row - before[lo]; i < this.n; i++)
      if (bits[i] && left-- === 0) return i;
    return -1;
  }
  /** How many events before this one are shown. */
  rank(event: number): number {
    const { bits, before } = this;
    if (!bits || !before) return Math.min(event, this.count);
    const at = Math.min(event, this.n);
    let row = before[at >> SHIFT];
    for (let i = (at >> SHIFT) << SHIFT; i < at; i++) row += bits[i];
    return row;
  }
  /** −1 when it is not shown. */
  rowOf(event: number): number {
    const { bits, before } = this;
    if (!bits || !before) return event < this.count ? event : -1;
    if (!bits[event]) return -1;
    let row = before[event >> SHIFT];
    for (let i = (event >> SHIFT) << SHIFT; i < event; i++) row += bits[i];
    return row;
  }
}

/** Can the terms be answered from the hot columns alone (while the rest still loads)? */
export function needsCold(q: Query): boolean {
  return q.terms.some(t =>
    ['', 'path', 'role', 'arg', 'fd', 'ret', 'bytes', 'file'].includes(t.key),
  );
}

/** What a query leaves: of types, lanes and errors (1: shown; null: all), rows in order of time, and terms to be tried row by row. */
interface Plan {
  types: Uint8Array | null;
  lanes: Uint8Array | null;
  errs: Uint8Array | null;
  noise: Uint8Array | null;
  from: number;
  to: number;
  slow: Term[];
}

/** Terms that are about the type of an event, its lane, or its error: whether one passes. */
const TYPE_TERMS: Record<string, (store: Store, t: Term, type: number) => boolean> = {
  type: (store, t, k) => matches(t, store.types[k].name),
  cat: (store, t, k) => matches(t, store.meta.categories[store.types[k].cat]),
  op: (store, t, k) => matches(t, store.types[k].op),
};
const LANE_TERMS: Record<string, (store: Store, t: Term) => (lane: number) => boolean> = {
  pid: (store, t) => l => t.values.includes(String(store.tasks[l].pid)),
  tid: (store, t) => l => t.values.includes(String(store.tasks[l].tid)),
  tree: (store, t) => {
    const inTree = treeOf(store, t.values);
    return l => inTree[l] === 1;
  },
};
const kindPasses = (store: Store, t: Term, type: number) =>
  Object.values(TYPE_TERMS).some(passes => passes(store, t, type));
function errorPasses(store: Store, t: Term, code: number): boolean {
  const name = store.errName[code];
  return t.values.some(v => {
    if (v === 'any') return store.isError[code] === 1;
    if (v === 'none') return !store.isError[code];
    return name === v.toUpperCase() || name === v;
  });
}

/** A role is meant by its name, by how that begins, by a pattern. */
const roleMeant = (t: Term, role: string) =>
  role !== '' && t.values.some(v => (v.includes('*') ? pathTest(v)(role) : role.startsWith(v)));

/** By its name, or by all of the object, as "Only this" asks for a region. */
function isAbout(values: string[]): (object: string) => boolean {
  const tests = values.map(pathTest);
  return object => {
    const name = nameIn(object);
    return (name !== '' && tests.some(f => f(name))) || (object !== '' && values.includes(object));
  };
}

/** One more term on what is left so far. */
function narrow(a: Uint8Array | null, size: number, not: boolean, test: (i: number) => boolean) {
  const out = a ?? new Uint8Array(size).fill(1);
  for (let i = 0; i < out.length; i++) if (test(i) === not) out[i] = 0;
  return out;
}

function planOf(store: Store, q: Query): Plan {
  const plan: Plan = {
    types: null,
    lanes: null,
    errs: null,
    noise: null,
    from: 0,
    to: store.hot,
    slow: [],
  };
  for (const t of q.terms) {
    if (Object.hasOwn(TYPE_TERMS, t.key))
      plan.types = narrow(plan.types, store.types.length, t.not, k =>
        TYPE_TERMS[t.key](store, t, k),
      );
    else if (Object.hasOwn(LANE_TERMS, t.key))
      plan.lanes = narrow(plan.lanes, store.tasks.length, t.not, LANE_TERMS[t.key](store, t));
    else if (t.key === 'err')
      plan.errs = narrow(plan.errs, 256, t.not, code => errorPasses(store, t, code));
    else if (t.key === 'noise')
      plan.noise = narrow(plan.noise, noiseClasses(store.meta).length, t.not, c =>
        noiseMeets(store, t, c),
      );
    else if (t.key !== 't' || !cutInTime(store, t, plan)) plan.slow.push(t);
  }
  return plan;
}

/** The events are in order of time: a term of time leaves one range, when it is one. */
function cutInTime(store: Store, t: Term, plan: Plan): boolean {
  if (t.not || t.values.length !== 1 || t.op === ':' || t.op === '=') return false;
  const test = compare(t),
    first = t.op[0] === '>';
  let lo = 0,
    hi = store.hot;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (test(store.start[mid]) === first) hi = mid;
    else lo = mid + 1;
  }
  if (first) plan.from = Math.max(plan.from, lo);
  else plan.to = Math.min(plan.to, lo);
  return true;
}

export function runFilter(store: Store, q: Query): Mask {
  if (!q.terms.length) return new Mask(store, null);
  const { types, lanes, errs, noise, from, to, slow } = planOf(store, q),
    bits = new Uint8Array(store.n);
  if (to > from) {
    bits.fill(1, from, to);
    if (types) eachChunk(from, to, (a, b) => keepOf(bits, types, store.type, a, b));
    if (lanes) eachChunk(from, to, (a, b) => keepOf(bits, lanes, store.lane, a, b));
    if (noise) keepNoise(store, bits, noise, from, to);
    if (errs) eachChunk(from, to, (a, b) => keepOf(bits, errs, store.err, a, b));
  }
  for (const t of slow) applySlow(store, t, bits, from, to);
  return new Mask(store, bits, store.hot, from, to);
}

/** Of older reports no event is known to be noise. */
function keepNoise(store: Store, bits: Uint8Array, keep: Uint8Array, from: number, to: number) {
  if (store.noise.length) eachChunk(from, to, (a, b) => keepOf(bits, keep, store.noise, a, b));
  else if (!keep[0]) bits.fill(0, from, to);
}

/** Loops of few lines, called again and again: the compiler gets to them within the first million rows, not after the last. */
function eachChunk(from: number, to: number, f: (a: number, b: number) => void): void {
  for (let a = from; a < to; a += 1 << 16) f(a, Math.min(to, a + (1 << 16)));
}
function keepOf(
  bits: Uint8Array,
  keep: Uint8Array,
  of: Uint8Array | Uint16Array | Uint32Array,
  a: number,
  b: number,
): void {
  for (let i = a; i < b; i++) bits[i] &= keep[of[i]];
}
function keepBetween(
  bits: Uint8Array,
  x: Float64Array | Uint32Array,
  base: number,
  low: number,
  high: number,
  flip: number,
  a: number,
  b: number,
): void {
  for (let i = a; i < b; i++) {
    const v = x[i - base];
    bits[i] &= (v > low && v < high ? 1 : 0) ^ flip;
  }
}
function flipped(keep: Uint8Array, not: boolean): Uint8Array {
  return not ? keep.map(x => x ^ 1) : keep;
}

function applySlow(store: Store, t: Term, bits: Uint8Array, from: number, to: number): void {
  const want = t.not ? 0 : 1;
  const drop = (test: (i: number) => boolean) => {
    for (let i = from; i < to; i++) if (bits[i] && (test(i) ? 1 : 0) !== want) bits[i] = 0;
  };
  const { strings } = store;
  if (t.key === 'proc') {
    const named = namedTest(store, name => matches(t, name)),
      { lane } = store;
    drop(i => named(lane[i], store.end(i)));
  } else if (t.key === 'is') {
    const kinds = Uint8Array.from(store.types, (_, k) => (kindPasses(store, t, k) ? 1 : 0)),
      failed = matches(t, 'failed') ? 1 : 0,
      { type, err, isError } = store;
    drop(i => (kinds[type[i]] | (failed & isError[err[i]])) === 1);
  } else if (t.key === 'dur') {
    const test = compare(t),
      { dur32 } = store;
    const [v] = numbersOf(t);
    if (
      t.values.length === 1 &&
      t.op !== ':' &&
      t.op !== '=' &&
      (v < 4294967295 || !store.longRows.length)
    ) {
      // The usual case as a loop without calls: smallest and largest duration that pass. What does not fit 32 bits stands there as
      // the largest number that does.
      const low = t.op === '>' ? v : t.op === '>=' ? v - 0.5 : -1,
        high = t.op === '<' ? v : t.op === '<=' ? v + 0.5 : Infinity;
      eachChunk(from, to, (a, b) => keepBetween(bits, dur32, 0, low, high, 1 - want, a, b));
    } else drop(i => test(store.dur(i)));
  } else if (t.key === 't') {
    const test = compare(t);
    drop(i => test(store.start[i]));
  } else if (t.key === 'ret' || t.key === 'fd' || t.key === 'bytes')
    numeric(store, t, t.key, bits, from, to);
  else if (t.key === 'file') {
    const ids = new Uint8Array(store.files.count);
    for (const v of t.values) if (Number(v) < ids.length) ids[Number(v)] = 1;
    drop(aboutFiles(store, ids));
  } else if (t.key === 'path') {
    const keep = flipped(strings.match(isAbout(t.values)), t.not);
    eachChunk(from, to, (a, b) => keepOf(bits, keep, store.obj, a, b));
  } else if (t.key === 'role') {
    const keep = flipped(
      strings.match(s => roleMeant(t, roleOf(nameIn(s)))),
      t.not,
    );
    eachChunk(from, to, (a, b) => keepOf(bits, keep, store.obj, a, b));
  } else if (t.key === 'arg') {
    const parts = t.values.map(v => v.toLowerCase()),
      hit = strings.match(s => {
        const low = s.toLowerCase();
        return parts.some(p => low.includes(p));
      });
    const keep = flipped(hit, t.not);
    eachChunk(from, to, (a, b) => keepOf(bits, keep, store.arg, a, b));
  } else {
    // Bare text: in the object, the arguments, the name of the call or of the error.
    const part = t.values[0].toLowerCase(),
      has = (s: string) => s.toLowerCase().includes(part),
      hit = strings.match(has);
    const types = Uint8Array.from(store.types, x => (has(x.name) ? 1 : 0)),
      errs = Uint8Array.from({ length: 256 }, (_, i) => (has(store.errName[i] ?? '') ? 1 : 0));
    const { obj, arg, type, err } = store;
    for (let i = from; i < to; i++)
      if ((hit[obj[i]] | hit[arg[i]] | types[type[i]] | errs[err[i]]) !== want) bits[i] = 0;
  }
}

/** Turns results into bytes moved: x are the results, y the values of calls that return something else. */
function bytesOf(
  x: Float64Array,
  y: Float64Array,
  source: Uint8Array,
  type: Uint8Array | Uint16Array,
  err: Uint8Array,
  isError: Uint8Array,
  base: number,
  first: number,
  end: number,
): void {
  for (let i = first; i < end; i++) {
    const k = i - base,
      s = source[type[i]],
      n = s === 2 ? y[k] : x[k];
    x[k] = s === 0 || isError[err[i]] === 1 || n < 0 ? 0 : n;
  }
}

/** Columns that lie in blocks of different widths: a block at a time as doubles, the usual comparison as two bounds. */
function numeric(
  store: Store,
  t: Term,
  key: 'ret' | 'fd' | 'bytes',
  bits: Uint8Array,
  from: number,
  to: number,
): void {
  const size = store.block,
    x = new Float64Array(size),
    source = Uint8Array.from(store.types, k => (k.io ? (k.bytes === 'val' ? 2 : 1) : 0)),
    y = key === 'bytes' && source.includes(2) ? new Float64Array(size) : x,
    flip = t.not ? 1 : 0,
    test = compare(t),
    [v] = numbersOf(t);
  const plain = t.values.length === 1 && Number.isInteger(v) && Math.abs(v) < 2 ** 51,
    equal = t.op === ':' || t.op === '=';
  const low = t.op === '>' ? v : t.op === '>=' || equal ? v - 0.5 : -Infinity,
    high = t.op === '<' ? v : t.op === '<=' || equal ? v + 0.5 : Infinity;
  const { type, err, isError } = store;
  for (let b = Math.floor(from / size); b * size < to; b++) {
    const base = b * size,
      first = Math.max(from, base),
      end = Math.min(to, base + size);
    store.numbers(key === 'fd' ? 'fd' : 'ret', b, x);
    if (key === 'ret')
      for (let i = first; i < end; i++) {
        if (isError[err[i]]) x[i - base] = -1;
      }
    else if (key === 'bytes') {
      if (y !== x) store.numbers('val', b, y);
      bytesOf(x, y, source, type, err, isError, base, first, end);
    }
    if (plain) keepBetween(bits, x, base, low, high, flip, first, end);
    else for (let i = first; i < end; i++) bits[i] &= (test(x[i - base]) ? 1 : 0) ^ flip;
  }
}
