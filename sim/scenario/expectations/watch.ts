/**
 * One expectation of a step while its time runs. Its window opens after the step's actions; it is
 * told when its claim may have changed (after all events of an instant), and when the next step
 * begins.
 *
 * `within D`: becomes true in (at, at+D] and stays true until the next step or the end; `still`
 * also accepts what was true before. `at-once`: true right after the actions. `never-within D`: at
 * no moment until then.
 */

import { type DurationUs, elapsed, later, type TimeUs } from '../../../daemon/base/time.ts';
import type { RunEvent } from '../../engine/run-log.ts';
import type { Located, Step } from '../scenario.ts';
import { nodesOf } from './condition-nodes.ts';
import type { ExpectationSpec } from './condition-spec.ts';
import { type Condition, conditionWords, isHappening, watchCondition } from './conditions.ts';
import { durationWords, type ExpectationResult, momentWords, type Verdict } from './verdict.ts';
import type { World } from './world.ts';

/** What a watch needs to know of its place in the file. */
export interface WatchOptions {
  readonly step: Step;
  /** Index among the step's expectations. */
  readonly index: number;
  readonly expectation: Located<ExpectationSpec>;
  /** `step 2 (power-off srv-1)`. */
  readonly stepWords: string;
}

/** A running expectation; see the head of the file. */
export class Watch {
  readonly #options: WatchOptions;
  readonly #condition: Condition;
  readonly openedAt: TimeUs;
  readonly #isHappening: boolean;
  /** Whether the claim was true before the step's actions. */
  readonly #before: boolean;
  #isTrue: boolean;
  /** The last moment at which it became true, since the step. */
  #roseAt: TimeUs | undefined;
  /** The last moment at which it ceased to be true, since the step. */
  #fellAt: TimeUs | undefined;
  #nextStepBegan = false;
  #dirty = true;
  /** Set once and for all when the verdict is in. */
  result: ExpectationResult | undefined;

  /** To be made before the step's actions; they may record what it watches. */
  constructor(options: WatchOptions, world: World) {
    this.#options = options;
    this.openedAt = options.step.at;
    this.#condition = watchCondition(options.expectation.spec.condition);
    this.#isHappening = isHappening(options.expectation.spec.condition);
    const isStart = this.openedAt === 0;
    this.#before = !this.#isHappening && !isStart && this.#condition.holds(world);
    this.#isTrue = this.#before;
    // Nothing was before the start: what booting does at t=0 belongs to a step at 0s.
    if (isStart) for (const event of world.lan.engine.log.events) this.#condition.onEvent(event);
  }

  /** The moment after which it cannot succeed any more, if there is one. */
  get deadline(): TimeUs | undefined {
    const { within, neverWithin } = this.#options.expectation.spec.timing;
    const length = within ?? neverWithin;
    return length === undefined ? undefined : later(this.openedAt, length);
  }

  /** Whether it must be looked at in short intervals, since no event tells of changes. */
  get isSilent(): boolean {
    return this.#options.expectation.spec.condition.kind === 'mac-table';
  }

