// The plain file server that tests and pictures open built pages from, and the list of files below a folder. For a
// loopback address of this process only: it knows no ranges, no caches and no authority.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';

const TYPES = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript'],
  ['.css', 'text/css'],
  ['.svg', 'image/svg+xml'],
  ['.png', 'image/png'],
  ['.gif', 'image/gif'],
  ['.json', 'application/json'],
]);

/**
 * Serves a folder below `prefix` (with slashes at both ends); `instead` may answer a path of the folder, such as
 * '/index.html', by a text of its own.
 */
export async function serveFiles({ folder, prefix = '/', instead = () => undefined }) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://page');
    const path = decodeURI(pathname).replace(/\/$/, '/index.html');
    const inside = path.startsWith(prefix) ? path.slice(prefix.length - 1) : undefined;
    const file = join(folder, inside ?? '');
    const text = inside === undefined ? undefined : instead(inside);
    if (inside === undefined || (text === undefined && !isFile(file))) {
      response.statusCode = 404;
      response.end();
      return;
    }
    response.setHeader('content-type', TYPES.get(extname(path)) ?? 'application/octet-stream');
    response.end(text ?? readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}${prefix}`;
  return { url, close: () => server.close() };
}

/** Every file below a folder, sorted within each folder. */
export function listFiles(folder) {
  return readdirSync(folder)
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(path).isDirectory() ? listFiles(path) : [path]));
}

function isFile(path) {
  return existsSync(path) && statSync(path).isFile();
}
