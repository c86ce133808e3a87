// SPDX-License-Identifier: MIT
// Every rule: it fires at its threshold and is silent just below.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFilter } from '../../src/engine/filter';
import { findings, LIMITS as L, RULES } from '../../src/engine/findings';
import { checked, knownWords } from '../../src/engine/known';
import { parse } from '../../src/engine/query';
import { searchKind } from '../../src/engine/search';
import type { Store } from '../../src/engine/store';
import { pixels } from '../../src/timeline/minimap';
import { storeOf, traced, Trace } from './make';

type Make = (x: Trace, lane: number) => void;
const quietly = async (store: Store) => (await findings(store, null, () => false))!;

async function rule(id: string, fires: Make, silent: Make, expect: RegExp): Promise<void> {
  tested.add(id);
  const store = traced(fires),
    hit = (await quietly(store)).filter(f => f.rule === id);
  assert.ok(hit.length > 0, `${id} fires`);
  assert.match(hit[0].text, expect);
  const q = checked(knownWords(store.meta), parse(hit[0].filter));
  assert.deepEqual(q.errors, [], `${id}: its evidence is a filter`);
  const evidence = runFilter(store, q);
  assert.ok(evidence.count > 0, `${id}: the evidence is there: ${hit[0].filter}`);
  if (hit[0].event >= 0)
    assert.equal(
      evidence.bits![hit[0].event],
      1,
      `${id}: its event is part of the evidence: ${hit[0].filter}`,
    );
  assert.deepEqual(
    (await quietly(traced(silent))).filter(f => f.rule === id),
    [],
    `${id} stays silent`,
  );
}
const tested = new Set<string>();
const times = (n: number, f: (k: number) => void) => {
  for (let k = 0; k < n; k++) f(k);
};
const socket = (x: Trace, lane: number) => x.file('socket', 'socket:[1]', lane, 0);

test('exit', () =>
  rule(
    'exit',
    (x, l) => x.exit(l, 3),
    (x, l) => x.exit(l, 0),
    /ended with exit code 3/,
  ));
test('exit by signal', async () => {
  const f = (await quietly(traced((x, l) => x.exit(l, 0, 'SIGSEGV')))).filter(
    r => r.rule === 'exit',
  );
  assert.match(f[0].text, /killed by SIGSEGV/);
});
test('exit by a parent that was well', async () => {
  const make: Make = (x, l) => {
    const worker = x.task(l, { comm: 'worker' });
    x.exit(worker, 0, 'SIGTERM');
    x.tasks[worker].meant = true;
  };
  assert.deepEqual(await quietly(traced(make)), []);
});
test('exit: with the reason', async () => {
  const text = async (more: object) => {
    const make: Make = (x, l) => {
      x.exit(l, 3);
      Object.assign(x.tasks[l], more);
    };
    return (await quietly(traced(make))).find(f => f.rule === 'exit')?.text;
  };
  assert.match(
    (await text({ missed: 'a.h was not found', last_lines: 'no a.h' })) ?? '',
    /\(\d+\) ended with exit code 3: a\.h was not found\.$/,
  );
  assert.match((await text({ last_lines: 'one\nno a.h' })) ?? '', /code 3: “no a\.h”\.$/);
  assert.match((await text({ last_lines: 'x'.repeat(999) })) ?? '', /x{200}…\.$/);
  assert.match(
    (await text({ because: 1000, missed: 'x' })) ?? '',
    /code 3: \S+ \(1000\) failed\.$/,
  );
  assert.match((await text({})) ?? '', /ended with exit code 3\.$/);
});
test('exit: who failed by itself, with those that failed for it', async () => {
  const store = traced((x, l) => {
    const cc = x.task(l, { comm: 'gcc', argv: ['gcc'] }),
      cc1 = x.task(cc, {
        comm: 'cc1',
        argv: [
          'cc1',
          '-quiet',
          ...Array(9).fill('-Iinclude'),
          'src/x.c',
          ...Array(9).fill('-mlong'),
        ],
      }),
      silent = x.task(l, { comm: 'grep', argv: ['grep'] });
    for (const lane of [l, cc, cc1, silent]) x.exit(lane, 1);
    x.tasks[l].because = x.tasks[cc].pid;
    x.tasks[cc].because = x.tasks[cc1].pid;
    x.tasks[cc1].missed = 'a.h was not found';
  });
  const found = (await quietly(store)).filter(f => f.rule === 'exit');
  assert.equal(found.length, 1, JSON.stringify(found));
  assert.match(
    found[0].text,
    /^cc1 -quiet -Iinclude .*… x\.c … \(\d+\) ended with exit code 1: a\.h was not found; so failed gcc \(\d+\), \S+ \(\d+\)\.$/,
  );
  assert.equal(found[0].weight, 3);
});
test('exit: a code without a word is no failure of a run that was well', async () => {
  const make =
    (last_lines?: string): Make =>
    (x, l) => {
      const child = x.task(l, { comm: 'grep', argv: ['grep'] });
      x.exit(child, 1);
      x.tasks[child].last_lines = last_lines;
    };
  assert.deepEqual(await quietly(traced(make())), []);
  assert.equal((await quietly(traced(make('grep: x: No such file')))).length, 1);
});
test('unclosed: of what', async () => {
  const found = await quietly(traced((x, l) => times(L.unclosed, () => x.open(l, '/one'))));
  assert.match(found.find(f => f.rule === 'unclosed')?.text ?? '', /: 100 are \/one\.$/);
});
test('exit: many alike are one finding, the main process is its own', async () => {
  const many = (n: number) =>
    traced((x, l) => {
      for (let k = 0; k < n; k++)
        x.exit(x.task(l, { comm: 'child', argv: ['child'], start: k }), 1);
      x.exit(l, 2);
    });
  assert.deepEqual(
    (await quietly(many(2))).map(f => f.weight),
    [3, 2, 2],
  );
  const three = await quietly(many(3));
  assert.equal(three.length, 2);
  assert.match(three[1].text, /3 processes named child ended with exit code 1/);
});
const connect =
  (err?: string): Make =>
  (x, l) =>
    x.ev(l, 'connect', 5000, {
      obj: '10.0.0.1:80',
      fd: 3,
      file: socket(x, l),
      err,
      arg: '\x01f, …',
    });
