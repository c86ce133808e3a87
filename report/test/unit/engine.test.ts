// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { laneStats, rangeStats, typeStats } from '../../src/engine/aggregate';
import { connStats } from '../../src/engine/conn-stats';
import { partsOf } from '../../src/panels/connection-columns';
import { fileStats } from '../../src/engine/file-stats';
import {
  hasPercentile,
  histClass,
  histValue,
  HIST,
  percentile,
  percentileOf,
} from '../../src/engine/hist';
import { needsCold, runFilter } from '../../src/engine/filter';
import { bytes, duration, instant, ticks, wall } from '../../src/engine/human';
import { laneRows } from '../../src/engine/lanes';
import {
  addReaching,
  addRows,
  classNs,
  durClass,
  newCells,
  Pyramid,
  Reach,
} from '../../src/engine/pyramid';
import {
  compare,
  format,
  parse,
  parseBytes,
  parseTime,
  pathTest,
  withoutKey,
  withoutValue,
  withValue,
} from '../../src/engine/query';
import { sortRows, type SortKey } from '../../src/engine/sort';
import { Layer, type Store } from '../../src/engine/store';
import { rng, SCENARIOS } from '../fixtures/gen.mjs';
import { counterSeries } from '../../src/timeline/counters';
import { storeOf, Trace, traced } from './make';

const build = storeOf(SCENARIOS.build(6000)),
  long = storeOf(SCENARIOS.long());
const go = () => false;

test('the memory chart gives back what ended processes had', () => {
  const MB = 1 << 20,
    x = new Trace(['sh'], 5),
    sh = x.task(-1, { comm: 'sh', argv: ['sh'], exe: '/bin/sh' });
  x.mmap(sh, 2 * MB);
  for (let k = 0; k < 30; k++) {
    const child = x.task(sh, { comm: 'true', argv: ['true'], exe: '/bin/true' });
    x.tasks[child].clock = x.tasks[sh].clock;
    x.mmap(child, 3 * MB);
    x.exit(child, 0);
    x.tasks[sh].clock = x.tasks[child].clock + 1000;
  }
  x.exit(sh, 0);
  const memory = (s: Store) => counterSeries(s).find(c => c.name === 'mapped memory')!;
  const calls = memory(storeOf(x.finish()));
  assert.equal(calls.max, 5 * MB);
  assert.equal(calls.v.at(-1), 0);
  // and so it does with samples: each is what one process has
  const y = new Trace(['sh'], 5),
    lane = y.task(-1, { comm: 'sh', argv: ['sh'], exe: '/bin/sh' });
  y.counters.push({ t: 10, lane, counter: 0, value: 2 * MB });
  for (let k = 1; k <= 30; k++) {
    const child = y.task(lane, { comm: 'true', argv: ['true'], exe: '/bin/true' });
    y.counters.push(
      { t: k * 100, lane: child, counter: 0, value: 3 * MB },
      { t: k * 100 + 50, lane: child, counter: 0, value: 0 },
    );
    y.exit(child, 0);
  }
  y.exit(lane, 0);
  const samples = memory(storeOf(y.finish()));
  assert.equal(samples.max, 5 * MB);
  assert.equal(samples.v.at(-1), 2 * MB);
});

test('a percentile of few calls says nothing: one has to lie above it', () => {
  for (const [p, n] of [
    [0.5, 2],
    [0.9, 10],
    [0.95, 20],
    [0.99, 100],
    [0.999, 1000],
  ]) {
    assert.equal(hasPercentile(0, p), false);
    assert.equal(hasPercentile(n - 1, p), false, `${p} of ${n - 1}`);
    assert.equal(hasPercentile(n, p), true, `${p} of ${n}`);
  }
});

