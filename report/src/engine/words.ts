// SPDX-License-Identifier: MIT
// An event in words. What the terminal has a line for is worded as there (src/sink/line.c): "open /etc/hosts (read)",
// "read 832 B from pipe:[14]"; so is not what it shows as a call only: "waits for a lock 322ms".
import { show } from '../format/text';
import { joins, waitsForLock } from './futex';
import { bytes, duration } from './human';
import { laneName } from './neighbours';
import { Layer, type Store } from './store';

type Words = (store: Store, i: number, what: string) => string;

const OPEN_FLAGS: [RegExp, string][] = [
  [/\bO_CREAT\b/, 'create'],
  [/\bO_EXCL\b/, 'exclusive'],
  [/\bO_TRUNC\b/, 'truncate'],
  [/\bO_APPEND\b/, 'append'],
];
function openMode(arg: string): string {
  if (/\bO_PATH\b/.test(arg)) return 'path only';
  const mode = /\bO_RDWR\b/.test(arg)
      ? 'read/write'
      : /\bO_WRONLY\b/.test(arg)
        ? 'write'
        : /\bO_RDONLY\b/.test(arg)
          ? 'read'
          : '',
    kind = /\bO_TMPFILE\b/.test(arg) ? 'temporary' : /\bO_DIRECTORY\b/.test(arg) ? 'directory' : '';
  return [mode, kind, ...OPEN_FLAGS.filter(([f]) => f.test(arg)).map(([, word]) => word)]
    .filter(Boolean)
    .join(', ');
}
const argOf = (store: Store, i: number) => store.strings.get(store.arg[i]);
const open: Words = (store, i, what) => {
  const mode = openMode(argOf(store, i));
  return `open ${what}${mode ? ` (${mode})` : ''}`;
};

/** How long, where it is a wait. */
const took = (store: Store, i: number) => (store.dur32[i] ? ' ' + duration(store.dur(i)) : '');
const waitsFor =
  (whom: (store: Store, i: number, what: string) => string): Words =>
  (store, i, what) =>
    `waits ${whom(store, i, what)}${took(store, i)}`;
const lane = (store: Store, i: number) => laneName(store, store.val(i) - 1);
const isSocket = (store: Store, i: number) => store.fileKind(store.file[i]) === 'socket';
const verbOf = (store: Store, i: number): string => {
  const t = store.types[store.type[i]];
  return t.verb ?? t.name;
};

const moved =
  (file: string, socket: string, way: string): Words =>
  (store, i, what) => {
    const verb = isSocket(store, i) ? socket : file,
      // (what is looked at moves no bytes)
      n = file === 'peek' ? Math.max(0, store.ret(i)) : store.bytes(i),
      size = store.failed(i) ? '' : ` ${bytes(n)}`;
    return `${verb}${size}${what ? ` ${way} ${what}` : ''}`;
  };
const named =
  (verb: string): Words =>
  (_, __, what) =>
    what ? `${verb} ${what}` : verb;
const byName: Words = (store, i, what) => named(verbOf(store, i))(store, i, what);
const two: Words = (store, i, what) => {
  const to = store.val(i) ? show(store.strings.get(store.val(i))) : '';
  return `${byName(store, i, what)}${to ? ` → ${to}` : ''}`;
};

/** "connect tcp4 → 127.0.0.1:80": a socket by its protocol, and what is at its other end or its own address. */
const socket =
  (verb: string, way: string): Words =>
  (store, i, what) => {
    const k = store.connOf(i, store.file[i]),
      kind = k < 0 ? '' : store.meta.sock_kinds[store.conns.kind[k]],
      protocol = kind && kind !== 'other' ? kind : '',
      local = k < 0 ? '' : show(store.strings.get(store.conns.local[k])),
      address =
        protocol && what.startsWith(protocol + ' ') ? what.slice(protocol.length + 1) : what;
    return [
      verb,
      protocol,
      address && (protocol || way === '←') ? way : '',
      address || (way ? '' : local),
      verb === 'accept' && local ? `on ${local}` : '',
    ]
      .filter(Boolean)
      .join(' ');
  };
const after = (store: Store, i: number) =>
  store.dur32[i] ? ` after ${duration(store.dur(i))}` : '';

/** What fallocate does, by its mode; most of it allocates nothing. */
const MODES: [string, string][] = [
  ['PUNCH_HOLE', 'punch hole in'],
  ['COLLAPSE_RANGE', 'cut out of'],
  ['ZERO_RANGE', 'zero'],
  ['INSERT_RANGE', 'insert into'],
  ['UNSHARE_RANGE', 'unshare'],
  ['WRITE_ZEROES', 'zero'],
];
/** Of truncate and fallocate also the size, their last argument. */
const sized: Words = (store, i, what) => {
  const arg = argOf(store, i),
    verb = MODES.find(([mode]) => arg.includes(`FALLOC_FL_${mode}`))?.[1] ?? verbOf(store, i),
    size = /^(f?truncate|fallocate)/.test(store.types[store.type[i]].name) && /(\d+)$/.exec(arg);
  return named(verb)(store, i, what) + (size ? ` (${bytes(Number(size[1]))})` : '');
};

