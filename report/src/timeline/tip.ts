// SPDX-License-Identifier: MIT
// What the pointer is on, and the few words about it beside the pointer.
import { duration, moment } from '../engine/human';
import { Layer } from '../engine/store';
import { show } from '../format/text';
import type { State } from '../ui/state';
import type { Hit, Layout } from './layout';

/** The event at a point of the body: what contains it, else the worst within two pixels. */
export function hit(s: State, l: Layout, x: number, y: number): Hit {
  const { store } = s,
    rows = s.laneRows.peek(),
    row = l.rowAt(y);
  if (row < 0 || !rows[row] || !store.hot) return { event: -1, lane: rows[row]?.lane ?? -1 };
  const { lane } = rows[row],
    v = s.view.peek(),
    t = l.timeAt(x),
    ns = (v.to - v.from) / l.width,
    { bits } = s.mask.peek(),
    i0 = store.lower(t - 2 * ns),
    i1 = Math.min(store.lower(t + 2 * ns), i0 + 3_000_000);
  let best = -1,
    weight = -1;
  for (let i = i0; i < i1; i++) {
    if (store.lane[i] !== lane || (bits && !bits[i])) continue;
    if (store.layerOf[store.type[i]] === Layer.State) continue;
    const d = store.dur(i),
      near = store.start[i] <= t && store.start[i] + d >= t,
      w = (store.bad(i) ? 1e18 : 0) + (near && d > ns ? 2e18 : 0) + d;
    if (w > weight) {
      weight = w;
      best = i;
    }
  }
  if (weight < 2e18) {
    const i = s.reach.before(store.lower(t), Layer.Call)[lane];
    if (i >= 0 && store.end(i) >= t && (!bits || bits[i]) && (best < 0 || store.dur(i) > ns))
      best = i;
  }
  return { event: best, lane };
}

export class Tip {
  constructor(
    private readonly s: State,
    private readonly l: Layout,
  ) {}

  hide(): void {
    this.l.tip.hidden = true;
  }

  /** After the lanes moved below the pointer: what it was on may be elsewhere now, or gone. */
  follow(): void {
    const { hover, dragging } = this.l;
    if (!hover || dragging) return;
    const now = hit(this.s, this.l, hover.x, hover.y);
    if (now.event === hover.event && now.lane === hover.lane) return;
    Object.assign(hover, now);
    this.hide();
  }

  show(x: number, y: number, { event: i, lane }: Hit): void {
    if (i < 0) {
      this.hide();
      return;
    }
    this.l.tip.replaceChildren(...this.lines(i, lane));
    this.l.tip.hidden = false;
    this.place(x, y);
  }

  private lines(i: number, lane: number): HTMLElement[] {
    const { store } = this.s,
      { comm, tid } = store.tasks[lane],
      took = duration(store.dur(i));
    const line = (cls: string, text: string) => {
      const e = document.createElement('div');
      e.className = cls;
      e.textContent = text;
      return e;
    };
    const name = store.types[store.type[i]].name,
      out = [line('tip-head', `${name}   ${took === '0' ? 'moment' : took}`)];
    if (store.cold > i && store.obj[i])
      out.push(line('tip-obj', show(store.objText(i)).slice(0, 300)));
    if (store.failed(i))
      out.push(
        line(
          store.bad(i) ? 'tip-bad' : 'tip-dim',
          `${store.errName[store.err[i]]}: ${store.errText[store.err[i]]}`,
        ),
      );
    out.push(line('tip-dim', `at ${moment(store.start[i])} · ${show(comm)} ${tid}`));
    return out;
  }

  /** Below and right of the pointer, inside the timeline. */
  private place(x: number, y: number): void {
    const { el, body, tip, gutter } = this.l,
      outer = el.getBoundingClientRect(),
      inner = body.getBoundingClientRect(),
      w = tip.offsetWidth,
      h = tip.offsetHeight,
      px = Math.min(inner.left - outer.left + gutter + x + 14, outer.width - w - 6),
      py = inner.top - outer.top + y + 18,
      top = py + h > outer.height ? Math.max(2, py - h - 30) : py;
    tip.style.transform = `translate(${Math.max(4, px)}px, ${top}px)`;
  }
}
