// SPDX-License-Identifier: MIT
// How processes and threads ended.
import type { Task } from '../format/layout';

export function howEnded(t: Task): string {
  if (t.signal !== undefined) return t.signal;
  if (t.exit !== undefined) return 'exit ' + t.exit;
  return t.end === null ? 'running' : 'ended';
}

/** By a code or a signal; but not where its parent, who was well, ended it as it was meant to. */
export function endedBadly(t: Task): boolean {
  return !t.meant && (t.signal !== undefined || (t.exit ?? 0) !== 0);
}
