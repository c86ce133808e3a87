// SPDX-License-Identifier: MIT
// In place of the table of events: groups of them, each with a way to its events.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { EVENT_GROUPS, GROUP_SCANS, groupKey, type EventGroup } from '../engine/event-groups';
import { count } from '../engine/human';
import { withTerms } from '../engine/query';
import { show } from '../format/text';
import { figures, Grid, type GridColumn } from '../ui/grid';
import { useScan } from '../ui/hooks';
import { openMenu } from '../ui/menu';
import { whyEmpty } from '../ui/empty';
import type { State } from '../ui/state';
import { bytesOr, durOr, failures, Waiting } from './common';

const columnsOf = (title: string): GridColumn<EventGroup>[] => [
  {
    id: 'key',
    title: title[0].toUpperCase() + title.slice(1),
    width: 'minmax(240px, 1fr)',
    value: g => g.key,
    render: g =>
      g.key ? (
        <span class="path" title={show(g.key)}>
          {show(g.key)}
        </span>
      ) : (
        <span class="dim">none</span>
      ),
  },
  figures('count', 'Events', 96, g => g.count, count),
  failures(86, g => g),
  figures('time', 'Time', 96, g => g.time, durOr),
  figures('longest', 'Longest', 96, g => g.longest, durOr, { drop: 2 }),
  figures('bytes', 'Bytes', 96, g => g.bytes, bytesOr, { drop: 1 }),
];

export function EventGroups({ s, by }: { s: State; by: string }) {
  const rows = useScan(s, GROUP_SCANS[by]),
    [at, select] = useState<EventGroup | null>(null),
    { title } = EVENT_GROUPS[by],
    columns = useMemo(() => columnsOf(title), [title]);
  const i = s.selected.value;
  // (the keys n and N go from event to event here, too)
  useEffect(() => {
    if (i >= 0 && i < s.store.cold && rows) {
      const key = groupKey(s.store, by, i);
      select(rows.find(g => g.key === key) ?? null);
    }
  }, [i, rows, by]);
  if (!rows) return <Waiting s={s} what="groups" />;
  const go = (g: EventGroup) => {
    if (!g.filter) return;
    s.filter.value = withTerms(s.filter.value, g.filter);
    s.grouping.value = '';
  };
  return (
    <Grid
      key={by}
      s={s}
      label="Groups of events"
      rows={rows}
      columns={columns}
      sort={{ id: 'time', down: true }}
      selected={at}
      onSelect={select}
      onOpen={go}
      onMenu={(e, g) =>
        openMenu(
          e,
          show(g.key) || 'none',
          g.filter
            ? [
                { label: 'Show its events', run: () => go(g) },
                {
                  label: 'Exclude it',
                  run: () => {
                    s.filter.value = withTerms(s.filter.value, '!' + g.filter);
                  },
                },
              ]
            : [],
        )
      }
      empty={whyEmpty(s, 'No event to show.')}
    />
  );
}