test('durations are those of the terminal: three digits that matter, and the unit at once', () => {
  const cases: [number, string][] = [
    [0, '0'],
    [1, '1ns'],
    [0.4, '0'],
    [999, '999ns'],
    [1000, '1.00µs'],
    [12345, '12.3µs'],
    [999499, '999µs'],
    [999500, '1.00ms'],
    [1.5e6, '1.50ms'],
    [999.5e6, '1.00s'],
    [4.294967296e9, '4.29s'],
    [59.9e9, '59.9s'],
    [61e9, '1m01s'],
    [3725e9, '1h02m'],
    [3 * 86400e9 + 7200e9, '74h00m'],
  ];
  for (const [ns, text] of cases) assert.equal(duration(ns), text);
});

test('ticks: at every zoom some labels, all different, none of them 0.00', () => {
  for (const whole of [1, 500, 1e4, 1e6, 3.4e8, 1e9, 5e9, 1e11, 3.6e12, 8.64e13, 5e14]) {
    for (let span = whole; span >= 10; span /= 3.7) {
      for (const from of [0, whole * 0.37, whole - span]) {
        const t = ticks(from, from + span, 9),
          labels = t.values.map(t.label);
        assert.ok(
          labels.length >= 1 && labels.length <= 25,
          `${labels.length} ticks for ${span} at ${from}`,
        );
        assert.equal(new Set(labels).size, labels.length, `${labels} for ${span} at ${from}`);
        assert.ok(
          labels.every((l, i) => !/^0\.0*[^\d.]/.test(l) || t.values[i] === 0),
          labels.join(),
        );
        assert.ok(
          labels.every(l => /^(0|[\d.]+(ns|µs|ms|s|m)|\d+h\d\dm)$/.test(l)),
          labels.join(),
        );
      }
    }
  }
});

test('other numbers for people', () => {
  assert.equal(bytes(0), '0 B');
  assert.equal(bytes(999), '999 B');
  assert.equal(bytes(1434), '1.4 KB');
  assert.equal(bytes(-8 * 1048576), '−8.0 MB');
  assert.equal(instant(1_234_567_891, 9), '1.234567891');
  assert.equal(instant(999_999_999, 3), '0.999');
  assert.match(wall('1795324800123456789', 0), /^2026-11-22 05:20:00\.123456 UTC$/);
});

test('filter language: text → terms → the same text', () => {
  for (const text of [
    'type:openat,read',
    '!path:/proc',
    'dur>1ms',
    'err:ENOENT pid:123',
    'path:"/a b/,c"',
    '"two words"',
    'proc:gcc !type:mmap dur<=20us',
    '"!x"',
    '"a:b"',
    'hello',
  ]) {
    const q = parse(text);
    assert.deepEqual(q.errors, [], text);
    assert.deepEqual(parse(format(q.terms)).terms, q.terms, text);
  }
  assert.equal(parse('a:b').terms.length, 1, 'an unknown field is text');
  assert.match(parse('foo:b').errors[0], /no field "foo"/);
  assert.match(parse('dur>fast').errors[0], /not a time/);
  assert.match(parse('type:').errors[0], /what\?/);
  assert.match(parse('type>3').errors[0], /takes ":"/);
  assert.deepEqual(parse('http://x').errors, []);
  assert.equal(parse('').terms.length, 0);
  assert.equal(parse('path:"unfinished').terms[0].values[0], 'unfinished');
});

test('include, exclude, only and clear write the same language', () => {
  let f = withValue('dur>1ms', 'type', 'read', 'exclude');
  assert.equal(f, 'dur>1ms !type:read');
  f = withValue(f, 'type', 'write', 'exclude');
  assert.equal(f, 'dur>1ms !type:read,write');
  f = withValue(f, 'type', 'read', 'include');
  assert.equal(f, 'dur>1ms !type:write type:read');
  assert.equal(withValue(f, 'type', 'openat', 'only'), 'dur>1ms type:openat');
  assert.equal(withoutValue(f, 'type', 'write'), 'dur>1ms type:read');
  assert.equal(withoutKey(f, 'dur', 'type'), '');
  assert.equal(
    parse(withValue('', 'path', '/a "b", c\\d', 'only')).terms[0].values[0],
    '/a "b", c\\d',
  );
});

