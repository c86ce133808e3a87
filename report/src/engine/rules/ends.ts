// SPDX-License-Identifier: MIT
// Rules about what failed or was never ended: processes, connections, descriptors.
import type { Task } from '../../format/layout';
import { commandText, show } from '../../format/text';
import { endedBadly } from '../endings';
import { argumentOf } from '../neighbours';
import { count, duration, plural } from '../human';
import { NEVER, type Store } from '../store';
import { entry, LIMITS as L, term, type Finding, type Ground, type Put, type Rule } from './rule';

/** Signals that mean a fault of the program itself; others are how programs are asked to stop. */
const FAULTS = new Set([
  'SIGSEGV',
  'SIGABRT',
  'SIGBUS',
  'SIGILL',
  'SIGFPE',
  'SIGKILL',
  'SIGSYS',
  'SIGTRAP',
]);

/** What explains how it ended, as the summary has it. */
const explained = (t: Task): boolean => !!(t.signal ?? t.fatal ?? t.last_lines ?? t.missed);

/** Those that failed by themselves, each with those that failed for it, the nearest first. */
function causes(g: Ground): Map<number, Task[]> {
  const { tasks } = g.store,
    byPid = new Map<number, number>(),
    failed: number[] = [],
    out = new Map<number, Task[]>();
  tasks.forEach((t, l) => {
    if (t.pid !== t.tid || g.hides(l) || !endedBadly(t)) return;
    byPid.set(t.pid, l);
    failed.push(l);
  });
  const cause = (l: number) => {
    const by = byPid.get(tasks[l].because ?? 0);
    return by === l ? undefined : by;
  };
  for (const l of failed) if (cause(l) === undefined) out.set(l, []);
  // Children were there after their parents, so that of a chain the nearest is the last.
  for (const l of [...failed].reverse()) {
    let at = l;
    for (let n = 0; n < failed.length && !out.has(at); n++) at = cause(at)!;
    if (at !== l) out.get(at)?.push(tasks[l]);
  }
  return out;
}

/** An exit code without a word is an answer as often as a failure (grep, test). */
function isAnswer(t: Task, main: Task | undefined, known: boolean): boolean {
  if (t.signal || t.last_lines) return false;
  return !(main && endedBadly(main)) || (known && !explained(t));
}

export const exit: Rule = {
  id: 'exit',
  title: 'A process failed',
  threshold:
    'a process that ended with a code other than 0 or by a signal; left out are those that failed because a child did, that their parent ended as it was meant to, and, where the command did well or failed for another reason, codes without a word on stderr',
  watch: g => ({
    end(put) {
      const { tasks, meta } = g.store,
        ends = new Map<string, number[]>(),
        all = causes(g),
        main: Task | undefined = tasks[meta.main],
        isMain = (l: number) => l === meta.main || (all.get(l) ?? []).includes(main),
        known = [...all.keys()].some(l => isMain(l) && explained(tasks[l])),
        shows = evidence(g.store, new Set(all.keys()));
      for (const l of all.keys()) {
        const t = tasks[l];
        if (!isMain(l) && isAnswer(t, main, known)) continue;
        const key = isMain(l) ? '' : `${t.comm}\n${t.signal ?? t.exit}`;
        entry(ends, key, () => []).push(l);
      }
      for (const lanes of ends.values()) {
        const t = tasks[lanes[0]],
          forMain = isMain(lanes[0]),
          weight = forMain || (t.signal && FAULTS.has(t.signal)) ? 3 : 2;
        if (lanes.length <= 2) {
          for (const lane of lanes)
            ended(g, put, lane, {
              weight,
              main: forMain,
              effects: all.get(lane) ?? [],
              event: shows.get(lane) ?? -1,
            });
          continue;
        }
        const how = t.signal ? `were killed by ${t.signal}` : `ended with exit code ${t.exit}`;
        put(
          weight,
          `${count(lanes.length)} processes named ${show(t.comm)} ${how}.`,
          term('pid', ...lanes.slice(0, 100).map(x => String(tasks[x].pid))),
          shows.get(lanes[0]) ?? -1,
          1e15 + lanes.length,
          { place: first(lanes.map(l => tasks[l].ending)) },
        );
      }
    },
  }),
};

/** The summary has them in this order, too. */
const first = (places: (number | undefined)[]): number | undefined =>
  places.reduce((a, b) => (a === undefined || (b !== undefined && b < a) ? b : a));

