// SPDX-License-Identifier: MIT
// Events put together: by peer, folder, path, process, error, call, category, role of the file.
import { fileAbout } from './neighbours';
import { noiseClasses } from './noise';
import { peersOf } from './peers';
import { term } from './rules/rule';
import { roleOf } from './roles';
import { eachRow, type Cancel } from './scan';
import type { Store } from './store';

export interface EventGroup {
  key: string;
  /** Terms of a filter that leave these events; empty where no filter says it. */
  filter: string;
  count: number;
  failed: number;
  bad: number;
  time: number;
  longest: number;
  bytes: number;
}

export interface By {
  title: string;
  /** Events of one number have one key. */
  number: (store: Store) => (i: number) => number;
  key: (store: Store, number: number) => string;
  filter: (store: Store, key: string, number: number) => string;
}
const text = (store: Store, id: number) => store.strings.get(id);

/** The open file's name, or what the event is about. */
const nameOf =
  ({ file, files, obj }: Store) =>
  (i: number) =>
    (file[i] && files.name[file[i]]) || obj[i];

function isSocket(store: Store): (i: number) => boolean {
  const socket = store.meta.file_kinds.indexOf('socket'),
    { files, type } = store,
    network = Uint8Array.from(store.ops, o =>
      /^(connect|connected|accept|send|recv|bind|dns)$/.test(o) ? 1 : 0,
    );
  return i => network[type[i]] === 1 || files.kind[fileAbout(store, i)] === socket;
}
function folder(path: string): string {
  return path[0] === '/' ? path.slice(0, path.lastIndexOf('/')) || '/' : '';
}

export const EVENT_GROUPS: Record<string, By> = {
  peer: {
    title: 'peer',
    number: store => {
      const socket = isSocket(store),
        peers = peersOf(store);
      return i => (socket(i) ? peers.ofEvent(i) : 0);
    },
    key: (store, n) => peersOf(store).names[n],
    filter: (store, _, n) => peersOf(store).filter(n),
  },
  folder: {
    title: 'folder',
    number: nameOf,
    key: (store, id) => folder(text(store, id)),
    filter: (_, key) => term('path', key),
  },
  role: {
    title: 'role',
    number: nameOf,
    key: (store, id) => roleOf(text(store, id)),
    filter: (_, key) => term('role', key),
  },
  process: {
    title: 'process',
    number: store => i => store.tasks[store.lane[i]].proc,
    key: ({ tasks }, l) => `${tasks[l].comm} ${tasks[l].pid}`,
    filter: ({ tasks }, _, l) => term('pid', String(tasks[l].pid)),
  },
  error: {
    title: 'error',
    number: store => i => (store.failed(i) ? store.err[i] : 0),
    key: (store, e) => (e ? store.errName[e] : ''),
    filter: (store, _, e) => (e ? term('err', store.errName[e]) : term('err', 'none')),
  },
  call: {
    title: 'call',
    number: store => i => store.type[i],
    key: (store, t) => store.types[t].name,
    filter: (_, key) => term('type', key),
  },
  category: {
    title: 'category',
    number: store => i => store.catOf[store.type[i]],
    key: (store, c) => store.meta.categories[c],
    filter: (_, key) => term('cat', key),
  },
  noise: {
    title: 'noise',
    number: store => i => store.noise[i] ?? 0,
    key: (store, c) => noiseClasses(store.meta)[c][1],
    filter: (store, _, c) => term('noise', noiseClasses(store.meta)[c][0]),
  },
};

/** The key of the group that an event is in. */
export function groupKey(store: Store, by: string, i: number): string {
  const { number, key } = EVENT_GROUPS[by];
  return key(store, number(store)(i));
}

const blank = (key: string, filter: string): EventGroup => ({
  key,
  filter,
  count: 0,
  failed: 0,
  bad: 0,
  time: 0,
  longest: 0,
  bytes: 0,
});

type Scan = (
  store: Store,
  bits: Uint8Array | null,
  cancelled: Cancel,
) => Promise<EventGroup[] | null>;

function scan(by: By): Scan {
  return async (store, bits, cancelled) => {
    const number = by.number(store),
      byNumber = new Map<number, EventGroup>(),
      byKey = new Map<string, EventGroup>(),
      { type, err, isError, isBad, layerOf } = store,
      io = Uint8Array.from(store.types, t => (t.io ? 1 : 0));
    const groupOf = (n: number): EventGroup => {
      const key = by.key(store, n);
      let g = byKey.get(key);
      if (!g) {
        g = blank(key, key ? by.filter(store, key, n) : '');
        byKey.set(key, g);
      }
      byNumber.set(n, g);
      return g;
    };
    const ok = await eachRow(store, bits, cancelled, i => {
      const n = number(i),
        g = byNumber.get(n) ?? groupOf(n);
      g.count++;
      g.failed += isError[err[i]];
      g.bad += isBad[err[i]];
      if (io[type[i]]) g.bytes += store.bytes(i);
      if (layerOf[type[i]]) return;
      const d = store.dur(i);
      g.time += d;
      if (d > g.longest) g.longest = d;
    });
    return ok ? [...byKey.values()] : null;
  };
}

/** For useScan, which knows a scan by its function. */
export const GROUP_SCANS: Record<string, Scan> = Object.fromEntries(
  Object.entries(EVENT_GROUPS).map(([id, by]) => [id, scan(by)]),
);
