// SPDX-License-Identifier: MIT
// Numbers for people.

const UNITS: [number, string][] = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
  [1, 'ns'],
];

/** A duration as the terminal prints it (src/base/human.c), for its findings and tables are on the page, too. */
export function duration(ns: number): string {
  ns = Math.round(ns);
  if (ns <= 0) return '0';
  if (ns < 1000) return `${ns}ns`;
  if (ns >= 3600e9) return pair(ns / 60e9, 'h', 'm');
  if (ns >= 60e9) return pair(ns / 1e9, 'm', 's');
  // (what rounds to 1000 takes the next unit)
  const [size, unit] = UNITS.find(([u]) => ns >= 0.9995 * u) ?? UNITS[2];
  return three(ns / size) + unit;
}

/** Three significant digits. */
function three(v: number): string {
  return v.toFixed(v < 9.995 ? 2 : v < 99.95 ? 1 : 0);
}

/** "2m05s", of 125 small units. */
function pair(n: number, large: string, small: string): string {
  return `${Math.floor(n / 60)}${large}${String(Math.floor(n) % 60).padStart(2, '0')}${small}`;
}

export function bytes(n: number): string {
  const sign = n < 0 ? '−' : '';
  n = Math.abs(n);
  if (n < 1024) return `${sign}${n} B`;
  for (const unit of ['KB', 'MB', 'GB', 'TB', 'PB']) {
    n /= 1024;
    if (n < 1023.95 || unit === 'PB') return `${sign}${n.toFixed(1)} ${unit}`;
  }
  return '';
}

export function count(n: number): string {
  return n.toLocaleString('en-US');
}
export function plural(n: number, one: string, many = one + 's'): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}
/** Behind a list of arguments that is not whole: how much of what the program was given is left out. */
export function leftOut(more = 0, cut = 0): string {
  return (
    (cut ? `… (${plural(cut, 'more byte')})` : '') +
    (more ? `\n… ${plural(more, 'more argument')}` : '')
  );
}
export function percent(part: number, whole: number): string {
  if (!whole) return '0 %';
  const p = (100 * part) / whole;
  return p >= 9.95 || p === 0 ? p.toFixed(0) + ' %' : p >= 0.095 ? p.toFixed(1) + ' %' : '< 0.1 %';
}

/** A moment in a sentence: "1.234567s". */
export function moment(ns: number, digits = 6): string {
  return instant(ns, digits) + 's';
}
/** Seconds since the start, with enough digits for the given resolution. */
export function instant(ns: number, digits = 6): string {
  const s = Math.floor(ns / 1e9),
    frac = Math.round(ns - s * 1e9);
  const text = frac.toString().padStart(9, '0').slice(0, digits);
  return digits ? `${s}.${text}` : String(s);
}

export interface Ticks {
  step: number;
  values: number[];
  label: (t: number) => string;
}

/** Axis ticks of round steps: at least one, about `want` of them, each label different. */
export function ticks(from: number, to: number, want: number): Ticks {
  const span = Math.max(1e-9, to - from),
    raw = span / Math.max(1, want);
  let step: number;
  if (raw > 30e9) {
    step =
      [60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 432000, 864000]
        .map(s => s * 1e9)
        .find(s => s >= raw) ?? Math.ceil(raw / 864e12) * 864e12;
  } else {
    const p = 10 ** Math.floor(Math.log10(raw)),
      m = raw / p;
    step = (m <= 1 ? 1 : m <= 2 ? 2 : m <= 5 ? 5 : 10) * p;
    if (step < 1) step = 1;
  }
  const values: number[] = [];
  for (let k = Math.ceil(from / step); k * step <= to && values.length < 1000; k++)
    values.push(k * step);
  if (step >= 60e9) {
    const label = (t: number) => (t < 3600e9 ? `${t / 60e9}m` : pair(t / 60e9, 'h', 'm'));
    return { step, values, label };
  }
  const top = Math.max(Math.abs(from), Math.abs(to));
  const [size, unit] =
    UNITS.find(([s]) => step >= s || (top >= s && top < s * 1000 && step * 1000 >= s)) ?? UNITS[3];
  const digits = Math.max(0, Math.min(9, -Math.floor(Math.log10(step / size) + 1e-9)));
  return {
    step,
    values,
    label: t => (t === 0 ? '0' : `${(t / size).toFixed(digits)}${unit}`),
  };
}

/** Wall clock of a moment, UTC, with microseconds. */
export function wall(t0: string, ns: number): string {
  const abs = BigInt(t0) + BigInt(Math.round(ns)),
    ms = Number(abs / 1000000n);
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return '';
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.(\d+)Z$/, (_, m) => `.${m}${String((abs / 1000n) % 1000n).padStart(3, '0')} UTC`);
}
