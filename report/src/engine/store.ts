// SPDX-License-Identifier: MIT
// All events in columns, filled block by block while the page loads, and what is shown about one event.
import { columnAt, columnNumbers, type Column } from '../format/column';
import type { Block, ColdBlock, HotBlock, StringBlock, TableBlock } from '../format/decode';
import { free } from '../format/inflate';
import type { Kind, Meta, Task, TypeRow } from '../format/layout';
import { Strings } from '../format/strings';
import { quote, show } from '../format/text';
import {
  moreCounters,
  tableConns,
  tableFiles,
  type Conns,
  type Counters,
  type Files,
  type Overview,
} from './store-tables';

export const enum Layer {
  Call,
  Mark,
  State,
}
const OVERFLOW = 0xffffffff;
export const NEVER = 18446744073709552000; // close time of what stayed open (2^64 − 1 as a double)

/** Codes of `err` from here on say that there was no result. */
const NO_RESULT = 253;
export const UNFINISHED = 254;

/** Numbers of strings or files: as wide as there are any. */
type Ids = Uint16Array | Uint32Array;
const ids = (count: number, n: number): Ids =>
  count <= 0x10000 ? new Uint16Array(n) : new Uint32Array(n);

/** Into `to` from `at` on; those that the table has not become 0. */
function setIds(to: Ids, at: number, from: Uint32Array, room: number, count: number): void {
  for (let i = 0; i < room; i++) to[at + i] = from[i] < count ? from[i] : 0;
}

export class Store {
  /** Events declared by META; those whose hot / cold columns are here, without a gap from 0. */
  readonly n: number;
  hot = 0;
  cold = 0;
  readonly start: Float64Array;
  readonly lane: Uint16Array | Uint32Array;
  readonly type: Uint8Array | Uint16Array;
  readonly err: Uint8Array;
  /** Why the terminal hides it: a row of META's noise. */
  readonly noise: Uint8Array;
  readonly obj: Ids;
  readonly arg: Ids;
  readonly file: Ids;
  readonly dur32: Uint32Array;
  private longAt: number[] = [];
  private longs = new Map<number, number>();
  private rets: Column[] = [];
  private fds: Column[] = [];
  private vals: Column[] = [];
  private connRows: Column[] = [];
  private dataIds: Column[] = [];
  private stackIds: Column[] = [];
  readonly block: number;
  readonly strings = new Strings();
  /** First bytes that calls moved, environments, stacks and their functions. */
  readonly moved = new Strings();
  readonly tasks: Task[];
  readonly types: TypeRow[];
  readonly layerOf: Uint8Array;
  readonly catOf: Uint8Array;
  readonly ops: string[];
  /** What `err` means: isError[code], errName[code], errText[code]; isBad: one that is not calm. */
  readonly isError = new Uint8Array(256);
  readonly isBad = new Uint8Array(256);
  readonly errName: string[] = [];
  readonly errText: string[] = [];
  /** Last time anything happens; never 0, so that scales are defined. */
  readonly duration: number;
  files: Files;
  conns: Conns;
  counters: Counters;
  overview: Overview | null = null;
  /** Events so far of each lane and of each type. */
  readonly laneEvents: Uint32Array;
  readonly typeEvents: Uint32Array;
  /** And of each class of noise. */
  readonly noiseEvents: Uint32Array;
  /** Which layers have any event so far. */
  readonly hasLayer = [false, false, false];

