/**
 * What came into a bridged run from outside of virtual time, as a session needs it to show the run again: moments, a way to
 * carry each input out, and what was done by hand. `sim/bridge` reads it from a recording; nothing here knows files.
 */

import type { ScenarioRun } from '../scenario/run.ts';
import type { LivingLan } from '../topology/living-lan.ts';
import type { HandStep } from './timeline.ts';

/** See the head of the file. */
export interface RecordedOutside {
  /** When each input came, in order and no two at once, µs. */
  readonly times: readonly number[];
  /** Carries inputs out on one run that stands before them, by their place in `times`. */
  player(run: ScenarioRun): (index: number) => void;
  /** What was done by hand meanwhile, in order; its moments are none of `times`. */
  deeds(lan: LivingLan): readonly HandStep[];
  /** Where the recording ends, µs: nobody knows what the real network did later. */
  readonly end: number;
}
