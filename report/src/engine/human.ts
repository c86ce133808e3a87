// SPDX-License-Identifier: MIT
// Numbers for people.

const UNITS: [number, string][] = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
  [1, 'ns'],
];

/** A duration: three digits that matter and the right unit. */
export function duration(ns: number): string {
  if (ns <= 0) return '0';
  if (ns >= 60e9) return long(ns);
  for (const [size, unit] of UNITS)
    if (ns >= size) {
      const v = ns / size;
      return trim(v) + ' ' + unit;
    }
  return ns + ' ns';
}

function trim(v: number): string {
  return v >= 99.95 ? v.toFixed(0) : v >= 9.995 ? v.toFixed(1) : v.toFixed(2);
}

function long(ns: number): string {
  const s = ns / 1e9,
    d = Math.floor(s / 86400),
    h = Math.floor(s / 3600) % 24,
    m = Math.floor(s / 60) % 60;
  if (d) return `${d} d ${h} h`;
  if (h) return `${h} h ${m} min`;
  return `${m} min ${Math.floor(s % 60)} s`;
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

/** Time since the start, with enough digits for the given resolution. */
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
  unit: string;
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
  if (step >= 60e9) return { step, values, unit: 'h:min', label: t => clock(t / 1e9, step) };
  const top = Math.max(Math.abs(from), Math.abs(to));
  const [size, unit] =
    UNITS.find(([s]) => step >= s || (top >= s && top < s * 1000 && step * 1000 >= s)) ?? UNITS[3];
  const digits = Math.max(0, Math.min(9, -Math.floor(Math.log10(step / size) + 1e-9)));
  return {
    step,
    values,
    unit,
    label: t => (t === 0 ? '0' : `${(t / size).toFixed(digits)} ${unit}`),
  };
}

function clock(s: number, step: number): string {
  const d = Math.floor(s / 86400),
    h = Math.floor(s / 3600) % 24,
    m = Math.floor(s / 60) % 60;
  const day = d ? `${d} d ` : '';
  if (step >= 86400e9) return `${d} d`;
  return `${day}${d || h ? h + ':' + String(m).padStart(2, '0') + ' h' : m + ' min'}`;
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