  constructor(readonly meta: Meta) {
    const n = (this.n = meta.events.kept);
    this.block = meta.block || 131072;
    this.tasks = meta.tasks;
    this.types = meta.types;
    this.duration = Math.max(1, meta.duration_ns);
    const width = (name: string) => meta.cols.h.find(c => c.startsWith(name + ':'))?.split(':')[1];
    this.start = new Float64Array(n);
    this.lane = width('lane') === 'u32' ? new Uint32Array(n) : new Uint16Array(n);
    this.type = width('type') === 'u16' ? new Uint16Array(n) : new Uint8Array(n);
    this.err = new Uint8Array(n);
    this.noise = new Uint8Array(meta.noise ? n : 0);
    this.noiseEvents = new Uint32Array(meta.noise?.length ?? 1);
    this.dur32 = new Uint32Array(n);
    this.obj = ids(meta.rows.s, n);
    this.arg = ids(meta.rows.s, n);
    this.file = ids(meta.rows.f, n);
    this.laneEvents = new Uint32Array(meta.tasks.length);
    this.typeEvents = new Uint32Array(meta.types.length);
    this.layerOf = Uint8Array.from(meta.types, t =>
      t.layer === 'mark' ? Layer.Mark : t.layer === 'state' ? Layer.State : Layer.Call,
    );
    this.catOf = Uint8Array.from(meta.types, t => t.cat);
    this.ops = meta.types.map(t => t.op);
    for (const [code, name, text, error] of meta.errnos) {
      this.isError[code] = error ? 1 : 0;
      this.isBad[code] = error === 1 ? 1 : 0;
      this.errName[code] = name;
      this.errText[code] = text;
    }
    this.files = tableFiles(meta.rows.f);
    this.conns = tableConns(meta.rows.n);
    this.counters = {
      count: 0,
      t: new Float64Array(0),
      lane: new Uint32Array(0),
      counter: new Uint8Array(0),
      value: new Float64Array(0),
    };
  }

  add(kind: Kind, index: number, block: Block): void {
    if (kind === 'h') this.addHot(index * this.block, block as HotBlock);
    else if (kind === 'c') this.addCold(index, block as ColdBlock);
    else if (kind === 's') this.strings.add(block as StringBlock);
    else if (kind === 'd') this.moved.add(block as StringBlock);
    else this.addTable(kind, block as TableBlock);
  }

  private addHot(at: number, b: HotBlock): void {
    const room = Math.min(b.rows, this.n - at);
    if (room <= 0 || at !== this.hot) return;
    const cut = <T extends { subarray(a: number, b: number): T; length: number }>(a: T): T =>
      a.length === room ? a : a.subarray(0, room);
    this.start.set(cut(b.start), at);
    this.lane.set(cut(b.lane as Uint16Array), at);
    this.type.set(cut(b.type as Uint8Array), at);
    this.err.set(cut(b.err), at);
    this.dur32.set(cut(b.dur), at);
    let k = 0;
    if (b.long.length)
      for (let i = 0; i < room; i++)
        if (b.dur[i] === OVERFLOW) {
          this.longs.set(at + i, b.long[k++]);
          this.longAt.push(at + i);
        }
    const lanes = this.tasks.length,
      types = this.types.length,
      { laneEvents, typeEvents } = this;
    for (let i = at; i < at + room; i++) {
      // Indices are checked once here, so that nothing behind has to.
      if (this.lane[i] >= lanes) this.lane[i] = 0;
      if (this.type[i] >= types) this.type[i] = 0;
      laneEvents[this.lane[i]]++;
      typeEvents[this.type[i]]++;
    }
    if (b.noise.length) this.addNoise(at, cut(b.noise));
    for (const copied of [b.start, b.lane, b.type, b.err, b.dur, b.noise]) free(copied);
    for (let t = 0; t < types; t++) if (typeEvents[t]) this.hasLayer[this.layerOf[t]] = true;
    this.hot = at + room;
  }

  private addNoise(at: number, classes: Uint8Array): void {
    const { noise, noiseEvents } = this;
    if (!noise.length) return;
    noise.set(classes, at);
    for (let i = at; i < at + classes.length; i++) {
      if (noise[i] >= noiseEvents.length) noise[i] = 0;
      noiseEvents[noise[i]]++;
    }
  }

