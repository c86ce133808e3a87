// SPDX-License-Identifier: MIT
// Timeline, table, details and findings: rows of [name, test].
import { settle, state } from './help.mjs';

export const events = [
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
    'first bytes of a write: in hex and as text, copied; hostile ones stay text',
    async t => {
      const { path, data } = await t.report('hostile'),
        page = await t.browser.open(path, { hash: 'tab=timeline' });
      await page.evaluate(() => {
        window.copied = [];
        navigator.clipboard.writeText = async s => {
          window.copied.push(s);
        };
      });
      const moved = [...data.cold.data.keys()].filter(i => data.cold.data[i]);
      t.ok(moved.length > 15, 'events with bytes');
      for (const i of moved) {
        await page.evaluate(k => {
          window.copied = [];
          window.cpd.state.selected.value = k;
        }, i);
        await settle(page);
        const want = data.moved.list[data.cold.data[i]],
          pane = page.locator('.moved');
        t.ok(
          (await pane.locator('h3').innerText()).includes(
            `the first ${want.length.toLocaleString('en-US')} of ${(want.length + 100).toLocaleString('en-US')}`,
          ),
          await pane.locator('h3').innerText(),
        );
        await pane.getByText('Copy hex').click();
        await pane.getByText('Copy text').click();
        const [hex, text] = await page.evaluate(() => window.copied);
        t.equal(hex, want.toString('hex').replace(/..(?=.)/g, '$& '), 'hex');
        t.ok(!/[\u0000-\u0009\u000b-\u001f\u007f\u202a-\u202e\u2066-\u2069]/.test(text), text);
        const rows = await pane
          .locator('.bytes > div')
          .evaluateAll(list => list.map(row => [...row.children].map(x => x.textContent)));
        t.equal(rows.map(row => row[1]).join(' '), hex, 'rows');
        t.equal(
          rows.map(row => row[2]).join(''),
          want.toString('latin1').replace(/[^ -~]/g, '·'),
          'text beside it',
        );
      }
      const found = await page.evaluate(() => [
        window.pwned ?? null,
        document.querySelectorAll('.details img, .details script').length,
      ]);
      t.equal(found, [null, 0]);
      // no bytes, no section
      await page.evaluate(() => {
        window.cpd.state.selected.value = 0;
      });
      await settle(page);
      t.equal(await page.locator('.moved').count(), 0);
      t.quiet(page);
    },
  ],

  [
    'functions of a call with a stack: as a list, copied; hostile names stay text',
    async t => {
      const { path, data } = await t.report('hostile'),
        page = await t.browser.open(path, { hash: 'tab=timeline' }),
        at = data.cold.stack.findIndex(id => id > 0);
      await page.evaluate(i => {
        window.copied = [];
        navigator.clipboard.writeText = async s => {
          window.copied.push(s);
        };
        window.cpd.state.selected.value = i;
      }, at);
      const pane = page.locator('.called-from'),
        list = await pane
          .locator('li')
          .evaluateAll(all => all.map(li => [...li.children].map(x => x.textContent)));
      await pane.getByText('Copy functions').click();
      const [copied] = await page.evaluate(() => window.copied),
        lines = copied.split('\n');
      t.equal(lines.length, list.length, 'a line for each');
      t.equal(
        list.slice(-4, -1),
        [['prog+0x4321'], ['0x7fff00001234'], ['main+0x10']],
        'without a function, without a file',
      );
      t.equal(lines.slice(-4), [
        '/usr/bin/prog+0x4321',
        '0x7fff00001234',
        'main+0x10 in 0x55',
        '… and more',
      ]);
      t.equal(await pane.locator('li').last().innerText(), '… and more');
      for (const [k, row] of list.slice(0, -4).entries()) {
        t.equal(row[1], `${k}.so`, 'the file');
        t.ok(lines[k].startsWith(row[0]) && lines[k].endsWith(` in /lib/${k}.so`), lines[k]);
        t.ok(!/[\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069]/.test(lines[k]), lines[k]);
        t.ok(k === 0 || row[0].endsWith(`+0x${k.toString(16)}`), row[0]);
      }
      t.equal(await page.evaluate(() => window.pwned ?? null), null);
      // none recorded, no list
      await page.evaluate(() => {
        window.cpd.state.selected.value = 0;
      });
      await settle(page);
      t.equal(await page.locator('.called-from').count(), 0);
      t.quiet(page);
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
];
