/**
 * One scenario with everything that was done by hand, and the run that shows it. Going back makes a new run of the same
 * steps and plays it to the wanted moment, or takes one that is parked on the way (`parked-runs.ts`): same seed, same
 * steps, same bytes. A deed in the past drops what came after it and begins a new branch. Knows no wall clock and no
 * viewers; `live-session.ts` paces it.
 */

import { durationUs, later, type TimeUs } from '../../daemon/base/time.ts';
import type { ScenarioRun } from '../scenario/run.ts';
import type { Scenario, Step } from '../scenario/scenario.ts';
import { BranchRun } from './branch-run.ts';
import type { HandAction } from './hand-actions.ts';
import { PARKED_PACKETS_MAX, ParkedRuns } from './parked-runs.ts';
import { LIMITS } from './protocol.ts';
import type { RecordedOutside } from './recorded-outside.ts';
import { isBefore, type MomentKind, type Position, type RunRecorder } from './run-recorder.ts';

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

/** What is said where a recorded run ends. */
export const RECORDING_END = 'the recording ends here';
/** Deeds that one branch may have. */
export const HAND_STEPS_MAX = 2000;
/** Steps that wait for the one before; a key that is held down asks for no more. */
const WAITING_MAX = 20;
/** How far ahead the next moment is looked for: two minutes of virtual time. */
const SEARCH_MAX_US = 120_000_000;

/** A second run for whoever wants to look closer at what happened; it is not the present. */
export interface Replay {
  readonly recorder: RunRecorder;
  /** Passes time up to and including a moment; `false` when the budget was too small. */
  advanceTo(at: number, budget: number): boolean;
  nextTime(): number | undefined;
  step(): void;
}

/** The timeline; see the head of the file. */
export class Timeline {
  readonly scenario: Scenario;
  branch = 0;
  /** Raised with every new run: what was shown of the old one is void. */
  generation = 0;
  /** The last search found no failover, so the present is where it was. */
  missed = false;
  #hand: readonly HandStep[] = [];
  readonly #recorded: RecordedOutside | undefined;
  /** What was done by hand while the recording was made. */
  readonly #recordedDeeds: readonly HandStep[];
  #present: BranchRun;
  /** The run that has seen the branch's end, while the present lies before it. */
  #far: BranchRun | undefined;
  readonly #parked = new ParkedRuns();
  #end: Position = { at: 0, events: 0 };
  /** Up to there everybody has heard what happened: a replay says nothing twice. */
  #heard: Position = { at: 0, events: -1 };
  #goal: Goal | undefined;
  /** Steps asked for while another way was under way. */
  readonly #waiting: { readonly kind: MomentKind; readonly direction: 'forward' | 'back' }[] = [];

  /** `recorded`: the run was joined to real networks, which do again what they did then. */
  constructor(scenario: Scenario, recorded?: RecordedOutside) {
    this.scenario = scenario;
    this.#recorded = recorded;
    this.#present = this.#newRun(LIMITS.packetsMax);
    this.#recordedDeeds = recorded?.deeds(this.run.lan) ?? [];
    this.#hand = this.#recordedDeeds;
  }

  /** Where time ends; without a recording it does not. */
  get limit(): number {
    return this.#recorded?.end ?? Number.POSITIVE_INFINITY;
  }

