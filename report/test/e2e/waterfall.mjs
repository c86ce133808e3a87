// SPDX-License-Identifier: MIT
// Bars of time beside rows, on one axis: rows of [name, test].
import { goTab, settle, state } from './help.mjs';

/** Of the row that `text` stands in: its bars as [kind, ms from, ms to], by what the axis in the head says. */
const barsOf = (page, text) =>
  page.evaluate(words => {
    const ticks = [...document.querySelectorAll('.axis-head i')].map(e => ({
        x: e.getBoundingClientRect().left,
        ms:
          e.textContent === '0'
            ? 0
            : parseFloat(e.textContent) * (e.textContent.endsWith('ms') ? 1 : 1000),
      })),
      [a, b] = [ticks[0], ticks[ticks.length - 1]],
      ms = x => Math.round(a.ms + ((x - a.x) / (b.x - a.x)) * (b.ms - a.ms)),
      row = [...document.querySelectorAll('.grid-row')].find(r => r.textContent.includes(words));
    return [...row.querySelectorAll('.bars-row i')].map(e => {
      const r = e.getBoundingClientRect();
      return [e.className.replace('ph-', ''), ms(r.left), ms(r.right)];
    });
  }, text);

export const waterfall = [
  [
    'connections as a waterfall on an axis: connect, TLS, first byte, transfer, idle',
    async t => {
      const { path } = await t.report('web'),
        page = await t.browser.open(path, { size: { width: 2000, height: 900 } });
      await goTab(page, 'network');
      await page.click('[aria-label=Form] >> text=Waterfall');
      await settle(page);
      /** At most a pixel off, and 2 pixels where a bar would be narrower. */
      const near = (got, want, what) => {
        const left = got.filter(
          ([kind, a, b]) =>
            !want.some(([k, x, y]) => k === kind && Math.abs(a - x) < 1.1 && Math.abs(b - y) < 1.1),
        );
        t.equal([got.length, left], [want.length, []], what);
      };
      near(
        await barsOf(page, '93.184.216.34:443'),
        [
          ['idle', 0, 90],
          ['transfer', 10, 11],
          ['transfer', 21, 21],
          ['transfer', 24, 26],
          ['transfer', 46, 46],
          ['transfer', 55, 55],
          ['first', 25, 46],
          ['tls', 10, 25],
          ['connect', 0, 10],
        ],
        'with TLS',
      );
      near(
        await barsOf(page, '93.184.216.34:80'),
        [
          ['idle', 100, 190],
          ['transfer', 110, 110],
          ['transfer', 131, 131],
          ['transfer', 140, 140],
          ['first', 110, 131],
          ['connect', 100, 110],
        ],
        'without',
      );
      near(
        await barsOf(page, '10.9.9.9:5432'),
        [
          ['idle', 300, 340],
          ['failed', 300, 340],
        ],
        'refused',
      );
      near(
        await barsOf(page, '10.0.0.7:41019'),
        [
          ['idle', 238, 358],
          ['transfer', 238, 238],
          ['transfer', 357, 357],
          ['first', 238, 357],
        ],
        'accepted',
      );
      t.equal(
        await page.locator('.tab-bar .legend li').allInnerTexts(),
        ['connect', 'TLS', 'first byte', 'transfer', 'idle'],
        'the colours are said',
      );
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.evaluate(() => {
        const e = document.querySelector('.tab-bar > .dim');
        e.textContent = `${e.textContent} · 12 local sockets and pipes`.repeat(3);
      });
      await settle(page);
      const [sums, legend] = await Promise.all(
        ['.tab-bar > .dim', '.tab-bar > .legend'].map(q => page.locator(q).boundingBox()),
      );
      t.ok(
        sums.x + sums.width <= legend.x || sums.y + sums.height <= legend.y,
        'sums make room for the colours, beside or above them',
      );
      t.ok(legend.x + legend.width <= 1280, 'which stay in the window');
      t.quiet(page);
    },
  ],

  [
    'how long a server took for each connection, from accept to close',
    async t => {
      const { path } = await t.report('web'),
        page = await t.browser.open(path, { size: { width: 1600, height: 900 } });
      await goTab(page, 'network');
      await page.click('[aria-label="What to list"] >> text=Latency');
      await settle(page);
      const row = await page.evaluate(() => {
        const all = [...document.querySelectorAll('.grid-row')].map(r =>
          Object.fromEntries(
            [...r.querySelectorAll('[data-col]')].map(c => [c.dataset.col, c.innerText.trim()]),
          ),
        );
        return all.length === 1 && all[0];
      });
      t.equal(
        [row.local, row.requests, row.p50, row.p95, row.p99, row.max],
        ['10.0.0.2:8080', '20', '4.00ms', '4.00ms', '–', '120ms'],
        JSON.stringify(row),
      );
      await page.dblclick('.grid-row');
      t.ok(/^file:\d+$/.test(await state(page, 's.filter.value')), 'leads to the slowest');
      t.equal(await state(page, 's.rowCount'), 3, 'accept, receive, send');
      t.quiet(page);
    },
  ],

  [
    'processes as a waterfall: an axis, each below its parent, children by their start',
    async t => {
      const { path } = await t.report('build', 6000),
        page = await t.browser.open(path, { size: { width: 1600, height: 900 } });
      await goTab(page, 'processes');
      const indents = () =>
        page.evaluate(() =>
          [...document.querySelectorAll('.grid-row')].map(r => [
            r.querySelector('[data-col=what]').innerText.trim(),
            parseInt(r.querySelector('[data-col=what] .path').style.paddingLeft, 10),
          ]),
        );
      const tree = await indents();
      await page.click('[aria-label=Order] >> text=Waterfall');
      await settle(page);
      const rows = await indents();
      t.equal(rows, tree.slice(0, rows.length), 'the order and the indentation of the tree');
      t.ok(new Set(rows.map(r => r[1])).size > 2, 'more than two levels');
      t.ok((await page.locator('.axis-head i').count()) > 3, 'an axis');
      const lefts = await page.evaluate(() =>
          [...document.querySelectorAll('.grid-row')].map(r =>
            parseFloat(r.querySelector('.bars-row i').style.left),
          ),
        ),
        last = []; // of each depth, how far the latest began
      rows.forEach(([what, px], k) => {
        const depth = px / 16;
        t.ok(lefts[k] >= (last[depth] ?? 0), `${what}: by start`);
        last.length = depth;
        last[depth] = lefts[k];
        last[depth + 1] = lefts[k];
      });
      t.quiet(page);
    },
  ],
];
