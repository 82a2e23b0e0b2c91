import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runScenario } from '../../sim/scenario/run.ts';
import { type ServedPage, serveWorker } from './bundle.ts';
import { openScenario } from './open-scenario.ts';
import { listScenarios, type ScenarioFiles } from './scenario-files.ts';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let served: ServedPage;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  served = await serveWorker(fileURLToPath(new URL('./twin-worker.ts', import.meta.url)));
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: FLAGS,
  });
  page = await browser.newPage();
  await page.goto(served.url);
});

afterAll(async () => {
  await browser?.close();
  served?.close();
});

describe('in a Web Worker of Chromium', () => {
  it.each(listScenarios())('$path has the trace hash that Node gives', async (scenario) => {
    const inNode = runHere(scenario);
    const inWorker = await runInWorker(scenario);
    expect(inWorker).toEqual(inNode);
  });
});

function runHere(scenario: ScenarioFiles) {
  const loaded = openScenario(scenario.path, new Map(scenario.files));
  if (loaded.scenario === undefined) throw new Error(`${scenario.path} cannot be read`);
  const { verdict, traceHash } = runScenario(loaded.scenario, {});
  return { verdict, traceHash };
}

async function runInWorker(scenario: ScenarioFiles): Promise<unknown> {
  const files = scenario.files.map(([path, bytes]) => [path, [...bytes]] as const);
  return page.evaluate(
    ({ path, files }) =>
      new Promise((resolve, reject) => {
        const worker = new Worker('/worker.js', { type: 'module' });
        worker.onmessage = (message) => resolve(message.data);
        worker.onerror = (error) => reject(new Error(error.message));
        worker.postMessage({
          path,
          files: files.map(([name, bytes]) => [name, new Uint8Array(bytes)]),
        });
      }),
    { path: scenario.path, files },
  );
}
