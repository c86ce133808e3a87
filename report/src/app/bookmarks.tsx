// SPDX-License-Identifier: MIT
// Moments of the trace that a person marked, with a note; they are in the address.
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { moment } from '../engine/human';
import type { State } from '../ui/state';
import { Popover } from './popover';

/** The bookmark that a note is asked for, by its time; null for none. */
const noting = signal<number | null>(null);

/** The selected event, else the middle of what is in view. */
export function addBookmark(s: State): void {
  const i = s.selected.value,
    { from, to } = s.view.value,
    t = Math.round(Math.max(0, Math.min(s.store.duration, (from + to) / 2))),
    at = i >= 0 && i < s.store.hot ? s.store.start[i] : t;
  if (!s.bookmarks.value.some(m => m.t === at))
    s.bookmarks.value = [...s.bookmarks.value, { t: at, note: '' }].sort((a, b) => a.t - b.t);
  noting.value = at;
}

/** Asks for the note of the bookmark that was just made: Enter keeps it, Esc leaves it as it was. */
export function BookmarkNote({ s }: { s: State }) {
  const t = noting.value,
    box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (t === null) return undefined;
    const before = document.activeElement as HTMLElement | null;
    box.current!.focus();
    return () => before?.focus?.({ preventScroll: true });
  }, [t]);
  if (t === null) return null;
  const done = (note?: string) => {
    if (note !== undefined)
      s.bookmarks.value = s.bookmarks.value.map(m => (m.t === t ? { ...m, note } : m));
    noting.value = null;
  };
  return (
    <div class="bookmark-note" role="dialog" aria-label={`Bookmark at ${moment(t)}`}>
      <label>
        {`Bookmark at ${moment(t)} `}
        <input
          ref={box}
          type="text"
          placeholder="note"
          defaultValue={s.bookmarks.value.find(m => m.t === t)?.note ?? ''}
          onKeyDown={e => {
            e.stopPropagation();
            if (e.key === 'Enter') done(e.currentTarget.value);
            else if (e.key === 'Escape') done();
          }}
          onBlur={e => {
            if (noting.peek() === t) done(e.currentTarget.value);
          }}
        />
      </label>
      <span class="dim">Enter keeps it, Esc leaves it out</span>
    </div>
  );
}

export function Bookmarks({ s }: { s: State }) {
  const list = s.bookmarks.value;
  const put = (k: number, note: string) => {
    s.bookmarks.value = list.map((m, i) => (i === k ? { ...m, note } : m));
  };
  const go = (t: number) => {
    const half = (s.view.value.to - s.view.value.from) / 2;
    s.setView(t - half, t + half);
  };
  return (
    <Popover label={list.length ? `Bookmarks ${list.length}` : 'Bookmarks'} on={list.length > 0}>
      {list.length === 0 && <p class="dim">None. B marks the selected event.</p>}
      <ul class="bookmarks">
        {list.map((m, k) => (
          <li key={m.t}>
            <button type="button" class="link mono" onClick={() => go(m.t)}>
              {moment(m.t)}
            </button>
            <input
              type="text"
              value={m.note}
              placeholder="note"
              aria-label={`Note at ${moment(m.t)}`}
              onInput={e => put(k, (e.currentTarget as HTMLInputElement).value)}
            />
            <button
              type="button"
              class="icon"
              aria-label={`Remove the bookmark at ${moment(m.t)}`}
              onClick={() => {
                s.bookmarks.value = list.filter((_, i) => i !== k);
              }}
            >
              ✕
            </button>
          </li>
        ))}
      </ul>
      <div class="buttons">
        <button type="button" onClick={() => addBookmark(s)}>
          {s.selected.value >= 0 ? 'Mark the selected event' : 'Mark the middle'}
        </button>
      </div>
    </Popover>
  );
}
