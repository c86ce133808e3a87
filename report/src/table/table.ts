// SPDX-License-Identifier: MIT
// The event table: as many row elements as fit, over a spacer that never gets taller than browsers allow.
import { effect } from '@preact/signals';
import { bytes, count, duration, instant, wall } from '../engine/human';
import type { SortKey } from '../engine/sort';
import { Layer } from '../engine/store';
import { show } from '../format/text';
import { eventItems, openMenu, tipWhenCut, valueItems } from '../ui/menu';
import type { Column, State } from '../ui/state';

const ROW = 23;
const TALLEST = 6_000_000;

interface ColumnSpec {
  title: string;
  width: string;
  num?: boolean;
  sort?: SortKey;
}
export const SPECS: Record<Column, ColumnSpec> = {
  row: { title: '#', width: '84px', num: true, sort: 'time' },
  time: { title: 'Time (s)', width: '104px', num: true, sort: 'time' },
  wall: { title: 'Wall clock', width: '236px', num: true, sort: 'time' },
  lane: { title: 'Process', width: '168px', sort: 'lane' },
  cat: { title: 'Category', width: '92px', sort: 'cat' },
  type: { title: 'Call', width: '132px', sort: 'type' },
  details: { title: 'Details', width: 'minmax(180px, 1fr)', sort: 'details' },
  result: { title: 'Result', width: '126px', sort: 'result' },
  fd: { title: 'FD', width: '54px', num: true, sort: 'fd' },
  bytes: { title: 'Bytes', width: '82px', num: true, sort: 'bytes' },
  dur: { title: 'Duration', width: '92px', num: true, sort: 'dur' },
};

export class EventTable {
  readonly el: HTMLElement;
  private head: HTMLElement;
  private body: HTMLElement;
  private space: HTMLElement;
  private rowsEl: HTMLElement;
  private pool: HTMLElement[] = [];
  private top = 0; // first row shown; fractions are part of a row
  private mine = -1; // scroll position set by us
  private pending = 0;
  private stop: (() => void)[] = [];
  private resize: ResizeObserver;
  private lastSelected = -1;

