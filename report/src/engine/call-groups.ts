// SPDX-License-Identifier: MIT
// Calls apart by peer, folder, role, process or error: a row is one call of one of them, with figures of its own.
import type { TypeStat } from './aggregate';
import { EVENT_GROUPS, type By } from './event-groups';
import { HIST, histClass } from './hist';
import { eachRow, type Cancel } from './scan';
import { UNFINISHED, type Store } from './store';

/** Of all of an event's keys, those that do not follow from its call. */
export const CALL_PARTS = ['peer', 'folder', 'role', 'process', 'error'];

/** part: the key it is of; filter: terms that leave the events of that. */
export interface CallRow extends TypeStat {
  part?: string;
  filter?: string;
}

/** There may be many rows of few calls: their classes are kept as pairs, and laid out when a row is read. */
class PartStat implements CallRow {
  count = 0;
  timed = 0;
  readonly errors = new Map<number, number>();
  failed = 0;
  total = 0;
  min = Infinity;
  max = 0;
  bytes = 0;
  slowest: number[] = [];
  private readonly classes = new Map<number, number>();
  constructor(
    readonly type: number,
    readonly part: string,
    readonly filter: string,
  ) {}
  get hist(): Uint32Array {
    const out = new Uint32Array(HIST);
    for (const [c, n] of this.classes) out[c] = n;
    return out;
  }

  add(store: Store, i: number, moved: number): void {
    const d = store.dur(i),
      e = store.err[i];
    this.count++;
    this.bytes += moved;
    if (e) this.errors.set(e, (this.errors.get(e) ?? 0) + 1);
    if (store.isError[e]) this.failed++;
    if (e !== UNFINISHED) {
      const c = histClass(d);
      this.timed++;
      this.total += d;
      this.min = Math.min(this.min, d);
      this.max = Math.max(this.max, d);
      this.classes.set(c, (this.classes.get(c) ?? 0) + 1);
    }
    this.slow(store, i, d);
  }
  /** The five longest; of equal ones the earliest. */
  private slow(store: Store, i: number, d: number): void {
    const { slowest: list } = this;
    if (list.length === 5 && d <= store.dur(list[4])) return;
    const at = list.findIndex(x => store.dur(x) < d);
    list.splice(at < 0 ? list.length : at, 0, i);
    list.length = Math.min(list.length, 5);
  }
}

type Scan = (store: Store, bits: Uint8Array | null, cancelled: Cancel) => Promise<CallRow[] | null>;

function scan(by: By): Scan {
  return async (store, bits, cancelled) => {
    const number = by.number(store),
      byNumber = new Map<number, (PartStat | undefined)[]>(),
      byKey = new Map<string, (PartStat | undefined)[]>(),
      { type } = store,
      io = Uint8Array.from(store.types, t => (t.io ? 1 : 0));
    const rowsOf = (n: number) => {
      const key = by.key(store, n),
        list = byKey.get(key) ?? [];
      byKey.set(key, list);
      byNumber.set(n, list);
      return list;
    };
    const rowOf = (n: number, list: (PartStat | undefined)[], t: number) => {
      const key = by.key(store, n),
        row = new PartStat(t, key, key ? by.filter(store, key, n) : '');
      list[t] = row;
      return row;
    };
    const ok = await eachRow(store, bits, cancelled, i => {
      const n = number(i),
        t = type[i],
        list = byNumber.get(n) ?? rowsOf(n);
      (list[t] ?? rowOf(n, list, t)).add(store, i, io[t] ? store.bytes(i) : 0);
    });
    return ok ? [...byKey.values()].flatMap(list => list.filter(r => r !== undefined)) : null;
  };
}

/** For useScan, which knows a scan by its function. */
export const CALL_SCANS: Record<string, Scan> = Object.fromEntries(
  CALL_PARTS.map(part => [part, scan(EVENT_GROUPS[part])]),
);