test('times, sizes, patterns', () => {
  assert.equal(parseTime('1.5ms'), 1.5e6);
  assert.equal(parseTime('20us'), 2e4);
  assert.equal(parseTime('2'), 2e9);
  assert.ok(Number.isNaN(parseTime('x')));
  assert.equal(parseBytes('64KB'), 65536);
  assert.ok(compare(parse('dur>=1ms').terms[0])(1e6));
  assert.ok(pathTest('*.so')('/lib/a.so') && !pathTest('*.so')('/lib/a.so.6'));
  assert.ok(
    pathTest('/proc')('/proc/1') && pathTest('/proc')('/proc') && !pathTest('/proc')('/process'),
  );
  assert.ok(pathTest('CONF')('/etc/x.conf'));
  assert.ok(pathTest('a?c')('abc') && !pathTest('a?c')('abbc') && pathTest('a.[c]*')('a.[c]d'));
});

/** What a filter means, written again without columns and tables. */
function naive(store: Store, text: string): number[] {
  const out: number[] = [];
  for (let i = 0; i < store.n; i++) {
    const t = store.tasks[store.lane[i]],
      type = store.types[store.type[i]],
      err = store.isError[store.err[i]] ? store.errName[store.err[i]] : '';
    const ok = parse(text).terms.every(term => {
      const any = (f: (v: string) => boolean) => term.values.some(f);
      const hit = (() => {
        switch (term.key) {
          case 'type':
            return any(v => v === type.name || (v.includes('*') && pathTest(v)(type.name)));
          case 'cat':
            return any(v => v === store.meta.categories[type.cat]);
          case 'op':
            return any(v => v === type.op);
          case 'is':
            return any(
              v =>
                [type.name, type.op, store.meta.categories[type.cat]].includes(v) ||
                (v === 'failed' && err !== ''),
            );
          case 'pid':
            return any(v => Number(v) === t.pid);
          case 'tid':
            return any(v => Number(v) === t.tid);
          case 'proc': {
            const runs = store.tasks[t.proc].execs.filter(e => e.t <= store.end(i));
            return any(
              v =>
                v === t.comm ||
                v === store.tasks[t.proc].comm ||
                (runs.length > 0 && runs[runs.length - 1].exe.endsWith('/' + v)),
            );
          }
          case 'err':
            return any(v => (v === 'any' ? err !== '' : v === 'none' ? err === '' : v === err));
          case 'dur':
            return compare(term)(store.dur(i));
          case 't':
            return compare(term)(store.start[i]);
          case 'ret':
            return compare(term)(err ? -1 : store.ret(i));
          case 'fd':
            return compare(term)(store.fd(i));
          case 'bytes':
            return compare(term)(store.bytes(i));
          case 'file':
            return any(v => Number(v) === store.file[i]);
          case 'path':
            return store.obj[i] > 0 && any(v => pathTest(v)(store.objText(i)));
          case 'arg':
            return any(v =>
              store.strings.get(store.arg[i]).toLowerCase().includes(v.toLowerCase()),
            );
          case 'tree': {
            for (let l = store.lane[i]; l >= 0; l = store.tasks[l].parent)
              if (any(v => Number(v) === store.tasks[l].pid)) return true;
            return false;
          }
          default: {
            const v = term.values[0].toLowerCase();
            return [
              store.objText(i),
              store.strings.get(store.arg[i]),
              type.name,
              store.errName[store.err[i]] ?? '',
            ].some(s => s.toLowerCase().includes(v));
          }
        }
      })();
      return hit !== term.not;
    });
    if (ok) out.push(i);
  }
  return out;
}

