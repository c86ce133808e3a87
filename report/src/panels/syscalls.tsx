// SPDX-License-Identifier: MIT
// Syscalls: how often, how long, how often in vain; with the distribution and the slowest of each.
import { useMemo, useState } from 'preact/hooks';
import { typeStats, type TypeStat } from '../engine/aggregate';
import { CALL_SCANS, type CallRow } from '../engine/call-groups';
import { count, duration, plural } from '../engine/human';
import { withTerms, withValue } from '../engine/query';
import { Grid } from '../ui/grid';
import { GroupBy, useGrouping } from '../ui/groups';
import { useScan } from '../ui/hooks';
import { openMenu, valueItems } from '../ui/menu';
import { whyEmpty } from '../ui/empty';
import type { State } from '../ui/state';
import { callColumns, scaleOf } from './call-columns';
import { CallPane } from './call-pane';
import { Waiting } from './common';
import { callGroupings } from './groupings';

export function Syscalls({ s }: { s: State }) {
  const stats = useScan(s, typeStats),
    [at, select] = useState<CallRow | null>(null),
    { store } = s,
    p = s.palette.value;
  const groupings = useMemo(() => callGroupings(store), [store]),
    { by, select: choice } = useGrouping(groupings),
    part = by?.part,
    parts = useScan<CallRow[]>(s, part ? CALL_SCANS[part] : typeStats),
    rows: CallRow[] | null = part ? parts : stats;
  const whole = stats ?? [],
    total = whole.reduce((a, r) => a + (store.types[r.type].layer ? 0 : r.total), 0),
    // After a change of the filter it is another row of the same call.
    sel = (at && rows?.find(r => r.type === at.type && r.part === at.part)) ?? null;
  const scale = useMemo(() => scaleOf(whole.map(r => r.hist)), [stats]);
  const columns = useMemo(() => callColumns(store, p, total, scale), [store, p, total, scale]);
  const name = (r: CallRow) => store.types[r.type].name;
  const go = (r: CallRow) => {
    const calls = withValue(s.filter.value, 'type', name(r), 'only');
    s.filter.value = r.filter ? withTerms(calls, r.filter) : calls;
    s.tab.value = 'timeline';
  };
  return (
    <section class="tab split" aria-label="Syscalls">
      <div class="tab-main">
        <div class="tab-bar">
          <GroupBy {...choice} />
          <span class="dim">{stats ? inAll(stats, total) : ''}</span>
        </div>
        {!stats || !rows ? (
          <Waiting s={s} what="calls" />
        ) : (
          <Grid
            s={s}
            label="Calls"
            by={by}
            rows={rows}
            columns={columns}
            sort={{ id: 'total', down: true }}
            selected={sel}
            onSelect={select}
            onOpen={go}
            onMenu={(e, r) =>
              openMenu(e, name(r), [
                ...valueItems(s, 'type', name(r), name(r)),
                { label: 'Show its events', run: () => go(r) },
              ])
            }
            empty={whyEmpty(s, 'No call.')}
          />
        )}
      </div>
      {sel && <CallPane s={s} r={sel} onClose={() => select(null)} onEvents={() => go(sel)} />}
    </section>
  );
}

function inAll(rows: TypeStat[], total: number): string {
  const sum = (f: (r: TypeStat) => number) => rows.reduce((a, r) => a + f(r), 0);
  return [
    plural(rows.length, 'type'),
    plural(
      sum(r => r.count),
      'event',
    ),
    `${count(sum(r => r.failed))} failed`,
    `${duration(total)} in calls, percentiles within 3 %`,
  ].join(' · ');
}
