// SPDX-License-Identifier: MIT
// Ways to put rows of the tables together: by peer, folder, process, error, call and others.
import type { ConnRow } from '../engine/conn-stats';
import { howEnded } from '../engine/endings';
import type { FileRow } from '../engine/file-stats';
import { peersOf } from '../engine/peers';
import { roleOf } from '../engine/roles';
import type { Store } from '../engine/store';
import { CALL_PARTS, type CallRow } from '../engine/call-groups';
import { EVENT_GROUPS } from '../engine/event-groups';
import { laneName } from '../engine/neighbours';
import type { Grouping } from '../ui/groups';
import type { ProcessRow } from './process-rows';
import type { Served } from './served';

/** The folder that a path is in; what has no path has none. */
export function folderOf(path: string): string {
  if (path[0] !== '/') return '';
  return path.slice(0, path.lastIndexOf('/') + 1) || '/';
}
const each = (list: Iterable<number>, name: (k: number) => string): string[] => {
  const out = [...new Set(Array.from(list, name))];
  return out.length ? out : [''];
};
const errorNames = (store: Store, list: Iterable<number>) =>
  each(list, e => store.errName[e] ?? String(e));

const callNames = (store: Store, list: Iterable<number>) => each(list, t => store.types[t].name);
const peerNames = (store: Store, list: Iterable<number>) =>
  each(list, n => peersOf(store).names[n]);

export function pathGroupings(store: Store): Grouping<FileRow>[] {
  const path = (r: FileRow) => store.strings.get(r.name);
  return [
    { id: 'folder', title: 'folder', of: r => folderOf(path(r)) },
    { id: 'role', title: 'role', of: r => fileRole(store, r) },
    { id: 'process', title: 'process', of: r => each(r.lanes, l => laneName(store, l)) },
    { id: 'error', title: 'error', of: r => errorNames(store, r.errs) },
    { id: 'call', title: 'call', of: r => callNames(store, r.types) },
  ];
}
/** A program that was only looked for is a step of a search along PATH. */
export function fileRole(store: Store, r: FileRow): string {
  const role = roleOf(store.strings.get(r.name));
  return role === 'program' && r.failed > 0 && !r.opens && r.failed === r.calls
    ? 'PATH search'
    : role;
}

interface OpenRow {
  id: number;
  types: Set<number>;
  errs: Set<number>;
}
export function openGroupings(store: Store): Grouping<OpenRow>[] {
  const { files } = store,
    peers = peersOf(store).byFile();
  return [
    { id: 'peer', title: 'peer', of: r => peerNames(store, peers.get(r.id) ?? []) },
    { id: 'folder', title: 'folder', of: r => folderOf(store.fileName(r.id)) },
    { id: 'role', title: 'role', of: r => roleOf(store.fileName(r.id)) },
    { id: 'kind', title: 'kind', of: r => store.fileKind(r.id) },
    {
      id: 'process',
      title: 'process',
      of: r => laneName(store, files.lane[r.id]) || 'before tracing',
    },
    { id: 'error', title: 'error', of: r => errorNames(store, r.errs) },
    { id: 'call', title: 'call', of: r => callNames(store, r.types) },
  ];
}

interface SearchRow {
  kind: string;
  found: string;
  lanes: Set<number>;
  types: Set<number>;
  errs: Set<number>;
}
export function searchGroupings(store: Store): Grouping<SearchRow>[] {
  return [
    { id: 'kind', title: 'kind of search', of: r => r.kind },
    { id: 'folder', title: 'folder found in', of: r => folderOf(r.found) },
    { id: 'process', title: 'process', of: r => each(r.lanes, l => laneName(store, l)) },
    { id: 'error', title: 'error', of: r => errorNames(store, r.errs) },
    { id: 'call', title: 'call', of: r => callNames(store, r.types) },
  ];
}

export function connGroupings(store: Store): Grouping<ConnRow>[] {
  return [
    { id: 'peer', title: 'peer', of: r => peersOf(store).name(r) },
    { id: 'folder', title: 'folder', of: r => folderOf(r.peer) || folderOf(r.local) },
    { id: 'process', title: 'process', of: r => laneName(store, r.lane) || 'before tracing' },
    { id: 'error', title: 'error', of: r => (r.err ? (store.errName[r.err] ?? '') : '') },
    { id: 'state', title: 'state', of: r => r.state },
    { id: 'call', title: 'call', of: r => callNames(store, r.types) },
  ];
}

/** Servers: each with those of its connections. */
export function servedGroupings(store: Store): Grouping<Served>[] {
  const peers = peersOf(store);
  return [
    { id: 'peer', title: 'peer', of: r => [...new Set(r.conns.map(c => peers.name(c)))] },
    { id: 'process', title: 'process', of: r => laneName(store, r.lane) },
    { id: 'error', title: 'error', of: r => errorNames(store, r.errs) },
    { id: 'call', title: 'call', of: r => callNames(store, r.types) },
  ];
}

export function processGroupings(store: Store): Grouping<ProcessRow>[] {
  const peers = peersOf(store).byProcess(),
    task = (r: ProcessRow) => store.tasks[r.lane],
    last = (r: ProcessRow) => {
      const { execs } = store.tasks[task(r).proc] ?? task(r);
      return execs[execs.length - 1];
    };
  return [
    { id: 'process', title: 'program', of: r => last(r)?.exe.split('/').pop() ?? task(r).comm },
    { id: 'parent', title: 'parent', of: r => laneName(store, task(r).parent) },
    { id: 'folder', title: 'folder', of: r => last(r)?.cwd ?? '' },
    { id: 'ended', title: 'how it ended', of: r => howEnded(store.tasks[r.lane]) },
    { id: 'peer', title: 'peer', of: r => peerNames(store, peers.get(task(r).proc) ?? []) },
    { id: 'error', title: 'error', of: r => errorNames(store, r.errs) },
    { id: 'call', title: 'call', of: r => callNames(store, r.types) },
  ];
}

/** Rows of calls: whole, or apart by what `part` says (engine/call-groups.ts). */
export function callGroupings(store: Store): (Grouping<CallRow> & { part?: string })[] {
  return [
    { id: 'call', title: 'category', of: r => store.meta.categories[store.types[r.type].cat] },
    { id: 'op', title: 'what it does', of: r => store.ops[r.type] },
    ...CALL_PARTS.map(part => ({
      id: part,
      title: EVENT_GROUPS[part].title,
      of: (r: CallRow) => r.part ?? '',
      part,
    })),
  ];
}