test('filters by columns select what the words mean', () => {
  const first = build.tasks[3].pid;
  for (const text of [
    'type:openat',
    'type:openat,read',
    '!type:openat',
    'type:open*',
    'cat:memory',
    'op:exec',
    'is:memory,failed',
    '!is:failed,openat',
    `pid:${first}`,
    `!pid:${first}`,
    `tid:${first}`,
    'proc:cc1',
    '!proc:cc1,as',
    `tree:${first - 1}`,
    'err:any',
    'err:none',
    'err:ENOENT',
    '!err:ENOENT',
    'dur>100us',
    'dur<=2us',
    '!dur>100us',
    'dur>10us dur<50us',
    't>20ms',
    't<20ms',
    't>=10ms t<=30ms',
    '!t>20ms',
    'ret=3',
    'ret>4096',
    'fd:3',
    '!fd:3',
    'bytes>4KB',
    'bytes:832',
    'file:4',
    'path:*.h',
    'path:/usr/include',
    '!path:/usr',
    'path:libc,stdio',
    'arg:O_CREAT',
    'stdio',
    '!stdio',
    'ENOENT type:access',
    'type:openat err:any path:*.h dur>1us',
    'pid:999999',
  ]) {
    const m = runFilter(build, parse(text)),
      want = naive(build, text);
    assert.deepEqual([...m.rows!], want, text);
    assert.equal(m.count, want.length);
    assert.deepEqual(
      want.map((_, row) => m.event(row)),
      want,
      text,
    );
    assert.deepEqual([m.event(-1), m.event(want.length)], [-1, -1]);
    const place = new Map(want.map((i, row) => [i, row]));
    for (let i = 0; i < build.n; i++) assert.equal(m.rowOf(i), place.get(i) ?? -1, `${text}: ${i}`);
    assert.deepEqual(
      [...m.lanes],
      build.tasks.map((_, l) => want.filter(i => build.lane[i] === l).length),
      text,
    );
  }
  for (const text of [
    'dur>1h',
    'dur>1ms',
    '!dur>1ms',
    'dur>=4294967294ns',
    'dur<4294967295ns',
    'dur<=4294967294ns',
    'dur>=4294967296ns',
    'dur<5s',
    't>1s',
    '!dur>1s',
    'dur:10s',
  ])
    assert.deepEqual([...runFilter(long, parse(text)).rows!], naive(long, text), text);
  assert.equal(runFilter(build, parse('')).bits, null);
  assert.ok(needsCold(parse('path:x')) && !needsCold(parse('type:read dur>1us')));
});

test('sorting by every column, both ways, is stable and complete', async () => {
  const value: Record<string, (s: Store, i: number) => number | string> = {
    type: (s, i) => s.types[s.type[i]].name,
    dur: (s, i) => s.dur(i),
    bytes: (s, i) => s.bytes(i),
    fd: (s, i) => s.fd(i),
    cat: (s, i) => s.catOf[s.type[i]],
    lane: (s, i) =>
      `${s.tasks[s.lane[i]].comm} ${String(s.tasks[s.lane[i]].pid).padStart(10)} ${String(s.tasks[s.lane[i]].tid).padStart(10)}`,
    details: (s, i) => s.objText(i),
    result: (s, i) => (s.err[i] ? s.err[i] - 256 : Math.max(-1, s.ret(i))),
  };
  for (const store of [build, long])
    for (const key of Object.keys(value) as SortKey[])
      for (const down of [false, true]) {
        const rows = (await sortRows(store, null, store.n, { key, down }, go))!;
        assert.equal(rows.length, store.n);
        assert.equal(new Set(rows).size, store.n);
        for (let k = 1; k < rows.length; k++) {
          const a = value[key](store, rows[k - 1]),
            b = value[key](store, rows[k]);
          assert.ok(down ? a >= b : a <= b, `${key} ${down}: ${a} before ${b}`);
          if (a === b && key !== 'details')
            assert.ok(rows[k - 1] < rows[k], `${key}: equal rows keep their order`);
        }
      }
  const some = Uint32Array.from([5, 9, 700]);
  assert.deepEqual(
    [...(await sortRows(build, some, 3, { key: 'time', down: true }, go))!],
    [700, 9, 5],
  );
  assert.equal(await sortRows(build, null, build.n, { key: 'dur', down: true }, () => true), null);
});

test('duration classes keep the order', () => {
  let last = -1;
  for (let d = 1; d < 1e15; d = Math.ceil(d * 1.07)) {
    const c = durClass(d);
    assert.ok(c >= last && c < 256);
    assert.ok(classNs(c) <= d * 1.0001 && (c < 8 || classNs(c) >= d / 1.3), `${d}: ${classNs(c)}`);
    last = c;
  }
});

