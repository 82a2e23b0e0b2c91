// Bundles a TypeScript entry of this repository and runs it: node tools/run-built.mjs ENTRY [ARGUMENTS…]
// Node 20 cannot run TypeScript by itself, and a bundle starts faster than dist/ would be rebuilt. Packages stay
// outside of the bundle. The program finds the repository in LANTWIN_ROOT; signals and exit code pass through.
// NODE_ARGS adds options for Node itself (NODE_ARGS=--cpu-prof).
import { spawn } from 'node:child_process';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [entry, ...programArguments] = process.argv.slice(2);
if (entry === undefined) {
  console.error('usage: node tools/run-built.mjs ENTRY.ts [ARGUMENTS…]');
  process.exit(64);
}

const name = entry.replace(/\.ts$/, '').replaceAll(/[^a-z0-9]+/gi, '-');
// One folder per process, so that two runs at a time do not write into each other's bundle.
const outDir = join(root, 'node_modules', '.cache', 'lantwin', `${name}-${process.pid}`);
await build({
  root,
  configFile: false,
  logLevel: 'warn',
  build: {
    ssr: resolve(entry),
    outDir,
    target: 'node20',
    minify: false,
    sourcemap: true,
    emptyOutDir: true,
    rollupOptions: { output: { entryFileNames: '[name].mjs', format: 'es' } },
  },
});

const { rmSync } = await import('node:fs');
const bundle = join(outDir, `${basename(entry, '.ts')}.mjs`);
const nodeArguments = (process.env.NODE_ARGS ?? '').split(' ').filter((part) => part !== '');
const child = spawn(
  process.execPath,
  ['--enable-source-maps', ...nodeArguments, bundle, ...programArguments],
  { stdio: 'inherit', env: { ...process.env, LANTWIN_ROOT: root } },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  rmSync(outDir, { recursive: true, force: true });
  if (signal !== null) process.kill(process.pid, signal);
  process.exit(code ?? 70);
});
