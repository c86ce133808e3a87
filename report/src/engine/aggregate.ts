// SPDX-License-Identifier: MIT
// Totals by type, file, connection and process: plain scans, in steps that let the page breathe.
import { breathe } from './sort';
import { UNFINISHED, type Store } from './store';

const STEP = 1 << 20;
export type Cancel = () => boolean;

/** Calls f for every shown row; false when cancelled. */
export async function eachRow(
  store: Store,
  bits: Uint8Array | null,
  cancelled: Cancel,
  f: (i: number) => void,
  from = 0,
  to = store.hot,
): Promise<boolean> {
  let last = performance.now();
  for (let a = from; a < to; a += STEP) {
    const b = Math.min(to, a + STEP);
    if (bits) {
      for (let i = a; i < b; i++) if (bits[i]) f(i);
    } else for (let i = a; i < b; i++) f(i);
    if (performance.now() - last > 40 && b < to) {
      await breathe();
      last = performance.now();
      if (cancelled()) return false;
    }
  }
  return true;
}

/** Durations in 32 classes an octave-quarter: percentiles within 2.2 %. */
const SUB = 16;
export const HIST = 64 * SUB;
export function histClass(d: number): number {
  if (d < SUB) return d;
  const e = Math.floor(Math.log2(d)),
    m = Math.floor((d / 2 ** e - 1) * SUB);
  return Math.min(HIST - 1, (e - 3) * SUB + m);
}
export function histValue(c: number): number {
  if (c < SUB) return c;
  const e = Math.floor(c / SUB) + 3,
    m = c % SUB;
  return 2 ** e * (1 + (m + 0.5) / SUB);
}
/** Whether there are enough values that one lies above: 2 for a median, 20 for p95, 100 for p99. As in the terminal (src/analyze/hist.c). */
export function hasPercentile(count: number, p: number): boolean {
  return count * (1 - p) >= 1 - 1e-9;
}
export function percentile(hist: ArrayLike<number>, count: number, p: number, from = 0): number {
  if (!count) return 0;
  let want = Math.ceil(count * p);
  for (let c = 0; c < HIST; c++) {
    want -= hist[from + c];
    if (want <= 0) return histValue(c);
  }
  return 0;
}

/** timed: calls whose duration is known, which total, max and hist are of; one that had not returned has none, but is among the slowest. */
export interface TypeStat {
  type: number;
  count: number;
  timed: number;
  errors: Map<number, number>;
  failed: number;
  total: number;
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
      max: 0,
      bytes: 0,
      hist: new Uint32Array(0),
      slowest: [],
    }));
  const hist = new Uint32Array(n * HIST),
    timed = new Uint32Array(n),
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

const PATH_OPS = new Set(['open', 'stat', 'dir', 'rename', 'unlink', 'link', 'attr', 'exec']);

export interface FileRow {
  name: number;
  was: number;
  kind: string;
  opens: number;
  failed: number;
  failedTime: number;
  reads: number;
  writes: number;
  read: number;
  written: number;
  time: number;
  calls: number;
  procs: number;
  first: number;
}

/**
 * One row a path: everything that names it or works on a description of it. What was renamed, or linked and the old
 * name removed, is found under its last name, as in the text summary; `was` is the first.
 */
export async function fileStats(
  store: Store,
  bits: Uint8Array | null,
  cancelled: Cancel,
): Promise<FileRow[] | null> {
  const rows = new Map<number, FileRow & { lanes: Set<number> }>();
  const kinds = store.meta.file_kinds,
    socket = kinds.indexOf('socket'),
    { type, lane, file, obj, err } = store;
  const named = Uint8Array.from(store.ops, o => (PATH_OPS.has(o) ? 1 : 0)),
    op = store.ops;
  const rowOf = (id: number, f: number, i: number) => {
    let r = rows.get(id);
    if (!r) {
      r = {
        name: id,
        was: 0,
        kind: '',
        opens: 0,
        failed: 0,
        failedTime: 0,
        reads: 0,
        writes: 0,
        read: 0,
        written: 0,
        time: 0,
        calls: 0,
        procs: 0,
        first: i,
        lanes: new Set(),
      };
      rows.set(id, r);
    }
    if (f && !r.kind) r.kind = kinds[store.files.kind[f]] ?? '';
    return r;
  };
  const linked = new Map<number, number>();
  const renamed = (from: number, to: number) => {
    const r = rows.get(from),
      d = rows.get(to);
    if (!r || from === to || !(r.opens || r.reads || r.writes)) return;
    const was = r.was || r.name;
    rows.delete(from);
    if (d) {
      d.kind ||= r.kind;
      for (const key of [
        'opens',
        'failed',
        'failedTime',
        'reads',
        'writes',
        'read',
        'written',
        'time',
        'calls',
      ] as const)
        d[key] += r[key];
      for (const l of r.lanes) d.lanes.add(l);
      d.first = Math.min(d.first, r.first);
    } else rows.set(to, Object.assign(r, { name: to }));
    rows.get(to)!.was = was === to ? 0 : was;
  };
  const ok = await eachRow(store, bits, cancelled, i => {
    const t = type[i],
      f = file[i];
    if (store.types[t].io === 'copy' && !store.isError[err[i]]) {
      const to = store.copiedTo(i);
      if (to && store.files.kind[to] !== socket && store.files.name[to]) {
        const r = rowOf(store.files.name[to], to, i);
        r.writes++;
        r.written += store.bytes(i);
        r.lanes.add(store.tasks[lane[i]].proc);
      }
    }
    if (f ? store.files.kind[f] === socket : !named[t]) return;
    const id = f && store.files.name[f] ? store.files.name[f] : obj[i];
    if (!id) return;
    const r = rowOf(id, f, i),
      d = store.dur(i),
      o = op[t],
      bad = store.isError[err[i]];
    r.calls++;
    r.time += d;
    r.lanes.add(store.tasks[lane[i]].proc);
    if (bad) {
      if (named[t]) {
        r.failed++;
        r.failedTime += d;
      }
      return;
    }
    if (o === 'open') r.opens++;
    else if (o === 'rename' && store.val(i)) renamed(obj[i], store.val(i));
    else if (o === 'link' && store.val(i)) linked.set(obj[i], store.val(i));
    else if (o === 'unlink') {
      const to = linked.get(obj[i]);
      if (to && linked.delete(obj[i])) renamed(obj[i], to);
    }
    const kind = store.types[t].io;
    if (kind === 'in' || kind === 'copy') {
      r.reads++;
      r.read += store.bytes(i);
    } else if (kind === 'out') {
      r.writes++;
      r.written += store.bytes(i);
    }
  });
  if (!ok) return null;
  return [...rows.values()].map(({ lanes, ...r }) => ({ ...r, procs: lanes.size }));
}