  constructor(readonly s: State) {
    const make = (cls: string, parent?: HTMLElement): HTMLElement => {
      const e = document.createElement('div');
      e.className = cls;
      parent?.append(e);
      return e;
    };
    this.el = make('tb');
    this.el.setAttribute('role', 'grid');
    this.el.setAttribute('aria-label', 'Events');
    this.el.tabIndex = 0;
    this.head = make('tb-head', this.el);
    this.head.setAttribute('role', 'row');
    this.body = make('tb-body', this.el);
    this.body.setAttribute('role', 'rowgroup');
    this.body.tabIndex = 0; // it scrolls by itself
    this.space = make('tb-space', this.body);
    this.space.setAttribute('role', 'presentation');
    this.rowsEl = make('tb-rows', this.body);
    this.rowsEl.setAttribute('role', 'presentation');
    this.resize = new ResizeObserver(() => this.invalidate());
    this.resize.observe(this.body);
    this.stop.push(
      effect(() => {
        this.makeHead(s.columns.value);
      }),
    );
    this.stop.push(
      effect(() => {
        void [
          s.sorted.value,
          s.sort.value,
          s.mask.value,
          s.version.value,
          s.coldReady.value,
          s.palette.value,
          s.columns.value,
        ];
        this.invalidate();
      }),
    );
    this.stop.push(
      effect(() => {
        const i = s.selected.value;
        if (i >= 0 && i !== this.lastSelected) {
          const row = s.rowOf(i);
          if (row >= 0) this.reveal(row);
        }
        this.lastSelected = i;
        this.invalidate();
      }),
    );
    this.body.addEventListener('scroll', () => {
      if (Math.abs(this.body.scrollTop - this.mine) < 1.5) return;
      this.mine = -1;
      const max = this.body.scrollHeight - this.body.clientHeight,
        last = Math.max(0, s.rowCount - this.body.clientHeight / ROW);
      this.top = this.scaled()
        ? max > 0
          ? (this.body.scrollTop / max) * last
          : 0
        : this.body.scrollTop / ROW;
      this.invalidate();
    });
    this.body.addEventListener(
      'wheel',
      e => {
        if (!this.scaled() || e.ctrlKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) return;
        // Over a squeezed spacer a native step would jump over thousands of rows.
        e.preventDefault();
        this.setTop(this.top + (e.deltaY * (e.deltaMode ? 30 : 1)) / ROW);
      },
      { passive: false },
    );
    this.body.addEventListener('mouseover', tipWhenCut);
    this.el.addEventListener('keydown', e => this.key(e));
    this.body.addEventListener('click', e => {
      const row = this.rowFrom(e);
      if (row >= 0) {
        this.s.select(this.s.event(row));
        this.el.focus({ preventScroll: true });
      }
    });
    this.body.addEventListener('dblclick', e => {
      const row = this.rowFrom(e);
      if (row >= 0) this.s.reveal(this.s.event(row), true);
    });
    this.el.addEventListener('contextmenu', e => {
      const row = this.rowFrom(e),
        i = row >= 0 ? s.event(row) : s.selected.value; // by key: the selected one
      if (i < 0) return;
      const cell = (e.target as HTMLElement).closest<HTMLElement>('[data-col]')?.dataset.col;
      s.selected.value = i;
      const { store } = s,
        items = eventItems(s, i),
        t = store.tasks[store.lane[i]];
      const own =
        cell === 'lane'
          ? valueItems(s, 'proc', t.comm, `all ${show(t.comm)}`)
          : cell === 'fd'
            ? valueItems(s, 'fd', String(store.fd(i)), `descriptor ${store.fd(i)}`)
            : [];
      openMenu(e, store.types[store.type[i]].name, [...own, ...items]);
    });
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

  private makeHead(cols: Column[]): void {
    this.el.style.setProperty('--cols', cols.map(c => SPECS[c].width).join(' '));
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
        cell.append(button);
        return cell;
      }),
    );
    this.el.setAttribute('aria-colcount', String(cols.length));
    this.pool = [];
    this.rowsEl.replaceChildren();
    this.invalidate();
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
    this.top = Math.max(0, Math.min(this.top, Math.max(0, n - this.fit)));
    const first = Math.floor(this.top),
      shown = Math.max(0, Math.min(n - first, Math.ceil(h / ROW) + 1)),
      cols = s.columns.peek();
    this.rowsEl.style.transform = `translateY(${this.body.scrollTop - (this.top - first) * ROW}px)`;
    while (this.pool.length < shown) this.pool.push(this.makeRow(cols));
    for (let k = 0; k < this.pool.length; k++) {
      const e = this.pool[k];
      e.hidden = k >= shown;
      if (k < shown) this.fill(e, first + k, cols);
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
    if (row >= first && row < first + shown)
      this.el.setAttribute('aria-activedescendant', `row-${row - first}`);
    else this.el.removeAttribute('aria-activedescendant');
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
      cold = i < store.cold,
      failed = store.failed(i),
      lane = store.lane[i],
      task = store.tasks[lane],
      t = store.type[i],
      thread = store.isThread(lane);
    e.dataset.row = String(row);
    e.setAttribute('aria-rowindex', String(row + 2));
    const on = i === s.selected.peek();
    e.className =
      'tb-row' +
      (on ? ' on' : '') +
      (failed ? ' failed' : '') +
      (thread ? ' thread' : '') +
      (row & 1 ? ' alt' : '');
    e.setAttribute('aria-selected', String(on));
    cols.forEach((c, k) => {
      const cell = e.children[k] as HTMLElement;
      switch (c) {
        case 'row':
          text(cell, count(i));
          break;
        case 'time':
          text(cell, instant(store.start[i]));
          break;
        case 'wall':
          text(cell, wall(store.meta.t0_ns, store.start[i]));
          break;
        case 'lane':
          text(cell, (thread ? '↳ ' : '') + show(task.comm) + ' ' + task.tid);
          break;
        case 'cat':
          text(cell, store.meta.categories[store.catOf[t]]);
          break;
        case 'type': {
          if (!cell.firstElementChild) {
            cell.replaceChildren(document.createElement('i'), document.createElement('span'));
          }
          (cell.firstElementChild as HTMLElement).style.background = s.palette.peek().cssType[t];
          text(cell.lastElementChild as HTMLElement, store.types[t].name);
          break;
        }
        case 'details': {
          if (!cold) {
            text(cell, '…');
            break;
          }
          cell.replaceChildren(
            ...store.argParts(i).map(p => {
              const x = document.createElement(p.main ? 'b' : 'span');
              x.textContent = clip(p.text);
              return x;
            }),
          );
          break;
        }
        case 'result':
          text(
            cell,
            cold
              ? failed
                ? store.errName[store.err[i]]
                : store.layerOf[t] === Layer.Call
                  ? store.result(i)
                  : ''
              : failed
                ? store.errName[store.err[i]]
                : '',
          );
          break;
        case 'fd':
          text(cell, cold && store.fd(i) >= 0 ? String(store.fd(i)) : '');
          break;
        case 'bytes': {
          const b = cold ? store.bytes(i) : 0;
          text(cell, b ? bytes(b) : '');
          break;
        }
        case 'dur':
          text(cell, store.dur32[i] ? duration(store.dur(i)) : '');
          break;
      }
    });
  }
}

const clip = (s: string): string => (s.length > 600 ? s.slice(0, 600) + '…' : s);
function text(e: HTMLElement, value: string): void {
  const node = e.firstChild;
  if (node && node.nodeType === Node.TEXT_NODE && e.childNodes.length === 1) {
    if (node.nodeValue !== value) node.nodeValue = value;
  } else e.textContent = value;
}
