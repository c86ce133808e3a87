import { Browser } from '/tmp/wt/page/report/test/e2e/browser.mjs';
const b = await Browser.start();
const [,, file, out, hash='', w='1280', h='800', js='1', full='0'] = process.argv;
const page = await b.open(file, { hash, wait: js==='1', js: js==='1', size: { width: +w, height: +h }, theme: 'light' });
await page.waitForTimeout(1500);
if (js==='1' && hash.includes('overview')) console.log((await page.locator('[aria-label=Findings] .finding p').allInnerTexts()).join('\n'));
await page.screenshot({ path: out, fullPage: full==='1' });
await b.stop();
