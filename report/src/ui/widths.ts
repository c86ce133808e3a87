// SPDX-License-Identifier: MIT
// Widths of columns that a person chose, kept while the page is open.

const LEAST = 40;
const kept = new Map<string, Map<string, number>>();

/** Column → pixels, of the table with that name. */
export function widthsOf(table: string): Map<string, number> {
  let m = kept.get(table);
  if (!m) {
    m = new Map();
    kept.set(table, m);
  }
  return m;
}

const put = (table: string, column: string, px: number) =>
  widthsOf(table).set(column, Math.max(LEAST, Math.round(px)));

/** A drag of the right edge of a cell in the head; `changed` after each move. */
export function dragWidth(
  e: PointerEvent,
  table: string,
  column: string,
  changed: () => void,
): void {
  if (e.button !== 0) return;
  e.preventDefault();
  e.stopPropagation();
  const grip = e.currentTarget as HTMLElement,
    wide = grip.parentElement!.getBoundingClientRect().width,
    from = e.clientX;
  grip.setPointerCapture(e.pointerId);
  const move = (m: PointerEvent) => {
    put(table, column, wide + m.clientX - from);
    changed();
  };
  const up = () => {
    grip.removeEventListener('pointermove', move);
    grip.removeEventListener('pointerup', up);
    grip.removeEventListener('pointercancel', up);
  };
  grip.addEventListener('pointermove', move);
  grip.addEventListener('pointerup', up);
  grip.addEventListener('pointercancel', up);
}

/** Shift and an arrow on the title of a column; true when that was the key. */
export function keyWidth(
  e: KeyboardEvent,
  table: string,
  column: string,
  changed: () => void,
): boolean {
  if (!e.shiftKey || (e.key !== 'ArrowLeft' && e.key !== 'ArrowRight')) return false;
  e.preventDefault();
  e.stopPropagation();
  const cell = (e.currentTarget as HTMLElement).parentElement!;
  put(table, column, cell.getBoundingClientRect().width + (e.key === 'ArrowRight' ? 16 : -16));
  changed();
  return true;
}

/** Back to the width that the table gives it. */
export function freeWidth(table: string, column: string, changed: () => void): void {
  widthsOf(table).delete(column);
  changed();
}
