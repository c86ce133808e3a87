// SPDX-License-Identifier: MIT
// The tables beside the events: open files, connections, counters, the overview.
import type { TableBlock } from '../format/decode';

export interface Files {
  count: number;
  kind: Uint8Array;
  name: Uint32Array;
  lane: Float64Array;
  open: Float64Array;
  close: Float64Array;
}
export interface Conns {
  count: number;
  file: Uint32Array;
  kind: Uint8Array;
  state: Uint8Array;
  err: Uint8Array;
  local: Uint32Array;
  peer: Uint32Array;
  host: Uint32Array;
  lane: Float64Array;
  peer_lane: Float64Array;
  peer_file: Uint32Array;
  open: Float64Array;
  connect: Float64Array;
  close: Float64Array;
  waited: Float64Array;
  first: Float64Array;
}
export interface Counters {
  count: number;
  t: Float64Array;
  lane: Uint32Array;
  counter: Uint8Array;
  value: Float64Array;
}
export interface Overview {
  lanes: number;
  buckets: number;
  count: Uint16Array;
  cat: Uint8Array;
}

export function tableFiles(rows: number): Files {
  const n = Math.max(1, rows);
  return {
    count: n,
    kind: new Uint8Array(n),
    name: new Uint32Array(n),
    lane: new Float64Array(n),
    open: new Float64Array(n),
    close: new Float64Array(n),
  };
}
export function tableConns(n: number): Conns {
  const u8 = () => new Uint8Array(n),
    u32 = () => new Uint32Array(n),
    f64 = () => new Float64Array(n);
  return {
    count: n,
    file: u32(),
    kind: u8(),
    state: u8(),
    err: u8(),
    local: u32(),
    peer: u32(),
    host: u32(),
    lane: f64(),
    peer_lane: f64(),
    peer_file: u32(),
    open: f64(),
    connect: f64(),
    close: f64(),
    waited: f64(),
    first: f64(),
  };
}

/** Samples of counters that arrived, behind those that were there. */
export function moreCounters(old: Counters, b: TableBlock): Counters {
  const n = old.count + b.rows,
    out: Counters = {
      count: n,
      t: new Float64Array(n),
      lane: new Uint32Array(n),
      counter: new Uint8Array(n),
      value: new Float64Array(n),
    };
  out.t.set(old.t);
  out.lane.set(old.lane);
  out.counter.set(old.counter);
  out.value.set(old.value);
  let at = b.base;
  for (let i = 0; i < b.rows; i++) out.t[old.count + i] = at += b.cols.dt?.[i] ?? 0;
  out.lane.set(b.cols.lane ?? [], old.count);
  out.counter.set(b.cols.counter ?? [], old.count);
  out.value.set(b.cols.value ?? [], old.count);
  return out;
}
