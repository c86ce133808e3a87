// SPDX-License-Identifier: MIT
// What keys do, outside of boxes that are typed in.
import { useEffect } from 'preact/hooks';
import { neighbour, sameFile, sameLane, samePath } from '../engine/neighbours';
import { noiseOf, toggleNoise } from '../engine/noise';
import { commandLine, copy, menu, toggled } from '../ui/menu';
import { addBookmark } from './bookmarks';
import { TABS, type State } from '../ui/state';
import { timelineNow } from './timeline';

/** The selected event, −1 for none, and its lane. */
interface Place {
  s: State;
  i: number;
  lane: number;
}
/** False when the key means nothing here and is left to the browser. */
type Act = (at: Place) => boolean | void;

function go({ s, i }: Place, step: 1 | -1, test: (k: number) => boolean): void {
  const { bits } = s.mask.value,
    k = neighbour(s.store, i, step, x => test(x) && (!bits || bits[x] === 1));
  if (k >= 0) s.select(k);
  else s.toast.value = step > 0 ? 'That was the last one' : 'That was the first one';
}
const onThread =
  (step: 1 | -1): Act =>
  at => {
    if (at.i >= 0) go(at, step, sameLane(at.s.store, at.i));
  };
const onFile =
  (step: 1 | -1): Act =>
  at => {
    if (at.i >= 0 && at.s.store.file[at.i]) go(at, step, sameFile(at.s.store, at.i));
  };
const onPath =
  (step: 1 | -1): Act =>
  at => {
    if (at.i >= 0 && at.s.store.obj[at.i]) go(at, step, samePath(at.s.store, at.i));
  };

/** The next or previous row of the table of events, round its ends; it is shown where it can be seen. */
const match =
  (step: 1 | -1): Act =>
  ({ s, i }) => {
    const rows = s.rowCount,
      at = i >= 0 ? s.rowOf(i) : -1;
    if (!rows) {
      s.toast.value = 'Nothing matches';
      return;
    }
    let to = at >= 0 ? at + step : step > 0 ? 0 : rows - 1;
    if (to < 0 || to >= rows) {
      s.toast.value = step > 0 ? 'From the start again' : 'From the end again';
      to = (to + rows) % rows;
    }
    s.tab.value = 'timeline';
    s.select(s.event(to));
  };

const zoom =
  (factor: number): Act =>
  ({ s }) =>
    s.zoom(factor);
const pan =
  (part: number): Act =>
  ({ s }) =>
    s.pan(part);
/** Arrow keys belong to tables and lists, but for the view of the timeline. */
const panThere =
  (part: number): Act =>
  ({ s }) => {
    if (s.tab.value !== 'timeline') return false;
    return s.pan(part);
  };

/** Closes what is open, one thing a time. The filter stays. */
const escape: Act = ({ s }) => {
  if (menu.value) menu.value = null;
  else if (s.range.value) s.range.value = null;
  else if (s.selected.value >= 0) s.selected.value = -1;
  else return false;
  return true;
};

const ACTS: Record<string, Act> = {
  '/': () => {
    const box = document.getElementById('filter') as HTMLInputElement;
    box.focus();
    box.select();
  },
  '?': ({ s }) => {
    s.help.value = true;
  },
  Escape: escape,
  x: ({ s }) => {
    s.filter.value = '';
  },
  m: ({ s }) => {
    if (noiseOf(s.store, []).length) s.filter.value = toggleNoise(s.store, s.filter.value);
  },
  '+': zoom(1 / 1.5),
  '=': zoom(1 / 1.5),
  w: zoom(1 / 1.5),
  '-': zoom(1.5),
  _: zoom(1.5),
  s: zoom(1.5),
  a: pan(-0.2),
  d: pan(0.2),
  ArrowLeft: panThere(-0.1),
  ArrowRight: panThere(0.1),
  '0': ({ s }) => s.fit(),
  f: ({ s, i, lane }) => {
    if (i < 0) s.fit();
    else {
      s.reveal(i, true);
      timelineNow?.scrollToLane(lane);
    }
  },
  r: ({ s }) => {
    if (s.range.value) s.setView(s.range.value.from, s.range.value.to);
  },
  n: match(1),
  N: match(-1),
  '.': onThread(1),
  ',': onThread(-1),
  ']': onFile(1),
  '[': onFile(-1),
  '}': onPath(1),
  '{': onPath(-1),
  p: ({ s, lane }) => {
    if (lane >= 0) s.pins.value = toggled(s.pins.value, lane);
  },
  h: ({ s, lane }) => {
    if (lane >= 0) s.hidden.value = toggled(s.hidden.value, lane);
  },
  e: ({ s, lane }) => {
    if (lane >= 0) s.collapsed.value = toggled(s.collapsed.value, lane);
  },
  b: ({ s }) => addBookmark(s),
  l: ({ s }) => {
    s.folded.value = !s.folded.value;
  },
  t: ({ s }) => {
    s.theme.value = s.dark ? 'light' : 'dark';
  },
  c: ({ s, i }) => {
    if (i >= 0) copy(s, s.store.straceLine(i));
  },
  C: ({ s, lane }) => {
    if (lane >= 0) copy(s, commandLine(s, lane));
  },
  ...Object.fromEntries(
    TABS.map((tab, k): [string, Act] => [
      String(k + 1),
      ({ s }) => {
        s.tab.value = tab;
      },
    ]),
  ),
};
/** These mean the same with Shift. */
const EITHER = /^[XMFRPHLTEB]$/;

function isTypedIn(e: HTMLElement): boolean {
  return /^(INPUT|SELECT|TEXTAREA)$/.test(e.tagName) && (e as HTMLInputElement).type !== 'checkbox';
}

export function useKeys(s: State): void {
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || s.help.value) return;
      if (isTypedIn(e.target as HTMLElement)) return;
      const name = EITHER.test(e.key) ? e.key.toLowerCase() : e.key,
        i = s.selected.value,
        lane = i >= 0 && i < s.store.hot ? s.store.lane[i] : -1;
      if (!Object.hasOwn(ACTS, name)) return;
      if (ACTS[name]({ s, i, lane }) !== false) e.preventDefault();
    };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  }, []);
}
