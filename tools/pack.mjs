// Packs the command line into a few files under dist/sim/packed/: loading some four hundred small modules costs half a
// second of every `lantwin run`, loading these few a fifth of that. bin/lantwin.js takes them only while they are newer
// than what `tsc -b` wrote, so a rebuild with tsc alone is never hidden by an old pack. The folder is as deep as
// dist/sim/cli, since modules look for package.json beside them.
import { join } from 'node:path';
import { build } from 'vite';

/** Packs `root`'s command line. */
export async function pack(root) {
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    // Plain JavaScript that is read on every start. What has native parts or serves the browser stays outside.
    ssr: { noExternal: ['commander', 'picocolors', 'seedrandom', 'yaml', 'zod'] },
    build: {
      ssr: join(root, 'sim', 'cli', 'main.ts'),
      outDir: join(root, 'dist', 'sim', 'packed'),
      emptyOutDir: true,
      target: 'node20',
      minify: false,
      rollupOptions: {
        output: {
          format: 'es',
          entryFileNames: 'lantwin.mjs',
          chunkFileNames: '[name]-[hash].mjs',
        },
      },
    },
  });
}
