// SPDX-License-Identifier: MIT
// Categories, types and processes to include or exclude, each with how many events it has.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { count, plural } from '../engine/human';
import { parse, withoutValue, withValue, type Term } from '../engine/query';
import type { Store } from '../engine/store';
import { show } from '../format/text';
import type { State } from '../ui/state';
import { NoiseSwitch } from './noise';
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
  const only = () => {
    s.filter.value = withValue(s.filter.value, field, value, 'only');
  };
  return <CheckRow on={on} label={show(value)} n={n} colour={colour} toggle={toggle} only={only} />;
}

export function CheckRow(row: {
  on: boolean;
  label: string;
  n: number;
  toggle: () => void;
  only?: () => void;
  colour?: string;
}) {
  return (
    <li>
      <label>
        <input type="checkbox" checked={row.on} onChange={row.toggle} />
        {row.colour && <i class="dot" style={{ background: row.colour }} />}
        <span class="grow path">{row.label}</span>
        <span class="num dim">{count(row.n)}</span>
      </label>
      {row.only && (
        <button type="button" class="only" onClick={row.only} aria-label={`Only ${row.label}`}>
          only
        </button>
      )}
    </li>
  );
}

interface Option {
  value: string;
  n: number;
  colour?: string;
}

/** From how many on a list can be searched. */
const MANY = 8;

/** Options of one field, with a box that narrows a long list; Enter takes only the first that is left. */
function PickList({
  s,
  field,
  what,
  list,
}: {
  s: State;
  field: string;
  what: string;
  list: Option[];
}) {
  const [text, setText] = useState(''),
    box = useRef<HTMLInputElement>(null),
    wanted = text.trim().toLowerCase(),
    left = list.filter(x => show(x.value).toLowerCase().includes(wanted));
  useEffect(() => box.current?.focus(), []);
  const key = (e: KeyboardEvent) => {
    if (e.key !== 'Enter' || !wanted || !left.length) return;
    e.preventDefault();
    s.filter.value = withValue(s.filter.value, field, left[0].value, 'only');
  };
  return (
    <>
      {list.length > MANY && (
        <input
          ref={box}
          type="search"
          class="pick-search"
          placeholder={`Search ${what}`}
          aria-label={`Search ${what}`}
          value={text}
          onInput={e => setText((e.currentTarget as HTMLInputElement).value)}
          onKeyDown={key}
        />
      )}
      <ul class="checks">
        {left.slice(0, 200).map(x => (
          <Pick key={x.value} s={s} field={field} value={x.value} n={x.n} colour={x.colour} />
        ))}
      </ul>
      {!left.length && (
        <p class="nothing">None of {plural(list.length, 'entry', 'entries')} matches.</p>
      )}
      {left.length > 200 && (
        <p class="nothing">and {count(left.length - 200)} more: search for them</p>
      )}
    </>
  );
}

export function Picks({ s }: { s: State }) {
  const { store } = s,
    ready = s.hotReady.value,
    { cssCat, cssType } = s.palette.value,
    { terms } = parse(s.filter.value),
    counts = useMemo(() => countAll(store), [ready]),
    names = (...keys: string[]) => terms.some(t => keys.includes(t.key));
  const cats = store.meta.categories
    .map((value, k) => ({ value, n: counts.cats[k], colour: cssCat[k] }))
    .filter(x => x.n > 0);
  const types = store.types
    .map((t, k) => ({ value: t.name, cat: t.cat, n: counts.types[k], colour: cssType[k] }))
    .filter(x => x.n)
    .sort((a, b) => a.cat - b.cat || b.n - a.n);
  const procs = [...counts.procs]
    .map(([value, n]) => ({ value, n }))
    .filter(x => x.n)
    .sort((a, b) => b.n - a.n);
  return (
    <div class="picks">
      <Popover label="Categories" on={names('cat')}>
        <PickList s={s} field="cat" what="categories" list={cats} />
      </Popover>
      <Popover label="Types" on={names('type')}>
        <PickList s={s} field="type" what="types" list={types} />
      </Popover>
      <Popover label="Processes" on={names('proc', 'pid', 'tid', 'tree')}>
        <PickList s={s} field="proc" what="processes" list={procs} />
      </Popover>
      <NoiseSwitch s={s} />
    </div>
  );
}
