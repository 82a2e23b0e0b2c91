/**
 * `sweep FILE`: a scenario, or the standard matrix of faults of a set of configurations, at all
 * phases of the advert interval: the shortest and the longest outage, each with its seed and phase.
 * `--phase` with that seed gives the same run again.
 */

import { type DurationUs, durationUs, later } from '../../daemon/base/time.ts';
import type { DaemonConfig } from '../../daemon/config/daemon-config.ts';
import { EVENTS_ONLY } from '../engine/run-log.ts';
import { problemText } from '../report/problem-text.ts';
import { shellWord } from '../report/reporter.ts';
import { scenarioNodes } from '../scenario/checks/scenario-nodes.ts';
import { durationWords } from '../scenario/expectations/verdict.ts';
import { STANDARD_FAULTS } from '../scenario/matrix/faults.ts';
import { runMatrix } from '../scenario/matrix/matrix.ts';
import {
  type Extremes,
  extremesOf,
  type SweepSample,
  sweepPhases,
} from '../scenario/matrix/sweep.ts';
import { runScenario } from '../scenario/run.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { parseDuration } from '../scenario/schema/units.ts';
import { readSeeds } from './arguments.ts';
import { isBareConfig, readBareConfigs } from './bare-configs.ts';
import { type ExitCode, UsageError } from './exit-codes.ts';
import type { Output } from './output.ts';
import { loadScenarioFile } from './scenario-files.ts';
import type { LoadScenario } from './scenario-loader.ts';

/** The options of `sweep`. */
export interface SweepCommandOptions {
  readonly seeds?: string;
  readonly seed?: string;
  readonly phases?: string;
  readonly phase?: string;
  readonly faults?: string;
  readonly json?: boolean;
}

/** Points of the grid when none are given: every 50 ms of an interval of 1 s. */
const DEFAULT_POINTS = 20;
const POINTS_MAX = 10_000;
/** Advert interval where no configuration says one, µs. */
const DEFAULT_INTERVAL = 1_000_000;

/** Sweeps; 3 when a file is invalid. */
export function sweepCommand(
  paths: readonly string[],
  options: SweepCommandOptions,
  output: Output,
  load: LoadScenario = loadScenarioFile,
): ExitCode {
  const seeds = readSeeds(options.seeds ?? seedRange(options.seed ?? '1'));
  const points = readPoints(options.phases);
  const phase = options.phase === undefined ? undefined : readPhase(options.phase);
  const faults = readFaults(options.faults);
  const bare = paths.every(isBareConfig) ? readBareConfigs(paths) : undefined;
  const loaded = bare?.loaded ?? load(paths[0] ?? '');
  const { scenario, problems, sources } = loaded;
  if (scenario === undefined) {
    for (const one of problems) output.err(`${problemText(one, sources, output.style)}\n`);
    return 3;
  }
  const configs = bare?.configs ?? scenarioNodes(scenario, sources).map((node) => node.config);
  const grain = Math.max(0, ...scenario.traffic.map((one) => one.every));
  const interval = longestInterval(configs);
  const one = (seed: number, at: number, fault?: string): readonly SweepSample[] =>
    bare === undefined
      ? ofScenario(scenario, seed, at)
      : ofMatrix({ scenario, configs, seed, phase: at, ...(fault === undefined ? {} : { fault }) });
  const parts = bare === undefined ? [undefined] : faults;
  const samples = seeds.flatMap((seed) =>
    parts.flatMap((fault) =>
      phase !== undefined
        ? one(seed, phase, fault)
        : sweepPhases({ interval, points, grain }, (at) => one(seed, at, fault)),
    ),
  );
  const count = seeds.length;
  tell(extremesOf(samples), { paths, interval, count, json: options.json === true }, output);
  return 0;
}

function ofMatrix(given: {
  readonly scenario: Scenario;
  readonly configs: readonly DaemonConfig[];
  readonly seed: number;
  readonly phase: number;
  readonly fault?: string;
}): readonly SweepSample[] {
  const { scenario, configs, seed, phase, fault } = given;
  const faults = fault === undefined ? {} : { faults: [fault] };
  return runMatrix(scenario, configs, { seed, shift: phase, ...faults }).rows.map((row) => ({
    seed,
    phase,
    name: `${row.fault} ${row.address}`,
    outage: row.without ?? 0,
    open: row.dead,
  }));
}

