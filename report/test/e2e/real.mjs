// SPDX-License-Identifier: MIT
// Reports that the program wrote: rows of [name, test].
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { everyTab, goTab, here, number, PROGRAM, settle, state } from './help.mjs';

/** Asks a server of its own three times, which takes its time. */
const ASKING = `
import os, socket, time
s = socket.create_server(("127.0.0.1", 0))
if os.fork() == 0:
    for i in range(3):
        c, _ = s.accept(); c.recv(9); time.sleep(0.25); c.sendall(b"late"); c.close()
    os._exit(0)
for i in range(3):
    with socket.create_connection(s.getsockname()) as c: c.sendall(b"well?"); c.recv(9)
os.wait()`;

/** Waits for a slow server by poll; and is served, as one client with a connection each time. */
const WAITING = `
import os, select, socket, time
s = socket.create_server(("127.0.0.1", 0))
if os.fork() == 0:
    for i in range(3):
        c, _ = s.accept(); c.recv(9); time.sleep(0.3); c.sendall(b"late"); c.close()
    os._exit(0)
for i in range(3):
    with socket.create_connection(s.getsockname()) as c:
        c.sendall(b"well?"); p = select.poll(); p.register(c, select.POLLIN); p.poll(); c.recv(9)
os.wait()`;

