// SPDX-License-Identifier: MIT
// A button that opens a small box below it.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

export function Popover({
  label,
  children,
  on,
  title,
}: {
  label: ComponentChildren;
  title?: string;
  children: ComponentChildren;
  on?: boolean;
}) {
  const [open, set] = useState(false),
    box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const away = (e: Event) => {
      if (!box.current!.contains(e.target as Node)) set(false);
    };
    addEventListener('pointerdown', away, true);
    return () => removeEventListener('pointerdown', away, true);
  }, [open]);
  return (
    <div
      class="pop"
      ref={box}
      onKeyDown={e => {
        if (e.key === 'Escape' && open) {
          e.stopPropagation();
          set(false);
          box.current!.querySelector('button')!.focus();
        }
      }}
    >
      <button
        type="button"
        class={'pick' + (on ? ' set' : '')}
        title={title}
        aria-expanded={open}
        onClick={() => set(!open)}
      >
        {label} <span aria-hidden="true">▾</span>
      </button>
      {open && <div class="pop-body">{children}</div>}
    </div>
  );
}
