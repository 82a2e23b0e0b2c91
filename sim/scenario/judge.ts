/**
 * The judge of one run: listens to the run log, and after every instant in which something relevant
 * happened asks the expectations that are open. It costs nothing per packet, and draws no chance,
 * so a run is the same with and without it.
 */

import {
  type DurationUs,
  durationUs,
  later,
  milliseconds,
  TIME_ZERO,
  type TimeUs,
} from '../../daemon/base/time.ts';
import type { EventTarget } from '../engine/event-queue.ts';
import type { RunEvent } from '../engine/run-log.ts';
import type { LivingLan } from '../topology/living-lan.ts';
import { actionWords } from './actions/action-table.ts';
import { AdvertWatch } from './expectations/advert-watch.ts';
import { AnswerWatch } from './expectations/answer-watch.ts';
import type { ConditionSpec } from './expectations/condition-spec.ts';
import { judgeFinal } from './expectations/finals.ts';
import { InvariantWatch } from './expectations/invariants.ts';
import { LossWatch } from './expectations/loss-watch.ts';
import type { ExpectationResult } from './expectations/verdict.ts';
import { Watch } from './expectations/watch.ts';
import type { World } from './expectations/world.ts';
import type { Scenario, Step } from './scenario.ts';
import type { TrafficResult } from './traffic/outages.ts';
import type { RunningTraffic } from './traffic/request-book.ts';

/** Code of the judge's own events: all other events of the instant have happened. */
const SETTLE = 1;
/** A deadline has passed: look even though nothing happened. */
const DEADLINE = 2;
/** Claims that no event tells about are looked at in this interval of virtual time. */
const SILENT = 3;
const SILENT_INTERVAL = milliseconds(10);
/** How often the end of an instant is waited for, while more and more happens in it. */
const POSTPONE_LIMIT = 10_000;

/** Judges one run; see the head of the file. */
export class Judge implements EventTarget {
  readonly #scenario: Scenario;
  readonly #lan: LivingLan;
  readonly #world: World;
  readonly #watches: Watch[] = [];
  readonly #invariants: readonly InvariantWatch[];
  readonly #results = new Map<string, ExpectationResult>();
  #settlePending = false;
  #postponed = 0;
  #silentPending = false;

  constructor(scenario: Scenario, lan: LivingLan, traffic: ReadonlyMap<string, RunningTraffic>) {
    this.#scenario = scenario;
    this.#lan = lan;
    const touch = () => this.#touchAll();
    const adverts = claims(scenario).some((claim) => claim.kind === 'adverts')
      ? { adverts: new AdvertWatch(lan, touch) }
      : {};
    this.#world = { lan, traffic, ...adverts };
    const isLossAsked = scenario.always.some(({ spec }) => spec.kind === 'lost-connections');
    const watches = {
      answers: watchAnswers(scenario, lan, touch),
      losses: isLossAsked ? new LossWatch(lan, touch) : undefined,
    };
    this.#invariants = scenario.always.map(
      (invariant, index) => new InvariantWatch(invariant, index, watches),
    );
    lan.engine.log.listen((event) => this.#onRunEvent(event));
  }

