// SPDX-License-Identifier: MIT
// One row a path.
import { useMemo, useState } from 'preact/hooks';
import type { FileRow } from '../engine/file-stats';
import type { Store } from '../engine/store';
import { figures, Grid, type GridColumn } from '../ui/grid';
import { whyEmpty } from '../ui/empty';
import type { State } from '../ui/state';
import { bytesOr, countOr, durOr } from './common';
import { menuFor, PathCell, toEvents } from './path';

function columnsOf(store: Store): GridColumn<FileRow>[] {
  return [
    {
      id: 'path',
      title: 'Path',
      width: 'minmax(240px, 1fr)',
      value: r => store.strings.get(r.name),
      render: r => <PathCell text={store.strings.get(r.name)} was={store.strings.get(r.was)} />,
    },
    { id: 'kind', drop: 7, title: 'Kind', width: '70px', value: r => r.kind, cls: () => 'dim' },
    figures('opens', 'Opens', 70, r => r.opens, countOr),
    figures('failed', 'Failed', 70, r => r.failed, countOr, {
      cls: r => (r.bad ? 'bad' : ''),
    }),
    figures('reads', 'Reads', 76, r => r.reads, countOr, { drop: 8 }),
    figures('read', 'Read', 84, r => r.read, bytesOr),
    figures('writes', 'Writes', 76, r => r.writes, countOr, { drop: 9 }),
    figures('written', 'Written', 84, r => r.written, bytesOr),
    figures('time', 'Time', 84, r => r.time, durOr),
    figures('procs', 'Processes', 82, r => r.procs, undefined, { drop: 3 }),
  ];
}

export function Paths({ s, rows }: { s: State; rows: FileRow[] }) {
  const [at, select] = useState<FileRow | null>(null),
    { store } = s,
    columns = useMemo(() => columnsOf(store), [store]);
  return (
    <Grid
      label="Paths"
      rows={rows}
      columns={columns}
      sort={{ id: 'time', down: true }}
      selected={at}
      onSelect={select}
      onOpen={r => toEvents(s, store.strings.get(r.name), store.strings.get(r.was))}
      onMenu={(e, r) => menuFor(s, e, store.strings.get(r.name), store.strings.get(r.was))}
      rowClass={r => (r.failed && !r.opens ? 'failed' : '')}
      empty={whyEmpty(s, 'No file was touched.')}
    />
  );
}
