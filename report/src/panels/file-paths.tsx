// SPDX-License-Identifier: MIT
// One row a path: all, what was read, or what was looked for in vain.
import { useMemo, useState } from 'preact/hooks';
import type { FileRow } from '../engine/file-stats';
import { instant } from '../engine/human';
import { laneName } from '../engine/neighbours';
import type { Store } from '../engine/store';
import { figures, Grid, type GridColumn } from '../ui/grid';
import type { Grouping } from '../ui/groups';
import { valueItems } from '../ui/menu';
import { whyEmpty } from '../ui/empty';
import type { State } from '../ui/state';
import { bytesOr, countOr, durOr, failures } from './common';
import { fileRole } from './groupings';
import { menuFor, PathCell, toEvents } from './path';

type Column = GridColumn<FileRow>;

/** Which paths a list has, its columns besides the path, what it is sorted by, and what it says when it is empty. */
interface List {
  has: (r: FileRow) => boolean;
  columns: string[];
  sort: string;
  none: string;
}
export const LISTS: Record<string, List> = {
  paths: {
    has: () => true,
    columns: 'role kind opens failed reads read writes written time procs'.split(' '),
    sort: 'time',
    none: 'No file was touched.',
  },
  read: {
    has: r => r.read > 0,
    columns: 'role kind first who reads read time procs'.split(' '),
    sort: 'read',
    none: 'Nothing was read.',
  },
  vain: {
    has: r => r.failed > 0 && r.failed === r.calls,
    columns: 'role errors first who failed time procs'.split(' '),
    sort: 'failed',
    none: 'Nothing was looked for in vain.',
  },
};

function columnsOf(store: Store, list: List): Column[] {
  const who = (r: FileRow) => laneName(store, store.lane[r.first]),
    all: Column[] = [
      { id: 'role', drop: 6, title: 'Role', width: '104px', value: r => fileRole(store, r) },
      { id: 'kind', drop: 7, title: 'Kind', width: '70px', value: r => r.kind, cls: () => 'dim' },
      {
        id: 'errors',
        title: 'Error',
        width: '96px',
        value: r => [...r.errs].map(e => store.errName[e] ?? e).join(', '),
        cls: r => (r.bad ? 'bad' : 'dim'),
      },
      figures(
        'first',
        'First at (s)',
        92,
        r => store.start[r.first],
        t => instant(t, 6),
        {
          drop: 8,
          sum: false,
        },
      ),
      { id: 'who', drop: 4, title: 'First by', width: '130px', value: who },
      figures('opens', 'Opens', 70, r => r.opens, countOr),
      failures(70, r => r),
      figures('reads', 'Reads', 76, r => r.reads, countOr, { drop: 8 }),
      figures('read', 'Read', 84, r => r.read, bytesOr),
      figures('writes', 'Writes', 76, r => r.writes, countOr, { drop: 9 }),
      figures('written', 'Written', 84, r => r.written, bytesOr),
      figures('time', 'Time', 84, r => r.time, durOr),
      figures('procs', 'Processes', 82, r => r.procs, undefined, { drop: 3, sum: false }),
    ];
  return [
    {
      id: 'path',
      title: 'Path',
      width: 'minmax(240px, 1fr)',
      value: r => store.strings.get(r.name),
      render: r => <PathCell text={store.strings.get(r.name)} was={store.strings.get(r.was)} />,
    },
    ...list.columns.map(id => all.find(c => c.id === id)!),
  ];
}

export function Paths({
  s,
  rows,
  mode,
  by,
}: {
  s: State;
  rows: FileRow[];
  mode: string;
  by: Grouping<never> | null;
}) {
  const [at, select] = useState<FileRow | null>(null),
    { store } = s,
    list = LISTS[mode],
    shown = useMemo(() => rows.filter(list.has), [rows, list]),
    columns = useMemo(() => columnsOf(store, list), [store, list]);
  const open = (r: FileRow) => toEvents(s, store.strings.get(r.name), store.strings.get(r.was));
  return (
    <Grid
      key={mode}
      s={s}
      label="Paths"
      rows={shown}
      columns={columns}
      sort={{ id: list.sort, down: true }}
      by={by as Grouping<FileRow> | null}
      selected={at}
      onSelect={select}
      onOpen={open}
      onMenu={(e, r) => {
        const role = fileRole(store, r),
          word = role === 'PATH search' ? 'program' : role;
        menuFor(
          s,
          e,
          store.strings.get(r.name),
          store.strings.get(r.was),
          valueItems(s, 'role', word, `role ${word}`),
        );
      }}
      rowClass={r => (r.bad && !r.opens ? 'failed' : '')}
      empty={whyEmpty(s, list.none)}
    />
  );
}
