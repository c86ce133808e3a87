// SPDX-License-Identifier: MIT
// Network: one row a connection, failures first, with the process at the other end where both were traced.
import { useMemo, useState } from 'preact/hooks';
import { connStats, type ConnRow } from '../engine/aggregate';
import { bytes, duration, plural } from '../engine/human';
import { withValue } from '../engine/query';
import { NEVER } from '../engine/store';
import { show } from '../format/text';
import { Grid, type GridColumn } from '../ui/grid';
import { useScan } from '../ui/hooks';
import { openMenu, valueItems } from '../ui/menu';
import type { State } from '../ui/state';
import { bytesOr, countOr, durOr, Segments, Span, Waiting } from './common';
import { laneName } from './details';

const ORDER = [
  'failed',
  'connecting',
  'connected',
  'accepted',
  'listening',
  'bound',
  'unconnected',
  '',
];

export function Network({ s }: { s: State }) {
  const all = useScan(s, connStats),
    [mode, setMode] = useState('all'),
    [at, select] = useState<ConnRow | null>(null),
    { store } = s;
  const rows = useMemo(() => {
    const list = (all ?? []).filter(
      r =>
        mode === 'all' ||
        (mode === 'listen'
          ? r.state === 'listening'
          : mode === 'local'
            ? LOCAL.has(r.kind)
            : mode === 'failed'
              ? r.state === 'failed' || r.err > 0
              : !LOCAL.has(r.kind) && r.state !== 'listening'),
    );
    return list
      .map((r, i) => ({ r, i }))
      .sort((a, b) => rank(a.r) - rank(b.r) || a.r.open - b.r.open || a.i - b.i)
      .map(x => x.r);
  }, [all, mode]);
  const end = (r: ConnRow) => (r.close >= NEVER || r.close === 0 ? store.duration : r.close);
  const columns = useMemo<GridColumn<ConnRow>[]>(
    () => [
      { id: 'kind', title: 'Kind', width: '84px', value: r => r.kind },
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
        width: 'minmax(170px, 1fr)',
        value: r => r.peer,
        render: r => (
          <span class="path mono" title={show(r.peer || store.fileName(r.file))}>
            {r.state === 'listening' ? (
              <span class="dim">listens on {show(r.local)}</span>
            ) : (
              <>
                {r.host ? <b>{show(r.host)} </b> : ''}
                {r.peer ? show(r.peer) : <span class="dim">{show(store.fileName(r.file))}</span>}
              </>
            )}
          </span>
        ),
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
        width: '130px',
        value: r => laneName(store, r.lane) || 'before tracing',
      },
      {
        id: 'other',
        drop: 5,
        title: 'Other end',
        width: '130px',
        value: r => laneName(store, r.peerLane),
      },
      {
        id: 'sent',
        title: 'Sent',
        width: '80px',
        num: true,
        value: r => r.sent,
        render: r => bytesOr(r.sent),
      },
      {
        id: 'received',
        title: 'Received',
        width: '80px',
        num: true,
        value: r => r.received,
        render: r => bytesOr(r.received),
      },
      {
        id: 'connect',
        drop: 7,
        title: 'Connect',
        width: '78px',
        num: true,
        value: r => r.connect,
        render: r => durOr(r.connect),
      },
      {
        id: 'life',
        drop: 3,
        title: 'Open for',
        width: '78px',
        num: true,
        value: r => end(r) - r.open,
        render: r => duration(end(r) - r.open),
      },
      {
        id: 'waited',
        drop: 6,
        title: 'Waited',
        width: '78px',
        num: true,
        hint: 'time in receive, read, accept and connect',
        value: r => r.waited,
        render: r => durOr(r.waited),
      },
      {
        id: 'calls',
        drop: 8,
        title: 'Calls',
        width: '66px',
        num: true,
        value: r => r.calls,
        render: r => countOr(r.calls),
      },
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
    ],
    [store],
  );
  const go = (r: ConnRow) => {
    s.filter.value = withValue(s.filter.value, 'file', String(r.file), 'only');
    s.tab.value = 'timeline';
  };
  const remote = (all ?? []).filter(r => !LOCAL.has(r.kind)),
    local = (all ?? []).filter(r => LOCAL.has(r.kind)),
    sum = (list: ConnRow[], f: (r: ConnRow) => number) => list.reduce((a, r) => a + f(r), 0);
  const isGram = (r: ConnRow) => r.kind.startsWith('udp') || r.kind === 'packet',
    streams = remote.filter(r => !isGram(r)),
    made = streams.filter(r => r.state === 'connected' || r.state === 'accepted').length,
    failed = streams.filter(r => r.state === 'failed').length,
    grams = remote.filter(r => isGram(r) && r.peer && (r.sent || r.received)).length; // as the summary: with an address, and used
  return (
    <section class="tab" aria-label="Network">
      <div class="tab-bar">
        <Segments
          label="What to list"
          value={mode}
          onChange={setMode}
          options={[
            ['all', 'All'],
            ['remote', 'Connections'],
            ['listen', 'Listening'],
            ['local', 'Unix and pipes'],
            ['failed', 'Failed'],
          ]}
        />
        {all && (
          <span class="dim">
            {plural(made, 'connection')}
            {failed ? `, ${failed} failed` : ''}
            {grams > 0 && ` · ${plural(grams, 'datagram peer')}`}
            {' · '}
            {bytes(sum(remote, r => r.sent))} sent · {bytes(sum(remote, r => r.received))} received
            {local.length > 0 &&
              ` · ${plural(local.length, 'local socket or pipe', 'local sockets and pipes')}`}
          </span>
        )}
      </div>
      {!all ? (
        <Waiting s={s} what="connections" />
      ) : (
        <Grid
          label="Connections"
          rows={rows}
          columns={columns}
          selected={at}
          onSelect={select}
          onOpen={go}
          rowClass={r => (r.state === 'failed' ? 'failed' : '')}
          onMenu={(e, r) =>
            openMenu(e, show(r.peer || r.local), [
              { label: 'Show its events', run: () => go(r) },
              ...(r.peer ? valueItems(s, 'path', r.peer, 'this peer') : []),
              ...(r.peerFile
                ? [
                    {
                      label: 'Show the other end',
                      run: () => {
                        s.filter.value = withValue(
                          s.filter.value,
                          'file',
                          String(r.peerFile),
                          'only',
                        );
                        s.tab.value = 'timeline';
                      },
                    },
                  ]
                : []),
            ])
          }
          empty={all.length ? 'None of this kind.' : 'No connection was made.'}
        />
      )}
    </section>
  );
}
const LOCAL = new Set(['unix', 'unix-dgram', 'pipe', 'netlink']);
/** Failures first, those over the network before local ones. */
const rank = (r: ConnRow) => {
  const k = ORDER.indexOf(r.state);
  return r.err ? (LOCAL.has(r.kind) ? -1 : -2) : k < 0 ? 99 : k + (LOCAL.has(r.kind) ? 20 : 0);
};
