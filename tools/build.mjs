// Builds dist/ out of the sources. Called by `npm ci` (prepare) and by whoever changed something.
// Outside of development (an installed package) there are no sources: then there is nothing to do.
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (!existsSync(join(root, 'tsconfig.json'))) process.exit(0);
linkCommand();
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const result = spawnSync(process.execPath, [tsc, '-b'], { cwd: root, stdio: 'inherit' });
process.exit(result.status ?? 1);

/** `npx lantwin` finds the repository's own command among those of its packages, without npm's cache. */
function linkCommand() {
  const folder = join(root, 'node_modules', '.bin');
  const link = join(folder, 'lantwin');
  if (process.platform === 'win32' || isThere(link)) return;
  mkdirSync(folder, { recursive: true });
  symlinkSync('../../bin/lantwin.js', link);
}

function isThere(path) {
  try {
    return lstatSync(path) !== undefined;
  } catch {
    return false;
  }
}