export interface ConnRow {
  file: number;
  kind: string;
  state: string;
  err: number;
  local: string;
  peer: string;
  host: string;
  lane: number;
  peerLane: number;
  peerFile: number;
  open: number;
  connect: number;
  close: number;
  sent: number;
  received: number;
  calls: number;
  time: number;
  waited: number;
  first: number;
}

/** What these are about is who is at the other end: of a socket that was never connected, the first one. */
const PEER_OPS = new Set(['send', 'recv', 'read', 'write', 'connect', 'connected', 'accept']);

export async function connStats(
  store: Store,
  bits: Uint8Array | null,
  cancelled: Cancel,
): Promise<ConnRow[] | null> {
  const c = store.conns,
    { strings, meta } = store,
    rows: ConnRow[] = [],
    byFile = new Int32Array(store.files.count).fill(-1);
  const blank = (f: number): ConnRow => ({
    file: f,
    kind: '',
    state: '',
    err: 0,
    local: '',
    peer: '',
    host: '',
    lane: -1,
    peerLane: -1,
    peerFile: 0,
    open: 0,
    connect: 0,
    close: 0,
    sent: 0,
    received: 0,
    calls: 0,
    time: 0,
    waited: 0,
    first: -1,
  });
  for (let k = 0; k < c.count; k++) {
    const f = c.file[k];
    if (f < byFile.length && byFile[f] < 0) byFile[f] = rows.length;
    rows.push({
      ...blank(f),
      kind: meta.sock_kinds[c.kind[k]] ?? 'other',
      state: meta.sock_states[c.state[k]] ?? '',
      err: c.err[k],
      local: strings.get(c.local[k]),
      peer: strings.get(c.peer[k]),
      host: strings.get(c.host[k]),
      lane: c.lane[k],
      peerLane: c.peer_lane[k],
      peerFile: c.peer_file[k],
      open: c.open[k],
      connect: c.connect[k],
      close: c.close[k],
    });
  }
  const { file, type } = store,
    socket = meta.file_kinds.indexOf('socket');
  // A socket has a row for each peer and attempt: the event says which.
  const rowOf = (i: number, f: number) => {
    const k = store.connOf(i, f);
    return k >= 0 ? k : byFile[f];
  };
  const ok = await eachRow(store, bits, cancelled, i => {
    const f = file[i];
    if (store.types[type[i]].io === 'copy') {
      const to = rowOf(i, store.copiedTo(i));
      if (to >= 0) rows[to].sent += store.bytes(i);
    }
    if (!f) return;
    let k = rowOf(i, f);
    if (k < 0) {
      if (store.files.kind[f] !== socket) return;
      k = byFile[f] = rows.length;
      rows.push({
        ...blank(f),
        kind: 'socket',
        local: store.fileName(f),
        lane: store.files.lane[f],
        open: store.files.open[f],
        close: store.files.close[f],
      });
    }
    const r = rows[k],
      t = store.types[type[i]],
      d = store.dur(i);
    if (r.first < 0) r.first = i;
    r.calls++;
    r.time += d;
    if (t.op === 'recv' || t.op === 'read' || t.op === 'accept' || t.op === 'connect')
      r.waited += d;
    if (!r.peer && store.obj[i] !== store.files.name[f] && PEER_OPS.has(t.op))
      r.peer = store.objText(i);
    if (t.io === 'in') r.received += store.bytes(i);
    else if (t.io === 'out') r.sent += store.bytes(i);
    else if (t.io === 'copy') r.received += store.bytes(i);
  });
  return ok ? rows.filter(r => !bits || r.calls > 0) : null;
}

/** run, runq, block: ns on a CPU, waiting for one, blocked, where scheduler data exists. */
export interface ProcStat {
  run: number;
  runq: number;
  block: number;
  events: number;
  failed: number;
  time: number;
  wait: number;
  read: number;
  written: number;
  net: number;
  longest: number;
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
    time: 0,
    wait: 0,
    read: 0,
    written: 0,
    net: 0,
    longest: -1,
  }));
  const socket = store.meta.file_kinds.indexOf('socket'),
    waits = Uint8Array.from(store.ops, o => (WAITS.has(o) ? 1 : 0)),
    { type, lane, err, isError, layerOf, file } = store;
  const ok = await eachRow(store, bits, cancelled, i => {
    const s = out[lane[i]],
      t = type[i];
    s.events++;
    s.failed += isError[err[i]];
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
  return ok ? out : null;
}

export interface RangeStat {
  events: number;
  failed: number;
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
  return { events, failed, bytes, byType, lanes: lanes.reduce((a, b) => a + b, 0) };
}
