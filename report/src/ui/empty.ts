// SPDX-License-Identifier: MIT
import { count, plural } from '../engine/human';
import type { State } from './state';

/** Why a table has no row: nothing of the kind happened, or the filter leaves none of it. */
export function whyEmpty(s: State, none: string): string {
  const { store } = s,
    left = s.mask.value.count;
  if (!store.n) return 'No events: nothing was recorded.';
  if (!store.hot) return 'The report is loading.';
  if (!s.filter.value) return none;
  return `${none} The filter leaves ${count(left)} of ${plural(store.hot, 'event')}.`;
}