test('connect: one that failed in the background', async () => {
  const f = (
    await quietly(
      traced((x, l) => {
        const file = socket(x, l);
        x.ev(l, 'connect', 900, {
          obj: '10.0.0.2:443',
          fd: 3,
          file,
          err: 'EINPROGRESS',
          arg: '\x01f, …',
        });
        x.conns.push({
          file,
          kind: 0,
          state: 6,
          err: 111,
          peer: x.strings.id('10.0.0.2:443'),
          lane: l,
          peer_lane: -1,
          close: 0,
        });
      }),
    )
  ).filter(r => r.rule === 'connect');
  assert.equal(f.length, 1);
  assert.match(f[0].text, /10\.0\.0\.2:443 failed: connection refused/);
});
test('connect', () =>
  rule(
    'connect',
    connect('ECONNREFUSED'),
    connect('EINPROGRESS'),
    /10\.0\.0\.1:80 failed: connection refused/,
  ));
const sync =
  (ns: number): Make =>
  (x, l) => {
    const f = x.open(l, '/data');
    x.ev(l, 'fsync', ns, { obj: '/data', fd: 3, file: f, arg: '\x01f' });
  };
test('slow-call', () =>
  rule('slow-call', sync(L.slowCallNs), sync(L.slowCallNs - 1), /fsync on \/data took 100ms/));
test('slow-call says nothing about waiting on a pipe', async () =>
  assert.deepEqual(
    (
      await quietly(
        traced((x, l) => {
          const f = x.file('pipe', 'pipe:[1]', l, 0);
          x.ev(l, 'read', 5e9, { obj: 'pipe:[1]', fd: 3, file: f, ret: 1 });
        }),
      )
    ).filter(f => f.rule === 'slow-call'),
    [],
  ));
const recv =
  (ns: number): Make =>
  (x, l) =>
    x.ev(l, 'recvfrom', ns, {
      obj: '10.0.0.1:80',
      fd: 3,
      file: socket(x, l),
      ret: 5,
      arg: '\x01f, …',
    });
test('slow-peer', () =>
  rule('slow-peer', recv(L.slowPeerNs), recv(L.slowPeerNs - 1), /waited 200ms for 10\.0\.0\.1:80/));
