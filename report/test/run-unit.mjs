// SPDX-License-Identifier: MIT
// Bundles test/unit/*.test.ts and runs them with Node's own runner; the last line counts.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

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
  logLevel: 'warning',
});
const check = spawnSync(
  process.execPath,
  [join(here, '../node_modules/typescript/bin/tsc'), '--noEmit', '-p', join(here, '..')],
  { encoding: 'utf8' },
);
console.log(
  check.status === 0
    ? 'ok - the types are right (tsc --strict)'
    : `not ok - tsc\n${check.stdout}${check.stderr}`,
);
const bin = join(here, '../node_modules/@biomejs/biome/bin/biome');
const style = spawnSync(process.execPath, [bin, 'ci', '--colors=off', '.'], {
  cwd: join(here, '..'),
  encoding: 'utf8',
});
console.log(
  style.status === 0
    ? 'ok - formatted, and nothing for the linter to report (biome)'
    : `not ok - biome (npm run format fixes the layout)\n${style.stdout}${style.stderr}`,
);
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
const checks = [check, style].filter(c => c.status).length;
const bad = failed + checks + (run.status && !failed ? 1 : 0);
console.log(
  `${count('pass') + 2 - checks} passed, ${bad} failed, ${count('skipped') + count('todo')} skipped`,
);
process.exit(bad ? 1 : 0);
