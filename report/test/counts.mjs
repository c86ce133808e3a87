// SPDX-License-Identifier: MIT
// How many events the page's filter box leaves of a report, without a browser: node counts.mjs REPORT, queries as JSON on
// standard input; writes their counts as JSON.
import { build } from 'esbuild';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { define } from '../defines.mjs';

const src = join(dirname(fileURLToPath(import.meta.url)), '../src');
const out = mkdtempSync(join(tmpdir(), 'counts-'));
await build({
  stdin: {
    contents: `export { decode } from './format/decode';
      export { parseCols } from './format/layout';
      export { Store } from './engine/store';
      export { checked, knownWords } from './engine/known';
      export { parse } from './engine/query';
      export { runFilter } from './engine/filter';`,
    resolveDir: src,
    loader: 'ts',
  },
  outfile: join(out, 'page.mjs'),
  bundle: true,
  format: 'esm',
  platform: 'node',
  define,
  logLevel: 'warning',
});
const { Store, checked, decode, knownWords, parse, parseCols, runFilter } = await import(
  pathToFileURL(join(out, 'page.mjs')).href
);
rmSync(out, { recursive: true });

const page = readFileSync(process.argv[2], 'latin1');
const meta = JSON.parse(
  Buffer.from(
    /<script type="application\/json" id="cpd-meta">(.*?)<\/script>/s.exec(page)[1],
    'latin1',
  ).toString(),
);
const store = new Store(meta),
  words = knownWords(meta),
  next = {};
let pieces = [];
for (const [, text, kind, last] of page.matchAll(
  /<!--([A-Za-z0-9+/]*={0,2})--><script>cpd\("(\w)",([01])\)<\/script>/g,
)) {
  pieces.push(Buffer.from(text, 'base64'));
  if (last !== '1') continue;
  const bytes = gunzipSync(Buffer.concat(pieces));
  pieces = [];
  next[kind] = (next[kind] ?? -1) + 1;
  store.add(kind, next[kind], decode(kind, bytes, parseCols(meta.cols[kind])));
}
const queries = JSON.parse(readFileSync(0, 'utf8'));
console.log(
  JSON.stringify({
    events: store.n,
    counts: queries.map(text => {
      const q = checked(words, parse(text));
      return q.errors.length ? q.errors[0] : runFilter(store, q).count;
    }),
  }),
);
