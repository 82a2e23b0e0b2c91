/**
 * Destination hashing: 256 buckets filled with the list in turn, weights ignored; a bucket whose server is
 * unusable refuses. Source: net/netfilter/ipvs/ip_vs_dh.c.
 */

import type { RealServer, VirtualService } from '../ipvs-state.ts';
import { scheduledDestination } from '../packet-facts.ts';
import { foldAddress, hash32 } from './address-hash.ts';
import { isUsable, type SchedulerMaker } from './scheduler.ts';

/** CONFIG_IP_VS_DH_TAB_BITS. */
const TABLE_BITS = 8;
const TABLE_SIZE = 1 << TABLE_BITS;

/** Makes the scheduler `dh`. */
export const makeDestinationHashing: SchedulerMaker = (_state, service) => {
  const buckets: (RealServer | undefined)[] = [];
  const assign = (): void => fill(service, buckets);
  assign();
  return {
    name: 'dh',
    schedule: (packet) => {
      const server = buckets[hash32(foldAddress(scheduledDestination(packet)), TABLE_BITS)];
      return server?.available && isUsable(server) ? server : undefined;
    },
    added: assign,
    removed: assign,
    updated: assign,
  };
};

function fill(service: VirtualService, buckets: (RealServer | undefined)[]): void {
  let server = service.first;
  for (let place = 0; place < TABLE_SIZE; place++) {
    buckets[place] = server;
    server = server?.next ?? service.first;
  }
}
