// SPDX-License-Identifier: MIT
// The gutter: a label for each lane in sight. Elements are kept and used again.
import { endedBadly } from '../engine/endings';
import { duration } from '../engine/human';
import type { LaneRow } from '../engine/lanes';
import { argumentOf } from '../engine/neighbours';
import { commandText, show } from '../format/text';
import type { State } from '../ui/state';
import type { Layout, Sight } from './layout';

export class Labels {
  private readonly pool: HTMLElement[] = [];
  constructor(
    private readonly s: State,
    private readonly l: Layout,
  ) {}

  draw({ first, rows, scroll }: Sight): void {
    const { offsets, labels } = this.l,
      sel = this.s.selected.peek(),
      on = sel >= 0 ? this.s.store.lane[sel] : -1;
    while (this.pool.length < rows.length) {
      const e = document.createElement('div');
      for (const kind of ['button', 'span', 'span', 'span', 'span'])
        e.append(document.createElement(kind));
      labels.append(e);
      this.pool.push(e);
    }
    this.pool.forEach((e, k) => {
      const r = rows[k];
      e.hidden = !r;
      if (!r) return;
      e.style.transform = `translateY(${offsets[first + k] - scroll}px)`;
      e.style.height = offsets[first + k + 1] - offsets[first + k] + 'px';
      this.fill(e, r, r.lane === on, ((first + k) & 1) === 1);
    });
  }

  private fill(e: HTMLElement, r: LaneRow, on: boolean, alt: boolean): void {
    const closed = this.s.collapsed.peek().includes(r.lane),
      key = `${r.lane}/${r.depth}/${r.pinned}/${on}/${alt}/${r.below}/${closed}`;
    if (e.dataset.key === key) return;
    e.dataset.key = key;
    e.dataset.lane = String(r.lane);
    const marks = { thread: r.thread, pinned: r.pinned, on, alt };
    e.className = ['lane', ...Object.entries(marks).flatMap(([k, is]) => (is ? [k] : []))].join(
      ' ',
    );
    e.style.setProperty('--d', String(Math.min(r.depth, 8)));
    const t = this.s.store.tasks[r.lane],
      bad = endedBadly(t),
      [twist, name, arg, pid, exit] = e.children as unknown as HTMLElement[];
    this.twist(twist as HTMLButtonElement, r, closed);
    arg.className = 'lane-arg';
    arg.textContent = r.thread ? '' : show(argumentOf(this.s.store.argv(r.lane))).slice(0, 80);
    name.className = 'lane-name';
    name.textContent = (r.thread ? '↳ ' : '') + show(t.comm);
    pid.className = 'lane-pid';
    pid.textContent = String(t.tid);
    exit.className = 'lane-exit' + (bad ? ' bad' : '');
    exit.textContent = r.thread || !bad ? '' : (t.signal?.replace(/^SIG/, '') ?? String(t.exit));
    e.title = this.title(r);
  }

  /** Folds what is below the lane away. */
  private twist(e: HTMLButtonElement, r: LaneRow, closed: boolean): void {
    e.type = 'button';
    e.className = 'twist';
    e.tabIndex = -1;
    e.hidden = !r.below;
    e.textContent = closed ? '▸' : '▾';
    e.setAttribute('aria-expanded', String(!closed));
    const { comm, tid } = this.s.store.tasks[r.lane];
    e.setAttribute('aria-label', `${closed ? 'Show' : 'Hide'} what is below ${show(comm)} ${tid}`);
  }

  private title(r: LaneRow): string {
    const { store } = this.s,
      t = store.tasks[r.lane],
      command = commandText(store.argv(r.lane)) || show(t.comm),
      exit = t.exit !== undefined ? ', exit ' + t.exit : '';
    return (
      `${command}\n${r.thread ? 'thread' : 'process'} ${t.tid}, ` +
      `${duration(store.taskEnd(r.lane) - t.start)}${t.signal ? ', killed by ' + t.signal : exit}`
    );
  }
}
