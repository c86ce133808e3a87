// SPDX-License-Identifier: MIT
// Findings as sentences with the way to their evidence, and the rules they come from.
import { findings, RULES, type Finding } from '../engine/findings';
import { plural } from '../engine/human';
import { withTerms } from '../engine/query';
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

export function Findings({ s }: { s: State }) {
  const list = useScan(s, findings);
  if (!list)
    return (
      <section class="tab" aria-label="Findings">
        <Waiting s={s} what="findings" />
      </section>
    );
  const by = RULES.map(rule => ({ rule, items: list.filter(f => f.rule === rule.id) }));
  const hit = by
      .filter(x => x.items.length)
      .sort((a, b) => list.indexOf(a.items[0]) - list.indexOf(b.items[0])),
    quiet = by.filter(x => !x.items.length);
  return (
    <section class="tab scroll" aria-label="Findings">
      <div class="page">
        {!list.length && <p class="nothing">{whyEmpty(s, 'No rule found anything.')}</p>}
        {hit.map(({ rule, items }) => (
          <section key={rule.id} class="rule">
            <h2>
              {rule.title} <span class="dim">{plural(items.length, 'case')}</span>
            </h2>
            <p class="threshold">Shown for {rule.threshold}.</p>
            <ul class="findings">
              {items.slice(0, 25).map((f, k) => (
                <FindingItem key={k} s={s} f={f} />
              ))}
            </ul>
            {items.length > 25 && <p class="dim">and {plural(items.length - 25, 'more case')}.</p>}
          </section>
        ))}
        <details class="rule quiet">
          <summary>{plural(quiet.length, 'rule')} found nothing</summary>
          <dl>
            {quiet.map(({ rule }) => (
              <div key={rule.id}>
                <dt>{rule.title}</dt>
                <dd>{rule.threshold}</dd>
              </div>
            ))}
          </dl>
        </details>
      </div>
    </section>
  );
}
