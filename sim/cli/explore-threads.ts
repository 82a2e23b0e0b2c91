/**
 * Spreads the blocks of a search over threads. Each thread gets the next block when it is done with
 * one, so that none waits for a slow one; what comes out does not depend on who did what. Without
 * worker file (from sources) everything happens here, block by block.
 */

import { existsSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { exploreBlock, type SearchOptions, type SearchPart } from '../scenario/explore/explore.ts';
import type { DoneBlock } from './explore-state.ts';
import type { WorkerTask } from './explore-worker.ts';

/** A block to be done; `runs` cuts the last one short. */
export interface Block {
  readonly block: number;
  readonly runs: number;
}

/** What is to be done. */
export interface ThreadedSearch {
  readonly options: SearchOptions;
  readonly paths: readonly string[];
  readonly blocks: readonly Block[];
  readonly workers: number;
  /** Looked at before each block: `true` ends the search with what there is. */
  isStopped(): boolean;
  /** After each block. */
  onBlock(done: DoneBlock): void;
}

/**
 * Short-lived objects of many runs: a young generation of that size is collected a fifth as often as
 * Node's 16 MB.
 */
const YOUNG_GENERATION_MB = 64;

/** All blocks, unless stopped; each is told to `onBlock` and nowhere else. */
export async function searchInThreads(search: ThreadedSearch): Promise<void> {
  const waiting = [...search.blocks];
  const next = () => (search.isStopped() ? undefined : waiting.shift());
  const file = workerFile();
  if (file === undefined) {
    for (let one = next(); one !== undefined; one = next()) {
      search.onBlock({
        block: one.block,
        part: exploreBlock(search.options, one.block, one.runs),
      });
      // Signals are heard between blocks.
      await setImmediate();
    }
    return;
  }
  const count = Math.min(search.workers, search.blocks.length);
  await Promise.all(Array.from({ length: count }, () => oneThread(file, search, next)));
}

function oneThread(
  file: URL,
  search: ThreadedSearch,
  next: () => Block | undefined,
): Promise<void> {
  const { options, paths, onBlock } = search;
  const workerData: WorkerTask = { paths, seed: options.seed, kinds: options.kinds };
  return new Promise((resolve, reject) => {
    const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB };
    const worker = new Worker(file, { workerData, resourceLimits });
    let current: Block | undefined;
    const give = () => {
      current = next();
      worker.postMessage(current ?? 'end');
    };
    worker.on('message', (part: SearchPart | 'ready') => {
      if (part !== 'ready' && current !== undefined) onBlock({ block: current.block, part });
      give();
    });
    worker.on('error', reject);
    worker.on('exit', (code) => {
      if (code === 0) resolve();
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
