import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  expectState,
  goTo,
  protocols,
  tabTo,
  tempFolder,
  terminalText,
  typeInTerminal,
  violations,
} from './page-hands.ts';
import {
  openPage,
  ROOT,
  type ServedUi,
  serveLiveUi,
  serveStaticUi,
  startChromium,
} from './ui-page.ts';

const FOLDER = 'scenarios/seeds/three-servers';
const VIP = '192.168.0.200';
const CABLE = 'srv-1:eth1-sw1:1';
/** Before the power-off of the scenario at 10 s; long after srv-1 has become MASTER. */
const CUT_S = 6;
/** srv-2's master-down interval is 3.609 s; one second for ARP. */
const AFTER_S = 9.9;
const pictures =
  process.env.UPDATE_SCREENSHOTS === '1' ? join(ROOT, 'docs', 'images') : tempFolder();

let browser: Browser;

beforeAll(async () => {
  browser = await startChromium();
});

afterAll(async () => {
  await browser?.close();
});

describe('the first load', () => {
  it('is at most 200 kB, compressed', () => {
    const html = readFileSync(join(ROOT, 'dist/ui/index.html'), 'utf8');
    const named = [...html.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map((found) => found[1] ?? '');
    const sizes = named.map((name) => gzipSync(readFileSync(join(ROOT, 'dist/ui', name))).length);
    expect(named.some((name) => name.endsWith('.js'))).toBe(true);
    expect(sizes.reduce((sum, size) => sum + size, gzipSync(html).length)).toBeLessThan(200_000);
  });
});

describe.each([
  ['served by lantwin ui', serveLiveUi],
  ['as a static page with a worker', serveStaticUi],
] as const)('three servers, %s', (_, serve) => {
  let served: ServedUi;
  beforeAll(async () => {
    served = await serve(FOLDER);
  });
  afterAll(() => served?.close());

  it("a click pulls the master's cable; time goes back to before it", async () => {
    const { page, errors } = await openLan(browser, served);
    await goTo(page, CUT_S);
    await expectState(page, 'srv-1', 'MASTER');
    await page.click('[data-node="laptop"]');
    const macBefore = await neighbourMac(page);
    await page.click(`[data-cable="${CABLE}"]`);
    await page.click('#inspector button:text-is("Unplug")');
    await page.waitForSelector(`[data-cable="${CABLE}"].unplugged`);

    await goTo(page, AFTER_S);
    await expectState(page, 'srv-2', 'MASTER');
    const atOnce = await page.evaluate(showsAtOnce, ['[data-node="laptop"]', '#neighbours']);
    expect(atOnce, 'what was told before the cut').not.toContain(macBefore);
    expect(await neighbourMac(page)).not.toBe(macBefore);

    await goTo(page, CUT_S - 0.1);
    await expectState(page, 'srv-1', 'MASTER');
    await expectState(page, 'srv-2', 'BACKUP');
    await page.waitForSelector(`[data-cable="${CABLE}"]:not(.unplugged)`);
    await expect.poll(() => neighbourMac(page)).toBe(macBefore);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('the keyboard alone does the same, and the failover is announced', async () => {
    const { page, errors } = await openLan(browser, served);
    await goTo(page, CUT_S);
    await expectState(page, 'srv-1', 'MASTER');
    await tabTo(page, `[data-cable="${CABLE}"]`);
    await page.keyboard.press('Enter');
    await page.keyboard.press('u');
    await page.waitForSelector(`[data-cable="${CABLE}"].unplugged`);
    await page.keyboard.press(']');
    await expectState(page, 'srv-2', 'MASTER');
    await expect
      .poll(() => page.textContent('#announcer'), { timeout: 6_000 })
      .toContain('srv-2 is MASTER');
    await page.keyboard.press('[');
    await expectState(page, 'srv-1', 'MASTER');
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('the table of devices has the same power as the map', async () => {
    const { page } = await openLan(browser, served);
    await goTo(page, CUT_S);
    await page.keyboard.press('Escape');
    await page.click('#lower-tab-devices');
    await page.click('[aria-label="Unplug srv-1:eth1"]');
    await page.waitForSelector('[data-device="srv-1"] :text("unplugged")');
    await goTo(page, AFTER_S);
    await page.waitForSelector('[data-device="srv-2"] :text("MASTER")');
    await page.context().close();
  });

  it('what was done is saved as a scenario that the command line confirms', async () => {
    const { page } = await openLan(browser, served);
    await goTo(page, CUT_S);
    await page.click(`[data-cable="${CABLE}"]`);
    await page.click('#inspector button:text-is("Unplug")');
    await page.waitForSelector(`[data-cable="${CABLE}"].unplugged`);
    await goTo(page, AFTER_S);
    await page.click('button[aria-label="Save as scenario"]');
    await page.fill('#save-name', 'cable cut by hand');
    await page.click('button:text-is("Write the scenario")');
    const text = await page.inputValue('#saved-text');
    expect(text).toContain('unplug');
    const folder = tempFolder();
    cpSync(join(ROOT, FOLDER), folder, { recursive: true });
    const file = join(folder, 'by-hand.twin.yml');
    writeFileSync(file, text);
    const run = spawnSync(process.execPath, [join(ROOT, 'bin/lantwin.js'), 'run', file], {
      encoding: 'utf8',
    });
    expect(`${run.stdout}${run.stderr} exit ${run.status}`).toContain('exit 0');
    await page.context().close();
  });

  it('packets are filtered, decoded and shown byte by byte', async () => {
    const { page } = await openLan(browser, served);
    await goTo(page, CUT_S);
    await page.fill('#packet-filter', 'vrrp');
    await expect.poll(() => protocols(page)).toEqual(['VRRP']);
    await page.fill('#packet-filter', 'vrrp and (');
    await page.waitForSelector('#packet-filter[aria-invalid="true"]');
    await page.fill('#packet-filter', 'arp');
    await expect.poll(() => protocols(page)).toEqual(['ARP']);
    await page.click('[data-row] >> nth=0');
    await page.click('.tree-line:has-text("Sender MAC") >> nth=0');
    await expect.poll(() => page.locator('.hex .on').count()).toBe(12);
    await page.context().close();
  });

  it('a command in a terminal prints what the host holds', async () => {
    const { page } = await openLan(browser, served);
    await goTo(page, CUT_S);
    await page.click('[data-node="srv-1"]');
    await typeInTerminal(page, 'srv-1', 'ip addr show eth1');
    await expect.poll(() => terminalText(page), { timeout: 20_000 }).toContain(`inet ${VIP}/32`);
    // Nobody is caught in it, and the first word completes.
    await page.keyboard.type('journ');
    await page.keyboard.press('Tab');
    await expect.poll(() => terminalText(page)).toContain('~# journalctl');
    await page.keyboard.press('Shift+Tab');
    expect(await page.evaluate(() => document.activeElement?.closest('.xterm'))).toBeNull();
    await page.context().close();
  });

  it('two clicks ping, and the answer is told', async () => {
    const { page } = await openLan(browser, served);
    await goTo(page, CUT_S);
    await page.click('[data-node="laptop"]');
    await page.click('#host-tab-hands');
    await page.click('button:has-text("then click a device")');
    await page.click('[data-node="srv-3"]');
    await page.click('button:text-is("▶ Play")');
    await page.click('[data-node="laptop"]');
    await page.click('#host-tab-hands');
    await page.waitForSelector('#host-panel li.answered');
    await page.context().close();
  });

  it('an edited keepalived.conf is checked as one types, then reloaded', async () => {
    const { page } = await openLan(browser, served);
    await goTo(page, CUT_S);
    await page.click('[data-node="srv-2"]');
    await page.click('#host-tab-config');
    await page.click('.cm-content');
    await page.keyboard.press('Control+End');
    await page.keyboard.type('\nno_such_keyword 7\n');
    await page.waitForSelector('#host-panel li:has-text("no_such_keyword")');
    await page.keyboard.press('Control+a');
    const taller = readFileSync(join(ROOT, FOLDER, 'srv-2.conf'), 'utf8').replace(
      /priority\s+\d+/,
      'priority 250',
    );
    await page.keyboard.insertText(taller);
    await page.click('button:has-text("Write and reload")');
    await page.waitForSelector('.marks button.hand');
    await goTo(page, AFTER_S);
    await page.waitForSelector('[data-node="srv-2"]:has-text("prio 250")');
    await page.context().close();
  });

  it('all frames are downloaded as one pcapng', async () => {
    const { page } = await openLan(browser, served);
    await goTo(page, CUT_S);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.click('button[aria-label="Download pcapng"]'),
    ]);
    const path = join(tempFolder(), download.suggestedFilename());
    await download.saveAs(path);
    expect(readFileSync(path).subarray(0, 4).toString('hex')).toBe('0a0d0d0a');
    await page.context().close();
  });

  it('a link carries moment, selection and filter', async () => {
    const { page } = await openLan(browser, served);
    await goTo(page, CUT_S);
    await page.click('[data-node="laptop"]');
    await page.fill('#packet-filter', 'icmp');
    await expect.poll(() => new URL(page.url()).hash).toContain('f=icmp');
    const hash = new URLSearchParams(new URL(page.url()).hash.slice(1));
    expect(hash.get('sel')).toBe('node:laptop');
    expect(hash.get('t')).toBe(String(CUT_S * 1_000_000));
    await page.context().close();
  });
});

describe.each(['light', 'dark'] as const)('in %s', (theme) => {
  let served: ServedUi;
  beforeAll(async () => {
    served = await serveLiveUi(FOLDER);
  });
  afterAll(() => served?.close());

  it('axe finds nothing serious, with every panel open', async () => {
    const { page } = await openLan(browser, served, theme === 'dark');
    await goTo(page, CUT_S);
    await page.click(`[data-cable="${CABLE}"]`);
    const found = [...(await violations(page))];
    await page.click('#inspector button:text-is("Unplug")');
    await goTo(page, 8);
    await page.click('[data-node="laptop"]');
    for (const tab of ['hands', 'journal', 'terminal', 'tables']) {
      await page.click(`#host-tab-${tab}`);
      found.push(...(await violations(page)));
    }
    for (const tab of ['events', 'devices', 'verdicts', 'packets']) {
      await page.click(`#lower-tab-${tab}`);
      found.push(...(await violations(page)));
    }
    await page.keyboard.press('Control+k');
    await page.waitForSelector('#palette');
    found.push(...(await violations(page)));
    await page.fill('#palette', 'srv-2');
    found.push(...(await violations(page)));
    expect(found).toEqual([]);
    await page.context().close();
  });

  it('the clock holds still for somebody who is about to type into it', async () => {
    const { page } = await openLan(browser, served, theme === 'dark');
    await page.click('.play');
    await expect.poll(() => page.inputValue('#clock')).not.toBe('0.000000');
    await page.focus('#clock');
    const held = await page.inputValue('#clock');
    await page.waitForTimeout(300);
    expect(await page.inputValue('#clock')).toBe(held);
    await page.keyboard.type('20');
    expect(await page.inputValue('#clock')).toBe('20');
    await page.keyboard.press('Tab');
    await expect.poll(() => page.inputValue('#clock')).not.toBe(held);
    await page.context().close();
  });

  it('a screenshot shows the failover', async () => {
    const { page } = await openLan(browser, served, theme === 'dark');
    await goTo(page, CUT_S);
    await page.click(`[data-cable="${CABLE}"]`);
    await page.click('#inspector button:text-is("Unplug")');
    await goTo(page, 9.2);
    await page.click('[data-node="laptop"]');
    await page.fill('#packet-filter', 'vrrp or arp');
    await expect.poll(() => protocols(page)).not.toContain('ICMP');
    await page.click('[data-row].pk-arp >> nth=-1');
    await page.waitForSelector('.tree-line');
    mkdirSync(pictures, { recursive: true });
    await page.screenshot({ path: join(pictures, `ui-${theme}.png`) });
    expect(readdirSync(pictures)).toContain(`ui-${theme}.png`);
    await page.context().close();
  });
});

async function openLan(opener: Browser, ui: ServedUi, dark = false) {
  const opened = await openPage(opener, { url: ui.url, dark });
  const { page } = opened;
  // A server's session outlives its pages: opening the scenario again begins it anew.
  await page.waitForSelector('.start li button, .scenario');
  if ((await page.locator('.scenario').count()) > 0) await page.click('.scenario');
  await page.click('li button:has-text("loses power and comes back")');
  await page.waitForSelector('[data-node="laptop"]');
  await expect.poll(() => page.inputValue('#clock')).toBe('0.000000');
  return opened;
}

/** In the page: clicks, and reads an element as it is first drawn, before the session can have answered. */
async function showsAtOnce([click, read]: readonly string[]): Promise<string> {
  document
    .querySelector(click ?? '')
    ?.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }));
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  return document.querySelector(read ?? '')?.textContent ?? 'not there';
}

async function neighbourMac(page: Page): Promise<string> {
  const cell = page.locator(`#neighbours tr[data-address="${VIP}"] td:nth-child(2)`);
  return (await cell.textContent())?.trim() ?? '';
}
