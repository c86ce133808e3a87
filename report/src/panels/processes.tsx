// SPDX-License-Identifier: MIT
// Processes: the tree with what each ran, how it ended and what it did, and when each lived.
import { useMemo, useState } from 'preact/hooks';
import { laneStats, type ProcStat } from '../engine/aggregate';
import { bytes, count, duration, instant, leftOut, percent, plural } from '../engine/human';
import { laneRows } from '../engine/lanes';
import { withValue } from '../engine/query';
import { show } from '../format/text';
import { Grid, type GridColumn } from '../ui/grid';
import { useScan } from '../ui/hooks';
import { commandLine, copy, laneItems, openMenu } from '../ui/menu';
import type { State } from '../ui/state';
import { bytesOr, countOr, durOr, Segments, Span, Waiting } from './common';
import { laneName } from './details';

/** life: of all its threads together; cpu: ns, −1 not known. */
interface Row extends ProcStat {
  lane: number;
  depth: number;
  thread: boolean;
  wall: number;
  life: number;
  cpu: number;
}

/** Where only the waits for a CPU are known, what is neither those nor time on a CPU was spent blocked. */
const blocked = (r: Row) => r.block || (r.cpu >= 0 ? Math.max(0, r.life - r.cpu - r.runq) : 0);

/** Threads' figures belong to their process. */
function addThreads(a: ProcStat, b: ProcStat): ProcStat {
  return {
    run: a.run + b.run,
    runq: a.runq + b.runq,
    block: a.block + b.block,
    events: a.events + b.events,
    failed: a.failed + b.failed,
    time: a.time + b.time,
    wait: a.wait + b.wait,
    read: a.read + b.read,
    written: a.written + b.written,
    net: a.net + b.net,
    longest: a.longest < 0 ? b.longest : a.longest,
  };
}

