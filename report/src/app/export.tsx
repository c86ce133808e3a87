// SPDX-License-Identifier: MIT
// Saves the rows of the event table, as they are filtered and sorted, for other programs.
import { FORMATS } from '../engine/export';
import { plural } from '../engine/human';
import { breathe } from '../engine/sort';
import type { State } from '../ui/state';
import { Popover } from './popover';

const STEP = 20_000; // rows a part of the file

/** make-events.csv: after the program, in letters that any file system takes. */
function fileName(s: State, ending: string): string {
  const { meta } = s.store,
    program = meta.command[0]?.split('/').pop() || (meta.tasks[meta.main]?.comm ?? '');
  return `${program.replace(/[^\w.-]+/g, '_').replace(/^\.+/, '') || 'trace'}-events.${ending}`;
}

/** Not kept as one text: a browser puts the parts of a large file on disk. */
async function save(s: State, ending: keyof typeof FORMATS): Promise<void> {
  if (!s.coldReady.value) {
    s.toast.value = 'The report is still loading';
    return;
  }
  const { store } = s,
    { type, head, foot, sep, row } = FORMATS[ending],
    { count, event } = s.order(),
    parts = [new Blob([head])];
  for (let a = 0; a < count; a += STEP) {
    const lines = Array.from({ length: Math.min(STEP, count - a) }, (_, k) =>
      row(store, event(a + k)),
    );
    parts.push(new Blob([a ? sep : '', lines.join(sep)]));
    s.busy.value = `Saving ${Math.floor((100 * a) / count)} %`;
    await breathe();
  }
  s.busy.value = '';
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([...parts, foot], { type }));
  link.download = fileName(s, ending);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  s.toast.value = `Saved ${plural(count, 'event')} as ${link.download}`;
}

export function Export({ s }: { s: State }) {
  const rows = s.rowCount;
  return (
    <Popover label="Export">
      <p class="dim">{plural(rows, 'event')}, filtered and sorted as in the table</p>
      <div class="buttons">
        <button type="button" disabled={!rows} onClick={() => void save(s, 'csv')}>
          CSV
        </button>
        <button type="button" disabled={!rows} onClick={() => void save(s, 'json')}>
          JSON
        </button>
      </div>
    </Popover>
  );
}
