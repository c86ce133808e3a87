// SPDX-License-Identifier: MIT
// A Chromium for the tests, and what every page that is opened in it must not do.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-precise-memory-info',
];

export function whyNot() {
  const path = process.env.CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(path)) return `no browser at ${path} (apt install chromium, or set CHROMIUM)`;
  return '';
}

export class Browser {
  static async start() {
    const { chromium } = await import('playwright-core');
    const b = new Browser();
    b.dir = mkdtempSync(join(tmpdir(), 'report-e2e-'));
    b.context = await chromium.launchPersistentContext(join(b.dir, 'profile'), {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: FLAGS,
      viewport: { width: 1280, height: 800 },
      acceptDownloads: true,
    });
    return b;
  }
  async stop() {
    await this.context.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Opens a report; `page.trouble` collects errors, violations of the CSP and requests. */
  async open(path, { hash = '', wait = true, theme = 'dark', size, js = true } = {}) {
    const page = await this.context.newPage();
    if (!js) {
      const cdp = await this.context.newCDPSession(page);
      await cdp.send('Emulation.setScriptExecutionDisabled', { value: true });
    }
    page.trouble = [];
    page.on('console', m => {
      if (
        m.type() === 'error' ||
        m.type() === 'warning' ||
        /Content Security Policy/.test(m.text())
      )
        page.trouble.push(`console: ${m.text()}`);
    });
    page.on('pageerror', e => page.trouble.push(`error: ${e.stack ?? e}`));
    page.on('request', r => {
      if (!/^(file|blob|data):/.test(r.url())) page.trouble.push(`request: ${r.url()}`);
    });
    page.on('dialog', d => {
      page.trouble.push(`dialog: ${d.message()}`);
      void d.dismiss();
    });
    await page.addInitScript(() => {
      window.longest = 0;
      try {
        new PerformanceObserver(l => {
          for (const e of l.getEntries()) window.longest = Math.max(window.longest, e.duration);
        }).observe({ type: 'longtask', buffered: true });
      } catch {
        /* not everywhere */
      }
      document.addEventListener('securitypolicyviolation', e =>
        console.error(`CSP: ${e.violatedDirective} ${e.blockedURI}`),
      );
    });
    await page.emulateMedia({ colorScheme: theme });
    if (size) await page.setViewportSize(size);
    await page.goto('file://' + path + (hash ? '#' + hash : ''), { timeout: 180000 });
    if (wait)
      await page.waitForFunction(() => window.cpd?.state?.done.value, null, { timeout: 180000 });
    return page;
  }
}

function hwm(pid) {
  try {
    return (
      Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) *
      1024
    );
  } catch {
    return 0;
  }
}

/** Peak resident memory of each renderer below this process. */
export function rendererPeaks() {
  return readChildren(process.pid)
    .filter(p => {
      try {
        return readFileSync(`/proc/${p}/cmdline`, 'utf8').includes('--type=renderer');
      } catch {
        return false;
      }
    })
    .map(hwm);
}
function readChildren(pid) {
  let list = [];
  try {
    for (const t of readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .split(' ')
      .filter(Boolean))
      list = [...list, Number(t), ...readChildren(Number(t))];
  } catch {
    /* gone */
  }
  return list;
}
