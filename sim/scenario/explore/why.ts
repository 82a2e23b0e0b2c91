/**
 * Why a run fails: which event made it inevitable. The run is rewound to one moment after another,
 * and goes on from there with other luck: other draws of all chance, the later steps moved together by
 * up to one advert interval, and each later fault happens or stays away with even chance. Where all
 * of these replays fail and right before some did not, the die was cast. Then each step is left out in turn: what is not needed is no cause.
 */

import { randomBelow } from '../../../daemon/base/random.ts';
import {
  type DurationUs,
  durationUs,
  later,
  seconds,
  type TimeUs,
} from '../../../daemon/base/time.ts';
import type { DaemonConfig } from '../../../daemon/config/daemon-config.ts';
import { RandomStreams } from '../../engine/random-streams.ts';
import { EVENTS_ONLY, type RunEvent } from '../../engine/run-log.ts';
import type { HostRunEvent } from '../../host/host-events.ts';
import type { ProgramRegistry } from '../../host/machine.ts';
import type { ExpectationResult } from '../expectations/verdict.ts';
import { type RunOptions, type RunResult, runScenario } from '../run.ts';
import type { Scenario, Step } from '../scenario.ts';
import { knownFor } from './failure.ts';
import { endsFault, forcesOfSteps } from './forces.ts';

/** How the replays of one moment ended. */
export interface Rewind {
  /** Everything up to and including that moment is as it was; 0 with no event: nothing is. */
  readonly at: TimeUs;
  /** What happened at that moment. */
  readonly events: readonly RunEvent[];
  readonly failed: number;
  readonly tried: number;
}

/** How the replays without one step ended. */
export interface WithoutStep {
  readonly step: Step;
  readonly failed: number;
  readonly tried: number;
}

/** The explanation of one failed claim. */
export interface Why {
  readonly failed: ExpectationResult;
  /** In order of time; the first is the start. */
  readonly rewinds: readonly Rewind[];
  /** From here on all replays fail; `undefined`: with other luck it may still go well at the end. */
  readonly decisive: Rewind | undefined;
  /** The last moment before it at which some replays went well. */
  readonly before: Rewind | undefined;
  readonly without: readonly WithoutStep[];
  /** The known behaviour of keepalived that the failure is, if it is one: a row of `KNOWN_BEHAVIOUR`. */
  readonly known: string | undefined;
}

/** What the explanation may take. */
export interface WhyOptions {
  /** The seed of the failed run; by default the scenario's. */
  readonly seed?: number;
  /** Replays per moment. */
  readonly replays: number;
  /** Of the hosts with keepalived; what a failure is known for is only told with them. */
  readonly configs: readonly DaemonConfig[];
  readonly programs?: ProgramRegistry;
}

/** Most moments that are looked at; of more, steps and changes of state come first. */
const MOMENTS_MAX = 24;
/** Later steps move by up to that long: the phase of a fault against adverts. */
const SHIFT_MAX = seconds(1);
/** A replay that runs wild is cut off. */
const EVENT_LIMIT = 2_000_000;

