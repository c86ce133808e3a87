// SPDX-License-Identifier: MIT
// Findings: rules over the events, each with a threshold that is written down next to it and shown on the page.
import { eachRow, type Cancel } from './aggregate';
import { bytes, count, duration, percent, plural } from './human';
import { format } from './query';
import { NEVER, type Store } from './store';
import { show } from '../format/text';

export interface Finding {
  rule: string;
  weight: 3 | 2 | 1;
  text: string;
  filter: string;
  event: number;
  cost: number;
}
export interface Rule {
  id: string;
  title: string;
  threshold: string;
}

export const LIMITS = {
  tinyCalls: 1000,
  tinyBytes: 512,
  lookups: 50,
  lookupNs: 1e6,
  opens: 50,
  waitShare: 0.2,
  waitNs: 100e6,
  slowPeerNs: 200e6,
  slowCallNs: 100e6,
  leakedFds: 3,
  unclosed: 100,
  sleeps: 100,
  sleepNs: 10e6,
  dns: 5,
  questions: 20,
  growBytes: 64 << 20,
  unmapShare: 0.1,
};
const L = LIMITS;

export const RULES: Rule[] = [
  {
    id: 'exit',
    title: 'A process failed',
    threshold: 'any process that ended with a code other than 0 or by a signal',
  },
  {
    id: 'connect',
    title: 'Connections that failed',
    threshold: 'any connect that failed for another reason than “in progress”',
  },
  {
    id: 'slow-call',
    title: 'Slow file operations',
    threshold: `one call on a file of ${duration(L.slowCallNs)} or more`,
  },
  {
    id: 'slow-peer',
    title: 'Waiting for a slow peer',
    threshold: `one receive or connect of ${duration(L.slowPeerNs)} or more`,
  },
  {
    id: 'futex',
    title: 'Time lost waiting for locks',
    threshold: `a thread spends ${L.waitShare * 100} % of its life and ${duration(L.waitNs)} or more in futex; threads beside the first are one note a process`,
  },
  {
    id: 'lookups',
    title: 'Failed lookups that cost',
    threshold: `${L.lookups} or more misses of one kind (PATH, include, library, python, node, other) that took ${duration(L.lookupNs)} or more`,
  },
  {
    id: 'tiny',
    title: 'Many tiny reads or writes',
    threshold: `${count(L.tinyCalls)} or more calls of ${L.tinyBytes} B or less on average on one file or pipe`,
  },
  {
    id: 'reopen',
    title: 'The same file opened again and again',
    threshold: `${L.opens} or more opens of one path by one process`,
  },
  {
    id: 'rename',
    title: 'Renamed without fsync',
    threshold: 'a file was written and renamed, and not synced in between',
  },
  {
    id: 'leak',
    title: 'Descriptors leaked to another program',
    threshold: `${L.leakedFds} or more descriptors above 2 left open across an exec`,
  },
  {
    id: 'unclosed',
    title: 'Descriptors never closed',
    threshold: `${L.unclosed} or more opened by a process and not closed while it ran, at least half of all it opened`,
  },
  {
    id: 'sleep',
    title: 'Polling with short sleeps',
    threshold: `${L.sleeps} or more sleeps of ${duration(L.sleepNs)} or less on average in one thread`,
  },
  {
    id: 'dns',
    title: 'Name servers asked again and again',
    threshold: `${L.questions} or more messages to name servers (port 53) by one process; ${L.dns} or more lookups of one name by one process, where names are known`,
  },
  {
    id: 'memory',
    title: 'Memory that only grows',
    threshold: `${bytes(L.growBytes)} or more mapped by a process, under ${L.unmapShare * 100} % given back, growing in every quarter of its calls`,
  },
];

export type Search = 'PATH' | 'include' | 'library' | 'python' | 'node' | 'other';