test('slow-peer: what was waited for in poll, select, epoll or an io_uring counts', () => {
  const waits =
    (waited: number): Make =>
    (x, l) => {
      const file = x.file('socket', 'socket:[1]', l, 0);
      x.ev(l, 'connect', 1000, { obj: '10.0.0.1:80', file });
      x.conns.push({ file, lane: l, peer_lane: -1, peer: x.strings.id('10.0.0.1:80'), waited });
    };
  return rule(
    'slow-peer',
    waits(L.slowPeerNs),
    waits(L.slowPeerNs - 1),
    /waited 200ms for 10\.0\.0\.1:80\.$/,
  );
});
test('slow-peer: a wait in poll for a socket is its evidence', () =>
  rule(
    'slow-peer',
    (x, l) => {
      const file = x.file('socket', 'socket:[1]', l, 0);
      x.ev(l, 'poll', L.slowPeerNs, { obj: '10.0.0.1:80', val: file, ret: 1 });
    },
    (x, l) => {
      const file = x.file('pipe', 'pipe:[1]', l, 0);
      x.ev(l, 'poll', L.slowPeerNs, { obj: 'pipe:[1]', val: file, ret: 1 });
    },
    /waited 200ms for 10\.0\.0\.1:80\.$/,
  ));
test('the waits for an open file are among its events', () => {
  let file = 0;
  const store = traced((x, l) => {
      file = x.file('socket', 'socket:[1]', l, 0);
      x.ev(l, 'recvfrom', 5, { file, obj: '10.0.0.1:80' });
      x.ev(l, 'poll', 5, { obj: '10.0.0.1:80', val: file, ret: 1 });
      x.ev(l, 'poll', 5, { ret: 1 });
      x.ev(l, 'wait4', 5, { val: file });
    }),
    found = (q: string) => runFilter(store, checked(knownWords(store.meta), parse(q))).count;
  assert.equal(found(`file:${file}`), 2);
  assert.equal(found(`!file:${file}`), store.n - 2);
  assert.equal(found('path:10.0.0.1:80'), 2);
});
test('exit: Show leads to what it failed for', async () => {
  const shown = async (make: Make) => {
    const store = traced(make);
    store.isBad[store.errName.indexOf('ENOENT')] = 0;
    const [f] = (await quietly(store)).filter(x => x.rule === 'exit');
    return f.event < 0 ? '' : `${store.types[store.type[f.event]].name} ${store.objText(f.event)}`;
  };
  const failing =
    (...more: Make[]): Make =>
    (x, l) => {
      for (const add of more) add(x, l);
      x.exit(l, 3);
    };
  const call: Make = (x, l) => void x.ev(l, 'openat', 5, { obj: '/secret', err: 'EACCES' }),
    words: Make = (x, l) => {
      x.ev(l, 'write', 5, { obj: '/dev/tty', fd: 2, ret: 3 });
      x.tasks[l].last_lines = 'no';
    };
  assert.equal(await shown(failing()), 'exit exit 3');
  assert.equal(await shown(failing(words)), 'write /dev/tty');
  assert.equal(await shown(failing(call, words)), 'openat /secret');
  const place =
    (dir: string): Make =>
    (x, l) =>
      void x.ev(l, 'openat', 5, { obj: `${dir}/secret`, err: 'EACCES' });
  assert.equal(
    await shown(failing(place('/first'), words, place('/second'), place('/third'))),
    'openat /first/secret',
    'the first of the places',
  );
  const inVain: Make = (x, l) => void x.ev(l, 'openat', 5, { obj: '/none', err: 'ENOENT' });
  assert.equal(await shown(failing(call, inVain)), 'openat /secret', 'a calm one says nothing');
  assert.equal(
    await shown((x, l) => {
      call(x, l);
      x.exit(l, 0, 'SIGKILL');
    }),
    'exit SIGKILL',
  );
});
test('exit: the command as it was typed, a script by its begin and end', async () => {
  const argv = [
      '/usr/bin/python3',
      '-c',
      `import os\nos.open('/tmp/x.y', 0)\n${'pass; '.repeat(20)}os._exit(3)`,
    ],
    store = traced((x, l) => {
      x.tasks[l].execs[0].argv = argv;
      x.exit(l, 3);
    }),
    [f] = await quietly(store);
  assert.match(
    f.text,
    /^python3 -c 'import os\\nos\.open.*….*; os\._exit\(3\)' \(\d+\) ended with exit code 3\.$/,
  );
});
test('findings have their share of the time', async () => {
  const store = traced((x, l) => {
      x.ev(l, 'clock_nanosleep', 1e9, {});
      recv(3e9)(x, l);
    }),
    [own] = await quietly(store);
  assert.ok(Math.abs(own.share! - (100 * 3e9) / store.duration) < 0.01, String(own.share));
  store.meta.findings = [
    { rule: 'slow-peer', text: 'x waited', cost: 3e9, share: 6675, names: [] },
  ];
  assert.equal((await quietly(store))[0].share, 66.75, 'as the terminal has it');
  const leak = await quietly(traced((x, l) => times(L.unclosed, () => x.open(l, '/one'))));
  assert.equal(
    leak.find(f => f.rule === 'unclosed')!.share,
    undefined,
    'what took no time has none',
  );
});
test('the strip of the whole trace: no pixel weighs more for being met by more buckets', () => {
  for (const [buckets, W] of [
    [2048, 693],
    [1024, 1033],
    [64, 693],
  ]) {
    const { from, to, per } = pixels(buckets, W),
      sum = new Float64Array(W);
    for (let b = 0; b < buckets; b++) for (let x = from(b); x < to(b); x++) sum[x] += 1 / per[x];
    assert.ok(
      sum.every(v => Math.abs(v - 1) < 1e-9),
      `${buckets} on ${W}`,
    );
  }
});
test('slow-peer: of the whole trace as the terminal has it, with its longest event', async () => {
  const make: Make = (x, l) => {
      recv(L.slowPeerNs)(x, l);
      recv(2 * L.slowPeerNs)(x, l);
      recv(L.slowPeerNs)(x, x.task(-1, { comm: 'other', argv: ['other'] }));
    },
    store = traced(make),
    of = async (bits: Uint8Array | null) =>
      (await findings(store, bits, () => false))!.filter(f => f.rule === 'slow-peer');
  assert.equal((await of(null)).length, 1, 'without them the page judges itself');
  store.meta.findings = [
    {
      rule: 'slow-peer',
      text: 'test (5) waited 800ms for tcp4 → 10.0.0.1:80',
      cost: 8e8,
      names: ['10.0.0.1:80'],
    },
    { rule: 'queue', text: 'it could have run, and no CPU was free', cost: 9e8, names: [] },
    {
      rule: 'slow-peer',
      text: 'test (5) waited 300ms for clients of x',
      cost: 3e8,
      names: ['10.0.0.2:1', '10.0.0.3:1'],
    },
    { rule: 'slow-peer', text: 'test (5) waited 200ms for ?', cost: 2e8, names: [] },
  ];
  const [one, clients, none] = await of(null);
  assert.equal(one.text, 'test (5) waited 800ms for tcp4 → 10.0.0.1:80.');
  assert.deepEqual([one.cost, store.dur(one.event)], [8e8, 2 * L.slowPeerNs]);
  assert.equal(runFilter(store, parse(one.filter)).count, 3, one.filter);
  assert.deepEqual([clients.event, clients.filter], [-1, 'path:10.0.0.2:1,10.0.0.3:1']);
  assert.equal(none.filter, 'cat:network');
  const bits = new Uint8Array(store.hot);
  for (let i = 0; i < store.hot; i++) bits[i] = store.lane[i] ? 0 : 1;
  assert.match(
    (await of(bits))[0].text,
    /waited 600ms for 10\.0\.0\.1:80 in 2 long calls/,
    'of some lanes by its events',
  );
  store.meta.findings = [];
  assert.deepEqual(await of(null), [], 'none is none');
});
test("of the whole trace what the terminal finds, in its order; the way to it is the page's", async () => {
  const store = traced((x, l) => {
      times(L.unclosed, () => x.open(l, '/one'));
      x.open(l, '/two');
      const f = x.open(l, '/slow');
      x.read(l, f, 3, 10, 5, 'read');
      x.ev(l, 'pread64', 2 * L.slowCallNs, { obj: '/slow', file: f, fd: 3, ret: 9 }, 0);
      times(L.sleeps, () => x.ev(l, 'clock_nanosleep', L.sleepNs / 2, {}));
    }),
    { pid } = store.tasks[0],
    of = async (bits: Uint8Array | null) =>
      (await findings(store, bits, () => false))!.map(f => f.rule);
  assert.deepEqual((await of(null)).slice(0, 3), ['slow-call', 'sleep', 'unclosed']);
  store.meta.finding_rules = ['connect', 'unclosed', 'slow-call', 'sleep', 'queue'];
  store.meta.findings = [
    { rule: 'queue', text: 'no CPU was free', cost: 9e9, share: 5400, names: [] },
    { rule: 'unclosed', text: 'x never closed 101 of the 102', cost: 0, names: [], pid },
    { rule: 'slow-call', text: 'a call on /slow took 1s', cost: 1e6, share: 7, names: ['/slow'] },
  ];
  const found = (await findings(store, null, () => false))!,
    [queue, unclosed, slow] = found;
  assert.deepEqual(
    [queue.text, unclosed.text, slow.text],
    ['no CPU was free.', 'x never closed 101 of the 102.', 'a call on /slow took 1s.'],
  );
  assert.equal(unclosed.filter, `pid:${pid} op:open,socket,accept,pipe`);
  assert.equal(store.dur(slow.event), 2 * L.slowCallNs, 'its evidence');
  assert.ok(!found.some(f => f.rule === 'sleep'), 'what the terminal does not find is none');
  assert.ok(
    (await of(new Uint8Array(store.hot).fill(1))).includes('sleep'),
    'but of chosen events',
  );
});
test('deadlock: of the whole trace, as the terminal has it, with the futexes of its process', async () => {
  tested.add('deadlock');
  const store = traced((x, l) => x.ev(l, 'futex', 2 * L.waitNs, {}, 0)),
    { pid } = store.tasks[0];
  store.meta.finding_rules = ['deadlock'];
  store.meta.findings = [
    {
      rule: 'deadlock',
      text: 'all 2 threads of x waited for each other',
      cost: 9e9,
      names: [],
      pid,
    },
  ];
  const [found] = (await findings(store, null, () => false))!;
  assert.deepEqual(
    [found.rule, found.weight, found.filter],
    ['deadlock', 3, `pid:${pid} op:futex`],
  );
});
test('processes that failed stand as the summary has them', async () => {
  const store = traced((x, l) => {
    for (const comm of ['one', 'two', 'three'])
      x.exit(x.task(l, { comm, argv: [comm], start: 10 }), 2);
    x.exit(l, 1);
  });
  const order = async () =>
    (await findings(store, null, () => false))!
      .filter(f => f.rule === 'exit')
      .map(f => f.text.split(' ')[0]);
  assert.deepEqual(await order(), ['test', 'one', 'two', 'three']);
  [1, 4, 3, 2].forEach((place, l) => (store.tasks[l].ending = place));
  assert.deepEqual(await order(), ['test', 'three', 'two', 'one']);
});
test('lock, no free CPU and page faults: of the whole trace as the terminal has them', async () => {
  const lock = { obj: 'futex 0x7f00', arg: '…, FUTEX_WAIT_PRIVATE, 2, NULL' },
    store = traced((x, l) => {
      x.ev(l, 'futex', 2 * L.waitNs, lock, 0);
      const other = x.task(l, { comm: 'worker', thread: true });
      x.ev(other, 'futex', 3 * L.waitNs, lock, 0);
      x.ev(other, 'futex', 9 * L.waitNs, { ...lock, obj: 'futex 0x7f40' }, 0);
    }),
    of = async (bits: Uint8Array | null) => (await findings(store, bits, () => false))!;
  store.meta.findings = [
    { rule: 'lock', text: '2 threads waited for one lock', cost: 5e8, names: ['futex 0x7f00'] },
    { rule: 'queue', text: 'it could have run, and no CPU was free', cost: 6e8, names: [] },
    { rule: 'page-faults', text: 'x slept 1 s in page faults', cost: 1e8, names: ['futex 0x7f00'] },
  ];
  const found = (await of(null)).filter(f => ['futex', 'queue', 'page-faults'].includes(f.rule)),
    by = Object.fromEntries(found.map(f => [f.rule, f]));
  assert.deepEqual(
    found.map(f => f.text),
    [
      'it could have run, and no CPU was free.',
      '2 threads waited for one lock.',
      'x slept 1 s in page faults.',
    ],
    'in the order of what they cost, and none beside them',
  );
  assert.equal(by.queue.filter, '');
  assert.equal(store.dur(by.futex.event), 3 * L.waitNs, 'the longest wait for that lock');
  assert.equal(runFilter(store, parse(by.futex.filter)).count, 2, by.futex.filter);
  tested.add('queue').add('page-faults');
  const bits = new Uint8Array(store.hot).fill(1);
  assert.deepEqual(
    (await of(bits)).filter(f => ['queue', 'page-faults'].includes(f.rule)),
    [],
    'of chosen events it is not known',
  );
});
const futex =
  (ns: number, rest: number): Make =>
  (x, l) => {
    x.ev(l, 'futex', ns, { arg: '0x1, FUTEX_WAIT' }, 0);
    x.tasks[l].clock += rest;
  };
