/**
 * Power of two choices: two servers drawn by weight, the less loaded one wins. The kernel draws a number
 * from 0 to the sum of weights, both included, so the first server of the list is slightly favoured.
 * Source: net/netfilter/ipvs/ip_vs_twos.c.
 */

import type { RealServer, VirtualService } from '../ipvs-state.ts';
import { connectionOverhead, isUsable, type SchedulerMaker } from './scheduler.ts';

/** Makes the scheduler `twos`, the only one with chance in it. */
export const makeTwoChoices: SchedulerMaker = (state, service) => ({
  name: 'twos',
  schedule: () => {
    let total = 0;
    for (let server = service.first; server !== undefined; server = server.next) {
      if (isUsable(server)) total += server.weight;
    }
    if (total === 0) return undefined;
    const first = drawn(service, state.random() % (total + 1));
    const second = drawn(service, state.random() % (total + 1));
    if (first === undefined || second === undefined) return first ?? second;
    const firstLoad = connectionOverhead(first) * second.weight;
    return firstLoad > connectionOverhead(second) * first.weight ? second : first;
  },
});

function drawn(service: VirtualService, draw: number): RealServer | undefined {
  for (let server = service.first; server !== undefined; server = server.next) {
    if (!isUsable(server)) continue;
    draw -= server.weight;
    if (draw <= 0) return server;
  }
  return undefined;
}
