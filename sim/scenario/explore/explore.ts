/**
 * The search: draws schedules of faults, runs them, keeps what fails. Runs are numbered and come in
 * blocks; a block depends on the seed and its number alone (coverage steers inside a block), so the
 * result is the same on any number of workers and shards.
 */

import { type RandomSource, randomBelow } from '../../../daemon/base/random.ts';
import { RandomStreams } from '../../engine/random-streams.ts';
import { EVENTS_ONLY } from '../../engine/run-log.ts';
import { type RunResult, runScenario } from '../run.ts';
import { type Coverage, mergedCoverage, pointsOf } from './coverage.ts';
import { type Failure, failureOf } from './failure.ts';
import { FAULT_KINDS, type Fault, type Targets, targetsOf } from './fault.ts';
import { type Plan, plannedScenario, type SearchBase } from './plan.ts';

/** Runs of one block: the unit of work, and how far coverage steers. */
export const BLOCK_RUNS = 16;
/** Most faults of one schedule. */
const FAULTS_MAX = 6;
/** Most events of one run; a storm is a failure of its own kind and ends here. */
const EVENTS_MAX = 2_000_000;

/** What a search is told. */
export interface SearchOptions {
  readonly base: SearchBase;
  readonly seed: number;
  /** Names of kinds; absent: all. */
  readonly kinds?: readonly string[];
}

/** What came of some runs; parts merge in any order. */
export interface SearchPart {
  readonly runs: number;
  readonly failures: readonly Failure[];
  readonly coverage: Coverage;
}

/** Carries out one block; `runs` cuts the last one short. */
export function exploreBlock(options: SearchOptions, block: number, runs = BLOCK_RUNS): SearchPart {
  const random = new RandomStreams(options.seed).named(`explore/${block}`);
  const targets = targetsOf(options.base.scenario.lan);
  const counts = new Map<string, number>();
  const corpus: Plan[] = [];
  const failures: Failure[] = [];
  for (let i = 0; i < runs; i++) {
    const parent = randomBelow(random, 2) === 0 ? pickPlan(random, corpus) : undefined;
    const fresh = drawPlan(random, targets, options);
    const plan = parent === undefined ? fresh : crossed(random, parent, fresh);
    const result = runPlan(options, plan);
    const points = pointsOf(result, plan.faults);
    if ([...points].some((point) => !counts.has(point))) corpus.push(plan);
    for (const point of points) counts.set(point, (counts.get(point) ?? 0) + 1);
    const run = block * BLOCK_RUNS + i;
    const failed = failureOf({ result, plan, base: options.base, run });
    if (failed !== undefined) failures.push(failed);
  }
  return { runs, failures, coverage: counts };
}

/** Several parts as one, the same in whatever order they come. */
export function mergeParts(parts: readonly SearchPart[]): SearchPart {
  return {
    runs: parts.reduce((sum, part) => sum + part.runs, 0),
    failures: parts.flatMap((part) => part.failures).toSorted((a, b) => a.run - b.run),
    coverage: mergedCoverage(parts.map((part) => part.coverage)),
  };
}

/** The blocks of a shard, 1-based; together the shards have every block once. */
export function blocksOf(
  runs: number,
  shard: { readonly index: number; readonly count: number },
): readonly { readonly block: number; readonly runs: number }[] {
  const count = Math.ceil(runs / BLOCK_RUNS);
  return Array.from({ length: count }, (_, block) => ({
    block,
    runs: Math.min(BLOCK_RUNS, runs - block * BLOCK_RUNS),
  })).filter(({ block }) => block % shard.count === shard.index - 1);
}

/** Runs one plan. */
export function runPlan(options: SearchOptions, plan: Plan): RunResult {
  const { programs } = options.base;
  const scenario = plannedScenario(options.base, plan);
  return runScenario(scenario, { eventLimit: EVENTS_MAX, log: EVENTS_ONLY, programs });
}

/** Swarm style: each schedule has its own small selection of kinds. */
function drawPlan(random: RandomSource, targets: Targets, options: SearchOptions): Plan {
  const { base, kinds } = options;
  const allowed = FAULT_KINDS.filter((kind) => kinds?.includes(kind.name) ?? true);
  const swarm = allowed.filter(() => randomBelow(random, 3) === 0);
  const chosen = swarm.length === 0 ? allowed : swarm;
  const count = 1 + randomBelow(random, FAULTS_MAX);
  const faults: Fault[] = [];
  for (let i = 0; i < count; i++) {
    const kind = chosen[randomBelow(random, chosen.length)];
    const at = base.startMs + randomBelow(random, base.endMs - base.startMs);
    const until = Math.min(base.endMs, at + 100 + randomBelow(random, 12_000));
    const drawn = kind?.draw(random, targets);
    if (kind !== undefined && drawn !== undefined) {
      faults.push({ kind: kind.name, at, until, ...drawn });
    }
  }
  const sorted = faults.toSorted((a, b) => a.at - b.at);
  return { seed: random.uint32(), faults: sorted, healAt: base.endMs + 1000 };
}

function pickPlan(random: RandomSource, corpus: readonly Plan[]): Plan | undefined {
  return corpus.length === 0 ? undefined : corpus[randomBelow(random, corpus.length)];
}

/** Some faults of a schedule that reached something new, and some of a fresh one. */
function crossed(random: RandomSource, parent: Plan, fresh: Plan): Plan {
  const kept = parent.faults.filter(() => randomBelow(random, 3) > 0);
  const added = fresh.faults.slice(0, Math.max(1, FAULTS_MAX - kept.length));
  const faults = [...kept, ...added].toSorted((a, b) => a.at - b.at);
  return { ...fresh, faults };
}