test('futex', () =>
  rule(
    'futex',
    futex(L.waitNs, 3 * L.waitNs),
    futex(L.waitNs, 5 * L.waitNs),
    /25 % of its time \(100ms\) waiting in futex/,
  ));
test('futex: a lock by its name', () =>
  rule(
    'futex',
    (x, l) => {
      x.ev(
        l,
        'futex',
        L.waitNs,
        { obj: 'futex 0x7f00', arg: '…, FUTEX_WAIT|FUTEX_PRIVATE_FLAG, 2, NULL' },
        0,
      );
      x.tasks[l].clock += 3 * L.waitNs;
    },
    futex(L.waitNs, 5 * L.waitNs),
    /waiting for a lock, futex 0x7f00, in 1 call/,
  ));

test('futex: threads beside the first are one note', () =>
  rule(
    'futex',
    (x, l) => {
      for (const n of [1, 2]) {
        const w = x.task(l, { comm: 'worker', thread: true });
        futex(L.waitNs * n, 0)(x, w);
      }
    },
    (x, l) => futex(L.waitNs - 1, 0)(x, x.task(l, { comm: 'worker', thread: true })),
    /2 threads of .* up to 100 % of their time \(200ms\)/,
  ));
test('futex: to wait for a thread to end, for a condition or for work is no lock', async () => {
  const wait = (op: string, value: number) =>
    traced((x, l) => {
      x.ev(l, 'futex', 3 * L.waitNs, { arg: `0x1, ${op}, ${value}, NULL` }, 0);
    });
  const found = async (op: string, value: number) =>
    (await quietly(wait(op, value))).filter(f => f.rule === 'futex').length;
  assert.equal(await found('FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME', 1234), 0);
  assert.equal(await found('FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME', 2), 0, 'glibc 2.43');
  for (const value of [0, 1, 3]) assert.equal(await found('FUTEX_WAIT_PRIVATE', value), 0);
  for (const value of [2, 2 ** 31 + 5]) assert.equal(await found('FUTEX_WAIT_PRIVATE', value), 1);
  assert.equal(await found('FUTEX_LOCK_PI_PRIVATE', 0), 1);
  const lock = (await quietly(wait('FUTEX_WAIT_PRIVATE', 2))).find(f => f.rule === 'futex');
  assert.match(lock?.text ?? '', /\(\d+ms\) waiting for a lock, futex 0x1, in 1 call\.$/);
});
test('futex: of the whole trace locks as the terminal has them, with the longest wait', async () => {
  const sem = { obj: 'futex 0x7f00', arg: '0x7f00, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL' },
    store = traced((x, l) => {
      for (const n of [1, 3, 2]) x.ev(l, 'futex', n * L.waitNs, sem, 0);
    }),
    of = async () => (await quietly(store)).filter(f => f.rule === 'futex');
  assert.deepEqual(await of(), [], 'by its value it is none');
  const threads = 'threads of test (5) waited for one lock';
  store.meta.findings = [
    { rule: 'lock', text: `4 ${threads}`, cost: 8e8, names: ['futex 0x7f00'] },
    { rule: 'lock', text: `2 ${threads}`, cost: 3e8, names: [] },
  ];
  const [one, other] = await of();
  assert.equal(one.text, '4 threads of test (5) waited for one lock.');
  assert.deepEqual([one.cost, store.dur(one.event)], [8e8, 3 * L.waitNs]);
  assert.equal(runFilter(store, parse(one.filter)).count, 3, one.filter);
  assert.equal(other.event, -1);
});
test('futex: a short wait is nothing, however large its share', async () =>
  assert.deepEqual(
    (await quietly(traced(futex(L.waitNs - 1, 0)))).filter(f => f.rule === 'futex'),
    [],
  ));