test('level of detail never hides a failed or a long call, at any zoom', () => {
  for (const [store, name] of [
    [build, 'build'],
    [long, 'long'],
  ] as [Store, string][]) {
    const reach = new Reach(store),
      random = rng(4),
      d = store.duration,
      p = new Pyramid(store, null);
    reach.update();
    p.update();
    const lanes = store.tasks.length,
      slots = Int32Array.from({ length: lanes }, (_, i) => i);
    for (let round = 0; round < 60; round++) {
      const span = d / 3 ** (random() * 9),
        from = random() * (d - span),
        to = from + span,
        W = 400,
        ns = span / W;
      const level = p.level(ns);
      const cells = level ?? newCells(from, to, W, lanes);
      if (!level) {
        const i0 = store.lower(from);
        addReaching(store, reach, cells, i0, null, slots);
        addRows(store, cells, i0, store.lower(to), null, slots);
      }
      const scale = cells.buckets / (cells.to - cells.from);
      for (let i = 0; i < store.n; i++) {
        if (
          store.layerOf[store.type[i]] !== Layer.Call ||
          store.end(i) < from ||
          store.start[i] > to
        )
          continue;
        const t = Math.max(store.start[i], from),
          b = Math.min(cells.buckets - 1, Math.max(0, Math.floor((t - cells.from) * scale)));
        const at = store.lane[i] * cells.buckets + b,
          next = store.lane[i] * cells.buckets + Math.min(cells.buckets - 1, b + 1),
          v = Math.max(cells.data[at], cells.data[next]);
        assert.ok(v > 0, `${name}: event ${i} is in no cell of ${span} ns at ${from}`);
        if (store.failed(i))
          assert.ok(cells.bad[at] || cells.bad[next], `${name}: failed event ${i} is hidden`);
        assert.ok(
          v >>> 16 >= durClass(store.dur(i)),
          `${name}: event ${i} of ${store.dur(i)} ns is hidden by a shorter one`,
        );
      }
    }
  }
});

test('what is looked for in vain failed, and is red only where a process failed for it', async () => {
  const calm: [number, string, string, number][] = [
      [2, 'ENOENT', 'No such file or directory', 2],
      [240, 'ENOENT', 'No such file or directory', 1],
    ],
    x = new Trace(['test'], 5),
    lane = x.task(-1, { comm: 'test', argv: ['test'], exe: '/bin/test' });
  for (let i = 0; i < 3; i++) x.open(lane, `/a/${i}`, { err: 'ENOENT' });
  x.exit(lane, 1);
  const made = x.finish();
  made.meta.errnos = calm;
  const at = made.hot.err.findIndex((e: number) => e === 2);
  made.hot.err[at] = 240;
  const store = storeOf(made);
  assert.deepEqual([store.failed(at), store.bad(at)], [true, true]);
  assert.deepEqual([store.failed(at + 1), store.bad(at + 1)], [true, false]);
  const all = rangeStats(store, null, 0, store.duration + 1);
  assert.deepEqual([all.failed, all.bad], [3, 1]);
  const [p] = (await laneStats(store, null, () => false))!;
  assert.deepEqual([p.failed, p.bad], [3, 1]);
  const cells = newCells(0, store.duration + 1, 100_000, 1);
  addRows(store, cells, 0, store.n, null, Int32Array.of(0));
  const cell = (i: number) => Math.floor((store.start[i] * cells.buckets) / (store.duration + 1));
  assert.equal(cells.bad[cell(at)], 1);
  assert.equal(cells.bad[cell(at + 2)], 0);
});

test('coarse levels are the maximum of the finer ones', () => {
  const p = new Pyramid(build, null);
  p.update();
  const fine = p.level(build.duration / p.buckets)!,
    coarse = p.level((build.duration / p.buckets) * 8)!;
  assert.equal(coarse.buckets * 8, fine.buckets);
  for (let lane = 0; lane < build.tasks.length; lane++)
    for (let b = 0; b < coarse.buckets; b += 37) {
      let v = 0;
      for (let k = 0; k < 8; k++) v = Math.max(v, fine.data[lane * fine.buckets + b * 8 + k]);
      assert.equal(coarse.data[lane * coarse.buckets + b], v);
      assert.equal(
        coarse.bad[lane * coarse.buckets + b],
        fine.bad.slice(lane * fine.buckets + b * 8, lane * fine.buckets + b * 8 + 8).some(x => x)
          ? 1
          : 0,
      );
    }
  assert.equal(p.level(0.0001), null);
});

