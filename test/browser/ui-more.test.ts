import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectState, goTo, violations } from './page-hands.ts';
import { openPage, type ServedUi, serveLiveUi, startChromium } from './ui-page.ts';

const FILE = 'scenarios/seeds/three-servers/tour.twin.yml';
const CABLE = 'srv-1:eth1-sw1:1';

let browser: Browser;
let served: ServedUi;

beforeAll(async () => {
  browser = await startChromium();
  served = await serveLiveUi(FILE);
});
afterAll(async () => {
  served?.close();
  await browser?.close();
});

async function open(fragment = '') {
  const opened = await openPage(browser, { url: served.url + fragment });
  await opened.page.waitForSelector('.node-button', { timeout: 60_000 });
  return opened;
}

/** Waits as long as a busy machine may take; virtual time is exact anyway. */
function poll<T>(look: () => T) {
  return expect.poll(look, { timeout: 30_000 });
}

describe('one session, several pages', () => {
  it('show the same; a click in one is seen in the other, and a lost packet tells why', async () => {
    const one = await open();
    const other = await open();
    await goTo(one.page, 6);
    await expectState(other.page, 'srv-1', 'MASTER');
    await one.page.click(`[data-cable="${CABLE}"]`);
    await one.page.click('#inspector button:text-is("Unplug")');
    await other.page.waitForSelector(`[data-cable="${CABLE}"].unplugged`);
    await goTo(one.page, 7.5);
    await other.page.fill('#packet-filter', 'frame.lost');
    await other.page.click('[data-row] >> nth=-1');
    await poll(() => other.page.locator('.causes li').allTextContents()).toHaveLength(3);
    const causes = await other.page.locator('.causes li').allTextContents();
    expect(causes[0]).toContain('unplugged');
    expect(causes.at(-1)).toContain('unplug srv-1:eth1');
    expect([...one.errors, ...other.errors]).toEqual([]);
    await one.page.context().close();
    await other.page.context().close();
  });

  it('shows the moment at which the client and the switch disagree', async () => {
    const { page } = await open();
    await goTo(page, 8);
    await page.keyboard.press('Escape');
    await page.locator('#lower-tab-events').focus();
    await page.keyboard.press(']');
    await page.waitForSelector('#map li:has-text("laptop has 192.168.0.200 at")');
    await page.waitForSelector('[data-node="laptop"].disagree');
    expect(await violations(page)).toEqual([]);
    await goTo(page, 12);
    await page.waitForSelector('[data-node="laptop"]:not(.disagree)');
    await page.context().close();
  });
});

describe('the keyboard', () => {
  it('finds anything with Ctrl+K and marks moments with m', async () => {
    const { page } = await open();
    await goTo(page, 9);
    await palette(page, 'select srv-3');
    await page.waitForSelector('#inspector h2:has-text("srv-3"), #inspector :text("srv-3")');
    await page.locator('#lower-tab-packets').focus();
    await page.keyboard.press('m');
    await page.waitForSelector('.marks .own[aria-label*="9.000"]');
    await goTo(page, 3);
    await palette(page, 'go to 9.000 marked');
    await poll(() => page.inputValue('#clock')).toBe('9.000000');
    await page.locator('#lower-tab-packets').focus();
    await page.keyboard.press('m');
    await poll(() => page.locator('.marks .own').count()).toBe(0);
    await page.context().close();
  });

  it('an event tells what was before and after it', async () => {
    const { page } = await open();
    await goTo(page, 12);
    await page.click('#lower-tab-events');
    await page.click('[data-row]:has-text("-> MASTER") >> nth=-1');
    const row = page.locator('[aria-label="Before and after"] tr:has-text("state")');
    await row.first().waitFor({ timeout: 30_000 });
    expect(await row.first().textContent()).toMatch(/BACKUP\s*MASTER/);
    expect(await violations(page)).toEqual([]);
    await page.context().close();
  });
});

describe('the address', () => {
  it('kiosk and embed show less, and a link opens its moment', async () => {
    const { page } = await open('&kiosk=1&t=5000000&theme=dark');
    await poll(() => page.inputValue('#clock')).toBe('5.000000');
    expect(await page.locator('#inspector').count()).toBe(0);
    expect(await page.locator('#lanes').count()).toBe(1);
    expect(await page.getAttribute('html', 'data-theme')).toBe('dark');
    const embedded = await open('&embed=1');
    expect(await embedded.page.locator('#lanes').count()).toBe(0);
    expect(await embedded.page.locator('#map').count()).toBe(1);
    await page.context().close();
    await embedded.page.context().close();
  });

  it('a reload stays where it was, and what is asked for right after it is done', async () => {
    const { page } = await open();
    for (const seconds of [7, 4, 11]) {
      await page.reload();
      await page.waitForSelector('.node-button');
      await goTo(page, seconds);
      await page.reload();
      await poll(() => page.inputValue('#clock')).toBe(`${seconds}.000000`);
    }
    await page.context().close();
  });
});

async function palette(page: Page, words: string): Promise<void> {
  await page.keyboard.press('Control+k');
  await page.waitForSelector('#palette');
  await page.fill('#palette', words);
  await page.keyboard.press('Enter');
}

describe('a narrow screen', () => {
  it('has a packet below the list, and a stream that has sent nothing is not out', async () => {
    const { page, errors } = await open();
    await goTo(page, 0);
    await page.waitForSelector('text=– nothing sent');
    await page.setViewportSize({ width: 390, height: 844 });
    await goTo(page, 6);
    await page.click('[data-row] >> nth=0');
    const detail = await page.locator('aside[aria-label^="Packet "]').boundingBox();
    const list = await page.locator('[role="grid"][aria-label="Packets"]').boundingBox();
    expect(detail?.width).toBeGreaterThan(300);
    expect(list?.width).toBeGreaterThan(300);
    expect(detail?.y).toBeGreaterThanOrEqual((list?.y ?? 0) + (list?.height ?? 0) - 1);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
