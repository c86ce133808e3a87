// SPDX-License-Identifier: MIT
// How the page is used: keys, wheel, tooltip, menus, empty tables, export. Rows of [name, test].
import { readFileSync } from 'node:fs';
import { TYPES } from '../fixtures/gen.mjs';
import { goTab, settle, state } from './help.mjs';

/** The focus comes with the next rendering, so it is waited for; what has it when it never comes is in the error. */
const focus = async (t, page, want, what) => {
  const now = () => document.activeElement.id || document.activeElement.className;
  await page
    .waitForFunction(
      name => (document.activeElement.id || document.activeElement.className) === name,
      want,
    )
    .catch(() => {});
  t.equal(await page.evaluate(now), want, what);
};

export const use = [
  [
    'Enter goes from the filter to the table, Esc leaves it; neither takes the filter away',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline' });
      await page.keyboard.press('/');
      await page.keyboard.type('type:openat err:ENOENT');
      await page.keyboard.press('Enter');
      await focus(t, page, 'tb', 'Enter');
      t.equal(
        await page.evaluate(() => {
          const frame = getComputedStyle(document.querySelector('.tb'), '::after');
          return [frame.position, frame.borderLeftWidth, frame.pointerEvents];
        }),
        ['absolute', '2px', 'none'],
        'where it is, is seen over the rows',
      );
      t.equal(await state(page, 's.filter.value'), 'type:openat err:ENOENT');
      const hits = await state(page, 'Array.from({ length: 3 }, (_, k) => s.event(k))');
      for (const [key, want] of [
        ['n', hits[0]],
        ['n', hits[1]],
        ['ArrowDown', hits[2]],
        ['Shift+N', hits[1]],
      ]) {
        await page.keyboard.press(key);
        t.equal(await state(page, 's.selected.value'), want, key);
      }
      await page.keyboard.press('/');
      await page.keyboard.press('End');
      await page.keyboard.type(' !pid:1');
      await page.keyboard.press('Escape');
      await focus(t, page, '', 'Esc leaves the box');
      const filter = 'type:openat err:ENOENT !pid:1';
      t.equal(await state(page, 's.filter.value'), filter, 'as it was typed');
      for (let k = 0; k < 4; k++) await page.keyboard.press('Escape');
      t.equal(await state(page, '[s.filter.value, s.selected.value]'), [filter, -1], 'Esc again');
      await page.keyboard.press('x');
      t.equal(await state(page, 's.filter.value'), '', 'X takes it away');
      await goTab(page, 'files');
      await page.keyboard.press('/');
      await page.keyboard.type('path:*.h');
      await page.keyboard.press('Enter');
      await focus(t, page, 'grid', 'the table of another view');
      await page.keyboard.press('n');
      await settle(page);
      t.equal(await state(page, 's.tab.value'), 'timeline', 'n shows what it found');
      t.ok(await page.locator('.tb-row.on').isVisible(), 'the row is in sight');
      t.quiet(page);
    },
  ],

  [
    'what is typed while the filter is applied stays; what comes from elsewhere replaces it',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline' });
      // Typed on in the moment between the filter's change and the next picture.
      await state(
        page,
        `new Promise(done => {
          const box = document.getElementById('filter');
          const put = v => { box.value = v; box.dispatchEvent(new InputEvent('input', { bubbles: true })); };
          box.focus();
          put('type:read');
          const look = () => (s.filter.value === 'type:read' ? done(put('type:read err:any')) : setTimeout(look));
          look();
        })`,
      );
      await page.waitForFunction(() => document.getElementById('filter').value.length > 9);
      await settle(page);
      t.equal(await page.inputValue('#filter'), 'type:read err:any', 'the box');
      await page.keyboard.press('Enter');
      t.equal(await state(page, 's.filter.value'), 'type:read err:any', 'the filter');
      for (const text of ['', 'type:read err:any', 'err:any']) {
        await state(page, `(s.filter.value = ${JSON.stringify(text)})`);
        await settle(page);
        t.equal(await page.inputValue('#filter'), text, 'from elsewhere');
      }
      t.quiet(page);
    },
  ],

  [
    'Ctrl+wheel zooms at the pointer over lanes, axis, charts and the strip',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline' });
      await page.waitForSelector('.pane .tl-counter');
      for (const part of ['.tl-body', '.tl-axis', '.tl-counters', '.tl-mini']) {
        await page.keyboard.press('0');
        const box = await page.locator(`.pane ${part}`).first().boundingBox(),
          x = 700;
        await page.mouse.move(x, box.y + Math.min(10, box.height / 2));
        const before = await state(page, 's.view.value');
        await page.keyboard.down('Control');
        await page.mouse.wheel(0, -240);
        await page.keyboard.up('Control');
        await settle(page);
        const now = await state(page, 's.view.value'),
          lanes = await page.locator('.pane .tl-over').boundingBox(),
          at = (x - lanes.x) / lanes.width,
          time = v => v.from + at * (v.to - v.from);
        t.ok(now.to - now.from < (before.to - before.from) * 0.8, `${part}: nearer`);
        const off = Math.abs(time(now) - time(before)) / (before.to - before.from);
        t.ok(off < 0.02, `${part}: around the pointer, off by ${off}`);
        t.equal(await page.evaluate(() => visualViewport.scale), 1, 'the page itself stays');
      }
      t.quiet(page);
    },
  ],

  [
    'the tooltip goes with its mark: zoom, filter, scroll, hidden lane',
    async t => {
      const { path } = await t.report('server', 20000, 40),
        page = await t.browser.open(path, { hash: 'tab=timeline' });
      const over = await page.locator('.pane .tl-over').boundingBox();
      /** Rests on a mark; false where none is found. */
      const rest = async () => {
        for (let k = 0; k < 40; k++) {
          await page.mouse.move(over.x + 60 + k * 9, over.y + 10 + (k % 4) * 22);
          await settle(page);
          if (await page.locator('.pane .tl-tip').isVisible()) return true;
        }
        return false;
      };
      for (const [what, act] of [
        ['filter', () => page.evaluate(() => (window.cpd.state.filter.value = 'path:/nothing'))],
        ['zoom', () => page.keyboard.press('+')],
        ['scroll', () => page.mouse.wheel(0, 300)],
        [
          'hidden lane',
          () => page.evaluate(() => (window.cpd.state.hidden.value = [0, 1, 2, 3, 4, 5, 6])),
        ],
      ]) {
        await page.evaluate(() => {
          const s = window.cpd.state;
          s.filter.value = '';
          s.hidden.value = [];
          s.fit();
          document.querySelector('.pane .tl-body').scrollTop = 0;
        });
        await settle(page);
        t.ok(await rest(), `${what}: a tooltip`);
        const text = () => page.locator('.pane .tl-tip').innerText(),
          was = await text();
        await act();
        for (let k = 0; k < 12 && what === 'zoom'; k++) await page.keyboard.press('d');
        await settle(page);
        t.equal(await page.locator('.pane .tl-tip').isVisible(), false, `${what}: ${was}`);
      }
      t.quiet(page);
    },
  ],

  [
    'an empty table says why: nothing happened, or the filter leaves none',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline&q=dur>9h' });
      const shown = await page.locator('.tb .nothing').innerText(),
        n = (await state(page, 's.store.n')).toLocaleString('en-US');
      t.ok(shown.includes(`The filter leaves 0 of ${n} events`), `events: ${shown}`);
      for (const [tab, none] of [
        ['files', 'No file was touched.'],
        ['network', 'No connection was made.'],
        ['processes', 'No process.'],
        ['syscalls', 'No call.'],
      ]) {
        await goTab(page, tab);
        const text = await page.locator('.grid .nothing').innerText();
        t.ok(text.includes(none) && text.includes('The filter leaves 0 of'), `${tab}: ${text}`);
      }
      await goTab(page, 'overview');
      for (const list of ['Slowest calls', 'Failed calls']) {
        const text = await page.locator(`[aria-label="${list}"] .nothing`).innerText();
        t.ok(text.includes('The filter leaves 0 of'), `${list}: ${text}`);
      }
      await page.keyboard.press('x');
      await goTab(page, 'network');
      const without = await page.locator('.grid .nothing').innerText();
      t.equal(without, 'No connection was made.', 'without a filter');
      await goTab(page, 'timeline');
      t.equal(await page.locator('.tb .nothing').isVisible(), false, 'with rows it is gone');
      await page.close();
      const { path: empty } = await t.report('empty'),
        other = await t.browser.open(empty, { hash: 'tab=timeline' });
      t.ok((await other.locator('.tb .nothing').innerText()).includes('nothing was recorded'));
      t.quiet(other);
    },
  ],

  [
    'the menu of types can be searched; Enter takes only the first that is left',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline' });
      await page.click('.pick:has-text("Types")');
      await focus(t, page, 'pick-search', 'the box is ready');
      const all = await page.locator('.pop-body li').count();
      await page.keyboard.type('OPEN');
      const left = await page.locator('.pop-body li .path').allInnerTexts();
      t.ok(left.length > 0 && left.length < all, `${left.length} of ${all}`);
      t.equal(
        left.filter(x => !x.includes('open')),
        [],
        'only what matches',
      );
      await page.keyboard.press('Enter');
      t.equal(await state(page, 's.filter.value'), `type:${left[0]}`);
      await page.keyboard.type('no such');
      t.ok((await page.locator('.pop-body').innerText()).includes('matches'), 'none is said');
      await page.keyboard.press('Escape');
      t.equal(await page.locator('.pop-body').count(), 0, 'Esc closes the menu');
      t.equal(await state(page, 's.filter.value'), `type:${left[0]}`, 'and leaves the filter');
      t.quiet(page);
    },
  ],

  [
    'rows are saved as CSV and JSON, filtered and sorted as in the table',
    async t => {
      const { path, data } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline&q=err:ENOENT&sort=-dur' });
      await page.waitForFunction(() => window.cpd.state.sorted.value);
      const save = async what => {
        await page.click('.pick:has-text("Export")');
        const [file] = await Promise.all([
          page.waitForEvent('download'),
          page.click(`.pop-body button:has-text("${what}")`),
        ]);
        await page.keyboard.press('Escape');
        return [file.suggestedFilename(), readFileSync(await file.path(), 'utf8')];
      };
      const order = await state(page, 'Array.from({ length: s.rowCount }, (_, k) => s.event(k))');
      const [name, json] = await save('JSON'),
        rows = JSON.parse(json);
      t.equal(name, 'make-events.json');
      t.equal(
        rows.map(r => [r.time_ns, r.duration_ns, r.call, r.error]),
        order.map(i => [
          data.hot.start[i],
          data.hot.dur[i],
          TYPES[data.hot.type[i]].name,
          'ENOENT',
        ]),
        'JSON',
      );
      const [, csv] = await save('CSV'),
        lines = csv.split('\r\n');
      t.equal(lines.pop(), '', 'the last line is whole');
      t.equal(lines.shift().split(','), Object.keys(rows[0]), 'the head');
      t.equal(
        lines.map(l => Number(l.split(',')[0])),
        rows.map(r => r.time_ns),
        'CSV',
      );
      t.quiet(page);
    },
  ],

  [
    'hostile names in what is saved: exact in JSON, no formula in CSV',
    async t => {
      const { path } = await t.report('hostile'),
        page = await t.browser.open(path, { hash: 'tab=timeline' });
      const made = {};
      for (const what of ['CSV', 'JSON']) {
        await page.click('.pick:has-text("Export")');
        const [file] = await Promise.all([
          page.waitForEvent('download'),
          page.click(`.pop-body button:has-text("${what}")`),
        ]);
        await page.keyboard.press('Escape');
        made[what] = readFileSync(await file.path(), 'utf8');
      }
      const paths = JSON.parse(made.JSON).map(r => r.path);
      t.ok(
        paths.some(p => p?.includes('\\xff\\xfeA')),
        'bytes that are no text',
      );
      t.ok(!/[\udc80-\udcff](?<![\ud800-\udbff].)/.test(made.JSON), 'valid Unicode');
      t.ok(!/(^|[,"\n])[=@]/.test(made.CSV), 'no cell is a formula');
      t.quiet(page);
    },
  ],

  [
    'durations of all calls are drawn on one scale',
    async t => {
      const { path } = await t.report('server', 20000, 8),
        page = await t.browser.open(path, { size: { width: 1900, height: 900 } });
      await goTab(page, 'syscalls');
      const got = await page.evaluate(() =>
        [...document.querySelectorAll('.grid-row')].map(r => ({
          call: r.querySelector('[data-col=name]').innerText.trim(),
          view: r.querySelector('.hist')?.getAttribute('viewBox'),
          first: Number(r.querySelector('.hist rect')?.getAttribute('x') ?? -1),
        })),
      );
      const drawn = got.filter(x => x.view);
      t.ok(drawn.length > 3, 'some are drawn');
      t.equal(new Set(drawn.map(x => x.view)).size, 1, 'one width for all');
      const least = call =>
        state(
          page,
          `(() => { let m = Infinity; for (let i = 0; i < s.store.n; i++) if (s.store.types[s.store.type[i]].name === '${call}' && s.store.dur(i)) m = Math.min(m, s.store.dur(i)); return m; })()`,
        );
      const starts = [];
      for (const x of drawn) starts.push({ ...x, least: await least(x.call) });
      starts.sort((a, b) => a.least - b.least);
      const a = starts[0],
        b = starts[starts.length - 1];
      t.ok(
        b.least < a.least * 2 || b.first > a.first,
        `longer lies further right: ${JSON.stringify([a, b])}`,
      );
      t.ok(
        (await page.locator('[role=columnheader][title*="the same in every row"]').count()) === 1,
        'its ends are said',
      );
      t.quiet(page);
    },
  ],
];
