/** One thread of `explore`: reads the files itself, carries out the blocks that it is given. */

import { parentPort, workerData } from 'node:worker_threads';
import { PLAIN_STYLE } from '../report/style.ts';
import { exploreBlock } from '../scenario/explore/explore.ts';
import { readSearchBase } from './explore-base.ts';
import { scenarioLoader } from './scenario-loader.ts';

/** What the main thread hands over; then it sends blocks one by one, and `end`. */
export interface WorkerTask {
  readonly paths: readonly string[];
  readonly seed: number;
  readonly kinds: readonly string[] | undefined;
}

const task = workerData as WorkerTask;
const port = parentPort;
const silent = { out: () => {}, err: () => {}, style: PLAIN_STYLE };
const base = readSearchBase(task.paths, silent, await scenarioLoader(task.paths));
if (base === undefined || port === null) throw new Error('a worker of explore cannot start');
const { seed, kinds } = task;
const options = { base, seed, ...(kinds === undefined ? {} : { kinds }) };
port.on('message', (given: { readonly block: number; readonly runs: number } | 'end') => {
  if (given === 'end') port.close();
  else port.postMessage(exploreBlock(options, given.block, given.runs));
});
port.postMessage('ready');
