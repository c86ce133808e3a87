// SPDX-License-Identifier: MIT
// Bundles test/unit/*.test.ts and runs them with Node's own runner; the last line counts.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { define } from '../defines.mjs';

const here = dirname(fileURLToPath(import.meta.url)),
  out = join(here, '.out');
const tests = readdirSync(join(here, 'unit'))
  .filter(f => f.endsWith('.test.ts'))
  .map(f => join(here, 'unit', f));
rmSync(out, { recursive: true, force: true });
await build({
  entryPoints: tests,
  outdir: out,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node18',
  external: ['../fixtures/*'],
  define,
  logLevel: 'warning',
});
/** A tool of node_modules over the whole folder: true when it has nothing to report. */
function tool(what, path, ...args) {
  const done = spawnSync(process.execPath, [join(here, '../node_modules', path), ...args], {
    cwd: join(here, '..'),
    encoding: 'utf8',
  });
  console.log(
    done.status === 0 ? `ok - ${what}` : `not ok - ${what}\n${done.stdout}${done.stderr}`,
  );
  return done.status === 0;
}

/** Rules are set in .oxlintrc.json, for all files alike. */
function exceptions() {
  const mark = /(?:eslint|oxlint)-disable|prettier-ignore|@ts-(?:ignore|nocheck)/;
  const files = readdirSync(join(here, '../src'), { recursive: true }).filter(f =>
    /\.\w+$/.test(f),
  );
  const found = files.filter(f => mark.test(readFileSync(join(here, '../src', f), 'utf8')));
  const what = 'no file of src/ is an exception to the rules';
  console.log(found.length ? `not ok - ${what}: ${found.join(', ')}` : `ok - ${what}`);
  return !found.length;
}

const checks = [
  tool('the types are right (tsc --strict)', 'typescript/bin/tsc', '--noEmit'),
  tool(
    'the layout is that of npm run format (prettier)',
    'prettier/bin/prettier.cjs',
    '--check',
    '.',
  ),
  tool('the linter has nothing to report (oxlint)', 'oxlint/bin/oxlint', '--deny-warnings'),
  exceptions(),
];
const files = tests.map(f => join(out, f.split('/').pop().replace(/\.ts$/, '.mjs')));
const run = spawnSync(process.execPath, ['--test', '--test-reporter=tap', ...files], {
  encoding: 'utf8',
  maxBuffer: 1 << 28,
});
const count = word => Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(run.stdout)?.[1] ?? 0);
const failed = count('fail') + count('cancelled');
console.log(
  failed || run.status
    ? run.stdout.replace(/^# (pass|fail|skipped|todo|cancelled|tests|suites) .*\n/gm, '') +
        run.stderr
    : run.stdout
        .split('\n')
        .filter(l => /^\s*(ok|not ok|# Subtest)/.test(l) && !/# Subtest/.test(l))
        .join('\n'),
);
const wrong = checks.filter(ok => !ok).length;
const bad = failed + wrong + (run.status && !failed ? 1 : 0);
console.log(
  `${count('pass') + checks.length - wrong} passed, ${bad} failed, ${count('skipped') + count('todo')} skipped`,
);
process.exit(bad ? 1 : 0);
