// SPDX-License-Identifier: MIT
// The first line: what ran, how it ended, how much there is; below it what a reader must know of this report.
import { useState } from 'preact/hooks';
import { count, duration, leftOut, plural } from '../engine/human';
import { commandText, show } from '../format/text';
import type { State } from '../ui/state';

export function Header({ s }: { s: State }) {
  const { store } = s,
    { meta } = store;
  const looked = store.argv(meta.main);
  const command = meta.command.length
    ? commandText(meta.command) + leftOut(meta.command_more, meta.command_cut)
    : meta.attached.length
      ? `${meta.attached.length === 1 && looked.length ? commandText(looked) + ' · ' : ''}pid ${meta.attached.join(', ')}`
      : 'nothing';
  // How it ended is worded by the writer, in the static summary.
  const ended = document.querySelector('#summary .outcome');
  const procs = meta.tasks.filter(t => t.pid === t.tid).length,
    threads = meta.tasks.length - procs;
  return (
    <header class="top">
      <span class="brand" aria-hidden="true">
        <svg viewBox="0 0 16 16" width="18" height="18">
          <rect x="1" y="2" width="9" height="3" rx="1" fill="var(--cat-file)" />
          <rect x="5" y="6.5" width="10" height="3" rx="1" fill="var(--cat-network)" />
          <rect x="3" y="11" width="6" height="3" rx="1" fill="var(--cat-process)" />
        </svg>
      </span>
      <h1 title={command}>{command}</h1>
      <span class={ended?.className ?? 'outcome open'}>
        {ended?.textContent ?? (meta.tasks.length ? '' : 'nothing ran')}
      </span>
      <ul class="facts">
        <li>{duration(meta.duration_ns)}</li>
        <li>
          {plural(procs, 'process', 'processes')}
          {threads ? `, ${plural(threads, 'thread')}` : ''}
        </li>
        <li>
          {plural(meta.events.kept, 'event')}
          {meta.events.total > meta.events.kept ? ` of ${count(meta.events.total)}` : ''}
        </li>
      </ul>
      <Loading s={s} />
      <button
        type="button"
        class="icon"
        aria-label={s.dark ? 'Light theme' : 'Dark theme'}
        title="Theme (T)"
        onClick={() => {
          s.theme.value = s.dark ? 'light' : 'dark';
        }}
      >
        {s.dark ? '☀' : '☾'}
      </button>
      <button
        type="button"
        class="icon"
        aria-label="Keys and filter language"
        title="Keys and filter language (?)"
        onClick={() => {
          s.help.value = true;
        }}
      >
        ?
      </button>
    </header>
  );
}

function Loading({ s }: { s: State }) {
  void s.version.value;
  const { store } = s,
    part = store.n ? (store.hot + store.cold) / (2 * store.n) : 1;
  const busy = s.busy.value;
  if (s.done.value && !busy) return null;
  return (
    <span class="loading" role="status">
      {busy || `Loading ${Math.floor(part * 100)} %`}
      <progress aria-label={busy || 'Loading'} max={1} value={busy ? undefined : part} />
    </span>
  );
}

export function Notes({ s }: { s: State }) {
  const { meta } = s.store,
    [closed, close] = useState(false);
  const list = [...s.problems.value];
  if (meta.events.total > meta.events.kept)
    list.push(
      `This report holds ${count(meta.events.kept)} of ${count(meta.events.total)} events (--max-report-events).`,
    );
  if (meta.lost.events)
    list.push(`${plural(meta.lost.events, 'event')} lost while tracing. ${meta.lost.note}`);
  if (meta.end === 'cut') list.push('The recording this report was made from is incomplete.');
  const notes = closed ? [] : meta.notes;
  if (!list.length && !notes.length) return null;
  return (
    <div class="notes" role="status">
      {list.map(x => (
        <p key={x} class="warn">
          {show(x)}
        </p>
      ))}
      {notes.length > 0 && (
        <p class="note">
          {notes.map(show).join(' · ')}
          <button type="button" class="icon" aria-label="Hide notes" onClick={() => close(true)}>
            ✕
          </button>
        </p>
      )}
    </div>
  );
}
