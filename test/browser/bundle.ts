/** Bundles a worker of ours with Vite and serves it to a page on the loopback address. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';

/** A page's address and how to take it down again. */
export interface ServedPage {
  readonly url: string;
  close(): void;
}

/** Builds `entry` into one module and serves it as `/worker.js` beside an empty page. */
export async function serveWorker(entry: string): Promise<ServedPage> {
  const folder = mkdtempSync(join(tmpdir(), 'lantwin-browser-'));
  await build({
    logLevel: 'warn',
    configFile: false,
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: 'es2023',
      lib: { entry, formats: ['es'], fileName: () => 'worker.js' },
    },
  });
  const script = readFileSync(join(folder, 'worker.js'));
  rmSync(folder, { recursive: true, force: true });
  const server = createServer((request, response) => {
    const isScript = request.url === '/worker.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : '<!doctype html><title>worker</title>');
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('no port'));
      else resolve(address.port);
    });
  });
}
