// SPDX-License-Identifier: MIT
// Opens a file in speedscope as a person would, in Chromium, and prints what it made of it, one line of JSON: names, number and
// durations of the calls of each profile: speedscope.mjs FILE [PICTURE.png].  It ends with 77 and a reason when it cannot be had.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

const chromiumPath = process.env.CHROMIUM ?? "/usr/bin/chromium";
if (!existsSync(chromiumPath)) {
  console.error(`no browser at ${chromiumPath} (apt install chromium, or set CHROMIUM)`);
  process.exit(77);
}
const { chromium } = await import("playwright-core");
const page = join(dirname(createRequire(import.meta.url).resolve("speedscope/package.json")), "dist/release/index.html");

/** Each profile's calls by name, in the unit that speedscope took: opened and closed events, or samples with weights. */
function summary(exported) {
  const frames = exported.shared.frames;
  return exported.profiles.map(p => {
    const calls = {};
    const count = (frame, duration) => {
      const c = (calls[frames[frame].name] ??= { count: 0, total: 0 });
      c.count++;
      c.total += duration;
    };
    const open = [];
    for (const e of p.events ?? [])
      if (e.type === "O") open.push(e);
      else count(e.frame, e.at - open.pop().at);
    (p.samples ?? []).forEach((stack, i) => stack.forEach(frame => count(frame, p.weights[i])));
    return { name: p.name, unit: p.unit, calls };
  });
}

const scratch = mkdtempSync(join(tmpdir(), "speedscope-"));
const context = await chromium.launchPersistentContext(join(scratch, "profile"), {
  executablePath: chromiumPath,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
  viewport: { width: 1280, height: 800 },
  acceptDownloads: true,
});
try {
  const tab = await context.newPage();
  const alerts = [];
  tab.on("dialog", d => (alerts.push(d.message()), d.dismiss()));
  tab.on("pageerror", e => alerts.push(String(e)));
  // as speedscope's own command does it: the file as a script that hands it over
  const file = process.argv[2];
  const script = join(scratch, "file.js");
  const words = [basename(file), readFileSync(file).toString("base64")].map(w => JSON.stringify(w));
  writeFileSync(script, `speedscope.loadFileFromBase64(${words})`);
  await tab.goto(`file://${page}#localProfilePath=${script}`);
  // the toolbar has the file's name, or an error, when it has been read
  await tab.waitForFunction(() => /Export|Failed to load|Something went wrong/.test(document.body.innerText), null, { timeout: 60000 });
  const text = await tab.evaluate(() => document.body.innerText);
  if (alerts.length || /Failed to load|Something went wrong/.test(text)) throw new Error(`${alerts} ${text}`);
  if (process.argv[3]) await tab.screenshot({ path: process.argv[3] });
  const waiting = tab.waitForEvent("download", { timeout: 60000 });
  await tab.keyboard.press("Control+s");
  console.log(JSON.stringify(summary(JSON.parse(readFileSync(await (await waiting).path())))));
} finally {
  await context.close();
  rmSync(scratch, { recursive: true, force: true });
}
