import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  expectState,
  goTo,
  protocols,
  tempFolder,
  terminalText,
  typeInTerminal,
  violations,
} from './page-hands.ts';
import { openPage, ROOT, type ServedUi, serveLiveUi, startChromium } from './ui-page.ts';

const pictures =
  process.env.UPDATE_SCREENSHOTS === '1' ? join(ROOT, 'docs', 'images') : tempFolder();
const FIVE = 'scenarios/seeds/five-directors';

let browser: Browser;
let served: ServedUi | undefined;

beforeAll(async () => {
  mkdirSync(pictures, { recursive: true });
  browser = await startChromium();
});

afterAll(async () => {
  served?.close();
  await browser?.close();
});

/** Opens one scenario file as `lantwin ui FILE` does. */
async function open(file: string, options: { dark?: boolean } = {}) {
  served?.close();
  served = await serveLiveUi(file);
  const opened = await openPage(browser, { url: served.url, ...options });
  await opened.page.waitForSelector('.node-button', { timeout: 60_000 });
  await opened.page.waitForSelector('#clock');
  return opened;
}

async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

describe('the guided tour', () => {
  it('walks through the three servers, ticking off what is done, by hand or for one', async () => {
    const { page, errors } = await open('scenarios/seeds/three-servers/tour.twin.yml');
    const at = (title: string) =>
      page.waitForSelector(`#guide [aria-current="step"]:has-text("${title}")`, {
        timeout: 60_000,
      });
    const press = (words: string) => page.click(`#guide button:text-is("${words}")`);
    await at('What you are looking at');
    await press('Next');
    await at('Let time pass');
    await press('Play for me');
    await at('srv-1 is MASTER');
    await page.click('[data-node="laptop"]');
    await at('Pull the cable');
    await press('Pull it for me');
    await at('The silence');
    await at('Who had to learn of it');
    await page.keyboard.press('Escape');
    await picture(page, 'ui-tour');
    expect(await violations(page)).toEqual([]);
    await press('Next');
    await press('Go back for me');
    await at('And forward again');
    await page.waitForSelector('[data-cable="srv-1:eth1-sw1:1"]:not(.unplugged)');
    await press('Go to the end');
    await at('Look into a packet');
    await page.fill('#packet-filter', 'arp');
    await poll(() => protocols(page)).toEqual(['ARP']);
    await page.click('[data-row] >> nth=-1');
    await at('Plug it in again');
    await press('Plug it in for me');
    await page.click('button.play');
    await at('Keep it as a test');
    await press('Open the dialog');
    await page.click('button:text-is("Write the scenario")');
    await page.waitForSelector('#guide :text("That was the tour.")', { state: 'attached' });
    expect(errors).toEqual([]);
    await page.context().close();
  });
});