  private addCold(index: number, b: ColdBlock): void {
    const at = index * this.block,
      room = Math.min(b.rows, this.n - at);
    if (room <= 0 || at !== this.cold) return;
    const { s } = this.meta.rows;
    setIds(this.obj, at, b.obj, room, s);
    setIds(this.arg, at, b.arg, room, s);
    setIds(this.file, at, b.file, room, this.files.count);
    for (const copied of [b.obj, b.arg, b.file]) free(copied);
    this.rets[index] = b.ret;
    this.fds[index] = b.fd;
    this.vals[index] = b.val;
    this.connRows[index] = b.conn;
    this.dataIds[index] = b.data;
    this.stackIds[index] = b.stack;
    this.cold = at + room;
  }

  private tableAt: Record<string, number> = {};
  private addTable(kind: 'o' | 'f' | 'n' | 'k', b: TableBlock): void {
    if (kind === 'o') {
      const { lanes, buckets } = this.meta.overview;
      if (lanes * buckets === b.rows && b.cols.count && b.cols.cat)
        this.overview = {
          lanes,
          buckets,
          count: b.cols.count as Uint16Array,
          cat: b.cols.cat as Uint8Array,
        };
      return;
    }
    if (kind === 'k') {
      this.counters = moreCounters(this.counters, b);
      return;
    }
    const target = (kind === 'f' ? this.files : this.conns) as unknown as Record<
      string,
      Uint32Array
    > & { count: number };
    const at = this.tableAt[kind] ?? 0,
      room = Math.min(b.rows, target.count - at);
    for (const [name, values] of Object.entries(b.cols))
      if (target[name] && room > 0) target[name].set(values.subarray(0, room) as Uint32Array, at);
    this.tableAt[kind] = at + room;
  }

  dur(i: number): number {
    const d = this.dur32[i];
    return d === OVERFLOW ? (this.longs.get(i) ?? OVERFLOW) : d;
  }
  end(i: number): number {
    return this.start[i] + this.dur(i);
  }
  /** Rows whose duration does not fit 32 bits. */
  get longRows(): readonly number[] {
    return this.longAt;
  }

  private big(list: Column[], i: number): number | bigint {
    const b = Math.floor(i / this.block),
      a = list[b];
    return a ? columnAt(a, i - b * this.block) : 0;
  }
  ret(i: number): number {
    return Number(this.big(this.rets, i));
  }
  fd(i: number): number {
    return Number(this.big(this.fds, i));
  }
  val(i: number): number {
    return Number(this.big(this.vals, i));
  }
  /** The string of `moved` with the first bytes that event i moved; 0: none were recorded. */
  movedId(i: number): number {
    return Number(this.big(this.dataIds, i));
  }
  /** The string of `moved` that is event i's stack (engine/stack.ts); 0: none was recorded. */
  stackId(i: number): number {
    return Number(this.big(this.stackIds, i));
  }
  /** The row of `conns` that event i is about, of that file; −1: not known (older reports). */
  connOf(i: number, file: number): number {
    const k = Number(this.big(this.connRows, i)) - 1;
    return k >= 0 && k < this.conns.count && this.conns.file[k] === file ? k : -1;
  }
  retText(i: number): string {
    const ret = this.big(this.rets, i),
      op = this.ops[this.type[i]];
    return (op === 'mmap' || op === 'brk') && ret > 4096 ? '0x' + ret.toString(16) : String(ret);
  }
  /** A cold column of one block as plain numbers, for scans; `out` has room for a block. */
  numbers(column: 'ret' | 'fd' | 'val', b: number, out: Float64Array): Float64Array {
    const a = (column === 'ret' ? this.rets : column === 'fd' ? this.fds : this.vals)[b];
    if (a) columnNumbers(a, out);
    else out.fill(0);
    return out;
  }

  failed(i: number): boolean {
    return this.isError[this.err[i]] === 1;
  }
  /** It failed, and not as things are in runs that go well: what is red. */
  bad(i: number): boolean {
    return this.isBad[this.err[i]] === 1;
  }
  objText(i: number): string {
    return this.strings.get(this.obj[i]);
  }

