// SPDX-License-Identifier: MIT
// The event table: as many row elements as fit, over a spacer that never gets taller than browsers allow.
import { effect } from '@preact/signals';
import { plural } from '../engine/human';
import { show } from '../format/text';
import { whyEmpty } from '../ui/empty';
import { copy, eventItems, openMenu, tipWhenCut, valueItems, type MenuItem } from '../ui/menu';
import type { Column, State } from '../ui/state';
import { dragWidth, freeWidth, keyWidth, widthsOf } from '../ui/widths';
import { CELLS, columnsThatFit, headText, rowText, SPECS } from './columns';
import { fillDetails, fillType, setText } from './fill';

const TABLE = 'Events';
const MOST_COPIED = 100_000;
const ROW = 23;
const TALLEST = 6_000_000;

export class EventTable {
  readonly el: HTMLElement;
  private head: HTMLElement;
  private body: HTMLElement;
  private space: HTMLElement;
  private rowsEl: HTMLElement;
  private none: HTMLElement;
  private cols: Column[] = []; // those of the chosen ones that have room
  private pool: HTMLElement[] = [];
  private top = 0; // first row shown; fractions are part of a row
  private mine = -1; // scroll position set by us
  private pending = 0;
  private stop: (() => void)[] = [];
  private resize: ResizeObserver;
  private lastSelected = -1;
  /** Where a range of marked rows began: it ends at the selected one; −1 for none. */
  private anchor = -1;
  /** The selected row was in sight when it was drawn last. */
  private sees = false;

  constructor(readonly s: State) {
    const make = (cls: string, role: string, parent?: HTMLElement): HTMLElement => {
      const e = document.createElement('div');
      e.className = cls;
      e.setAttribute('role', role);
      parent?.append(e);
      return e;
    };
    this.el = make('tb', 'grid');
    this.el.setAttribute('aria-label', 'Events');
    this.el.setAttribute('aria-multiselectable', 'true');
    this.el.tabIndex = 0;
    this.head = make('tb-head', 'row', this.el);
    this.body = make('tb-body', 'rowgroup', this.el);
    this.body.tabIndex = 0; // it scrolls by itself
    this.space = make('tb-space', 'presentation', this.body);
    this.rowsEl = make('tb-rows', 'presentation', this.body);
    this.none = make('nothing', 'row', this.body);
    this.resize = new ResizeObserver(() => this.resized());
    this.resize.observe(this.body);
    this.stop.push(
      effect(() => this.makeHead(s.columns.value)),
      effect(() => this.follow()),
      effect(() => this.followSelected()),
    );
    this.listen();
  }

  /** The panel that opens beside a selected row may take height, too: the row stays in sight. */
  private resized(): void {
    const sel = this.s.selected.peek(),
      row = this.sees && sel >= 0 ? this.s.rowOf(sel) : -1;
    this.makeHead(this.s.columns.peek());
    if (row >= 0) this.reveal(row);
    this.invalidate();
  }

  /** What the rows depend on. */
  private follow(): void {
    const { s } = this;
    void [
      s.sorted.value,
      s.span.value,
      s.sort.value,
      s.mask.value,
      s.version.value,
      s.coldReady.value,
      s.palette.value,
      s.columns.value,
    ];
    this.invalidate();
  }
  private followSelected(): void {
    const { s } = this,
      i = s.selected.value;
    if (i >= 0 && i !== this.lastSelected) {
      const row = s.rowOf(i);
      if (row >= 0) this.reveal(row);
    }
    this.lastSelected = i;
    this.invalidate();
  }

