// SPDX-License-Identifier: MIT
// The pictures of README.md: node report/test/pictures.mjs REPORT.html LINES FOLDER.  LINES is what compendium printed to a
// terminal (--color=always).  tools/pictures.sh calls this.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Browser } from './e2e/browser.mjs';

const [report, lines, folder] = process.argv.slice(2);
const COLORS = {
  30: '#5c6370',
  31: '#e06c75',
  32: '#98c379',
  33: '#e5c07b',
  34: '#61afef',
  35: '#c678dd',
  36: '#56b6c2',
  37: '#dcdfe4',
  90: '#7f848e',
};

/** SGR sequences as spans; nothing else is in the lines. */
function html(text) {
  const escaped = text.replace(/[&<>]/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]);
  let open = 0;
  const body = escaped.replace(/\x1b\[([\d;]*)m/g, (_, codes) => {
    const style = codes
      .split(';')
      .map(c => {
        if (c === '1') return 'font-weight:bold';
        if (c === '2') return 'opacity:.65';
        return COLORS[c] ? `color:${COLORS[c]}` : '';
      })
      .filter(Boolean);
    if (style.length === 0) {
      const end = '</span>'.repeat(open);
      open = 0;
      return end;
    }
    open++;
    return `<span style="${style.join(';')}">`;
  });
  return `<!doctype html><meta charset="utf-8"><style>body { margin: 0; background: #1e2127; color: #dcdfe4; }
pre { margin: 16px 20px; font: 14px/1.4 "DejaVu Sans Mono", monospace; }</style><pre>${body}${'</span>'.repeat(open)}</pre>`;
}

const browser = await Browser.start();
try {
  const overview = await browser.open(report, {
    theme: 'light',
    size: { width: 1280, height: 1180 }, // down to the lanes
  });
  await overview.waitForTimeout(500);
  await overview.screenshot({ path: join(folder, 'report-overview.png') });
  const timeline = await browser.open(report, { theme: 'dark', hash: 'v=timeline' });
  await timeline.keyboard.press('2');
  await timeline.waitForTimeout(500);
  await timeline.screenshot({ path: join(folder, 'report-timeline.png') });
  const page = join(folder, 'terminal.html');
  writeFileSync(page, html(readFileSync(lines, 'utf8').trimEnd()));
  const terminal = await browser.open(page, {
    wait: false,
    size: { width: 960, height: 400 },
  });
  await terminal.screenshot({ path: join(folder, 'terminal.png'), fullPage: true });
} finally {
  await browser.stop();
}
