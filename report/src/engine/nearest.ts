// SPDX-License-Identifier: MIT
// The known word that a mistyped one is nearest to: src/base/nearest.c.
const LONGEST = 31,
  FAR = 99;

/** Optimal string alignment distance: how far a mistyped word is from a real one (src/base/nearest.c). */
function distance(a: string, b: string): number {
  if (a.length > LONGEST || b.length > LONGEST) return FAR;
  const d = Array.from({ length: a.length + 1 }, (_, i) => [i]);
  for (let j = 0; j <= b.length; j++) d[0][j] = j;
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      let v = Math.min(
        d[i - 1][j] + 1,
        d[i][j - 1] + 1,
        d[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        v = Math.min(v, d[i - 2][j - 2] + 1);
      d[i][j] = v;
    }
  return d[a.length][b.length];
}

/** The one that is meant; none when none is near enough. A beginning counts as close. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined,
    least = FAR;
  for (const k of known) {
    const far = distance(word, k),
      d = word && k.startsWith(word) ? Math.min(far, 1) : far;
    if (d < least) {
      least = d;
      best = k;
    }
  }
  return least <= 1 + Math.floor(word.length / 4) ? best : undefined;
}
