/**
 * The browser view of a bridged LAN, in a real browser beside a real keepalived and a real client: real and virtual nodes are
 * told apart, a click on a cable cuts it for the real network too, and what was clicked is in the recording.
 */

import { chmodSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { startChromium } from '../browser/ui-page.ts';
import { until } from './lab.ts';
import { whyNot } from './requirements.ts';
import { replay, Twin } from './twin.ts';
import { instanceConfiguration, VrrpPair } from './vrrp-pair.ts';

const MISSING = whyNot('root', 'namespaces', 'koffi', 'build', 'keepalived', 'ping', 'chromium');

const CABLE = '[data-cable="r1:eth0-sw1:1"]';

const START_MS = 30_000;
/** Down time 3.61 s; the machine is busy. */
const AFTER_CUT_MS = 12_000;

/** Chromium in the namespace of the bridge: its page listens on that namespace's loopback alone. */
function browserIn(pair: VrrpPair): Promise<Browser> {
  pair.lab.exec('sw', ['ip', 'link', 'set', 'lo', 'up']);
  const namespace = pair.lab.namespaceOf('sw');
  const script = `#!/bin/sh\nexec ip netns exec ${namespace} ${process.env['CHROMIUM'] ?? '/usr/bin/chromium'} "$@"\n`;
  const path = pair.lab.file('chromium.sh', script);
  chmodSync(path, 0o755);
  return startChromium(path);
}

async function shot(page: Page, name: string): Promise<void> {
  const folder = process.env['SHOTS'];
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png` });
}

test('a cable is pulled in the browser, and a real keepalived takes over', async (context) => {
  context.skip(MISSING !== undefined, MISSING);
  const twin = new Twin();
  const pair = new VrrpPair('inet', twin);
  let browser: Browser | undefined;
  try {
    browser = await browserIn(pair);
    const ours = await twin.start(pair.lab, {
      routers: { r1: instanceConfiguration({ priority: 150 }) },
      flags: ['--join-vrid', '51', '--ui', '--port', '0', '--no-open'],
      steps: [
        'steps:',
        '  - at: 10s',
        '    expect: [{ within: 1ms, still: true, vip: 10.77.0.100, owner: r1 }]',
        '  - at: 12s',
        '    do: { exec: { host: r1, command: ip address show eth0 } }',
      ],
    });
    const theirs = pair.lab.startKeepalived('theirs', instanceConfiguration({ priority: 100 }));
    const logs = [ours, theirs];
    await until('the URL is printed', () => /https?:\/\/\S+/.test(ours.output()), {
      withinMs: START_MS,
      explain: ours.output,
    });
    const url = /https?:\/\/\S+/.exec(ours.output())?.[0] ?? '';
    await pair.untilOwner('ours', { withinMs: START_MS, logs });
    pair.startPing();
    const page = await (
      await browser.newContext({ viewport: { width: 1440, height: 900 } })
    ).newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(url);
    await page.waitForSelector('.node-button', { timeout: 60_000 });
    await page.waitForSelector('[data-node="r1"] .state-MASTER', { timeout: 30_000 });
    await shot(page, '1-master');
    const real = page.locator('[data-node="twin0"]');
    expect(await real.textContent()).toContain('real network');
    expect(await page.locator('[data-node="r1"]').textContent()).not.toContain('real network');
    expect(await page.locator('button.play').textContent()).toBe('● Live');
    expect(await page.locator('button.play').isDisabled()).toBe(true);
    await page.waitForSelector(
      '#lower-tabs:has-text("1 of 1 held"), [role="tab"]:has-text("1 of 1 held")',
    );

    // A cable that runs straight down has no width that a robot could click; a person uses the keyboard, too.
    const cable = page.locator(CABLE);
    await cable.focus();
    await page.keyboard.press('Enter');
    await page.click('#inspector button:text-is("Unplug")');
    await page.waitForSelector(`${CABLE}.unplugged`, { state: 'attached' });
    await until('keepalived holds the VIP', () => pair.holds('theirs'), {
      withinMs: AFTER_CUT_MS,
      explain: () => pair.explain(logs),
    });
    await page.waitForSelector('[data-node="r1"] .state-FAULT');
    await pair.untilClientSees('theirs', logs);
    await shot(page, '2-fault');

    await real.click();
    expect(await page.locator('#inspector').textContent()).toMatch(/What is behind it is real/);
    expect(await page.locator('#inspector [role="tab"]').count()).toBe(0);
    await shot(page, '3-real');
    await page.click('#inspector button:text-is("Its cable")');
    await cable.focus();
    await page.keyboard.press('Enter');
    await page.click('#inspector button:text-is("Plug in")');
    await pair.untilOwner('ours', { withinMs: START_MS, logs });
    await page.waitForSelector('[data-node="r1"] .state-MASTER', { timeout: 30_000 });
    await shot(page, '4-back');
    expect(errors).toEqual([]);
    ours.signal('SIGTERM');
    expect(await ours.ended, ours.output()).toBe(0);
    // What was clicked is in the recording, and goes the same way again.
    const { code, text } = replay(pair.lab);
    expect([code, text.includes('another way')], text).toEqual([0, false]);
    expect(text).toMatch(/unplug r1:eth0/);
  } finally {
    await browser?.close();
    await pair.close();
  }
}, 180_000);