describe('the lab sheet of five directors, by hand (rows E5-E8, E11)', () => {
  it.each([false, true])('axe finds nothing serious in it, dark: %s', async (dark) => {
    const { page } = await open(`${FIVE}/laboratory.twin.yml`, { dark });
    await goTo(page, 14);
    await page.waitForSelector('#guide li.done');
    expect(await violations(page)).toEqual([]);
    await page.context().close();
  });
  it('ticks its tasks off as they are done', async () => {
    const { page, errors } = await open(`${FIVE}/laboratory.twin.yml`);
    const done = (title: string) =>
      page.waitForSelector(`#guide li.done:has-text("${title}")`, { timeout: 60_000 });
    await goTo(page, 14);
    await done('Three addresses, three masters');
    // E8: lb13 sends until lb14, which booted later, preempts.
    await page.fill('#packet-filter', 'vrrp.virt_rtr_id == 120');
    await poll(() => sourcesOf(page)).toEqual(['192.168.100.214']);
    await page.focus('[aria-label^="Packets: rows"]');
    await page.keyboard.press('Home');
    await poll(async () => (await sourcesOf(page))[0]).toBe('192.168.100.213');
    await done('Who sent first?');
    // E5
    await typeInTerminal(page, 'client', 'ip neigh');
    await expect
      .poll(async () => await terminalText(page), { timeout: 20_000 })
      .toContain('192.168.100.223 dev enp0s25 lladdr 00:0d:b9:4a:7c:40');
    await done('Whose MAC is behind the address?');
    await typeInTerminal(page, 'client', 'ip neigh flush all');
    await done('Forget it, and ask again');
    // E6: the command needs time, and says so while it stands still.
    await typeInTerminal(page, 'client', 'tcpdump -c 6 -i enp0s25 -n vrrp');
    await page.waitForSelector('#host-panel :text("time stands still")');
    await goTo(page, 18);
    await expect
      .poll(async () => await terminalText(page), { timeout: 20_000 })
      .toContain('192.168.100.214 > 224.0.0.18: VRRPv2, Advertisement, vrid 120, prio 14');
    await done('Adverts, as tcpdump prints them');
    // E7
    await page.fill('#packet-filter', 'vrrp and vrrp.auth_string == ghi678');
    await done('The password is readable');
    await poll(() => sourcesOf(page)).toEqual(['192.168.100.213', '192.168.100.214']);
    await page.fill('#packet-filter', 'vrrp and (');
    await page.waitForSelector('#packet-filter.wrong[aria-invalid="true"]');
    await done('A wrong filter');
    await page.fill('#packet-filter', 'http and ip.addr == 192.168.100.4');
    await poll(() => protocols(page)).toEqual(['HTTP']);
    await page.click('[data-row] >> nth=0');
    await page.click('button:text-is("Follow TCP stream")');
    await page.waitForSelector('dialog[open] .client:has-text("GET / HTTP/1.1")');
    await page.waitForSelector('dialog[open] .server:has-text("200 OK")');
    await page.click('dialog[open] button:text-is("Close")');
    await done('Follow a TCP stream');
    await picture(page, 'ui-lab');
    // E11: who sees what.
    await typeInTerminal(page, 'at-hub', 'tcpdump -c 2 -n -i eth0 tcp port 80');
    await typeInTerminal(
      page,
      'at-port',
      'timeout 2 tcpdump -n -i eth0 tcp port 80 and host 192.168.100.4',
    );
    await typeInTerminal(page, 'at-mirror', 'tcpdump -c 2 -n -i eth0 tcp port 80');
    await goTo(page, 22);
    await poll(() => terminalText(page)).toMatch(/> 192\.168\.100\.\d+\.80: Flags/);
    await page.click('[data-node="at-port"]');
    await expect.poll(() => terminalText(page), { timeout: 30_000 }).toMatch(/0 packets captured/);
    expect(await terminalText(page)).not.toContain('Flags');
    await page.click('[data-node="at-hub"]');
    await expect.poll(() => terminalText(page), { timeout: 30_000 }).toMatch(/Flags/);
    for (const title of ['at the hub', 'At an ordinary port', 'At the mirror port']) {
      await done(title);
    }
    // E8: lb14 fails, and comes back.
    await page.click('[data-node="u109lb14"]');
    await page.click('#host-tab-hands');
    await page.click('#host-panel button:text-is("Power off")');
    await goTo(page, 28);
    await expectState(page, 'u109lb13', 'MASTER');
    await done('lb14 fails');
    await page.fill('#packet-filter', 'vrrp.virt_rtr_id == 120 and frame.time_relative > 26');
    await poll(() => sourcesOf(page)).toEqual(['192.168.100.213']);
    await page.click('#host-panel button:text-is("Power on")');
    await goTo(page, 38);
    await expectState(page, 'u109lb14', 'MASTER');
    await done('lb14 comes back');
    expect(errors).toEqual([]);
    await page.context().close();
  });
});

describe('virtual MAC against gratuitous ARP (row E14)', () => {
  it('without one every client has to learn another MAC; the switch knows both already', async () => {
    const { page } = await open(`${FIVE}/gratuitous-arp.twin.yml`);
    await goTo(page, 14);
    expect(await neighbourMac(page)).toBe(LB14);
    expect(await macTable(page)).toMatchObject({ [LB13]: '1', [LB14]: '2' });
    await goTo(page, 20);
    expect(await neighbourMac(page)).toBe(LB13);
    expect(await macTable(page)).toMatchObject({ [LB13]: '1' });
    await page.context().close();
  });

  it('with one the switch has to learn another port for the same MAC', async () => {
    const { page } = await open(`${FIVE}/virtual-mac.twin.yml`);
    await goTo(page, 14);
    expect(await macTable(page)).toMatchObject({ [VIRTUAL]: '2' });
    await goTo(page, 20);
    expect(await macTable(page)).toMatchObject({ [VIRTUAL]: '1' });
    await page.context().close();
  });
});

const LB13 = '00:0d:b9:33:12:90';
const LB14 = '00:0d:b9:4a:7c:40';
const VIRTUAL = '00:00:5e:00:01:78';

/** Whose MAC the client believes to be behind the address. */
async function neighbourMac(page: Page): Promise<string> {
  await page.click('[data-node="client"]');
  await page.click('#host-tab-tables');
  const cell = page.locator('#neighbours tr[data-address="192.168.100.223"] td:nth-child(2)');
  await cell.waitFor({ timeout: 30_000 });
  return (await cell.textContent())?.trim() ?? '';
}

/** The switch's table: MAC to port. */
async function macTable(page: Page): Promise<Record<string, string>> {
  await page.click('[data-node="sw1"]');
  await page.locator('#mac-table tbody td:nth-child(3)').first().waitFor({ timeout: 30_000 });
  const rows = await page.locator('#mac-table tbody tr').all();
  const cells = await Promise.all(rows.map((row) => row.locator('td').allTextContents()));
  return Object.fromEntries(cells.map((row) => [row[0]?.trim() ?? '', row[2]?.trim() ?? '']));
}

/** Waits as long as a busy machine may take; virtual time is exact anyway. */
function poll<T>(look: () => T) {
  return expect.poll(look, { timeout: 30_000 });
}

/** Sources of the rows in sight, in the order in which they appear first. */
async function sourcesOf(page: Page): Promise<string[]> {
  await page.waitForSelector('[data-row]');
  const cells = await page.locator('[data-row] > span:nth-child(4)').allTextContents();
  return [...new Set(cells.map((cell) => cell.trim()))];
}
