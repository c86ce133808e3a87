// SPDX-License-Identifier: MIT
// Bundles the page into one file, dist/template.html (see ../docs/report-format.md, section 1).
import { build } from 'esbuild';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { define } from './defines.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const common = {
  bundle: true,
  write: false,
  minify: true,
  legalComments: 'none',
  target: ['chrome100', 'firefox113', 'safari16.4'],
  charset: 'utf8',
};

// Calls with children as arguments: shorter than those with a property for them.
const JSX = { jsx: 'react', jsxFactory: 'createElement', jsxFragmentFactory: 'Fragment' };

const one = async options => (await build({ ...common, ...options })).outputFiles[0].text.trim();
const worker = await one({ entryPoints: [join(here, 'src/format/worker.ts')], format: 'iife' });
const app = await one({
  entryPoints: [join(here, 'src/main.tsx')],
  format: 'iife',
  // Over tsconfig.json, which has the form that the compiler of types understands best.
  tsconfigRaw: { compilerOptions: { ...JSX, target: 'es2022', strict: true } },
  inject: [join(here, 'src/jsx.ts')],
  define: { ...define, WORKER_SOURCE: JSON.stringify(worker) },
});
const css = await one({
  entryPoints: [join(here, 'src/style/index.css')],
  loader: { '.css': 'css' },
});

for (const [what, text] of [
  ['style', css],
  ['script', app],
])
  if (new RegExp(`</${what}`, 'i').test(text) || text.includes('<!--'))
    throw new Error(
      `the ${what} would end its element or open a comment: write that text another way`,
    );

const put = (page, mark, text) => {
  if (page.split(mark).length !== 2) throw new Error(`page.html: ${mark} must stand exactly once`);
  return page.replace(mark, () => text);
};
let page = readFileSync(join(here, 'src/page.html'), 'utf8');
page = put(page, '/*cpd:css*/', css);
page = put(page, '/*cpd:js*/', app);
for (const mark of ['title', 'summary', 'meta', 'data'])
  if (page.split(`<!--cpd:${mark}-->`).length !== 2)
    throw new Error(`template: marker ${mark} must stand exactly once`);

const out = process.argv[2] ?? join(here, 'dist/template.html');
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, page);
console.log(
  `${out}: ${(page.length / 1024).toFixed(1)} KB (script ${(app.length / 1024).toFixed(1)}, style ${(css.length / 1024).toFixed(1)})`,
);
