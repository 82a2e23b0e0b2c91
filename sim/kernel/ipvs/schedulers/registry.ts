/** The schedulers by their names in `ipvsadm -s`. */

import { makeDestinationHashing } from './dh.ts';
import { makeFailover, makeOverflow } from './failover.ts';
import {
  makeLeastConnection,
  makeNeverQueue,
  makeShortestExpectedDelay,
  makeWeightedLeastConnection,
} from './least-connection.ts';
import { makeLocality, makeLocalityWithReplication } from './locality.ts';
import { makeMaglevHashing } from './mh.ts';
import { makeRoundRobin } from './rr.ts';
import type { SchedulerMaker, SchedulerName } from './scheduler.ts';
import { makeSourceHashing } from './sh.ts';
import { makeTwoChoices } from './twos.ts';
import { makeWeightedRoundRobin } from './wrr.ts';

const MAKERS: ReadonlyMap<string, SchedulerMaker> = new Map<SchedulerName, SchedulerMaker>([
  ['rr', makeRoundRobin],
  ['wrr', makeWeightedRoundRobin],
  ['lc', makeLeastConnection],
  ['wlc', makeWeightedLeastConnection],
  ['sed', makeShortestExpectedDelay],
  ['nq', makeNeverQueue],
  ['dh', makeDestinationHashing],
  ['sh', makeSourceHashing],
  ['mh', makeMaglevHashing],
  ['fo', makeFailover],
  ['ovf', makeOverflow],
  ['lblc', makeLocality],
  ['lblcr', makeLocalityWithReplication],
  ['twos', makeTwoChoices],
]);

/** All of them. */
export const SCHEDULER_NAMES: readonly string[] = [...MAKERS.keys()];

/** How to make the scheduler of that name; `undefined` when Linux has none. */
export function schedulerMaker(name: string): SchedulerMaker | undefined {
  return MAKERS.get(name);
}
