// SPDX-License-Identifier: MIT
// What is different from another run (--diff): which run, what, both values, and why a process failed.
import { useMemo, useState } from 'preact/hooks';
import { count, duration, plural } from '../engine/human';
import { hostOf } from '../engine/peers';
import { withValue } from '../engine/query';
import { show } from '../format/text';
import type { Diff, Difference, DiffRun } from '../format/layout';
import { folderOf } from './groupings';
import { Middle } from './path';
import { Grid, type GridColumn } from '../ui/grid';
import { GroupBy, useGrouping, type Grouping } from '../ui/groups';
import type { State } from '../ui/state';

const KINDS: Record<string, string> = {
  ended: 'ended',
  ran: 'ran',
  started: 'start',
  arguments: 'arguments',
  environment: 'variable',
  result: 'file',
  missed: 'not found',
  opened: 'opened',
  written: 'written',
  bytes: 'bytes',
  peers: 'peer',
  slower: 'time',
  phases: 'time',
};
const PATHS = new Set(['result', 'missed', 'opened', 'written', 'bytes']);
const RUNS = ['both', 'first', 'second'];

/** The row's number keeps the writer's order, the most important first. */
interface Line extends Difference {
  at: number;
}
const value = (id: 'first' | 'second', title: string): GridColumn<Line> => ({
  id,
  title,
  width: 'minmax(120px, 0.8fr)',
  value: r => r[id] ?? '',
  render: r => (r[id] === null ? <span class="dim">–</span> : <Middle text={r[id]!} />),
});
const COLUMNS: GridColumn<Line>[] = [
  { id: 'run', title: 'Run', width: '76px', value: r => RUNS[r.run ?? 0] },
  { id: 'kind', title: 'Kind', width: '92px', drop: 3, value: r => KINDS[r.kind] ?? r.kind },
  {
    id: 'what',
    title: 'What',
    width: 'minmax(180px, 1.4fr)',
    value: r => r.what,
    render: r => <Middle text={r.what} />,
  },
  value('first', 'First'),
  value('second', 'Second'),
];

const GROUPINGS: Grouping<Line>[] = [
  { id: 'kind', title: 'kind', of: r => KINDS[r.kind] ?? r.kind },
  { id: 'run', title: 'run', of: r => RUNS[r.run ?? 0] },
  { id: 'folder', title: 'folder', of: r => (PATHS.has(r.kind) ? folderOf(r.what) : '') },
  {
    id: 'peer',
    title: 'peer',
    of: r => (r.kind === 'peers' ? hostOf(r.what.split(' ').pop()!) : ''),
  },
];

const textOf = (r: Line) =>
  [RUNS[r.run ?? 0], KINDS[r.kind], r.what, r.first, r.second, r.why].join('\n').toLowerCase();

function RunLine({ which, run }: { which: string; run: DiffRun }) {
  return (
    <p class="dim">
      {which}: <b>{show(run.recording)}</b>, {show(run.ended)}, {duration(run.duration_ns)}
      {run.not_recorded.length > 0 && `; not recorded: ${run.not_recorded.join(', ')}`}
    </p>
  );
}

/** Where to look first. */
function First({ words, go }: { words: string | undefined; go: () => void }) {
  if (!words) return null;
  return (
    <p class="first-difference">
      <b>First difference:</b> {show(words)}
      <button type="button" class="link" onClick={go}>
        show its row
      </button>
    </p>
  );
}

export function Differences({ s }: { s: State }) {
  return s.store.meta.diff ? <Panel s={s} diff={s.store.meta.diff} /> : null;
}

function Panel({ s, diff }: { s: State; diff: Diff }) {
  const [text, setText] = useState(''),
    [at, select] = useState<Line | null>(null),
    all = useMemo(() => diff.rows.map((r, k): Line => ({ ...r, at: k })), [diff]),
    words = text.toLowerCase().split(/\s+/).filter(Boolean),
    rows = useMemo(
      () => all.filter(r => words.every(w => textOf(r).includes(w))),
      [all, words.join(' ')],
    ),
    { by, select: choice } = useGrouping(GROUPINGS),
    failed = all.find(r => r.why),
    shown = at?.why ? at : failed && rows.includes(failed) ? failed : null;
  const open = (r: Line) => {
    if (!PATHS.has(r.kind) || r.run === 1) return;
    s.filter.value = withValue('', 'path', r.what, 'only');
    s.tab.value = 'timeline';
  };
  return (
    <section class="panel differences" aria-label="Differences">
      <h2>
        Differences <span class="dim">{count(rows.length)}</span>
        <GroupBy {...choice} />
        <input
          type="search"
          placeholder="Search differences"
          aria-label="Search differences"
          value={text}
          onInput={e => setText((e.currentTarget as HTMLInputElement).value)}
        />
      </h2>
      <First
        words={diff.first_difference?.words}
        go={() => {
          setText('');
          choice.set('');
          select(all[diff.first_difference!.row]);
        }}
      />
      <RunLine which="First" run={diff.runs[0]} />
      <RunLine which="Second, this page" run={diff.runs[1]} />
      <div class="differences-rows" style={{ height: Math.min(14, rows.length + 1.4) * 26 + 'px' }}>
        <Grid
          s={s}
          label="Differences"
          rows={rows}
          columns={COLUMNS}
          by={by}
          selected={at}
          onSelect={select}
          onOpen={open}
          empty={text ? 'No difference has these words.' : 'No difference.'}
        />
      </div>
      {shown?.why && (
        <pre class="differences-why">
          {show(shown.what)}
          {'\n'}
          {shown.why
            .split('\n')
            .map(l => '  ' + show(l))
            .join('\n')}
        </pre>
      )}
      {diff.durations_compared === false && (
        <p class="dim">
          Durations are not compared: the first was made with {diff.runs[0].backend}, the second
          with {diff.runs[1].backend}.
        </p>
      )}
      {diff.hidden > 0 && (
        <p class="dim">{plural(diff.hidden, 'difference')} hidden as noise (-a shows them)</p>
      )}
    </section>
  );
}
