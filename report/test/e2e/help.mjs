// SPDX-License-Identifier: MIT
// What browser tests share.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = dirname(fileURLToPath(import.meta.url));
/** The program itself, for reports that it wrote. */
export const PROGRAM = process.env.COMPENDIUM || join(here, '../../../build/compendium');
export const TABS = [
  'overview',
  'timeline',
  'files',
  'network',
  'processes',
  'syscalls',
  'findings',
];
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
/** The number of a "12,345" text. */
export const number = text => Number(text.replace(/[^\d]/g, ''));

/** Each view shows something, and nothing goes wrong. */
export async function everyTab(t, page) {
  for (const tab of TABS) {
    await goTab(page, tab);
    t.ok((await page.locator('#main').innerText()).trim().length > 5, `${tab} shows something`);
  }
  t.quiet(page);
}
