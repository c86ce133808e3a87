// SPDX-License-Identifier: MIT
// Files: one row a path, a tree of folders, the open files with their lifetimes, and searches that missed.
import { useState } from 'preact/hooks';
import { fileStats, type FileRow } from '../engine/file-stats';
import { bytes, plural } from '../engine/human';
import { useScan } from '../ui/hooks';
import type { State } from '../ui/state';
import { Segments, Waiting } from './common';
import { Folders } from './file-folders';
import { OpenFiles } from './file-open';
import { Paths } from './file-paths';
import { Searches } from './file-searches';

export function Files({ s }: { s: State }) {
  const [mode, setMode] = useState('paths');
  const rows = useScan(s, fileStats);
  return (
    <section class="tab" aria-label="Files">
      <div class="tab-bar">
        <Segments
          label="What to list"
          value={mode}
          onChange={setMode}
          options={[
            ['paths', 'Paths'],
            ['folders', 'Folders'],
            ['open', 'Open files'],
            ['searches', 'Searches'],
          ]}
        />
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
      ) : mode === 'paths' ? (
        <Paths s={s} rows={rows} />
      ) : mode === 'folders' ? (
        <Folders s={s} rows={rows} />
      ) : mode === 'open' ? (
        <OpenFiles s={s} />
      ) : (
        <Searches s={s} />
      )}
    </section>
  );
}

/** What the text summary calls a file; pipes, terminals and devices are counted apart there too. */
const isFile = (r: FileRow) => ['file', 'dir', 'memfd', ''].includes(r.kind);
const sum = (rows: FileRow[], f: (r: FileRow) => number) => rows.reduce((a, r) => a + f(r), 0);
