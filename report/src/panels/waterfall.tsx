// SPDX-License-Identifier: MIT
// Bars of time beside rows, all on one axis that stands in the head of their column.
import { duration, ticks } from '../engine/human';
import type { GridColumn } from '../ui/grid';

/** A stretch of a bar: what it is, from when to when, in ns. `kind` is a class of the style: ph-KIND. */
export interface Part {
  kind: string;
  from: number;
  to: number;
  title: string;
}
export interface Extent {
  from: number;
  to: number;
}

/** From the first to the last of all rows; the whole trace when there are none. */
export function extentOf<T>(
  rows: readonly T[],
  from: (r: T) => number,
  to: (r: T) => number,
  whole: number,
): Extent {
  const e = { from: Infinity, to: 0 };
  for (const r of rows) {
    e.from = Math.min(e.from, from(r));
    e.to = Math.max(e.to, to(r));
  }
  return e.to > e.from ? e : { from: 0, to: whole };
}

const LEFT = 0.5; // % of the column before the first moment, so that a mark there is whole
const place = (e: Extent, t: number): number =>
  LEFT + ((100 - 2 * LEFT) * (t - e.from)) / (e.to - e.from);

/** Upright lines at the ticks of the axis. */
function grid(e: Extent): string {
  const line = ticks(e.from, e.to, 8).values.flatMap(t => {
    const at = place(e, t).toFixed(3);
    return [`transparent ${at}%`, `var(--line) ${at}%`, `var(--line) calc(${at}% + 1px)`].concat(
      `transparent calc(${at}% + 1px)`,
    );
  });
  return line.length ? `linear-gradient(90deg, ${line.join(', ')})` : 'none';
}

/** Which labels a narrow column leaves out is in the style: every second one, then all but each fourth, and cut ones. */
function Head({ e, title }: { e: Extent; title: string }) {
  const t = ticks(e.from, e.to, 8);
  return (
    <span class="axis-head">
      <span class="sr">{title}</span>
      <span class="axis-ticks" aria-hidden="true">
        {t.values.map(x => {
          const at = place(e, x);
          return (
            <i key={x} class={at > 90 ? 'end' : at > 76 ? 'late' : ''} style={{ left: at + '%' }}>
              <span>{t.label(x)}</span>
            </i>
          );
        })}
      </span>
    </span>
  );
}

export function Bars({ e, parts, back }: { e: Extent; parts: readonly Part[]; back?: string }) {
  return (
    <span class="span bars-row" style={{ backgroundImage: back ?? grid(e) }}>
      {parts.map((p, k) => {
        const a = Math.max(0, Math.min(99.7, place(e, p.from)));
        return (
          <i
            key={k}
            class={'ph-' + p.kind}
            title={p.title}
            style={{ left: a + '%', width: Math.max(0, place(e, p.to) - a) + '%' }}
          />
        );
      })}
    </span>
  );
}

/** The column of bars; what is to the left of it has room by its `drop`. */
export function barColumn<T>(
  title: string,
  e: Extent,
  start: (r: T) => number,
  parts: (r: T) => readonly Part[],
  width = 'minmax(160px, 0.9fr)',
): GridColumn<T> {
  const back = grid(e);
  return {
    id: 'span',
    picture: true,
    title,
    width,
    value: start,
    head: <Head e={e} title={title} />,
    hint: `${title}: ${duration(e.from)} to ${duration(e.to)} of the trace`,
    render: r => <Bars e={e} parts={parts(r)} back={back} />,
  };
}

export const part = (kind: string, what: string, from: number, to: number): Part => ({
  kind,
  from,
  to,
  title: `${what} ${duration(to - from) === '0' ? '' : duration(to - from) + ' '}from ${duration(from)}`,
});

export function PhaseLegend({ list }: { list: readonly [string, string][] }) {
  return (
    <ul class="legend" aria-label="Colours">
      {list.map(([kind, text]) => (
        <li key={kind}>
          <i class={`dot ph-${kind}`} />
          {text}
        </li>
      ))}
    </ul>
  );
}
