// SPDX-License-Identifier: MIT
// Totals by type of event and by lane, and of a stretch of time.
import { HIST, histClass } from './hist';
import { eachRow, type Cancel } from './scan';
import { UNFINISHED, type Store } from './store';

/** timed: calls whose duration is known, which total, max and hist are of; one that had not returned has none, but is among the slowest. */
export interface TypeStat {
  type: number;
  count: number;
  timed: number;
  errors: Map<number, number>;
  failed: number;
  total: number;
  min: number;
  max: number;
  bytes: number;
  hist: Uint32Array;
  slowest: number[];
}

export async function typeStats(
  store: Store,
  bits: Uint8Array | null,
  cancelled: Cancel,
): Promise<TypeStat[] | null> {
  const n = store.types.length,
    stats: TypeStat[] = store.types.map((_, type) => ({
      type,
      count: 0,
      timed: 0,
      errors: new Map(),
      failed: 0,
      total: 0,
      min: 0,
      max: 0,
      bytes: 0,
      hist: new Uint32Array(0),
      slowest: [],
    }));
  const hist = new Uint32Array(n * HIST),
    timed = new Uint32Array(n),
    min = new Float64Array(n).fill(Infinity),
    max = new Float64Array(n),
    total = new Float64Array(n),
    counts = new Uint32Array(n),
    bytes = new Float64Array(n),
    errs = new Uint32Array(n * 256),
    floor = new Float64Array(n).fill(-1);
  const { type, err, dur32 } = store,
    io = Uint8Array.from(store.types, t => (t.io ? 1 : 0));
  // log2 of small integers is most of the cost: a table for the common ones.
  const table = new Uint16Array(1 << 16);
  for (let d = 0; d < table.length; d++) table[d] = histClass(d);
  const ok = await eachRow(store, bits, cancelled, i => {
    const t = type[i],
      d32 = dur32[i],
      d = d32 === 0xffffffff ? store.dur(i) : d32;
    counts[t]++;
    errs[t * 256 + err[i]]++;
    if (io[t]) bytes[t] += store.bytes(i);
    if (err[i] !== UNFINISHED) {
      timed[t]++;
      total[t] += d;
      if (d < min[t]) min[t] = d;
      if (d > max[t]) max[t] = d;
      hist[t * HIST + (d < 65536 ? table[d] : histClass(d))]++;
    }
    if (d > floor[t]) {
      const top = stats[t].slowest;
      top.push(i);
      if (top.length >= 64) {
        top.sort((a, b) => store.dur(b) - store.dur(a));
        top.length = 5;
        floor[t] = store.dur(top[4]);
      }
    }
  });
  if (!ok) return null;
  for (const s of stats) {
    const t = s.type;
    s.count = counts[t];
    s.timed = timed[t];
    s.total = total[t];
    s.bytes = bytes[t];
    s.hist = hist.subarray(t * HIST, (t + 1) * HIST);
    s.slowest.sort((a, b) => store.dur(b) - store.dur(a) || a - b);
    s.slowest.length = Math.min(5, s.slowest.length);
    s.min = min[t];
    s.max = max[t];
    for (let e = 1; e < 256; e++) {
      const c = errs[t * 256 + e];
      if (c) {
        s.errors.set(e, c);
        if (store.isError[e]) s.failed += c;
      }
    }
  }
  return stats.filter(s => s.count);
}

/** Page faults that had to read from a disk. */
export async function majorFaults(
  store: Store,
  bits: Uint8Array | null,
  cancelled: Cancel,
): Promise<number | null> {
  const { type } = store,
    fault = Uint8Array.from(store.ops, o => (o === 'fault' ? 1 : 0));
  let n = 0;
  return (await eachRow(store, bits, cancelled, i => {
    if (fault[type[i]] && store.val(i) === 1) n++;
  }))
    ? n
    : null;
}

/** run, runq, block: ns on a CPU, waiting for one, blocked, where scheduler data exists. */
export interface ProcStat {
  run: number;
  runq: number;
  block: number;
  events: number;
  failed: number;
  bad: number;
  time: number;
  wait: number;
  read: number;
  written: number;
  net: number;
  longest: number;
  /** What it called, and with which errors. */
  types: Set<number>;
  errs: Set<number>;
}
const WAITS = new Set(['futex', 'poll', 'sleep', 'wait', 'accept', 'connect']);

