/** One thread of `explore`: reads the files itself, carries out blocks, posts what came of each. */

import { parentPort, workerData } from 'node:worker_threads';
import { PLAIN_STYLE } from '../report/style.ts';
import { exploreBlock } from '../scenario/explore/explore.ts';
import { readSearchBase } from './explore-base.ts';

/** What the main thread hands over. */
export interface WorkerTask {
  readonly paths: readonly string[];
  readonly seed: number;
  readonly kinds: readonly string[] | undefined;
  readonly blocks: readonly { readonly block: number; readonly runs: number }[];
}

const task = workerData as WorkerTask;
const base = readSearchBase(task.paths, { out: () => {}, err: () => {}, style: PLAIN_STYLE });
if (base === undefined || parentPort === null) throw new Error('a worker of explore cannot start');
const { seed, kinds } = task;
const options = { base, seed, ...(kinds === undefined ? {} : { kinds }) };
for (const { block, runs } of task.blocks) {
  parentPort.postMessage(exploreBlock(options, block, runs));
}
