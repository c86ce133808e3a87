// SPDX-License-Identifier: MIT
// One hue a category, a shade a type, in both themes; what the timeline paints and what the legend shows come from here.
import type { Meta } from '../format/layout';

type Hsl = [number, number, number];
const DARK: Record<string, Hsl> = {
  file: [213, 82, 64],
  network: [166, 58, 50],
  memory: [265, 72, 73],
  process: [32, 86, 60],
  signal: [322, 68, 68],
  wait: [220, 14, 52],
  time: [75, 32, 52],
  info: [195, 30, 58],
  scheduler: [140, 38, 48],
  fault: [46, 88, 58],
  disk: [18, 42, 55],
  other: [220, 8, 58],
};
const LIGHT: Record<string, Hsl> = {
  file: [214, 76, 50],
  network: [170, 72, 34],
  memory: [264, 54, 56],
  process: [28, 88, 46],
  signal: [322, 62, 50],
  wait: [220, 14, 62],
  time: [75, 42, 38],
  info: [196, 40, 44],
  scheduler: [140, 44, 38],
  fault: [42, 92, 42],
  disk: [18, 48, 44],
  other: [220, 8, 50],
};
/** Calls that only wait: paler, so that work stands out. */
export const WAITING = new Set(['wait', 'futex', 'poll', 'sleep', 'accept']);
const NEUTRAL: Hsl = [220, 8, 55];

export function rgb([h, s, l]: Hsl): [number, number, number] {
  s /= 100;
  l /= 100;
  const f = (n: number) => {
    const k = (n + h / 30) % 12;
    return Math.round(255 * (l - s * Math.min(l, 1 - l) * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [f(0), f(8), f(4)];
}
const pack = ([r, g, b]: number[]): number => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
const mix = (a: number[], b: number[], k: number): number[] =>
  a.map((v, i) => Math.round(v * k + b[i] * (1 - k)));

export interface Palette {
  dark: boolean;
  /** Packed pixels (ABGR) by type: full for spans as wide as their pixel, faint for pixels of many short calls. */
  full: Uint32Array;
  faint: Uint32Array;
  cat: Uint32Array;
  failed: number;
  failedFaint: number;
  ground: number;
  rowAlt: number;
  life: number;
  lifeThread: number;
  grid: string;
  text: string;
  dim: string;
  accent: string;
  cssCat: string[];
  cssType: string[];
  cssText: string[];
}

export function palette(meta: Meta, dark: boolean): Palette {
  const table = dark ? DARK : LIGHT,
    ground = dark ? [21, 24, 30] : [255, 255, 255],
    life = dark ? [38, 43, 53] : [229, 233, 240],
    thread = dark ? [32, 36, 45] : [238, 241, 246];
  const hsl = meta.categories.map(c => table[c] ?? NEUTRAL),
    seen = meta.categories.map(() => 0),
    total = meta.categories.map(() => 0);
  for (const t of meta.types) total[t.cat]++;
  const n = meta.types.length,
    full = new Uint32Array(n),
    faint = new Uint32Array(n),
    cssType: string[] = [],
    cssText: string[] = [];
  meta.types.forEach((t, i) => {
    const [h, s, l] = hsl[t.cat] ?? NEUTRAL,
      k = seen[t.cat]++,
      m = Math.max(1, total[t.cat] - 1);
    const c = rgb([
      h + ((k % 3) - 1) * 4,
      s,
      l + (total[t.cat] > 1 ? (k / m - 0.5) * (dark ? 18 : 16) : 0),
    ]);
    const shown = WAITING.has(t.op) ? mix(c, life, 0.36) : c;
    full[i] = pack(shown);
    faint[i] = pack(mix(shown, life, 0.62));
    cssType.push(`rgb(${c})`);
    cssText.push(
      0.299 * shown[0] + 0.587 * shown[1] + 0.114 * shown[2] > 135 ? '#10131a' : '#f2f4f8',
    );
  });
  const failed = dark ? [245, 84, 84] : [215, 38, 48];
  return {
    dark,
    full,
    faint,
    cat: Uint32Array.from(hsl, c => pack(mix(rgb(c), life, 0.7))),
    failed: pack(failed),
    failedFaint: pack(mix(failed, life, 0.78)),
    ground: pack(ground),
    rowAlt: pack(dark ? [24, 27, 34] : [249, 250, 252]),
    life: pack(life),
    lifeThread: pack(thread),
    grid: dark ? 'rgba(255,255,255,.07)' : 'rgba(20,30,50,.08)',
    text: dark ? '#dfe4ec' : '#1c2330',
    dim: dark ? '#8b95a5' : '#667085',
    accent: dark ? '#7cb0ff' : '#1f5fd0',
    cssCat: hsl.map(c => `rgb(${rgb(c)})`),
    cssType,
    cssText,
  };
}