  private listen(): void {
    const { s, body } = this;
    body.addEventListener('scroll', () => this.scrolled());
    body.addEventListener('wheel', e => this.wheel(e), { passive: false });
    body.addEventListener('mouseover', tipWhenCut);
    this.el.addEventListener('keydown', e => this.key(e));
    body.addEventListener('click', e => {
      const row = this.rowFrom(e);
      if (row >= 0) {
        this.mark(e.shiftKey);
        s.select(s.event(row));
        this.el.focus({ preventScroll: true });
      }
    });
    // Else the text in between would be selected, and copied in place of the rows.
    body.addEventListener('mousedown', e => {
      if (e.shiftKey) e.preventDefault();
    });
    body.addEventListener('dblclick', e => {
      const row = this.rowFrom(e);
      if (row >= 0) s.reveal(s.event(row), true);
    });
    this.el.addEventListener('contextmenu', e => this.menu(e));
  }
  private scrolled(): void {
    const { body } = this;
    if (Math.abs(body.scrollTop - this.mine) < 1.5) return;
    this.mine = -1;
    const max = body.scrollHeight - body.clientHeight,
      last = Math.max(0, this.s.rowCount - this.fit);
    if (!this.scaled()) this.top = body.scrollTop / ROW;
    else this.top = max > 0 ? (body.scrollTop / max) * last : 0;
    this.invalidate();
  }
  private wheel(e: WheelEvent): void {
    if (!this.scaled() || e.ctrlKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) return;
    // Over a squeezed spacer a native step would jump over thousands of rows.
    e.preventDefault();
    this.setTop(this.top + (e.deltaY * (e.deltaMode ? 30 : 1)) / ROW);
  }
  private menu(e: MouseEvent): void {
    const { s } = this,
      { store } = s,
      row = this.rowFrom(e),
      i = row >= 0 ? s.event(row) : s.selected.value; // by key: the selected one
    if (i < 0) return;
    s.selected.value = i;
    const cell = (e.target as HTMLElement).closest<HTMLElement>('[data-col]')?.dataset.col,
      { comm } = store.tasks[store.lane[i]],
      own: MenuItem[] = [];
    if (cell === 'lane') own.push(...valueItems(s, 'proc', comm, `all ${show(comm)}`));
    if (cell === 'fd')
      own.push(...valueItems(s, 'fd', String(store.fd(i)), `descriptor ${store.fd(i)}`));
    openMenu(e, store.types[store.type[i]].name, [...own, ...eventItems(s, i)]);
  }

  destroy(): void {
    for (const f of this.stop) f();
    this.resize.disconnect();
    cancelAnimationFrame(this.pending);
  }
  private scaled(): boolean {
    return this.s.rowCount * ROW > TALLEST;
  }
  private get fit(): number {
    return this.body.clientHeight / ROW;
  }

  private rowFrom(e: Event): number {
    const r = (e.target as HTMLElement).closest<HTMLElement>('.tb-row')?.dataset.row;
    return r === undefined ? -1 : Number(r);
  }

  private makeHead(chosen: Column[]): void {
    const cols = columnsThatFit(chosen, this.rowsEl.clientWidth, widthsOf(TABLE));
    if (cols.join() === this.cols.join()) return;
    this.cols = cols;
    this.setWidths(cols);
    this.head.replaceChildren(
      ...cols.map((c, k) => {
        const spec = SPECS[c],
          cell = document.createElement('div'),
          button = document.createElement('button');
        cell.setAttribute('role', 'columnheader');
        cell.setAttribute('aria-colindex', String(k + 1));
        cell.className = spec.num ? 'num' : '';
        button.type = 'button';
        button.textContent = spec.title;
        button.dataset.col = c;
        button.addEventListener('click', () => {
          if (spec.sort) this.s.sortBy(spec.sort);
        });
        const changed = () => this.setWidths(cols);
        button.addEventListener('keydown', e => keyWidth(e, TABLE, c, changed));
        cell.append(button, k < cols.length - 1 ? grip(c, changed) : '');
        return cell;
      }),
    );
    this.el.setAttribute('aria-colcount', String(cols.length));
    this.pool = [];
    this.rowsEl.replaceChildren();
    this.invalidate();
  }

