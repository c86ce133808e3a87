// SPDX-License-Identifier: MIT
// The timeline as a person arranges it: width of the names, folded trees, bookmarks, the table that follows: rows of [name, test].
import { goTab, settle, state } from './help.mjs';

const lanes = page =>
  page.evaluate(() =>
    [...document.querySelectorAll('.pane .lane:not([hidden])')].map(e => [
      e.querySelector('.lane-name').textContent,
      e.querySelector('.lane-arg').textContent,
    ]),
  );

export const timeline = [
  [
    'rows and panel are in the words of the terminal, too, beside the call',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, {
          hash: 'tab=timeline&cols=type,words,details&q=type:openat+!err:any',
          size: { width: 1600, height: 900 },
        });
      await page.waitForSelector('.tb-row .c-words');
      const rows = await page.evaluate(() =>
        [...document.querySelectorAll('.tb-row:not([hidden])')].map(r => [
          r.querySelector('.c-words').textContent,
          r.querySelector('.c-details').textContent,
        ]),
      );
      t.ok(rows.length > 5);
      for (const [said, details] of rows) {
        const [, name] = /"(.*)"/.exec(details);
        t.ok(said.startsWith(`open ${name} (`), `${said}: ${details}`);
      }
      await page.click('.tb-row >> nth=2');
      t.equal(await page.locator('.details .in-words').innerText(), rows[2][0], 'the panel');
      t.ok((await page.locator('.details .call').innerText()).includes('openat('), 'and the call');
      t.quiet(page);
    },
  ],

  [
    'the table follows the visible time, in any order, and comes back',
    async t => {
      const { path, data } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline' });
      const from = 2e8,
        to = 3e8,
        want = Array.from(data.hot.start).filter(x => x >= from && x < to).length;
      t.ok(want > 10 && want < data.n / 2, `${want} events`);
      await page.locator('.check:has-text("table follows") input').check();
      await state(page, `s.setView(${from}, ${to})`);
      const rows = n => page.waitForFunction(k => window.cpd.state.rowCount === k, n);
      await rows(want);
      const edge = () => state(page, '[s.store.start[s.event(0)], s.rowOf(s.event(3))]');
      t.ok((await edge())[0] >= from, 'the first is in sight');
      t.equal((await edge())[1], 3, 'rows and events agree');
      await state(page, "s.sortBy('dur')");
      await page.waitForFunction(() => window.cpd.state.sorted.value);
      await rows(want);
      const starts = await state(page, 'Array.from(s.sorted.value, i => s.store.start[i])');
      t.ok(
        starts.every(x => x >= from && x < to),
        'sorted by duration, too',
      );
      await state(page, "(s.sortBy('time'), s.sortBy('time'))");
      await rows(want);
      t.ok((await edge())[0] < to && (await edge())[0] > from, 'backwards, too');
      await page.keyboard.press('0');
      await rows(data.n);
      t.quiet(page);
    },
  ],

  [
    'lanes carry the argument that tells them apart; a subtree is folded away by click, key and menu',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline' });
      const all = await lanes(page);
      t.ok(
        all.some(([name, arg]) => name === 'cc1' && /^\w+\.c$/.test(arg)),
        JSON.stringify(all.slice(0, 6)),
      );
      const n = await state(page, 's.laneRows.value.length');
      await page.click('.pane .lane >> nth=1 >> .twist');
      await settle(page);
      const below = await state(page, 's.laneRows.value.length');
      t.ok(below < n, `${below} of ${n} lanes`);
      t.equal(
        await page.locator('.pane .lane >> nth=1 >> .twist').getAttribute('aria-expanded'),
        'false',
      );
      await state(page, 's.select(s.store.start.findIndex((_, i) => s.store.lane[i] === 0))');
      await page.keyboard.press('e');
      t.equal(await state(page, 's.laneRows.value.length'), 1, 'everything below the first');
      await page.waitForTimeout(500);
      await page.reload();
      await page.waitForFunction(() => window.cpd?.state?.done.value);
      t.equal(await state(page, 's.laneRows.value.length'), 1, 'the address has it');
      await page.click('.pane .lane >> nth=0', { button: 'right' });
      await page.click('.menu button:has-text("Show what is below")');
      t.equal(await state(page, 's.laneRows.value.length'), below, 'by menu');
      await goTab(page, 'processes');
      const rows = await page.locator('.grid-row').count();
      await page.click('.grid-row .twist >> nth=0');
      await settle(page);
      t.ok((await page.locator('.grid-row').count()) < rows, 'in the tree of processes, too');
      t.quiet(page);
    },
  ],

  [
    'the names beside the lanes get wider by pointer and key, the address keeps it',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline' });
      const left = async () => Math.round((await page.locator('.pane .tl-over').boundingBox()).x),
        was = await left(),
        edge = await page.locator('.pane .tl-edge').boundingBox();
      await page.mouse.move(edge.x + 4, edge.y + 60);
      await page.mouse.down();
      await page.mouse.move(edge.x + 84, edge.y + 60, { steps: 4 });
      await page.mouse.up();
      await settle(page);
      const moved = (await left()) - was;
      t.ok(Math.abs(moved - 80) < 5, `by pointer: ${moved}`);
      await page.locator('.pane .tl-edge').focus();
      await page.keyboard.press('ArrowLeft');
      await settle(page);
      t.equal((await left()) - was, moved - 16, 'by key');
      await page.waitForTimeout(500);
      await page.reload();
      await page.waitForFunction(() => window.cpd?.state?.done.value);
      await settle(page);
      t.equal((await left()) - was, moved - 16, 'after reload');
      await page.locator('.pane .tl-edge').dblclick();
      await settle(page);
      t.equal(await left(), was, 'as it was');
      t.quiet(page);
    },
  ],

  [
    'a bookmark that is made by key asks for its note, and what is typed is no key',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline' });
      const make = async (event, text, key) => {
        const at = await state(page, `(s.select(${event}), s.store.start[${event}])`);
        await page.keyboard.press('b');
        await page.waitForSelector('.bookmark-note input:focus');
        await page.keyboard.type(text);
        await page.keyboard.press(key);
        await page.waitForSelector('.bookmark-note', { state: 'detached' });
        return at;
      };
      const first = await make(500, 'txn 10', 'Enter'),
        second = await make(900, 'no', 'Escape');
      t.equal(await state(page, 's.bookmarks.value'), [
        { t: first, note: 'txn 10' },
        { t: second, note: '' },
      ]);
      t.equal(await state(page, '[s.tab.value, s.selected.value]'), ['timeline', 900]);
      t.quiet(page);
    },
  ],

  [
    'bookmarks with a note: made by key, kept in the address, led to, removed; any text is only text',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline' }),
        note = '<img src=x onerror=alert(1)> |~&=,% é',
        at = await state(page, '(s.select(500), s.store.start[500])');
      await page.keyboard.press('b');
      await page.click('.pick:has-text("Bookmarks")');
      await page.fill('.bookmarks input', note);
      await page.waitForTimeout(500);
      await page.reload();
      await page.waitForFunction(() => window.cpd?.state?.done.value);
      t.equal(await state(page, 's.bookmarks.value'), [{ t: at, note }], 'after reload');
      await state(page, 's.setView(0, 1000)');
      await page.click('.pick:has-text("Bookmarks")');
      t.equal(await page.inputValue('.bookmarks input'), note);
      await page.click('.bookmarks .link');
      const v = await state(page, 's.view.value');
      t.ok(v.from <= at && v.to >= at, 'in view');
      await page.click('.bookmarks .icon');
      t.equal(await state(page, 's.bookmarks.value'), [], 'removed');
      for (const hash of ['marks=~|x~y|-1~a|99999999999999~b|5~%E0%A4', 'gutter=x&collapse=a,-1']) {
        await page.goto('file://' + path + '#' + hash);
        await page.reload();
        await page.waitForFunction(() => window.cpd?.state?.done.value);
      }
      t.quiet(page);
    },
  ],

  [
    'columns of the table of events get wider; a range of its rows is marked and copied',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline' });
      await page.evaluate(() => {
        Object.defineProperty(navigator, 'clipboard', {
          value: { writeText: async x => void (window.copied = x) },
        });
      });
      const head = page.locator('.tb-head [role=columnheader] >> nth=1'),
        was = (await head.boundingBox()).width;
      await head.locator('button').focus();
      await page.keyboard.press('Shift+ArrowRight');
      t.equal(Math.round((await head.boundingBox()).width - was), 16, 'wider');
      await page.click('.tb-row >> nth=2');
      await page.click('.tb-row >> nth=4', { modifiers: ['Shift'] });
      await page.keyboard.press('Shift+ArrowDown');
      await settle(page);
      t.equal(await page.locator('.tb-row.on').count(), 4, 'marked');
      const calls = await page.locator('.tb-row.on .c-type').allInnerTexts();
      await page.keyboard.press('Control+c');
      await page.waitForFunction(() => window.copied);
      const lines = (await page.evaluate(() => window.copied)).trimEnd().split('\n');
      const titles = lines[0].split('\t');
      t.equal(titles.slice(0, 3), ['Time (s)', 'Time (ns)', 'Process'], 'whole beside rounded');
      t.ok(/^\d+$/.test(lines[1].split('\t')[titles.indexOf('Duration (ns)')]), lines[1]);
      t.equal(
        lines.map(x => x.split('\t')[titles.indexOf('Call')]),
        ['Call', ...calls.map(x => x.trim())],
      );
      await page.click('.tb-row >> nth=1');
      await settle(page);
      t.equal(await page.locator('.tb-row.on').count(), 1, 'a click marks one');
      t.quiet(page);
    },
  ],
];
