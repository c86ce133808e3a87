// SPDX-License-Identifier: MIT
// A Store as the page would fill it, from a made-up report, without a browser.
import { decode } from '../../src/format/decode';
import { parseCols, type Kind, type Meta } from '../../src/format/layout';
import { Store } from '../../src/engine/store';
import { COLS, payload, stringPayload } from '../fixtures/encode.mjs';
import { TYPES, Trace, type Report } from '../fixtures/gen.mjs';

export const BLOCK = 1024; // small, so that a test crosses many
export { Trace };
export const T = Object.fromEntries(TYPES.map((t, i) => [t.name, i]));

export function storeOf(r: Report): Store {
  const rows = (list: Record<string, number | bigint>[], spec: string[]) =>
    Object.fromEntries(spec.map(c => c.split(':')[0]).map(n => [n, list.map(x => x[n] ?? 0)]));
  const meta: Meta = {
    ...r.meta,
    cols: COLS as Meta['cols'],
    block: BLOCK,
    rows: { s: r.strings.list.length, f: r.files.length, n: r.conns.length, k: r.counters.length },
  };
  const store = new Store(meta);
  const add = (kind: Kind, index: number, bytes: Uint8Array) =>
    store.add(kind, index, decode(kind, bytes, parseCols(meta.cols[kind])));
  add('s', 0, stringPayload(r.strings.list));
  add('f', 0, payload(COLS.f, rows(r.files, COLS.f), r.files.length));
  if (r.conns.length) add('n', 0, payload(COLS.n, rows(r.conns, COLS.n), r.conns.length));
  if (r.counters.length)
    add(
      'k',
      0,
      payload(
        COLS.k,
        {
          dt: r.counters.map((c: { t: number }, i: number) => c.t - (i ? r.counters[i - 1].t : 0)),
          ...rows(
            r.counters,
            COLS.k.filter((c: string) => !c.startsWith('dt')),
          ),
        },
        r.counters.length,
      ),
    );
  for (const kind of ['h', 'c'] as const) {
    for (let at = 0, k = 0; at < r.n; at += BLOCK, k++) {
      const n = Math.min(BLOCK, r.n - at),
        data: Record<string, ArrayLike<number | bigint>> = {};
      for (const c of COLS[kind]) {
        const name = c.split(':')[0];
        data[name] =
          name === 'dt'
            ? Float64Array.from(
                { length: n },
                (_, i) => r.hot.start[at + i] - (at + i ? r.hot.start[at + i - 1] : 0),
              )
            : (kind === 'h' ? r.hot : r.cold)[name].slice(at, at + n);
      }
      add(kind, k, payload(COLS[kind], data, n, kind === 'h' && at ? r.hot.start[at - 1] : 0));
    }
  }
  return store;
}

/** A store of whatever `make` puts on one process's lane. */
export function traced(make: (x: Trace, lane: number) => void): Store {
  const x = new Trace(['test'], 5),
    lane = x.task(-1, { comm: 'test', argv: ['test'], exe: '/bin/test' });
  make(x, lane);
  if (x.tasks[lane].end === null) x.exit(lane, 0);
  return storeOf(x.finish());
}
