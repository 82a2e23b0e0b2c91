/**
 * Systems of the seeds as users run them, real daemons and all: the three servers with ten pings a second for an hour,
 * and the five directors for a week, in which nothing may grow. Steps and verdicts are left out; power stays on.
 */

import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { timeUs } from '../../daemon/base/time.ts';
import { loadScenarioFile } from '../../sim/cli/scenario-files.ts';
import { FULL_LOG, NO_LOG, type RunLogOptions } from '../../sim/engine/run-log.ts';
import { Cable } from '../../sim/lan/cable.ts';
import { type ScenarioRun, startRun } from '../../sim/scenario/run.ts';
import type { Scenario } from '../../sim/scenario/scenario.ts';
import { type BenchCounts, type BenchResult, measure } from './bench-result.ts';

const DAY_SECONDS = 86_400;

/** Three servers, one address, one client that pings it ten times a second. Messages are answers. */
export function runThreeServers(options: {
  readonly seconds: number;
  /** Hash every frame and keep every event, as `run --json` does. */
  readonly hashed?: boolean;
}): BenchResult {
  const { hashed = false } = options;
  const log = hashed ? FULL_LOG : NO_LOG;
  const run = start('three-servers/power-off-and-on', { withTraffic: true, log });
  return measure({
    workload: `three servers, 10 pings/s, ${options.seconds} s${hashed ? ', hashed' : ''}`,
    simulatedSeconds: options.seconds,
    run: () => {
      run.advanceTo(timeUs(options.seconds * 1_000_000));
      return countFrames(run);
    },
  });
}

/** The five directors without traffic; tells how much the heap grew after the first of so many days. */
export function runFiveDirectors(options: { readonly days: number }): BenchResult {
  const run = start('five-directors/three-vips', { withTraffic: false, log: NO_LOG });
  const collect = garbageCollector();
  let growthMiB = 0;
  const result = measure({
    workload: `five directors, ${options.days} days`,
    simulatedSeconds: options.days * DAY_SECONDS,
    run: () => {
      run.advanceTo(timeUs(DAY_SECONDS * 1_000_000));
      const before = heapMiB(collect);
      run.advanceTo(timeUs(options.days * DAY_SECONDS * 1_000_000));
      growthMiB = heapMiB(collect) - before;
      return countFrames(run);
    },
  });
  return { ...result, heapGrowthMiB: growthMiB };
}

function start(
  name: string,
  options: { readonly withTraffic: boolean; readonly log: RunLogOptions },
): ScenarioRun {
  const root = process.env['LANTWIN_ROOT'] ?? process.cwd();
  const loaded = loadScenarioFile(join(root, 'scenarios/seeds', `${name}.twin.yml`));
  if (loaded.scenario === undefined) throw new Error(`${name}: ${loaded.problems.length} problems`);
  const { scenario } = loaded;
  const quiet: Scenario = {
    ...scenario,
    steps: [],
    always: [],
    finally: [],
    traffic: options.withTraffic ? scenario.traffic : [],
  };
  return startRun(quiet, { eventLimit: Number.MAX_SAFE_INTEGER, log: options.log });
}

function countFrames(run: ScenarioRun): BenchCounts {
  let linkFrames = 0;
  for (const cable of run.lan.cables) {
    if (cable instanceof Cable) linkFrames += cable.a.delivered + cable.b.delivered;
  }
  let messages = 0;
  for (const pinger of run.traffic.values()) messages += pinger.answers.length;
  return { events: run.engine.eventCount, linkFrames, hostFrames: 0, messages };
}

function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

function heapMiB(collect: () => void): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1024 / 1024;
}
