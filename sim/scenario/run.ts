/**
 * Runs a scenario: builds engine and LAN from a seed, carries out the steps, judges. Pure and
 * bounded: the same scenario and seed give the same result, bytes and trace hash, in Node and in a
 * browser's worker.
 */

import { type DurationUs, later, type TimeUs } from '../../daemon/base/time.ts';
import { Engine } from '../engine/engine.ts';
import type { EventTarget } from '../engine/event-queue.ts';
import { FULL_LOG, type RunEvent, type RunLogOptions } from '../engine/run-log.ts';
import type { ProgramRegistry } from '../host/machine.ts';
import { buildLan } from '../topology/build-lan.ts';
import type { LivingLan } from '../topology/living-lan.ts';
import type { ActionContext } from './actions/action.ts';
import { actionWords } from './actions/action-table.ts';
import type { ExpectationResult, Verdict } from './expectations/verdict.ts';
import { Judge } from './judge.ts';
import type { ScenarioRunEvent } from './run-events.ts';
import type { Scenario, Step, TrafficSpec } from './scenario.ts';
import { startHttpLoad } from './traffic/http-load.ts';
import { type TrafficResult, trafficResult } from './traffic/outages.ts';
import { startPinger } from './traffic/pinger.ts';
import type { RunningTraffic } from './traffic/request-book.ts';
import { startTcpLoad } from './traffic/tcp-load.ts';
import { startUdpLoad } from './traffic/udp-load.ts';

/** Most events of a run; more is a loop, and the verdict is unknown. */
export const EVENT_LIMIT = 50_000_000;

/** First ICMP identifier of traffic; far from what `ping` on a host takes (its process id). */
const FIRST_IDENTIFIER = 0xe000;

/** What a run can be told besides its scenario. */
export interface RunOptions {
  /** Overrides the seed of the scenario. */
  readonly seed?: number;
  readonly eventLimit?: number;
  /**
   * What the run writes down; by default everything. Verdicts about happenings read the kept events, so only runs
   * without such claims may do without them; the hash costs a tenth of a busy run.
   */
  readonly log?: RunLogOptions;
  /** Runs on until then at least, whatever the scenario says. */
  readonly until?: TimeUs;
  /** Called when the LAN is built and before anything happens: captures, live views. */
  readonly onStart?: (lan: LivingLan) => void;
  /** Other programs than the usual ones; the hook by which tests plant a broken keepalived. */
  readonly programs?: ProgramRegistry;
  /** Other luck from that moment on, before anything else of it happens. */
  readonly reseed?: { readonly at: TimeUs; readonly seed: number };
}

/** Everything that is known after a run. */
export interface RunResult {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly verdict: Verdict;
  /** In the order of the file: steps, always, finally. */
  readonly expectations: readonly ExpectationResult[];
  readonly traffic: readonly TrafficResult[];
  /** 16 hexadecimal digits over everything that happened; '' when the run was told not to hash. */
  readonly traceHash: string;
  /** Virtual time at the end. */
  readonly end: TimeUs;
  /** `event-limit`: it did not come to its end. */
  readonly stopped: 'end' | 'event-limit';
  readonly eventCount: number;
  readonly log: readonly RunEvent[];
}

/** Runs a scenario to its end. */
export function runScenario(scenario: Scenario, options: RunOptions = {}): RunResult {
  return startRun(scenario, options).finish();
}

/** Sets a run up at t=0; the caller moves it on. */
export function startRun(scenario: Scenario, options: RunOptions = {}): ScenarioRun {
  return new ScenarioRun(scenario, options);
}

/** A run that is under way. */
export class ScenarioRun implements EventTarget {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly engine: Engine;
  readonly lan: LivingLan;
  readonly traffic: ReadonlyMap<string, RunningTraffic>;
  readonly #judge: Judge;
  readonly #until: TimeUs;
  readonly #eventLimit: number;
  #hitLimit = false;

