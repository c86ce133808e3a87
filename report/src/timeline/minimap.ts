// SPDX-License-Identifier: MIT
// The whole trace in one strip: how many lanes are busy, with what, and where calls failed.
import { TYPE } from '../engine/pyramid';
import { WAITING } from '../ui/colors';
import type { State } from '../ui/state';

/** Of buckets side by side the pixels that one covers, and how many buckets each pixel has. */
export function pixels(buckets: number, W: number) {
  const from = (b: number) => Math.floor((b / buckets) * W),
    to = (b: number) => Math.min(W, Math.max(from(b) + 1, from(b + 1))),
    per = new Uint32Array(W);
  for (let b = 0; b < buckets; b++) for (let x = from(b); x < to(b); x++) per[x]++;
  return { from, to, per };
}

export function drawMinimap(canvas: HTMLCanvasElement, s: State): void {
  const { store } = s,
    p = s.palette.peek(),
    ctx = canvas.getContext('2d')!,
    W = canvas.width,
    H = canvas.height,
    cats = store.meta.categories.length;
  const weight = new Float64Array(W * cats),
    bad = new Uint8Array(W);
  const overview =
    store.hot === 0 || (!s.hotReady.peek() && store.overview) ? store.overview : null;
  if (overview && !s.filter.peek()) {
    const { lanes, buckets, cat } = overview,
      { from, to, per } = pixels(buckets, W);
    for (let l = 0; l < lanes; l++)
      for (let b = 0; b < buckets; b++) {
        const c = cat[l * buckets + b];
        if (!c) continue;
        for (let x = from(b); x < to(b); x++) {
          if ((c & 127) <= cats) weight[x * cats + (c & 127) - 1] += 1 / per[x];
          if (c & 128) bad[x] = 1;
        }
      }
  } else {
    const pyramid = s.pyramid.peek();
    if (!pyramid) return;
    const cells =
      pyramid.level(store.duration / Math.min(W, pyramid.buckets)) ??
      pyramid.level(store.duration / 64);
    if (!cells) return;
    const idle = Float64Array.from(store.types, t => (t.layer || WAITING.has(t.op) ? 0.12 : 1));
    const { buckets, data, bad: failed, marks, states } = cells,
      lanes = store.tasks.length,
      { catOf } = store,
      { from, to, per } = pixels(buckets, W);
    for (let b = 0; b < buckets; b++) {
      const x0 = from(b),
        x1 = to(b);
      for (let l = 0; l < lanes; l++) {
        const v = data[l * buckets + b] || marks?.[l * buckets + b] || states?.[l * buckets + b];
        if (!v) continue;
        const t = (v & TYPE) - 1,
          c = catOf[t];
        for (let x = x0; x < x1; x++) {
          weight[x * cats + c] += idle[t] / per[x];
          if (failed[l * buckets + b]) bad[x] = 1;
        }
      }
    }
  }
  const sum = new Float64Array(W);
  let top = 0;
  for (let x = 0; x < W; x++) {
    for (let c = 0; c < cats; c++) sum[x] += weight[x * cats + c];
    if (sum[x] > top) top = sum[x];
  }
  ctx.clearRect(0, 0, W, H);
  if (!top) return;
  const room = H - 6;
  for (let c = 0; c < cats; c++) {
    ctx.fillStyle = p.cssCat[c];
    for (let x = 0; x < W; x++) {
      const w = weight[x * cats + c];
      if (!w) continue;
      let below = 0;
      for (let k = 0; k < c; k++) below += weight[x * cats + k];
      const full = Math.max(3, Math.sqrt(sum[x] / top) * room),
        y1 = H - 3 - (below / sum[x]) * full,
        h = (w / sum[x]) * full;
      ctx.fillRect(x, y1 - h, 1, h);
    }
  }
  ctx.fillStyle = p.dark ? '#f55454' : '#d72630';
  for (let x = 0; x < W; x++) if (bad[x]) ctx.fillRect(x, H - 3, 1, 3);
}
