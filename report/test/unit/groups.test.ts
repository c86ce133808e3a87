// SPDX-License-Identifier: MIT
// Events, calls, searches and processes by what they have in common: one peer is one group, sums are those of its events.
import assert from 'node:assert/strict';
import test from 'node:test';
import { laneStats, typeStats } from '../../src/engine/aggregate';
import { CALL_PARTS, CALL_SCANS } from '../../src/engine/call-groups';
import { GROUP_SCANS } from '../../src/engine/event-groups';
import { runFilter } from '../../src/engine/filter';
import { percentileOf } from '../../src/engine/hist';
import { hostOf, peersOf } from '../../src/engine/peers';
import { parse } from '../../src/engine/query';
import type { Store } from '../../src/engine/store';
import { tailOf } from '../../src/panels/path';
import { traced } from './make';

const go = () => false;
const TCP = 0,
  CONNECTED = 2,
  ACCEPTED = 3;

/** One client of three ports, of which one is named; a database; a datagram socket of two peers. */
function serving(clients = 3): Store {
  return traced((x, l) => {
    const conn = (file: number, peer: string, more = {}): number =>
      x.conns.push({
        file,
        kind: TCP,
        state: ACCEPTED,
        peer: x.strings.id(peer),
        lane: l,
        peer_lane: -1,
        close: 0,
        ...more,
      });
    for (let k = 0; k < clients; k++) {
      const at = `${k % 2 ? '[::ffff:10.0.0.7]' : '10.0.0.7'}:${40000 + k}`,
        file = x.file('socket', `tcp4 ← ${at}`, l, 0),
        row = conn(file, at, k === 1 ? { host: x.strings.id('client.example') } : {});
      x.ev(l, 'accept4', 500, { obj: at, fd: 4, file, conn: row, ret: 4 });
      x.ev(l, 'recvfrom', 900, { obj: at, fd: 4, file, conn: row, ret: 7 });
      x.ev(l, 'close', 100, { obj: `tcp4 ← ${at}`, fd: 4, file, conn: row });
    }
    const base = x.file('socket', 'tcp4 → 10.0.0.70:5432', l, 0),
      row = conn(base, '10.0.0.70:5432', { state: CONNECTED });
    x.ev(l, 'connect', 300, { obj: '10.0.0.70:5432', fd: 5, file: base, conn: row });
    x.ev(l, 'sendto', 200, { obj: '10.0.0.70:5432', fd: 5, file: base, conn: row, ret: 3 });
    x.ev(l, 'poll', 5000, { obj: '10.0.0.70:5432', val: base, ret: 1 });
    const gram = x.file('socket', 'udp4 0.0.0.0:53', l, 0);
    for (const at of ['10.0.1.1:9', '10.0.1.2:9'])
      x.ev(l, 'sendto', 100, { obj: at, fd: 6, file: gram, conn: conn(gram, at, { kind: 2 }) });
    x.ev(l, 'openat', 100, { obj: '/etc/a', fd: 7, ret: 7 });
  });
}

test('a peer is one group, whatever its port and however its connections are named', async () => {
  const s = serving(),
    groups = (await GROUP_SCANS.peer(s, null, go))!,
    count = Object.fromEntries(groups.map(g => [g.key, g.count]));
  assert.deepEqual(count, {
    'client.example': 9,
    '10.0.0.70': 3,
    '10.0.1.1': 1,
    '10.0.1.2': 1,
    '': s.n - 14,
  });
  for (const g of groups.filter(x => x.key))
    assert.equal(runFilter(s, parse(g.filter)).count, g.count, `${g.key}: ${g.filter}`);
  const many = serving(60),
    all = (await GROUP_SCANS.peer(many, null, go))!.find(g => g.key === 'client.example')!;
  assert.equal(all.count, 180);
  assert.match(all.filter, /^path:/, 'sixty sockets would be no filter to read');
  assert.equal(runFilter(many, parse(all.filter)).count, 180);
});

