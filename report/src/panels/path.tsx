// SPDX-License-Identifier: MIT
// A path: as a cell, its menu, the way to its events.
import { withValue } from '../engine/query';
import { show } from '../format/text';
import { copy, openMenu, valueItems, type MenuItem } from '../ui/menu';
import type { State } from '../ui/state';

export const toEvents = (s: State, path: string, was = '') => {
  const only = withValue(s.filter.value, 'path', path, 'only');
  s.filter.value = was ? withValue(only, 'path', was, 'include') : only;
  s.tab.value = 'timeline';
};

export function menuFor(
  s: State,
  e: MouseEvent,
  path: string,
  was = '',
  more: MenuItem[] = [],
): void {
  openMenu(e, show(path), [
    ...valueItems(s, 'path', path, 'this path'),
    ...more,
    { label: 'Show its events', run: () => toEvents(s, path, was) },
    { label: 'Copy path', run: () => copy(s, show(path)) },
  ]);
}

/** Too long a path is cut at its beginning: the name of the file is what it is known by. */
export function PathCell({
  text,
  was = '',
  indent = 0,
}: {
  text: string;
  was?: string;
  indent?: number;
}) {
  const shown = show(text),
    cut = shown.lastIndexOf('/') + 1,
    old = show(was),
    beside = old.startsWith(shown.slice(0, cut)) && !old.includes('/', cut);
  return (
    <span
      class="path tail"
      title={shown}
      style={indent ? { paddingLeft: indent * 14 + 'px' } : undefined}
    >
      <bdi dir="ltr">
        <span class="dim path-dir">{shown.slice(0, cut)}</span>
        <span class="path-base">{shown.slice(cut)}</span>
        {was && (
          <span class="dim" title={`first ${old}`}>
            {' (was '}
            {beside ? old.slice(cut) : old})
          </span>
        )}
      </bdi>
    </span>
  );
}
