// SPDX-License-Identifier: MIT
// Totals by connection: the table of connections, and what the events add.
import { Phases } from './conn-phases';
import { eachRow, type Cancel } from './scan';
import type { Store } from './store';

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
  /** ns that were waited for it in any call, poll and epoll too; until the first byte of an answer. */
  waited: number;
  firstByte: number;
  first: number;
  phases: Phases;
  /** Types of its calls. */
  types: Set<number>;
}

/** What these are about is who is at the other end: of a socket that was never connected, the first one. */
const PEER_OPS = new Set(['send', 'recv', 'read', 'write', 'connect', 'connected', 'accept']);

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
  firstByte: 0,
  first: -1,
  phases: new Phases(),
  types: new Set(),
});

export async function connStats(
  store: Store,
  bits: Uint8Array | null,
  cancelled: Cancel,
): Promise<ConnRow[] | null> {
  const by = new ByConnection(store);
  const ok = await eachRow(store, bits, cancelled, i => by.add(i));
  return ok ? by.rows.filter(r => !bits || r.calls > 0) : null;
}

class ByConnection {
  readonly rows: ConnRow[];
  /** The first row of an open file; −1 for none. */
  private readonly byFile: Int32Array;
  private readonly socket: number;
  constructor(private readonly store: Store) {
    this.socket = store.meta.file_kinds.indexOf('socket');
    this.rows = tableRows(store);
    this.byFile = new Int32Array(store.files.count).fill(-1);
    this.rows.forEach(({ file }, k) => {
      if (file < this.byFile.length && this.byFile[file] < 0) this.byFile[file] = k;
    });
  }

  add(i: number): void {
    const { store } = this,
      f = store.file[i],
      t = store.types[store.type[i]];
    if (t.io === 'copy') {
      const to = this.rowOf(i, store.copiedTo(i));
      if (to >= 0) this.rows[to].sent += store.bytes(i);
    }
    if (!f) return;
    const k = this.rowOf(i, f);
    if (k >= 0) this.count(this.rows[k], i);
    else if (store.files.kind[f] === this.socket) this.count(this.found(f), i);
  }

  /** A socket has a row for each peer and attempt: the event says which. */
  private rowOf(i: number, f: number): number {
    const k = this.store.connOf(i, f);
    return k >= 0 ? k : this.byFile[f];
  }

  /** A socket that the table of connections does not have. */
  private found(f: number): ConnRow {
    const { files } = this.store,
      row = {
        ...blank(f),
        kind: 'socket',
        local: this.store.fileName(f),
        lane: files.lane[f],
        open: files.open[f],
        close: files.close[f],
      };
    this.byFile[f] = this.rows.length;
    this.rows.push(row);
    return row;
  }

  private count(r: ConnRow, i: number): void {
    const { store } = this,
      t = store.types[store.type[i]],
      d = store.dur(i);
    if (r.first < 0) r.first = i;
    r.calls++;
    r.time += d;
    r.phases.add(store, i);
    r.types.add(store.type[i]);
    if (!r.peer && store.obj[i] !== store.files.name[store.file[i]] && PEER_OPS.has(t.op))
      r.peer = store.objText(i);
    if (t.io === 'in' || t.io === 'copy') r.received += store.bytes(i);
    else if (t.io === 'out') r.sent += store.bytes(i);
  }
}

function tableRows({ conns: c, strings, meta }: Store): ConnRow[] {
  return Array.from({ length: c.count }, (_, k) => ({
    ...blank(c.file[k]),
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
    waited: c.waited[k],
    firstByte: c.first[k],
  }));
}
