// SPDX-License-Identifier: MIT
// Events in words, beside the lines of the terminal: rows of [name, test].
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAM, state } from './help.mjs';

/** One of everything that the terminal has a line for. */
const EVERYTHING = `
import mmap, os, signal, socket, sys
os.chdir(sys.argv[1])
def vain(what, *args):
    try: what(*args)
    except OSError: pass
f = os.open("a", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
os.write(f, b"hello" * 40); os.lseek(f, 0, 0); os.read(f, 100); os.fsync(f); os.ftruncate(f, 50); os.fchmod(f, 0o600)
os.posix_fallocate(f, 0, 8192)
os.open(".", os.O_DIRECTORY); os.open("a", os.O_WRONLY | os.O_APPEND); os.open("a", os.O_PATH); vain(os.open, "a", os.O_CREAT | os.O_EXCL)
os.symlink("a", "l"); os.link("a", "b"); os.rename("b", "c"); os.mkdir("d"); os.rmdir("d"); os.unlink("c")
os.chmod("a", 0o644); os.chown("a", -1, -1); os.utime("a"); os.mkfifo("p"); os.truncate("a", 10)
for what in os.stat, os.lstat, os.readlink, os.unlink, os.chdir, os.rmdir: vain(what, "/no/such")
s = socket.create_server(("127.0.0.1", 0)); c = socket.create_connection(s.getsockname()); a, _ = s.accept()
c.send(b"q" * 10); a.recv(100, socket.MSG_PEEK); a.recv(100); a.send(b"x" * 213); c.recv(1000); os.write(c.fileno(), b"."); os.read(a.fileno(), 9)
vain(socket.create_connection, ("127.0.0.1", 1))
vain(socket.socket(socket.AF_UNIX).connect, "/no/such")
r, w = os.pipe(); os.write(w, b"k"); os.read(r, 1)
m = mmap.mmap(-1, 8192); m.close()
signal.signal(signal.SIGUSR1, lambda *a: None); os.kill(os.getpid(), signal.SIGUSR1)
os.copy_file_range(f, os.open("a2", os.O_RDWR | os.O_CREAT), 10, 0)
vain(os.execv, "/no/such", ["x"])
if os.fork() == 0: os._exit(3)
os.wait()`;

export const words = [
  [
    'events are worded as the lines of the terminal',
    async t => {
      if (!existsSync(PROGRAM)) t.skip('no compendium to run (set COMPENDIUM)');
      const path = join(t.dir, 'words.html'),
        recording = join(t.dir, 'words.cpd'),
        dir = mkdtempSync(join(t.dir, 'words-'));
      let lines = '';
      try {
        execFileSync(
          PROGRAM,
          [
            '-q',
            `--record=${recording}`,
            `--report=${path}`,
            '--',
            '/usr/bin/python3',
            '-c',
            EVERYTHING,
            dir,
          ],
          { stdio: 'pipe' },
        );
        lines = execFileSync(PROGRAM, ['-a', '--output=-', `--read=${recording}`], {
          encoding: 'utf8',
          stdio: 'pipe',
        });
      } catch (e) {
        if (/ptrace|not permitted|EPERM/i.test(String(e.stderr)))
          t.skip('tracing is not permitted here');
        throw e;
      }
      const page = await t.browser.open(path, { hash: 'tab=timeline' });
      await page.evaluate(() => {
        Object.defineProperty(navigator, 'clipboard', {
          value: { writeText: async x => void (window.copied = x) },
        });
      });
      await state(page, "(s.columns.value = ['row', 'words'])");
      await page.locator('.tb').focus();
      for (const key of ['Home', 'Shift+End', 'Control+c']) await page.keyboard.press(key);
      await page.waitForFunction(() => window.copied);
      const said = await page.evaluate(() => window.copied.split('\n').map(l => l.split('\t')[1])),
        all = new Set(said);
      let n = 0;
      for (const line of lines.split('\n')) {
        const [, text] = /^\[\+[\d.]+s\](?: \[\d+\])? (.*)$/.exec(line) ?? [];
        // (several in one line; a program that begins; who sent a signal, and is at the other end of a pipe)
        if (!text || / \d+×|─── /.test(text)) continue;
        const want = text
          .replace(/ {2,}/g, ' ')
          .replace(/^(signal \w+) .*/, '$1')
          .replace(/ \(pid \d+\)$/, '');
        t.ok(all.has(want), want);
        n++;
      }
      t.ok(n > 50, `${n} lines`);
      t.ok(said.includes(`symlink a → ${dir}/l`), 'a symlink, and where it is');
      t.quiet(page);
    },
  ],
];