const miss =
  (n: number, ns: number): Make =>
  (x, l) =>
    times(n, k =>
      x.ev(l, 'openat', ns, {
        obj: `/usr/local/include/${k % 7}.h`,
        arg: 'AT_FDCWD, \x01o',
        err: 'ENOENT',
      }),
    );
test('lookups', () =>
  rule(
    'lookups',
    miss(L.lookups, L.lookupNs / L.lookups),
    miss(L.lookups - 1, L.lookupNs),
    /50 failed lookups of header files/,
  ));
test('lookups that cost little of a long run', async () =>
  assert.deepEqual(
    (
      await quietly(
        traced((x, l) => {
          miss(L.lookups, L.lookupNs / L.lookups)(x, l);
          x.ev(l, 'clock_nanosleep', L.lookupNs / L.costShare, { arg: 'CLOCK_REALTIME, 0, …' });
        }),
      )
    ).filter(f => f.rule === 'lookups'),
    [],
  ));
test('lookups that cost nothing', async () =>
  assert.deepEqual(
    (await quietly(traced(miss(L.lookups, 10)))).filter(f => f.rule === 'lookups'),
    [],
  ));
const reads =
  (n: number, b: number): Make =>
  (x, l) => {
    const f = x.open(l, '/data');
    times(n, () => x.read(l, f, 3, b));
  };
