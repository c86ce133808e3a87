// SPDX-License-Identifier: MIT
// Processes: the tree with what each ran, how it ended and what it did, and when each lived.
import { useMemo, useState } from 'preact/hooks';
import { laneStats, type ProcStat } from '../engine/aggregate';
import { endedBadly } from '../engine/endings';
import { plural } from '../engine/human';
import { withValue } from '../engine/query';
import type { Store } from '../engine/store';
import { Grid } from '../ui/grid';
import { GroupBy, useGrouping } from '../ui/groups';
import { useScan } from '../ui/hooks';
import { laneItems, openMenu, toggled } from '../ui/menu';
import { whyEmpty } from '../ui/empty';
import type { State } from '../ui/state';
import { Segments, Waiting } from './common';
import { laneName } from '../engine/neighbours';
import { processGroupings } from './groupings';
import { PhaseLegend } from './waterfall';
import { processColumns } from './process-columns';
import { ProcessPane } from './process-pane';
import { processRows, type ProcessRow } from './process-rows';

const rowsOf = (s: State, stats: ProcStat[], threads: boolean) =>
  processRows(s.store, stats, s.mask.value.bits !== null, threads, s.collapsed.value);

const foldOf = (s: State) => ({
  closed: (lane: number) => s.collapsed.value.includes(lane),
  toggle: (lane: number) => {
    s.collapsed.value = toggled(s.collapsed.value, lane);
  },
});

const COLOURS: [string, string][] = [
  ['life', 'lived'],
  ['failed', 'ended badly'],
  ['critical', 'critical path'],
];

export function Processes({ s }: { s: State }) {
  const stats = useScan(s, laneStats),
    [mode, setMode] = useState('tree'),
    [threads, setThreads] = useState(false),
    [at, select] = useState<number>(-1),
    { store } = s;
  const rows = useMemo<ProcessRow[]>(
    () => (stats ? rowsOf(s, stats, threads) : []),
    [stats, threads, s.collapsed.value],
  );
  const sel = rows.find(r => r.lane === at) ?? null;
  const columns = useMemo(
    () => processColumns(store, rows, mode === 'waterfall', foldOf(s)),
    [store, rows, mode],
  );
  const { by, select: choice } = useGrouping(useMemo(() => processGroupings(store), [store]));
  const go = (r: ProcessRow) => {
    const { pid, tid } = store.tasks[r.lane];
    s.filter.value = r.thread
      ? withValue(s.filter.value, 'tid', String(tid), 'only')
      : withValue(s.filter.value, 'pid', String(pid), 'only');
  };
  return (
    <section class="tab split" aria-label="Processes">
      <div class="tab-main">
        <div class="tab-bar">
          <Segments
            label="Order"
            value={mode}
            onChange={setMode}
            options={[
              ['tree', 'Tree'],
              ['waterfall', 'Waterfall'],
            ]}
          />
          <label class="check">
            <input
              type="checkbox"
              checked={threads}
              onChange={e => setThreads((e.currentTarget as HTMLInputElement).checked)}
            />
            {' threads'}
          </label>
          <GroupBy {...choice} />
          <span class="dim">
            <Counts store={store} />
          </span>
          {store.meta.critical && <PhaseLegend list={COLOURS} />}
        </div>
        {!stats ? (
          <Waiting s={s} what="processes" />
        ) : (
          <Grid
            key={mode}
            s={s}
            label="Processes"
            by={by}
            rows={rows}
            columns={columns}
            selected={sel}
            onSelect={r => select(r.lane)}
            onOpen={go}
            onMenu={(e, r) => openMenu(e, laneName(store, r.lane), laneItems(s, r.lane))}
            level={r => r.depth + 1}
            rowClass={r => (r.thread ? 'thread' : '')}
            empty={whyEmpty(s, 'No process.')}
          />
        )}
      </div>
      {sel && <ProcessPane s={s} row={sel} onClose={() => select(-1)} onFilter={() => go(sel)} />}
    </section>
  );
}

function Counts({ store }: { store: Store }) {
  const procs = store.tasks.filter(t => t.pid === t.tid).length,
    failed = store.tasks.filter(t => t.pid === t.tid && endedBadly(t)).length;
  return (
    <>
      {plural(procs, 'process', 'processes')}, {plural(store.tasks.length - procs, 'thread')}
      {' · '}
      {plural(failed, 'failed', 'failed')}
    </>
  );
}