/** Explains the first failure of a run; `undefined` when it does not fail. */
export function explainFailure(scenario: Scenario, options: WhyOptions): Why | undefined {
  const seed = options.seed ?? scenario.seed;
  const programs = options.programs === undefined ? {} : { programs: options.programs };
  const limits = { eventLimit: EVENT_LIMIT, log: EVENTS_ONLY, ...programs };
  const result = runScenario(scenario, { ...limits, seed });
  const failed = firstFailure(result);
  if (failed === undefined) return undefined;
  const count = (runs: readonly RunResult[]) => runs.filter((one) => failsIn(one, failed)).length;
  const lucks = Array.from({ length: options.replays }, (_, index) => index + 1);
  const replay = (at: TimeUs | undefined, luck: number) =>
    runScenario(otherwise(scenario, at ?? (1 as TimeUs), luck), {
      ...limits,
      ...otherLuck(seed, at, luck),
    });
  const rewinds = momentsOf(result, failed).map(({ at, events }): Rewind => {
    const after = events.length === 0 ? undefined : later(at, durationUs(1));
    const runs = lucks.map((luck) => replay(after, luck));
    return { at, events, failed: count(runs), tried: runs.length };
  });
  const without = scenario.steps.flatMap((step): WithoutStep[] => {
    if (step.actions.length === 0 || step.at > failedAt(failed)) return [];
    const idle = scenario.steps.map((one) => (one === step ? { ...one, actions: [] } : one));
    const spared = { ...scenario, steps: idle };
    const runs = lucks.map((luck) =>
      runScenario(spared, { ...limits, seed: luck === 1 ? seed : seed + luck }),
    );
    return [{ step, failed: count(runs), tried: runs.length }];
  });
  const open = rewinds.findLastIndex((one) => one.failed < one.tried);
  return {
    failed,
    rewinds,
    decisive: rewinds[open + 1],
    before: rewinds[open],
    without,
    known: knownFor({
      failed,
      result,
      forces: forcesOfSteps(scenario, result.end),
      base: { scenario, configs: options.configs, traffic: scenario.traffic.map(nameOf) },
    }),
  };
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

function firstFailure(result: RunResult): ExpectationResult | undefined {
  const failed = result.expectations.filter((one) => one.verdict === 'fail');
  return failed.find((one) => one.id.startsWith('always')) ?? failed[0];
}

function failsIn(result: RunResult, failed: ExpectationResult): boolean {
  return result.expectations.some((one) => one.id === failed.id && one.verdict === 'fail');
}

function failedAt(failed: ExpectationResult): TimeUs {
  return failed.span?.from ?? failed.at;
}

/** Chance from the start, or from a moment on. */
function otherLuck(seed: number, at: TimeUs | undefined, luck: number): RunOptions {
  if (at === undefined) return { seed: seed + luck };
  return { seed, reseed: { at, seed: seed + luck } };
}

/** The start, and each moment with a step, a change of state, a signal or a power switch. */
function momentsOf(
  result: RunResult,
  failed: ExpectationResult,
): readonly { readonly at: TimeUs; readonly events: readonly RunEvent[] }[] {
  const until = failedAt(failed);
  const byTime = new Map<TimeUs, RunEvent[]>();
  for (const event of result.log) {
    if (event.at > until || event.at === 0 || weightOf(event) === 0) continue;
    byTime.set(event.at, [...(byTime.get(event.at) ?? []), event]);
  }
  const weight = ([, events]: [TimeUs, RunEvent[]]) => Math.max(...events.map(weightOf));
  const kept = [...byTime]
    .toSorted((a, b) => weight(b) - weight(a) || b[0] - a[0])
    .slice(0, MOMENTS_MAX)
    .toSorted(([a], [b]) => a - b)
    .map(([at, events]) => ({ at, events: events.toSorted((a, b) => weightOf(b) - weightOf(a)) }));
  return [{ at: 0 as TimeUs, events: [] }, ...kept];
}

/** How much an event can have to do with the end: 0 nothing. */
function weightOf(event: RunEvent): number {
  if (event.kind === 'step') return 3;
  if (event.kind === 'daemon') {
    const { report } = event as HostRunEvent & { readonly kind: 'daemon' };
    return report.kind === 'vrrp-state' ? 2 : 0;
  }
  return event.kind === 'power' || event.kind === 'program' || event.kind === 'carrier' ? 1 : 0;
}

/**
 * The same scenario with other luck from a moment on: everything comes later by less than an advert
 * interval, and of the faults only some. What repairs something always happens.
 */
function otherwise(scenario: Scenario, from: TimeUs, luck: number): Scenario {
  const random = new RandomStreams(luck).named('why');
  const by = randomBelow(random, SHIFT_MAX) as DurationUs;
  const steps = scenario.steps.map((step) => {
    if (step.at < from) return step;
    const actions = step.actions.filter((one) => endsFault(one) || randomBelow(random, 2) === 0);
    return { ...step, actions, at: later(step.at, by) };
  });
  const always = scenario.always.map((one) => {
    const { spec } = one;
    if (spec.kind === 'never' || spec.from === undefined || spec.from < from) return one;
    return { ...one, spec: { ...spec, from: durationUs(spec.from + by) } };
  });
  return { ...scenario, steps, always, until: later(scenario.until, by) };
}