test('tiny reads', () =>
  rule(
    'tiny',
    reads(L.tinyCalls, L.tinyBytes),
    reads(L.tinyCalls, L.tinyBytes + 1),
    /1,000 reads of 512 B on average from \/data/,
  ));
test('tiny: too few', async () =>
  assert.deepEqual(
    (await quietly(traced(reads(L.tinyCalls - 1, 1)))).filter(f => f.rule === 'tiny'),
    [],
  ));
const writes =
  (n: number): Make =>
  (x, l) => {
    const f = x.open(l, '/log');
    times(n, () => x.write(l, f, 3, 7));
  };
test('tiny writes', () =>
  rule('tiny', writes(L.tinyCalls), writes(L.tinyCalls - 1), /1,000 writes of 7 B/));
test('tiny: an eventfd takes eight bytes at a time', async () =>
  assert.deepEqual(
    (
      await quietly(
        traced((x, l) => {
          const f = x.open(l, 'eventfd', { kind: 'eventfd' });
          times(2 * L.tinyCalls, () => x.write(l, f, 3, 8));
        }),
      )
    ).filter(f => f.rule === 'tiny'),
    [],
  ));
const opens =
  (n: number): Make =>
  (x, l) =>
    times(n, () => x.close(l, x.open(l, '/etc/hosts')));
