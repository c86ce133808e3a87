// SPDX-License-Identifier: MIT
// The environment of one exec: what is different from before, all of it, searched and copied.
import { useState } from 'preact/hooks';
import { environment, type Variable } from '../engine/environment';
import { plural } from '../engine/human';
import type { ExecInfo } from '../format/layout';
import { shellWord, show } from '../format/text';
import { copy } from '../ui/menu';
import type { State } from '../ui/state';

const SIGN = { added: '+', removed: '−', changed: '~', '': '' };

function summary(list: Variable[]): string {
  const n = (change: string) => list.filter(v => v.change === change).length,
    parts = (['added', 'changed', 'removed'] as const).filter(c => n(c)).map(c => `${n(c)} ${c}`);
  return [plural(list.length - n('removed'), 'variable', 'variables'), ...parts].join(', ');
}

function Row({ v }: { v: Variable }) {
  return (
    <li class={v.change}>
      <span class="dim" title={v.change}>
        {SIGN[v.change]}
      </span>
      <span>
        <b>{show(v.name)}</b>={show(v.value)}
        {v.was !== undefined && <span class="dim">{` (was ${show(v.was)})`}</span>}
      </span>
    </li>
  );
}

export function Environment({ s, lane, e }: { s: State; lane: number; e: ExecInfo }) {
  const [open, setOpen] = useState(false),
    [text, setText] = useState('');
  if (!s.done.value) void s.version.value; // it may come yet
  const list = environment(s.store, lane, e);
  if (!list) return null;
  const part = text.toLowerCase(),
    shown = list.filter(v => `${v.name}=${v.value}`.toLowerCase().includes(part));
  return (
    <details class="environment" open={open} onToggle={x => setOpen(x.currentTarget.open)}>
      <summary>
        {'Environment '}
        <span class="dim">{summary(list)}</span>
      </summary>
      {open && (
        <>
          <input
            type="search"
            aria-label="Search in the environment"
            placeholder="Search variables"
            value={text}
            onInput={x => setText(x.currentTarget.value)}
          />
          <ul class="mono">
            {shown.map(v => (
              <Row key={v.change + v.name} v={v} />
            ))}
          </ul>
          {!shown.length && <p class="dim">None has this.</p>}
          {!!e.env_more && <p class="dim">{plural(e.env_more, 'variable')} left out</p>}
          {!!e.env_cut && <p class="dim">{plural(e.env_cut, 'byte')} of values left out</p>}
          <div class="buttons">
            <button
              type="button"
              onClick={() =>
                copy(
                  s,
                  shown
                    .filter(v => v.change !== 'removed')
                    .map(v => shellWord(`${v.name}=${v.value}`))
                    .join('\n'),
                )
              }
            >
              Copy variables
            </button>
          </div>
        </>
      )}
    </details>
  );
}
