// SPDX-License-Identifier: MIT
// What floats above the page: the menu of a right click, and a note that goes by itself.
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { menu } from '../ui/menu';
import type { State } from '../ui/state';

export function Menu() {
  const m = menu.value,
    box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (!m) return undefined;
    const before = document.activeElement as HTMLElement | null,
      e = box.current!,
      r = e.getBoundingClientRect();
    e.style.left = Math.max(4, Math.min(m.x, innerWidth - r.width - 6)) + 'px';
    e.style.top = Math.max(4, Math.min(m.y, innerHeight - r.height - 6)) + 'px';
    e.querySelector('button')?.focus();
    const away = (ev: Event) => {
      if (!e.contains(ev.target as Node)) menu.value = null;
    };
    addEventListener('pointerdown', away, true);
    addEventListener('blur', away);
    return () => {
      removeEventListener('pointerdown', away, true);
      removeEventListener('blur', away);
      before?.focus?.({ preventScroll: true });
    };
  }, [m]);
  if (!m) return null;
  const key = (e: KeyboardEvent) => {
    const list = [...box.current!.querySelectorAll('button')],
      at = list.indexOf(document.activeElement as HTMLButtonElement);
    e.stopPropagation();
    if (e.key === 'Escape' || e.key === 'Tab') {
      e.preventDefault();
      menu.value = null;
    } else if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
      e.preventDefault();
      list[(at + (e.key === 'ArrowDown' ? 1 : list.length - 1)) % list.length]?.focus();
    }
  };
  return (
    <div
      class="menu"
      role="menu"
      aria-label={m.title}
      ref={box}
      onKeyDown={key}
      onContextMenu={e => e.preventDefault()}
    >
      <p class="menu-title" aria-hidden="true">
        {m.title}
      </p>
      {m.items.map((x, k) => (
        <button
          key={k}
          type="button"
          role="menuitem"
          class={x.line ? 'line' : ''}
          onClick={() => {
            menu.value = null;
            x.run();
          }}
        >
          <span>{x.label}</span>
          {x.hint && <kbd>{x.hint}</kbd>}
        </button>
      ))}
    </div>
  );
}

export function Toast({ s }: { s: State }) {
  const text = s.toast.value;
  useEffect(() => {
    if (!text) return undefined;
    const t = setTimeout(() => {
      s.toast.value = '';
    }, 2600);
    return () => clearTimeout(t);
  }, [text]);
  return (
    <div class={'toast' + (text ? ' on' : '')} role="status" aria-live="polite">
      {text}
    </div>
  );
}
