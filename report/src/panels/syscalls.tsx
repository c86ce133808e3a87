// SPDX-License-Identifier: MIT
// Syscalls: how often, how long, how often in vain; with the distribution and the slowest of each.
import { useMemo, useState } from 'preact/hooks';
import { typeStats, type TypeStat } from '../engine/aggregate';
import { count, duration, plural } from '../engine/human';
import { withValue } from '../engine/query';
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
    [at, select] = useState(-1),
    { store } = s,
    p = s.palette.value;
  const rows = stats ?? [],
    total = rows.reduce((a, r) => a + (store.types[r.type].layer ? 0 : r.total), 0),
    sel = rows.find(r => r.type === at) ?? null;
  const scale = useMemo(() => scaleOf(rows.map(r => r.hist)), [stats]);
  const columns = useMemo(() => callColumns(store, p, total, scale), [store, p, total, scale]);
  const { by, select: choice } = useGrouping(useMemo(() => callGroupings(store), [store]));
  const name = (r: TypeStat) => store.types[r.type].name;
  const go = (r: TypeStat) => {
    s.filter.value = withValue(s.filter.value, 'type', name(r), 'only');
    s.tab.value = 'timeline';
  };
  return (
    <section class="tab split" aria-label="Syscalls">
      <div class="tab-main">
        <div class="tab-bar">
          <GroupBy {...choice} />
          <span class="dim">{stats ? inAll(stats, total) : ''}</span>
        </div>
        {!stats ? (
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
            onSelect={r => select(r.type)}
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
      {sel && <CallPane s={s} r={sel} onClose={() => select(-1)} onEvents={() => go(sel)} />}
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
