// SPDX-License-Identifier: MIT
// The layout of blocks: names, widths and META, as docs/report-format.md has them.

export type Width = 'u8' | 'u16' | 'u32' | 'u64' | 'z16' | 'z32' | 'z64' | 'x32';
export interface Col {
  name: string;
  width: Width;
}
export type Kind = 'o' | 's' | 'f' | 'n' | 'k' | 'h' | 'c' | 'd';

export const BYTES: Record<Width, number> = {
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  z16: 2,
  z32: 4,
  z64: 8,
  x32: 4,
};
export const HEAD_BYTES = 16;

export interface ExecInfo {
  t: number;
  exe: string;
  argv: string[];
  cwd?: string;
  inherited?: boolean;
  argv_more?: number;
  argv_cut?: number;
  comm?: string;
  fds?: [number, number][];
  fds_more?: number;
  /** Bytes of the table `d`: NAME=VALUE, a NUL behind each; what shells set for each command. */
  env?: number;
  env_own?: number;
  env_more?: number;
  env_cut?: number;
}
export interface Task {
  pid: number;
  tid: number;
  parent: number;
  ppid?: number;
  proc: number;
  host?: number;
  start: number;
  end: number | null;
  was_running?: boolean;
  exit?: number;
  signal?: string;
  core?: boolean;
  /** Its place among those that the summary says why they failed, from 1. */
  ending?: number;
  meant?: boolean;
  fatal?: string;
  missed?: string;
  last_lines?: string;
  because?: number;
  comm: string;
  named?: number;
  was?: string;
  execs: ExecInfo[];
  cpu_ns?: number;
  utime_ns?: number;
  stime_ns?: number;
  max_rss?: number;
}
export interface TypeRow {
  name: string;
  cat: number;
  op: string;
  io?: 'in' | 'out' | 'copy';
  bytes?: 'ret' | 'val';
  layer?: 'mark' | 'state';
  /** How the terminal begins a line of it, where that is not its name; absent in older reports. */
  verb?: string;
}
export type ErrnoRow = [number, string, string, number];
/** What is different from another run; its texts are safe to show. */
export interface Difference {
  kind: string;
  run: 1 | 2 | null;
  what: string;
  first: string | null;
  second: string | null;
  times: number | null;
  why: string | null;
}
export interface DiffRun {
  recording: string;
  ended: string;
  duration_ns: number;
  not_recorded: string[];
  /** null: not recorded; absent in older reports. */
  backend?: string | null;
}
export interface Diff {
  runs: [DiffRun, DiffRun];
  hidden: number;
  /** Not of runs that were made with different backends; absent in older reports. */
  durations_compared?: boolean;
  /** The earliest in time, and which of the rows it is; null: none has a time; absent in older reports. */
  first_difference?: {
    row: number;
    after_ns: number | string;
    process: string | null;
    words: string;
  } | null;
  rows: Difference[];
}
export interface SummaryFinding {
  rule: string;
  text: string;
  cost: number;
  share?: number;
  names: string[];
  pid?: number;
}
export interface Meta {
  version: number;
  tool: string;
  t0_ns: string;
  duration_ns: number;
  command: string[];
  command_more?: number;
  command_cut?: number;
  attached: number[];
  cwd?: string;
  host?: string;
  kernel?: string;
  main: number;
  end: 'exit' | 'detach' | 'interrupt' | 'goes_on' | 'cut';
  events: { kept: number; total: number };
  lost: { events: number; note: string };
  notes: string[];
  /** Lane, from, to: where the path was that the end depended on. */
  critical?: [number, number, number][];
  /** As the terminal has them, most important first; absent in older reports. */
  findings?: SummaryFinding[];
  /** The rules that these are made by; absent in older reports, which have those of waits. */
  finding_rules?: string[];
  diff?: Diff;
  /** Without `d` where no first bytes were recorded. */
  cols: Record<Kind, string[]>;
  rows: { s: number; f: number; n: number; k: number };
  block: number;
  overview: { lanes: number; buckets: number };
  categories: string[];
  /** Why the terminal hides an event, by class: name, what it is; the first is none. Absent in older reports. */
  noise?: [string, string][];
  types: TypeRow[];
  errnos: ErrnoRow[];
  file_kinds: string[];
  sock_kinds: string[];
  sock_states: string[];
  counters: { name: string; unit: 'bytes' | 'count' }[];
  tasks: Task[];
}

export function parseCols(list: string[]): Col[] {
  return list.map(text => {
    const [name, width] = text.split(':');
    if (!(width in BYTES)) throw new Error(`unknown column width in ${text}`);
    return { name, width: width as Width };
  });
}
