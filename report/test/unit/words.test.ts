// SPDX-License-Identifier: MIT
// Events in the words of the terminal.
import { commandText } from '../../src/format/text';
import { brief } from '../../src/panels/process-columns';
import { argumentOf } from '../../src/engine/neighbours';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { words } from '../../src/engine/words';
import { traced, type Trace } from './make';

const said = (make: (x: Trace, l: number) => void): string[] => {
  const store = traced(make);
  return Array.from({ length: store.n - 1 }, (_, i) => words(store, i));
};

test('words: files', () =>
  assert.deepEqual(
    said((x, l) => {
      const f = x.open(l, '/etc/hosts');
      x.read(l, f, 3, 832);
      x.close(l, f);
      const g = x.open(l, '/tmp/out', { flags: 'O_WRONLY|O_CREAT|O_TRUNC, 0666' });
      x.write(l, g, 3, 2048);
      x.open(l, '/no/such', { err: 'ENOENT' });
      x.ev(l, 'rename', 5, { obj: '/a', val: x.strings.id('/b') });
      x.ev(l, 'unlink', 5, { obj: '/a', err: 'ENOENT' });
      x.ev(l, 'newfstatat', 5, { obj: '/x', err: 'ENOENT' });
      x.open(l, '/tmp', { flags: 'O_RDWR|O_TMPFILE, 0600' });
      x.open(l, '/etc', { flags: 'O_RDONLY|O_PATH|O_DIRECTORY' });
      x.ev(l, 'access', 5, { obj: '/etc/ld.so.preload', err: 'ENOENT' });
    }),
    [
      'open /etc/hosts (read)',
      'read 832 B from /etc/hosts',
      'close /etc/hosts',
      'open /tmp/out (write, create, truncate)',
      'write 2.0 KB to /tmp/out',
      'open /no/such (read) ENOENT',
      'rename /a → /b',
      'unlink /a ENOENT',
      'stat /x ENOENT',
      'open /tmp (read/write, temporary)',
      'open /etc (path only)',
      'access /etc/ld.so.preload ENOENT',
    ],
  ));

test('words: waits say for what, and how long', () =>
  assert.deepEqual(
    said((x, l) => {
      x.ev(l, 'futex', 322e6, { arg: '0x1, FUTEX_WAIT|FUTEX_PRIVATE_FLAG, 2, NULL' });
      x.ev(l, 'futex', 1e6, { arg: '0x1, FUTEX_WAIT|FUTEX_PRIVATE_FLAG, 0, NULL' });
      x.ev(l, 'futex', 1e3, { arg: '0x1, FUTEX_WAKE|FUTEX_PRIVATE_FLAG, 1', ret: 1 });
      x.ev(l, 'futex', 9e6, { arg: '…, FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME, 1000, NULL' });
      x.ev(l, 'poll', 2e9, { arg: '…', ret: 1 });
      x.ev(l, 'poll', 3e9, { obj: '10.0.0.1:80', val: 1, ret: 1 });
      x.ev(l, 'poll', 4e9, { obj: '10.0.0.1:80', val: 1, ret: 0 });
      x.ev(l, 'clock_nanosleep', 5e6, {});
      x.ev(l, 'wait4', 7e6, { val: l + 1 });
    }),
    [
      'waits for a lock 322ms',
      'waits to be woken 1.00ms',
      'wakes 1 that waited',
      'waits for a thread to end 9.00ms',
      'waits for events 2.00s',
      'waits for 10.0.0.1:80 3.00s',
      'waits for 10.0.0.1:80: none came 4.00s',
      'sleeps 5.00ms',
      'waits for test 1000 7.00ms',
    ],
  ));

test('words: hostile names stay text', () => {
  const [line] = said((x, l) => void x.ev(l, 'access', 5, { obj: '/tmp/\u202e<b>\n' }));
  assert.equal(line, 'access /tmp/\\u{202e}<b>\\n');
});

test('words: a command line is quoted as the terminal has it', () => {
  assert.equal(
    commandText(['/bin/sh', '-c', "echo 'a b'\n", '', 'x=é']),
    "/bin/sh -c 'echo '\\''a b'\\''\\n' '' x=é",
  );
  assert.equal(
    brief('python3', ['-c', "import os\nos.open('/tmp/x', 0)"], 'x y'),
    "python3 -c 'import os\\nos.open('\\''/tmp/x'\\'', 0)'",
  );
});

test('words: a long command line keeps the file that it is for', () => {
  const of = (...argv: string[]) => brief(argv[0], argv.slice(1), argumentOf(argv));
  assert.equal(
    of('cc1', '-quiet', '-imultiarch', 'x86_64-linux-gnu', 'f0.c'),
    'cc1 … f0.c … -quiet -imultiarch x86_64-linux-gnu f0.c',
  );
  assert.equal(of('gcc', '-O2', '-c', 'f0.c'), 'gcc -O2 -c f0.c');
  assert.equal(of('as', '--64', '-o', 'f0.o', '/tmp/cc1.s'), 'as --64 -o f0.o /tmp/cc1.s');
});

test('words: of a linker and an assembler what they make, of a script its command', () => {
  const of = (line: string) => argumentOf(line.split(' '));
  assert.equal(of('cc1 -quiet -imultiarch x86_64-linux-gnu a/slow.c -o /tmp/ccA.s'), 'slow.c');
  assert.equal(of('as --64 -o dir/a.o /tmp/ccKcDiLV.s'), 'a.o');
  assert.equal(of('as -o /tmp/cc1.o src/a.s'), 'a.s');
  const link =
    '-plugin /usr/lib/gcc/liblto_plugin.so -m elf_x86_64 -o bin/prog /usr/lib/crt1.o a.o';
  assert.equal(of(`/usr/bin/ld ${link}`), 'prog');
  assert.equal(of(`/usr/libexec/gcc/collect2 ${link}`), 'prog');
  assert.equal(of('ld.lld -L /usr/lib/x.d a.o'), 'a.o');
  assert.equal(argumentOf(['sh', '-c', 'A=1 B="x y" make all']), 'make all');
  assert.equal(argumentOf(['sh', '-c', 'echo a; exit 1']), 'echo a; exit 1');
});
