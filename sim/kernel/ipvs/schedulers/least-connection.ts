/**
 * The schedulers that compare a cost per server: lc, wlc, sed and nq. Ties go to the first of the list; a
 * comparison of quotients is done by multiplication, as in the kernel. sed and nq count only active
 * connections, so over UDP they see every server idle.
 * Source: net/netfilter/ipvs/ip_vs_lc.c, ip_vs_wlc.c, ip_vs_sed.c, ip_vs_nq.c.
 */

import type { RealServer, VirtualService } from '../ipvs-state.ts';
import { connectionOverhead, isUsable, type SchedulerMaker } from './scheduler.ts';

/** Makes the scheduler `lc`: least cost, whatever the weight (but not 0). */
export const makeLeastConnection: SchedulerMaker = (_state, service) => ({
  name: 'lc',
  schedule: () => leastConnection(service),
});

/** Makes the scheduler `wlc`, ipvsadm's default: least cost per weight. */
export const makeWeightedLeastConnection: SchedulerMaker = (_state, service) => ({
  name: 'wlc',
  schedule: () => weightedLeastConnection(service),
});

/** Makes the scheduler `sed`: shortest expected delay, (active + 1) per weight. */
export const makeShortestExpectedDelay: SchedulerMaker = (_state, service) => ({
  name: 'sed',
  schedule: () => shortestExpectedDelay(service, false),
});

/** Makes the scheduler `nq`: an idle server at once, else as sed. */
export const makeNeverQueue: SchedulerMaker = (_state, service) => ({
  name: 'nq',
  schedule: () => shortestExpectedDelay(service, true),
});

function leastConnection(service: VirtualService): RealServer | undefined {
  let least: RealServer | undefined;
  let leastCost = 0;
  for (let server = service.first; server !== undefined; server = server.next) {
    if (!isUsable(server)) continue;
    const cost = connectionOverhead(server);
    if (least !== undefined && cost >= leastCost) continue;
    least = server;
    leastCost = cost;
  }
  return least;
}

/** Shared with lblc and lblcr, whose first choice is the same. */
export function weightedLeastConnection(service: VirtualService): RealServer | undefined {
  let least: RealServer | undefined;
  let leastCost = 0;
  for (let server = service.first; server !== undefined; server = server.next) {
    if (server.overloaded) continue;
    if (least === undefined) {
      if (server.weight <= 0) continue;
      least = server;
      leastCost = connectionOverhead(server);
      continue;
    }
    const cost = connectionOverhead(server);
    if (leastCost * server.weight > cost * least.weight) {
      least = server;
      leastCost = cost;
    }
  }
  return least;
}

function shortestExpectedDelay(
  service: VirtualService,
  idleFirst: boolean,
): RealServer | undefined {
  let least: RealServer | undefined;
  let leastCost = 0;
  for (let server = service.first; server !== undefined; server = server.next) {
    if (!isUsable(server)) continue;
    if (idleFirst && server.activeConnections === 0) return server;
    const cost = server.activeConnections + 1;
    if (least === undefined || leastCost * server.weight > cost * least.weight) {
      least = server;
      leastCost = cost;
    }
  }
  return least;
}
