/**
 * fo and ovf: everything to the heaviest server. fo moves on when it is gone or overloaded, ovf already
 * when it has more active connections than weight (so weight 3 gets 4).
 * Source: net/netfilter/ipvs/ip_vs_fo.c, ip_vs_ovf.c.
 */

import type { RealServer } from '../ipvs-state.ts';
import { isUsable, type SchedulerMaker } from './scheduler.ts';

/** Makes the scheduler `fo`. */
export const makeFailover: SchedulerMaker = (_state, service) => ({
  name: 'fo',
  schedule: () => heaviest(service.first, () => true),
});

/** Makes the scheduler `ovf`. */
export const makeOverflow: SchedulerMaker = (_state, service) => ({
  name: 'ovf',
  schedule: () => heaviest(service.first, hasRoom),
});

function hasRoom(server: RealServer): boolean {
  return server.activeConnections <= server.weight;
}

function heaviest(
  first: RealServer | undefined,
  accepts: (server: RealServer) => boolean,
): RealServer | undefined {
  let best: RealServer | undefined;
  for (let server = first; server !== undefined; server = server.next) {
    if (!isUsable(server) || !accepts(server)) continue;
    if (best === undefined || server.weight > best.weight) best = server;
  }
  return best;
}
