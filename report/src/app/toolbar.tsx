// SPDX-License-Identifier: MIT
// Tabs, the filter, and what can be picked for it.
import { count } from '../engine/human';
import { TABS, type State, type Tab } from '../ui/state';
import { FilterBox } from './filter';
import { Picks } from './picks';

const NAMES: Record<Tab, string> = {
  overview: 'Overview',
  timeline: 'Timeline',
  files: 'Files',
  network: 'Network',
  processes: 'Processes',
  syscalls: 'Syscalls',
  findings: 'Findings',
};

export function Toolbar({ s }: { s: State }) {
  const { store } = s,
    tab = s.tab.value;
  const tabKey = (e: KeyboardEvent) => {
    const at = TABS.indexOf(tab),
      to =
        e.key === 'ArrowRight'
          ? at + 1
          : e.key === 'ArrowLeft'
            ? at - 1
            : e.key === 'Home'
              ? 0
              : e.key === 'End'
                ? TABS.length - 1
                : -2;
    if (to === -2) return;
    e.preventDefault();
    e.stopPropagation();
    s.tab.value = TABS[(to + TABS.length) % TABS.length];
    requestAnimationFrame(() => document.getElementById('tab-' + s.tab.value)?.focus());
  };
  return (
    <div class="toolbar">
      <div class="tabs" role="tablist" aria-label="Views" onKeyDown={tabKey}>
        {TABS.map((t, k) => (
          <button
            key={t}
            type="button"
            id={'tab-' + t}
            role="tab"
            aria-selected={t === tab}
            aria-controls="main"
            tabIndex={t === tab ? 0 : -1}
            title={`${NAMES[t]} (${k + 1})`}
            class={t === tab ? 'on' : ''}
            onClick={() => {
              s.tab.value = t;
            }}
          >
            {NAMES[t]}
          </button>
        ))}
      </div>
      <FilterBox s={s} />
      <Picks s={s} />
      <span class="matches" role="status">
        {s.filter.value ? (
          <>
            <b>{count(s.mask.value.count)}</b> of {count(store.hot)}
          </>
        ) : null}
      </span>
    </div>
  );
}
