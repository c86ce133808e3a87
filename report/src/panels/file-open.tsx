// SPDX-License-Identifier: MIT
// Open files (open file descriptions): who opened them, how long they were open, and their I/O.
import { useMemo, useState } from 'preact/hooks';
import { eachRow, type Cancel } from '../engine/scan';
import { count, duration } from '../engine/human';
import { withValue } from '../engine/query';
import { NEVER, type Store } from '../engine/store';
import { show } from '../format/text';
import { figures, Grid, type GridColumn } from '../ui/grid';
import type { Grouping } from '../ui/groups';
import { useScan } from '../ui/hooks';
import { openMenu, valueItems } from '../ui/menu';
import { whyEmpty } from '../ui/empty';
import type { State } from '../ui/state';
import { bytesOr, Waiting } from './common';
import { laneName } from '../engine/neighbours';
import { PathCell } from './path';

interface OpenFile {
  id: number;
  opens: number;
  read: number;
  written: number;
  calls: number;
  first: number;
  last: number;
  time: number;
  types: Set<number>;
  errs: Set<number>;
}
async function openFiles(
  store: Store,
  bits: Uint8Array | null,
  cancelled: Cancel,
): Promise<OpenFile[] | null> {
  const rows = new Map<number, OpenFile>();
  const ok = await eachRow(store, bits, cancelled, i => {
    const f = store.file[i];
    if (!f) return;
    let r = rows.get(f);
    if (!r) {
      r = {
        id: f,
        opens: 0,
        read: 0,
        written: 0,
        calls: 0,
        first: i,
        last: i,
        time: 0,
        types: new Set(),
        errs: new Set(),
      };
      rows.set(f, r);
    }
    r.calls++;
    r.types.add(store.type[i]);
    if (store.failed(i)) r.errs.add(store.err[i]);
    r.last = i;
    r.time += store.dur(i);
    const io = store.types[store.type[i]].io,
      to = rows.get(store.copiedTo(i));
    if (io === 'copy' && to) {
      to.written += store.bytes(i);
      to.last = i;
    }
    if (io === 'in' || io === 'copy') r.read += store.bytes(i);
    else if (io === 'out') r.written += store.bytes(i);
  });
  return ok ? [...rows.values()] : null;
}

const end = ({ files, duration: all }: Store, id: number) =>
  files.close[id] >= NEVER ? all : files.close[id];

function columnsOf(store: Store): GridColumn<OpenFile>[] {
  const { files } = store,
    life = (r: OpenFile) => end(store, r.id) - files.open[r.id];
  return [
    {
      id: 'name',
      title: 'File',
      width: 'minmax(220px, 1fr)',
      value: r => store.fileName(r.id),
      render: r => <PathCell text={store.fileName(r.id)} />,
    },
    {
      id: 'kind',
      drop: 7,
      title: 'Kind',
      width: '70px',
      value: r => store.fileKind(r.id),
      cls: () => 'dim',
    },
    {
      id: 'lane',
      title: 'Opened by',
      width: '130px',
      value: r => laneName(store, files.lane[r.id]) || 'before tracing',
    },
    figures('life', 'Open for', 84, life, duration),
    figures('calls', 'Calls', 66, r => r.calls, count),
    figures('read', 'Read', 82, r => r.read, bytesOr),
    figures('written', 'Written', 82, r => r.written, bytesOr),
    {
      id: 'span',
      picture: true,
      title: 'Open → close, with its I/O',
      width: 'minmax(160px, 0.8fr)',
      value: r => files.open[r.id],
      render: r => <Life store={store} r={r} />,
    },
  ];
}

/** From open to close, and in it from the first call to the last. */
function Life({ store, r }: { store: Store; r: OpenFile }) {
  const { files, duration: all } = store,
    open = files.open[r.id],
    close = end(store, r.id),
    [from, to] = [store.start[r.first], store.end(r.last)],
    left = (t: number) => (100 * t) / all + '%',
    width = (a: number, b: number) => Math.max(0.3, (100 * (b - a)) / all) + '%',
    until = files.close[r.id] >= NEVER ? 'never closed' : duration(close);
  return (
    <span class="span" title={`${duration(open)} → ${until}`}>
      <i class="life" style={{ left: left(open), width: width(open, close) }} />
      <i style={{ left: left(from), width: width(from, to), background: 'var(--cat-file)' }} />
    </span>
  );
}

export function OpenFiles({ s, by }: { s: State; by: Grouping<never> | null }) {
  const rows = useScan(s, openFiles),
    [at, select] = useState<OpenFile | null>(null),
    { store } = s,
    columns = useMemo(() => columnsOf(store), [store]);
  if (!rows) return <Waiting s={s} what="open files" />;
  const go = (r: OpenFile) => {
    s.filter.value = withValue(s.filter.value, 'file', String(r.id), 'only');
    s.tab.value = 'timeline';
  };
  return (
    <Grid
      s={s}
      by={by as Grouping<OpenFile> | null}
      label="Open files"
      rows={rows}
      columns={columns}
      sort={{ id: 'span', down: false }}
      selected={at}
      onSelect={select}
      onOpen={go}
      onMenu={(e, r) =>
        openMenu(e, show(store.fileName(r.id)), [
          { label: 'Show its events', run: () => go(r) },
          ...valueItems(s, 'path', store.fileName(r.id), 'this path'),
        ])
      }
      empty={whyEmpty(s, 'No file was open.')}
    />
  );
}
