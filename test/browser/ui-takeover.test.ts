/** Row E9 of the fifth article by hand: a director dies, TCP repeats its SYN, another one hands it on, and the web server answers. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectState, goTo, tempFolder, terminalText, typeInTerminal } from './page-hands.ts';
import { openPage, ROOT, type ServedUi, serveLiveUi, startChromium } from './ui-page.ts';

const pictures =
  process.env.UPDATE_SCREENSHOTS === '1' ? join(ROOT, 'docs', 'images') : tempFolder();
const OLD = '00:0d:b9:4a:7c:40';
const NEW = '00:0d:b9:33:12:90';

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

it('row E9, by hand: power off, ask, and read the story in the packet list', async () => {
  served = await serveLiveUi('scenarios/seeds/five-directors/laboratory.twin.yml');
  const { page, errors } = await openPage(browser, { url: served.url });
  await page.waitForSelector('.node-button', { timeout: 60_000 });
  await goTo(page, 20);
  await expectState(page, 'u109lb14', 'MASTER');
  await page.click('[data-node="u109lb14"]');
  await page.click('#host-tab-hands');
  await page.click('#host-panel button:text-is("Power off")');
  await goTo(page, 22.9);
  await typeInTerminal(
    page,
    'client',
    "curl -s -w ' after %{time_total} s' http://192.168.100.223/",
  );
  await goTo(page, 27);
  await expect
    .poll(() => terminalText(page), { timeout: 30_000 })
    .toMatch(/web 15[01] after [13]\.0/);
  await expectState(page, 'u109lb13', 'MASTER');

  // No. 2601: the SYN that nobody hears goes to the dead director's MAC address.
  await filter(
    page,
    `tcp.flags.syn == 1 and eth.dst == ${OLD} and frame.time_relative > 22.899 and frame.time_relative < 22.91`,
  );
  expect((await rowsInSight(page))[0]).toMatch(/^\d+ 22\.90.* TCP 74 \d+ → 80 \[SYN\]/);
  // No. 2681: the new director hands the repetition on, to a web server.
  await filter(page, `tcp.analysis.retransmission and eth.src == ${NEW}`);
  await openAt(page, 'u109lb13:enp1s0');
  await page.waitForSelector(`aside ul.tree :text("Source: ${NEW}")`);
  await page.waitForSelector('aside ul.tree :text("Destination: b8:27:eb:")');
  // No. 2680: the repetition goes to the new director, in the colours of trouble.
  await filter(page, `tcp.analysis.retransmission and eth.dst == ${NEW}`);
  await openAt(page, 'client:enp0s25');
  await page.waitForSelector(`aside ul.tree :text("Destination: ${NEW}")`);
  await page.screenshot({ path: join(pictures, 'ui-takeover.png') });
  // No. 2682: the web server answers by itself, and the page comes.
  await page.click('button:text-is("Follow TCP stream")');
  await page.waitForSelector('dialog[open] .client:has-text("GET / HTTP/1.1")');
  await page.waitForSelector('dialog[open] .server:has-text("200 OK")');
  await page.click('dialog[open] button:text-is("Show only its packets")');
  await page.focus('[aria-label^="Packets: rows"]');
  await page.keyboard.press('Home');
  await page.click('[data-row]:has-text("[SYN, ACK]") >> nth=0');
  await page.waitForSelector('aside ul.tree :text("Source: b8:27:eb:")');
  expect(errors).toEqual([]);
  await page.context().close();
});

/** Types a filter and waits until the list shows retransmissions or SYNs that it lets through. */
async function filter(page: Page, text: string): Promise<void> {
  await page.fill('#packet-filter', text);
  const all = async () => (await rowsInSight(page)).every((row) => row.includes('[SYN]'));
  await expect.poll(all, { timeout: 30_000 }).toBe(true);
  await page.waitForSelector('[data-row]:has-text("[SYN]")');
}

/** Opens the retransmission that a cable's end sent, which must be in its colours. */
async function openAt(page: Page, end: string): Promise<void> {
  await page.click(`[data-row].pk-trouble:has-text("[TCP Retransmission]"):has-text("${end}")`);
}

/** What the rows in sight say, from the time on. */
async function rowsInSight(page: Page): Promise<string[]> {
  const rows = await page.locator('[data-row]').allTextContents();
  return rows.map((row) => row.replaceAll(/\s+/g, ' ').trim());
}
