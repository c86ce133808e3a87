// SPDX-License-Identifier: MIT
// An event in words, as the terminal has it: "open /etc/hosts (read)", "read 832 B from pipe:[14]", "waits for a lock 322ms".
import { show } from '../format/text';
import { joins, waitsForLock } from './futex';
import { bytes, duration } from './human';
import { laneName } from './neighbours';
import { Layer, type Store } from './store';

type Words = (store: Store, i: number, what: string) => string;

const OPEN_FLAGS: [RegExp, string][] = [
  [/\bO_CREAT\b/, 'create'],
  [/\bO_TRUNC\b/, 'truncate'],
  [/\bO_APPEND\b/, 'append'],
  [/\bO_DIRECTORY\b/, 'directory'],
  [/\bO_PATH\b/, 'path only'],
  [/\bO_TMPFILE\b/, 'nameless'],
];
const open: Words = (store, i, what) => {
  const arg = store.strings.get(store.arg[i]),
    mode = /\bO_RDWR\b/.test(arg)
      ? 'read, write'
      : /\bO_WRONLY\b/.test(arg)
        ? 'write'
        : /\bO_RDONLY\b/.test(arg)
          ? 'read'
          : '',
    list = [mode, ...OPEN_FLAGS.filter(([f]) => f.test(arg)).map(([, word]) => word)];
  const flags = list.filter(Boolean).join(', ');
  return `open ${what}${flags ? ` (${flags})` : ''}`;
};

/** How long, where it is a wait. */
const took = (store: Store, i: number) => (store.dur32[i] ? ' ' + duration(store.dur(i)) : '');
const waitsFor =
  (whom: (store: Store, i: number, what: string) => string): Words =>
  (store, i, what) =>
    `waits ${whom(store, i, what)}${took(store, i)}`;
const lane = (store: Store, i: number) => laneName(store, store.val(i) - 1);

const moved =
  (verb: string, way: string): Words =>
  (store, i, what) =>
    store.failed(i)
      ? `${verb}${what ? ` ${way} ${what}` : ''}`
      : `${verb} ${bytes(store.bytes(i))}${what ? ` ${way} ${what}` : ''}`;
const named =
  (verb: string): Words =>
  (_, __, what) =>
    what ? `${verb} ${what}` : verb;
const second = (store: Store, i: number) => show(store.strings.get(store.val(i)));

const WORDS: Record<string, Words> = {
  open,
  close: named('close'),
  read: moved('read', 'from'),
  write: moved('write', 'to'),
  recv: moved('receive', 'from'),
  send: moved('send', 'to'),
  peek: named('look at what came from'),
  rename: (store, i, what) => `rename ${what} → ${second(store, i)}`,
  link: (store, i, what) => `link ${what} → ${second(store, i)}`,
  unlink: named('delete'),
  connect: named('connect'),
  accept: (store, i, what) =>
    store.failed(i) ? 'accept' : `accept ${what}`.trim() + took(store, i),
  bind: named('bind'),
  listen: named('listen'),
  exec: named('exec'),
  fork: (store, i) => (store.failed(i) ? 'fork' : `fork → ${lane(store, i) || store.retText(i)}`),
  exit: named('ends:'),
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
  mmap: (store, i, what) => `map ${what}${size(store, i)}`,
  munmap: (store, i, what) => `unmap ${what}${size(store, i)}`,
  brk: (store, i) => (store.val(i) ? `heap${size(store, i)}` : 'ask for the end of the heap'),
  kill: (store, i, what) => `send ${what} to ${lane(store, i) || 'a process'}`,
  signal: (_, __, what) => `gets ${what}`,
  fault: named('page fault in'),
  lock: named('lock'),
  sync: named('write to disk:'),
};
function size(store: Store, i: number): string {
  const v = store.val(i);
  return v ? ` ${v > 0 ? '+' : ''}${bytes(v)}` : '';
}

/** The event in words; a call that has none of its own is its name and what it is about. */
export function words(store: Store, i: number): string {
  const t = store.types[store.type[i]],
    file = store.file[i] ? store.fileName(store.file[i]) : '',
    what = show(store.objText(i) || file),
    say = Object.hasOwn(WORDS, t.op) ? WORDS[t.op] : named(t.name),
    copied = t.io === 'copy' ? store.copiedTo(i) : 0;
  const text =
    t.io === 'copy' && !store.failed(i)
      ? `copy ${bytes(store.bytes(i))} from ${show(file) || what}${copied ? ` to ${show(store.fileName(copied))}` : ''}`
      : say(store, i, what);
  const fails = store.failed(i) && store.layerOf[store.type[i]] === Layer.Call;
  return fails ? `${text} ${store.errName[store.err[i]]}` : text;
}
