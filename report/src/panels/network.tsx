// SPDX-License-Identifier: MIT
// Network: one row a connection, failures first, with the process at the other end where both were traced.
import { useMemo, useState } from 'preact/hooks';
import { connStats, type ConnRow } from '../engine/conn-stats';
import { bytes, plural } from '../engine/human';
import { withValue } from '../engine/query';
import { show } from '../format/text';
import { Grid } from '../ui/grid';
import { GroupBy, useGrouping, type Grouping } from '../ui/groups';
import { useScan } from '../ui/hooks';
import { openMenu, valueItems, type MenuItem } from '../ui/menu';
import { whyEmpty } from '../ui/empty';
import type { State } from '../ui/state';
import { Segments, Waiting } from './common';
import { connectionColumns, ORDER, PHASES } from './connection-columns';
import { connGroupings, servedGroupings } from './groupings';
import { Servers } from './served';
import { PhaseLegend } from './waterfall';

const LOCAL = new Set(['unix', 'unix-dgram', 'pipe', 'netlink']);
/** Failures first, those over the network before local ones. */
const rank = (r: ConnRow) => {
  const k = ORDER.indexOf(r.state);
  if (r.err) return LOCAL.has(r.kind) ? -1 : -2;
  return k < 0 ? 99 : k + (LOCAL.has(r.kind) ? 20 : 0);
};

const MODES: Record<string, { title: string; has: (r: ConnRow) => boolean }> = {
  all: { title: 'All', has: () => true },
  remote: { title: 'Connections', has: r => !LOCAL.has(r.kind) && r.state !== 'listening' },
  listen: { title: 'Listening', has: r => r.state === 'listening' },
  local: { title: 'Unix and pipes', has: r => LOCAL.has(r.kind) },
  failed: { title: 'Failed', has: r => r.state === 'failed' || r.err > 0 },
  served: { title: 'Latency', has: r => r.state === 'accepted' },
};

function listed(all: ConnRow[] | null, mode: string): ConnRow[] {
  return (all ?? [])
    .filter(MODES[mode].has)
    .map((r, i) => ({ r, i }))
    .sort((a, b) => rank(a.r) - rank(b.r) || a.r.open - b.r.open || a.i - b.i)
    .map(x => x.r);
}

function InAll({ all }: { all: ConnRow[] }) {
  const sum = (list: ConnRow[], f: (r: ConnRow) => number) => list.reduce((a, r) => a + f(r), 0),
    isGram = (r: ConnRow) => r.kind.startsWith('udp') || r.kind === 'packet',
    remote = all.filter(r => !LOCAL.has(r.kind)),
    local = all.length - remote.length,
    streams = remote.filter(r => !isGram(r)),
    made = streams.filter(r => r.state === 'connected' || r.state === 'accepted').length,
    failed = streams.filter(r => r.state === 'failed').length,
    // As in the summary: with an address, and used.
    grams = remote.filter(r => isGram(r) && r.peer && (r.sent || r.received)).length;
  return (
    <span class="dim">
      {plural(made, 'connection')}
      {failed > 0 && `, ${failed} failed`}
      {grams > 0 && ` · ${plural(grams, 'datagram peer')}`}
      {' · '}
      {bytes(sum(remote, r => r.sent))}
      {' sent · '}
      {bytes(sum(remote, r => r.received))}
      {' received'}
      {local > 0 && ` · ${plural(local, 'local socket or pipe', 'local sockets and pipes')}`}
    </span>
  );
}

export function Network({ s }: { s: State }) {
  const all = useScan(s, connStats),
    [mode, setMode] = useState('all'),
    [form, setForm] = useState('table'),
    [at, select] = useState<ConnRow | null>(null),
    { store } = s,
    served = mode === 'served';
  const rows = useMemo(() => listed(all, mode), [all, mode]);
  const columns = useMemo(
    () => connectionColumns(store, rows, form === 'waterfall'),
    [store, rows, form],
  );
  const { by, select: choice } = useGrouping<Grouping<never>>(
    useMemo(() => (served ? servedGroupings(store) : connGroupings(store)), [store, served]),
  );
  const toFile = (file: number) => {
    s.filter.value = withValue(s.filter.value, 'file', String(file), 'only');
    s.tab.value = 'timeline';
  };
  const items = (r: ConnRow): MenuItem[] => [
    { label: 'Show its events', run: () => toFile(r.file) },
    ...(r.peer ? valueItems(s, 'path', r.peer, 'this peer') : []),
    ...(r.peerFile ? [{ label: 'Show the other end', run: () => toFile(r.peerFile) }] : []),
  ];
  return (
    <section class="tab" aria-label="Network">
      <div class="tab-bar">
        <Segments
          label="What to list"
          value={mode}
          onChange={setMode}
          options={Object.entries(MODES).map(([k, { title }]) => [k, title])}
        />
        <Segments
          label="Form"
          value={form}
          onChange={setForm}
          options={[
            ['table', 'Table'],
            ['waterfall', 'Waterfall'],
          ]}
        />
        <GroupBy {...choice} />
        {all && <InAll all={all} />}
        <PhaseLegend list={PHASES} />
      </div>
      {!all ? (
        <Waiting s={s} what="connections" />
      ) : served ? (
        <Servers s={s} all={all} by={by} />
      ) : (
        <Grid
          key={form}
          s={s}
          label="Connections"
          by={by as Grouping<ConnRow> | null}
          rows={rows}
          columns={columns}
          selected={at}
          onSelect={select}
          onOpen={r => toFile(r.file)}
          rowClass={r => (r.state === 'failed' ? 'failed' : '')}
          onMenu={(e, r) => openMenu(e, show(r.peer || r.local), items(r))}
          empty={
            all.length
              ? `None of this kind; ${plural(all.length, 'row')} of other kinds.`
              : whyEmpty(s, 'No connection was made.')
          }
        />
      )}
    </section>
  );
}
