// SPDX-License-Identifier: MIT
// The filter, menus and the address: rows of [name, test].
import { TYPES } from '../fixtures/gen.mjs';
import { goTab, number, settle, state } from './help.mjs';

export const filters = [
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
    'a word that no report can have is refused with the nearest one; the rest of the filter holds',
    async t => {
      const { path, data } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline' }),
        ask = async text => {
          await page.fill('#filter', text);
          await page.keyboard.press('Enter');
          await settle(page);
          const said = page.locator('#filter-error');
          return (await said.count()) ? said.innerText() : '';
        };
      for (const [text, says] of [
        ['role:libary', 'no role "libary"; did you mean library?'],
        ['type:opennat', 'no system call or event "opennat"; did you mean openat?'],
        ['!cat:netwrok', 'no category "netwrok"; did you mean network?'],
        ['noise:lodaer', 'no class of noise "lodaer"; did you mean loader?'],
        ['err:ENOENTT', 'no error "ENOENTT"; did you mean ENOENT?'],
        ['is:faled', 'no category, operation, call or event "faled"; did you mean failed?'],
        ['op:conect', 'no operation "conect"; did you mean connect?'],
      ]) {
        t.equal(await ask(text), says);
        t.equal(await state(page, 's.mask.value.count'), data.n, `${text} hides nothing`);
      }
      t.ok((await page.locator('#filter').getAttribute('aria-invalid')) === 'true', 'marked');
      t.equal(await ask('typ:open'), 'no field "typ"; did you mean type?');
      const alone = (await ask('cat:file'), await state(page, 's.mask.value.count'));
      t.ok((await ask('cat:file role:libary')).startsWith('no role'), 'one of two');
      t.equal(await state(page, 's.mask.value.count'), alone, 'the other term holds');
      t.equal(await ask('type:mknodat'), '', 'a call that is known, and not in this report');
      t.equal(await state(page, 's.mask.value.count'), 0);
      t.equal(await ask('role:lib,conf err:enoent type:op*'), '');
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
    'noise is hidden by class, counted, and in the address',
    async t => {
      const { path, data } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline' }),
        of = c => data.hot.noise.subarray(0, data.n).filter(x => x === c).length,
        all = data.n - of(0),
        button = page.locator('.pick:has-text("oise")');
      t.ok(of(1) && of(2) && of(3) && of(0), 'the report has all classes');
      t.equal((await button.innerText()).trim(), 'Noise shown ▾');
      await page.keyboard.press('m');
      await settle(page);
      t.equal(await state(page, 's.filter.value'), '!noise:any');
      t.equal(await state(page, 's.mask.value.count'), of(0));
      t.equal(number(await button.innerText()), all, 'how many are hidden');
      const what = await button.getAttribute('title');
      t.ok(what.includes(`/proc, /sys, /dev ${of(1).toLocaleString('en')}`), what);
      t.ok((await page.evaluate(() => location.hash)).includes('noise:any'), 'the address has it');
      await button.click();
      t.equal(await page.locator('.checks li').count(), 4, 'a row for all, one a class');
      await page.click('.checks label:has-text("shared libraries")');
      await settle(page);
      t.equal(await state(page, 's.filter.value'), '!noise:system,preload');
      t.equal(await state(page, 's.mask.value.count'), of(0) + of(3));
      t.equal(number(await button.innerText()), of(1) + of(2));
      await page.hover('.checks li:has-text("ld.so.preload")');
      await page.click('[aria-label="Only /etc/ld.so.preload"]');
      await settle(page);
      t.equal(await state(page, 's.filter.value'), 'noise:preload');
      t.equal(await state(page, 's.mask.value.count'), of(2));
      await page.click('.checks label:has-text("All that")');
      t.equal(await state(page, 's.filter.value'), '');
      t.quiet(page);
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
];
