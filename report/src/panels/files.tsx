// SPDX-License-Identifier: MIT
// Files: one row a path, a tree of folders, the open files with their lifetimes, and searches that missed.
import { useMemo, useState } from 'preact/hooks';
import { fileStats, type FileRow } from '../engine/file-stats';
import { bytes, plural } from '../engine/human';
import { useScan } from '../ui/hooks';
import { GroupBy, useGrouping, type Grouping } from '../ui/groups';
import type { State } from '../ui/state';
import type { Store } from '../engine/store';
import { Segments, Waiting } from './common';
import { Folders } from './file-folders';
import { OpenFiles } from './file-open';
import { openGroupings, pathGroupings, searchGroupings } from './groupings';
import { LISTS, Paths } from './file-paths';
import { Searches } from './file-searches';

/** Rows are of another kind in each mode; what is open of the tree is a grouping by itself. */
function groupingsOf(store: Store, mode: string): Grouping<never>[] {
  if (mode === 'folders') return [];
  if (mode === 'open') return openGroupings(store);
  return mode === 'searches' ? searchGroupings(store) : pathGroupings(store);
}

export function Files({ s }: { s: State }) {
  const [mode, setMode] = useState('paths');
  const rows = useScan(s, fileStats);
  const list = useMemo(() => groupingsOf(s.store, mode), [s.store, mode]),
    { by, select } = useGrouping(list);
  return (
    <section class="tab" aria-label="Files">
      <div class="tab-bar">
        <Segments
          label="What to list"
          value={mode}
          onChange={setMode}
          options={[
            ['paths', 'Paths'],
            ['read', 'Read'],
            ['vain', 'In vain'],
            ['folders', 'Folders'],
            ['open', 'Open files'],
            ['searches', 'Searches'],
          ]}
        />
        {list.length > 0 && <GroupBy {...select} />}
        {rows && (
          <span class="dim">
            {plural(rows.length, 'path')} · {bytes(sum(rows, r => (isFile(r) ? r.read : 0)))}
            {' read · '}
            {bytes(sum(rows, r => (isFile(r) ? r.written : 0)))} written
            {sum(rows, r => (isFile(r) ? 0 : r.read + r.written)) > 0 &&
              ` · pipes, terminals, devices: ${bytes(sum(rows, r => (isFile(r) ? 0 : r.read)))} read, ${bytes(sum(rows, r => (isFile(r) ? 0 : r.written)))} written`}
            {' · '}
            {plural(
              rows.reduce((a, r) => a + r.failed, 0),
              'failed lookup',
            )}
          </span>
        )}
      </div>
      {!rows ? (
        <Waiting s={s} what="files" />
      ) : LISTS[mode] ? (
        <Paths s={s} rows={rows} mode={mode} by={by} />
      ) : mode === 'folders' ? (
        <Folders s={s} rows={rows} />
      ) : mode === 'open' ? (
        <OpenFiles s={s} by={by} />
      ) : (
        <Searches s={s} by={by} />
      )}
    </section>
  );
}

/** What the text summary calls a file; pipes, terminals and devices are counted apart there too. */
const isFile = (r: FileRow) => ['file', 'dir', 'memfd', ''].includes(r.kind);
const sum = (rows: FileRow[], f: (r: FileRow) => number) => rows.reduce((a, r) => a + f(r), 0);
