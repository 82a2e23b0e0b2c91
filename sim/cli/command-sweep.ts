/**
 * `sweep FILE`: the same scenario (or the standard matrix of a set of configurations) under many
 * seeds, each a phase of the advert interval and of the traffic, and the shortest and longest
 * outage with the seed of each. Every answer is one that `run --seed N` repeats.
 */

import { EVENTS_ONLY } from '../engine/run-log.ts';
import { problemText } from '../report/problem-text.ts';
import { shellWord } from '../report/reporter.ts';
import { durationWords } from '../scenario/expectations/verdict.ts';
import { runMatrix } from '../scenario/matrix/matrix.ts';
import { type Extremes, extremesOf, type SweepSample } from '../scenario/matrix/sweep.ts';
import { runScenario } from '../scenario/run.ts';
import { readSeeds } from './arguments.ts';
import { isBareConfig, readBareConfigs } from './bare-configs.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Output } from './output.ts';
import { loadScenarioFile } from './scenario-files.ts';

/** The options of `sweep`. */
export interface SweepCommandOptions {
  readonly seeds?: string;
  readonly json?: boolean;
}

/** Seeds when none are given. */
const DEFAULT_SEEDS = '1..50';

/** Sweeps; 3 when a file is invalid. */
export function sweepCommand(
  paths: readonly string[],
  options: SweepCommandOptions,
  output: Output,
): ExitCode {
  const seeds = readSeeds(options.seeds ?? DEFAULT_SEEDS);
  const bare = paths.every(isBareConfig) ? readBareConfigs(paths) : undefined;
  const loaded = bare?.loaded ?? loadScenarioFile(paths[0] ?? '');
  const { scenario, problems, sources } = loaded;
  if (scenario === undefined) {
    for (const one of problems) output.err(`${problemText(one, sources, output.style)}\n`);
    return 3;
  }
  const samples = seeds.flatMap((seed): readonly SweepSample[] => {
    if (bare !== undefined) {
      return runMatrix(scenario, bare.configs, { seed }).rows.map((row) => ({
        seed,
        name: `${row.fault} ${row.address}`,
        outage: row.without ?? 0,
        open: row.dead,
      }));
    }
    return runScenario(scenario, { seed, log: EVENTS_ONLY }).traffic.map((one) => ({
      seed,
      name: one.name,
      outage: one.longestOutage,
      open: one.outages.some((outage) => outage.open),
    }));
  });
  tell(extremesOf(samples), { paths, count: seeds.length, json: options.json === true }, output);
  return 0;
}

function tell(
  all: readonly Extremes[],
  given: { readonly paths: readonly string[]; readonly count: number; readonly json: boolean },
  output: Output,
): void {
  const { paths, count, json } = given;
  if (json) {
    const seconds = (one: Extremes['shortest']) => ({
      seconds: one.outage / 1_000_000,
      seed: one.seed,
    });
    const sweeps = all.map((one) => ({
      name: one.name,
      shortest: seconds(one.shortest),
      longest: seconds(one.longest),
      neverAnsweredAgain: one.open,
    }));
    output.out(`${JSON.stringify({ format: 1, seeds: count, sweeps }, undefined, 2)}\n`);
    return;
  }
  const files = paths.map(shellWord).join(' ');
  const ms = (outage: number) => durationWords(Math.round(outage / 1000) * 1000);
  for (const one of all) {
    const shortest = `${ms(one.shortest.outage)} (seed ${one.shortest.seed})`;
    const longest = `${ms(one.longest.outage)} (seed ${one.longest.seed})`;
    const open = one.open === 0 ? '' : `, still out at the end in ${one.open}`;
    output.out(`${one.name}: out for ${shortest} to ${longest} over ${count} seeds${open}\n`);
  }
  const worst = all.toSorted((a, b) => b.longest.outage - a.longest.outage)[0];
  if (worst === undefined) output.out('there is no traffic to measure\n');
  else output.out(`repeat: npx lantwin run ${files} --seed ${worst.longest.seed}\n`);
}
