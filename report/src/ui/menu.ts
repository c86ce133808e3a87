// SPDX-License-Identifier: MIT
// The context menu: what a value is, and including or excluding it.
import { signal } from '@preact/signals';
import { withTerms, withValue, withoutKey } from '../engine/query';
import { show, shellWord } from '../format/text';
import type { State } from './state';

export interface MenuItem {
  label: string;
  run: () => void;
  hint?: string;
  line?: boolean;
}
export const menu = signal<{ x: number; y: number; title: string; items: MenuItem[] } | null>(null);

export function openMenu(
  e: { clientX: number; clientY: number; preventDefault(): void },
  title: string,
  items: MenuItem[],
): void {
  e.preventDefault();
  menu.value = { x: e.clientX, y: e.clientY, title, items };
}

/** What does not fit is shown whole under the pointer. */
export function tipWhenCut(e: Event): void {
  const cell = (e.target as HTMLElement).closest<HTMLElement>('[role=gridcell]');
  if (!cell || cell.querySelector('[title]')) return;
  const cut = [cell, ...cell.querySelectorAll<HTMLElement>('span')].some(
    x => x.scrollWidth > x.clientWidth + 1 && x.clientWidth > 0,
  );
  if (cut) cell.title = cell.innerText.slice(0, 2000);
  else cell.removeAttribute('title');
}

/** Include / exclude entries for one field and value. */
export function valueItems(s: State, key: string, value: string, what: string): MenuItem[] {
  const set = (how: 'include' | 'exclude' | 'only') => () => {
    s.filter.value = withValue(s.filter.value, key, value, how);
  };
  return [
    { label: `Only ${what}`, run: set('only'), hint: `${key}:` },
    { label: `Exclude ${what}`, run: set('exclude'), hint: `!${key}:` },
  ];
}

const short = (text: string, n = 42) => (text.length > n ? '…' + text.slice(-n) : text);

export function eventItems(s: State, i: number): MenuItem[] {
  const { store } = s,
    lane = store.lane[i],
    t = store.tasks[lane],
    type = store.types[store.type[i]],
    obj = store.objText(i);
  const items: MenuItem[] = [
    ...valueItems(s, 'type', type.name, type.name),
    ...valueItems(
      s,
      'cat',
      store.meta.categories[type.cat],
      `category ${store.meta.categories[type.cat]}`,
    ),
  ];
  if (obj) {
    items.push(...valueItems(s, 'path', obj, short(show(obj))));
    const dir =
      obj.startsWith('/') && obj.lastIndexOf('/') > 0 ? obj.slice(0, obj.lastIndexOf('/')) : '';
    if (dir)
      items.push({
        label: `Only folder ${short(show(dir))}`,
        run: () => {
          s.filter.value = withValue(s.filter.value, 'path', dir, 'only');
        },
      });
  }
  items.push(...valueItems(s, 'pid', String(t.pid), `process ${show(t.comm)} ${t.pid}`));
  if (store.isThread(lane))
    items.push({
      label: `Only thread ${t.tid}`,
      run: () => {
        s.filter.value = withValue(s.filter.value, 'tid', String(t.tid), 'only');
      },
    });
  if (store.failed(i))
    items.push(...valueItems(s, 'err', store.errName[store.err[i]], store.errName[store.err[i]]));
  if (store.file[i])
    items.push({
      label: 'Only this open file',
      run: () => {
        s.filter.value = withValue(s.filter.value, 'file', String(store.file[i]), 'only');
      },
      hint: 'file:',
    });
  if (store.dur(i) > 0)
    items.push({
      label: 'Only calls at least this long',
      run: () => {
        s.filter.value = withTerms(withoutKey(s.filter.value, 'dur'), `dur>=${store.dur(i)}ns`);
      },
    });
  items.push(
    {
      label: 'Zoom to it',
      run: () => {
        s.selected.value = i;
        s.reveal(i, true);
      },
      hint: 'F',
      line: true,
    },
    { label: 'Copy as strace line', run: () => copy(s, store.straceLine(i)), hint: 'C' },
    { label: 'Copy path or address', run: () => copy(s, show(obj)) },
    {
      label: 'Copy command line of its process',
      run: () => copy(s, commandLine(s, lane)),
      hint: 'Shift C',
    },
  );
  return items.filter(x => obj || x.label !== 'Copy path or address');
}

export const toggled = (list: readonly number[], x: number): number[] =>
  list.includes(x) ? list.filter(v => v !== x) : [...list, x];

export function laneItems(s: State, lane: number): MenuItem[] {
  const t = s.store.tasks[lane],
    { comm } = s.store.tasks[t.proc] ?? t;
  return [
    ...valueItems(s, 'pid', String(t.pid), `process ${t.pid}`),
    ...valueItems(s, 'proc', comm, `all ${show(comm)}`),
    {
      label: 'Only this process and its children',
      run: () => {
        s.filter.value = withValue(s.filter.value, 'tree', String(t.pid), 'only');
      },
      hint: 'tree:',
    },
    {
      label: s.pins.value.includes(lane) ? 'Unpin lane' : 'Pin lane to the top',
      run: () => {
        s.pins.value = toggled(s.pins.value, lane);
      },
      hint: 'P',
      line: true,
    },
    {
      label: s.collapsed.value.includes(lane) ? 'Show what is below' : 'Hide what is below',
      run: () => {
        s.collapsed.value = toggled(s.collapsed.value, lane);
      },
      hint: 'E',
    },
    {
      label: 'Hide lane',
      run: () => {
        s.hidden.value = [...s.hidden.value, lane];
      },
      hint: 'H',
    },
    ...(s.hidden.value.length
      ? [
          {
            label: `Show ${s.hidden.value.length} hidden`,
            run: () => {
              s.hidden.value = [];
            },
          },
        ]
      : []),
    {
      label: 'Zoom to its lifetime',
      run: () => s.setView(t.start, s.store.taskEnd(lane)),
      line: true,
    },
    { label: 'Copy command line', run: () => copy(s, commandLine(s, lane)) },
  ];
}

export function commandLine(s: State, lane: number): string {
  const p = s.store.tasks[s.store.tasks[lane].proc] ?? s.store.tasks[lane],
    e = p.execs[p.execs.length - 1];
  if (!e) return shellWord(p.comm);
  const words = e.argv.map(shellWord).join(' ');
  return (e.cwd ? `cd ${shellWord(e.cwd)} && ` : '') + words;
}

/** `what`: shown in place of the text. */
export function copy(s: State, text: string, what = ''): void {
  const done = (ok: boolean) => {
    s.toast.value = ok
      ? `Copied: ${what || (text.length > 90 ? text.slice(0, 90) + ' …' : text)}`
      : 'The browser did not allow copying';
  };
  const fallback = () => {
    const area = document.createElement('textarea');
    area.value = text;
    area.style.position = 'fixed';
    area.style.opacity = '0';
    document.body.append(area);
    area.select();
    let ok = false;
    try {
      ok = document.execCommand('copy');
    } catch {
      /* not allowed */
    }
    area.remove();
    done(ok);
  };
  if (navigator.clipboard) navigator.clipboard.writeText(text).then(() => done(true), fallback);
  else fallback();
}
