// SPDX-License-Identifier: MIT
// The gutter: a label for each lane in sight. Elements are kept and used again.
import { duration } from '../engine/human';
import type { LaneRow } from '../engine/lanes';
import { show } from '../format/text';
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
      for (let k = 0; k < 3; k++) e.append(document.createElement('span'));
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
    const key = `${r.lane}/${r.depth}/${r.pinned}/${on}/${alt}`;
    if (e.dataset.key === key) return;
    e.dataset.key = key;
    e.dataset.lane = String(r.lane);
    const marks = { thread: r.thread, pinned: r.pinned, on, alt };
    e.className = ['lane', ...Object.entries(marks).flatMap(([k, is]) => (is ? [k] : []))].join(
      ' ',
    );
    e.style.setProperty('--d', String(Math.min(r.depth, 8)));
    const t = this.s.store.tasks[r.lane],
      bad = t.signal !== undefined || (t.exit ?? 0) !== 0,
      [name, pid, exit] = e.children as unknown as HTMLElement[];
    name.className = 'lane-name';
    name.textContent = (r.thread ? '↳ ' : '') + show(t.comm);
    pid.className = 'lane-pid';
    pid.textContent = String(t.tid);
    exit.className = 'lane-exit' + (bad ? ' bad' : '');
    exit.textContent = r.thread || !bad ? '' : (t.signal?.replace(/^SIG/, '') ?? String(t.exit));
    e.title = this.title(r);
  }

  private title(r: LaneRow): string {
    const { store } = this.s,
      t = store.tasks[r.lane],
      command = show(store.argv(r.lane).join(' ')) || show(t.comm),
      exit = t.exit !== undefined ? ', exit ' + t.exit : '';
    return (
      `${command}\n${r.thread ? 'thread' : 'process'} ${t.tid}, ` +
      `${duration(store.taskEnd(r.lane) - t.start)}${t.signal ? ', killed by ' + t.signal : exit}`
    );
  }
}
