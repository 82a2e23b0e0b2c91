/** Spreads the blocks of a search over threads; without worker file (from sources) over none. */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import {
  exploreBlock,
  mergeParts,
  type SearchOptions,
  type SearchPart,
} from '../scenario/explore/explore.ts';
import type { WorkerTask } from './explore-worker.ts';

/** What is to be done. */
export interface ThreadedSearch {
  readonly options: SearchOptions;
  readonly paths: readonly string[];
  readonly blocks: readonly { readonly block: number; readonly runs: number }[];
  readonly workers: number;
  /** After each block. */
  onPart(part: SearchPart): void;
}

/** All blocks; the result does not depend on the number of threads. */
export async function searchInThreads(search: ThreadedSearch): Promise<SearchPart> {
  const { blocks, options, onPart } = search;
  const file = workerFile();
  const count = Math.min(search.workers, blocks.length);
  if (count < 2 || file === undefined) {
    const parts = blocks.map(({ block, runs }) => {
      const part = exploreBlock(options, block, runs);
      onPart(part);
      return part;
    });
    return mergeParts(parts);
  }
  const shares = Array.from({ length: count }, (_, index) =>
    blocks.filter((_one, at) => at % count === index),
  );
  const parts = await Promise.all(shares.map((share) => oneThread(file, share, search)));
  return mergeParts(parts.flat());
}

function oneThread(
  file: URL,
  blocks: WorkerTask['blocks'],
  search: ThreadedSearch,
): Promise<readonly SearchPart[]> {
  const { options, paths, onPart } = search;
  const workerData: WorkerTask = { paths, seed: options.seed, kinds: options.kinds, blocks };
  return new Promise((resolve, reject) => {
    const parts: SearchPart[] = [];
    const worker = new Worker(file, { workerData });
    worker.on('message', (part: SearchPart) => {
      parts.push(part);
      onPart(part);
    });
    worker.on('error', reject);
    worker.on('exit', (code) => {
      if (code === 0) resolve(parts);
      else reject(new Error(`a worker of explore ended with ${code}`));
    });
  });
}

/** Beside this module in dist/, or beside the packed command line. */
function workerFile(): URL | undefined {
  const places = ['./explore-worker.js', '../cli/explore-worker.js'];
  const urls = places.map((place) => new URL(place, import.meta.url));
  return urls.find((url) => existsSync(fileURLToPath(url)));
}
