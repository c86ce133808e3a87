// SPDX-License-Identifier: MIT
// What a report holds arrives, whatever its size, its names or its damage: rows of [name, test].
import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HOSTILE, TYPES } from '../fixtures/gen.mjs';
import { everyTab, goTab, number, settle, state, TABS } from './help.mjs';

export const opening = [
  [
    'opens from a file: every view, no error, no request',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path);
      await everyTab(t, page);
      t.ok((await page.locator('.outcome.bad').first().innerText()) === 'exit 2', 'how it ended');
      t.equal(await page.locator('.top h1').innerText(), 'make -j2 all');
    },
  ],

  [
    'in sight at once: what ran, how it ended, what was slow, what failed',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { size: { width: 1280, height: 1400 } });
      await page.waitForSelector('.findings li');
      for (const [what, sel] of [
        ['command', '.top h1'],
        ['outcome', '.top .outcome'],
        ['cards', '.cards .card'],
        ['finding', '.findings li'],
        ['lanes', '.chart .lane'],
        ['slow', '[aria-label="Slowest calls"] li'],
        ['failed', '[aria-label="Failed calls"] li'],
      ])
        t.ok(await page.locator(sel).first().isVisible(), what);
    },
  ],

  [
    'sizes 0, 1, 1,000, one instant, long durations, 5,000 lanes',
    async t => {
      for (const [scenario, ...args] of [
        ['empty'],
        ['one'],
        ['server', 1000, 8],
        ['instant', 500],
        ['long'],
        ['server', 50000, 5000],
      ]) {
        const { path, data } = await t.report(scenario, ...args),
          page = await t.browser.open(path);
        await everyTab(t, page);
        await goTab(page, 'timeline');
        t.equal(await state(page, 's.rowCount'), data.n, `${scenario}: rows`);
        t.equal(
          await state(page, 's.laneRows.value.length'),
          data.meta.tasks.length,
          `${scenario}: lanes`,
        );
        t.ok(
          (await page.evaluate(() => document.querySelectorAll('*').length)) < 3000,
          'few elements',
        );
        await page.close();
      }
    },
  ],

  [
    'durations and gaps over 4.29 s arrive exactly',
    async t => {
      const { path, data } = await t.report('long'),
        page = await t.browser.open(path, { hash: 'tab=timeline' });
      t.equal(
        await page.evaluate(() =>
          Array.from({ length: window.cpd.state.store.n }, (_, i) => [
            window.cpd.state.store.start[i],
            window.cpd.state.store.dur(i),
          ]),
        ),
        Array.from({ length: data.n }, (_, i) => [data.hot.start[i], data.hot.dur[i]]),
      );
      t.ok(
        (await page.locator('.tb-rows').innerText()).includes('72h00m'),
        'days are shown as days',
      );
    },
  ],

  [
    'sums: timeline, table and tabs say the same, which is N',
    async t => {
      const { path, data } = await t.report('build', 6000),
        page = await t.browser.open(path);
      t.ok(
        (await page.locator('.top .facts').innerText())
          .replace(/,/g, '')
          .includes(`${data.n} events`),
        'header',
      );
      await goTab(page, 'timeline');
      t.equal(number(await page.locator('.tb').getAttribute('aria-rowcount')), data.n + 1, 'table');
      t.equal(await state(page, 's.mask.value.lanes.reduce((a, b) => a + b, 0)'), data.n, 'lanes');
      await goTab(page, 'syscalls');
      t.ok(
        (await page.locator('.tab-bar').innerText()).replace(/,/g, '').includes(`${data.n} events`),
        'syscalls',
      );
      await goTab(page, 'processes');
      const sums = await page.evaluate(() => [...document.querySelectorAll('.grid-row')].length);
      t.ok(sums > 3, 'processes are listed');
      await goTab(page, 'files');
      let read = 0,
        written = 0,
        failed = 0;
      for (let i = 0; i < data.n; i++) {
        const type = TYPES[data.hot.type[i]];
        if (data.hot.err[i]) {
          if (['open', 'stat', 'exec'].includes(type.op)) failed++;
          continue;
        }
        if (type.io === 'in') read += data.cold.ret[i];
        if (type.io === 'out') written += data.cold.ret[i];
      }
      const text = await page.locator('.tab-bar').innerText(),
        mb = b => (b >= 1048525 ? `${(b / 1048576).toFixed(1)} MB` : `${(b / 1024).toFixed(1)} KB`);
      t.ok(
        text.includes(`${mb(read)} read`) &&
          text.includes(`${mb(written)} written`) &&
          text.replace(/,/g, '').includes(`${failed} failed`),
        `files: ${text}`,
      );
      const card = await page.evaluate(() => document.querySelector('#card-io').textContent);
      t.ok(
        card.includes(mb(read)) && card.includes(mb(written)),
        `the static summary agrees: ${card}`,
      );
    },
  ],

  [
    'hostile names and arguments are text everywhere',
    async t => {
      const { path } = await t.report('hostile'),
        page = await t.browser.open(path);
      for (const tab of TABS) {
        await goTab(page, tab);
        const found = await page.evaluate(() => ({
          pwned: window.pwned,
          img: document.querySelectorAll('img, iframe, object, embed, a[href^="javascript"]')
            .length,
          scripts: document.scripts.length,
          raw: /[\u202a-\u202e\u2066-\u2069\u0000-\u0008\u001b\udc80-\udcff]/.test(
            document.body.innerText.replace(/[\ud800-\udbff][\udc00-\udfff]/g, ''),
          ),
        }));
        t.equal([found.pwned ?? null, found.img, found.raw], [null, 0, false], tab);
        t.ok(found.scripts <= 2, `${found.scripts} scripts`);
      }
      await goTab(page, 'files');
      const text = await page.evaluate(() => {
        const s = window.cpd.state.store;
        return [...Array(s.strings.count).keys()].map(i => s.strings.get(i));
      });
      for (const h of HOSTILE)
        t.ok(text.includes('/tmp/' + h), `kept byte for byte: ${JSON.stringify(h).slice(0, 40)}`);
      const shown = await page.locator('.grid-body').evaluate(e => e.textContent);
      for (const part of [
        '</script><script>window.pwned=1',
        '\\u{202e}right-to-left',
        'new\\nline\\ttab',
        '\\x1b[31m',
        '/tmp/\\xff\\xfeA\\xed\\xa0\\x80\\xc0\\xaf',
      ])
        t.ok(shown.includes(part), `shown as text: ${part}`);
      t.quiet(page);
    },
  ],

  [
    'every hostile event can be selected, filtered and copied',
    async t => {
      const { path, data } = await t.report('hostile'),
        page = await t.browser.open(path, { hash: 'tab=timeline' });
      const out = await page.evaluate(n => {
        const s = window.cpd.state,
          lines = [];
        for (let i = 0; i < n; i++) {
          s.selected.value = i;
          lines.push(s.store.straceLine(i));
        }
        return lines;
      }, data.n);
      t.ok(
        out.every(l => !/[\n\u202e\u001b]/.test(l)),
        'one line each',
      );
      for (const h of HOSTILE) {
        const count = await page.evaluate(v => {
          const s = window.cpd.state;
          s.filter.value = `path:"${v.replace(/["\\]/g, '\\$&')}"`;
          return [s.mask.value.count, s.query.value.errors.length];
        }, '/tmp/' + h);
        t.ok(
          count[0] >= 3 && count[1] === 0,
          `filter finds ${JSON.stringify(h).slice(0, 50)}: ${count}`,
        );
      }
      await settle(page);
      t.equal(await page.evaluate(() => window.pwned ?? null), null);
      t.quiet(page);
    },
  ],

  [
    'a file cut at any place opens, says so and shows what it has',
    async t => {
      const { path, data } = await t.report('server', 400000, 20),
        size = statSync(path).size;
      for (const part of [0.6, 0.3, 0.97, 0.999]) {
        const cut = join(t.dir, 'cut.html');
        copyFileSync(path, cut);
        truncateSync(cut, Math.floor(size * part));
        const page = await t.browser.open(cut, { hash: 'tab=timeline' });
        t.ok(
          (await page.locator('.notes .warn').innerText()).includes('truncated'),
          `banner at ${part}`,
        );
        const [hot, rows] = await state(page, '[s.store.hot, s.rowCount]');
        t.equal(rows, hot, 'rows are what was decoded');
        if (part >= 0.6) t.ok(hot > 0, `${part}: some events`);
        t.ok(hot <= data.n);
        await everyTab(t, page);
        await page.close();
      }
    },
  ],

  [
    'a damaged block is said and does not stop the page',
    async t => {
      const { path } = await t.report('build', 6000),
        text = readFileSync(path, 'latin1'),
        bad = join(t.dir, 'bad.html');
      for (const kind of ['h', 'c', 's', 'o']) {
        writeFileSync(
          bad,
          text.replace(
            new RegExp(`<!--H4sI([A-Za-z0-9+/=]+)--><script>cpd\\("${kind}",1\\)`),
            (_, b) =>
              `<!--H4sI${b.slice(0, b.length >> 1)}${'A'.repeat(b.length - (b.length >> 1))}--><script>cpd("${kind}",1)`,
          ),
          'latin1',
        );
        const page = await t.browser.open(bad, { hash: 'tab=timeline' });
        t.ok(
          (await page.locator('.notes .warn').first().innerText()).includes('cannot be read'),
          `kind ${kind}`,
        );
        await everyTab(t, page);
        await page.close();
      }
    },
  ],

  [
    'without JavaScript the summary is there',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { js: false, wait: false });
      const text = await page.locator('#summary').innerText();
      for (const part of [
        'make -j2 all',
        'exit 2',
        'Memory',
        'Files read',
        'Failed lookups',
        'Processes',
        'gcc -O2',
      ])
        t.ok(text.includes(part), part);
      t.ok(await page.locator('#card-tree').isVisible(), 'visible');
      t.quiet(page);
    },
  ],

  [
    'usable while loading: filter and tabs answer before the end',
    async t => {
      const { path } = await t.report('server', 1000000, 200),
        page = await t.browser.open(path, { wait: false });
      await page.waitForFunction(() => window.cpd?.state);
      await page.evaluate(() => {
        const s = window.cpd.state;
        s.tab.value = 'timeline';
        s.filter.value = 'type:read err:any';
      });
      await page.waitForFunction(() => window.cpd.state.done.value);
      await settle(page);
      const [count, want] = await page.evaluate(() => {
        const s = window.cpd.state;
        let n = 0;
        for (let i = 0; i < s.store.n; i++)
          if (s.store.types[s.store.type[i]].name === 'read' && s.store.failed(i)) n++;
        return [s.mask.value.count, n];
      });
      t.equal(count, want);
      t.quiet(page);
    },
  ],
];