  /** Bytes moved by event i, 0 if it moves none. */
  bytes(i: number): number {
    const t = this.types[this.type[i]];
    if (!t.io || this.isError[this.err[i]]) return 0;
    return Math.max(0, t.bytes === 'val' ? this.val(i) : this.ret(i));
  }

  /** Where a copying call (sendfile, splice, copy_file_range) put its bytes; 0 for other calls. */
  copiedTo(i: number): number {
    return this.types[this.type[i]].io === 'copy' ? Math.min(this.val(i), this.files.count - 1) : 0;
  }

  fileName(id: number): string {
    return this.strings.get(this.files.name[id] ?? 0);
  }
  fileKind(id: number): string {
    return this.meta.file_kinds[this.files.kind[id]] ?? 'unknown';
  }

  /** The arguments in pieces ready to show; `main` marks the object and the descriptor. */
  argParts(i: number): { text: string; main: boolean }[] {
    const text = this.strings.get(this.arg[i]),
      obj = this.obj[i] ? this.objText(i) : '';
    if (!text)
      return obj
        ? [{ text: this.layerOf[this.type[i]] === Layer.Call ? quote(obj) : show(obj), main: true }]
        : [];
    // A report has no addresses among the arguments; that of a futex is its name.
    const futex = text.startsWith('…, FUTEX_') && /^futex (0x.*)/.exec(obj);
    if (futex)
      return [
        { text: futex[1], main: true },
        { text: show(text.slice(1)), main: false },
      ];
    return text
      .split(/(\x01.)/s)
      .filter(Boolean)
      .map(part => {
        if (part[0] !== '\x01') return { text: show(part), main: false };
        if (part[1] === 'o') return { text: quote(obj), main: true };
        if (part[1] === 'r') return { text: this.retText(i), main: false };
        if (part[1] !== 'f') return { text: show(part), main: false };
        const name = this.fileName(this.file[i]) || obj,
          socket = this.fileKind(this.file[i]) === 'socket';
        const what = socket && obj ? obj : name;
        return { text: this.fd(i) + (what ? `<${show(what)}>` : ''), main: true };
      });
  }
  args(i: number): string {
    return this.argParts(i)
      .map(p => p.text)
      .join('');
  }

  result(i: number): string {
    const code = this.err[i];
    if (code >= NO_RESULT) return '?';
    if (code) return `-1 ${this.errName[code] ?? 'errno ' + code}`;
    return this.layerOf[this.type[i]] === Layer.Call ? this.retText(i) : '';
  }

  /** One line as strace -f -ttt -T would print it. */
  straceLine(i: number): string {
    const t = this.tasks[this.lane[i]],
      code = this.err[i];
    const abs = BigInt(this.meta.t0_ns) + BigInt(Math.round(this.start[i])),
      us = abs / 1000n;
    const time = `${us / 1000000n}.${(us % 1000000n).toString().padStart(6, '0')}`;
    const type = this.types[this.type[i]];
    if (type.layer)
      return `${t.tid} ${time} --- ${type.name}${this.obj[i] ? ' ' + show(this.objText(i)) : ''} ---`;
    const why = code && code < NO_RESULT ? ` (${this.errText[code]})` : '';
    return `${t.tid} ${time} ${type.name}(${this.args(i)}) = ${this.result(i)}${why} <${(this.dur(i) / 1e9).toFixed(6)}>`;
  }

  argv(lane: number): string[] {
    const t = this.tasks[this.tasks[lane]?.proc ?? lane] ?? this.tasks[lane];
    return t?.execs.length ? t.execs[t.execs.length - 1].argv : [];
  }
  isThread(lane: number): boolean {
    const t = this.tasks[lane];
    return t.pid !== t.tid;
  }
  taskEnd(lane: number): number {
    return this.tasks[lane].end ?? this.meta.duration_ns;
  }

  /** First row with start ≥ t. */
  lower(t: number): number {
    let lo = 0,
      hi = this.hot;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (this.start[mid] < t) lo = mid + 1;
      else hi = mid;
    }
    return lo;
  }
}