test('reopen', () =>
  rule('reopen', opens(L.opens), opens(L.opens - 1), /opened \/etc\/hosts 50 times/));
const rename =
  (synced: boolean): Make =>
  (x, l) => {
    const f = x.open(l, '/data.tmp', { flags: 'O_WRONLY' });
    x.write(l, f, 3, 100);
    if (synced) x.ev(l, 'fsync', 1000, { obj: '/data.tmp', fd: 3, file: f, arg: '\x01f' });
    x.close(l, f);
    x.ev(l, 'rename', 2000, {
      obj: '/data.tmp',
      arg: '\x01o, "/data"',
      val: x.strings.id('/data'),
    });
  };
test('rename', () =>
  rule('rename', rename(false), rename(true), /\/data\.tmp was written and renamed without fsync/));
const leak =
  (n: number): Make =>
  (x, l) => {
    const f = x.file('file', '/secret', l, 0);
    x.tasks[l].execs.push({
      t: 10,
      exe: '/bin/child',
      argv: ['child'],
      fds: Array.from({ length: n }, (_, k) => [k + 3, f]),
    });
  };
test('leak', () =>
  rule('leak', leak(L.leakedFds), leak(L.leakedFds - 1), /\/bin\/child .* 3 descriptors above 2/));
const held =
  (open: number, closed: number): Make =>
  (x, l) => {
    times(open, k => x.open(l, `/f${k}`));
    times(closed, k => x.close(l, x.open(l, `/g${k}`)));
  };
test('unclosed', () =>
  rule(
    'unclosed',
    held(L.unclosed, L.unclosed),
    held(L.unclosed - 1, 0),
    /never closed 100 of the 200 descriptors it made\.$/,
  ));
test('unclosed: most are closed', async () =>
  assert.deepEqual(
    (await quietly(traced(held(L.unclosed, L.unclosed + 1)))).filter(f => f.rule === 'unclosed'),
    [],
  ));
const sleeps =
  (n: number, ns: number): Make =>
  (x, l) =>
    times(n, () => x.ev(l, 'clock_nanosleep', ns, { arg: 'CLOCK_REALTIME, 0, …' }));
