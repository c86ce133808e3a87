// SPDX-License-Identifier: MIT
// The roles of files, of which the terminal's source has the rows: for `define` of esbuild.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const rows = join(dirname(fileURLToPath(import.meta.url)), '../src/filter/roles.h');

/** [name, globs…] of each ROW(ID, "name", "glob"…), in their order. */
function roleRows() {
  const text = readFileSync(rows, 'utf8');
  const found = Array.from(text.matchAll(/\bROW\(\w+,([^)]*)\)/g), ([, row]) =>
    Array.from(row.matchAll(/"([^"]*)"/g), ([, word]) => word),
  );
  if (!found.length || found.some(row => row.length < 2 || /[\\?]/.test(row.join())))
    throw new Error(`${rows}: a row has no glob, or one that the page cannot have`);
  return found;
}

export const roles = { ROLE_ROWS: JSON.stringify(roleRows()) };
