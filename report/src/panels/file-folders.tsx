// SPDX-License-Identifier: MIT
// Files as a tree of folders, each with the sums of what is in it.
import { useMemo, useState } from 'preact/hooks';
import type { FileRow } from '../engine/file-stats';
import { count } from '../engine/human';
import type { Store } from '../engine/store';
import { show } from '../format/text';
import { figures, Grid, type GridColumn } from '../ui/grid';
import { whyEmpty } from '../ui/empty';
import type { State } from '../ui/state';
import { bytesOr, countOr, durOr, failures } from './common';
import { menuFor, toEvents } from './path';

interface Folder {
  path: string;
  name: string;
  depth: number;
  files: number;
  opens: number;
  failed: number;
  bad: number;
  read: number;
  written: number;
  time: number;
  children: Map<string, Folder>;
  leaf: boolean;
}

const NAMELESS = 'pipes, sockets and other things without a path';

const make = (path: string, name: string, depth: number): Folder => ({
  path,
  name,
  depth,
  files: 0,
  opens: 0,
  failed: 0,
  bad: 0,
  read: 0,
  written: 0,
  time: 0,
  children: new Map(),
  leaf: true,
});
function add(n: Folder, r: FileRow): void {
  n.files++;
  n.opens += r.opens;
  n.failed += r.failed;
  n.bad += r.bad;
  n.read += r.read;
  n.written += r.written;
  n.time += r.time;
}
/** The folder or file of that name in another, made when it is the first there. */
function child(of: Folder, name: string, path: string): Folder {
  let n = of.children.get(name);
  if (!n) {
    n = make(path, name, of.depth + 1);
    of.children.set(name, n);
    of.leaf = false;
  }
  return n;
}

function treeOf(store: Store, rows: FileRow[]): Folder {
  const top = make('', '', -1);
  for (const r of rows) {
    const path = store.strings.get(r.name),
      named = path[0] === '/',
      first = named ? '/' : NAMELESS,
      parts = named ? path.split('/').filter(Boolean) : [path];
    let node = child(top, first, first),
      prefix = named ? '/' : '';
    add(top, r);
    add(node, r);
    // It has something in it, if only the root itself.
    node.leaf = false;
    for (const part of parts.slice(0, 64)) {
      const at = prefix + part;
      node = child(node, part, at);
      add(node, r);
      prefix = at + '/';
    }
  }
  return top;
}

/** What is open of the tree, as a list. */
function listOf(root: Folder, open: Set<string>): Folder[] {
  const out: Folder[] = [];
  const walk = (n: Folder) => {
    for (const c of [...n.children.values()].sort((a, b) => b.time - a.time)) {
      out.push(c);
      if (open.has(c.path)) walk(c);
    }
  };
  walk(root);
  return out;
}

function columnsOf(open: Set<string>, toggle: (f: Folder) => void): GridColumn<Folder>[] {
  return [
    {
      id: 'name',
      title: 'Folder',
      width: 'minmax(240px, 1fr)',
      value: f => f.path,
      render: f => <Name f={f} open={open.has(f.path)} toggle={() => toggle(f)} />,
    },
    figures('files', 'Paths', 76, f => f.files, undefined, {
      render: f => (f.leaf ? '' : count(f.files)),
    }),
    figures('opens', 'Opens', 76, f => f.opens, countOr),
    failures(76, f => f),
    figures('read', 'Read', 90, f => f.read, bytesOr),
    figures('written', 'Written', 90, f => f.written, bytesOr),
    figures('time', 'Time', 90, f => f.time, durOr),
  ];
}

function Name({ f, open, toggle }: { f: Folder; open: boolean; toggle: () => void }) {
  return (
    <span class="path" style={{ paddingLeft: f.depth * 16 + 'px' }}>
      {f.leaf ? (
        <span class="twist" />
      ) : (
        <button
          type="button"
          class="twist"
          aria-expanded={open}
          aria-label={`${open ? 'Close' : 'Open'} ${show(f.path)}`}
          tabIndex={-1}
          onClick={e => {
            e.stopPropagation();
            toggle();
          }}
        >
          {open ? '▾' : '▸'}
        </button>
      )}
      <span class={f.leaf ? '' : 'folder'}>
        {show(f.name)}
        {f.leaf || f.path === '/' || f.path === NAMELESS ? '' : '/'}
      </span>
    </span>
  );
}

export function Folders({ s, rows }: { s: State; rows: FileRow[] }) {
  const [open, setOpen] = useState<Set<string>>(new Set(['/'])),
    [at, select] = useState<Folder | null>(null);
  const root = useMemo(() => treeOf(s.store, rows), [rows]);
  const list = useMemo(() => listOf(root, open), [root, open]);
  const toggle = (f: Folder) =>
    setOpen(o => {
      const n = new Set(o);
      if (!n.delete(f.path)) n.add(f.path);
      return n;
    });
  const columns = useMemo(() => columnsOf(open, toggle), [open]);
  return (
    <Grid
      s={s}
      label="Folders"
      rows={list}
      columns={columns}
      selected={at}
      onSelect={select}
      onOpen={f => (f.leaf ? toEvents(s, f.path) : toggle(f))}
      onMenu={(e, f) => menuFor(s, e, f.path)}
      level={f => f.depth + 1}
      empty={whyEmpty(s, 'No file was touched.')}
    />
  );
}
