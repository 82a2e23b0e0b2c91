/** What a person does with the page, for the browser tests: go to a moment, look at a state, type in a terminal. */

import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { ROOT } from './ui-page.ts';

/** Types a moment into the clock and waits until the page is there. */
export async function goTo(page: Page, seconds: number, timeout = 60_000): Promise<void> {
  await page.fill('#clock', String(seconds));
  await page.press('#clock', 'Enter');
  await page.press('#clock', 'Tab');
  await expect.poll(() => page.inputValue('#clock'), { timeout }).toBe(seconds.toFixed(6));
}

/** Waits until a host's card says so. */
export async function expectState(page: Page, host: string, state: string): Promise<void> {
  await page.waitForSelector(`[data-node="${host}"] .state-${state}`);
}

/** Presses Tab until the element has the focus, as somebody without a mouse does. */
export async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab');
    if (await page.locator(selector).evaluate((node) => node === document.activeElement)) return;
  }
  throw new Error(`60 times Tab did not reach ${selector}`);
}

/** Protocols of the rows in sight. */
export async function protocols(page: Page): Promise<string[]> {
  const cells = await page.locator('[data-row] > span:nth-child(6)').allTextContents();
  return [...new Set(cells.map((cell) => cell.trim()))];
}

/** Serious findings of axe on the page as it is. */
export async function violations(page: Page): Promise<string[]> {
  const source = join(ROOT, 'node_modules/axe-core/axe.min.js');
  // Evaluated, not added as an element: the page's policy allows only scripts of its own.
  await page.evaluate(readFileSync(source, 'utf8'));
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(): Promise<{
          violations: { id: string; impact: string; nodes: { html: string }[] }[];
        }>;
      };
    };
    const { violations: all } = await axe.run();
    return all
      .filter((one) => one.impact === 'serious' || one.impact === 'critical')
      .map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`);
  });
}

/** A folder of its own. */
export function tempFolder(): string {
  return mkdtempSync(join(tmpdir(), 'lantwin-ui-'));
}

/** Opens a host's terminal and runs a line in it, key by key. */
export async function typeInTerminal(page: Page, host: string, line: string): Promise<void> {
  await page.click(`[data-node="${host}"]`);
  await page.click('#host-tab-terminal');
  await page.waitForSelector(`#line-${host}`, { state: 'attached', timeout: 60_000 });
  await expect.poll(() => terminalText(page), { timeout: 60_000 }).toContain(`root@${host}:~#`);
  await page.focus(`#line-${host}`);
  await page.keyboard.type(line);
  await page.keyboard.press('Enter');
}

/** What stands on the terminal's screen, as one line: where a row ends depends on its width. */
export async function terminalText(page: Page): Promise<string> {
  const rows = await page.locator('.xterm-rows > div').allTextContents();
  return rows.map((row) => row.replaceAll('\u00a0', ' ')).join('');
}
