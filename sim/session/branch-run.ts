/**
 * One run of a branch with everything that was done by hand, and with what a recording says came from outside: each is put in
 * at its moment as the run passes it, so that a run never holds a deed that did not happen yet, and one that stands before a
 * new deed stays useful. Two runs at the same position are the same, event by event. Read `timeline.ts` for who owns several.
 */

import type { TimeUs } from '../../daemon/base/time.ts';
import { type ScenarioRun, startRun } from '../scenario/run.ts';
import type { Scenario, Step } from '../scenario/scenario.ts';
import type { RecordedOutside } from './recorded-outside.ts';
import { isBefore, type MomentKind, type Position, RunRecorder } from './run-recorder.ts';

/** A deed as far as a run needs it; in the order of time. */
export interface Deed {
  readonly step: Step;
}

/** A run and how far along the branch's deeds it is. */
export class BranchRun {
  readonly recorder: RunRecorder;
  /** How many of the branch's deeds it has carried out. */
  deedsDone = 0;
  /** Moments of recorded inputs, how many of them have come, and how to carry one out. */
  readonly #inputTimes: readonly number[];
  readonly #carryOut: (index: number) => void;
  #inputsDone = 0;

  constructor(scenario: Scenario, packetsMax: number, recorded?: RecordedOutside) {
    this.recorder = new RunRecorder(startRun(scenario), packetsMax);
    this.#inputTimes = recorded?.times ?? [];
    this.#carryOut = recorded?.player(this.run) ?? (() => {});
  }

  /** The run itself. */
  get run(): ScenarioRun {
    return this.recorder.run;
  }

  /** Where it stands. */
  get position(): Position {
    const { now, eventCount } = this.run.engine;
    return { at: now, events: eventCount };
  }

  /** When the next thing happens, deeds and recorded inputs included. */
  nextTime(deeds: readonly Deed[]): number | undefined {
    const next = this.run.engine.queue.nextTime();
    const deed = this.#nextDeed(deeds);
    if (next === undefined || deed === undefined) return next ?? deed;
    return Math.min(next, deed);
  }

  /** Passes time up to and including a moment, with at most `budget` events; `false` when that was too few. */
  advanceTo(deeds: readonly Deed[], at: number, budget: number): boolean {
    const { engine } = this.run;
    const most = engine.eventCount + budget;
    for (;;) {
      const deed = this.#nextDeed(deeds);
      const until = deed === undefined || deed > at ? at : deed - 1;
      const left = most - engine.eventCount;
      if (engine.runUntil(until as TimeUs, left) !== 'reached-time') return false;
      if (deed === undefined || deed > at) return true;
      if (engine.eventCount >= most) return false;
      this.#do(deeds);
    }
  }

  /** Goes to a position that was seen on this branch; `false` when the budget was too small. */
  reach(deeds: readonly Deed[], goal: Position, budget: number): boolean {
    const left = goal.events - this.run.engine.eventCount;
    const reached = this.advanceTo(deeds, goal.at, Math.min(left, budget));
    return reached || this.run.engine.eventCount >= goal.events;
  }

  /** Lets the next thing happen; `false` when there is none. */
  step(deeds: readonly Deed[]): boolean {
    const deed = this.#nextDeed(deeds);
    const next = this.run.engine.queue.nextTime();
    if (deed !== undefined && (next === undefined || deed <= next)) {
      this.#do(deeds);
      return true;
    }
    return this.run.engine.step();
  }

  /** Goes on until there is one more moment of a kind than `count`. */
  search(
    deeds: readonly Deed[],
    wanted: { readonly what: MomentKind; readonly count: number; readonly until: number },
    budget: number,
  ): 'found' | 'none' | 'budget' {
    for (let left = budget; left > 0; left--) {
      const next = this.nextTime(deeds);
      if (next === undefined || next > wanted.until) return 'none';
      this.step(deeds);
      if (this.recorder.count(wanted.what) > wanted.count) return 'found';
    }
    return 'budget';
  }

  /** When somebody outside of virtual time acts next: by hand, or as recorded. */
  #nextDeed(deeds: readonly Deed[]): number | undefined {
    const deed = deeds[this.deedsDone]?.step.at;
    const input = this.#inputTimes[this.#inputsDone];
    if (deed === undefined || input === undefined) return deed ?? input;
    return Math.min(deed, input);
  }

  /** Carries that out at the very beginning of its instant, which is still to come. */
  #do(deeds: readonly Deed[]): void {
    const deed = deeds[this.deedsDone]?.step;
    const input = this.#inputTimes[this.#inputsDone];
    if (deed === undefined || (input !== undefined && input < deed.at)) {
      this.#carryOut(this.#inputsDone++);
      return;
    }
    this.run.actByHand(deed);
    this.deedsDone++;
  }
}

/** Whether a run can still come to a position, or to a moment. */
export function canReach(run: BranchRun, goal: { readonly at: number; readonly events?: number }) {
  const { at, events } = run.position;
  return at <= goal.at && (goal.events === undefined || events <= goal.events);
}

/** The one that is furthest on, of those given. */
export function furthest(runs: readonly BranchRun[]): BranchRun | undefined {
  return runs.reduce<BranchRun | undefined>(
    (best, one) => (best === undefined || isBefore(best.position, one.position) ? one : best),
    undefined,
  );
}