/** What shows how a process ended, the best first: its fatal signal, a call that failed and matters, its last words, its end. */
const SHOWS: ((store: Store, i: number, p: Task) => boolean)[] = [
  (store, i, p) => store.ops[store.type[i]] === 'signal' && store.objText(i) === p.signal,
  (store, i, p) => !p.signal && store.bad(i),
  (store, i, p) =>
    !p.signal && store.ops[store.type[i]] === 'write' && store.fd(i) === 2 && !!p.last_lines,
  (store, i) => store.ops[store.type[i]] === 'exit',
];
/** The place of a failed call among SHOWS. */
const FAILED = 1;
/** Of each of these processes the last event that shows it best; of places where one file was missed, the first. */
function evidence(store: Store, procs: ReadonlySet<number>): Map<number, number> {
  const { lane, tasks } = store,
    name = (i: number) => store.objText(i).split('/').pop(),
    found = new Map<number, { event: number; rank: number }>(),
    wanted = Uint8Array.from(tasks, t => (procs.has(t.proc) ? 1 : 0));
  let open = procs.size;
  for (let i = store.cold - 1; i >= 0 && open > 0; i--) {
    if (!wanted[lane[i]]) continue;
    const { proc } = tasks[lane[i]],
      known = found.get(proc);
    if (known?.rank === FAILED) {
      if (store.bad(i) && name(i) && name(i) === name(known.event)) known.event = i;
      continue;
    }
    const better = known?.rank ?? SHOWS.length,
      rank = SHOWS.findIndex((is, k) => k < better && is(store, i, tasks[proc]));
    if (rank < 0) continue;
    found.set(proc, { event: i, rank });
    if (rank > 0) continue;
    open--; // nothing shows it better
    wanted.fill(0, proc, proc + 1);
  }
  return new Map([...found].map(([proc, f]) => [proc, f.event]));
}

const COMMAND = 72,
  REASON = 300;

/** The program's name and its arguments; of a long line the begin, and what it works on, or its end. */
function commandOf(t: Task): string {
  const [first, ...args] = t.execs[t.execs.length - 1]?.argv ?? [t.comm],
    text = commandText([first.slice(first.lastIndexOf('/') + 1) || first, ...args]);
  if (text.length <= COMMAND) return text;
  const what = show(argumentOf([first, ...args])).slice(0, COMMAND / 2);
  // A script among the arguments is no name of a file.
  if (/\s/.test(what)) return `${text.slice(0, COMMAND / 2)}…${text.slice(1 - COMMAND / 2)}`;
  const head = text.slice(0, COMMAND - what.length - 4);
  return what && !head.includes(what) ? `${head}… ${what} …` : `${text.slice(0, COMMAND - 1)}…`;
}

/** What the summary says of it: what ended it, the child that it failed for, what it missed, else its last line. */
function reasonOf(t: Task, tasks: readonly Task[]): string {
  const line = t.last_lines?.trim().split('\n').pop(),
    child = t.because && tasks.findLast(c => c.pid === t.because && c.tid === c.pid),
    text =
      t.fatal?.replace(/,? after [^ ]+$/, '') ??
      (child ? `${show(child.comm)} (${child.pid}) failed` : undefined) ??
      t.missed?.split('\n').join('; ') ??
      (line && `“${line}”`);
  return text ? `: ${text.length <= REASON ? text : `${text.slice(0, REASON)}…`}` : '';
}

function ended(
  { store }: Ground,
  put: Put,
  lane: number,
  {
    weight,
    main,
    effects,
    event,
  }: { weight: Finding['weight']; main: boolean; effects: readonly Task[]; event: number },
): void {
  const t = store.tasks[lane],
    what = `${commandOf(t)} (${t.pid})`,
    lived = duration(store.taskEnd(lane) - t.start),
    pid = term('pid', String(t.pid)),
    so = effects.map(e => `${show(e.comm)} (${e.pid})`).join(', '),
    why = reasonOf(t, store.tasks) + (so && `; so failed ${so}`);
  if (!t.signal)
    put(weight, `${what} ended with exit code ${t.exit}${why}.`, pid, event, main ? 2e18 : 1e17, {
      place: t.ending,
    });
  else {
    const core = t.core ? ' and dumped core' : '';
    put(
      weight,
      `${what} was killed by ${t.signal}${core} ${lived} after it began${why}.`,
      pid,
      event,
      main ? 2e18 : 1e18,
      { place: t.ending },
    );
  }
}

const GOES_ON = new Set(['EINPROGRESS', 'EAGAIN', 'EALREADY', 'EISCONN', 'EINTR']);

