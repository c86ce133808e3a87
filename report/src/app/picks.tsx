// SPDX-License-Identifier: MIT
// Categories, types and processes to include or exclude, each with how many events it has.
import { useMemo } from 'preact/hooks';
import { count } from '../engine/human';
import { parse, withoutValue, withValue, type Term } from '../engine/query';
import type { Store } from '../engine/store';
import { show } from '../format/text';
import type { State } from '../ui/state';
import { Popover } from './popover';

interface Counts {
  types: Uint32Array;
  cats: Float64Array;
  procs: Map<string, number>;
}
function countAll(store: Store): Counts {
  const cats = new Float64Array(store.meta.categories.length),
    procs = new Map<string, number>();
  store.typeEvents.forEach((n, t) => {
    cats[store.catOf[t]] += n;
  });
  store.laneEvents.forEach((n, l) => {
    const name = store.tasks[l].comm;
    procs.set(name, (procs.get(name) ?? 0) + n);
  });
  return { types: store.typeEvents, cats, procs };
}

/** What the filter says of one value. */
function standing(terms: readonly Term[], key: string, value: string) {
  const has = (not: boolean) =>
      terms.some(t => t.key === key && t.not === not && t.values.includes(value)),
    listed = terms.some(t => t.key === key && !t.not),
    [included, excluded] = [has(false), has(true)];
  return { named: included || excluded, listed, on: !excluded && (!listed || included) };
}

function Pick({
  s,
  field,
  value,
  n,
  colour,
}: {
  s: State;
  field: string;
  value: string;
  n: number;
  colour?: string;
}) {
  const { named, listed, on } = standing(s.query.value.terms, field, value);
  const toggle = () => {
    s.filter.value = named
      ? withoutValue(s.filter.value, field, value)
      : withValue(s.filter.value, field, value, listed ? 'include' : 'exclude');
  };
  return (
    <li>
      <label>
        <input type="checkbox" checked={on} onChange={toggle} />
        {colour && <i class="dot" style={{ background: colour }} />}
        <span class="grow path">{show(value)}</span>
        <span class="num dim">{count(n)}</span>
      </label>
      <button
        type="button"
        class="only"
        onClick={() => {
          s.filter.value = withValue(s.filter.value, field, value, 'only');
        }}
        aria-label={`Only ${show(value)}`}
      >
        only
      </button>
    </li>
  );
}

export function Picks({ s }: { s: State }) {
  const { store } = s,
    ready = s.hotReady.value,
    { cssCat, cssType } = s.palette.value,
    { terms } = parse(s.filter.value),
    counts = useMemo(() => countAll(store), [ready]),
    names = (...keys: string[]) => terms.some(t => keys.includes(t.key));
  return (
    <div class="picks">
      <Popover label="Categories" on={names('cat')}>
        <ul class="checks">
          {store.meta.categories.map(
            (c, k) =>
              counts.cats[k] > 0 && (
                <Pick key={c} s={s} field="cat" value={c} n={counts.cats[k]} colour={cssCat[k]} />
              ),
          )}
        </ul>
      </Popover>
      <Popover label="Types" on={names('type')}>
        <ul class="checks">
          {store.types
            .map((t, k) => ({ name: t.name, cat: t.cat, colour: cssType[k], n: counts.types[k] }))
            .filter(x => x.n)
            .sort((a, b) => a.cat - b.cat || b.n - a.n)
            .map(x => (
              <Pick key={x.name} s={s} field="type" value={x.name} n={x.n} colour={x.colour} />
            ))}
        </ul>
      </Popover>
      <Popover label="Processes" on={names('proc', 'pid', 'tid', 'tree')}>
        <ul class="checks">
          {[...counts.procs]
            .filter(x => x[1])
            .sort((a, b) => b[1] - a[1])
            .slice(0, 200)
            .map(([name, n]) => (
              <Pick key={name} s={s} field="proc" value={name} n={n} />
            ))}
        </ul>
      </Popover>
    </div>
  );
}
