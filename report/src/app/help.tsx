// SPDX-License-Identifier: MIT
// The sheet of keys and of the filter language.
import { useEffect, useRef } from 'preact/hooks';
import { KEYS } from '../engine/query';
import type { State } from '../ui/state';

const HELP: [string, [string, string][]][] = [
  [
    'Move',
    [
      ['Ctrl wheel, + −, W S', 'zoom at the pointer or the middle'],
      ['drag, Shift wheel, A D', 'move in time'],
      ['0', 'everything'],
      ['F', 'zoom to the selected event'],
      ['R', 'zoom to the selected range'],
      ['Shift drag, drag on the axis', 'select a range'],
    ],
  ],
  [
    'Find',
    [
      ['/, Enter', 'filter box; from it to the table'],
      ['n N', 'next, previous match'],
      [', .', 'previous, next on the same thread'],
      ['[ ]', 'previous, next on the same open file'],
      ['{ }', 'previous, next with the same path or address'],
      ['Esc', 'leave the box, close, clear the selection'],
      ['X', 'clear the filter'],
      ['M', 'hide or show noise: what the terminal hides'],
    ],
  ],
  [
    'Show',
    [
      ['1 … 7', 'views'],
      ['↑ ↓ PgUp PgDn Home End', 'rows of a table'],
      ['P H E', 'pin, hide the lane of the selected event; hide what is below it'],
      ['B', 'bookmark the selected event'],
      ['L', 'threads on or off'],
      ['T', 'dark or light'],
      ['Shift click, Ctrl click, Ctrl C', 'mark rows, copy them'],
      ['right click, Shift F10', 'include, exclude, copy'],
      ['C, Shift C', 'copy as strace line, as command line'],
      ['?', 'this sheet'],
    ],
  ],
];

export function Help({ s }: { s: State }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    box.current!.showModal();
  }, []);
  return (
    <dialog
      ref={box}
      class="help"
      aria-label="Keys and filter language"
      onClose={() => {
        s.help.value = false;
      }}
      onClick={e => {
        if (e.target === box.current) box.current!.close();
      }}
    >
      <div>
        <header>
          <h2>Keys</h2>
          <button
            type="button"
            class="icon"
            aria-label="Close"
            onClick={() => box.current!.close()}
          >
            ✕
          </button>
        </header>
        <div class="help-keys">
          {HELP.map(([title, rows]) => (
            <section key={title}>
              <h3>{title}</h3>
              <dl>
                {rows.map(([k, v]) => (
                  <div key={k}>
                    <dt>{k}</dt>
                    <dd>{v}</dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
        </div>
        <h2>Filter</h2>
        <p>
          Space is <i>and</i>, comma is <i>or</i>, <code>!</code> is <i>not</i>. A word by itself is
          searched in paths, arguments, calls and errors.
        </p>
        <dl class="help-filter">
          {Object.entries(KEYS).map(([k, v]) => (
            <div key={k}>
              <dt>{k}</dt>
              <dd>{v}</dd>
            </div>
          ))}
        </dl>
        <p class="dim">
          Timeline: a pixel has the colour of the longest call it covers, full where the call is as
          long as the pixel, paler where it is shorter or only waits; its lower edge is red where
          any call in it failed. The address of this page holds everything you see: copy it to share
          a view of the same file.
        </p>
      </div>
    </dialog>
  );
}
