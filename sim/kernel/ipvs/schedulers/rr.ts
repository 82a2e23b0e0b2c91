/** Round robin: the next usable server behind the last one. Source: net/netfilter/ipvs/ip_vs_rr.c. */

import { nextServer, type RealServer } from '../ipvs-state.ts';
import { isUsable, type SchedulerMaker } from './scheduler.ts';

/** Makes the scheduler `rr`. */
export const makeRoundRobin: SchedulerMaker = (_state, service) => {
  /** `undefined` is the head of the list. */
  let last: RealServer | undefined;

  const schedule = (): RealServer | undefined => {
    const start = last;
    let server: RealServer | undefined = start;
    for (let pass = 0; pass < 2; pass++) {
      server = nextServer(service, server);
      for (; server !== undefined; server = server.next) {
        if (isUsable(server)) {
          last = server;
          return server;
        }
        if (server === start) return undefined;
      }
      if (start === undefined) return undefined;
    }
    return undefined;
  };

  const removed = (server: RealServer, previous: RealServer | undefined): void => {
    if (last === server) last = previous;
  };

  return { name: 'rr', schedule, removed };
};
