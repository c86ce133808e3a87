// SPDX-License-Identifier: MIT
// Events beside an event: on its thread, on its open file, with its path; and who else touched the same.
import { show } from '../format/text';
import { Layer, type Store } from './store';

/** Next (1) or previous (−1) event for which test holds; −1 none. */
export function neighbour(
  store: Store,
  i: number,
  step: 1 | -1,
  test: (k: number) => boolean,
): number {
  for (let k = i + step; k >= 0 && k < store.hot; k += step) if (test(k)) return k;
  return -1;
}
export const sameLane = (store: Store, i: number) => {
  const l = store.lane[i];
  return (k: number) => store.lane[k] === l && store.layerOf[store.type[k]] !== Layer.State;
};
export const sameFile = (store: Store, i: number) => {
  const f = store.file[i];
  return (k: number) => store.file[k] === f;
};
/** Of open files that are marked: calls on them, and what waited for them in poll, select and epoll. */
export function aboutFiles(store: Store, marked: Uint8Array): (i: number) => boolean {
  const waits = store.ops.map(op => op === 'poll'),
    { file, type } = store;
  return i =>
    marked[file[i]] === 1 || (waits[type[i]] && store.val(i) > 0 && marked[store.val(i)] === 1);
}
/** The open file that an event is about: of a wait in poll, select or epoll what it waited for, where that is one. */
export const fileAbout = (store: Store, i: number): number =>
  (store.ops[store.type[i]] === 'poll' && store.val(i)) || store.file[i];
export const samePath = (store: Store, i: number) => {
  const o = store.obj[i];
  return (k: number) => store.obj[k] === o;
};

/** A lane as a person knows it: its program or thread, and the kernel's number. */
export function laneName(store: Store, lane: number): string {
  const t = store.tasks[lane];
  return t ? `${store.isThread(lane) ? '↳ ' : ''}${show(t.comm)} ${t.tid}` : '';
}

/** The word behind these is theirs. */
const TAKES =
  /^(-[oILDTUx]|-MF|-MT|-MQ|-dumpbase|-dumpdir|-plugin|-include|-isystem|-imultiarch|-dynamic-linker|-soname|-rpath|-z|-m)$/;
/** As gcc and mktemp name what is gone afterwards. */
const MADE_UP = /^\/tmp\/(cc|tmp)/;
const baseOf = (word: string) => word.slice(word.replace(/\/+$/, '').lastIndexOf('/') + 1);

/** A script's command: the first word that is no `VAR=x`. */
function commandIn(script: string): string {
  const word = script.trim().replace(/^(?:\w+=(?:"[^"]*"|'[^']*'|[^\s;&|]*)\s+)+/, '');
  return word === script.trim() ? script : word;
}

/**
 * What a program works on, of its arguments: a file's name, else the first that is no option; where that is a made-up
 * one, or objects of a linker, what it makes. `cc1 -quiet a/slow.c` has slow.c, `as -o a.o /tmp/cc1.s` a.o.
 */
export function argumentOf(argv: readonly string[]): string {
  const words = argv.slice(1),
    made = words[words.indexOf('-o') + 1] ?? '',
    free = words.filter((w, k) => w && w[0] !== '-' && !TAKES.test(words[k - 1] ?? '')),
    file = free.find(w => /\.[A-Za-z]\w{0,5}$/.test(w)) ?? free.find(w => w.includes('/')),
    word = file ?? free[0] ?? '',
    links = /^(collect2|(.*-)?ld(\.\w+)?)$/.test(baseOf(argv[0] ?? ''));
  if (words.includes('-o') && made && !MADE_UP.test(made) && (links || MADE_UP.test(word)))
    return baseOf(made);
  if (words[0] === '-c') return commandIn(word);
  return /\s/.test(word) ? word : baseOf(word);
}

/** A process that named a path or worked on a description of it: how often, and its first event. */
export interface Touch {
  lane: number;
  n: number;
  first: number;
}
export function touched(store: Store, name: number): Touch[] {
  const by = new Map<number, Touch>(),
    { obj, file, files, lane, tasks } = store;
  for (let i = 0; i < store.cold; i++) {
    if (obj[i] !== name && (!file[i] || files.name[file[i]] !== name)) continue;
    const p = tasks[lane[i]].proc,
      t = by.get(p);
    if (t) t.n++;
    else by.set(p, { lane: p, n: 1, first: i });
  }
  return [...by.values()].sort((a, b) => b.n - a.n);
}
