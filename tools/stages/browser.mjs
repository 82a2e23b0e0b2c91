// The pure zone in a Web Worker of headless Chromium: same trace hashes as Node. Skipped by name where there is no Chromium.
import { existsSync } from 'node:fs';
import { runVitest } from './static.mjs';
import { Tally } from './tally.mjs';

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export const browserStage = {
  name: 'browser',
  run: ({ run }) => {
    const browser = process.env.CHROMIUM ?? BROWSERS.find((path) => existsSync(path));
    if (browser === undefined) {
      return Tally.skipped('no Chromium here (Debian: apt-get install chromium)');
    }
    process.env.CHROMIUM = browser;
    return runVitest(run, ['--config', 'test/browser/vitest.config.ts']);
  },
};
