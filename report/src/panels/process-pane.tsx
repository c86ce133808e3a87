// SPDX-License-Identifier: MIT
// One process in full: what it ran, its times, ways to its events.
import { endedBadly, howEnded } from '../engine/endings';
import { bytes, duration, moment, leftOut } from '../engine/human';
import { withValue } from '../engine/query';
import { commandText, show } from '../format/text';
import { commandLine, copy } from '../ui/menu';
import type { State } from '../ui/state';
import { laneName } from '../engine/neighbours';
import { Environment } from './environment';
import { blocked, type ProcessRow } from './process-rows';

interface Props {
  s: State;
  row: ProcessRow;
}

export function ProcessPane({
  s,
  row,
  onClose,
  onFilter,
}: Props & { onClose: () => void; onFilter: () => void }) {
  const { store } = s;
  return (
    <aside class="details" aria-label="Process">
      <header>
        <h2>{laneName(store, row.lane)}</h2>
        <span class={endedBadly(store.tasks[row.lane]) ? 'badge bad' : 'badge'}>
          {howEnded(store.tasks[row.lane])}
        </span>
        <button type="button" class="icon" aria-label="Close" onClick={onClose}>
          ✕
        </button>
      </header>
      <Execs s={s} row={row} />
      <Fields s={s} row={row} />
      <Buttons s={s} row={row} onFilter={onFilter} />
    </aside>
  );
}

function Execs({ s, row }: Props) {
  const { store } = s;
  return (
    <>
      {store.tasks[row.lane].execs.map((e, k) => (
        <div key={k} class="exec">
          <p class="dim">{e.inherited ? 'started as a copy of' : `exec at ${moment(e.t)}`}</p>
          <pre class="call">
            {commandText(e.argv)}
            {leftOut(e.argv_more, e.argv_cut)}
          </pre>
          <dl class="fields">
            <dt>Program</dt>
            <dd class="mono wrap">{show(e.exe)}</dd>
            {e.cwd && (
              <>
                <dt>In</dt>
                <dd class="mono wrap">{show(e.cwd)}</dd>
              </>
            )}
          </dl>
          <Environment s={s} lane={row.lane} e={e} />
          {e.fds && e.fds.length > 0 && (
            <p class="dim">
              {'Descriptors kept open: '}
              {e.fds.map(([fd, f]) => `${fd}<${show(store.fileName(f))}>`).join(', ')}
              {e.fds_more ? ` and ${e.fds_more} more` : ''}
            </p>
          )}
        </div>
      ))}
    </>
  );
}

function Fields({ s, row }: Props) {
  const { store } = s,
    t = store.tasks[row.lane];
  return (
    <dl class="fields">
      <dt>Parent</dt>
      <dd>{t.parent >= 0 ? laneName(store, t.parent) : (t.ppid ?? 'not traced')}</dd>
      <dt>Lived</dt>
      <dd class="mono">
        {t.was_running ? 'since before tracing' : moment(t.start)}
        {' → '}
        {t.end === null ? 'the end' : moment(t.end)}
      </dd>
      <dt>Duration</dt>
      <dd class="mono">{duration(row.wall)}</dd>
      {t.cpu_ns !== undefined && (
        <>
          <dt>CPU</dt>
          <dd class="mono">
            {duration(t.cpu_ns)}
            {t.utime_ns !== undefined && (
              <span class="dim">
                {' ('}
                {duration(t.utime_ns)} user, {duration(t.stime_ns ?? 0)} system)
              </span>
            )}
          </dd>
        </>
      )}
      {row.run + row.runq + row.block > 0 && (
        <>
          <dt>Scheduler</dt>
          <dd class="mono">
            {row.cpu >= 0 && `${duration(row.cpu)} on CPU, `}
            {duration(row.runq)} waiting for one
            {row.cpu >= 0 && `, ${duration(blocked(row))} blocked`}
          </dd>
        </>
      )}
      {t.max_rss !== undefined && (
        <>
          <dt>Peak memory</dt>
          <dd class="mono">{bytes(t.max_rss)}</dd>
        </>
      )}
      <dt>In calls</dt>
      <dd class="mono">
        {duration(row.time)} <span class="dim">of which waiting {duration(row.wait)}</span>
      </dd>
      {row.longest >= 0 && (
        <>
          <dt>Longest call</dt>
          <dd>
            <button
              type="button"
              class="link"
              onClick={() => {
                s.select(row.longest);
                s.tab.value = 'timeline';
              }}
            >
              {store.types[store.type[row.longest]].name} {duration(store.dur(row.longest))}
            </button>
          </dd>
        </>
      )}
    </dl>
  );
}

function Buttons({ s, row, onFilter }: Props & { onFilter: () => void }) {
  const { store } = s,
    t = store.tasks[row.lane];
  return (
    <div class="buttons">
      <button type="button" onClick={onFilter}>
        Filter to it
      </button>
      <button
        type="button"
        onClick={() => {
          s.filter.value = withValue(s.filter.value, 'tree', String(t.pid), 'only');
        }}
      >
        With its children
      </button>
      <button
        type="button"
        onClick={() => {
          s.setView(t.start, store.taskEnd(row.lane));
          s.tab.value = 'timeline';
        }}
      >
        Show in timeline
      </button>
      <button type="button" onClick={() => copy(s, commandLine(s, row.lane))}>
        Copy command
      </button>
    </div>
  );
}
