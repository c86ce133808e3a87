// SPDX-License-Identifier: MIT
// The view of the timeline, with the table of events below it.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Details } from '../panels/details';
import { EventGroups } from '../panels/event-groups';
import { EventTable } from '../table/table';
import { Timeline } from '../timeline/view';
import type { State } from '../ui/state';
import { LaneBar } from './lane-bar';

/** The timeline that is shown, for keys that move it. */
export let timelineNow: Timeline | null = null;

export function TimelineTab({ s }: { s: State }) {
  const upper = useRef<HTMLDivElement>(null),
    lower = useRef<HTMLDivElement>(null),
    [part, setPart] = useState(0.52);
  useLayoutEffect(() => {
    const tl = new Timeline(s, { compact: false }),
      tb = new EventTable(s);
    timelineNow = tl;
    upper.current!.append(tl.el);
    lower.current!.append(tb.el);
    return () => {
      tl.destroy();
      tb.destroy();
      tl.el.remove();
      tb.el.remove();
      timelineNow = null;
    };
  }, []);
  const drag = (e: PointerEvent) => {
    const bar = e.currentTarget as HTMLElement,
      box = bar.parentElement!.getBoundingClientRect();
    bar.setPointerCapture(e.pointerId);
    const move = (m: PointerEvent) =>
      setPart(Math.max(0.15, Math.min(0.85, (m.clientY - box.top) / box.height)));
    const up = () => {
      bar.removeEventListener('pointermove', move);
      bar.removeEventListener('pointerup', up);
    };
    bar.addEventListener('pointermove', move);
    bar.addEventListener('pointerup', up);
  };
  return (
    <section class="tab timeline-tab" aria-label="Timeline and events">
      <div class="timeline-main">
        <LaneBar s={s} />
        <div class="pane" style={{ flex: `${part} 1 0` }} ref={upper} />
        <div
          class="splitter"
          role="separator"
          aria-orientation="horizontal"
          aria-label="Height of the timeline"
          aria-valuenow={Math.round(part * 100)}
          aria-valuemin={15}
          aria-valuemax={85}
          tabIndex={0}
          onPointerDown={drag}
          onKeyDown={e => {
            if (e.key === 'ArrowUp' || e.key === 'ArrowDown') {
              e.preventDefault();
              e.stopPropagation();
              setPart(Math.max(0.15, Math.min(0.85, part + (e.key === 'ArrowUp' ? -0.05 : 0.05))));
            }
          }}
        />
        <div
          class="pane"
          style={{ flex: `${1 - part} 1 0` }}
          ref={lower}
          hidden={s.grouping.value !== ''}
        />
        {s.grouping.value && (
          <div class="pane" style={{ flex: `${1 - part} 1 0` }}>
            <EventGroups s={s} by={s.grouping.value} />
          </div>
        )}
      </div>
      <Details s={s} />
    </section>
  );
}