  constructor(scenario: Scenario, options: RunOptions) {
    this.scenario = scenario;
    this.seed = options.seed ?? scenario.seed;
    this.engine = new Engine({ seed: this.seed, log: options.log ?? FULL_LOG });
    this.#eventLimit = options.eventLimit ?? EVENT_LIMIT;
    this.#until = Math.max(scenario.until, options.until ?? 0) as TimeUs;
    const { reseed } = options;
    if (reseed !== undefined) {
      const change = () => this.engine.streams.reseed(reseed.seed);
      this.engine.schedule(reseed.at, this, 0, change);
    }
    // Steps come first in the queue, so that at their moment they act before anything else does.
    for (const step of scenario.steps) this.engine.schedule(step.at, this, 0, step);
    this.lan = buildLan(scenario.lan, this.engine, options.programs);
    this.traffic = new Map(
      scenario.traffic.map((spec, index) => {
        const traffic = startTraffic(this.lan, spec, FIRST_IDENTIFIER + index);
        return [spec.name, traffic] as const;
      }),
    );
    this.#judge = new Judge(scenario, this.lan, this.traffic);
    options.onStart?.(this.lan);
  }

  /**
   * Lets virtual time pass up to and including `at`; `false` when the limit of events was reached.
   */
  advanceTo(at: TimeUs): boolean {
    if (this.#hitLimit) return false;
    const left = this.#eventLimit - this.engine.eventCount;
    this.#hitLimit = this.engine.runUntil(at, left) === 'event-limit';
    return !this.#hitLimit;
  }

  /** Runs to the end and gives the verdicts. */
  finish(): RunResult {
    this.advanceTo(this.#until);
    return this.finishNow();
  }

  /** Gives the verdicts as they are now: somebody outside decides when a run ends. */
  finishNow(): RunResult {
    const end = this.engine.now;
    const traffic = [...this.traffic.values()].map((one) => trafficResult(one, end));
    const byName = new Map(traffic.map((result) => [result.name, result] as const));
    const expectations = this.#judge.finish(byName);
    const stopped = this.#hitLimit ? 'event-limit' : 'end';
    return {
      scenario: this.scenario,
      seed: this.seed,
      verdict: overallVerdict(expectations, this.#hitLimit),
      expectations,
      traffic,
      traceHash: this.engine.log.hash(),
      end,
      stopped,
      eventCount: this.engine.eventCount,
      log: this.engine.log.events,
    };
  }

  /** Carries out a step, or something that an action put off; the engine calls it. */
  onEvent(_now: TimeUs, _code: number, payload: unknown): void {
    if (typeof payload === 'function') {
      payload();
      return;
    }
    this.#perform(payload as Step);
  }

  /**
   * Carries out a step that is in no file, done by hand at `step.at`, later than everything that has happened. A run
   * whose scenario has the same step from the start goes the same way, event by event.
   */
  actByHand(step: Step): void {
    this.engine.enter(step.at);
    this.#perform(step);
  }

  /** What has been decided so far; expectations that are still open are not among it. */
  decided(): readonly ExpectationResult[] {
    return this.#judge.decided();
  }

  #perform(step: Step): void {
    this.#judge.beforeStep(step);
    const words = step.actions.map(actionWords).join(', ');
    this.#record({ kind: 'step', index: step.index, words: step.name ?? words });
    const context = this.#contextOf(step);
    for (const { row, args } of step.actions) row.perform(context, args);
  }

  #contextOf(step: Step): ActionContext {
    return {
      lan: this.lan,
      files: this.scenario.files,
      after: (delay: DurationUs, what: () => void) => {
        this.engine.schedule(later(this.engine.now, delay), this, 0, what);
      },
      onOutput: (host, command, result) => {
        this.#record({ kind: 'exec', command, ...result }, host);
      },
      refused: (reason) => this.#record({ kind: 'step-refused', index: step.index, reason }),
    };
  }

  #record(event: Unstamped, node = ''): void {
    this.engine.log.record<ScenarioRunEvent>({ at: this.engine.now, node, ...event });
  }
}

function startTraffic(lan: LivingLan, spec: TrafficSpec, identifier: number): RunningTraffic {
  const { http, echo } = spec;
  if (http !== undefined) return startHttpLoad(lan, spec, http);
  if (echo === undefined) return startPinger(lan, spec, identifier);
  return spec.kind === 'udp' ? startUdpLoad(lan, spec, echo) : startTcpLoad(lan, spec, echo);
}

type Unstamped = ScenarioRunEvent extends infer E
  ? E extends ScenarioRunEvent
    ? Omit<E, 'at' | 'node'>
    : never
  : never;

/** One failure fails the run; without any expectation, or with an open one, nothing is known. */
function overallVerdict(expectations: readonly ExpectationResult[], cutOff: boolean): Verdict {
  if (expectations.some((one) => one.verdict === 'fail')) return 'fail';
  if (cutOff || expectations.length === 0) return 'unknown';
  return expectations.some((one) => one.verdict === 'unknown') ? 'unknown' : 'pass';
}
