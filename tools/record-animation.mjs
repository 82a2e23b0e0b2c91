// `node tools/record-animation.mjs FILE.gif`: the README's animation, taken from the zero-install page in headless Chromium. Time is set,
// not waited for, so the pictures are the same on every machine. Needs Debian's chromium and imagemagick.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { writeStaticPage } from './build-static.mjs';
import { serveFiles } from './file-server.mjs';

const SCENARIO = 'seeds/three-servers/power-off-and-on.twin.yml';
/** Virtual seconds; the power goes at 10 s, and the second server takes over three and a half seconds later. */
const MOMENTS = [8, 9, 9.9, 10.05, 10.5, 11, 11.5, 12, 12.5, 13, 13.3, 13.6, 13.7, 14, 15];

const target = process.argv[2];
if (target === undefined) {
  console.error('usage: node tools/record-animation.mjs FILE.gif');
  process.exit(64);
}
const folder = mkdtempSync(join(tmpdir(), 'lantwin-animation-'));
const page = join(folder, 'page');
await writeStaticPage(page);
const server = await serveFiles({ folder: page });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu'],
});
try {
  const tab = await browser.newPage({
    viewport: { width: 1200, height: 760 },
    colorScheme: 'light',
  });
  await tab.goto(`${server.url}#s=${encodeURIComponent(SCENARIO)}`);
  await tab.waitForSelector('[data-node="laptop"]');
  await tab.click('[data-node="laptop"]');
  const pictures = [];
  for (const moment of MOMENTS) {
    await tab.fill('#clock', String(moment));
    await tab.press('#clock', 'Enter');
    await tab.waitForFunction(
      (text) => document.querySelector('#clock')?.value === text,
      moment.toFixed(6),
    );
    await tab.press('#clock', 'Tab');
    await tab.waitForTimeout(400);
    const picture = join(folder, `${String(pictures.length).padStart(3, '0')}.png`);
    await tab.screenshot({ path: picture });
    pictures.push(picture);
  }
  const last = pictures.pop();
  const motion = ['-delay', '50', ...pictures, '-delay', '250', last, '-loop', '0'];
  execFileSync('convert', [
    ...motion,
    '-resize',
    '900x',
    '-colors',
    '128',
    '-layers',
    'optimize',
    target,
  ]);
  console.log(`${target}: ${pictures.length + 1} pictures`);
} finally {
  await browser.close();
  server.close();
  rmSync(folder, { recursive: true, force: true });
}
