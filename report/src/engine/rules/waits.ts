// SPDX-License-Identifier: MIT
// Rules about time: slow files, slow peers, locks, short sleeps.
import { show } from '../../format/text';
import { waitsForLock, waitsForNoLock } from '../futex';
import { count, duration, percent, plural } from '../human';
import type { Store } from '../store';
import {
  addSpell,
  entry,
  LIMITS as L,
  term,
  type Ground,
  type Put,
  type Rule,
  type Spell,
} from './rule';

const FILE_OPS = [
  'open',
  'close',
  'read',
  'write',
  'stat',
  'dir',
  'rename',
  'unlink',
  'sync',
  'attr',
  'seek',
  'link',
  'lock',
];

/** Of the whole trace alone, by the summary: events say which waits never ended, not what else the threads could do. */
export const deadlock: Rule = {
  id: 'deadlock',
  title: 'Deadlocks',
  takesTime: true,
  threshold:
    'threads that waited, without a timeout, until the process was ended, one of them for 500 ms or more',
  watch: () => ({ end() {} }),
};

export const slowCall: Rule = {
  id: 'slow-call',
  title: 'Slow file operations',
  takesTime: true,
  threshold: `one call on a file of ${duration(L.slowCallNs)} or more, and ${L.costShare * 100} % of the time`,
  watch(g) {
    const { store } = g,
      { file, files, obj, type } = store,
      slow = new Map<number, Spell>();
    const see = (i: number) => {
      if (store.dur(i) < L.slowCallNs || files.kind[file[i]] === g.socket) return;
      if (/pipe|fifo|tty/.test(store.fileKind(file[i]))) return;
      addSpell(store, slow, (file[i] && files.name[file[i]]) || obj[i], i);
    };
    return {
      on: Object.fromEntries(FILE_OPS.map(op => [op, see])),
      end(put) {
        for (const [id, v] of slow) {
          if (v.ns < L.costShare * store.duration) continue;
          const more = `${plural(v.n, 'call')} on it took ${duration(L.slowCallNs)} or more`,
            took = duration(store.dur(v.longest));
          put(
            3,
            `${show(store.types[type[v.longest]].name)} on ${g.name(id)} took ${took}${v.n > 1 ? `; ${more}` : ''}.`,
            `${g.path(id)} dur>=${L.slowCallNs / 1e6}ms`,
            v.longest,
            v.ns,
            { on: store.strings.get(id) },
          );
        }
      },
    };
  },
};

/** Connections that were waited for in other calls than their own, as the writer has attributed poll, select, epoll and io_uring. */
function waitedElsewhere(g: Ground, known: Map<number, Spell>, put: Put): void {
  const { peer, waited, lane, count: n } = g.store.conns,
    by = new Map<string, { id: number; lane: number; ns: number }>();
  for (let k = 0; k < n; k++) {
    if (!peer[k] || known.has(peer[k]) || waited[k] < L.slowPeerNs) continue;
    const v = entry(by, `${peer[k]} ${lane[k]}`, () => ({ id: peer[k], lane: lane[k], ns: 0 }));
    v.ns += waited[k];
  }
  for (const v of by.values())
    if (v.lane >= 0)
      put(
        2,
        `${g.who(v.lane)} waited ${duration(v.ns)} for ${g.name(v.id)}.`,
        g.path(v.id),
        -1,
        v.ns,
      );
}

/**
 * Of the whole trace the writer knows what was waited for, and the terminal has it so. `known`: by what they are on
 * (a peer, a lock) the spells of the page's own events, whose longest shows it. Undefined: the page judges itself.
 */
function asInSummary(
  g: Ground,
  rule: string,
  put: Put,
  filter: (names: string[], seen: boolean) => string,
  known = new Map<number, Spell>(),
): boolean {
  const { store } = g;
  if (g.lanes || !store.meta.findings) return false;
  store.meta.findings.forEach(({ text, cost, share, names, rule: r }, place) => {
    if (r !== rule) return;
    let longest = -1;
    for (const [id, v] of known)
      if (names.includes(store.strings.get(id)))
        if (longest < 0 || store.dur(v.longest) > store.dur(longest)) longest = v.longest;
    put(2, `${show(text)}.`, filter(names, longest >= 0), longest, cost, {
      share: share && share / 100,
      place: store.meta.finding_rules && place,
    });
  });
  return true;
}

const thing = (names: string[]): string => (names.length ? term('path', ...names) : '');

export const slowPeer: Rule = {
  id: 'slow-peer',
  title: 'Waiting for a slow peer',
  takesTime: true,
  threshold: `one wait of ${duration(L.slowPeerNs)} or more, and 1 % of the run, or half of the run, as in the summary; of chosen events one receive, connect, poll, select or epoll for it as long, or as much for one connection in an io_uring`,
  watch(g) {
    const { store } = g,
      { obj, file, files, lane } = store,
      peers = new Map<number, Spell>();
    const see = (i: number) => {
      if (store.dur(i) >= L.slowPeerNs) addSpell(store, peers, obj[i], i);
    };
    const receive = (i: number) => {
      if (store.dur(i) >= L.slowPeerNs && g.isSocket(i))
        addSpell(store, peers, obj[i] || files.name[file[i]], i);
    };
    const poll = (i: number) => {
      if (files.kind[store.val(i)] === g.socket) see(i);
    };
    return {
      on: { read: receive, recv: receive, connect: see, connected: see, poll },
      end(put) {
        const evidence = (names: string[], seen: boolean) =>
          names.length
            ? term('path', ...names) + (seen ? ` dur>=${L.slowPeerNs / 1e6}ms` : '')
            : 'cat:network';
        if (asInSummary(g, 'slow-peer', put, evidence, peers)) return;
        for (const [id, v] of peers)
          put(
            2,
            `${g.who(lane[v.longest])} waited ${duration(v.ns)} for ${g.name(id)}${v.n > 1 ? ` in ${plural(v.n, 'long call')}` : ''}.`,
            `${g.path(id)} dur>=${L.slowPeerNs / 1e6}ms`,
            v.longest,
            v.ns,
          );
        // Of a part of the events it is not known which connection they waited for.
        if (!g.lanes) waitedElsewhere(g, peers, put);
      },
    };
  },
};