export function Processes({ s }: { s: State }) {
  const stats = useScan(s, laneStats),
    [mode, setMode] = useState('tree'),
    [threads, setThreads] = useState(false),
    [at, select] = useState<number>(-1),
    { store } = s;
  const rows = useMemo<Row[]>(() => {
    if (!stats) return [];
    const sums = stats.map(x => ({ ...x })),
      wall = store.tasks.map((t, l) => store.taskEnd(l) - t.start),
      life = wall.slice();
    store.tasks.forEach((t, l) => {
      if (t.proc !== l && sums[t.proc]) {
        sums[t.proc] = addThreads(sums[t.proc], stats[l]);
        life[t.proc] += wall[l];
      }
    });
    const cpu = (l: number, x: ProcStat) =>
      x.run || (store.isThread(l) ? -1 : (store.tasks[l].cpu_ns ?? -1));
    const list = laneRows(store, {
      sort: mode === 'tree' ? 'tree' : 'start',
      pins: [],
      hidden: [],
      folded: !threads,
      only: s.mask.value.bits ? Uint32Array.from(sums, x => x.events) : null,
    });
    return list.map(r => {
      const x = r.thread ? stats[r.lane] : sums[r.lane];
      return {
        ...x,
        lane: r.lane,
        depth: r.depth,
        thread: r.thread,
        wall: wall[r.lane],
        life: life[r.lane],
        cpu: cpu(r.lane, x),
      };
    });
  }, [stats, mode, threads]);
  const sel = rows.find(r => r.lane === at) ?? null;
  const ended = (lane: number) => {
    const t = store.tasks[lane];
    return (
      t.signal ?? (t.exit !== undefined ? 'exit ' + t.exit : t.end === null ? 'running' : 'ended')
    );
  };
  const bad = (lane: number) => {
    const t = store.tasks[lane];
    return t.signal !== undefined || (t.exit ?? 0) !== 0;
  };
  const sched = store.ops.some(o => o === 'run' || o === 'runq' || o === 'block');
  const share = (
    id: string,
    drop: number,
    title: string,
    hint: string,
    of: (r: Row) => number,
  ): GridColumn<Row> => ({
    id,
    drop,
    title,
    width: '78px',
    num: true,
    hint,
    value: r => of(r) / Math.max(1, r.life),
    render: r => (of(r) > 0 ? percent(Math.min(of(r), r.life), r.life) : ''),
  });
  const columns = useMemo<GridColumn<Row>[]>(
    () => [
      {
        id: 'what',
        title: 'Process',
        width: 'minmax(260px, 1fr)',
        value: r => store.argv(r.lane).join(' ') || store.tasks[r.lane].comm,
        render: r => {
          const argv = store.argv(r.lane),
            text = r.thread
              ? '↳ ' + show(store.tasks[r.lane].comm)
              : show(
                  argv.length
                    ? [argv[0].split('/').pop() ?? '', ...argv.slice(1)].join(' ')
                    : store.tasks[r.lane].comm,
                );
          return (
            <span
              class={r.thread ? 'path thread-name' : 'path'}
              title={text}
              style={{ paddingLeft: Math.min(r.depth, 14) * 16 + 'px' }}
            >
              {text.slice(0, 300)}
            </span>
          );
        },
      },
      { id: 'pid', title: 'PID', width: '70px', num: true, value: r => store.tasks[r.lane].tid },
      {
        id: 'exit',
        title: 'Ended',
        width: '86px',
        value: r => ended(r.lane),
        cls: r => (bad(r.lane) ? 'bad' : 'dim'),
      },
      {
        id: 'wall',
        title: 'Duration',
        width: '84px',
        num: true,
        value: r => r.wall,
        render: r => duration(r.wall),
      },
      ...(store.tasks.some(t => t.cpu_ns !== undefined)
        ? [
            {
              id: 'cpu',
              drop: 9,
              title: 'CPU',
              width: '78px',
              num: true,
              value: (r: Row) => store.tasks[r.lane].cpu_ns ?? 0,
              render: (r: Row) => durOr(store.tasks[r.lane].cpu_ns ?? 0),
            },
          ]
        : []),
      ...(sched
        ? [
            share('run', 0, 'On CPU', 'share of the time of its threads', r => r.cpu),
            share(
              'runq',
              8,
              'Runnable',
              'share of the time of its threads that they waited for a CPU',
              r => r.runq,
            ),
            share(
              'block',
              4,
              'Blocked',
              'what is left of the time of its threads: neither on a CPU nor waiting for one',
              blocked,
            ),
          ]
        : []),
      {
        id: 'wait',
        drop: 7,
        title: 'Waits',
        width: '72px',
        num: true,
        hint: 'share of its life in futex, poll, sleep, wait, accept, connect',
        value: r => r.wait / Math.max(1, r.wall),
        render: r => (r.wait ? percent(Math.min(r.wait, r.wall), r.wall) : ''),
      },
      {
        id: 'events',
        drop: 2,
        title: 'Events',
        width: '76px',
        num: true,
        value: r => r.events,
        render: r => count(r.events),
      },
      {
        id: 'failed',
        drop: 1,
        title: 'Failed',
        width: '66px',
        num: true,
        value: r => r.failed,
        render: r => countOr(r.failed),
        cls: r => (r.failed ? 'bad' : ''),
      },
      {
        id: 'read',
        drop: 6,
        title: 'Read',
        width: '80px',
        num: true,
        value: r => r.read,
        render: r => bytesOr(r.read),
      },
      {
        id: 'written',
        drop: 5,
        title: 'Written',
        width: '80px',
        num: true,
        value: r => r.written,
        render: r => bytesOr(r.written),
      },
      {
        id: 'net',
        drop: 3,
        title: 'Network',
        width: '80px',
        num: true,
        value: r => r.net,
        render: r => bytesOr(r.net),
      },
      {
        id: 'span',
        title: 'Lifetime',
        width: 'minmax(160px, 0.9fr)',
        value: r => store.tasks[r.lane].start,
        render: r => (
          <Span
            from={store.tasks[r.lane].start}
            to={store.taskEnd(r.lane)}
            of={store.duration}
            colour={bad(r.lane) ? 'var(--bad)' : r.thread ? 'var(--thread)' : 'var(--cat-process)'}
            title={`${duration(store.tasks[r.lane].start)} → ${duration(store.taskEnd(r.lane))}`}
          />
        ),
      },
    ],
    [store],
  );
  const procs = store.tasks.filter(t => t.pid === t.tid).length;
  const go = (r: Row) => {
    s.filter.value = withValue(
      s.filter.value,
      r.thread ? 'tid' : 'pid',
      String(r.thread ? store.tasks[r.lane].tid : store.tasks[r.lane].pid),
      'only',
    );
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
          <span class="dim">
            {plural(procs, 'process', 'processes')}, {plural(store.tasks.length - procs, 'thread')}
            {' · '}
            {plural(
              store.tasks.filter((t, l) => t.pid === t.tid && bad(l)).length,
              'failed',
              'failed',
            )}
          </span>
        </div>
        {!stats ? (
          <Waiting s={s} what="processes" />
        ) : (
          <Grid
            key={mode}
            label="Processes"
            rows={rows}
            columns={columns}
            selected={sel}
            onSelect={r => select(r.lane)}
            onOpen={go}
            onMenu={(e, r) => openMenu(e, laneName(store, r.lane), laneItems(s, r.lane))}
            level={r => r.depth + 1}
            rowClass={r => (r.thread ? 'thread' : '')}
            empty="No process."
          />
        )}
      </div>
      {sel && (
        <ProcessPane
          s={s}
          row={sel}
          ended={ended(sel.lane)}
          bad={bad(sel.lane)}
          onClose={() => select(-1)}
          onFilter={() => go(sel)}
        />
      )}
    </section>
  );
}

function ProcessPane({
  s,
  row,
  ended,
  bad,
  onClose,
  onFilter,
}: {
  s: State;
  row: Row;
  ended: string;
  bad: boolean;
  onClose: () => void;
  onFilter: () => void;
}) {
  const { store } = s,
    t = store.tasks[row.lane];
  return (
    <aside class="details" aria-label="Process">
      <header>
        <h2>{laneName(store, row.lane)}</h2>
        <span class={bad ? 'badge bad' : 'badge'}>{ended}</span>
        <button type="button" class="icon" aria-label="Close" onClick={onClose}>
          ✕
        </button>
      </header>
      {t.execs.map((e, k) => (
        <div key={k} class="exec">
          <p class="dim">{e.inherited ? 'started as a copy of' : `exec at ${instant(e.t)} s`}</p>
          <pre class="call">
            {show(e.argv.join(' '))}
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
          {e.fds && e.fds.length > 0 && (
            <p class="dim">
              {'Descriptors kept open: '}
              {e.fds.map(([fd, f]) => `${fd}<${show(store.fileName(f))}>`).join(', ')}
              {e.fds_more ? ` and ${e.fds_more} more` : ''}
            </p>
          )}
        </div>
      ))}
      <dl class="fields">
        <dt>Parent</dt>
        <dd>{t.parent >= 0 ? laneName(store, t.parent) : (t.ppid ?? 'not traced')}</dd>
        <dt>Lived</dt>
        <dd class="mono">
          {t.was_running ? 'since before tracing' : instant(t.start) + ' s'}
          {' → '}
          {t.end === null ? 'the end' : instant(t.end) + ' s'}
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
    </aside>
  );
}