test('of a unix socket the end that has a path names both; a pair has no name', () => {
  const peers = peersOf(serving()),
    name = (peer: string, local: string) => peers.name({ kind: 'unix', host: '', peer, local });
  assert.deepEqual(
    [name('/run/a', ''), name('unnamed', '/run/a'), name('', '@b'), name('unnamed', 'unnamed')],
    ['/run/a', '/run/a', '@b', ''],
  );
});

test('a host is a peer without its port; what has none is itself', () => {
  const all = '10.0.0.1:80 [::1]:80 [::ffff:10.0.0.1]:80 [::FFFF:1.2.3.4]:1 /run/a:1 @a:1 ::1 a';
  assert.deepEqual(
    all.split(' ').map(hostOf),
    '10.0.0.1 [::1] 10.0.0.1 1.2.3.4 /run/a:1 @a:1 ::1 a'.split(' '),
  );
});

test('an event of an older report, which does not name its connection, has its peer by its object', async () => {
  const s = traced((x, l) => {
    const f = x.file('socket', 'tcp4 → 10.0.0.9:80', l, 0);
    x.ev(l, 'connect', 100, { obj: '10.0.0.9:80', fd: 3, file: f });
    x.ev(l, 'close', 100, { obj: 'tcp4 → 10.0.0.9:80', fd: 3, file: f });
    x.ev(l, 'bind', 100, { obj: '10.0.0.9:81', fd: 3, file: f });
  });
  const groups = (await GROUP_SCANS.peer(s, null, go))!;
  assert.equal(groups.find(g => g.key === '10.0.0.9')!.count, 2);
  assert.equal(peersOf(s).names.length, 2, 'to a bind it is the address here');
});

test('calls apart by each key: counts, times and percentiles are those of their events', async () => {
  const s = serving(),
    whole = (await typeStats(s, null, go))!;
  for (const part of CALL_PARTS) {
    const rows = (await CALL_SCANS[part](s, null, go))!,
      groups = (await GROUP_SCANS[part](s, null, go))!;
    for (const g of groups)
      assert.equal(
        rows.filter(r => r.part === g.key).reduce((a, r) => a + r.count, 0),
        g.count,
        `${part} ${g.key}`,
      );
    for (const t of whole) {
      const own = rows.filter(r => r.type === t.type);
      for (const what of ['count', 'total', 'failed', 'bytes'] as const)
        assert.equal(
          own.reduce((a, r) => a + r[what], 0),
          t[what],
          `${part} ${what} of ${s.types[t.type].name}`,
        );
    }
  }
  const rows = (await CALL_SCANS.peer(s, null, go))!,
    got = rows.find(r => r.part === 'client.example' && s.types[r.type].name === 'recvfrom')!;
  assert.deepEqual([got.count, got.timed, got.max, percentileOf(got, 0.5)], [3, 3, 900, 900]);
  assert.equal(got.slowest.length, 3);
});

test('a process has the calls and errors of its events', async () => {
  const s = traced((x, l) => {
      x.ev(l, 'openat', 100, { obj: '/a', fd: -1, err: 'ENOENT' });
      x.ev(l, 'close', 100, { fd: 3 });
    }),
    [row] = (await laneStats(s, null, go))!;
  assert.deepEqual(
    [...row.errs].map(e => s.errName[e]),
    ['ENOENT'],
  );
  for (const name of ['openat', 'close'])
    assert.ok(
      [...row.types].some(t => s.types[t].name === name),
      name,
    );
});

test('of what is cut in its middle the name of the file stays', () => {
  for (const [text, tail] of [
    ['/usr/lib/x86_64-linux-gnu/libc.so.6', '/libc.so.6'],
    ['cat a', 'cat a'],
    [
      '/usr/lib/gcc/x86_64-linux-gnu/12/cc1 -quiet main.c -o /tmp/wt/made/cc9EEp51.s',
      '/cc9EEp51.s',
    ],
    ['gcc -c some/folder/that/is/deep/main.c -o main.o -O2 -g', ' -o main.o -O2 -g'],
  ])
    assert.ok(text.slice(tailOf(text)).endsWith(tail), `${text} → ${text.slice(tailOf(text))}`);
});
