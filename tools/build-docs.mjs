// `npm run build:docs`: docs/ as a site in dist/site, by VitePress, with the zero-install page below play/. The site's tools are
// a package of their own (docs/site), installed on the first call: nobody who only runs lantwin needs them.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const site = join(root, 'docs', 'site');

if (!existsSync(join(site, 'node_modules', 'vitepress'))) {
  call('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
}
// The pages are copied beside the site's own node_modules, where the modules that they become find what they import.
const pages = join(site, '.pages');
rmSync(pages, { recursive: true, force: true });
for (const name of readdirSync(join(root, 'docs'))) {
  if (name !== 'site') cpSync(join(root, 'docs', name), join(pages, name), { recursive: true });
}
cpSync(join(root, 'docs', 'images'), join(pages, 'public', 'images'), { recursive: true });
// Scenarios in TypeScript cannot be played on a page; the examples link to their text.
const typed = join('scenarios', 'typescript');
cpSync(join(root, typed), join(pages, 'public', typed), { recursive: true });
call(process.execPath, [join(site, 'node_modules/vitepress/bin/vitepress.js'), 'build', '.']);
await import('./build.mjs');
const { writeStaticPage } = await import('./build-static.mjs');
await writeStaticPage(join(root, 'dist', 'site', 'play'));
console.log('the site is in dist/site: serve it with any file server');

function call(command, args) {
  const result = spawnSync(command, args, { cwd: site, stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}
