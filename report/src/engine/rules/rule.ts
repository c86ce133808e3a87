// SPDX-License-Identifier: MIT
// What a rule is, what it gets, and the thresholds of all of them.
import { show } from '../../format/text';
import { format } from '../query';
import type { Store } from '../store';

/** weight: 3 wrong, 2 costs, 1 worth knowing; cost orders those of one weight; share: of the time of the run, in %; event −1: none shows it. */
export interface Finding {
  rule: string;
  weight: 3 | 2 | 1;
  text: string;
  filter: string;
  event: number;
  cost: number;
  share?: number;
  /** What it is on, as the summary's finding of it names it: a peer, a path, a pid. */
  on?: string;
  /** Its place among those of the summary. */
  place?: number;
}
/** What not every rule knows. */
export type More = Pick<Finding, 'share' | 'on' | 'place'>;
export type Put = (
  weight: Finding['weight'],
  text: string,
  filter: string,
  event: number,
  cost?: number,
  more?: More,
) => void;

/** A rule at work on one trace. */
export interface Watch {
  /** What it does with each shown event of an operation (the `op` of its type). */
  on?: Record<string, (i: number) => void>;
  /** What it has found, after the last event. */
  end: (put: Put) => void;
}
/** The threshold is written down next to the rule and shown on the page. */
export interface Rule {
  id: string;
  title: string;
  threshold: string;
  /** Its costs are times, in ns. */
  takesTime?: true;
  watch: (g: Ground) => Watch;
}

export const LIMITS = {
  tinyCalls: 1000,
  tinyBytes: 512,
  lookups: 50,
  lookupNs: 100e6,
  costShare: 0.01,
  opens: 50,
  waitShare: 0.2,
  waitNs: 100e6,
  joinNs: 1e6,
  slowPeerNs: 200e6,
  slowCallNs: 100e6,
  leakedFds: 3,
  unclosed: 100,
  sleeps: 100,
  sleepNs: 10e6,
  dns: 5,
  questions: 20,
  growBytes: 64 << 20,
  growNs: 60e9,
  unmapShare: 0.1,
};

/** A terminal speaks in lines, and these in messages of the kernel's size: no buffer would help. */
const FIXED_SIZE = new Set(['tty', 'eventfd', 'timerfd', 'signalfd', 'inotify', 'pidfd']);

/** The trace as rules see it. */
export class Ground {
  /** Lanes with a shown event, once all events were seen; null without a filter. */
  lanes: Set<number> | null = null;
  /** Kinds of files, as numbers: that of sockets, and those where a buffer would not help. */
  readonly socket: number;
  readonly unbuffered: boolean[];
  constructor(readonly store: Store) {
    this.unbuffered = store.meta.file_kinds.map(k => FIXED_SIZE.has(k));
    this.socket = store.meta.file_kinds.indexOf('socket');
  }
  failed(i: number): boolean {
    return this.store.isError[this.store.err[i]] === 1;
  }
  /** The lane of the process that event i belongs to. */
  proc(i: number): number {
    return this.store.tasks[this.store.lane[i]].proc;
  }
  hides(lane: number): boolean {
    return this.lanes !== null && !this.lanes.has(lane);
  }
  who(lane: number): string {
    const t = this.store.tasks[lane];
    return `${show(t.comm)} (${t.tid})`;
  }
  /** What a string names, for a sentence. */
  name(id: number): string {
    return show(this.store.strings.get(id)) || 'an unnamed file';
  }
  path(id: number): string {
    return term('path', this.store.strings.get(id));
  }
  isSocket(i: number): boolean {
    const op = this.store.ops[this.store.type[i]];
    return (
      this.store.files.kind[this.store.file[i]] === this.socket || op === 'recv' || op === 'send'
    );
  }
}

/** A term of a filter: any of the values. */
export const term = (key: string, ...values: string[]): string =>
  format([{ not: false, key, op: ':', values }]);

/** The entry of a key, made when it is the first. */
export function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let v = map.get(key);
  if (v === undefined) {
    v = make();
    map.set(key, v);
  }
  return v;
}

/** Calls of one kind: how many, how long together, and the longest of them. */
export interface Spell {
  n: number;
  ns: number;
  longest: number;
}
export function addSpell(store: Store, map: Map<number, Spell>, key: number, i: number): void {
  const v = entry(map, key, () => ({ n: 0, ns: 0, longest: i })),
    d = store.dur(i);
  v.n++;
  v.ns += d;
  if (d > store.dur(v.longest)) v.longest = i;
}
