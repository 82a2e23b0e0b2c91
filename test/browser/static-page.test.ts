import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveFiles } from '../../tools/file-server.mjs';
import { ROOT, startChromium } from './ui-page.ts';

/** A page on a project site does not live at the root of its host. */
const PREFIX = '/some/project/';
const SCENARIO = 'seeds/three-servers/power-off-and-on.twin.yml';
const folder = mkdtempSync(join(tmpdir(), 'lantwin-static-'));
let browser: Browser;
let server: Awaited<ReturnType<typeof serveFiles>>;
let address = '';

beforeAll(async () => {
  const built = spawnSync(process.execPath, [join(ROOT, 'tools/build-static.mjs'), folder], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect(built.stderr).toBe('');
  server = await serveFiles({ folder, prefix: PREFIX });
  address = server.url;
  browser = await startChromium();
}, 120_000);

afterAll(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the page without a server', () => {
  it('offers every scenario of the repository and plays one', async () => {
    const page = await open('');
    await page.waitForSelector('.start li button');
    const offered = await page.locator('.start li button').count();
    const texts = readFileSync(join(folder, 'scenarios.json'), 'utf8');
    const files = (JSON.parse(texts) as [string, string][]).map(([path]) => path);
    expect(offered).toBe(files.filter((path) => path.endsWith('.twin.yml')).length);
    await page.click('li button:has-text("loses power and comes back")');
    await goTo(page, 15);
    await page.waitForSelector('[data-node="srv-2"] .state-MASTER');
    expect(new URLSearchParams(new URL(page.url()).hash.slice(1)).get('s')).toBe(SCENARIO);
    await page.context().close();
  });

  it('fits a phone: no part of it is wider than the window', async () => {
    const page = await open(`#s=${encodeURIComponent(SCENARIO)}&t=15000000`);
    await page.waitForSelector('[data-node="srv-2"] .state-MASTER');
    for (const width of [390, 800, 1280]) {
      await page.setViewportSize({ width, height: 844 });
      const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
      await expect.poll(wide).toBeLessThanOrEqual(width);
    }
    await page.context().close();
  });

  it('a link names scenario and moment', async () => {
    const page = await open(`#s=${encodeURIComponent(SCENARIO)}&t=15000000`);
    await page.waitForSelector('[data-node="srv-2"] .state-MASTER');
    await expect.poll(() => page.inputValue('#clock')).toBe('15.000000');
    await page.context().close();
  });

  it('what was done by hand travels in a link, with its configuration files', async () => {
    const page = await open(`#s=${encodeURIComponent(SCENARIO)}`);
    await goTo(page, 6);
    await page.click('[data-cable="srv-1:eth1-sw1:1"]');
    await page.click('#inspector button:text-is("Unplug")');
    await page.waitForSelector('[data-cable="srv-1:eth1-sw1:1"].unplugged');
    await goTo(page, 9);
    await page.click('button[aria-label="Save as scenario"]');
    await page.fill('#save-name', 'shared by hand');
    await page.click('button:text-is("Write the scenario")');
    await page.click('button:text-is("Share as a link")');
    const link = (await page.getAttribute('#shared-link', 'href')) ?? '';
    await page.context().close();
    expect(link.length).toBeLessThan(8_000);

    const other = await open(link.slice(link.indexOf('#')));
    await other.waitForSelector('.scenario:has-text("shared by hand")');
    await goTo(other, 12);
    await other.waitForSelector('[data-cable="srv-1:eth1-sw1:1"].unplugged');
    await other.waitForSelector('[data-node="srv-2"] .state-MASTER');
    await other.context().close();
  });

  it('a broken link opens the list of scenarios', async () => {
    for (const hash of ['#share=AAAA', '#share=%%%', '#s=no/such.twin.yml']) {
      const page = await open(hash);
      await page.waitForSelector('.start li button');
      await page.context().close();
    }
  });

  it('opens again without any network, and asks nobody else before', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const asked = new Set<string>();
    context.on('request', (request) => asked.add(new URL(request.url()).origin));
    await page.goto(address);
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await context.setOffline(true);
    await page.reload();
    await page.click('li button:has-text("loses power and comes back")');
    await goTo(page, 15);
    await page.waitForSelector('[data-node="srv-2"] .state-MASTER');
    expect([...asked]).toEqual([new URL(address).origin]);
    await context.close();
  });
});

async function open(hash: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.goto(address + hash);
  return page;
}

async function goTo(page: Page, seconds: number): Promise<void> {
  await page.waitForSelector('#clock');
  await page.fill('#clock', String(seconds));
  await page.press('#clock', 'Enter');
  await page.press('#clock', 'Tab');
  await expect.poll(() => page.inputValue('#clock'), { timeout: 20_000 }).toBe(seconds.toFixed(6));
}
