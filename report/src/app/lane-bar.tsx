// SPDX-License-Identifier: MIT
// Above the timeline: which lanes, what the colours mean, zoom, the columns of the table.
import { plural } from '../engine/human';
import { SPECS } from '../table/columns';
import { COLUMNS, DEFAULT_COLUMNS, type State } from '../ui/state';
import { EVENT_GROUPS } from '../engine/event-groups';
import { GroupBy } from '../ui/groups';
import { Bookmarks } from './bookmarks';
import { Export } from './export';
import { Popover } from './popover';

const LEGEND: Record<string, string> = {
  scheduler: 'The strip under a lane: it waited for a CPU',
  fault: 'Ticks at the upper edge of a lane: page faults',
  disk: 'Ticks at the upper edge of a lane: block I/O',
};

const GROUPS = Object.entries(EVENT_GROUPS).map(([id, { title }]) => ({ id, title }));

export function LaneBar({ s }: { s: State }) {
  return (
    <div class="lane-bar">
      <label>
        {'Lanes '}
        <select
          value={s.laneSort.value}
          onChange={e => {
            s.laneSort.value = (e.currentTarget as HTMLSelectElement).value as 'tree';
          }}
        >
          <option value="tree">as a tree</option>
          <option value="start">by start</option>
          <option value="activity">
            {s.store.tasks.some(t => t.cpu_ns) ? 'by CPU time' : 'busiest first'}
          </option>
        </select>
      </label>
      {s.store.tasks.some(t => t.pid !== t.tid) && (
        <Check
          label=" threads"
          on={!s.folded.value}
          set={on => {
            s.folded.value = !on;
          }}
        />
      )}
      <Check
        label=" arrows"
        on={s.arrows.value}
        set={on => {
          s.arrows.value = on;
        }}
      />
      <Check
        label=" table follows"
        title="The table has only what begins in the visible time"
        on={s.follow.value}
        set={on => {
          s.follow.value = on;
        }}
      />
      <LaneCount s={s} />
      <Legend s={s} />
      <Zoom s={s} />
      <GroupBy
        id={s.grouping.value}
        set={id => {
          s.grouping.value = id;
        }}
        list={GROUPS}
      />
      <Bookmarks s={s} />
      <ColumnPicks s={s} />
      <Export s={s} />
    </div>
  );
}

function Check({
  label,
  on,
  set,
  title,
}: {
  label: string;
  on: boolean;
  set: (on: boolean) => void;
  title?: string;
}) {
  return (
    <label class="check" title={title}>
      <input type="checkbox" checked={on} onChange={() => set(!on)} />
      {label}
    </label>
  );
}

function LaneCount({ s }: { s: State }) {
  const hidden = s.hidden.value.length;
  return (
    <span class="dim">
      {plural(s.laneRows.value.length, 'lane')}
      {hidden > 0 && (
        <>
          {' · '}
          <button
            type="button"
            class="link"
            onClick={() => {
              s.hidden.value = [];
            }}
          >
            {hidden} hidden, show
          </button>
        </>
      )}
    </span>
  );
}

function Legend({ s }: { s: State }) {
  const used = new Set(s.store.types.map(t => t.cat)),
    { cssCat } = s.palette.value;
  return (
    <ul class="legend" aria-label="Colours">
      {s.store.meta.categories.map(
        (c, k) =>
          used.has(k) && (
            <li key={c} title={LEGEND[c]}>
              <i class="dot" style={{ background: cssCat[k] }} />
              {c}
            </li>
          ),
      )}
      <li title="The lower edge is red where a call failed; a long call that failed is all red">
        <i class="dot" style={{ background: 'var(--bad)' }} />
        failed
      </li>
    </ul>
  );
}

function Zoom({ s }: { s: State }) {
  const step = (label: string, key: string, factor: number) => (
    <button
      type="button"
      class="icon"
      aria-label={label}
      title={`${label} (${key})`}
      onClick={() => s.zoom(factor)}
    >
      {key}
    </button>
  );
  return (
    <span class="zoom">
      {step('Zoom out', '−', 1.6)}
      {step('Zoom in', '+', 1 / 1.6)}
      <button type="button" class="icon wide" title="Show everything (0)" onClick={() => s.fit()}>
        Fit
      </button>
    </span>
  );
}

function ColumnPicks({ s }: { s: State }) {
  const cols = s.columns.value;
  return (
    <Popover label="Columns" on={cols.join() !== DEFAULT_COLUMNS.join()}>
      <ul class="checks">
        {COLUMNS.map(c => (
          <li key={c}>
            <label>
              <input
                type="checkbox"
                checked={cols.includes(c)}
                onChange={() => {
                  const next = COLUMNS.filter(x =>
                    x === c ? !cols.includes(c) : cols.includes(x),
                  );
                  if (next.length) s.columns.value = next;
                }}
              />
              <span class="grow">{SPECS[c].title}</span>
            </label>
          </li>
        ))}
      </ul>
    </Popover>
  );
}
