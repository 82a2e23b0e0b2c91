/**
 * One scenario with everything that was done by hand, and the run that shows it. Going back makes a new run of the same
 * steps and plays it to the wanted moment: same seed, same steps, same bytes. A deed in the past drops what came after it
 * and begins a new branch. Knows no wall clock and no viewers; `live-session.ts` paces it.
 */

import { durationUs, later, type TimeUs } from '../../daemon/base/time.ts';
import { type ScenarioRun, startRun } from '../scenario/run.ts';
import type { Scenario, Step } from '../scenario/scenario.ts';
import type { HandAction } from './hand-actions.ts';
import { isBefore, type MomentKind, type Position, RunRecorder } from './run-recorder.ts';

/** Something that was done by hand, and when. */
export interface HandStep {
  readonly step: Step;
  readonly action: HandAction;
}

/** Where time is to go. */
export type Goal =
  | { readonly kind: 'time'; readonly at: number }
  | { readonly kind: 'position'; readonly position: Position }
  /** The next moment of a kind, searched up to a moment. */
  | {
      readonly kind: 'find';
      readonly what: MomentKind;
      readonly count: number;
      readonly until: number;
      /** Where to come back to when there is none. */
      readonly origin: Position;
      readonly end: Position;
    };

/** Steps by hand stand in no file. */
const NOWHERE = { line: 0, column: 0 };

/** Deeds that one branch may have. */
export const HAND_STEPS_MAX = 2000;
/** How far ahead the next moment is looked for: two minutes of virtual time. */
const SEARCH_MAX_US = 120_000_000;

