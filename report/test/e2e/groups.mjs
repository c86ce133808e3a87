// SPDX-License-Identifier: MIT
// Groups of rows, roles of files, lists of files, widths of columns, copying rows: rows of [name, test].
import { TYPES } from '../fixtures/gen.mjs';
import { goTab, number, settle, state } from './help.mjs';

/** Lines of the table in sight as { column: text }. */
const lines = page =>
  page.evaluate(() =>
    [...document.querySelectorAll('.grid-row')].map(r => ({
      group: r.classList.contains('group'),
      ...Object.fromEntries(
        [...r.querySelectorAll('[data-col]')].map(c => [c.dataset.col, c.innerText.trim()]),
      ),
    })),
  );
const groupBy = async (page, title) => {
  await page.selectOption('.group-by select', { label: title });
  await settle(page);
};

export const groups = [
  [
    'events are grouped by peer, folder, role, process, error, call; a group leads to its events',
    async t => {
      const { path, data } = await t.report('build', 6000),
        page = await t.browser.open(path, { hash: 'tab=timeline' });
      for (const title of ['peer', 'folder', 'role', 'process', 'error', 'call', 'category']) {
        await groupBy(page, title);
        await page.waitForFunction(
          name => document.querySelector('.grid [data-head=key]')?.innerText.toLowerCase() === name,
          title,
        );
        const sum = (await state(page, 's.grouping.value')) && (await lines(page));
        t.ok(sum.length > 0, `${title} has groups`);
        if (sum.length < 12)
          t.equal(
            sum.reduce((a, g) => a + number(g.count), 0),
            data.n,
            `${title}: all events are in groups`,
          );
      }
      await groupBy(page, 'call');
      await page.waitForFunction(() => document.querySelector('.grid [data-head=key]'));
      const opens = Array.from(data.hot.type).filter(k => TYPES[k].name === 'openat').length,
        row = page.locator('.grid-row', { hasText: 'openat' });
      t.equal(number(await row.locator('[data-col=count]').innerText()), opens, 'openat');
      await state(page, 's.select(-1)');
      await page.keyboard.press('n');
      await settle(page);
      const first = await state(page, 's.store.types[s.store.type[s.selected.value]].name');
      t.ok(
        (await page.locator('.grid-row.on [data-col=key]').innerText()).includes(first),
        'n marks the group of the event',
      );
      await row.dblclick();
      await settle(page);
      t.equal(await state(page, '[s.filter.value, s.grouping.value]'), ['type:openat', '']);
      t.equal(await state(page, 's.rowCount'), opens, 'its events');
      await state(page, "(s.grouping.value = 'folder')");
      await page.waitForTimeout(500);
      await page.reload();
      await page.waitForFunction(() => window.cpd?.state?.done.value);
      t.equal(await state(page, 's.grouping.value'), 'folder', 'the address has it');
      t.quiet(page);
    },
  ],

  [
    'tables are grouped: sums in the head of a group, opened by click and key',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { size: { width: 1600, height: 900 } });
      await goTab(page, 'files');
      const opens = await state(
        page,
        `(() => { const r = [...document.querySelectorAll('.grid-row [data-col=path]')]; return r.length; })()`,
      );
      t.ok(opens > 5, 'files');
      await groupBy(page, 'role');
      const heads = await lines(page);
      t.ok(
        heads.every(g => g.group),
        'closed at first',
      );
      t.ok(
        heads.some(g => /^▸\s*source \(\d+\)/.test(g.path)),
        JSON.stringify(heads[0]),
      );
      await page.locator('.grid').focus();
      await page.keyboard.press('Home');
      await page.keyboard.press('ArrowRight');
      await settle(page);
      const [head, ...rest] = await lines(page),
        inside = rest.slice(
          0,
          rest.findIndex(r => r.group) < 0 ? 99 : rest.findIndex(r => r.group),
        ),
        inHead = number(/\((\d+)\)/.exec(head.path)[1]);
      t.ok(inside.length > 0 && inside.length <= inHead, 'its rows');
      if (inside.length === inHead)
        t.equal(
          inside.reduce((a, r) => a + number(r.opens || '0'), 0),
          number(head.opens || '0'),
          'the sum',
        );
      await page.keyboard.press('ArrowLeft');
      await settle(page);
      t.equal((await lines(page)).length, heads.length, 'closed again');
      for (const [tab, titles, list] of [
        ['network', ['peer', 'folder', 'process', 'error', 'call']],
        ['network', ['peer', 'process', 'error', 'call'], 'Latency'],
        ['processes', ['program', 'folder', 'how it ended', 'peer', 'error', 'call']],
        ['syscalls', ['category', 'peer', 'folder', 'role', 'process', 'error']],
        ['files', ['folder', 'role', 'process', 'error', 'call'], 'Paths'],
        ['files', ['peer', 'folder', 'kind', 'process', 'error', 'call'], 'Open files'],
        ['files', ['kind of search', 'process', 'error', 'call'], 'Searches'],
      ]) {
        await goTab(page, tab);
        if (list) await page.click(`[aria-label="What to list"] >> text="${list}"`);
        for (const title of titles) {
          await groupBy(page, title);
          await page.waitForSelector('.grid');
          const all = await lines(page);
          t.ok(tab === 'network' || all.length > 0, `${tab} by ${title}`);
          t.ok(
            all.every(g => g.group),
            `${tab} by ${title}`,
          );
        }
      }
      // Findings have no table: headings are the groups.
      await goTab(page, 'findings');
      for (const title of ['peer', 'folder', 'role', 'process', 'error', 'call']) {
        const found = await page.locator('.rule .finding').count();
        await groupBy(page, title);
        t.equal(await page.locator('.rule .finding').count(), found, `findings by ${title}`);
      }
      await groupBy(page, 'process');
      t.ok(
        (await page.locator('.rule h2').allInnerTexts()).some(h => /^\S+ \d+ /.test(h)),
        'a process heads its findings',
      );
      t.quiet(page);
    },
  ],

  [
    'a group says how many of its failures matter, and colours no others',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, {
          hash: 'tab=timeline',
          size: { width: 1600, height: 900 },
        });
      // Before anything is added up.
      await state(page, '(s.store.isBad[s.store.errName.indexOf("ENOENT")] = 0)');
      const cells = () =>
        page.evaluate(() =>
          [...document.querySelectorAll('.grid-row [data-col=failed]')].map(c => ({
            text: c.innerText.trim(),
            red: [c, ...c.querySelectorAll('*')]
              .filter(x => x.classList.contains('bad'))
              .map(x => x.innerText.trim())
              .join(),
          })),
        );
      for (const [tab, by] of [
        ['timeline', 'category'],
        ['files', 'folder'],
        ['processes', 'how it ended'],
        ['syscalls', 'category'],
      ]) {
        await goTab(page, tab);
        await groupBy(page, by);
        await page.waitForFunction(() => document.querySelector('.grid-row [data-col=failed]'));
        const list = (await cells()).filter(c => c.text);
        t.ok(
          list.some(c => !c.red || c.text.includes(' / ')),
          `${tab}: some do not matter: ${JSON.stringify(list)}`,
        );
        for (const { text, red } of list)
          t.equal(red, text.includes(' / ') ? text.split(' / ')[0] : red && text, tab);
      }
      t.quiet(page);
    },
  ],

  [
    'roles of files: a column, a filter; lists of what was read and what was looked for in vain',
    async t => {
      const { path, data } = await t.report('build', 6000),
        page = await t.browser.open(path, { size: { width: 1600, height: 900 } });
      await goTab(page, 'files');
      const role = async file =>
        (await lines(page)).find(r => r.path.replace(/\s/g, '').endsWith(file))?.role;
      t.equal(await role('/etc/ld.so.cache'), 'cache');
      t.equal(await role('libc.so.6'), 'library');
      await page.click('[aria-label="What to list"] >> text=In vain');
      await settle(page);
      const vain = await lines(page);
      t.ok(vain.length > 0 && vain.every(r => r.errors && r.failed), 'each has its error');
      await page.click('[aria-label="What to list"] >> text="Read"');
      await settle(page);
      const read = await lines(page);
      t.ok(read.length > 0 && read.every(r => /[1-9]/.test(r.read)), 'each was read');
      await goTab(page, 'timeline');
      await state(page, "(s.filter.value = 'role:library')");
      await settle(page);
      let want = 0;
      for (let i = 0; i < data.n; i++)
        if (/^\/.*(\.so(\.[\d.]+)?|\.a|ld\.so\.preload)$/.test(data.strings.list[data.cold.obj[i]]))
          want++;
      t.equal(await state(page, 's.mask.value.count'), want, 'role:library');
      await page.click('.pick:has-text("Columns")');
      await page.click('.checks label:has-text("Role")');
      await page.keyboard.press('Escape');
      await page.waitForSelector('.tb-row:not([hidden]) [data-col=role]:has-text("library")');
      t.equal(
        await page.locator('.tb-row:not([hidden]) [data-col=role]:not(:text("library"))').count(),
        0,
        'a column of events, too',
      );
      t.quiet(page);
    },
  ],

  [
    'columns of tables are made wider and narrower, by pointer and key, and set free again',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { size: { width: 1600, height: 900 } });
      await goTab(page, 'files');
      const wide = id =>
        page.evaluate(
          x => Math.round(document.querySelector(`[data-head=${x}]`).getBoundingClientRect().width),
          id,
        );
      const was = await wide('role'),
        grip = await page.locator('[data-head=role] .grip').boundingBox();
      await page.mouse.move(grip.x + 4, grip.y + 8);
      await page.mouse.down();
      await page.mouse.move(grip.x + 64, grip.y + 8, { steps: 3 });
      await page.mouse.up();
      await settle(page);
      t.equal((await wide('role')) - was, 60, 'by pointer');
      t.equal(
        await page.evaluate(() =>
          Math.round(
            document.querySelector('.grid-row [data-col=role]').getBoundingClientRect().width,
          ),
        ),
        was + 60,
        'cells, too',
      );
      await page.locator('[data-head=role] button').focus();
      await page.keyboard.press('Shift+ArrowLeft');
      await settle(page);
      t.equal((await wide('role')) - was, 44, 'by key');
      await goTab(page, 'syscalls');
      await goTab(page, 'files');
      t.equal((await wide('role')) - was, 44, 'kept');
      await page.locator('[data-head=role] .grip').dblclick();
      await settle(page);
      t.equal(await wide('role'), was, 'free again');
      t.quiet(page);
    },
  ],

  [
    'several rows of a table are marked and copied as text with tabs',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { size: { width: 1600, height: 900 } });
      await page.evaluate(() => {
        Object.defineProperty(navigator, 'clipboard', {
          value: { writeText: async x => void (window.copied = x) },
        });
      });
      await goTab(page, 'syscalls');
      await page.click('.grid-row >> nth=1');
      await page.click('.grid-row >> nth=3', { modifiers: ['Shift'] });
      await page.click('.grid-row >> nth=5', { modifiers: ['Control'] });
      t.equal(await page.locator('.grid-row.on').count(), 4, 'marked');
      const names = await page.locator('.grid-row.on [data-col=name]').allInnerTexts();
      await page.keyboard.press('Control+c');
      await page.waitForFunction(() => window.copied);
      const [head, ...rows] = (await page.evaluate(() => window.copied)).trimEnd().split('\n');
      t.equal(head.split('\t').slice(0, 2), ['Call', 'Category']);
      t.equal(
        rows.map(r => r.split('\t')[0]),
        names.map(x => x.trim()),
      );
      t.ok((await page.locator('.toast').innerText()).includes('4 rows'), 'said');
      // Each column as it is shown; what is rounded stands beside it, whole.
      const titles = head.split('\t'),
        marked = (await lines(page)).filter(l => names.map(n => n.trim()).includes(l.name));
      t.ok(!titles.includes('Durations'), 'no pictures');
      marked.forEach((line, k) => {
        const copied = Object.fromEntries(rows[k].split('\t').map((x, n) => [titles[n], x]));
        for (const [id, title] of [
          ['count', 'Count'],
          ['failed', 'Failed'],
          ['errors', 'Errors'],
          ['total', 'Total'],
          ['share', 'Share'],
          ['p99', 'p99'],
        ])
          t.equal(copied[title], line[id].replace(/\s+/g, ' '), `${line.name} ${title}`);
        t.ok(/^\d+$/.test(copied['Total (ns)']), copied['Total (ns)']);
      });
      t.quiet(page);
    },
  ],
];