  /** Whether nothing was done by hand up to the present but what the recording has. */
  get isUntouched(): boolean {
    return this.deeds(false).every((one) => this.#recordedDeeds.includes(one));
  }

  #newRun(packetsMax: number): BranchRun {
    return new BranchRun(this.scenario, packetsMax, this.#recorded);
  }

  /** What is seen now. */
  get recorder(): RunRecorder {
    return this.#present.recorder;
  }

  /** The recorder that knows most of this branch. */
  get farthest(): RunRecorder {
    return (this.#far ?? this.#present).recorder;
  }

  /** The run that is seen now. */
  get run(): ScenarioRun {
    return this.#present.run;
  }

  /** Where the present is. */
  get position(): Position {
    return this.#present.position;
  }

  /** The furthest moment of this branch. */
  get end(): Position {
    const here = this.position;
    return isBefore(this.#end, here) ? here : this.#end;
  }

  /** Whether what happens now has happened before, on the way back to a known moment. */
  get isReplaying(): boolean {
    return !isBefore(this.#heard, this.position);
  }

  /** Where time is going, while it has not arrived. */
  get goal(): Goal | undefined {
    return this.#goal;
  }

  /** What was done by hand on this branch, up to the present or (with `all`) all of it. */
  deeds(all: boolean): readonly HandStep[] {
    return all ? this.#hand : this.#hand.filter(({ step }) => step.at <= this.run.engine.now);
  }

  /** A second run of this branch that stands before a moment; nobody listens to it. */
  replayBefore(at: number): Replay {
    const place = { at: at - 1 };
    const one = this.#parked.take(place, undefined) ?? this.#newRun(PARKED_PACKETS_MAX);
    // Wherever it is left, it stands behind the present.
    this.#parked.add(one);
    const deeds = this.#hand;
    return {
      recorder: one.recorder,
      advanceTo: (moment, budget) => one.advanceTo(deeds, moment, budget),
      nextTime: () => one.nextTime(deeds),
      step: () => one.step(deeds),
    };
  }

  /** Lets virtual time pass, at most `budget` events; `false` when the budget was too small. */
  advanceTo(at: number, budget: number): boolean {
    this.missed = false;
    const reached = this.#present.advanceTo(this.#hand, Math.min(at, this.limit), budget);
    this.#forgetFarthest();
    return reached;
  }

  /** Sets out for a moment; `work` goes there. */
  seek(at: number): void {
    this.missed = false;
    this.#waiting.length = 0;
    this.#setOut({ kind: 'time', at: Math.min(at, this.limit) });
  }

  /**
   * Sets out for the next or previous moment of a kind; `false` when there is none before. While another way is under way
   * it waits: its beginning is where that one ends, not wherever the replay happens to be.
   */
  step(kind: MomentKind, direction: 'forward' | 'back'): boolean {
    if (this.#goal === undefined) return this.#stepNow(kind, direction);
    if (this.#waiting.length < WAITING_MAX) this.#waiting.push({ kind, direction });
    return true;
  }

  #stepNow(kind: MomentKind, direction: 'forward' | 'back'): boolean {
    const here = this.position;
    this.missed = false;
    if (direction === 'back') {
      if (here.events === 0) return false;
      // Before the first one there is the beginning.
      const position = this.recorder.previous(kind, here) ?? { at: 0, events: 0 };
      this.#setOut({ kind: 'position', position });
      return true;
    }
    const known = this.#far?.recorder.next(kind, here);
    if (known !== undefined) this.#setOut({ kind: 'position', position: known });
    else {
      const count = this.recorder.count(kind);
      const until = Math.min(here.at + SEARCH_MAX_US, this.limit);
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
    const next = this.#waiting.shift();
    if (next !== undefined) this.#stepNow(next.kind, next.direction);
    return this.#goal === undefined;
  }

  /** Goes all the way to the goal. */
  arrive(): void {
    while (!this.work(100_000));
  }

  /** Stops on the way. */
  stop(): void {
    this.#goal = undefined;
    this.#waiting.length = 0;
  }

  /** Uses time that nobody else wants to make going back quick; `false` when there is nothing to do. */
  tend(budget: number): boolean {
    if (this.#goal !== undefined) return false;
    return this.#parked.tend(this.position, {
      keep: this.#far,
      deeds: this.#hand,
      make: () => this.#newRun(PARKED_PACKETS_MAX),
      budget,
    });
  }

  /**
   * Does something now: at the very beginning of the next microsecond, where a step of a scenario file acts too.
   * Returns whether a new branch began, because this was the past, and why it could not be done, if so.
   */
  act(action: HandAction): { readonly branched: boolean; readonly refusal?: string } {
    this.missed = false;
    this.arrive();
    const at = this.#nextInstant();
    const branched =
      isBefore(this.position, this.end) || this.#hand.some((one) => one.step.at >= at);
    if (branched) this.#cutBranch(at);
    this.#parked.cut(at, this.#hand.length);
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
    // A new list: whoever holds the old one goes on with what was true for it.
    this.#hand = [...this.#hand, { step, action }];
    const { events } = this.run.engine.log;
    const before = events.length;
    this.#present.step(this.#hand);
    const refused = events.slice(before).find((event) => event.kind === 'step-refused');
    if (refused === undefined || !('reason' in refused)) return { branched };
    return { branched, refusal: String(refused.reason) };
  }

  /** The present is the end again; the run that knew the end stands ready at it. */
  #forgetFarthest(): void {
    if (this.#far !== undefined && !isBefore(this.position, this.#end)) this.#far = undefined;
    this.#parked.trim(this.position, this.#far);
  }

  /** The instant of the next deed: the next microsecond in which no step of the file acts and nothing recorded comes. */
  #nextInstant(): number {
    const { now } = this.run.engine;
    let at = later(now, durationUs(1)) as number;
    const isTaken = (moment: number): boolean =>
      this.scenario.steps.some((step) => step.at === moment) ||
      this.#recorded?.times.includes(moment) === true;
    while (isTaken(at)) at++;
    return at;
  }

  /** What was done later on this branch did not happen. The present has not done it either. */
  #cutBranch(at: number): void {
    this.#hand = this.#hand.filter(({ step }) => step.at < at);
    this.#far = undefined;
    this.#end = this.position;
    this.#heard = this.#end;
    this.branch++;
  }

  /** Takes the run from which the goal is nearest, and makes it the present. */
  #setOut(goal: Goal & { readonly kind: 'time' | 'position' }): void {
    const place = goal.kind === 'time' ? { at: goal.at } : goal.position;
    this.#goal = goal;
    const here = this.#present;
    const parked = this.#parked.take(place, here);
    const isBehind =
      place.at < here.position.at || ('events' in place && place.events < here.position.events);
    const next = parked ?? (isBehind ? this.#newRun(LIMITS.packetsMax) : here);
    if (next === here) return;
    if (isBefore(this.#heard, here.position)) this.#heard = here.position;
    if (this.#far === undefined || isBefore(this.#end, here.position)) {
      this.#far = here;
      this.#end = here.position;
    }
    this.#parked.add(here);
    this.#present = next;
    this.generation++;
    this.recorder.packets.widen(LIMITS.packetsMax, this.#far.recorder.packets);
  }

  #workAt(goal: Goal, budget: number): boolean {
    switch (goal.kind) {
      case 'time':
        return this.#present.advanceTo(this.#hand, goal.at, budget);
      case 'position':
        return this.#present.reach(this.#hand, goal.position, budget);
      case 'find': {
        const found = this.#present.search(this.#hand, goal, budget);
        return found === 'none' ? this.#giveUp(goal) : found === 'found';
      }
    }
  }

  /** No failover in sight: back to where the search began, as if nobody had looked. */
  #giveUp(goal: Goal & { readonly kind: 'find' }): boolean {
    if (goal.what !== 'failover') return true;
    this.missed = true;
    const knewEnd = this.#far;
    this.#setOut({ kind: 'position', position: goal.origin });
    this.#far = knewEnd;
    this.#end = goal.end;
    return false;
  }
}