  /** An event was recorded; `true` when the claim must be looked at again. */
  onEvent(event: RunEvent): boolean {
    if (this.result !== undefined || !this.#condition.onEvent(event)) return false;
    this.#dirty = true;
    return true;
  }

  /** Looks at the claim even though no event asked for it. */
  touch(): void {
    this.#dirty = true;
  }

  /** All events of this instant have happened. */
  settle(now: TimeUs, world: World): void {
    if (this.result !== undefined) return;
    if (this.#dirty) {
      this.#dirty = false;
      const holds = this.#condition.holds(world);
      if (holds && !this.#isTrue) this.#roseAt = now;
      if (!holds && this.#isTrue) this.#fellAt = now;
      this.#isTrue = holds;
    }
    this.#judge(now, world);
  }

  /** The next step is about to begin, or the run to end: what had to stay true has stayed so. */
  close(now: TimeUs, world: World, end: boolean): void {
    if (this.result !== undefined) return;
    this.touch();
    this.settle(now, world);
    if (this.result !== undefined) return;
    this.#nextStepBegan = true;
    if (this.#options.expectation.spec.timing.neverWithin !== undefined) {
      if (end) this.#neverAtEnd(now);
      return;
    }
    if (this.#isTrue && this.#counts()) {
      this.#decide('pass', now);
    } else if (this.#isOver(now, end)) {
      this.#fail(now, world);
    } else if (end) {
      this.#decide('unknown', now, `the run ended first; ${this.#condition.got(world)}`);
    }
  }

  /** Whether the claim's time is over; an output has until the end of the run. */
  #isOver(now: TimeUs, end: boolean): boolean {
    const { deadline } = this;
    if (deadline !== undefined) return end ? now >= deadline : now > deadline;
    return end || !this.#isHappening;
  }

  #judge(now: TimeUs, world: World): void {
    const { timing } = this.#options.expectation.spec;
    if (timing.atOnce) {
      if (this.#isTrue) this.#decide('pass', now);
      else this.#fail(now, world);
    } else if (timing.neverWithin !== undefined) this.#judgeNever(now, world);
    else if (timing.within === undefined) this.#judgeStill(now, world);
    else this.#judgeWithin(now, world);
  }

  #judgeWithin(now: TimeUs, world: World): void {
    const holds = this.#isTrue && this.#counts();
    if (holds && (this.#nextStepBegan || this.#isHappening)) this.#decide('pass', now);
    else if (!holds && now > (this.deadline ?? now)) this.#fail(now, world);
  }

  #judgeStill(now: TimeUs, world: World): void {
    if (!this.#options.expectation.spec.timing.still) {
      if (this.#isTrue) this.#decide('pass', now);
    } else if (!this.#isTrue) this.#fail(now, world);
  }

  #judgeNever(now: TimeUs, world: World): void {
    const deadline = this.deadline ?? now;
    if (this.#isTrue && now <= deadline) {
      const since = this.#before && this.#fellAt === undefined && this.#roseAt === undefined;
      const when = since ? 'already before the step' : `at ${momentWords(this.#roseAt ?? now)}`;
      this.#decide('fail', now, `it was true ${when}: ${this.#condition.got(world)}`);
    } else if (now > deadline) this.#decide('pass', now);
  }

  #neverAtEnd(now: TimeUs): void {
    if (now >= (this.deadline ?? now)) this.#decide('pass', now);
    else this.#decide('unknown', now, 'the run ended before the time was over');
  }

  /** Whether being true now counts: it became so in time, or may have been so before. */
  #counts(): boolean {
    if (this.#options.expectation.spec.timing.still && this.#roseAt === undefined) return true;
    if (this.#roseAt === undefined) return false;
    return this.#roseAt <= (this.deadline ?? this.#roseAt);
  }

  #fail(now: TimeUs, world: World): void {
    this.#decide('fail', now, this.#reason(now, world));
  }

  #reason(now: TimeUs, world: World): string {
    const got = this.#condition.got(world);
    if (this.#isTrue && this.#roseAt === undefined) {
      return `${got} already before the step (write still: true if that counts)`;
    }
    if (this.#roseAt === undefined) return got;
    const took = durationWords(elapsed(this.openedAt, this.#roseAt));
    if (this.#isTrue) return `it took ${took}`;
    if (this.#fellAt === undefined || this.#fellAt !== now) return got;
    return `it was true after ${took}, but not any more at ${momentWords(now)}: ${got}`;
  }

  #decide(verdict: Verdict, at: TimeUs, got?: string): void {
    const { step, index, expectation } = this.#options;
    const rose = verdict === 'pass' ? this.#roseAt : undefined;
    this.result = {
      id: `steps[${step.index}].expect[${index}]`,
      place: expectation.place,
      claim: this.#claim(),
      verdict,
      at,
      ...(rose === undefined ? {} : { took: elapsed(this.openedAt, rose) as DurationUs }),
      ...(got === undefined ? {} : { got }),
      nodes: nodesOf(expectation.spec.condition),
    };
  }

  #claim(): string {
    const { timing, condition } = this.#options.expectation.spec;
    const words = conditionWords(condition);
    const step = this.#options.stepWords;
    if (timing.atOnce) return `at once after ${step}: ${words}`;
    if (timing.neverWithin !== undefined) {
      return `never within ${durationWords(timing.neverWithin)} of ${step}: ${words}`;
    }
    if (timing.within !== undefined) {
      return `within ${durationWords(timing.within)} of ${step}: ${words}`;
    }
    return timing.still ? `still after ${step}: ${words}` : `after ${step}: ${words}`;
  }
}
