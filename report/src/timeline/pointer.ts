// SPDX-License-Identifier: MIT
// What the pointer does: on the lanes and their labels, on the axis, on the strip of the whole trace.
import { show } from '../format/text';
import { eventItems, laneItems, openMenu, toggled } from '../ui/menu';
import { GUTTER, type State } from '../ui/state';
import type { Layout } from './layout';
import { hit, type Tip } from './tip';

export function listen(s: State, l: Layout, tip: Tip): void {
  gutter(s, l);
  wheels(s, l);
  lanes(s, l, tip);
  labels(s, l);
  axis(s, l);
  mini(s, l);
}

/** A range that is being drawn. */
function setDrag(s: State, l: Layout, a: number, b: number): void {
  const d = s.store.duration,
    inside = (t: number) => Math.max(0, Math.min(d, t));
  l.dragRange = { from: inside(Math.min(a, b)), to: inside(Math.max(a, b)) };
  l.invalidate();
}
/** It is drawn: what is narrower than three pixels was a click. */
function commitDrag(s: State, l: Layout): void {
  const r = l.dragRange,
    v = s.view.peek();
  l.dragRange = null;
  s.range.value = r && (r.to - r.from) / (v.to - v.from) > 3 / l.width ? r : null;
  l.invalidate();
}

/** With Ctrl the wheel zooms, with Shift it moves in time: over lanes, axis, charts and the strip alike. */
function wheels(s: State, l: Layout): void {
  const wheel = (e: WheelEvent, timeOf: (e: MouseEvent) => number) => {
    const unit = e.deltaMode ? 30 : 1;
    if (e.ctrlKey || e.metaKey) {
      e.preventDefault();
      s.zoom(Math.exp(Math.max(-120, Math.min(120, e.deltaY * unit)) * 0.0045), timeOf(e));
    } else if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) {
      e.preventDefault();
      s.pan(((e.deltaX || e.deltaY) * unit) / l.width);
    }
  };
  // Charts and axis begin where the lanes do.
  const shown = (e: MouseEvent) => l.timeAt(e.clientX - l.over.getBoundingClientRect().left);
  for (const el of [l.body, l.axis, l.counters])
    el.addEventListener('wheel', e => wheel(e, shown), { passive: false });
  l.mini.addEventListener('wheel', e => wheel(e, x => miniTime(s, l, x)), { passive: false });
  l.body.addEventListener('scroll', () => l.invalidate(), { passive: true });
}

/** Where a drag began, and what was in view then. */
interface Down {
  x: number;
  y: number;
  from: number;
  to: number;
  scroll: number;
  range: boolean;
  moved: boolean;
  startT: number;
}

/** Drag moves, with Shift it selects a range; a click selects an event. */
function lanes(s: State, l: Layout, tip: Tip): void {
  const { over } = l;
  let down: Down | null = null;
  const at = (e: MouseEvent) => {
    const r = over.getBoundingClientRect();
    return { x: e.clientX - r.left, y: e.clientY - r.top };
  };
  over.addEventListener('pointerdown', e => {
    if (e.button !== 0) return;
    const p = at(e),
      range = e.shiftKey,
      scroll = l.body.scrollTop;
    down = { ...p, ...s.view.peek(), scroll, range, moved: false, startT: l.timeAt(p.x) };
    over.setPointerCapture(e.pointerId);
  });
  over.addEventListener('pointermove', e => {
    const { x, y } = at(e);
    if (down) {
      drag(s, l, tip, down, x, y);
      return;
    }
    const h = hit(s, l, x, y);
    l.hover = { x, y, ...h };
    over.style.cursor = h.event >= 0 ? 'pointer' : 'default';
    tip.show(x, y, h);
    l.invalidate();
  });
  const up = (e: PointerEvent) => {
    if (!down) return;
    const { moved } = down,
      { x, y } = at(e);
    down = null;
    l.dragging = false;
    over.style.cursor = 'default';
    if (l.dragRange) commitDrag(s, l);
    else if (!moved) {
      const { event } = hit(s, l, x, y);
      s.select(event, false);
      if (event < 0) s.range.value = null;
    }
  };
  over.addEventListener('pointerup', up);
  over.addEventListener('pointercancel', up);
  over.addEventListener('pointerleave', () => {
    l.hover = null;
    tip.hide();
    l.invalidate();
  });
  over.addEventListener('dblclick', e => {
    const { x, y } = at(e),
      { event } = hit(s, l, x, y);
    if (event >= 0) {
      s.selected.value = event;
      s.reveal(event, true);
    } else s.zoom(0.25, l.timeAt(x));
  });
  over.addEventListener('contextmenu', e => {
    const { x, y } = at(e),
      { event, lane } = hit(s, l, x, y);
    tip.hide();
    if (event >= 0) {
      s.selected.value = event;
      openMenu(e, s.store.types[s.store.type[event]].name, eventItems(s, event));
    } else if (lane >= 0) openMenu(e, show(s.store.tasks[lane].comm), laneItems(s, lane));
  });
}

function drag(s: State, l: Layout, tip: Tip, down: Down, x: number, y: number): void {
  if (!down.moved && Math.hypot(x - down.x, y - down.y) < 4) return;
  down.moved = l.dragging = true;
  tip.hide();
  l.over.style.cursor = down.range ? 'col-resize' : 'grabbing';
  if (down.range) {
    setDrag(s, l, down.startT, l.timeAt(x));
    return;
  }
  const dt = ((x - down.x) / l.width) * (down.to - down.from);
  s.setView(down.from - dt, down.to - dt);
  l.body.scrollTop = down.scroll - (y - down.y);
}