test('lanes: every lane once, threads behind their process, children behind their parent', () => {
  const o = { sort: 'tree' as const, pins: [], hidden: [], folded: false, only: null };
  for (const sort of ['tree', 'start', 'activity'] as const) {
    const rows = laneRows(build, { ...o, sort, only: runFilter(build, parse('')).lanes });
    assert.equal(rows.length, build.tasks.length);
    assert.equal(new Set(rows.map(r => r.lane)).size, rows.length);
    rows.forEach((r, k) => {
      if (r.thread) assert.equal(build.tasks[rows[k - 1].lane].proc, build.tasks[r.lane].proc);
    });
  }
  const tree = laneRows(build, o),
    at = new Map(tree.map((r, k) => [r.lane, k]));
  build.tasks.forEach((t, l) => {
    if (t.parent >= 0) {
      assert.ok(at.get(t.parent)! < at.get(l)!);
      assert.equal(tree[at.get(l)!].depth, tree[at.get(t.parent)!].depth + 1);
    }
  });
  assert.equal(
    laneRows(build, { ...o, folded: true }).some(r => r.thread),
    false,
  );
  assert.equal(laneRows(build, { ...o, pins: [5] })[0].lane, 5);
  assert.equal(laneRows(build, { ...o, pins: [5] }).length, build.tasks.length);
  assert.equal(
    laneRows(build, { ...o, hidden: [2] }).some(r => r.lane === 2),
    false,
  );
  const only = runFilter(build, parse('proc:as')).lanes;
  assert.ok(laneRows(build, { ...o, only }).every(r => build.tasks[r.lane].comm === 'as'));
});

test('sums: every view counts the same events, calls and bytes', async () => {
  const types = (await typeStats(build, null, go))!,
    files = (await fileStats(build, null, go))!,
    lanes = (await laneStats(build, null, go))!,
    conns = (await connStats(build, null, go))!;
  let failed = 0,
    moved = 0,
    time = 0;
  for (let i = 0; i < build.n; i++) {
    failed += build.failed(i) ? 1 : 0;
    moved += build.bytes(i);
    time += build.dur(i);
  }
  const sum = <T>(list: T[], f: (x: T) => number) => list.reduce((a, x) => a + f(x), 0);
  assert.equal(
    sum(types, t => t.count),
    build.n,
  );
  assert.equal(
    sum(types, t => t.failed),
    failed,
  );
  assert.equal(
    sum(types, t => t.total),
    time,
  );
  assert.equal(
    sum(types, t => t.bytes),
    moved,
  );
  assert.equal(
    sum(lanes, l => l.events),
    build.n,
  );
  assert.equal(
    sum(lanes, l => l.failed),
    failed,
  );
  assert.equal(sum(files, f => f.read + f.written) + sum(conns, c => c.sent + c.received), moved);
  assert.equal(rangeStats(build, null, 0, build.duration + 1).events, build.n);
  assert.equal(rangeStats(build, null, 0, build.duration + 1).bytes, moved);
  const bits = runFilter(build, parse('proc:cc1')).bits;
  assert.equal(
    sum((await typeStats(build, bits, go))!, t => t.count),
    bits!.reduce((a, b) => a + b, 0),
  );
  assert.equal(
    (await typeStats(build, null, () => true)) !== null,
    true,
    'small scans end before they can be cancelled',
  );
});

