/**
 * Runs of the same branch that stand ready at other moments, so that going back need not begin at t=0: nothing of a run
 * can be copied, but a second one that is kept half way behind can be played on from there. Behind the present they stand
 * at distances that halve towards it; they are moved while nobody waits for anything else. A run is used up by going back to
 * it; the ones behind it move up, and a new one starts from t=0.
 */

import { type BranchRun, canReach, type Deed, furthest } from './branch-run.ts';
import { isBefore, type Position } from './run-recorder.ts';

/** Runs behind the present: the nearest is at most a 64th of the whole way behind. */
const BEHIND_MAX = 6;
/** Runs ahead of the present that are kept for going forward again, the branch's end not counted. */
const AHEAD_MAX = 1;
/** A way of so few events is gone at once from t=0 too: nothing is parked. */
const SHORT_WAY_EVENTS = 5_000;
/** Frames that a parked run keeps; what is older is taken from the run at the branch's end. */
export const PARKED_PACKETS_MAX = 20_000;

/** See the head of the file. */
export class ParkedRuns {
  #runs: BranchRun[] = [];

  /** How many there are. */
  get count(): number {
    return this.#runs.length;
  }

  /** Puts a run aside. */
  add(run: BranchRun): void {
    if (!this.#runs.includes(run)) this.#runs.push(run);
  }

  /** Takes out the run from which a goal is nearest, if it is nearer than `than`. */
  take(
    goal: { readonly at: number; readonly events?: number },
    than: BranchRun | undefined,
  ): BranchRun | undefined {
    const best = furthest(this.#runs.filter((run) => canReach(run, goal)));
    if (best === undefined) return undefined;
    const isNearer =
      than === undefined || !canReach(than, goal) || isBefore(than.position, best.position);
    if (!isNearer) return undefined;
    this.#runs = this.#runs.filter((run) => run !== best);
    return best;
  }

  /** A deed at `at` makes everything void that lies at or after it, or that has done one of the dropped deeds. */
  cut(at: number, deedsKept: number): void {
    this.#runs = this.#runs.filter((run) => run.position.at < at && run.deedsDone <= deedsKept);
  }

  /** Forgets those that nobody will need: `keep` is the run that knows the branch's end. */
  trim(present: Position, keep: BranchRun | undefined): void {
    const ahead = this.#runs
      .filter((run) => run !== keep && isBefore(present, run.position))
      .sort((a, b) => a.position.events - b.position.events)
      .slice(0, AHEAD_MAX);
    const behind = this.#behind(present, keep).slice(0, BEHIND_MAX);
    this.#runs = this.#runs.filter(
      (run) => run === keep || ahead.includes(run) || behind.includes(run),
    );
  }

  /** Moves one of them towards where it should stand; `false` when all stand well. */
  tend(
    present: Position,
    what: {
      readonly keep: BranchRun | undefined;
      readonly deeds: readonly Deed[];
      readonly make: () => BranchRun;
      readonly budget: number;
    },
  ): boolean {
    if (present.events < SHORT_WAY_EVENTS || what.budget <= 0) return false;
    const behind = this.#behind(present, what.keep);
    for (let slot = 0; slot < BEHIND_MAX; slot++) {
      // The nearest slot first: it is the cheapest to fill and the first to be used.
      const distance = Math.floor(present.events / 2 ** (BEHIND_MAX - slot));
      const target = present.events - distance;
      const found = behind[slot];
      const lacks = target - (found?.position.events ?? 0);
      if (found !== undefined && lacks < distance / 2) continue;
      const run = found ?? what.make();
      this.add(run);
      const least = Math.min(lacks, what.budget);
      // By events, not by time: the moment is whatever it is after that many.
      run.advanceTo(what.deeds, present.at, least);
      return true;
    }
    return false;
  }

  /** Those at or behind the present, the nearest first. */
  #behind(present: Position, keep: BranchRun | undefined): BranchRun[] {
    return this.#runs
      .filter((run) => run !== keep && !isBefore(present, run.position))
      .sort((a, b) => b.position.events - a.position.events);
  }
}