/** The edge between names and lanes: by pointer, by arrow keys, and back by a double click. */
function gutter(s: State, l: Layout): void {
  const set = (px: number) => {
    s.gutter.value = Math.round(Math.max(80, Math.min(l.el.clientWidth * 0.6, px)));
  };
  l.edge.addEventListener('pointerdown', e => {
    e.preventDefault();
    l.edge.setPointerCapture(e.pointerId);
    const move = (m: PointerEvent) => set(m.clientX - l.el.getBoundingClientRect().left);
    const up = () => {
      l.edge.removeEventListener('pointermove', move);
      l.edge.removeEventListener('pointerup', up);
    };
    l.edge.addEventListener('pointermove', move);
    l.edge.addEventListener('pointerup', up);
  });
  l.edge.addEventListener('dblclick', () => set(GUTTER));
  l.edge.addEventListener('keydown', e => {
    if (e.key !== 'ArrowLeft' && e.key !== 'ArrowRight') return;
    e.preventDefault();
    e.stopPropagation();
    set(s.gutter.value + (e.key === 'ArrowRight' ? 16 : -16));
  });
}

function labels(s: State, l: Layout): void {
  const laneOf = (e: Event) => {
    const lane = (e.target as HTMLElement).closest?.<HTMLElement>('.lane')?.dataset.lane;
    return lane === undefined ? -1 : Number(lane);
  };
  l.labels.addEventListener('contextmenu', e => {
    const lane = laneOf(e);
    if (lane < 0) return;
    const { comm, tid } = s.store.tasks[lane];
    openMenu(e, `${show(comm)} ${tid}`, laneItems(s, lane));
  });
  const isTwist = (e: Event) => (e.target as HTMLElement).closest('.twist') !== null;
  l.labels.addEventListener('click', e => {
    const lane = laneOf(e);
    if (lane >= 0 && isTwist(e)) s.collapsed.value = toggled(s.collapsed.value, lane);
  });
  l.labels.addEventListener('dblclick', e => {
    const lane = laneOf(e);
    if (lane >= 0 && !isTwist(e)) s.setView(s.store.tasks[lane].start, s.store.taskEnd(lane));
  });
}

/** Drag selects a range. */
function axis(s: State, l: Layout): void {
  let from: number | null = null;
  const timeOf = (e: MouseEvent) => l.timeAt(e.clientX - l.axis.getBoundingClientRect().left);
  l.axis.addEventListener('pointerdown', e => {
    from = timeOf(e);
    l.axis.setPointerCapture(e.pointerId);
  });
  l.axis.addEventListener('pointermove', e => {
    if (from !== null) setDrag(s, l, from, timeOf(e));
  });
  l.axis.addEventListener('pointerup', () => {
    from = null;
    if (l.dragRange) commitDrag(s, l);
    else s.range.value = null;
  });
  l.axis.addEventListener('dblclick', () => s.fit());
}

type Mode = 'move' | 'from' | 'to' | 'new';
const CURSOR: Record<Mode, string> = {
  new: 'crosshair',
  move: 'grab',
  from: 'ew-resize',
  to: 'ew-resize',
};

function miniTime(s: State, l: Layout, e: MouseEvent): number {
  const r = l.mini.getBoundingClientRect();
  return ((e.clientX - r.left) / r.width) * s.store.duration;
}

/** Drag the window, its edges, or draw a new one. */
function mini(s: State, l: Layout): void {
  const d = s.store.duration;
  let grab: { mode: Mode; t: number; from: number; to: number } | null = null;
  const pixels = (n: number) => (n / l.mini.clientWidth) * d;
  const timeOf = (e: MouseEvent) => miniTime(s, l, e);
  const modeOf = (t: number): Mode => {
    const v = s.view.peek(),
      edge = pixels(7);
    if (s.isFit()) return 'new';
    if (Math.abs(t - v.from) < edge) return 'from';
    if (Math.abs(t - v.to) < edge) return 'to';
    return t > v.from && t < v.to ? 'move' : 'new';
  };
  l.mini.addEventListener('pointerdown', e => {
    const t = timeOf(e);
    grab = { mode: modeOf(t), t, ...s.view.peek() };
    l.mini.setPointerCapture(e.pointerId);
  });
  l.mini.addEventListener('pointermove', e => {
    const t = timeOf(e);
    if (!grab) l.mini.style.cursor = CURSOR[modeOf(t)];
    else if (grab.mode === 'move') s.setView(grab.from + t - grab.t, grab.to + t - grab.t);
    else if (grab.mode === 'from') s.setView(Math.min(t, grab.to), grab.to);
    else if (grab.mode === 'to') s.setView(grab.from, Math.max(t, grab.from));
    else if (Math.abs(t - grab.t) > pixels(4)) s.setView(Math.min(t, grab.t), Math.max(t, grab.t));
  });
  l.mini.addEventListener('pointerup', e => {
    // A click moves the window there.
    if (grab?.mode === 'new' && Math.abs(timeOf(e) - grab.t) < pixels(4) && !s.isFit()) {
      const h = (grab.to - grab.from) / 2;
      s.setView(grab.t - h, grab.t + h);
    }
    grab = null;
  });
  l.mini.addEventListener('dblclick', () => s.fit());
}
