// Builds dist/ out of the sources. Called by `npm ci` (prepare), by npx when it links the repository into its cache, and by
// whoever changed something. Outside of development (an installed package) there are no sources: then there is nothing to do,
// nor is there when no source is younger than the last build. `--no-ui` leaves the browser view as it is.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'dist', '.built');
const SOURCES = ['bin', 'daemon', 'sim', 'ui', 'tools', 'package.json', 'tsconfig.base.json'];

if (existsSync(join(root, 'tsconfig.json')) && !isUpToDate()) await build();

async function build() {
  const begun = new Date();
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const result = spawnSync(process.execPath, [tsc, '-b'], { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
  const { pack } = await import('./pack.mjs');
  await pack(root);
  writeFromCommands();
  const uiConfig = join(root, 'ui', 'vite.config.ts');
  if (process.argv.includes('--no-ui')) return;
  if (existsSync(uiConfig)) {
    const { build } = await import('vite');
    await build({ configFile: uiConfig });
  }
  writeFileSync(stamp, process.version);
  // What was changed while this ran is younger than the stamp.
  utimesSync(stamp, begun, begun);
}

/** What the package ships besides code: the JSON Schema, and man pages made of the same command tree as --help. */
function writeFromCommands() {
  const lantwin = (...words) => {
    const bin = join(root, 'bin', 'lantwin.js');
    const result = spawnSync(process.execPath, [bin, ...words], { cwd: root, encoding: 'utf8' });
    if (result.status === 0) return result.stdout;
    console.error(`lantwin ${words.join(' ')}: ${result.stderr}`);
    process.exit(1);
  };
  const man = join(root, 'dist', 'man');
  mkdirSync(man, { recursive: true });
  for (const page of ['lantwin.1', 'lantwin.twin.5', 'lantwin-daemon.8']) {
    writeFileSync(join(man, page), lantwin('man', page));
  }
  writeFileSync(join(root, 'dist', 'lantwin.schema.json'), lantwin('schema'));
}

function isUpToDate() {
  if (!existsSync(stamp) || !existsSync(join(root, 'dist', 'sim', 'cli', 'main.js'))) return false;
  const built = statSync(stamp).mtimeMs;
  return SOURCES.every((name) => youngest(join(root, name)) < built);
}

/** When the youngest file at or below a path was written, in ms since 1970. */
function youngest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path)
    .filter((name) => name !== 'node_modules')
    .reduce((latest, name) => Math.max(latest, youngest(join(path, name))), stat.mtimeMs);
}
