/** The browser view in headless Chromium: as a static page whose session runs in a worker, or served by `lantwin ui`. */

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { listFiles, serveFiles } from '../../tools/file-server.mjs';

/** The repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const BUILT = join(ROOT, 'dist', 'ui');

/** A page to open and how to take what serves it down. */
export interface ServedUi {
  readonly url: string;
  close(): void;
}

/** Where Chromium is. */
export const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Starts Chromium as every browser test here does. */
export function startChromium(executablePath = CHROMIUM): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** The built page with a worker as its session and the scenarios of one folder. */
export async function serveStaticUi(folder: string): Promise<ServedUi> {
  const files = listFiles(join(ROOT, folder)).map((path) => [
    relative(join(ROOT, folder), path),
    readFileSync(path, 'utf8'),
  ]);
  return serveFiles({
    folder: BUILT,
    instead: (path) => {
      if (path === '/scenarios.json') return JSON.stringify(files);
      if (path !== '/index.html') return undefined;
      return withWorker(readFileSync(join(BUILT, 'index.html'), 'utf8'));
    },
  });
}

/** `lantwin ui FILE` as a person starts it; waits for the URL that it prints. */
export async function serveLiveUi(file: string): Promise<ServedUi> {
  const child = spawn(
    process.execPath,
    [join(ROOT, 'bin', 'lantwin.js'), 'ui', file, '--port', '0', '--no-open'],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const url = await printedUrl(child);
  return { url, close: () => child.kill('SIGTERM') };
}

/** A page that fails the test when a script of it does. */
export async function openPage(
  browser: Browser,
  options: { readonly url: string; readonly dark?: boolean; readonly still?: boolean },
): Promise<{ page: Page; errors: string[] }> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    colorScheme: options.dark === true ? 'dark' : 'light',
    reducedMotion: options.still === true ? 'reduce' : 'no-preference',
  });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(options.url);
  return { page, errors };
}

function withWorker(html: string): string {
  return html.replace('</head>', '<meta name="lantwin-transport" content="worker"></head>');
}

function printedUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const hear = (chunk: Buffer) => {
      text += chunk.toString();
      const found = /https?:\/\/\S+/.exec(text);
      if (found !== null) resolve(found[0]);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.on('exit', (code) => reject(new Error(`lantwin ui ended with ${code}: ${text}`)));
  });
}