export const futex: Rule = {
  id: 'futex',
  title: 'Time lost waiting for locks',
  takesTime: true,
  threshold: `two threads or more wait for one lock, ${duration(L.waitNs)} together and 1 % of the run, as in the summary; of chosen events a thread spends ${L.waitShare * 100} % of its life and ${duration(L.waitNs)} or more in futex, conditions, idle pools and pthread_join aside; threads beside the first are one note a process`,
  watch(g) {
    const { store } = g,
      { tasks } = store,
      waits = new Map<number, Spell>(),
      locks = new Map<number, Spell>();
    return {
      on: {
        futex(i) {
          addSpell(store, locks, store.obj[i], i);
          if (store.dur(i) < L.joinNs || !waitsForNoLock(store, i))
            addSpell(store, waits, store.lane[i], i);
        },
      },
      end(put) {
        if (asInSummary(g, 'lock', put, thing, locks)) return;
        // A thread that only waits may be an idle worker: those of a process are one note.
        const workers = new Map<number, Worker[]>();
        for (const [l, v] of waits) {
          const life = store.taskEnd(l) - tasks[l].start;
          if (v.ns < L.waitNs || life <= 0 || v.ns < L.waitShare * life) continue;
          if (store.isThread(l))
            entry(workers, tasks[l].proc, () => []).push({
              lane: l,
              ns: v.ns,
              longest: v.longest,
            });
          else
            put(
              2,
              `${g.who(l)} spent ${percent(Math.min(v.ns, life), life)} of its time (${duration(v.ns)}) ${waiting(store, v.longest)}, in ${plural(v.n, 'call')}.`,
              `tid:${tasks[l].tid} op:futex`,
              v.longest,
              v.ns,
            );
        }
        for (const [proc, list] of workers) {
          const most = list.reduce((a, b) => (b.ns > a.ns ? b : a)),
            tids = list.slice(0, 100).map(x => String(tasks[x.lane].tid));
          put(
            waitsForLock(store, most.longest) ? 2 : 1,
            idle(g, proc, list.length, most),
            `op:futex ${term('tid', ...tids)}`,
            most.longest,
            most.ns,
          );
        }
      },
    };
  },
};

/** By the longest of them: a lock, and which, where its arguments show that it is one. */
function waiting(store: Store, i: number): string {
  if (!waitsForLock(store, i)) return 'waiting in futex';
  const name = store.obj[i] ? store.objText(i) : `futex ${store.args(i).split(',')[0]}`;
  return `waiting for a lock, ${show(name)}`;
}

interface Worker {
  lane: number;
  ns: number;
  longest: number;
}
function idle(g: Ground, proc: number, threads: number, most: Worker): string {
  const { tasks } = g.store,
    life = g.store.taskEnd(most.lane) - tasks[most.lane].start,
    one = threads === 1,
    who = one ? `Thread ${tasks[most.lane].tid}` : plural(threads, 'thread'),
    share = percent(Math.min(most.ns, life), life);
  return (
    `${who} of ${g.who(proc)} spent ${one ? '' : 'up to '}${share} of ${one ? 'its' : 'their'} ` +
    `time (${duration(most.ns)}) ${waiting(g.store, most.longest)}` +
    (waitsForLock(g.store, most.longest) ? '.' : ': idle, or held up by a lock.')
  );
}

export const sleep: Rule = {
  id: 'sleep',
  title: 'Polling with short sleeps',
  takesTime: true,
  threshold: `${L.sleeps} or more sleeps of ${duration(L.sleepNs)} or less on average in one thread, and ${L.costShare * 100} % of the time`,
  watch(g) {
    const { store } = g,
      sleeps = new Map<number, { n: number; ns: number; first: number }>();
    return {
      on: {
        sleep(i) {
          const v = entry(sleeps, store.lane[i], () => ({ n: 0, ns: 0, first: i }));
          v.n++;
          v.ns += store.dur(i);
        },
      },
      end(put) {
        for (const [l, v] of sleeps)
          if (v.n >= L.sleeps && v.ns / v.n <= L.sleepNs && v.ns >= L.costShare * store.duration)
            put(
              2,
              `${g.who(l)} slept ${count(v.n)} times for ${duration(v.ns / v.n)} on average: it polls instead of waiting to be woken.`,
              `tid:${store.tasks[l].tid} op:sleep`,
              v.first,
              v.ns,
              { on: String(store.tasks[l].pid) },
            );
      },
    };
  },
};

/** What the page does not have: how long threads were ready to run, and slept in page faults. */
const ofSummary = (
  id: string,
  title: string,
  threshold: string,
  filter: (names: string[]) => string,
): Rule => ({
  id,
  title,
  threshold: `${threshold}, as in the summary; of chosen events it is not known`,
  watch: g => ({
    end(put) {
      asInSummary(g, id, put, filter);
    },
  }),
});
export const queue = ofSummary(
  'queue',
  'No CPU was free',
  `half of the run or more, and ${duration(L.waitNs)}`,
  () => '',
);
export const faults = ofSummary(
  'page-faults',
  'Sleeping in page faults',
  `${duration(L.waitNs)} or more in those of one mapped file, or of other memory, and 1 % of the run`,
  thing,
);
