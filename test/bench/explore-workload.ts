/**
 * `explore` on the three servers: a minute of virtual time per run, ten pings a second, faults drawn,
 * judged and counted, on one core. Messages are runs, so that messages per second are runs per second.
 */

import { join } from 'node:path';
import { readSearchBase } from '../../sim/cli/explore-base.ts';
import { PLAIN_STYLE } from '../../sim/report/style.ts';
import { BLOCK_RUNS, exploreBlock } from '../../sim/scenario/explore/explore.ts';
import { type BenchResult, measure } from './bench-result.ts';

/** Blocks before the clock runs: a search of thousands of runs is compiled after the first hundreds. */
const WARM_BLOCKS = 30;

/** Runs that many blocks of a search. */
export function runExplore(options: { readonly blocks: number }): BenchResult {
  const root = process.env['LANTWIN_ROOT'] ?? process.cwd();
  const file = join(root, 'scenarios/seeds/three-servers/power-off-and-on.twin.yml');
  const silent = { out: () => {}, err: () => {}, style: PLAIN_STYLE };
  const base = readSearchBase([file], silent);
  if (base === undefined) throw new Error(`${file} cannot be read`);
  for (let block = 0; block < WARM_BLOCKS; block++) exploreBlock({ base, seed: 2 }, block);
  const runs = options.blocks * BLOCK_RUNS;
  const secondsPerRun = (base.endMs + 1000 + base.boundMs + WATCH_MS) / 1000;
  return measure({
    workload: `explore, three servers, ${Math.round(secondsPerRun)} s a run, ${runs} runs`,
    simulatedSeconds: runs * secondsPerRun,
    run: () => {
      for (let block = 0; block < options.blocks; block++) exploreBlock({ base, seed: 1 }, block);
      return { events: 0, linkFrames: 0, hostFrames: 0, messages: runs };
    },
  });
}

/** Watched after the last bound, as `plan.ts` has it. */
const WATCH_MS = 8000;
