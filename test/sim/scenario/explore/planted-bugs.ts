/**
 * Plants every bug, looks for it, shrinks it, and runs the written scenario against the broken and
 * the healthy daemon. `node tools/run-built.mjs test/sim/scenario/explore/planted-bugs.ts` prints the
 * whole table; the unit test does the same within its budget.
 */

import { performance } from 'node:perf_hooks';
import type { Verdict } from '../../../../sim/scenario/expectations/verdict.ts';
import { BLOCK_RUNS, exploreBlock } from '../../../../sim/scenario/explore/explore.ts';
import type { Failure } from '../../../../sim/scenario/explore/failure.ts';
import { loadPlanned, plannedText } from '../../../../sim/scenario/explore/plan.ts';
import { shrink } from '../../../../sim/scenario/explore/shrink.ts';
import { runScenario } from '../../../../sim/scenario/run.ts';
import { readFile, searchOf } from './lans.ts';
import { brokenPrograms, PLANTED, type Planted } from './planted.ts';

/** What came of one bug. */
export interface Hunt {
  /** Runs until it was found; `undefined`: never. */
  readonly runs: number | undefined;
  readonly signature: string;
  readonly steps: number;
  readonly onBroken: Verdict;
  readonly onHealthy: Verdict;
}

/** Hunts one bug for at most `budget` runs. */
export function hunt(planted: Planted, budget: number, seed = 1): Hunt {
  const found = firstFinding(planted, budget, seed);
  if (found === undefined) {
    return { runs: undefined, signature: '', steps: 0, onBroken: 'unknown', onHealthy: 'unknown' };
  }
  const small = shrink(searchOf({ seed }, planted), found);
  const text = plannedText(small.base, small.failure.plan, small.failure.signature);
  const { scenario, problems } = loadPlanned(text, 'found.twin.yml', readFile);
  if (scenario === undefined) throw new Error(JSON.stringify(problems));
  return {
    runs: found.run + 1,
    signature: small.failure.signature,
    steps: scenario.steps.length,
    onBroken: runScenario(scenario, { programs: brokenPrograms(planted) }).verdict,
    onHealthy: runScenario(scenario).verdict,
  };
}

/** The first finding that keepalived is not known for. */
function firstFinding(planted: Planted, budget: number, seed: number): Failure | undefined {
  for (let block = 0; block * BLOCK_RUNS < budget; block++) {
    const part = exploreBlock(searchOf({ seed }, planted), block);
    const found = part.failures.find((one) => one.known === undefined);
    if (found !== undefined) return found;
  }
  return undefined;
}

if (process.argv[1]?.includes('planted-bugs') === true) {
  for (const planted of PLANTED) {
    const begun = performance.now();
    const { runs, signature, steps, onBroken, onHealthy } = hunt(planted, 2000);
    const took = ((performance.now() - begun) / 1000).toFixed(1);
    const where = runs === undefined ? 'NOT FOUND' : `run ${runs}, ${steps} steps`;
    process.stdout.write(`${planted.name}: ${where}, broken ${onBroken}, healthy ${onHealthy}`);
    process.stdout.write(`, ${took} s\n    ${signature}\n`);
  }
}