test('sleep', () =>
  rule(
    'sleep',
    sleeps(L.sleeps, L.sleepNs),
    sleeps(L.sleeps, L.sleepNs + 1),
    /slept 100 times for 10\.0ms/,
  ));
test('sleep: too few', async () =>
  assert.deepEqual(
    (await quietly(traced(sleeps(L.sleeps - 1, 1000)))).filter(f => f.rule === 'sleep'),
    [],
  ));
const dns =
  (n: number): Make =>
  (x, l) =>
    times(n, k => x.ev(l, 'dns', 0, { obj: 'example.com' }, 1000 + k));
const asks =
  (n: number, port: number): Make =>
  (x, l) => {
    const f = socket(x, l);
    times(n, () =>
      x.ev(l, 'sendto', 900, {
        obj: `10.0.0.53:${port}`,
        fd: 3,
        file: f,
        ret: 40,
        arg: '\x01f, …',
      }),
    );
  };
test('dns: messages to name servers', () =>
  rule(
    'dns',
    asks(L.questions, 53),
    asks(L.questions - 1, 53),
    /sent 20 messages to name servers/,
  ));
test('dns: other ports are no name servers', async () =>
  assert.deepEqual(
    (await quietly(traced(asks(L.questions, 5353)))).filter(f => f.rule === 'dns'),
    [],
  ));
test('dns', () =>
  rule('dns', dns(L.dns), dns(L.dns - 1), /asked for the name example\.com 5 times/));
const grow =
  (total: number, back: number, ns: number = L.growNs): Make =>
  (x, l) => {
    times(16, () => {
      x.mmap(l, total / 16);
      x.tasks[l].clock += ns / 15;
    });
    if (back) x.ev(l, 'munmap', 1000, { obj: 'r', arg: '', val: -back });
  };
test('memory', () =>
  rule(
    'memory',
    grow(L.growBytes, 0),
    grow(L.growBytes - 16 * 4096, 0),
    /mapped 64\.0 MB and gave back 0 B/,
  ));
test('memory that grew for a moment only', async () =>
  assert.deepEqual(
    (await quietly(traced(grow(2 * L.growBytes, 0, L.growNs / 12)))).filter(
      f => f.rule === 'memory',
    ),
    [],
  ));
test('memory given back', async () =>
  assert.deepEqual(
    (await quietly(traced(grow(2 * L.growBytes, L.growBytes / 2)))).filter(
      f => f.rule === 'memory',
    ),
    [],
  ));

test('every rule has a test above and a threshold in words', () => {
  for (const r of RULES) {
    assert.ok(tested.has(r.id), `${r.id} is tested`);
    assert.ok(r.threshold.length > 20);
  }
});

test('a quiet program has no findings', async () =>
  assert.deepEqual(
    await quietly(
      traced((x, l) => {
        const f = x.open(l, '/etc/hosts');
        x.read(l, f, 3, 200);
        x.close(l, f);
      }),
    ),
    [],
  ));
test('nothing at all has no findings', async () =>
  assert.deepEqual(await quietly(storeOf(new Trace(['true']).finish())), []));

test('a filter narrows the findings', async () => {
  const store = traced((x, l) => {
    const c = x.task(l, { comm: 'child', argv: ['child'], start: 5 });
    x.exit(c, 7);
    x.tasks[c].last_lines = 'no';
    x.exit(l, 0);
  });
  assert.equal((await quietly(store)).length, 1);
  const bits = runFilter(store, parse('proc:test')).bits;
  assert.deepEqual(await findings(store, bits, () => false), []);
});

test('searches are told apart', () => {
  const cases: [string, string, string][] = [
    ['/usr/local/bin/gcc', 'stat', 'PATH'],
    ['/opt/x/tool', 'exec', 'PATH'],
    ['/usr/include/a.h', 'open', 'include'],
    ['/lib/x/libc.so.6', 'open', 'library'],
    ['/usr/lib/python3/a.py', 'stat', 'python'],
    ['/x/__pycache__/a.pyc', 'open', 'python'],
    ['/p/node_modules/a', 'stat', 'node'],
    ['/p/package.json', 'open', 'node'],
    ['/etc/hosts', 'open', 'other'],
  ];
  for (const [path, op, kind] of cases) assert.equal(searchKind(path, op), kind, path);
});
