// Packs the command line into a few files under dist/sim/packed/: loading some four hundred small modules costs half a
// second of every `lantwin run`, loading these few a fifth of that, and a tenth with their code cache (bin/packed.js).
// bin/lantwin.js takes them only while they are newer than what `tsc -b` wrote, so a rebuild with tsc alone is never hidden
// by an old pack. The folder is as deep as dist/sim/cli, since modules look for package.json beside them.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'vite';

const { kindOf } = createRequire(import.meta.url)('../bin/packed.js');

/** What is run to fill the code cache: a chunk keeps what any of them calls that is started in the same way. */
const WARM_UP = [
  ['run', 'scenarios/seeds/master-backup-lvs', 'scenarios/partition'],
  ['check', 'scenarios/failover'],
  ['events', 'scenarios/seeds/three-servers/power-off-and-on.twin.yml'],
];

/** Packs `root`'s command line. */
export async function pack(root) {
  const folder = join(root, 'dist', 'sim', 'packed');
  await packEntry(root, join(root, 'sim', 'cli', 'main.ts'), folder);
  for (const words of WARM_UP) fillCodeCache(root, folder, kindOf(words), words);
}

/** Packs a program that begins in `entry` into `folder`, which bin/packed.js starts. */
export async function packEntry(root, entry, folder) {
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    plugins: [lazyChildProcess, asFunction],
    // Plain JavaScript that is read on every start. What has native parts or serves the browser stays outside.
    ssr: { noExternal: ['commander', 'picocolors', 'seedrandom', 'yaml', 'zod'] },
    build: {
      ssr: entry,
      outDir: folder,
      emptyOutDir: true,
      target: 'node20',
      minify: false,
      rollupOptions: {
        output: {
          format: 'cjs',
          entryFileNames: 'lantwin.cjs',
          chunkFileNames: '[name]-[hash].cjs',
          comments: { annotation: false, jsdoc: false, legal: true },
          strict: true,
        },
      },
    },
  });
}

/** commander loads it for commands that are programs of their own; there is none, and it takes a tenth of a start. */
const lazyChildProcess = {
  name: 'lazy-child-process',
  enforce: 'pre',
  resolveId: (source, importer) =>
    source === 'node:child_process' && importer?.includes('commander') ? '\0no-programs' : null,
  load: (id) => (id === '\0no-programs' ? 'export {};' : null),
};

/**
 * The chunk as the expression that bin/packed.js calls, in one octet a character: V8 neither puts strings together nor keeps
 * two octets a character for the sake of a bullet.
 */
const asFunction = {
  name: 'as-function',
  generateBundle: (_, bundle) => {
    for (const chunk of Object.values(bundle)) {
      const code = chunk.code.replace(
        /[^\0-\x7f]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
      chunk.code = `(function (exports, require, module, __filename, __dirname) {${code}\n})`;
    }
  },
};

/** Runs the packed program with these words; what it calls is in the kind's code cache of each chunk from then on. */
export function fillCodeCache(root, folder, kind, words) {
  const tool = join(root, 'tools', 'code-cache.mjs');
  const command = [tool, folder, kind, ...words];
  const result = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
  // 1: a scenario fails, which is nothing to the build.
  if (result.status === 0 || result.status === 1) return;
  console.error(`${words.join(' ')}: ${result.stdout}${result.stderr}`);
  process.exit(1);
}
