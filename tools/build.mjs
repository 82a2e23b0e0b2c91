// Builds dist/ out of the sources. Called by `npm ci` (prepare) and by whoever changed something.
// Outside of development (an installed package) there are no sources: then there is nothing to do.
// `--no-ui` leaves the browser view as it is.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (!existsSync(join(root, 'tsconfig.json'))) process.exit(0);
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const result = spawnSync(process.execPath, [tsc, '-b'], { cwd: root, stdio: 'inherit' });
if (result.status !== 0) process.exit(result.status ?? 1);
const { pack } = await import('./pack.mjs');
await pack(root);

const uiConfig = join(root, 'ui', 'vite.config.ts');
if (existsSync(uiConfig) && !process.argv.includes('--no-ui')) {
  const { build } = await import('vite');
  await build({ configFile: uiConfig });
}
