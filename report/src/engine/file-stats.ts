// SPDX-License-Identifier: MIT
// Totals by path.
import { eachRow, type Cancel } from './scan';
import type { Store } from './store';

const PATH_OPS = new Set(['open', 'stat', 'dir', 'rename', 'unlink', 'link', 'attr', 'exec']);

export interface FileRow {
  name: number;
  was: number;
  kind: string;
  opens: number;
  failed: number;
  bad: number;
  failedTime: number;
  reads: number;
  writes: number;
  read: number;
  written: number;
  time: number;
  calls: number;
  procs: number;
  first: number;
  /** Lanes of its processes, types of its calls, and codes of its errors. */
  lanes: Set<number>;
  types: Set<number>;
  errs: Set<number>;
}

type Totals = FileRow;
const SUMS = [
  'opens',
  'failed',
  'bad',
  'failedTime',
  'reads',
  'writes',
  'read',
  'written',
  'time',
  'calls',
] as const;

/** Most files have no error: one empty set for all of them. */
const NONE: Set<number> = new Set();

const blank = (name: number, first: number): Totals => ({
  name,
  was: 0,
  kind: '',
  opens: 0,
  failed: 0,
  bad: 0,
  failedTime: 0,
  reads: 0,
  writes: 0,
  read: 0,
  written: 0,
  time: 0,
  calls: 0,
  procs: 0,
  first,
  lanes: new Set(),
  types: new Set(),
  errs: NONE,
});

/**
 * One row a path: everything that names it or works on a description of it. What was renamed, or linked and the old
 * name removed, is found under its last name, as in the text summary; `was` is the first.
 */
export async function fileStats(
  store: Store,
  bits: Uint8Array | null,
  cancelled: Cancel,
): Promise<FileRow[] | null> {
  const by = new ByPath(store);
  const ok = await eachRow(store, bits, cancelled, i => by.add(i));
  return ok ? by.list() : null;
}

class ByPath {
  private readonly rows = new Map<number, Totals>();
  /** Old name → the name it was linked to. */
  private readonly linked = new Map<number, number>();
  private readonly named: Uint8Array;
  private readonly socket: number;
  constructor(private readonly store: Store) {
    this.named = Uint8Array.from(store.ops, o => (PATH_OPS.has(o) ? 1 : 0));
    this.socket = store.meta.file_kinds.indexOf('socket');
  }

  list(): FileRow[] {
    return [...this.rows.values()].map(r => ({ ...r, procs: r.lanes.size }));
  }

  add(i: number): void {
    const { store, named, socket } = this,
      t = store.type[i],
      f = store.file[i],
      bad = store.failed(i);
    if (store.types[t].io === 'copy' && !bad) this.copied(i);
    if (f ? store.files.kind[f] === socket : !named[t]) return;
    const id = (f && store.files.name[f]) || store.obj[i];
    if (!id) return;
    const r = this.rowOf(id, f, i),
      d = store.dur(i);
    r.calls++;
    r.time += d;
    r.lanes.add(store.tasks[store.lane[i]].proc);
    r.types.add(t);
    if (bad) r.errs = (r.errs === NONE ? new Set<number>() : r.errs).add(store.err[i]);
    if (!bad) this.done(r, i);
    else if (named[t]) {
      r.failed++;
      r.bad += store.bad(i) ? 1 : 0;
      r.failedTime += d;
    }
  }

  /** What a call that succeeded adds. */
  private done(r: Totals, i: number): void {
    const { store } = this,
      t = store.type[i],
      op = store.ops[t],
      { io } = store.types[t];
    if (op === 'open') r.opens++;
    else if (op === 'rename' || op === 'link' || op === 'unlink') this.moved(op, i);
    if (io === 'in' || io === 'copy') {
      r.reads++;
      r.read += store.bytes(i);
    } else if (io === 'out') {
      r.writes++;
      r.written += store.bytes(i);
    }
  }

  private moved(op: 'rename' | 'link' | 'unlink', i: number): void {
    const { store, linked } = this,
      from = store.obj[i];
    if (op === 'unlink') {
      const to = linked.get(from);
      if (to && linked.delete(from)) this.renamed(from, to);
    } else if (store.val(i)) {
      if (op === 'rename') this.renamed(from, store.val(i));
      else if (!store.types[store.type[i]].name.startsWith('symlink'))
        linked.set(from, store.val(i));
    }
  }

  /** The other side of a call that copies. */
  private copied(i: number): void {
    const { store } = this,
      to = store.copiedTo(i);
    if (!to || store.files.kind[to] === this.socket || !store.files.name[to]) return;
    const r = this.rowOf(store.files.name[to], to, i);
    r.writes++;
    r.written += store.bytes(i);
    r.lanes.add(store.tasks[store.lane[i]].proc);
  }

  private rowOf(id: number, f: number, i: number): Totals {
    let r = this.rows.get(id);
    if (!r) {
      r = blank(id, i);
      this.rows.set(id, r);
    }
    if (f && !r.kind) r.kind = this.store.meta.file_kinds[this.store.files.kind[f]] ?? '';
    return r;
  }

  private renamed(from: number, to: number): void {
    const { rows } = this,
      r = rows.get(from),
      d = rows.get(to);
    if (!r || from === to || !(r.opens || r.reads || r.writes)) return;
    const was = r.was || r.name;
    rows.delete(from);
    if (d) {
      d.kind ||= r.kind;
      for (const key of SUMS) d[key] += r[key];
      for (const l of r.lanes) d.lanes.add(l);
      for (const t of r.types) d.types.add(t);
      d.errs = new Set([...d.errs, ...r.errs]);
      d.first = Math.min(d.first, r.first);
    } else rows.set(to, Object.assign(r, { name: to }));
    rows.get(to)!.was = was === to ? 0 : was;
  }
}