export const real = [
  [
    'a slow peer is one finding, in the words of the summary, and leads to its longest wait',
    async t => {
      if (!existsSync(PROGRAM)) t.skip('no compendium to run (set COMPENDIUM)');
      const path = join(t.dir, 'peer.html');
      let text = '';
      try {
        text = execFileSync(
          PROGRAM,
          [
            '-q',
            '-a',
            '--summary=json',
            `--report=${path}`,
            '--output=-',
            '--',
            '/usr/bin/python3',
            '-c',
            ASKING,
          ],
          { encoding: 'utf8', stdio: 'pipe' },
        );
      } catch (e) {
        if (/ptrace|not permitted|EPERM/i.test(e.stderr)) t.skip('tracing is not permitted here');
        throw e;
      }
      const rows = JSON.parse(text.slice(text.indexOf('{'))).tables.findings.rows,
        // (on a busy machine the server waits long for its clients, too)
        to = / waited .* for tcp4 → /,
        slow = rows.filter(r => r.rule === 'slow-peer' && to.test(r.finding)),
        want = slow.map(r => `${r.finding}.`),
        page = await t.browser.open(path, { hash: 'tab=findings' });
      await page.waitForSelector('.rule .finding');
      const found = page.locator('.rule .finding', { hasText: to });
      t.equal(await found.locator('p').allInnerTexts(), want, 'as the terminal has them');
      t.ok(/in 3 connections, the longest wait/.test(want[0]), want[0]);
      await found.first().locator('.evidence').click();
      await settle(page);
      t.ok((await state(page, 's.mask.value.count')) === 3, 'three long waits are the evidence');
      t.ok(
        await page.evaluate(() => {
          const s = window.cpd.state;
          return s.store.dur(s.selected.value) >= 0.2e9;
        }),
        'and the longest is selected',
      );
      t.quiet(page);
    },
  ],

  [
    'one peer is one group of events and of calls, with the waits for it, which are among the slowest calls',
    async t => {
      if (!existsSync(PROGRAM)) t.skip('no compendium to run (set COMPENDIUM)');
      const path = join(t.dir, 'groups.html');
      try {
        execFileSync(
          PROGRAM,
          ['-q', `--report=${path}`, '--output=/dev/null', '--', '/usr/bin/python3', '-c', WAITING],
          { encoding: 'utf8', stdio: 'pipe' },
        );
      } catch (e) {
        if (/ptrace|not permitted|EPERM/i.test(e.stderr)) t.skip('tracing is not permitted here');
        throw e;
      }
      const page = await t.browser.open(path);
      await page.waitForSelector('[aria-label="Slowest calls"] .call-name');
      const slowest = await page
        .locator('[aria-label="Slowest calls"] .row-link')
        .first()
        .evaluate(e => e.textContent);
      t.ok(/poll.*127\.0\.0\.1:\d+/.test(slowest), `the wait for the peer: ${slowest}`);
      for (const tab of ['timeline', 'syscalls']) {
        await goTab(page, tab);
        await page.selectOption('.group-by select', { label: 'peer' });
        await page.waitForFunction(() =>
          /127\.0\.0\.1/.test(document.querySelector('.grid-body')?.textContent),
        );
        const keys = await page.evaluate(() =>
          [...document.querySelectorAll('.grid-row > :first-child')]
            .map(e => e.textContent.replace(/^▸|\(.*/g, '').trim())
            .filter(Boolean),
        );
        t.equal([...new Set(keys)].sort(), ['127.0.0.1', 'none'], tab);
      }
      await goTab(page, 'timeline');
      const row = page.locator('.grid-row', { hasText: '127.0.0.1' }),
        count = number(await row.locator('[data-col=count]').innerText());
      await row.dblclick();
      await settle(page);
      t.equal(await state(page, 's.mask.value.count'), count, 'its events, and no others');
      t.ok(
        await state(page, 's.mask.value.rows.some(i => s.store.ops[s.store.type[i]] === "poll")'),
        'waits among them',
      );
      t.quiet(page);
    },
  ],

  [
    'a report the program wrote: opens, sums agree with its text summary',
    async t => {
      const program = PROGRAM;
      if (!existsSync(program)) t.skip('no compendium to run (set COMPENDIUM)');
      const path = join(t.dir, 'real.html');
      let text = '';
      try {
        text = execFileSync(
          'sh',
          [
            '-c',
            '"$0" --report="$1" -- sh -c "cat /etc/hosts > $2; ls /nonexistent; exit 3" 2>&1 || true',
            program,
            path,
            join(t.dir, 'copy'),
          ],
          { encoding: 'utf8' },
        );
      } catch (e) {
        text = String(e.stdout);
      }
      if (!existsSync(path)) {
        if (/ptrace|not permitted|EPERM/i.test(text)) t.skip('tracing is not permitted here');
        throw new Error(text);
      }
      const page = await t.browser.open(path);
      await everyTab(t, page);
      t.equal(await page.locator('.top .outcome').innerText(), 'exit 3');
      const events = Number(/Report: .*, ([\d,]+) events/.exec(text)?.[1].replace(/,/g, '') ?? NaN);
      t.equal(await state(page, 's.store.n'), events, 'events');
      await goTab(page, 'files');
      const read = /Files read:\s+([\d.]+ \w+)/.exec(text)?.[1],
        bar = await page.locator('.tab-bar').innerText(),
        card = await page.evaluate(() => document.querySelector('.cards').textContent);
      t.ok(card.includes(read), `the card says ${read}: ${card}`);
      t.ok(bar.includes(`${read} read`), `the Files view says ${read}: ${bar}`);
      const written = /Files written:\s+([\d.]+ \w+)/.exec(text)?.[1];
      t.ok(bar.includes(`${written} written`), `the Files view says ${written}: ${bar}`);
      const procs = await page.evaluate(() =>
        window.cpd.state.store.tasks.filter(x => x.pid === x.tid).map(x => x.exit),
      );
      t.equal([...procs].sort(), [0, 2, 3], 'three processes and how they ended');
    },
  ],

  [
    'why a process failed, and the lock that threads wait for: by name, without marks of the terminal',
    async t => {
      if (!existsSync(PROGRAM)) t.skip('no compendium to run (set COMPENDIUM)');
      const path = join(t.dir, 'failed.html');
      try {
        execFileSync(PROGRAM, ['-q', `--report=${path}`, '--', 'rmdir', '/etc'], { stdio: 'pipe' });
      } catch (e) {
        // 1 is rmdir's own; the summary, too, has words of ptrace
        const own = e.status === 1;
        if (!own && /ptrace|not permitted|EPERM/i.test(e.stderr))
          t.skip('tracing is not permitted here');
        if (!own) throw e;
      }
      const page = await t.browser.open(path, { hash: 'tab=findings' });
      await page.waitForSelector('.finding, .findings li, .rule');
      const text = await page.evaluate(() => document.body.innerText);
      t.ok(text.includes('rmdir /etc failed: ENOTEMPTY (Directory not empty)'), text.slice(0, 600));
      t.ok(!/[\x00-\x08\x0e-\x1f]/.test(text), 'no control character');
      await page.close();
      const threads =
        'import threading\nl = threading.Lock()\nl.acquire()\n' +
        't = threading.Thread(target=l.acquire)\nt.start()\nl.release()\nt.join()';
      execFileSync(
        PROGRAM,
        ['-q', '-v', `--report=${path}`, '--', '/usr/bin/python3', '-c', threads],
        {
          stdio: 'pipe',
        },
      );
      const second = await t.browser.open(path, { hash: 'tab=timeline&q=type:futex' });
      const names = await second.evaluate(() => {
        const { store } = window.cpd.state,
          m = window.cpd.state.mask.value;
        return Array.from({ length: m.count }, (_, k) => store.objText(m.event(k)));
      });
      if (!names.length) t.skip('python3 used no futex');
      t.ok(
        names.every(n => /^futex 0x[0-9a-f]+$/.test(n)),
        `each has its address: ${names.slice(0, 5)}`,
      );
      t.ok(
        (await second.locator('.tb-row .c-details').first().innerText()).startsWith('0x'),
        'the table has it, too',
      );
      await second.evaluate(n => {
        window.cpd.state.filter.value = `path:"${n}"`;
      }, names[0]);
      await settle(second);
      t.equal(
        await state(second, 's.mask.value.count'),
        names.filter(n => n === names[0]).length,
        'the filter finds one lock',
      );
      t.quiet(second);
    },
  ],

  [
    'first bytes of what a program wrote: in the page where they were recorded, and only there',
    async t => {
      if (!existsSync(PROGRAM)) t.skip('no compendium to run (set COMPENDIUM)');
      const recording = join(t.dir, 'moved.cpd');
      try {
        execFileSync(PROGRAM, ['-q', '--record', recording, '--', 'printf', 'a\\033<b>\\n'], {
          stdio: 'pipe',
        });
      } catch (e) {
        if (/ptrace|not permitted|EPERM/i.test(e.stderr)) t.skip('tracing is not permitted here');
        throw e;
      }
      for (const [name, options, want] of [
        ['moved', [], '61 1b 3c 62 3e 0a'],
        ['redacted', ['--redact'], null],
      ]) {
        const path = join(t.dir, `${name}.html`);
        execFileSync(PROGRAM, ['--read', recording, '-q', ...options, `--report=${path}`], {
          stdio: 'pipe',
        });
        const page = await t.browser.open(path, { hash: 'tab=timeline' });
        await page.evaluate(() => {
          const s = window.cpd.state;
          s.filter.value = 'type:write fd:1';
          s.selected.value = s.mask.value.event(0);
        });
        await page.waitForSelector('.details .call');
        t.equal(
          await page.evaluate(
            () => document.querySelector('.bytes > div > :nth-child(2)')?.textContent ?? null,
          ),
          want,
          name,
        );
        await page.close();
      }
    },
  ],

  [
    'environment of an exec: what is different from before, searched; masked with --redact',
    async t => {
      if (!existsSync(PROGRAM)) t.skip('no compendium to run (set COMPENDIUM)');
      const recording = join(t.dir, 'env.cpd'),
        script = "env -u GONE -u SAME NEW='<b>new</b>' API_TOKEN=abcdefgh12 KEPT=2 true";
      try {
        execFileSync(PROGRAM, ['-q', '--record', recording, '--', 'sh', '-c', script], {
          stdio: 'pipe',
          env: { ...process.env, GONE: '1', KEPT: '1' },
        });
      } catch (e) {
        if (/ptrace|not permitted|EPERM/i.test(e.stderr)) t.skip('tracing is not permitted here');
        throw e;
      }
      for (const [options, token] of [
        [[], 'abcdefgh12'],
        [['--redact'], '<redacted>'],
      ]) {
        const path = join(t.dir, `env${options.length}.html`);
        execFileSync(PROGRAM, ['--read', recording, '-q', ...options, `--report=${path}`], {
          stdio: 'pipe',
        });
        const page = await t.browser.open(path, { hash: 'tab=timeline' });
        await page.evaluate(() => {
          const s = window.cpd.state;
          s.filter.value = 'op:exec proc:true err:none';
          s.selected.value = s.mask.value.event(0);
        });
        await page.click('.environment summary');
        t.ok(
          /, 2 added, 1 changed, 1 removed/.test(await page.innerText('.environment summary')),
          await page.innerText('.environment summary'),
        );
        await page.locator('.environment li').first().waitFor(); // made when it is opened
        const rows = await page
          .locator('.environment li')
          .evaluateAll(list => list.slice(0, 4).map(x => x.textContent));
        t.equal(rows, [`+API_TOKEN=${token}`, '+NEW=<b>new</b>', '~KEPT=2 (was 1)', '−GONE=1']);
        await page.fill('.environment input', 'kept=');
        await settle(page);
        t.equal(await page.locator('.environment li').count(), 1, 'search');
        await page.close();
      }
    },
  ],

  [
    'a page with two runs: differences first, both values, searched, and the same without scripts; hostile bytes stay text',
    async t => {
      if (!existsSync(PROGRAM)) t.skip('no compendium to run (set COMPENDIUM)');
      const path = join(t.dir, 'diff.html'),
        run = (...args) => execFileSync('sh', args, { cwd: t.dir, encoding: 'utf8' });
      try {
        run(
          '-c',
          'cd "$1"; echo x > app.conf; ODD=1 "$0" -q --record good.cpd -- cat app.conf 2>&1; rm app.conf; ' +
            'ODD="<img src=x onerror=alert(1)>$(printf "\\033[31m")" "$0" -q --record bad.cpd -- cat app.conf 2>&1; ' +
            '"$0" --read good.cpd --diff bad.cpd --report diff.html; test -s diff.html',
          PROGRAM,
          t.dir,
        );
      } catch (e) {
        if (/ptrace|not permitted|EPERM/i.test(e.stdout)) t.skip('tracing is not permitted here');
        throw new Error(e.stdout, { cause: e });
      }
      const page = await t.browser.open(path),
        panel = page.locator('.differences'),
        cells = () =>
          panel
            .locator('.grid-row')
            .evaluateAll(rows => rows.map(r => [...r.children].map(c => c.textContent)));
      t.equal(
        await page.locator('.wide-page > :first-child').getAttribute('aria-label'),
        'Differences',
        'the first card',
      );
      const first = panel.locator('.first-difference'),
        words = await first.innerText();
      t.ok(
        /^First difference: cat .*app\.conf.*, after [\d.]+/.test(words) &&
          (await first.evaluate(e => !e.previousElementSibling?.matches('p'))),
        `the first difference stands above both runs: ${words}`,
      );
      await first.locator('button').click();
      t.ok(
        (await panel.locator('.grid-row.on').innerText()).includes('app.conf'),
        'the way to its row',
      );
      await page.keyboard.press('Escape');
      const all = await cells();
      t.equal(all[0], ['both', 'ended', 'cat app.conf', 'exit 0', 'exit 1'], 'the first row');
      t.ok(
        all.some(
          r => r[1] === 'file' && r[2].endsWith('/app.conf') && r[3] + r[4] === 'openedENOENT',
        ),
        JSON.stringify(all),
      );
      t.equal(
        all.find(r => r[2] === 'ODD').slice(3),
        ['1', '<img src=x onerror=alert(1)>\\e[31m'],
        'hostile bytes',
      );
      t.ok((await panel.innerText()).includes('app.conf was not found'), 'why it failed');
      await panel.locator('input').fill('variable odd');
      t.equal(
        (await cells()).map(r => r[2]),
        ['ODD'],
        'rows that were searched',
      );
      await page.evaluate(() => {
        Object.defineProperty(navigator, 'clipboard', {
          value: { writeText: async x => void (window.copied = x) },
        });
      });
      await panel.locator('.grid-row').first().click();
      await page.keyboard.press('Control+c');
      await page.waitForFunction(() => window.copied);
      t.ok((await page.evaluate(() => window.copied)).includes('ODD\t'), 'a row is copied');
      await panel.locator('input').fill('no such words');
      t.ok((await panel.innerText()).includes('No difference has these words.'), 'none');
      t.equal(page.trouble, [], 'trouble');
      await page.close();
      const plain = await t.browser.open(path, { js: false, wait: false }),
        card = await plain.locator('#summary > section').first().innerText();
      t.ok(
        /^Differences\n+First difference: cat /.test(card) &&
          card.includes('exit 1') &&
          card.includes('<img src=x'),
        card,
      );
      const why = await plain.locator('#card-differences tr.below td.lines').first().boundingBox();
      t.ok(why.width > 500, `the reason has room: ${why.width} px`);
      await plain.close();
    },
  ],

  [
    'sums in every view are those of the text summary: files, calls, errors, connections, memory, processes',
    async t => {
      if (!existsSync(PROGRAM)) t.skip('no compendium to run (set COMPENDIUM)');
      for (const name of ['net', 'threads', 'make', 'shell', 'pipe']) {
        const path = join(t.dir, `${name}.html`),
          out = join(t.dir, `${name}.txt`);
        execFileSync(
          PROGRAM,
          [
            '--read',
            join(here, `../../../tests/golden/${name}.cpd`),
            '-a',
            '-o',
            out,
            `--report=${path}`,
          ],
          { stdio: 'ignore' },
        );
        const text = readFileSync(out, 'utf8'),
          all = text.slice(text.indexOf(' FINAL: '));
        const part = title => {
          const at = all.indexOf(`\n ${title}`);
          return at < 0
            ? []
            : all
                .slice(at + 2)
                .split('\n')
                .slice(1)
                .filter((_, i, l) =>
                  l.slice(0, i + 1).every(x => /^ {2,}/.test(x) && !/^ {3}…/.test(x)),
                );
        };
        const one = re => re.exec(all)?.[1];
        const page = await t.browser.open(path, { size: { width: 1900, height: 7000 } });
        /** Rows of the table in sight as { column: text }. */
        const rows = async () => {
          await page.waitForSelector('.grid-body');
          return page.evaluate(() =>
            [...document.querySelectorAll('.grid-row')].map(r =>
              Object.fromEntries(
                [...r.querySelectorAll('[data-col]')].map(c => [
                  c.dataset.col,
                  c.textContent.replace(/\u00a0/g, ' ').trim(),
                ]),
              ),
            ),
          );
        };
        const bar = async () => (await page.locator('.tab-bar').innerText()).replace(/\n/g, ' ');
        const none = b => (b === '0 B' ? '' : b);

        const cards = await page.evaluate(() => document.querySelector('.cards').innerText);
        for (const [label, re] of [
          ['Heap', /Heap: +(.*)/],
          ['Mmap', /Mmap: +(.*)/],
          ['Total', /Total: +(.*)/],
          ['Files read', /Files read: +(.*)/],
          ['Files written', /Files written: +(.*)/],
        ])
          t.ok(
            cards.includes(`${label}\n${one(re)}`),
            `${name}: the card says ${label} ${one(re)}: ${cards}`,
          );
        await goTab(page, 'timeline');
        const chart = await page.locator('.pane .tl-counters').innerText();
        t.ok(
          chart.includes(`mapped memory\n${one(/Total: +(.*)/)}`),
          `${name}: highest memory in the chart: ${chart}`,
        );

        await goTab(page, 'files');
        const files = await rows();
        t.ok(
          (await bar()).includes(
            `${one(/Files read: +(.*)/)} read · ${one(/Files written: +(.*)/)} written`,
          ),
          `${name}: ${await bar()}`,
        );
        const top = part('Top files');
        for (const line of top) {
          const [, read, written, file] = /^ +([\d.]+ \w+) +([\d.]+ \w+) +(.*)$/.exec(line),
            row = files.find(r => r.path === file);
          if (file.includes('…')) continue;
          t.equal([row?.read, row?.written], [none(read), none(written)], `${name}: ${file}`);
        }
        t.ok(top.length > 0, `${name}: some files`);
        for (const line of part('Failed lookups')) {
          const [, n, , file] = /^ +([\d,]+)× +(\w+) +(.*)$/.exec(line),
            row = files.find(r => r.path === file);
          if (!file.includes('…')) t.equal(row?.failed, n, `${name}: lookups of ${file}`);
        }

        await goTab(page, 'syscalls');
        const calls = await rows(),
          timed = part('Time in calls'),
          bare = s => (s ?? '').replace(/\s/g, '');
        for (const line of timed) {
          const [, n, total, , , longest, call] =
              /^ +([\d,]+) +(\S+) +(\S+) +(\S+) +(\S+) +(\S+)/.exec(line),
            row = calls.find(r => r.name === call);
          t.equal(
            [row?.count, bare(row?.total), bare(row?.max)],
            [n, total, longest],
            `${name}: ${call}`,
          );
        }
        t.ok(timed.length > 3, `${name}: some calls`);
        const errors = await page.evaluate(() => {
          const { store } = window.cpd.state,
            errs = {};
          for (let i = 0; i < store.n; i++)
            if (store.err[i] && !store.types[store.type[i]].layer) {
              const k = `${store.types[store.type[i]].name} ${store.errName[store.err[i]]}`;
              errs[k] = (errs[k] ?? 0) + 1;
            }
          return errs;
        });
        for (const line of part('Errors by call')) {
          const [, n, call, err] = /^ +([\d,]+)× +(\S+) +(\S+)/.exec(line);
          t.equal(errors[`${call} ${err}`], number(n), `${name}: ${call} ${err}`);
        }
        t.ok(
          (await bar()).includes(`${one(/Report: .*, ([\d,]+) events/)} events`),
          `${name}: events in ${await bar()}`,
        );

        await goTab(page, 'network');
        const conns = await rows(),
          made = number(/(\d+) connections?/.exec(await bar())?.[1] ?? '0'),
          lines = part('Connections');
        t.equal(
          number(/Connections\n(\d+)/.exec(cards)?.[1] ?? '0'),
          made,
          `${name}: connections made`,
        );
        t.equal(
          number(/(\d+) datagram peers?/.exec(await bar())?.[1] ?? '0'),
          number(/Datagram peers\n(\d+)/.exec(cards)?.[1] ?? '0'),
          `${name}: datagram peers`,
        );
        t.ok(
          (await bar()).includes(
            `${one(/Net sent: +(.*)/)} sent · ${one(/Net received: +(.*)/)} received`,
          ),
          `${name}: ${await bar()}`,
        );
        for (const line of lines) {
          const [, sent, received, kind, peer] =
            /^ +([\d.]+ \w+) +([\d.]+ \w+) +\S+ +(\S+) [→←↔] (\S+)/.exec(line) ?? [];
          if (!kind || kind === 'pipe') continue;
          const at = conns.findIndex(
            r =>
              r.kind === kind &&
              r.peer.endsWith(peer) &&
              r.sent === none(sent) &&
              r.received === none(received),
          );
          t.ok(
            at >= 0,
            `${name}: ${line.trim()} among ${JSON.stringify(conns.map(r => [r.kind, r.peer, r.sent, r.received]))}`,
          );
          conns.splice(at, 1);
        }
        if (name === 'net') t.ok(lines.length >= 5 && made === 2, 'net: connections are compared');

        await goTab(page, 'processes');
        const threads = [...all.matchAll(/\((\d+) threads\)/g)].reduce(
            (a, m) => a + Number(m[1]) - 1,
            0,
          ),
          procs = one(/\n Processes \((\d+)/);
        t.ok(
          new RegExp(`(^|\\D)${procs} process(es)?, ${threads} threads?`).test(await bar()),
          `${name}: ${procs} processes, ${threads} threads: ${await bar()}`,
        );
        for (const row of await rows()) {
          const line = new RegExp(`^ +${row.pid} .*$`, 'm').exec(
            all.slice(all.indexOf('\n Processes (')),
          );
          t.ok(!line || line[0].includes(row.exit), `${name}: ${line?.[0]}: ${row.exit}`);
        }
        t.quiet(page);
        await page.close();
      }
    },
  ],

  [
    'waits for a CPU, block I/O and page faults of a real run: counts, the curve of memory, shares',
    async t => {
      if (!existsSync(PROGRAM)) t.skip('no compendium to run (set COMPENDIUM)');
      const path = join(t.dir, 'kernel.html'),
        out = join(t.dir, 'kernel.txt'),
        code =
          'import mmap\nm = mmap.mmap(-1, 64 << 20)\nm.madvise(mmap.MADV_NOHUGEPAGE)\nfor i in range(0, 64 << 20, 4096): m[i] = 1\nm.close()\nx = sum(range(3000000))';
      try {
        execFileSync(
          PROGRAM,
          ['--ebpf', '--faults', '-o', out, `--report=${path}`, '--', 'python3', '-c', code],
          { stdio: 'ignore' },
        );
      } catch {
        /* shown in the text */
      }
      const text = existsSync(out) ? readFileSync(out, 'utf8') : '';
      const faults = number(/Page faults: ([\d,]+)/.exec(text)?.[1] ?? ''),
        waits = number(/Waits for a CPU\n +all +([\d,]+)×/.exec(text)?.[1] ?? '');
      if (!faults) t.skip('page faults cannot be recorded here');
      const page = await t.browser.open(path, { size: { width: 1600, height: 2000 } });
      const counts = await page.evaluate(() => {
        const { store } = window.cpd.state,
          by = {};
        store.types.forEach((x, k) => {
          by[x.op] = (by[x.op] ?? 0) + store.typeEvents[k];
        });
        return by;
      });
      t.equal(counts.fault, faults, 'page faults');
      await page.waitForSelector('.kernel');
      const panel = await page.locator('.kernel').innerText();
      t.ok(panel.includes(`Page faults\t${faults.toLocaleString('en-US')}`), panel);
      // The mapping is written page by page, then given back.
      const curve = await page.evaluate(() => {
        const { counters: c, meta } = window.cpd.state.store,
          k = meta.counters.findIndex(x => x.name.startsWith('resident')),
          v = [...c.value].filter((_, i) => c.counter[i] === k);
        return { top: Math.max(...v), last: v[v.length - 1], n: v.length, before: v[v.length - 2] };
      });
      t.ok(
        curve.top >= 64 << 20 && curve.top < 100 << 20 && curve.n > 20,
        `peak of the curve: ${JSON.stringify(curve)}`,
      );
      t.ok(
        curve.last === 0 && curve.before < curve.top - (60 << 20),
        `what is unmapped leaves the curve: ${JSON.stringify(curve)}`,
      );
      await goTab(page, 'timeline');
      t.ok(
        /resident, by faults\n\d+\.\d MB/.test(
          await page.locator('.pane .tl-counters').innerText(),
        ),
        'a chart of it',
      );
      if (waits) {
        t.equal(counts.runq, waits, 'waits for a CPU');
        await goTab(page, 'processes');
        const row = await page.evaluate(() =>
          Object.fromEntries(
            [...document.querySelector('.grid-row').querySelectorAll('[data-col]')].map(c => [
              c.dataset.col,
              c.innerText,
            ]),
          ),
        );
        const shares = ['run', 'runq', 'block'].map(k => Number(/[\d.]+/.exec(row[k])?.[0] ?? 0));
        t.ok(
          shares[0] > 0 && Math.abs(shares.reduce((a, b) => a + b, 0) - 100) < 2.5,
          `on a CPU, waiting, blocked: ${JSON.stringify(row)}`,
        );
      }
      t.quiet(page);
    },
  ],
];
