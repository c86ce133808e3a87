// SPDX-License-Identifier: MIT
// What the page does, whatever its size: rows of [name, test].
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  copyFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HOSTILE, TYPES } from '../fixtures/gen.mjs';

const here = dirname(fileURLToPath(import.meta.url)),
  PROGRAM = process.env.COMPENDIUM || join(here, '../../../build/compendium');
const TABS = ['overview', 'timeline', 'files', 'network', 'processes', 'syscalls', 'findings'];
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const settle = page =>
  page.evaluate(
    () =>
      new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(r, 60)))),
  );
export const goTab = async (page, tab) => {
  await page.click('#tab-' + tab);
  await settle(page);
  await page.waitForFunction(
    () => !/Adding up|Looking …/.test(document.querySelector('#main').innerText),
  );
};
export const state = (page, f) =>
  page.evaluate(`(() => { const s = window.cpd.state; return ${f}; })()`);
/** Numbers of a "12,345" text. */
const number = text => Number(text.replace(/[^\d]/g, ''));

async function everyTab(t, page) {
  for (const tab of TABS) {
    await goTab(page, tab);
    t.ok((await page.locator('#main').innerText()).trim().length > 5, `${tab} shows something`);
  }
  t.quiet(page);
}

export const tests = [
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
        (await page.locator('.tb-rows').innerText()).includes('3 d 0 h'),
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
      const shown = await page.locator('.grid-body').innerText();
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
    'filter box: language, count, error, clear',
    async t => {
      const { path, data } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline' });
      await page.keyboard.press('/');
      t.equal(await page.evaluate(() => document.activeElement.id), 'filter');
      await page.keyboard.type('type:openat err:ENOENT');
      await page.keyboard.press('Enter');
      await settle(page);
      let want = 0;
      for (let i = 0; i < data.n; i++)
        if (TYPES[data.hot.type[i]].name === 'openat' && data.hot.err[i] === 2) want++;
      await page
        .waitForFunction(
          n =>
            +document.querySelector('.matches')?.innerText.split(' of ')[0].replace(/\D/g, '') ===
            n,
          want,
        )
        .catch(() => 0); // a busy machine
      t.equal(
        number((await page.locator('.matches').innerText()).split(' of ')[0]),
        want,
        'matches',
      );
      t.ok(
        await page.evaluate(() =>
          [...document.querySelectorAll('.tb-row:not([hidden]) .c-result')].every(
            e => e.textContent === 'ENOENT',
          ),
        ),
        'rows',
      );
      await page.click('.filter .clear');
      await settle(page);
      t.equal(await state(page, 's.filter.value'), '');
      await page.keyboard.type('dur>fast');
      await page.waitForSelector('#filter-error');
      t.ok(
        (await page.locator('#filter-error').innerText()).includes('not a time'),
        'the error says what',
      );
      t.quiet(page);
    },
  ],

  [
    'the same filter narrows every view',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=syscalls&q=proc:as' });
      await page.waitForSelector('.grid-row');
      const want = await state(page, 's.mask.value.count');
      t.ok(
        (await page.locator('.tab-bar').innerText()).replace(/,/g, '').includes(`${want} events`),
        'syscalls',
      );
      await goTab(page, 'processes');
      t.ok(
        await page.evaluate(() =>
          [...document.querySelectorAll('.grid-row .path')].every(e =>
            e.textContent.startsWith('as '),
          ),
        ),
        'processes',
      );
      await goTab(page, 'timeline');
      t.ok(
        await page.evaluate(() =>
          [...document.querySelectorAll('.pane .lane:not([hidden]) .lane-name')].every(
            e => e.textContent === 'as',
          ),
        ),
        'lanes',
      );
      await page.keyboard.press('x');
      t.equal(await state(page, 's.filter.value'), '');
    },
  ],

  [
    'right click includes and excludes; pickers write into the same box',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline' });
      await page.click('.tb-row:nth-child(6) .c-type', { button: 'right' });
      const name = await page.locator('.menu-title').innerText();
      await page.click(`.menu button:has-text("Exclude ${name}")`);
      t.equal(await state(page, 's.filter.value'), `!type:${name}`);
      await page.click('.tb-row:nth-child(3) .c-type', { button: 'right' });
      await page.keyboard.press('Escape');
      t.equal(await page.locator('.menu').count(), 0, 'Escape closes the menu');
      await page.click('.pick:has-text("Categories")');
      await page.click('.checks label:has-text("memory")');
      t.equal(await state(page, 's.filter.value'), `!type:${name} !cat:memory`);
      await page.click('.checks label:has-text("memory")');
      t.equal(await state(page, 's.filter.value'), `!type:${name}`);
      await page.click('.lane >> nth=1', { button: 'right' });
      await page.click('.menu button:has-text("Pin lane")');
      t.equal(await state(page, 's.pins.value.length'), 1);
      t.quiet(page);
    },
  ],

  [
    'the address restores everything; back and forward',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path);
      await page.evaluate(() => {
        const s = window.cpd.state;
        s.tab.value = 'timeline';
      });
      await page.evaluate(() => {
        const s = window.cpd.state;
        s.filter.value = 'type:openat path:"/usr/in clude,x" dur>1us';
      });
      await page.evaluate(() => {
        const s = window.cpd.state;
        s.filter.value = 'type:openat dur>1us';
        s.sortBy('dur');
        s.setView(1e6, 5e6);
        s.range.value = { from: 2e6, to: 3e6 };
        s.pins.value = [3];
        s.hidden.value = [4];
        s.laneSort.value = 'start';
        s.theme.value = 'light';
        s.columns.value = ['row', 'type', 'dur'];
        s.selected.value = 77;
        s.folded.value = true;
      });
      await page.waitForTimeout(500);
      const get = () =>
        page.evaluate(() => {
          const s = window.cpd.state;
          return [
            s.tab.value,
            s.filter.value,
            s.sort.value,
            s.view.value,
            s.range.value,
            s.pins.value,
            s.hidden.value,
            s.laneSort.value,
            s.theme.value,
            s.columns.value,
            s.selected.value,
            s.folded.value,
          ];
        });
      const before = await get();
      await page.reload();
      await page.waitForFunction(() => window.cpd?.state?.done.value);
      t.equal(await get(), before, 'after reload');
      await page.goBack();
      t.equal(
        await state(page, 's.filter.value'),
        'type:openat path:"/usr/in clude,x" dur>1us',
        'back',
      );
      await page.goBack();
      t.equal(await state(page, '[s.tab.value, s.filter.value]'), ['timeline', ''], 'back twice');
      await page.goForward();
      await page.goForward();
      t.equal(await state(page, 's.filter.value'), 'type:openat dur>1us', 'forward');
      for (const hash of [
        'tab=nonsense&q=%E0%A4%A&t=1,x&event=99999999&pin=a,-1,3.5&cols=,&sort=--x',
        '&&&===',
        'q=' + 'a:'.repeat(300),
      ]) {
        await page.goto('file://' + path + '#' + hash);
        await page.reload();
        await page.waitForFunction(() => window.cpd?.state?.done.value);
      }
      t.quiet(page);
    },
  ],

  [
    'timeline: Ctrl+wheel at the pointer, keys, drag, minimap, down to 1 ns a pixel',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline' });
      const box = await page.locator('.pane .tl-over').boundingBox(),
        view = () => state(page, 's.view.value'),
        x = box.x + box.width / 4,
        y = box.y + 40;
      const at = (v, px) => v.from + ((px - box.x) / box.width) * (v.to - v.from);
      const before = await view();
      await page.mouse.move(x, y);
      await page.keyboard.down('Control');
      await page.mouse.wheel(0, -200);
      await page.keyboard.up('Control');
      const zoomed = await view();
      t.ok(zoomed.to - zoomed.from < (before.to - before.from) * 0.8, 'zoomed in');
      t.ok(
        Math.abs(at(before, x) - at(zoomed, x)) < (zoomed.to - zoomed.from) * 0.02,
        'the point under the pointer stays',
      );
      for (let k = 0; k < 60; k++) await page.keyboard.press('+');
      const deep = await view();
      t.ok(
        Math.abs((deep.to - deep.from) / box.width - 1) < 0.05,
        `1 ns a pixel: ${(deep.to - deep.from) / box.width}`,
      );
      await settle(page);
      const v0 = await view();
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x - 100, y, { steps: 4 });
      await page.mouse.up();
      t.ok(Math.abs((await view()).from - v0.from - 100) < 12, 'dragging moves');
      await page.keyboard.press('0');
      t.ok(await state(page, 's.isFit()'), '0 shows everything');
      for (const [key, test] of [
        ['w', (a, b) => b.to - b.from < a.to - a.from],
        ['d', (a, b) => b.from > a.from],
        ['a', (a, b) => b.from < a.from],
        ['s', (a, b) => b.to - b.from > a.to - a.from],
        ['-', (a, b) => b.to - b.from >= a.to - a.from],
      ]) {
        const a = await view();
        await page.keyboard.press(key);
        t.ok(test(a, await view()), `key ${key}`);
      }
      await page.keyboard.press('0');
      const mini = await page.locator('.pane .tl-mini').boundingBox();
      await page.mouse.move(mini.x + mini.width * 0.25, mini.y + 20);
      await page.mouse.down();
      await page.mouse.move(mini.x + mini.width * 0.5, mini.y + 20, { steps: 5 });
      await page.mouse.up();
      const m = await view(),
        d = await state(page, 's.store.duration');
      t.ok(
        Math.abs(m.from / d - 0.25) < 0.01 && Math.abs(m.to / d - 0.5) < 0.01,
        'drawn in the minimap',
      );
      await page.mouse.move(mini.x + mini.width * 0.4, mini.y + 20);
      await page.mouse.down();
      await page.mouse.move(mini.x + mini.width * 0.6, mini.y + 20, { steps: 5 });
      await page.mouse.up();
      t.ok(Math.abs((await view()).from / d - 0.45) < 0.01, 'the window of the minimap moves');
      t.quiet(page);
    },
  ],

  [
    'timeline: a range is selected and added up',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline' });
      const axis = await page.locator('.pane .tl-axis').boundingBox();
      await page.mouse.move(axis.x + 100, axis.y + 10);
      await page.mouse.down();
      await page.mouse.move(axis.x + 400, axis.y + 10, { steps: 5 });
      await page.mouse.up();
      await page.waitForSelector('.details');
      const [shown, want] = await page.evaluate(() => {
        const s = window.cpd.state,
          r = s.range.value;
        return [
          document.querySelector('.details').innerText,
          s.store.lower(r.to) - s.store.lower(r.from),
        ];
      });
      t.ok(
        shown.replace(/,/g, '').includes(`\n${want} `) ||
          shown.replace(/,/g, '').includes(`${want}`),
        `${want} events in ${shown.slice(0, 200)}`,
      );
      await page.keyboard.press('Escape');
      t.equal(await state(page, 's.range.value'), null);
      t.quiet(page);
    },
  ],

  [
    'timeline: pixels tell failed calls at every zoom',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline&arrows=0' });
      for (const zoom of [1, 8, 64, 4096]) {
        const miss = await page.evaluate(async z => {
          const s = window.cpd.state,
            { store } = s,
            d = store.duration;
          const row = s.laneRows.value[0].lane;
          let at = -1;
          for (let i = 0; i < store.n; i++)
            if (store.lane[i] === row && store.failed(i)) {
              at = i;
              break;
            }
          s.setView(store.start[at] - d / z / 3, store.start[at] + (2 * d) / z / 3);
          await new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)));
          const c = document.querySelector('.pane .tl-pix'),
            v = s.view.value,
            px = c.getContext('2d').getImageData(0, 0, c.width, 14).data;
          const x = Math.floor(((store.start[at] - v.from) / (v.to - v.from)) * c.width);
          for (let k = Math.max(0, x - 1); k <= x + 1; k++) {
            const o = (12 * c.width + k) * 4;
            if (px[o] > 150 && px[o + 1] < 110 && px[o + 2] < 120) return 0;
          }
          return x;
        }, zoom);
        t.equal(miss, 0, `zoom ${zoom}: red where a call failed`);
      }
    },
  ],

  [
    'timeline: click selects, F zooms, comma and dot walk the lane; threads are marked',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline' });
      const box = await page.locator('.pane .tl-over').boundingBox();
      await page.mouse.click(box.x + box.width * 0.9, box.y + 10);
      const first = await state(page, 's.selected.value');
      t.ok(first >= 0, 'selected');
      t.ok(
        (await page.locator('.details h2').innerText()) ===
          (await state(page, 's.store.types[s.store.type[s.selected.value]].name')),
        'details',
      );
      await page.keyboard.press(',');
      const prev = await state(page, 's.selected.value');
      t.ok(
        prev < first && (await state(page, `s.store.lane[${prev}] === s.store.lane[${first}]`)),
        'previous on the lane',
      );
      await page.keyboard.press('.');
      t.equal(await state(page, 's.selected.value'), first, 'and back');
      await page.keyboard.press('f');
      const v = await state(page, 's.view.value'),
        e = await state(page, `[s.store.start[${first}], s.store.end(${first})]`);
      t.ok(v.from <= e[0] && v.to >= e[1], 'F shows it');
      await page.evaluate(() => {
        const s = window.cpd.state;
        s.fit();
        s.filter.value = 'proc:ld';
      });
      await settle(page);
      const thread = page.locator('.pane .lane.thread:not([hidden]) .lane-name').first();
      t.ok((await thread.innerText()).startsWith('↳ '), 'arrow');
      t.equal(await thread.evaluate(x => getComputedStyle(x).fontStyle), 'italic');
      t.ok(
        await page.evaluate(() => {
          const c = q => getComputedStyle(document.querySelector(q)).color;
          return (
            c('.pane .lane.thread:not([hidden]) .lane-name') !==
            c('.pane .lane:not(.thread):not([hidden]) .lane-name')
          );
        }),
        'dimmer',
      );
      t.quiet(page);
    },
  ],

  [
    'table: sort, columns, keyboard; details explain the error and who else touched it',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline' });
      await page.click('.tb-head button[data-col="dur"]');
      await page.waitForFunction(
        () => !window.cpd.state.busy.value && window.cpd.state.sorted.value,
      );
      await settle(page);
      const [a, b] = await page.evaluate(() => {
        const s = window.cpd.state;
        return [
          s.store.dur(s.event(0)),
          Math.max(...Array.from({ length: s.store.n }, (_, i) => s.store.dur(i))),
        ];
      });
      t.equal(a, b, 'longest first');
      t.equal(
        await page.locator('[role=columnheader][aria-sort=descending]').innerText(),
        'Duration',
      );
      await page.evaluate(() => {
        const s = window.cpd.state;
        s.sort.value = { key: 'time', down: false };
        s.filter.value = 'err:ENOENT type:openat';
      });
      await settle(page);
      await page.focus('.tb');
      await page.keyboard.press('Home');
      await page.keyboard.press('ArrowDown');
      await page.waitForSelector('.details .why');
      t.ok(
        (await page.locator('.details .why').innerText()).includes('No such file or directory'),
        'a sentence about the error',
      );
      await page.waitForSelector('.details .who li');
      t.ok((await page.locator('.details .who').innerText()).includes('cc1'), 'who touched it');
      await page.click('.pick:has-text("Columns")');
      await page.click('.checks label:has-text("Wall clock")');
      await settle(page);
      t.ok(
        (await page.locator('.tb-row .c-wall').first().innerText()).includes('2026-11-22'),
        'the new column',
      );
      t.quiet(page);
    },
  ],

  [
    'copy: strace line and command line',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline&event=3' });
      await page.evaluate(() => {
        window.copied = [];
        navigator.clipboard.writeText = async s => {
          window.copied.push(s);
        };
      });
      await page.keyboard.press('c');
      await page.keyboard.press('Shift+C');
      const copied = await page.evaluate(() => window.copied);
      t.ok(
        /^\d+ \d+\.\d{6} \w+\(.*\) = .* <\d+\.\d{6}>$/.test(copied[0]) || copied[0].includes('---'),
        copied[0],
      );
      t.equal(copied[1], 'cd /home/me/project && make -j2 all');
    },
  ],

  [
    'findings lead to their evidence',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=findings' });
      await page.waitForSelector('.rule .finding');
      const n = await page.locator('.rule .finding').count();
      for (let k = 0; k < n; k++) {
        await page.locator('.rule .evidence').nth(k).click();
        t.ok(
          (await state(page, 's.mask.value.count')) > 0 &&
            (await state(page, 's.tab.value')) === 'timeline',
          `evidence ${k}`,
        );
        await page.evaluate(() => {
          const s = window.cpd.state;
          s.filter.value = '';
          s.tab.value = 'findings';
        });
        await page.waitForSelector('.rule .finding');
      }
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
    'print shows the summary on white',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=files' });
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      await settle(page);
      t.ok(
        (await page.locator('#card-memory').isVisible()) &&
          (await page.locator('#card-tree').isVisible()),
        'cards',
      );
      t.ok(!(await page.locator('.toolbar').isVisible()), 'no toolbar');
      t.equal(
        await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
        'rgb(255, 255, 255)',
      );
      const ground = () =>
        page.evaluate(() => [
          document.documentElement.dataset.theme,
          ...document.querySelector('.view .tl-pix').getContext('2d').getImageData(2, 2, 1, 1).data,
        ]);
      await page.evaluate(() => {
        window.cpd.state.tab.value = 'overview';
        window.cpd.state.theme.value = 'dark';
      });
      await settle(page);
      await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
      const [theme, ...pixel] = await ground();
      t.ok(
        theme === 'light' && Math.min(...pixel) > 150,
        `the timeline is drawn on white: ${theme} ${pixel}`,
      );
      await page.evaluate(() => dispatchEvent(new Event('afterprint')));
      await settle(page);
      t.equal(
        await page.evaluate(() => document.documentElement.dataset.theme),
        'dark',
        'and the theme comes back',
      );
      const pdf = await page.pdf();
      t.ok(pdf.length > 20000, 'prints');
      t.quiet(page);
    },
  ],

  [
    'nothing overlaps or leaves the window, at four sizes, in both themes',
    async t => {
      const { path } = await t.report('build', 6000);
      for (const size of [
        { width: 800, height: 700 },
        { width: 1024, height: 700 },
        { width: 1280, height: 800 },
        { width: 2560, height: 1440 },
      ])
        for (const theme of ['dark', 'light']) {
          const page = await t.browser.open(path, { size, theme, hash: 'tab=timeline&event=100' });
          for (const tab of TABS) {
            await goTab(page, tab);
            const trouble = await page.evaluate(() => {
              const out = [],
                box = e => e.getBoundingClientRect(),
                bars = ['.top', '.toolbar', '#main'].map(q => [q, box(document.querySelector(q))]);
              for (let i = 1; i < bars.length; i++)
                if (bars[i][1].top < bars[i - 1][1].bottom - 0.5)
                  out.push(`${bars[i][0]} over ${bars[i - 1][0]}`);
              if (document.documentElement.scrollWidth > innerWidth)
                out.push('wider than the window');
              for (const row of document.querySelectorAll('.top, .toolbar, .lane-bar, .tab-bar')) {
                const kids = [...row.children].filter(
                  e =>
                    e.offsetParent &&
                    getComputedStyle(e).position !== 'absolute' &&
                    box(e).width > 0,
                );
                for (let i = 1; i < kids.length; i++)
                  if (
                    box(kids[i]).left < box(kids[i - 1]).right - 1 &&
                    box(kids[i]).top < box(kids[i - 1]).bottom - 1
                  )
                    out.push(
                      `${kids[i].className || kids[i].tagName} over ${kids[i - 1].className || kids[i - 1].tagName} in ${row.className}`,
                    );
                const last = kids[kids.length - 1];
                if (last && box(last).right > innerWidth + 1)
                  out.push(`${last.className} leaves the window in ${row.className}`);
              }
              return out;
            });
            t.equal(trouble, [], `${tab} at ${size.width}, ${theme}`);
          }
          await page.close();
        }
    },
  ],

  [
    'axe: nothing serious in either theme, in any view',
    async t => {
      const { path } = await t.report('build', 3000);
      for (const theme of ['dark', 'light']) {
        const page = await t.browser.open(path, { theme, hash: 'tab=timeline&event=20' });
        for (const tab of TABS) {
          await goTab(page, tab);
          await page.evaluate(axe);
          const bad = await page.evaluate(async () =>
            (await window.axe.run(document, { resultTypes: ['violations'] })).violations
              .filter(v => v.impact === 'serious' || v.impact === 'critical')
              .map(
                v =>
                  `${v.id}: ${v.nodes
                    .slice(0, 3)
                    .map(n => n.target.join(' ') + ' ' + (n.any[0]?.message ?? ''))
                    .join(' | ')}`,
              ),
          );
          t.equal(bad, [], `${tab}, ${theme}`);
        }
        await page.keyboard.press('?');
        await page.waitForSelector('dialog[open]');
        const help = await page.evaluate(async () =>
          (await window.axe.run(document.querySelector('dialog'))).violations
            .filter(v => v.impact === 'serious' || v.impact === 'critical')
            .map(v => v.id),
        );
        t.equal(help, [], `help, ${theme}`);
        await page.close();
      }
    },
  ],

  [
    'keyboard alone reaches every control and shows where it is',
    async t => {
      const { path } = await t.report('build', 3000),
        page = await t.browser.open(path, { hash: 'tab=timeline&event=20' });
      const seen = new Set();
      for (let k = 0; k < 90; k++) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate(() => {
          const e = document.activeElement;
          if (!e || e === document.body) return '';
          const s = getComputedStyle(e);
          return `${e.id || e.className || e.tagName}:${s.outlineStyle !== 'none' || s.boxShadow !== 'none' || e.tagName === 'SELECT' ? 'ring' : 'none'}`;
        });
        if (at) seen.add(at);
      }
      const all = [...seen].join('\n');
      for (const part of ['tab-timeline', 'filter', 'pick', 'tb:', 'tl-body', 'splitter', 'icon'])
        t.ok(all.includes(part), `${part} is reached`);
      t.equal(
        [...seen].filter(x => x.endsWith(':none')),
        [],
        'focus is visible',
      );
      await page.keyboard.press('3');
      t.ok(
        (await state(page, 's.tab.value')) === 'timeline' ||
          (await state(page, 's.tab.value')) === 'files',
        'numbers switch views unless typed',
      );
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
                  c.innerText.replace(/\u00a0/g, ' ').trim(),
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
