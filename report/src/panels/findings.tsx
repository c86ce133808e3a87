// SPDX-License-Identifier: MIT
// Findings as sentences with the way to their evidence, and the rules they come from.
import { findings, RULES, type Finding } from '../engine/findings';
import { EVENT_GROUPS, groupKey } from '../engine/event-groups';
import { plural } from '../engine/human';
import { withTerms } from '../engine/query';
import { show } from '../format/text';
import { GroupBy, useGrouping } from '../ui/groups';
import { useScan } from '../ui/hooks';
import { whyEmpty } from '../ui/empty';
import type { State } from '../ui/state';
import { Waiting } from './common';

export function showEvidence(s: State, f: Finding): void {
  s.filter.value = withTerms('', f.filter);
  s.tab.value = 'timeline';
  if (f.event >= 0) {
    s.select(f.event);
  } else s.fit();
}

export function FindingItem({ s, f }: { s: State; f: Finding }) {
  return (
    <li class={`finding w${f.weight}`}>
      <span
        class="finding-mark"
        aria-label={['', 'note', 'worth a look', 'problem'][f.weight]}
        role="img"
      />
      <p>{f.text}</p>
      {f.share !== undefined && (
        <span class="share" title="of the time of the run">
          {f.share.toFixed(2)} %
        </span>
      )}
      {(f.filter || f.event >= 0) && (
        <button type="button" class="evidence" title={f.filter} onClick={() => showEvidence(s, f)}>
          Show
        </button>
      )}
    </li>
  );
}

/** What the event that a finding is seen in has; its rule is the heading when nothing is chosen. */
const KEYS = ['peer', 'folder', 'role', 'process', 'error', 'call'];
const GROUPINGS = KEYS.map(id => ({ id, title: EVENT_GROUPS[id].title }));

interface Part {
  title: string;
  note?: string;
  items: Finding[];
}
const NO_KEY = 'none';

/** In the order of the list, which has the heaviest first; what has no such key is last. */
function partsOf(s: State, list: Finding[], by: string): Part[] {
  const parts = new Map<string, Part>();
  for (const f of list) {
    const rule = RULES.find(r => r.id === f.rule),
      key = !by
        ? f.rule
        : f.event >= 0 && f.event < s.store.cold
          ? groupKey(s.store, by, f.event)
          : '';
    const part = parts.get(key) ?? {
      title: by ? show(key) || NO_KEY : (rule?.title ?? f.rule),
      note: by ? undefined : rule && `Shown for ${rule.threshold}.`,
      items: [],
    };
    part.items.push(f);
    parts.set(key, part);
  }
  const last = parts.get('');
  return [...parts.values()].sort((a, b) => Number(a === last) - Number(b === last));
}

export function Findings({ s }: { s: State }) {
  const list = useScan(s, findings),
    { by, select: choice } = useGrouping(GROUPINGS);
  if (!list)
    return (
      <section class="tab" aria-label="Findings">
        <Waiting s={s} what="findings" />
      </section>
    );
  const parts = partsOf(s, list, by?.id ?? ''),
    quiet = RULES.filter(rule => !list.some(f => f.rule === rule.id));
  return (
    <section class="tab" aria-label="Findings">
      <div class="tab-bar">
        <GroupBy {...choice} none="rule" />
        <span class="dim">{plural(list.length, 'finding')}</span>
      </div>
      <div class="findings-body">
        <div class="page">
          {!list.length && <p class="nothing">{whyEmpty(s, 'No rule found anything.')}</p>}
          {parts.map(part => (
            <PartOf key={part.title} s={s} part={part} />
          ))}
          <details class="rule quiet">
            <summary>{plural(quiet.length, 'rule')} found nothing</summary>
            <dl>
              {quiet.map(rule => (
                <div key={rule.id}>
                  <dt>{rule.title}</dt>
                  <dd>{rule.threshold}</dd>
                </div>
              ))}
            </dl>
          </details>
        </div>
      </div>
    </section>
  );
}

function PartOf({ s, part: { title, note, items } }: { s: State; part: Part }) {
  return (
    <section class="rule">
      <h2>
        {title} <span class="dim">{plural(items.length, 'case')}</span>
      </h2>
      {note && <p class="threshold">{note}</p>}
      <ul class="findings">
        {items.slice(0, 25).map((f, k) => (
          <FindingItem key={k} s={s} f={f} />
        ))}
      </ul>
      {items.length > 25 && <p class="dim">and {plural(items.length - 25, 'more case')}.</p>}
    </section>
  );
}