export const connect: Rule = {
  id: 'connect',
  title: 'Connections that failed',
  threshold: 'any connect that failed for another reason than “in progress”',
  watch(g) {
    const { store } = g,
      { obj, err } = store,
      refused = new Map<string, { n: number; first: number; err: number }>();
    return {
      on: {
        connect(i) {
          if (!g.failed(i) || GOES_ON.has(store.errName[err[i]])) return;
          entry(refused, `${obj[i]} ${err[i]}`, () => ({ n: 0, first: i, err: err[i] })).n++;
        },
      },
      end(put) {
        const text = (n: number, peer: number, e: number) =>
          `${n === 1 ? 'A connection' : plural(n, 'connection')} to ${g.name(peer)} failed: ` +
          `${store.errText[e].toLowerCase()} (${store.errName[e]}).`;
        for (const v of failedLater(g, key => refused.has(key)))
          put(
            3,
            text(v.file.length, v.peer, v.err),
            term('file', ...v.file.slice(0, 100).map(String)),
            -1,
            1e16 + v.file.length,
            { on: g.store.strings.get(v.peer) },
          );
        for (const v of refused.values())
          put(
            // A local service that is not there is how its clients find out that it is not used.
            store.errName[v.err] === 'ENOENT' ? 1 : 3,
            text(v.n, obj[v.first], v.err),
            `op:connect ${g.path(obj[v.first])}`,
            v.first,
            1e16 + v.n,
            { on: g.store.strings.get(obj[v.first]) },
          );
      },
    };
  },
};

/** A connect that went on in the background fails without a failing call: the table of connections has it. */
function failedLater(g: Ground, known: (key: string) => boolean) {
  const { conns, meta, isError } = g.store,
    late = new Map<string, { peer: number; err: number; file: number[] }>();
  for (let k = 0; k < conns.count; k++) {
    const key = `${conns.peer[k]} ${conns.err[k]}`;
    if (meta.sock_states[conns.state[k]] !== 'failed' || !isError[conns.err[k]]) continue;
    if (known(key) || g.hides(conns.lane[k])) continue;
    const v = entry(late, key, () => ({ peer: conns.peer[k], err: conns.err[k], file: [] }));
    v.file.push(conns.file[k]);
  }
  return late.values();
}

export const leak: Rule = {
  id: 'leak',
  title: 'Descriptors leaked to another program',
  threshold: `${L.leakedFds} or more descriptors above 2 left open across an exec`,
  watch: g => ({
    end(put) {
      g.store.tasks.forEach((t, l) => {
        const open = (e: (typeof t.execs)[0]) => (e.fds?.length ?? 0) + (e.fds_more ?? 0),
          e = g.hides(l) ? undefined : t.execs.find(x => !x.inherited && open(x) >= L.leakedFds);
        if (!e) return;
        const n = open(e),
          some = (e.fds ?? []).slice(0, 4).map(([fd, f]) => `${fd}<${show(g.store.fileName(f))}>`);
        put(
          1,
          `${show(e.exe)} (${t.pid}) started with ${plural(n, 'descriptor')} above 2 left open by ` +
            `its parent: ${some.join(', ')}${n > 4 ? ' …' : ''}.`,
          `pid:${t.pid}`,
          -1,
          n,
        );
      });
    },
  }),
};

/** What most of them are, where they are one thing. */
function mostly(g: Ground, v: { open: number; of: Map<number, number> }): string {
  const [name, n] = [...v.of].reduce((a, b) => (b[1] > a[1] ? b : a));
  return n * 2 > v.open ? `: ${count(n)} are ${g.name(name)}` : '';
}

export const unclosed: Rule = {
  id: 'unclosed',
  title: 'Descriptors never closed',
  threshold: `${L.unclosed} or more opened by a process and not closed while it ran, at least half of all it opened`,
  watch: g => ({
    end(put) {
      const held = new Map<number, { open: number; all: number; of: Map<number, number> }>(),
        { files, tasks } = g.store;
      for (let f = 1; f < files.count; f++) {
        const l = files.lane[f];
        if (l < 0 || l >= tasks.length) continue;
        const p = tasks[l].proc,
          v = entry(held, p, () => ({ open: 0, all: 0, of: new Map() })),
          { end } = tasks[p];
        v.all++;
        if (files.close[f] < NEVER && (end === null || files.close[f] < end)) continue;
        v.open++;
        v.of.set(files.name[f], (v.of.get(files.name[f]) ?? 0) + 1);
      }
      for (const [p, v] of held)
        if (v.open >= L.unclosed && v.open * 2 >= v.all && !g.hides(p))
          put(
            2,
            `${g.who(p)} never closed ${count(v.open)} of the ${plural(v.all, 'descriptor')} it made${mostly(g, v)}.`,
            `pid:${tasks[p].pid} op:open,socket,accept,pipe`,
            -1,
            v.open,
            { on: String(tasks[p].pid) },
          );
    },
  }),
};