/** The timeline; see the head of the file. */
export class Timeline {
  readonly scenario: Scenario;
  branch = 0;
  /** Raised with every new run: what was shown of the old one is void. */
  generation = 0;
  /** The last search found no failover, so the present is where it was. */
  missed = false;
  #hand: HandStep[] = [];
  #recorder: RunRecorder;
  /** The recorder that has seen the branch's end, while the present lies before it. */
  #far: RunRecorder | undefined;
  #end: Position = { at: 0, events: 0 };
  #goal: Goal | undefined;
  #rebuilding = false;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    this.#recorder = new RunRecorder(this.freshRun());
  }

  /** What is seen now. */
  get recorder(): RunRecorder {
    return this.#recorder;
  }

  /** The recorder that knows most of this branch. */
  get farthest(): RunRecorder {
    return this.#far ?? this.#recorder;
  }

  /** The run that is seen now. */
  get run(): ScenarioRun {
    return this.#recorder.run;
  }

  /** Where the present is. */
  get position(): Position {
    const { now, eventCount } = this.run.engine;
    return { at: now, events: eventCount };
  }

  /** The furthest moment of this branch. */
  get end(): Position {
    const here = this.position;
    return isBefore(this.#end, here) ? here : this.#end;
  }

  /** Whether what happens now has happened before, on the way back to a known moment. */
  get isReplaying(): boolean {
    if (this.#rebuilding) return true;
    return this.#far !== undefined && !isBefore(this.#end, this.position);
  }

  /** Where time is going, while it has not arrived. */
  get goal(): Goal | undefined {
    return this.#goal;
  }

  /** What was done by hand on this branch, up to the present or (with `all`) all of it. */
  deeds(all: boolean): readonly HandStep[] {
    return all ? this.#hand : this.#hand.filter(({ step }) => step.at <= this.run.engine.now);
  }

  /** A run of this branch from its start; nobody listens to it yet. */
  freshRun(): ScenarioRun {
    const steps = [...this.scenario.steps, ...this.#hand.map((one) => one.step)];
    steps.sort((a, b) => a.at - b.at || a.index - b.index);
    return startRun({ ...this.scenario, steps });
  }

  /** Lets virtual time pass, at most `budget` events; `false` when the budget was too small. */
  advanceTo(at: number, budget: number): boolean {
    this.#goal = undefined;
    this.missed = false;
    const reached = this.run.engine.runUntil(at as TimeUs, budget) === 'reached-time';
    this.#forgetFarthest();
    return reached;
  }

  /** Sets out for a moment; `work` goes there. */
  seek(at: number): void {
    this.missed = false;
    if (at < this.run.engine.now) this.#restart();
    this.#goal = { kind: 'time', at };
  }

  /** Sets out for the next or previous moment of a kind; `false` when there is none before. */
  step(kind: MomentKind, direction: 'forward' | 'back'): boolean {
    const here = this.position;
    this.missed = false;
    if (direction === 'back') {
      const target = this.#recorder.previous(kind, here);
      // Before the first one there is the beginning.
      const position = target ?? { at: 0, events: 0 };
      if (here.events === 0) return false;
      this.#restart();
      this.#goal = { kind: 'position', position };
      return true;
    }
    const known = this.#far?.next(kind, here);
    if (known !== undefined) this.#goal = { kind: 'position', position: known };
    else {
      const count = this.#recorder.count(kind);
      const until = here.at + SEARCH_MAX_US;
      this.#goal = { kind: 'find', what: kind, count, until, origin: here, end: this.end };
    }
    return true;
  }

  /** Goes on towards the goal with at most `budget` events; `true` when it has arrived (or there is none). */
  work(budget: number): boolean {
    const goal = this.#goal;
    if (goal === undefined) return true;
    if (!this.#workAt(goal, budget)) return false;
    this.#goal = undefined;
    this.#forgetFarthest();
    return true;
  }

  /** Goes all the way to the goal. */
  arrive(): void {
    while (!this.work(100_000));
  }

  /** Stops on the way. */
  stop(): void {
    this.#goal = undefined;
  }

  /**
   * Does something now: at the very beginning of the next microsecond, where a step of a scenario file acts too.
   * Returns whether a new branch began, because this was the past, and why it could not be done, if so.
   */
  act(action: HandAction): { readonly branched: boolean; readonly refusal?: string } {
    this.missed = false;
    this.arrive();
    const branched = isBefore(this.position, this.end);
    const at = this.#nextInstant();
    if (branched) this.#cutBranch(at);
    this.run.engine.runUntil((at - 1) as TimeUs);
    const index = this.scenario.steps.length + this.#hand.length;
    const step: Step = {
      index,
      ...(action.name === undefined ? {} : { name: action.name }),
      at: at as TimeUs,
      place: NOWHERE,
      actions: action.actions,
      expect: [],
    };
    this.#hand.push({ step, action });
    const { events } = this.run.engine.log;
    const before = events.length;
    this.run.actByHand(step);
    const refused = events.slice(before).find((event) => event.kind === 'step-refused');
    if (refused === undefined || !('reason' in refused)) return { branched };
    return { branched, refusal: String(refused.reason) };
  }

  /** The present is the end again. */
  #forgetFarthest(): void {
    if (this.#far !== undefined && !isBefore(this.position, this.#end)) this.#far = undefined;
  }

  /** The instant of the next deed: the next microsecond in which no step of the file acts. */
  #nextInstant(): number {
    const { now } = this.run.engine;
    let at = later(now, durationUs(1)) as number;
    while (this.scenario.steps.some((step) => step.at === at)) at++;
    return at;
  }

  /** What was done later on this branch did not happen. */
  #cutBranch(at: number): void {
    const kept = this.#hand.filter(({ step }) => step.at < at);
    const dropped = kept.length < this.#hand.length;
    const here = this.position;
    this.#hand = kept;
    this.#far = undefined;
    this.#end = here;
    this.branch++;
    if (!dropped) return;
    // The run at hand still has the dropped deeds before it.
    this.#rebuilding = true;
    this.#replaceRun();
    this.#goal = { kind: 'position', position: here };
    this.arrive();
    this.#rebuilding = false;
  }

  /** Back to the start of the same branch, keeping what is known of its end. */
  #restart(): void {
    const here = this.position;
    if (this.#far === undefined || isBefore(this.#end, here)) {
      this.#far = this.#recorder;
      this.#end = here;
    }
    this.#replaceRun();
  }

  #replaceRun(): void {
    this.generation++;
    this.#recorder = new RunRecorder(this.freshRun());
  }

  #workAt(goal: Goal, budget: number): boolean {
    const { engine } = this.run;
    switch (goal.kind) {
      case 'time':
        return engine.runUntil(goal.at as TimeUs, budget) === 'reached-time';
      case 'position': {
        const left = goal.position.events - engine.eventCount;
        const reason = engine.runUntil(goal.position.at as TimeUs, Math.min(left, budget));
        return reason === 'reached-time' || engine.eventCount >= goal.position.events;
      }
      case 'find':
        return this.#search(goal, budget);
    }
  }

  /** No failover in sight: back to where the search began, as if nobody had looked. */
  #giveUp(goal: Goal & { readonly kind: 'find' }): boolean {
    if (goal.what !== 'failover') return true;
    this.missed = true;
    this.#far = undefined;
    this.#end = goal.end;
    this.#replaceRun();
    this.#goal = { kind: 'position', position: goal.origin };
    return false;
  }

  #search(goal: Goal & { readonly kind: 'find' }, budget: number): boolean {
    const { engine } = this.run;
    for (let left = budget; left > 0; left--) {
      const next = engine.queue.nextTime();
      if (next === undefined || next > goal.until) return this.#giveUp(goal);
      engine.step();
      if (this.#recorder.count(goal.what) > goal.count) return true;
    }
    return false;
  }
}
