// SPDX-License-Identifier: MIT
// The columns of the table of connections.
import type { ConnRow } from '../engine/conn-stats';
import { duration } from '../engine/human';
import { NEVER, type Store } from '../engine/store';
import { show } from '../format/text';
import { figures, type GridColumn } from '../ui/grid';
import { bytesOr, countOr, durOr, Span } from './common';
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

export function connectionColumns(store: Store): GridColumn<ConnRow>[] {
  const end = (r: ConnRow) => (r.close >= NEVER || r.close === 0 ? store.duration : r.close),
    life = (r: ConnRow) => end(r) - r.open;
  return [
    { id: 'kind', title: 'Kind', width: '98px', value: r => r.kind },
    {
      id: 'state',
      title: 'State',
      width: '138px',
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
      width: 'minmax(205px, 1fr)',
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
      width: '160px',
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
      drop: 6,
      hint: 'time that was waited for it, in receive, connect, poll, select and epoll, too',
    }),
    figures('first', 'First byte', 82, r => r.firstByte, durOr, {
      drop: 8,
      hint: 'from what was sent first until the first bytes came',
    }),
    figures('calls', 'Calls', 66, r => r.calls, countOr, { drop: 8 }),
    {
      id: 'span',
      title: 'Lifetime',
      width: 'minmax(90px, 0.5fr)',
      value: r => r.open,
      render: r => (
        <Span
          from={r.open}
          to={end(r)}
          of={store.duration}
          colour={r.state === 'failed' ? 'var(--bad)' : 'var(--cat-network)'}
        />
      ),
    },
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