/** One row a lane; the caller adds threads to their process. */
export async function laneStats(
  store: Store,
  bits: Uint8Array | null,
  cancelled: Cancel,
): Promise<ProcStat[] | null> {
  const out: ProcStat[] = store.tasks.map(() => ({
    run: 0,
    runq: 0,
    block: 0,
    events: 0,
    failed: 0,
    bad: 0,
    time: 0,
    wait: 0,
    read: 0,
    written: 0,
    net: 0,
    longest: -1,
    types: new Set(),
    errs: new Set(),
  }));
  // A byte an event, and sets of them at the end: ten million insertions would cost more than all of the rest.
  const seenTypes = new Uint8Array(out.length * store.types.length),
    seenErrs = new Uint8Array(out.length * 256),
    ntypes = store.types.length;
  const socket = store.meta.file_kinds.indexOf('socket'),
    waits = Uint8Array.from(store.ops, o => (WAITS.has(o) ? 1 : 0)),
    { type, lane, err, isError, isBad, layerOf, file } = store;
  const ok = await eachRow(store, bits, cancelled, i => {
    const s = out[lane[i]],
      t = type[i];
    s.events++;
    seenTypes[lane[i] * ntypes + t] = 1;
    seenErrs[lane[i] * 256 + err[i]] = isError[err[i]];
    s.failed += isError[err[i]];
    s.bad += isBad[err[i]];
    const d = store.dur(i);
    if (layerOf[t]) {
      const o = store.ops[t];
      if (o === 'run' || o === 'runq' || o === 'block') s[o] += d;
      return;
    }
    s.time += d;
    if (waits[t]) s.wait += d;
    if (s.longest < 0 || d > store.dur(s.longest)) s.longest = i;
    const io = store.types[t].io;
    if (!io) return;
    const b = store.bytes(i);
    if (io === 'copy') {
      if (store.files.kind[store.copiedTo(i)] === socket) s.net += b;
      else s.written += b;
    }
    if (store.files.kind[file[i]] === socket) s.net += b;
    else if (io === 'out') s.written += b;
    else s.read += b;
  });
  if (!ok) return null;
  out.forEach((s, l) => {
    s.types = marked(seenTypes, l * ntypes, ntypes);
    s.errs = marked(seenErrs, l * 256, 256);
  });
  return out;
}
/** The numbers whose byte is set, of one row of bytes. */
function marked(bytes: Uint8Array, from: number, count: number): Set<number> {
  const out = new Set<number>();
  for (let k = 0; k < count; k++) if (bytes[from + k]) out.add(k);
  return out;
}

export interface RangeStat {
  events: number;
  failed: number;
  bad: number;
  bytes: number;
  byType: { type: number; count: number; time: number }[];
  lanes: number;
}
export function rangeStats(
  store: Store,
  bits: Uint8Array | null,
  from: number,
  to: number,
): RangeStat {
  const n = store.types.length,
    counts = new Uint32Array(n),
    time = new Float64Array(n),
    lanes = new Uint8Array(store.tasks.length);
  const { type, lane, err, start, dur32, isError, cold, block } = store,
    source = Uint8Array.from(store.types, k => (k.io ? (k.bytes === 'val' ? 2 : 1) : 0));
  const ret = new Float64Array(block),
    val = source.includes(2) ? new Float64Array(block) : null;
  let events = 0,
    failed = 0,
    serious = 0,
    bytes = 0;
  for (let i = store.lower(from), last = store.lower(to); i < last;) {
    const b = Math.floor(i / block),
      base = b * block,
      end = Math.min(last, base + block);
    if (i < cold) {
      store.numbers('ret', b, ret);
      if (val) store.numbers('val', b, val);
    }
    for (; i < end; i++) {
      if (bits && !bits[i]) continue;
      const t = type[i],
        bad = isError[err[i]],
        d = dur32[i] === 0xffffffff ? store.dur(i) : dur32[i],
        room = to - start[i];
      events++;
      counts[t]++;
      failed += bad;
      serious += store.isBad[err[i]];
      time[t] += d < room ? d : room;
      lanes[lane[i]] = 1;
      if (source[t] && !bad && i < cold) {
        const moved = source[t] === 2 ? val![i - base] : ret[i - base];
        if (moved > 0) bytes += moved;
      }
    }
  }
  const byType = [...counts]
    .map((count, t) => ({ type: t, count, time: time[t] }))
    .filter(x => x.count)
    .sort((a, b) => b.time - a.time || b.count - a.count);
  return { events, failed, bad: serious, bytes, byType, lanes: lanes.reduce((a, b) => a + b, 0) };
}