/** "mmap 7f00-7f10 r-x 64.0 KB /lib/libc.so": the region as it is called, its size behind its rights. */
const memory: Words = (store, i, what) => {
  const verb = verbOf(store, i),
    maps = verb === 'mmap',
    arg = argOf(store, i),
    at = /^(?:0x)?([\da-f]+)-(?:0x)?([\da-f]+)(?: ([r-][w-][x-]))?(?: (.*))?$/s.exec(what),
    anon = /MAP_STACK/.test(arg) ? 'stack' : 'anon',
    shared = maps && /MAP_SHARED/.test(arg) ? 'shared' : '';
  if (!at) return [verb, what || (maps ? anon : ''), shared].filter(Boolean).join(' ');
  const [, from, to, rights, name] = at,
    size = bytes(Number(BigInt('0x' + to) - BigInt('0x' + from)));
  return [verb, `${from}-${to}`, rights, size, name || (maps ? anon : ''), shared]
    .filter(Boolean)
    .join(' ');
};

/** A child by its number: a process, or a thread of the same. */
const child: Words = (store, i) => {
  const task = store.tasks[store.val(i) - 1],
    verb = task && task.pid !== task.tid ? 'thread' : 'fork';
  return store.failed(i) ? verb : `${verb} → ${task?.tid ?? store.retText(i)}`;
};

const WORDS: Record<string, Words> = {
  open,
  close: named('close'),
  read: moved('read', 'recv', 'from'),
  write: moved('write', 'send', 'to'),
  recv: moved('recv', 'recv', 'from'),
  send: moved('send', 'send', 'to'),
  peek: moved('peek', 'peek', 'from'),
  rename: two,
  link: two,
  unlink: (store, i, what) =>
    named(/AT_REMOVEDIR/.test(argOf(store, i)) ? 'rmdir' : 'unlink')(store, i, what),
  connect: (store, i, what) =>
    socket('connect', '→')(store, i, what) +
    (store.errName[store.err[i]] === 'EINPROGRESS' ? ' in progress' : ''),
  connected: (store, i, what) =>
    socket(store.failed(i) ? 'connect' : 'connected', '→')(store, i, what),
  accept: socket('accept', '←'),
  bind: socket('bind', ''),
  listen: socket('listen', ''),
  exec: named('exec'),
  fork: child,
  forked: child,
  exit: (_, __, what) => (what.startsWith('SIG') ? `killed by ${what}` : what || 'exit'),
  wait: waitsFor((store, i) => `for ${lane(store, i) || 'a child'}`),
  futex: (store, i) => {
    const arg = store.strings.get(store.arg[i]);
    if (/FUTEX_(UN)?LOCK_PI|FUTEX_WAIT/.test(arg) && !arg.includes('UNLOCK')) {
      if (waitsForLock(store, i)) return `waits for a lock${took(store, i)}`;
      return `waits ${joins(store, i) ? 'for a thread to end' : 'to be woken'}${took(store, i)}`;
    }
    return /WAKE|UNLOCK|REQUEUE/.test(arg) ? `wakes ${store.retText(i)} that waited` : 'futex';
  },
  poll: waitsFor((store, i, what) => {
    const whom = store.val(i) && what ? `for ${what}` : 'for events';
    return !store.failed(i) && store.ret(i) === 0 ? `${whom}: none came` : whom;
  }),
  sleep: (store, i) => `sleeps${took(store, i)}`,
  mmap: memory,
  munmap: memory,
  mprotect: memory,
  brk: (store, i) =>
    store.val(i) ? `brk heap ${signed(store.val(i))}` : 'ask for the end of the heap',
  kill: (store, i, what) => {
    const to = store.tasks[store.val(i) - 1];
    return `kill ${what}${to ? ` → ${to.tid}` : ''}`;
  },
  signal: named('signal'),
  fault: named('page fault in'),
  lock: named('lock'),
  sync: named('sync'),
};
const signed = (n: number) => (n < 0 ? '-' : '+') + bytes(Math.abs(n));

/** The event in words; a call that has none of its own is its name and what it is about. */
export function words(store: Store, i: number): string {
  const t = store.types[store.type[i]],
    file = store.file[i] ? store.fileName(store.file[i]) : '',
    what = show(store.objText(i) || file),
    say = Object.hasOwn(WORDS, t.op) ? WORDS[t.op] : sized,
    copied = t.io === 'copy' ? store.copiedTo(i) : 0;
  const text =
    t.io === 'copy' && !store.failed(i)
      ? `copy ${bytes(store.bytes(i))} from ${show(file) || what}${copied ? ` to ${show(store.fileName(copied))}` : ''}`
      : say(store, i, what);
  if (!store.failed(i)) return t.op === 'connected' ? text + after(store, i) : text;
  if (t.op !== 'connected' && store.layerOf[store.type[i]] !== Layer.Call) return text;
  const tail = t.op === 'connect' || t.op === 'connected' ? after(store, i) : '';
  return `${text} ${store.errName[store.err[i]]}${tail}`;
}
