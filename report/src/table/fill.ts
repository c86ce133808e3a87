// SPDX-License-Identifier: MIT
// What stands in the cells of the event table.
import type { Store } from '../engine/store';
import type { State } from '../ui/state';

export function fillType(s: State, cell: HTMLElement, i: number): void {
  const t = s.store.type[i];
  if (!cell.firstElementChild)
    cell.replaceChildren(document.createElement('i'), document.createElement('span'));
  (cell.firstElementChild as HTMLElement).style.background = s.palette.peek().cssType[t];
  setText(cell.lastElementChild as HTMLElement, s.store.types[t].name);
}
export function fillDetails(store: Store, cell: HTMLElement, i: number): void {
  if (i >= store.cold) {
    setText(cell, '…');
    return;
  }
  cell.replaceChildren(
    ...store.argParts(i).map(p => {
      const x = document.createElement(p.main ? 'b' : 'span');
      x.textContent = clip(p.text);
      return x;
    }),
  );
}

const clip = (s: string): string => (s.length > 600 ? s.slice(0, 600) + '…' : s);
export function setText(e: HTMLElement, value: string): void {
  const node = e.firstChild;
  if (node && node.nodeType === Node.TEXT_NODE && e.childNodes.length === 1) {
    if (node.nodeValue !== value) node.nodeValue = value;
  } else e.textContent = value;
}
