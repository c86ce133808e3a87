// SPDX-License-Identifier: MIT
// Small pieces the views share.
import type { ComponentChildren } from 'preact';
import { bytes, count, duration } from '../engine/human';
import { figures, type GridColumn } from '../ui/grid';
import type { State } from '../ui/state';

export const bytesOr = (n: number) => (n ? bytes(n) : '');
export const countOr = (n: number) => (n ? count(n) : '');
export const durOr = (n: number) => (n ? duration(n) : '');

/** How many failed: those that matter are red, the others (looked for in vain, not yet) are not. */
export function Failures({ failed, bad }: { failed: number; bad: number }) {
  if (!failed) return null;
  if (!bad) return <>{count(failed)}</>;
  return (
    <span title={failed > bad ? `${count(bad)} of ${count(failed)} matter` : undefined}>
      <span class="bad">{count(bad)}</span>
      {failed > bad && <span class="dim"> / {count(failed)}</span>}
    </span>
  );
}

/** The column of them: a group has the sums of both. */
export function failures<T>(
  px: number,
  of: (row: T) => { failed: number; bad: number },
  more?: Partial<GridColumn<T>>,
): GridColumn<T> {
  const sums = (rows: readonly T[]) => {
    const all = rows.map(of);
    return {
      failed: all.reduce((a, r) => a + r.failed, 0),
      bad: all.reduce((a, r) => a + r.bad, 0),
    };
  };
  return figures('failed', 'Failed', px, r => of(r).failed, countOr, {
    render: r => <Failures {...of(r)} />,
    total: rows => <Failures {...sums(rows)} />,
    ...more,
  });
}

export function Waiting({ s, what }: { s: State; what: string }) {
  return (
    <p class="nothing" role="status">
      {s.coldReady.value
        ? `Adding up ${what} …`
        : `${what[0].toUpperCase() + what.slice(1)} appear when the report has loaded.`}
    </p>
  );
}

export function Histogram({
  hist,
  colour,
  tall,
}: {
  hist: { n: number; label: string }[];
  colour: string;
  tall?: boolean;
}) {
  const top = Math.max(1, ...hist.map(h => h.n)),
    W = hist.length;
  return (
    <svg
      class={tall ? 'hist tall' : 'hist'}
      viewBox={`0 0 ${W} 20`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Durations: most are about ${hist.reduce((a, b) => (b.n > a.n ? b : a), hist[0])?.label ?? ''}`}
    >
      {hist.map(
        (h, k) =>
          h.n > 0 && (
            <rect
              key={k}
              x={k + 0.08}
              width={0.84}
              y={20 - Math.max(1, (h.n / top) * 20)}
              height={Math.max(1, (h.n / top) * 20)}
              fill={colour}
            >
              <title>{`${h.label}: ${count(h.n)}`}</title>
            </rect>
          ),
      )}
    </svg>
  );
}

export function Segments({
  value,
  options,
  onChange,
  label,
}: {
  value: string;
  options: [string, ComponentChildren][];
  onChange: (v: string) => void;
  label: string;
}) {
  return (
    <div class="segments" role="radiogroup" aria-label={label}>
      {options.map(([v, text]) => (
        <button
          key={v}
          type="button"
          role="radio"
          aria-checked={v === value}
          class={v === value ? 'on' : ''}
          onClick={() => onChange(v)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}