  private setWidths(cols: Column[]): void {
    const chosen = widthsOf(TABLE),
      width = (c: Column) => (chosen.has(c) ? chosen.get(c) + 'px' : SPECS[c].width);
    this.el.style.setProperty('--cols', cols.map(width).join(' '));
  }

  /** Before another row is selected: with Shift the rows from the one that is selected now on are marked. */
  private mark(on: boolean): void {
    const sel = this.s.selected.peek();
    if (!on) this.anchor = -1;
    else if (this.anchor < 0) this.anchor = sel >= 0 ? this.s.rowOf(sel) : -1;
  }
  /** First and last row that is marked: without a range the selected one. */
  private marked(): [number, number] {
    const sel = this.s.selected.peek(),
      at = sel >= 0 ? this.s.rowOf(sel) : -1;
    if (at < 0 || this.anchor < 0) return [at, at];
    return [Math.min(at, this.anchor), Math.max(at, this.anchor)];
  }
  private copy(): void {
    const { s } = this,
      [a, last] = this.marked(),
      b = Math.min(last, a + MOST_COPIED - 1),
      cols = s.columns.peek();
    if (a < 0) return;
    const lines = [headText(cols)];
    for (let row = a; row <= b; row++) lines.push(rowText(cols, s.store, s.event(row)));
    const all = plural(b - a + 1, 'row');
    copy(s, lines.join('\n') + '\n', last > b ? `the first ${all}; Export takes all` : all);
  }

  private invalidate(): void {
    if (!this.pending)
      this.pending = requestAnimationFrame(() => {
        this.pending = 0;
        this.draw();
      });
  }

  private setTop(row: number): void {
    this.top = Math.max(0, Math.min(row, this.s.rowCount - this.fit));
    const max = this.body.scrollHeight - this.body.clientHeight,
      last = Math.max(1, this.s.rowCount - this.fit);
    this.body.scrollTop = this.scaled() ? (this.top / last) * max : this.top * ROW;
    this.mine = this.body.scrollTop;
    this.invalidate();
  }
  private reveal(row: number): void {
    if (!this.body.clientHeight) {
      this.top = Math.max(0, row - 5);
      return;
    }
    if (row < this.top) this.setTop(row - 2);
    else if (row > this.top + this.fit - 2) this.setTop(row - this.fit + 3);
  }

  private key(e: KeyboardEvent): void {
    if ((e.ctrlKey || e.metaKey) && e.key === 'c' && !getSelection()?.toString()) {
      e.preventDefault();
      this.copy();
      return;
    }
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const { s } = this,
      n = s.rowCount,
      page = Math.max(1, Math.floor(this.fit) - 1),
      at = s.selected.value >= 0 ? s.rowOf(s.selected.value) : -1;
    const to: Record<string, number> = {
      ArrowDown: at < 0 ? Math.floor(this.top) : at + 1,
      ArrowUp: at < 0 ? Math.floor(this.top) : at - 1,
      PageDown: (at < 0 ? this.top : at) + page,
      PageUp: (at < 0 ? this.top : at) - page,
      Home: 0,
      End: n - 1,
    };
    if (!(e.key in to) || !n) {
      if (e.key === 'Enter' && at >= 0) {
        s.reveal(s.selected.value, true);
        e.preventDefault();
      }
      return;
    }
    e.preventDefault();
    e.stopPropagation();
    const row = Math.max(0, Math.min(n - 1, Math.floor(to[e.key])));
    this.mark(e.shiftKey);
    s.select(s.event(row));
    this.reveal(row);
  }

