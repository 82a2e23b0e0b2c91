// `npm run build:static`: the browser view as a folder of plain files (dist/static, or the folder named), with the whole twin in
// a Web Worker and every scenario of the repository beside it. It needs no server of ours: any file server will do, below any
// path, and after the first visit no network either.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listFiles } from './file-server.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = resolve(process.argv[2] ?? join(root, 'dist', 'static'));
  await import('./build.mjs');
  await writeStaticPage(folder);
  console.log(
    `the page is in ${relative(process.cwd(), folder) || '.'}: serve it with any file server`,
  );
}

/** Copies the built view, turns it into a page with a worker, and adds scenarios and the offline copy. */
export async function writeStaticPage(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, 'dist', 'ui'), folder, { recursive: true });
  const page = join(folder, 'index.html');
  // The page may do what the served one may: load its own files, nothing else. Who frames it cannot be said in a page.
  const { SECURITY_HEADERS } = await import('../dist/sim/server/access.js');
  const policy = SECURITY_HEADERS['Content-Security-Policy'].replace(/; frame-ancestors [^;]*/, '');
  writeFileSync(page, withWorker(readFileSync(page, 'utf8'), policy));
  writeFileSync(join(folder, 'scenarios.json'), JSON.stringify(scenarioTexts()));
  writeFileSync(join(folder, 'offline.js'), offlineScript(folder));
}

function withWorker(html, policy) {
  const words = [
    `<meta http-equiv="Content-Security-Policy" content="${policy}" />`,
    '<meta name="lantwin-transport" content="worker" />',
    '<meta name="description" content="A highly available LAN in the browser: pull cables, watch VRRP fail over" />',
  ];
  return html.replace('</head>', `  ${words.join('\n    ')}\n  </head>`);
}

/** Every file below scenarios/ that is text: pairs of path and content, by path. */
function scenarioTexts() {
  const folder = join(root, 'scenarios');
  return listFiles(folder).map((path) => [relative(folder, path), readFileSync(path, 'utf8')]);
}

/** A service worker that answers from its copy; another build has another name and replaces it. */
function offlineScript(folder) {
  const files = listFiles(folder).map((path) => relative(folder, path));
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update(readFileSync(join(folder, file)));
  const name = `lantwin-${hash.digest('hex').slice(0, 16)}`;
  const wanted = ['./', ...files.map((file) => `./${file}`)];
  return `// Made by tools/build-static.mjs.
const NAME = ${JSON.stringify(name)};
const FILES = ${JSON.stringify(wanted)};
self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});
self.addEventListener('activate', (event) => {
  const old = (names) => names.filter((name) => name.startsWith('lantwin-') && name !== NAME);
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(old(names).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});
self.addEventListener('fetch', (event) => {
  if (event.request.method !== 'GET') return;
  event.respondWith(
    caches.open(NAME)
      .then((cache) => cache.match(event.request, { ignoreSearch: true }))
      .then((kept) => kept ?? fetch(event.request)),
  );
});
`;
}
