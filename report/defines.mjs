// SPDX-License-Identifier: MIT
// The roles of files, of which the terminal's source has the rows, and the words that its filter knows: for `define` of esbuild.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url)),
  rows = join(here, '../src/filter/roles.h');

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

/** By field the words of words.txt, which build/src/filter-words writes; a test of the program compares. */
function filterWords() {
  const words = {};
  for (const line of readFileSync(join(here, 'words.txt'), 'utf8').split('\n')) {
    const [field, ...more] = line.split(' ');
    if (field && field !== '#') words[field] = [words[field] ?? [], more].flat();
  }
  for (const field of Object.keys(words)) words[field] = words[field].join(' ');
  return words;
}

export const define = {
  ROLE_ROWS: JSON.stringify(roleRows()),
  FILTER_WORDS: JSON.stringify(filterWords()),
};
