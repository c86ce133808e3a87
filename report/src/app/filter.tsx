// SPDX-License-Identifier: MIT
// The filter box.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { State } from '../ui/state';

export function FilterBox({ s }: { s: State }) {
  const input = useRef<HTMLInputElement>(null),
    timer = useRef(0),
    sent = useRef(s.filter.value),
    [draft, setDraft] = useState(s.filter.value);
  const { errors } = s.query.value;
  useEffect(() => {
    // What was typed here may have gone on since it was applied; what comes from elsewhere replaces it.
    if (s.filter.value === sent.current) return;
    clearTimeout(timer.current);
    sent.current = s.filter.value;
    setDraft(s.filter.value);
  }, [s.filter.value]);
  const apply = (text: string) => {
    clearTimeout(timer.current);
    s.filter.value = sent.current = text.trim();
  };
  return (
    <div class={'filter' + (errors.length ? ' wrong' : '')} role="search">
      <input
        ref={input}
        id="filter"
        type="text"
        value={draft}
        spellcheck={false}
        autocomplete="off"
        placeholder="Filter:  type:openat  path:*.so  !path:/proc  dur>1ms  err:any"
        aria-label="Filter events"
        aria-invalid={errors.length > 0}
        aria-describedby={errors.length ? 'filter-error' : undefined}
        onInput={e => {
          const v = (e.currentTarget as HTMLInputElement).value;
          setDraft(v);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => {
            s.filter.value = sent.current = v.trim();
          }, pause(s)) as unknown as number;
        }}
        onKeyDown={e => {
          e.stopPropagation();
          // Both leave the box with the filter as it stands; only X and the cross take it away.
          if (e.key !== 'Enter' && e.key !== 'Escape') return;
          e.preventDefault();
          apply(draft);
          if (e.key === 'Escape') input.current!.blur();
          else focusTable();
        }}
      />
      {draft && (
        <button
          type="button"
          class="clear"
          aria-label="Clear filter"
          title="Clear filter (X)"
          onClick={() => {
            setDraft('');
            apply('');
            input.current!.focus();
          }}
        >
          ✕
        </button>
      )}
      {!draft && <kbd aria-hidden="true">/</kbd>}
      {errors.length > 0 && (
        <p id="filter-error" role="alert">
          {errors[0]}
        </p>
      )}
    </div>
  );
}
/** To the table of the view, where arrow keys and n go on; a view without one takes the keys itself. */
function focusTable(): void {
  const main = document.getElementById('main')!;
  (main.querySelector<HTMLElement>('.tb, .grid') ?? main).focus();
}

/** How long to wait for more typing: longer where a scan is longer. */
const pause = (s: State) => (s.store.n > 3e6 ? 220 : 90);
