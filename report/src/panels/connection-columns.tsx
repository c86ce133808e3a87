// SPDX-License-Identifier: MIT
// The columns of the table of connections.
import type { ConnRow } from '../engine/conn-stats';
import { isTls } from '../engine/conn-phases';
import { duration } from '../engine/human';
import { NEVER, type Store } from '../engine/store';
import { show } from '../format/text';
import { figures, type GridColumn } from '../ui/grid';
import { bytesOr, countOr, durOr } from './common';
import { barColumn, extentOf, part, type Part } from './waterfall';
import { laneName } from '../engine/neighbours';

/** States as they are sorted: failures first. */
export const ORDER = [
  'failed',
  'connecting',
  'connected',
  'accepted',
  'listening',
  'bound',
  'unconnected',
  '',
];

const endOf = (store: Store, r: ConnRow) =>
  r.close >= NEVER || r.close === 0 ? store.duration : r.close;

export const PHASES: [string, string][] = [
  ['connect', 'connect'],
  ['tls', 'TLS'],
  ['first', 'first byte'],
  ['transfer', 'transfer'],
  ['idle', 'idle'],
];

/** What its life is made of; idle is under all. */
export function partsOf(store: Store, r: ConnRow): Part[] {
  const { phases: p } = r,
    end = endOf(store, r),
    tls = isTls(r.kind, r.state, r.local, r.peer),
    served = r.state === 'accepted',
    [connect, shake] = [p.connect(r.connect), p.tls(tls)],
    first = served && !shake ? p.reply() : p.firstByte(tls),
    whose = served ? 'Answered after' : 'First byte after';
  // What failed ends there; its socket may be open for long after that.
  const out = [part(r.state === 'failed' && !connect ? 'failed' : 'idle', 'Open', r.open, end)];
  for (const b of p.bursts) out.push(part('transfer', 'Transfer', b.from, b.to));
  if (first) out.push(part('first', whose, first.from, first.to));
  if (shake) out.push(part('tls', 'TLS, by its port:', shake.from, shake.to));
  if (connect) out.push(part(r.err ? 'failed' : 'connect', 'Connect', connect.from, connect.to));
  return out;
}

/** The narrow form: who, and the bars. */
const WATERFALL = new Set(['peer', 'lane', 'first', 'life', 'span']);

export function connectionColumns(
  store: Store,
  rows: readonly ConnRow[],
  waterfall: boolean,
): GridColumn<ConnRow>[] {
  const list = allColumns(store, rows);
  return waterfall
    ? list
        .filter(c => WATERFALL.has(c.id))
        .map(c => (c.id === 'span' ? { ...c, width: 'minmax(320px, 2.4fr)' } : c))
    : list;
}

function allColumns(store: Store, rows: readonly ConnRow[]): GridColumn<ConnRow>[] {
  const life = (r: ConnRow) => endOf(store, r) - r.open,
    extent = extentOf(
      rows,
      r => r.open,
      r => endOf(store, r),
      store.duration,
    );
  return [
    { id: 'kind', drop: 2, title: 'Kind', width: 'minmax(64px, 98px)', value: r => r.kind },
    {
      id: 'state',
      title: 'State',
      width: 'minmax(96px, 138px)',
      value: r => ORDER.indexOf(r.state),
      render: r => (
        <span class={'state state-' + (r.err ? 'failed' : r.state || 'none')}>
          {r.err ? (store.errName[r.err] ?? r.err) : r.state}
        </span>
      ),
    },
    {
      id: 'peer',
      title: 'Peer',
      width: 'minmax(170px, 1fr)',
      value: r => r.peer,
      render: r => <Peer store={store} r={r} />,
    },
    {
      id: 'local',
      drop: 9,
      title: 'Local',
      width: 'minmax(120px, 0.5fr)',
      value: r => r.local,
      render: r => (
        <span class="path mono dim" title={show(r.local)}>
          {show(r.local)}
        </span>
      ),
    },
    {
      id: 'lane',
      title: 'Process',
      width: 'minmax(110px, 160px)',
      value: r => laneName(store, r.lane) || 'before tracing',
    },
    {
      id: 'other',
      drop: 5,
      title: 'Other end',
      width: '160px',
      value: r => laneName(store, r.peerLane),
    },
    figures('sent', 'Sent', 80, r => r.sent, bytesOr),
    figures('received', 'Received', 80, r => r.received, bytesOr),
    figures('connect', 'Connect', 78, r => r.connect, durOr, { drop: 7 }),
    figures('life', 'Open for', 78, life, duration, { drop: 3 }),
    figures('waited', 'Waited', 78, r => r.waited, durOr, {
      drop: 1,
      hint: 'time that was waited for it, in receive, connect, poll, select and epoll, too',
    }),
    figures('first', 'First byte', 82, r => r.firstByte, durOr, {
      drop: 8,
      hint: 'from what was sent first until the first bytes came',
    }),
    figures('calls', 'Calls', 66, r => r.calls, countOr, { drop: 8 }),
    barColumn<ConnRow>(
      'Lifetime',
      extent,
      r => r.open,
      r => partsOf(store, r),
    ),
  ];
}

function Peer({ store, r }: { store: Store; r: ConnRow }) {
  const name = show(store.fileName(r.file));
  return (
    <span class="path mono" title={r.peer ? show(r.peer) : name}>
      {r.state === 'listening' ? (
        <span class="dim">listens on {show(r.local)}</span>
      ) : (
        <>
          {r.host ? <b>{show(r.host)} </b> : ''}
          {r.peer ? show(r.peer) : <span class="dim">{name}</span>}
        </>
      )}
    </span>
  );
}
