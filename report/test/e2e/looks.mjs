// SPDX-License-Identifier: MIT
// Paper, room, colours and the keyboard alone: rows of [name, test].
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { goTab, here, PROGRAM, settle, state, TABS } from './help.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const looks = [
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
        { width: 1000, height: 700 },
        { width: 1280, height: 800 },
        { width: 2560, height: 1440 },
      ])
        for (const theme of ['dark', 'light']) {
          const hash = `tab=timeline&event=100${theme === 'light' ? '&q=!noise:any' : ''}`,
            page = await t.browser.open(path, { size, theme, hash });
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
                const apart = (a, b) => a.right - 1 <= b.left || a.bottom - 1 <= b.top,
                  name = e => e.className || e.tagName;
                for (const [i, e] of kids.entries())
                  for (const other of kids.slice(0, i))
                    if (!apart(box(e), box(other)) && !apart(box(other), box(e)))
                      out.push(`${name(e)} over ${name(other)} in ${row.className}`);
                const last = kids[kids.length - 1];
                if (last && box(last).right > innerWidth + 1)
                  out.push(`${last.className} leaves the window in ${row.className}`);
              }
              const table = document.querySelector('.tb, .grid'),
                edge = table ? box(table).right : 0;
              // (columns of events that have no room beside an open panel are left out)
              for (const cell of document.querySelectorAll(
                '.grid-row .num, .grid-head .num, .tb-row .num, .tb-head .num, .tb-head > div',
              ))
                if (
                  cell.offsetParent &&
                  ((!cell.querySelector('button') && cell.scrollWidth > cell.clientWidth + 1) ||
                    box(cell).right > edge + 1)
                )
                  out.push(`figure ${cell.textContent} is cut`);
              for (const cell of document.querySelectorAll('.grid-row .path.cut'))
                if (
                  box(cell.lastElementChild).right > box(cell).right + 1 ||
                  (cell.firstElementChild.clientWidth &&
                    cell.lastElementChild.scrollWidth > cell.lastElementChild.clientWidth + 1)
                )
                  out.push(`the name in ${cell.title} is cut`);
              for (const card of document.querySelectorAll('#main .card.wide'))
                if (card.offsetParent && card.scrollWidth > card.clientWidth + 1)
                  out.push(`${card.id} runs out of its card`);
              const head = document.querySelector('.axis-ticks'),
                labels = [...document.querySelectorAll('.axis-ticks span')]
                  .map(box)
                  .filter(b => b.width);
              labels.forEach((b, k) => {
                if (b.right > (labels[k + 1]?.left ?? box(head.parentElement).right))
                  out.push(`label ${k + 1} of the axis over the next, or cut`);
              });
              if (head && !labels.length) out.push('no label at the axis');
              return out;
            });
            t.equal(trouble, [], `${tab} at ${size.width}, ${theme}`);
          }
          await page.close();
        }
    },
  ],

  [
    'columns of events: those that have no room are left out, and come back with it',
    async t => {
      const { path } = await t.report('build', 3000),
        page = await t.browser.open(path, {
          hash: 'tab=timeline&event=20',
          size: { width: 800, height: 600 },
        }),
        is = columns =>
          page.waitForFunction(
            want =>
              [...document.querySelectorAll('.tb-head button')].map(b => b.dataset.col).join() ===
                want &&
              [...document.querySelectorAll('.tb-row:not([hidden])')].every(
                row => [...row.children].map(c => c.dataset.col).join() === want,
              ),
            columns,
          );
      await is('time,lane,type,details,dur');
      const chosen = await state(page, 's.columns.value.join()');
      t.ok(chosen.split(',').length > 5, chosen);
      await page.keyboard.press('Escape');
      await is(chosen);
      const wide = id =>
        page.evaluate(
          c => document.querySelector(`.tb-row [data-col=${c}]`).getBoundingClientRect().width,
          id,
        );
      t.ok((await wide('details')) > 1.4 * (await wide('lane')), 'details have what room there is');
      await page.evaluate(() => {
        window.cpd.state.columns.value = [
          'fd',
          'row',
          'time',
          'wall',
          'cat',
          'type',
          'words',
          'details',
          'dur',
        ];
      });
      await is('fd,row,time,cat,type,words,details,dur');
      await page.setViewportSize({ width: 1280, height: 800 });
      await is('fd,row,time,wall,cat,type,words,details,dur');
      t.quiet(page);
    },
  ],

  [
    'red in sums is what failed and matters, beside all that failed',
    async t => {
      if (!existsSync(PROGRAM)) t.skip('no compendium to run (set COMPENDIUM)');
      const path = join(t.dir, 'make.html');
      execFileSync(PROGRAM, [
        '-q',
        `--output=${path}.txt`,
        `--report=${path}`,
        `--read=${join(here, '../../../tests/golden/make.cpd')}`,
      ]);
      const page = await t.browser.open(path, { size: { width: 1600, height: 1200 } });
      for (const tab of ['processes', 'syscalls']) {
        await goTab(page, tab);
        const cells = await page
          .locator('.grid-row [data-col=failed]')
          .evaluateAll(all =>
            all.map(c => [c.innerText.trim(), c.querySelector('.bad')?.innerText ?? '']),
          );
        t.ok(
          cells.some(([, bad]) => bad) && cells.some(([text, bad]) => text && text !== bad),
          tab,
        );
        for (const [text, bad] of cells)
          t.ok(
            bad ? text === bad || text.startsWith(`${bad} / `) : /^[\d,]*$/.test(text),
            `${tab}: ${text}`,
          );
        const sum = k =>
            cells.reduce((a, c) => a + Number(c[k].split(' / ').pop().replace(/,/g, '')), 0),
          [failed, bad] = await state(
            page,
            `(() => { let f = 0, b = 0; for (let i = 0; i < s.store.n; i++) { f += s.store.failed(i); b += s.store.bad(i); } return [f, b]; })()`,
          );
        t.equal([sum(0), sum(1)], [failed, bad], tab);
      }
      t.quiet(page);
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
          // Rows cover an outline: a table has a frame over them, whichever part of it has the focus.
          const table = e.closest('.tb, .grid'),
            ofRows = table && (e === table || e.getAttribute('role') === 'rowgroup'),
            frame = table && getComputedStyle(table, '::after'),
            s = getComputedStyle(e),
            ring = ofRows
              ? frame.content !== 'none' && frame.borderTopStyle === 'solid' && frame.zIndex > 0
              : s.outlineStyle !== 'none' || s.boxShadow !== 'none' || e.tagName === 'SELECT';
          return `${e.id || e.className || e.tagName}:${ring ? 'ring' : 'none'}`;
        });
        if (at) seen.add(at);
      }
      const all = [...seen].join('\n');
      for (const part of [
        'tab-timeline',
        'filter',
        'pick',
        'tb:',
        'tb-body:',
        'tl-body',
        'splitter',
        'icon',
      ])
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
];
