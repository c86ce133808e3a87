// SPDX-License-Identifier: MIT
// The functions that the selected call was made from, where stacks were recorded.
import { plural } from '../engine/human';
import { frameLine, frameName, stackOf } from '../engine/stack';
import { show } from '../format/text';
import { copy } from '../ui/menu';
import type { State } from '../ui/state';

export function CalledFrom({ s, i }: { s: State; i: number }) {
  const { store } = s;
  if (!store.stackId(i)) return null;
  if (!s.done.value) void s.version.value; // it may come yet
  const stack = stackOf(store, i);
  if (!stack) return null;
  const { frames, rest } = stack;
  return (
    <section class="called-from" aria-label="Called from">
      <h3>
        {'Called from '}
        <span class="dim">{plural(frames.length, 'function')}, the innermost first</span>
      </h3>
      <ol tabIndex={0} aria-label="Functions">
        {frames.map((f, k) => (
          <li key={k} title={frameLine(f)}>
            <span class={f.name ? '' : 'dim'}>{frameName(f)}</span>
            {f.name && f.file && (
              <span class="dim">{show(f.file.slice(f.file.lastIndexOf('/') + 1))}</span>
            )}
          </li>
        ))}
        {rest && <li class="dim">{rest}</li>}
      </ol>
      <div class="buttons">
        <button
          type="button"
          onClick={() =>
            copy(s, [...frames.map(frameLine), ...(rest ? [rest] : [])].join('\n'), 'the functions')
          }
        >
          Copy functions
        </button>
      </div>
    </section>
  );
}
