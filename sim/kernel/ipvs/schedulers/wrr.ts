/**
 * Weighted round robin: passes over the list with a required weight that sinks from the greatest weight in
 * steps of the weights' greatest common divisor. Any change of the list starts again at its head but keeps
 * the required weight, as the kernel does. Source: net/netfilter/ipvs/ip_vs_wrr.c.
 */

import { nextServer, type RealServer, type VirtualService } from '../ipvs-state.ts';
import { greatestCommonDivisor } from './greatest-common-divisor.ts';
import type { SchedulerMaker } from './scheduler.ts';

interface Mark {
  /** The last pick; `undefined` is the head of the list. */
  current: RealServer | undefined;
  required: number;
  greatest: number;
  step: number;
}

/** Makes the scheduler `wrr`. */
export const makeWeightedRoundRobin: SchedulerMaker = (_state, service) => {
  const mark: Mark = { current: undefined, required: 0, greatest: 0, step: 1 };
  measure(service, mark);
  mark.required = mark.greatest;

  const changed = (): void => {
    mark.current = undefined;
    measure(service, mark);
    if (mark.required > mark.greatest || mark.required === 0) mark.required = mark.greatest;
    else if (mark.step > 1) mark.required = Math.floor(mark.required / mark.step) * mark.step + 1;
  };

  return {
    name: 'wrr',
    schedule: () => pick(service, mark),
    added: changed,
    removed: changed,
    updated: changed,
  };
};

/** The greatest weight is lowered by (step - 1), so that the last pass asks for 1. */
function measure(service: VirtualService, mark: Mark): void {
  let greatest = 0;
  let step = 0;
  for (let server = service.first; server !== undefined; server = server.next) {
    if (server.weight > greatest) greatest = server.weight;
    if (server.weight > 0) step = greatestCommonDivisor(server.weight, step);
  }
  mark.step = step === 0 ? 1 : step;
  mark.greatest = greatest - (mark.step - 1);
}

function pick(service: VirtualService, mark: Mark): RealServer | undefined {
  if (mark.greatest === 0) return undefined;
  const start = mark.current;
  let server = start;
  let stop: RealServer | undefined;
  let isLastPass = false;
  let hasRestarted = false;
  for (;;) {
    for (server = nextServer(service, server); server !== undefined; server = server.next) {
      if (!server.overloaded && server.weight >= mark.required) {
        mark.current = server;
        return server;
      }
      if (server === stop) {
        mark.current = server;
        return undefined;
      }
    }
    mark.required -= mark.step;
    if (mark.required <= 0) {
      mark.required = mark.greatest;
      if (isLastPass || start === undefined) {
        mark.current = undefined;
        return undefined;
      }
      hasRestarted = true;
    }
    isLastPass = mark.required <= mark.step;
    if (isLastPass && hasRestarted && start !== undefined) stop = start;
  }
}
