// SPDX-License-Identifier: MIT
// The part of the state that belongs in the address: written to the URL's hash and read from it.
import { batch, effect } from '@preact/signals';
import { EVENT_GROUPS } from '../engine/event-groups';
import type { LaneSort } from '../engine/lanes';
import type { SortKey } from '../engine/sort';
import {
  COLUMNS,
  DEFAULT_COLUMNS,
  GUTTER,
  TABS,
  type Bookmark,
  type Column,
  type Range,
  type State,
  type Tab,
} from './state';

const enc = (s: string) =>
  encodeURIComponent(s)
    .replace(/%20/g, '+')
    .replace(/%2C/g, ',')
    .replace(/%3A/g, ':')
    .replace(/%2F/g, '/')
    .replace(/%3E/g, '>')
    .replace(/%3C/g, '<');

export function toHash(s: State): string {
  const out: string[] = [],
    put = (k: string, v: string) => out.push(k + '=' + enc(v));
  if (s.tab.value !== 'overview') put('tab', s.tab.value);
  if (s.filter.value) put('q', s.filter.value);
  if (!s.isFit()) put('t', `${Math.round(s.view.value.from)},${Math.round(s.view.value.to)}`);
  if (s.range.value)
    put('range', `${Math.round(s.range.value.from)},${Math.round(s.range.value.to)}`);
  if (s.selected.value >= 0) put('event', String(s.selected.value));
  const { key, down } = s.sort.value;
  if (key !== 'time' || down) put('sort', (down ? '-' : '') + key);
  if (s.laneSort.value !== 'tree') put('lanes', s.laneSort.value);
  if (s.pins.value.length) put('pin', s.pins.value.join(','));
  if (s.hidden.value.length) put('hide', s.hidden.value.join(','));
  if (s.folded.value) put('fold', '1');
  if (s.grouping.value) put('group', s.grouping.value);
  if (s.follow.value) put('follow', '1');
  if (s.collapsed.value.length) put('collapse', s.collapsed.value.join(','));
  if (s.gutter.value !== GUTTER) put('gutter', String(s.gutter.value));
  if (s.bookmarks.value.length)
    put('marks', s.bookmarks.value.map(m => `${m.t}~${encodeURIComponent(m.note)}`).join('|'));
  if (!s.arrows.value) put('arrows', '0');
  if (s.columns.value.join() !== DEFAULT_COLUMNS.join()) put('cols', s.columns.value.join(','));
  if (s.theme.value !== 'auto') put('theme', s.theme.value);
  return out.length ? '#' + out.join('&') : '';
}

export function fromHash(s: State, hash: string): void {
  const p = new Map(
    hash
      .replace(/^#/, '')
      .split('&')
      .filter(Boolean)
      .map(kv => {
        const at = kv.indexOf('='),
          raw = at < 0 ? '' : kv.slice(at + 1).replace(/\+/g, ' ');
        let value = raw;
        try {
          value = decodeURIComponent(raw);
        } catch {
          /* not ours: as it is */
        }
        return [at < 0 ? kv : kv.slice(0, at), value] as [string, string];
      }),
  );
  const ints = (v: string | undefined, max: number) =>
    (v ?? '')
      .split(',')
      .filter(Boolean)
      .map(Number)
      .filter(x => Number.isInteger(x) && x >= 0 && x < max);
  const pair = (v: string | undefined): Range | null => {
    const [a, b] = (v ?? '').split(',').map(Number);
    return Number.isFinite(a) && Number.isFinite(b) && b > a ? { from: a, to: b } : null;
  };
  batch(() => {
    const tab = p.get('tab') as Tab;
    s.tab.value = TABS.includes(tab) ? tab : 'overview';
    s.filter.value = p.get('q') ?? '';
    const t = pair(p.get('t'));
    if (t) s.setView(t.from, t.to);
    else s.fit();
    s.range.value = pair(p.get('range'));
    s.selected.value = ints(p.get('event'), s.store.n)[0] ?? -1;
    const sort = p.get('sort') ?? 'time',
      key = sort.replace(/^-/, '') as SortKey;
    s.sort.value = [
      'time',
      'lane',
      'cat',
      'type',
      'details',
      'result',
      'dur',
      'bytes',
      'fd',
    ].includes(key)
      ? { key, down: sort[0] === '-' }
      : { key: 'time', down: false };
    const lanes = p.get('lanes') as LaneSort;
    s.laneSort.value = lanes === 'start' || lanes === 'activity' ? lanes : 'tree';
    s.pins.value = ints(p.get('pin'), s.store.tasks.length);
    s.hidden.value = ints(p.get('hide'), s.store.tasks.length);
    s.folded.value = p.get('fold') === '1';
    s.follow.value = p.get('follow') === '1';
    s.collapsed.value = ints(p.get('collapse'), s.store.tasks.length);
    s.gutter.value = gutterOf(p.get('gutter'));
    s.bookmarks.value = bookmarksOf(p.get('marks') ?? '', s.store.duration);
    const group = p.get('group') ?? '';
    s.grouping.value = Object.hasOwn(EVENT_GROUPS, group) ? group : '';
    s.arrows.value = p.get('arrows') !== '0';
    const cols = (p.get('cols') ?? '')
      .split(',')
      .filter((c): c is Column => (COLUMNS as readonly string[]).includes(c));
    s.columns.value = cols.length ? cols : DEFAULT_COLUMNS;
    const theme = p.get('theme');
    s.theme.value = theme === 'dark' || theme === 'light' ? theme : 'auto';
  });
}

function gutterOf(text: string | undefined): number {
  const px = Number(text ?? GUTTER);
  return px >= 80 && px <= 900 ? Math.round(px) : GUTTER;
}
/** What is none is left out. */
function bookmarksOf(text: string, end: number): Bookmark[] {
  return text.split('|').flatMap(part => {
    const cut = part.indexOf('~'),
      t = cut < 0 ? part : part.slice(0, cut),
      note = cut < 0 ? '' : part.slice(cut + 1);
    if (!/^\d+$/.test(t) || Number(t) > end) return [];
    try {
      return [{ t: Number(t), note: decodeURIComponent(note) }];
    } catch {
      return [{ t: Number(t), note }];
    }
  });
}

/** Keeps hash and state the same. Steps that a person would want to undo get their own entry in the history. */
export function syncHash(s: State): void {
  let restoring = false,
    wanted = toHash(s),
    timer = 0,
    pushing = false;
  const step = (hash: string) => hash.replace(/&?\b(t|event|range)=[^&]*/g, '');
  const write = (hash: string, push: boolean) => {
    if (hash === location.hash || (hash === '' && location.hash === '')) return;
    try {
      if (push) history.pushState(null, '', hash || location.pathname + location.search);
      else history.replaceState(null, '', hash || location.pathname + location.search);
    } catch {
      /* browsers limit how often: the next change writes it */
    }
  };
  effect(() => {
    const hash = toHash(s);
    if (restoring) {
      wanted = hash;
      return;
    }
    if (hash === wanted) return;
    pushing ||= step(hash) !== step(wanted);
    wanted = hash;
    clearTimeout(timer);
    // What one click changes is one step.
    timer = setTimeout(
      () => {
        write(wanted, pushing);
        pushing = false;
      },
      pushing ? 0 : 250,
    ) as unknown as number;
  });
  const restore = () => {
    restoring = true;
    fromHash(s, location.hash);
    restoring = false;
    wanted = toHash(s);
  };
  window.addEventListener('popstate', restore);
  window.addEventListener('hashchange', () => {
    if (location.hash !== wanted) restore();
  });
}