  private draw(): void {
    if (!this.el.isConnected) return;
    const { s } = this,
      n = s.rowCount,
      h = this.body.clientHeight,
      tall = Math.min(n * ROW, TALLEST);
    if (this.space.style.height !== tall + 'px') this.space.style.height = tall + 'px';
    this.el.setAttribute('aria-rowcount', String(n + 1));
    this.sayNone(n);
    this.top = Math.max(0, Math.min(this.top, Math.max(0, n - this.fit)));
    const first = Math.floor(this.top),
      shown = Math.max(0, Math.min(n - first, Math.ceil(h / ROW) + 1)),
      { cols } = this;
    this.rowsEl.style.transform = `translateY(${this.body.scrollTop - (this.top - first) * ROW}px)`;
    while (this.pool.length < shown) this.pool.push(this.makeRow(cols));
    for (let k = 0; k < this.pool.length; k++) {
      const e = this.pool[k];
      e.hidden = k >= shown;
      if (k < shown) this.fill(e, first + k, cols);
      else e.classList.remove('on');
    }
    const sort = s.sort.peek();
    this.head.querySelectorAll('button').forEach(b => {
      const on =
        SPECS[b.dataset.col as Column].sort === sort.key &&
        (sort.key !== 'time' || b.dataset.col === 'time' || !cols.includes('time'));
      b.parentElement!.setAttribute(
        'aria-sort',
        on ? (sort.down ? 'descending' : 'ascending') : 'none',
      );
    });
    const sel = s.selected.peek(),
      row = sel >= 0 ? s.rowOf(sel) : -1;
    this.sees = row >= first && row < first + shown;
    if (this.sees) this.el.setAttribute('aria-activedescendant', `row-${row - first}`);
    else this.el.removeAttribute('aria-activedescendant');
  }

  private sayNone(rows: number): void {
    const { s } = this,
      waits = s.filter.value && !s.coldReady.value,
      why = waits
        ? 'The filter is answered when the report has loaded.'
        : whyEmpty(s, 'No event to show.');
    this.none.hidden = rows > 0;
    const text = rows > 0 ? '' : why;
    if (this.none.textContent === text) return;
    const cell = document.createElement('span');
    cell.setAttribute('role', 'gridcell');
    cell.textContent = text;
    this.none.replaceChildren(cell);
  }

  private makeRow(cols: Column[]): HTMLElement {
    const e = document.createElement('div');
    e.className = 'tb-row';
    e.id = `row-${this.pool.length}`;
    e.setAttribute('role', 'row');
    cols.forEach((c, k) => {
      const cell = document.createElement('div');
      cell.setAttribute('role', 'gridcell');
      cell.setAttribute('aria-colindex', String(k + 1));
      cell.className = 'c-' + c + (SPECS[c].num ? ' num' : '');
      cell.dataset.col = c;
      e.append(cell);
    });
    this.rowsEl.append(e);
    return e;
  }

  private fill(e: HTMLElement, row: number, cols: Column[]): void {
    const { s } = this,
      { store } = s,
      i = s.event(row),
      [a, b] = this.marked(),
      on = i === s.selected.peek() || (this.anchor >= 0 && row >= a && row <= b);
    e.dataset.row = String(row);
    e.setAttribute('aria-rowindex', String(row + 2));
    e.className =
      'tb-row' +
      (on ? ' on' : '') +
      (store.bad(i) ? ' failed' : '') +
      (store.isThread(store.lane[i]) ? ' thread' : '') +
      (row & 1 ? ' alt' : '');
    e.setAttribute('aria-selected', String(on));
    cols.forEach((c, k) => {
      const cell = e.children[k] as HTMLElement;
      if (c === 'type') fillType(s, cell, i);
      else if (c === 'details') fillDetails(store, cell, i);
      else setText(cell, CELLS[c](store, i));
    });
  }
}

/** The edge of a title that is drawn to make its column wider. */
function grip(c: Column, changed: () => void): HTMLElement {
  const e = document.createElement('span');
  e.className = 'grip';
  e.setAttribute('aria-hidden', 'true');
  e.addEventListener('pointerdown', p => dragWidth(p, TABLE, c, changed));
  e.addEventListener('dblclick', () => freeWidth(TABLE, c, changed));
  return e;
}
