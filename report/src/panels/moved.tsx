// SPDX-License-Identifier: MIT
// The first bytes that the selected call moved, as text and hex side by side.
import { bytesText, hex, hexRows } from '../engine/hex';
import { count, plural } from '../engine/human';
import { copy } from '../ui/menu';
import type { State } from '../ui/state';

/** `moved`: by the call in all, 0 where it failed or says something else. */
function howMany(kept: number, moved: number, failed: boolean): string {
  if (failed) return `${plural(kept, 'byte', 'bytes')}, not written`;
  return moved > kept
    ? `the first ${count(kept)} of ${count(moved)}`
    : plural(kept, 'byte', 'bytes');
}

export function MovedBytes({ s, i }: { s: State; i: number }) {
  const { store } = s,
    id = store.movedId(i);
  if (!id) return null;
  if (!s.done.value && id >= store.moved.count) void s.version.value; // it may come yet
  const data = store.moved.bytes(id);
  if (!data.length) return null;
  return (
    <section class="moved" aria-label="Contents">
      <h3>
        {'Contents '}
        <span class="dim">{howMany(data.length, store.bytes(i), store.failed(i))}</span>
      </h3>
      <div class="bytes" tabIndex={0} role="region" aria-label="Bytes in hex and as text">
        {hexRows(data).map(row => (
          <div key={row.at}>
            <span class="dim">{row.at}</span>
            <span>{row.hex}</span>
            <span>{row.text}</span>
          </div>
        ))}
      </div>
      <div class="buttons">
        <button type="button" onClick={() => copy(s, bytesText(data))}>
          Copy text
        </button>
        <button type="button" onClick={() => copy(s, hex(data))}>
          Copy hex
        </button>
      </div>
    </section>
  );
}