/** All steps but those of the start come later by the phase, and the end with them. */
function ofScenario(scenario: Scenario, seed: number, phase: number): readonly SweepSample[] {
  const by = phase as DurationUs;
  const steps = scenario.steps.map((step) =>
    step.at === 0 ? step : { ...step, at: later(step.at, by) },
  );
  const until = later(scenario.until, by);
  const shifted = { ...scenario, steps, until, always: [], finally: [] };
  return runScenario(shifted, { seed, log: EVENTS_ONLY }).traffic.map((one) => ({
    seed,
    phase,
    name: one.name,
    outage: one.longestOutage,
    open: one.outages.some((outage) => outage.open),
  }));
}

function longestInterval(configs: readonly DaemonConfig[]): number {
  const all = configs.flatMap((config) => config.vrrp.instances);
  const longest = Math.max(0, ...all.map((one) => one.advertInterval));
  return longest === 0 ? DEFAULT_INTERVAL : longest;
}

function tell(
  all: readonly Extremes[],
  given: {
    readonly paths: readonly string[];
    readonly interval: number;
    readonly count: number;
    readonly json: boolean;
  },
  output: Output,
): void {
  const { paths, interval, count, json } = given;
  if (json) {
    const sample = (one: SweepSample) => ({
      seconds: one.outage / 1_000_000,
      seed: one.seed,
      phase: one.phase / 1_000_000,
    });
    const sweeps = all.map((one) => ({
      name: one.name,
      shortest: sample(one.shortest),
      longest: sample(one.longest),
      neverAnsweredAgain: one.open,
      samples: one.samples,
    }));
    const document = { format: 1, interval: interval / 1_000_000, seeds: count, sweeps };
    output.out(`${JSON.stringify(document, undefined, 2)}\n`);
    return;
  }
  const seeds = count === 1 ? '' : `, ${count} seeds`;
  output.out(`all phases of an advert interval of ${durationWords(interval)}${seeds}\n`);
  const ms = (outage: number) => durationWords(Math.round(outage / 1000) * 1000);
  const at = (one: SweepSample) => `phase ${durationWords(one.phase)}, seed ${one.seed}`;
  const width = Math.max(0, ...all.map((one) => one.name.length));
  for (const one of all) {
    const { shortest, longest, open, samples } = one;
    const range = `${ms(shortest.outage)} (${at(shortest)}) to ${ms(longest.outage)} (${at(longest)})`;
    const left = open === 0 ? '' : `, still out at the end in ${open} of ${samples}`;
    output.out(`  ${one.name.padEnd(width)}  out for ${range}${left}\n`);
  }
  const worst = all.toSorted((a, b) => b.longest.outage - a.longest.outage)[0]?.longest;
  if (worst === undefined) output.out('there is no traffic to measure\n');
  else output.out(`repeat: npx lantwin sweep ${repeatWords(paths, worst)}\n`);
}

function repeatWords(paths: readonly string[], worst: SweepSample): string {
  return `${paths.map(shellWord).join(' ')} --seed ${worst.seed} --phase ${worst.phase}us`;
}

function seedRange(text: string): string {
  return `${text}..${text}`;
}

function readPoints(text: string | undefined): number {
  if (text === undefined) return DEFAULT_POINTS;
  const points = /^\d+$/.test(text) ? Number(text) : 0;
  if (points >= 1 && points <= POINTS_MAX) return points;
  throw new UsageError(`--phases: expected 1 to ${POINTS_MAX}, read '${text}'`);
}

function readPhase(text: string): number {
  const phase = parseDuration(text);
  if (phase !== undefined && phase >= 0) return durationUs(phase);
  throw new UsageError(`--phase: expected a time with a unit such as 250ms, read '${text}'`);
}

function readFaults(text: string | undefined): readonly string[] {
  const known = STANDARD_FAULTS.map((fault) => fault.name);
  if (text === undefined) return known;
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !known.includes(name));
  if (wrong === undefined) return names;
  throw new UsageError(`--faults: there is no '${wrong}', expected some of ${known.join(', ')}`);
}