test('percentiles are within 3.2 % and the slowest calls are the slowest', async () => {
  for (let d = 1; d < 1e14; d = Math.ceil(d * 1.31)) {
    const v = histValue(histClass(d));
    assert.ok(histClass(d) < HIST && Math.abs(v - d) <= Math.max(1, d * 0.032), `${d} → ${v}`);
  }
  for (const s of (await typeStats(build, null, go))!) {
    const all = [...Array(build.n).keys()]
      .filter(i => build.type[i] === s.type)
      .map(i => build.dur(i))
      .sort((a, b) => a - b);
    const exact = all[Math.ceil(all.length * 0.95) - 1],
      got = percentile(s.hist, s.count, 0.95);
    assert.ok(Math.abs(got - exact) <= Math.max(1, exact * 0.033), `${got} is not ${exact}`);
    assert.equal(s.min, all[0]);
    assert.equal(s.max, all[all.length - 1]);
    assert.ok(percentileOf(s, 0.5) >= s.min && percentileOf(s, 0.99) <= s.max);
    assert.deepEqual(
      s.slowest.map(i => build.dur(i)),
      all.slice(-5).reverse(),
    );
  }
});

test('one event in words: arguments, result, strace line', () => {
  const s = traced((x, lane) => {
    const f = x.open(lane, '/etc/"x"');
    x.read(lane, f, 3, 10);
    x.open(lane, '/nope', { err: 'ENOENT' });
    x.mmap(lane, 8192);
  });
  assert.equal(s.args(0), 'AT_FDCWD, "/etc/\\"x\\"", O_RDONLY|O_CLOEXEC');
  assert.equal(s.args(1), '3</etc/"x">, …, 4096');
  assert.equal(s.result(1), '10');
  assert.equal(s.bytes(1), 10);
  assert.equal(s.result(2), '-1 ENOENT');
  assert.match(
    s.straceLine(2),
    /^\d+ 1795324800\.\d{6} openat\(AT_FDCWD, "\/nope", O_RDONLY\|O_CLOEXEC\) = -1 ENOENT \(No such file or directory\) <\d\.\d{6}>$/,
  );
  assert.match(s.result(3), /^0x7f/);
  assert.equal(s.failed(2), true);
  assert.equal(long.retText(10), '0');
  assert.equal(long.retText(11), '9223372036854775807');
});

test('a copy counts on both of its files', async () => {
  const s = traced((x, l) => {
    const a = x.open(l, '/a'),
      b = x.open(l, '/b', { fd: 4 }),
      sock = x.file('socket', 'socket:[7]', l, 0);
    x.conns.push({
      file: sock,
      kind: 0,
      state: 2,
      peer: x.strings.id('10.0.0.1:80'),
      lane: l,
      peer_lane: -1,
      close: 0,
    });
    x.ev(l, 'copy_file_range', 900, {
      obj: '/a',
      fd: 3,
      file: a,
      ret: 49,
      val: b,
      arg: '\x01f, …',
    });
    x.ev(l, 'copy_file_range', 900, {
      obj: '/a',
      fd: 3,
      file: a,
      ret: 11,
      val: sock,
      arg: '\x01f, …',
    });
  });
  const files = (await fileStats(s, null, go))!,
    by = (name: string) => files.find(f => s.strings.get(f.name) === name)!;
  assert.deepEqual(
    [by('/a').read, by('/a').written, by('/b').read, by('/b').written],
    [60, 0, 0, 49],
  );
  assert.deepEqual(
    (await connStats(s, null, go))!.map(c => [c.sent, c.received]),
    [[11, 0]],
  );
  const lanes = (await laneStats(s, null, go))!;
  assert.deepEqual([lanes[0].read, lanes[0].written, lanes[0].net], [60, 49, 11]);
});

