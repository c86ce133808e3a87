// SPDX-License-Identifier: MIT
// A path: as a cell, its menu, the way to its events.
import type { ComponentChildren } from 'preact';
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

/** A text that is cut in its middle where there is no room: its beginning and `tail` stay. */
function Cut({
  head,
  tail,
  title,
}: {
  head: ComponentChildren;
  tail: ComponentChildren;
  title: string;
}) {
  return (
    <span class="path cut" title={title}>
      <bdi dir="ltr" class="cut-head">
        {head}
      </bdi>
      <bdi dir="ltr" class="cut-tail">
        {tail}
      </bdi>
    </span>
  );
}

const TAIL = 28;
/** Where the end begins that is not cut: the last component of a path, the last words of a command. */
export function tailOf(text: string): number {
  const slash = text.lastIndexOf('/');
  if (text[0] === '/' && !text.includes(' ')) return Math.max(0, slash);
  if (text.length <= TAIL) return 0;
  const from = text.length - TAIL,
    space = text.indexOf(' ', from);
  // The file that a command ends with is known by its own name, too.
  if (slash > from - TAIL && !text.includes(' ', slash)) return slash;
  return space >= 0 && space < text.length - 6 ? space : from;
}

/** Paths, command lines, lists: whatever may be long and is known by both its ends. */
export function Middle({ text }: { text: string }) {
  const shown = show(text),
    at = tailOf(shown);
  return <Cut head={shown.slice(0, at)} tail={shown.slice(at)} title={shown} />;
}

/** Too long a path is cut in its middle: the name of the file is what it is known by, and columns begin at one edge. */
export function PathCell({ text, was = '' }: { text: string; was?: string }) {
  const shown = show(text),
    cut = shown.lastIndexOf('/') + 1,
    old = show(was),
    beside = old.startsWith(shown.slice(0, cut)) && !old.includes('/', cut),
    // With the slash in front of it, behind the mark of what is left out.
    base = Math.max(0, cut - 1);
  return (
    <Cut
      title={shown}
      head={<span class="dim path-dir">{shown.slice(0, base)}</span>}
      tail={
        <>
          <span class="dim">{shown.slice(base, cut)}</span>
          <span class="path-base">{shown.slice(cut)}</span>
          {was && (
            <span class="dim" title={`first ${old}`}>
              {' (was '}
              {beside ? old.slice(cut) : old})
            </span>
          )}
        </>
      }
    />
  );
}