  /** A step is about to act: what had to hold until now is judged, its own windows open. */
  beforeStep(step: Step): void {
    const now = this.#lan.engine.now;
    for (const watch of this.#watches) {
      if (watch.openedAt < now) watch.close(now, this.#world, false);
    }
    this.#collect();
    const stepWords = wordsOf(step);
    for (const [index, expectation] of step.expect.entries()) {
      const watch = new Watch({ step, index, expectation, stepWords }, this.#world);
      this.#watches.push(watch);
      if (watch.deadline !== undefined) {
        const justAfter = later(watch.deadline, durationUs(1));
        this.#lan.engine.schedule(justAfter, this, DEADLINE, undefined);
      }
      if (watch.isSilent) this.#armSilent();
    }
    this.#armSettle();
  }

  /** The engine calls it. */
  onEvent(now: TimeUs, code: number): void {
    if (code === SETTLE) {
      this.#settlePending = false;
      const isLast = this.#lan.engine.queue.nextTime() !== now;
      if (isLast || ++this.#postponed > POSTPONE_LIMIT) this.#settle(now);
      else this.#armSettle();
      return;
    }
    if (code === SILENT) {
      this.#silentPending = false;
      for (const watch of this.#watches) if (watch.isSilent) watch.touch();
      if (this.#watches.some((watch) => watch.isSilent)) this.#armSilent();
    }
    this.#armSettle();
  }

  /** What has been decided so far, without judging anything: steps, then broken invariants. */
  decided(): readonly ExpectationResult[] {
    const broken = this.#invariants.flatMap((one) =>
      one.violation === undefined ? [] : [one.violation],
    );
    return [...this.#results.values(), ...broken];
  }

  /** The run has ended: all verdicts, in the order of the file. */
  finish(traffic: ReadonlyMap<string, TrafficResult>): readonly ExpectationResult[] {
    const end = this.#lan.engine.now;
    this.#settle(end);
    for (const watch of this.#watches) watch.close(end, this.#world, true);
    this.#collect();
    const always = this.#invariants.map((invariant) => invariant.finish(end));
    const lastStepAt = this.#scenario.steps.at(-1)?.at ?? TIME_ZERO;
    const finals = this.#scenario.finally.map((final, index) =>
      judgeFinal(final, index, { world: this.#world, end, traffic, lastStepAt }),
    );
    return [...this.#stepResults(end), ...always, ...finals];
  }

  /** Results of steps in file order; of steps that the run never reached they are unknown. */
  #stepResults(end: TimeUs): readonly ExpectationResult[] {
    return this.#scenario.steps.flatMap((step) =>
      step.expect.map((expectation, index): ExpectationResult => {
        const id = `steps[${step.index}].expect[${index}]`;
        const known = this.#results.get(id);
        if (known !== undefined) return known;
        const claim = `after ${wordsOf(step)}`;
        const got = 'the run ended before the step';
        return { id, place: expectation.place, claim, verdict: 'unknown', at: end, got, nodes: [] };
      }),
    );
  }

  #onRunEvent(event: RunEvent): void {
    let touched = false;
    for (const watch of this.#watches) if (watch.onEvent(event)) touched = true;
    for (const invariant of this.#invariants) if (invariant.onEvent(event)) touched = true;
    if (touched) this.#armSettle();
  }

  #settle(now: TimeUs): void {
    this.#postponed = 0;
    for (const watch of this.#watches) watch.settle(now, this.#world);
    for (const invariant of this.#invariants) invariant.settle(now, this.#world);
    this.#collect();
  }

  /** Puts decided watches aside, so that they cost nothing any more. */
  #collect(): void {
    for (let i = this.#watches.length - 1; i >= 0; i--) {
      const result = this.#watches[i]?.result;
      if (result === undefined) continue;
      this.#results.set(result.id, result);
      this.#watches.splice(i, 1);
    }
  }

  #touchAll(): void {
    for (const watch of this.#watches) watch.touch();
    this.#armSettle();
  }

  #armSettle(): void {
    if (this.#settlePending) return;
    this.#settlePending = true;
    this.#lan.engine.schedule(this.#lan.engine.now, this, SETTLE, undefined);
  }

  #armSilent(): void {
    if (this.#silentPending) return;
    this.#silentPending = true;
    this.#lan.engine.scheduleAfter(SILENT_INTERVAL as DurationUs, this, SILENT, undefined);
  }
}

/** Who answers ARP requests is only watched where an invariant asks for it. */
function watchAnswers(
  scenario: Scenario,
  lan: LivingLan,
  onChange: () => void,
): AnswerWatch | undefined {
  const specs = scenario.always.flatMap(({ spec }) =>
    spec.kind === 'answers-at-most' ? [spec] : [],
  );
  if (specs.length === 0) return undefined;
  const from = Math.min(...specs.map((spec) => spec.from ?? 0)) as TimeUs;
  return new AnswerWatch(lan, { addresses: specs.map((spec) => spec.address), from, onChange });
}

/** `step 2 (power-off srv-1)`, or its own name. */
export function wordsOf(step: Step): string {
  const words = step.name ?? step.actions.map(actionWords).join(', ');
  return words === '' ? `step ${step.index + 1}` : `step ${step.index + 1} (${words})`;
}

function claims(scenario: Scenario): readonly ConditionSpec[] {
  const ofSteps = scenario.steps.flatMap((step) => step.expect.map(({ spec }) => spec.condition));
  const atEnd = scenario.finally.flatMap(({ spec }) =>
    spec.kind === 'condition' ? [spec.condition] : [],
  );
  return [...ofSteps, ...atEnd];
}
