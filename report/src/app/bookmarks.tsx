// SPDX-License-Identifier: MIT
// Moments of the trace that a person marked, with a note; they are in the address.
import { moment } from '../engine/human';
import type { State } from '../ui/state';
import { Popover } from './popover';

/** The selected event, else the middle of what is in view. */
export function addBookmark(s: State): void {
  const i = s.selected.value,
    { from, to } = s.view.value,
    t = Math.round(Math.max(0, Math.min(s.store.duration, (from + to) / 2))),
    at = i >= 0 && i < s.store.hot ? s.store.start[i] : t;
  if (s.bookmarks.value.some(m => m.t === at)) return;
  s.bookmarks.value = [...s.bookmarks.value, { t: at, note: '' }].sort((a, b) => a.t - b.t);
  s.toast.value = `Bookmark at ${moment(at)}`;
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