/** What kind of search a failed lookup of this path belongs to. */
export function searchKind(path: string, op: string): Search {
  if (op === 'exec' || /\/s?bin\/[^/]+$/.test(path)) return 'PATH';
  if (/\.(h|hh|hpp|hxx|inc|gch)$|\/include\//.test(path)) return 'include';
  if (/\/node_modules(\/|$)|\/package\.json$|\.(m?js|cjs|node)$/.test(path)) return 'node';
  if (
    /\.pyc?$|\/__pycache__\/|\/(site|dist)-packages\/|\/python3[^/]*\/|\.cpython-|\.abi3\.so$/.test(
      path,
    )
  )
    return 'python';
  if (/\.so(\.\d+)*$|\.a$|\/glibc-hwcaps\//.test(path)) return 'library';
  return 'other';
}

/** A terminal speaks in lines, and these in messages of the kernel's size: no buffer would help. */
const FIXED_SIZE = new Set(['tty', 'eventfd', 'timerfd', 'signalfd', 'inotify', 'pidfd']);
interface Tiny {
  n: number;
  bytes: number;
  first: number;
}

export async function findings(
  store: Store,
  bits: Uint8Array | null,
  cancelled: Cancel,
): Promise<Finding[] | null> {
  const out: Finding[] = [],
    { type, lane, err, obj, file, isError, tasks, strings } = store,
    op = store.ops,
    socket = store.meta.file_kinds.indexOf('socket'),
    fixed = store.meta.file_kinds.map(k => FIXED_SIZE.has(k));
  const term = (key: string, ...values: string[]) => format([{ not: false, key, op: ':', values }]);
  const who = (l: number) => `${show(tasks[l].comm)} ${tasks[l].tid}`;
  const tiny = [new Map<number, Tiny>(), new Map<number, Tiny>()];
  const misses = new Map<
    Search,
    { n: number; ns: number; first: number; names: Map<number, number> }
  >();
  const opens = new Map<number, { n: number; first: number; ns: number }>();
  const futex = new Map<number, { ns: number; n: number; longest: number }>();
  const slow = new Map<number, { n: number; ns: number; longest: number }>(),
    peers = new Map<number, { n: number; ns: number; longest: number }>();
  const refused = new Map<string, { n: number; first: number }>();
  const sleeps = new Map<number, { n: number; ns: number; first: number }>();
  const names = new Map<string, { n: number; first: number; name: number; lane: number }>(),
    questions = new Map<number, { n: number; first: number }>(),
    nameServer = new Map<number, boolean>();
  const dirty = new Map<number, number>(),
    renames: { i: number; path: number }[] = [];
  const memory = new Map<number, { up: number; down: number; steps: number[]; first: number }>();
  const FILE_OPS = new Set([
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
  ]);
  const kindCache = new Map<number, Search>();

  const ok = await eachRow(store, bits, cancelled, i => {
    const t = type[i],
      o = op[t],
      bad = isError[err[i]] === 1;
    switch (o) {
      case 'open':
      case 'stat':
      case 'exec':
        if (bad && (store.errName[err[i]] === 'ENOENT' || store.errName[err[i]] === 'ENOTDIR')) {
          let kind = kindCache.get(obj[i]);
          if (!kind) {
            kind = searchKind(store.objText(i), o);
            kindCache.set(obj[i], kind);
          }
          const m = misses.get(kind) ?? { n: 0, ns: 0, first: i, names: new Map() };
          m.n++;
          m.ns += store.dur(i);
          m.names.set(obj[i], (m.names.get(obj[i]) ?? 0) + 1);
          misses.set(kind, m);
        }
        if (o === 'open' && !bad && obj[i]) {
          const key = tasks[lane[i]].proc * 2 ** 32 + obj[i],
            v = opens.get(key) ?? { n: 0, first: i, ns: 0 };
          v.n++;
          v.ns += store.dur(i);
          opens.set(key, v);
        }
        break;
      case 'read':
      case 'write':
      case 'recv':
      case 'send': {
        if (o === 'send' && !bad && obj[i]) {
          let is = nameServer.get(obj[i]);
          if (is === undefined) {
            is = store.objText(i).endsWith(':53');
            nameServer.set(obj[i], is);
          }
          const p = tasks[lane[i]].proc,
            q = is ? questions.get(p) : undefined;
          if (q) q.n++;
          else if (is) questions.set(p, { n: 1, first: i });
        }
        const f = file[i],
          kind = store.files.kind[f],
          isSocket = kind === socket || o === 'recv' || o === 'send';
        if (!bad && f && !isSocket && !fixed[kind]) {
          const b = store.bytes(i),
            id = store.files.name[f];
          if (b > 0) {
            const list = tiny[o === 'read' ? 0 : 1],
              v = list.get(id) ?? { n: 0, bytes: 0, first: i };
            v.n++;
            v.bytes += b;
            list.set(id, v);
            if (o === 'write') dirty.set(id, i);
            const to = store.copiedTo(i);
            if (to) dirty.set(store.files.name[to], i);
          }
        }
        if (isSocket && (o === 'read' || o === 'recv') && store.dur(i) >= L.slowPeerNs)
          add(peers, obj[i] || store.files.name[f], i);
        break;
      }
      case 'connect': {
        if (
          bad &&
          !['EINPROGRESS', 'EAGAIN', 'EALREADY', 'EISCONN', 'EINTR'].includes(store.errName[err[i]])
        ) {
          const key = `${obj[i]} ${err[i]}`,
            v = refused.get(key) ?? { n: 0, first: i };
          v.n++;
          refused.set(key, v);
        }
        if (store.dur(i) >= L.slowPeerNs) add(peers, obj[i], i);
        break;
      }
      case 'connected':
        if (store.dur(i) >= L.slowPeerNs) add(peers, obj[i], i);
        break;
      case 'futex':
        add(futex, lane[i], i);
        break;
      case 'sleep': {
        const v = sleeps.get(lane[i]) ?? { n: 0, ns: 0, first: i };
        v.n++;
        v.ns += store.dur(i);
        sleeps.set(lane[i], v);
        break;
      }
      case 'dns': {
        const key = `${tasks[lane[i]].proc} ${obj[i]}`,
          v = names.get(key) ?? { n: 0, first: i, name: obj[i], lane: lane[i] };
        v.n++;
        names.set(key, v);
        break;
      }
      case 'sync':
        if (!bad) {
          if (file[i]) dirty.delete(store.files.name[file[i]]);
          else dirty.clear();
        }
        break;
      case 'rename':
        if (!bad && dirty.has(obj[i])) {
          renames.push({ i, path: obj[i] });
          dirty.delete(obj[i]);
        }
        break;
      case 'unlink':
        dirty.delete(obj[i]);
        break;
      case 'mmap':
      case 'munmap':
      case 'brk': {
        if (bad) break;
        const d = store.val(i);
        if (!d) break;
        const p = tasks[lane[i]].proc,
          v = memory.get(p) ?? { up: 0, down: 0, steps: [], first: i };
        if (d > 0) v.up += d;
        else v.down -= d;
        v.steps.push(v.up - v.down);
        memory.set(p, v);
        break;
      }
    }
    if (
      FILE_OPS.has(o) &&
      store.dur(i) >= L.slowCallNs &&
      store.files.kind[file[i]] !== socket &&
      !/pipe|fifo|tty/.test(store.fileKind(file[i]))
    )
      add(slow, o === 'sync' || file[i] ? store.files.name[file[i]] || obj[i] : obj[i], i);
  });
  if (!ok) return null;

  function add(
    map: Map<number, { n: number; ns: number; longest: number }>,
    key: number,
    i: number,
  ): void {
    const v = map.get(key) ?? { n: 0, ns: 0, longest: i },
      d = store.dur(i);
    v.n++;
    v.ns += d;
    if (d > store.dur(v.longest)) v.longest = i;
    map.set(key, v);
  }
  const put = (
    rule: string,
    weight: Finding['weight'],
    text: string,
    filter: string,
    event: number,
    cost = 0,
  ) => out.push({ rule, weight, text, filter, event, cost });
  const name = (id: number) => show(strings.get(id)) || 'an unnamed file';

  // exit
  const shownLanes = bits ? new Set<number>() : null;
  if (bits && shownLanes) for (let i = 0; i < store.hot; i++) if (bits[i]) shownLanes.add(lane[i]);
  const ends = new Map<string, number[]>();
  tasks.forEach((t, l) => {
    if (t.pid !== t.tid || (shownLanes && !shownLanes.has(l)) || (!t.signal && !t.exit)) return;
    const key = l === store.meta.main ? '' : `${t.comm}\n${t.signal ?? t.exit}`;
    ends.set(key, [...(ends.get(key) ?? []), l]);
  });
  // Signals that mean a fault of the program itself; others are how programs are told to stop.
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
  for (const lanes of ends.values()) {
    const l = lanes[0],
      t = tasks[l],
      main = l === store.meta.main,
      weight = main || (t.signal && FAULTS.has(t.signal)) ? 3 : 2;
    if (lanes.length > 2) {
      put(
        'exit',
        weight,
        `${count(lanes.length)} processes named ${show(t.comm)} ${t.signal ? `were killed by ${t.signal}` : `ended with exit code ${t.exit}`}.`,
        term('pid', ...lanes.slice(0, 100).map(x => String(tasks[x].pid))),
        -1,
        1e15 + lanes.length,
      );
      continue;
    }
    for (const one of lanes) ended(one, weight, main);
  }
  function ended(l: number, weight: Finding['weight'], main: boolean): void {
    const t = tasks[l],
      said = `${show((t.execs[t.execs.length - 1]?.argv ?? [t.comm]).join(' ')).slice(0, 120)} (${t.pid})`;
    if (t.signal)
      put(
        'exit',
        weight,
        `${said} was killed by ${t.signal}${t.core ? ' and dumped core' : ''} after ${duration(store.taskEnd(l) - t.start)}.`,
        term('pid', String(t.pid)),
        -1,
        main ? 2e18 : 1e18,
      );
    else
      put(
        'exit',
        weight,
        `${said} ended with exit code ${t.exit}.`,
        term('pid', String(t.pid)),
        -1,
        main ? 2e18 : 1e17,
      );
  }
  // A connect that went on in the background fails without a failing call: the table of connections knows.
  const { conns } = store,
    late = new Map<string, { n: number; peer: number; err: number; file: number[] }>();
  for (let k = 0; k < conns.count; k++) {
    const key = `${conns.peer[k]} ${conns.err[k]}`,
      l = conns.lane[k];
    if (
      store.meta.sock_states[conns.state[k]] !== 'failed' ||
      !isError[conns.err[k]] ||
      refused.has(key) ||
      (shownLanes && !shownLanes.has(l))
    )
      continue;
    const v = late.get(key) ?? { n: 0, peer: conns.peer[k], err: conns.err[k], file: [] };
    v.n++;
    v.file.push(conns.file[k]);
    late.set(key, v);
  }
  for (const v of late.values())
    put(
      'connect',
      3,
      `${v.n === 1 ? 'A connection' : plural(v.n, 'connection')} to ${name(v.peer)} failed: ${store.errText[v.err].toLowerCase()} (${store.errName[v.err]}).`,
      term('file', ...v.file.slice(0, 100).map(String)),
      -1,
      1e16 + v.n,
    );
  for (const [key, v] of refused) {
    const e = Number(key.split(' ')[1]);
    // A local service that is not there is how its clients find out that it is not used.
    put(
      'connect',
      store.errName[e] === 'ENOENT' ? 1 : 3,
      `${v.n === 1 ? 'A connection' : plural(v.n, 'connection')} to ${name(obj[v.first])} failed: ${store.errText[e].toLowerCase()} (${store.errName[e]}).`,
      `op:connect ${term('path', strings.get(obj[v.first]))}`,
      v.first,
      1e16 + v.n,
    );
  }
  for (const [id, v] of slow)
    put(
      'slow-call',
      3,
      `${show(store.types[type[v.longest]].name)} on ${name(id)} took ${duration(store.dur(v.longest))}${v.n > 1 ? `; ${plural(v.n, 'call')} on it took ${duration(L.slowCallNs)} or more` : ''}.`,
      `${term('path', strings.get(id))} dur>=${L.slowCallNs / 1e6}ms`,
      v.longest,
      v.ns,
    );
  for (const [id, v] of peers)
    put(
      'slow-peer',
      2,
      `${who(lane[v.longest])} waited ${duration(v.ns)} for ${name(id)}${v.n > 1 ? ` in ${plural(v.n, 'long call')}` : ''}.`,
      `${term('path', strings.get(id))} dur>=${L.slowPeerNs / 1e6}ms`,
      v.longest,
      v.ns,
    );
  // A thread that only waits may be an idle worker: those of a process are one note.
  const workers = new Map<number, { lane: number; ns: number; longest: number }[]>();
  for (const [l, v] of futex) {
    const life = store.taskEnd(l) - tasks[l].start;
    if (v.ns < L.waitNs || life <= 0 || v.ns < L.waitShare * life) continue;
    if (store.isThread(l))
      workers.set(tasks[l].proc, [
        ...(workers.get(tasks[l].proc) ?? []),
        { lane: l, ns: v.ns, longest: v.longest },
      ]);
    else
      put(
        'futex',
        2,
        `${who(l)} spent ${percent(Math.min(v.ns, life), life)} of its time (${duration(v.ns)}) waiting in futex, in ${plural(v.n, 'call')}.`,
        `tid:${tasks[l].tid} op:futex`,
        v.longest,
        v.ns,
      );
  }
  for (const [proc, list] of workers) {
    const most = list.reduce((a, b) => (b.ns > a.ns ? b : a)),
      life = store.taskEnd(most.lane) - tasks[most.lane].start;
    put(
      'futex',
      1,
      `${list.length === 1 ? `Thread ${tasks[most.lane].tid}` : plural(list.length, 'thread')} of ${who(proc)} spent ${list.length === 1 ? '' : 'up to '}${percent(Math.min(most.ns, life), life)} of ${list.length === 1 ? 'its' : 'their'} time (${duration(most.ns)}) waiting in futex: idle, or held up by a lock.`,
      `op:futex ${term('tid', ...list.slice(0, 100).map(x => String(tasks[x.lane].tid)))}`,
      most.longest,
      most.ns,
    );
  }
  const KIND_TEXT: Record<Search, string> = {
    PATH: 'programs along PATH',
    include: 'header files along the include path',
    library: 'libraries',
    python: 'Python modules',
    node: 'Node modules',
    other: 'files',
  };
  for (const [kind, m] of misses) {
    if (m.n < L.lookups || m.ns < L.lookupNs) continue;
    const base = new Map<string, number>();
    for (const [id, n] of m.names) {
      const p = strings.get(id),
        b = p.slice(p.lastIndexOf('/') + 1);
      base.set(b, (base.get(b) ?? 0) + n);
    }
    const top = [...base]
      .sort((a, b) => b[1] - a[1])
      .slice(0, 3)
      .map(([b, n]) => `${show(b)} ${count(n)}×`)
      .join(', ');
    put(
      'lookups',
      2,
      `${plural(m.n, 'failed lookup')} of ${KIND_TEXT[kind]} cost ${duration(m.ns)} (most: ${top}).`,
      `op:open,stat,exec err:ENOENT,ENOTDIR${kind === 'other' ? '' : ' ' + term('path', ...probePatterns(kind))}`,
      m.first,
      m.ns,
    );
  }
  tiny.forEach((map, w) => {
    for (const [id, v] of map)
      if (v.n >= L.tinyCalls && v.bytes / v.n <= L.tinyBytes)
        put(
          'tiny',
          2,
          `${count(v.n)} ${w ? 'writes' : 'reads'} of ${Math.round(v.bytes / v.n)} B on average ${w ? 'to' : 'from'} ${name(id)} (${bytes(v.bytes)} in all): a buffer would save most of the calls.`,
          `op:${w ? 'write' : 'read'} ${term('path', strings.get(id))}`,
          v.first,
          v.n * 1000,
        );
  });
  for (const [key, v] of opens)
    if (v.n >= L.opens)
      put(
        'reopen',
        1,
        `${who(tasks[lane[v.first]].proc)} opened ${name(obj[v.first])} ${count(v.n)} times (${duration(v.ns)}).`,
        `op:open ${term('path', strings.get(key % 2 ** 32))} pid:${tasks[lane[v.first]].pid}`,
        v.first,
        v.ns,
      );
  for (const r of renames.slice(0, 20))
    put(
      'rename',
      2,
      `${name(r.path)} was written and renamed without fsync: after a crash the new file may be empty.`,
      term('path', strings.get(r.path)),
      r.i,
      0,
    );
  tasks.forEach((t, l) => {
    if (shownLanes && !shownLanes.has(l)) return;
    for (const e of t.execs) {
      const n = (e.fds?.length ?? 0) + (e.fds_more ?? 0);
      if (e.inherited || n < L.leakedFds) continue;
      put(
        'leak',
        1,
        `${show(e.exe)} (${t.pid}) started with ${plural(n, 'descriptor')} above 2 left open by its parent: ${e
          .fds!.slice(0, 4)
          .map(([fd, f]) => `${fd}<${show(store.fileName(f))}>`)
          .join(', ')}${n > 4 ? ' …' : ''}.`,
        `pid:${t.pid}`,
        -1,
        n,
      );
      break;
    }
  });
  const held = new Map<number, { open: number; all: number }>(),
    { files } = store;
  for (let f = 1; f < files.count; f++) {
    const l = files.lane[f];
    if (l < 0 || l >= tasks.length) continue;
    const p = tasks[l].proc,
      v = held.get(p) ?? { open: 0, all: 0 };
    v.all++;
    if (files.close[f] >= NEVER || (tasks[p].end !== null && files.close[f] >= tasks[p].end!))
      v.open++;
    held.set(p, v);
  }
  for (const [p, v] of held)
    if (v.open >= L.unclosed && v.open * 2 >= v.all && (!shownLanes || shownLanes.has(p)))
      put(
        'unclosed',
        2,
        `${who(p)} opened ${plural(v.all, 'descriptor')} and never closed ${count(v.open)} of them.`,
        `pid:${tasks[p].pid} op:open,socket,accept,pipe`,
        -1,
        v.open,
      );
  for (const [l, v] of sleeps)
    if (v.n >= L.sleeps && v.ns / v.n <= L.sleepNs)
      put(
        'sleep',
        2,
        `${who(l)} slept ${count(v.n)} times for ${duration(v.ns / v.n)} on average: it polls instead of waiting to be woken.`,
        `tid:${tasks[l].tid} op:sleep`,
        v.first,
        v.ns,
      );
  for (const [p, v] of questions)
    if (v.n >= L.questions)
      put(
        'dns',
        2,
        `${who(p)} sent ${plural(v.n, 'message')} to name servers: its answers are not cached.`,
        `op:send ${term('path', '*:53')} ${term('pid', String(tasks[p].pid))}`,
        v.first,
        v.n,
      );
  for (const v of names.values())
    if (v.n >= L.dns)
      put(
        'dns',
        2,
        `${who(tasks[v.lane].proc)} asked for the name ${name(v.name)} ${count(v.n)} times: nothing caches it.`,
        `op:dns ${term('path', strings.get(v.name))}`,
        v.first,
        v.n,
      );
  for (const [p, v] of memory) {
    const net = v.up - v.down,
      at = (k: number) => v.steps[Math.floor(((v.steps.length - 1) * k) / 4)];
    if (
      net >= L.growBytes &&
      v.down < L.unmapShare * v.up &&
      v.steps.length >= 8 &&
      [0, 1, 2, 3].every(k => at(k + 1) - at(k) > net * 0.05)
    )
      put(
        'memory',
        2,
        `${who(p)} mapped ${bytes(v.up)} and gave back ${bytes(v.down)}: its memory only grew.`,
        `pid:${tasks[p].pid} op:mmap,munmap,brk`,
        v.first,
        net / 1000,
      );
  }
  return out.sort((a, b) => b.weight - a.weight || b.cost - a.cost);
}

function probePatterns(kind: Search): string[] {
  switch (kind) {
    case 'PATH':
      return ['*/bin/*', '*/sbin/*'];
    case 'include':
      return ['*/include/*', '*.h', '*.hpp', '*.hh', '*.hxx', '*.inc', '*.gch'];
    case 'library':
      return ['*.so', '*.so.*', '*.a', '*/glibc-hwcaps/*'];
    case 'python':
      return ['*.py', '*.pyc', '*/__pycache__/*', '*-packages/*', '*/python3*', '*.cpython-*'];
    case 'node':
      return ['*/node_modules*', '*/package.json', '*.js', '*.mjs', '*.cjs', '*.node'];
    case 'other':
      return [];
  }
}