test('bytes belong to the peer and the attempt, not to the socket', async () => {
  const s = traced((x, l) => {
    const sock = x.file('socket', 'udp4', l, 0),
      file = x.open(l, '/a');
    const peer = (p: string, o = {}) =>
      x.conns.push({
        file: sock,
        kind: 2,
        state: 2,
        peer: x.strings.id(p),
        lane: l,
        peer_lane: -1,
        close: 0,
        ...o,
      });
    peer('10.0.0.1:1', { state: 6, err: 111 });
    peer('10.0.0.2:2');
    peer('10.0.0.3:3');
    for (const [conn, ret] of [
      [2, 3],
      [3, 500],
      [2, 40],
    ])
      x.ev(l, 'sendto', 900, {
        obj: `10.0.0.${conn}:${conn}`,
        fd: 3,
        file: sock,
        conn,
        ret,
        arg: '\x01f, …',
      });
    x.ev(l, 'copy_file_range', 900, {
      obj: '/a',
      fd: 4,
      file,
      ret: 11,
      val: sock,
      conn: 3,
      arg: '\x01f, …',
    });
    x.ev(l, 'sendto', 900, {
      obj: '10.0.0.1:1',
      fd: 3,
      file: sock,
      conn: 99,
      ret: 1,
      arg: '\x01f, …',
    }); // a row that is not there: the file's first
  });
  const conns = (await connStats(s, null, go))!;
  assert.deepEqual(
    conns.map(c => [c.peer, c.sent, c.state]),
    [
      ['10.0.0.1:1', 1, 'failed'],
      ['10.0.0.2:2', 43, 'connected'],
      ['10.0.0.3:3', 511, 'connected'],
    ],
  );
});

test('what is drawn of a connection that failed ends when it failed', async () => {
  const s = traced((x, l) => {
    const file = x.file('socket', 'socket:[7]', l, 0);
    x.conns.push({
      file,
      kind: 0,
      state: 6,
      err: 111,
      peer: x.strings.id('10.0.0.1:1'),
      lane: l,
      peer_lane: -1,
      connect: 900,
      close: 5e9,
    });
    x.ev(l, 'connect', 900, { obj: '10.0.0.1:1', fd: 3, file, conn: 1, err: 'ECONNREFUSED' });
  });
  const [row] = (await connStats(s, null, go))!,
    red = partsOf(s, row).filter(p => p.kind === 'failed');
  assert.deepEqual(
    red.map(p => p.to - p.from),
    [900],
  );
});

test('what is renamed is found under its last name', async () => {
  const s = traced((x, l) => {
    const write = (path: string, n: number) => {
      const f = x.open(l, path);
      x.ev(l, 'write', 900, { obj: path, fd: 3, file: f, ret: n, arg: '\x01f, …' });
    };
    const to = (call: string, from: string, name = '') =>
      x.ev(l, call, 900, { obj: from, arg: '\x01o', val: name ? x.strings.id(name) : 0 });
    write('/d/x.tmp', 10);
    to('rename', '/d/x.tmp', '/d/x');
    write('/d/x.tmp', 5);
    to('rename', '/d/x.tmp', '/d/x');
    write('/d/tmp_obj', 7);
    to('link', '/d/tmp_obj', '/e/obj');
    to('unlink', '/d/tmp_obj');
    write('/d/kept', 3);
    to('unlink', '/d/kept');
    to('rename', '/d/untouched', '/d/u');
  });
  const rows = new Map(
    (await fileStats(s, null, go))!.map(r => [
      s.strings.get(r.name),
      [s.strings.get(r.was), r.written, r.opens],
    ]),
  );
  assert.deepEqual(rows.get('/d/x'), ['/d/x.tmp', 15, 2]);
  assert.deepEqual(rows.get('/e/obj'), ['/d/tmp_obj', 7, 1]);
  assert.deepEqual(rows.get('/d/kept'), ['', 3, 1]);
  assert.deepEqual(rows.get('/d/untouched'), ['', 0, 0]);
  assert.ok(!rows.has('/d/x.tmp') && !rows.has('/d/tmp_obj'));
});

test('indices out of range in the columns do not reach the views', () => {
  const r = SCENARIOS.build(500);
  r.hot.lane[3] = 60000;
  r.hot.type[4] = 250;
  r.cold.file[5] = 4000000000;
  r.cold.obj[6] = 4000000000;
  const s = storeOf(r);
  for (let i = 0; i < s.n; i++) {
    assert.ok(s.tasks[s.lane[i]]);
    assert.ok(s.types[s.type[i]]);
    assert.equal(typeof s.args(i), 'string');
    assert.equal(typeof s.straceLine(i), 'string');
  }
});
