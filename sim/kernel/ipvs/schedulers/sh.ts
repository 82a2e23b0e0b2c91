/**
 * Source hashing: 256 buckets filled with the list in turn, each server as often in a row as its weight
 * says, but at least once. sh-port hashes the client's port too; sh-fallback walks on through the buckets
 * when the client's own server is unusable. Source: net/netfilter/ipvs/ip_vs_sh.c.
 */

import type { PacketFacts, RealServer, VirtualService } from '../ipvs-state.ts';
import { foldAddress, hash32 } from './address-hash.ts';
import { FLAG_FALLBACK, FLAG_PORT, isUsable, type SchedulerMaker } from './scheduler.ts';

/** CONFIG_IP_VS_SH_TAB_BITS. */
const TABLE_BITS = 8;
const TABLE_SIZE = 1 << TABLE_BITS;
const TABLE_MASK = TABLE_SIZE - 1;

/** Makes the scheduler `sh`. */
export const makeSourceHashing: SchedulerMaker = (_state, service) => {
  const buckets: (RealServer | undefined)[] = [];
  const assign = (): void => fill(service, buckets);
  assign();
  return {
    name: 'sh',
    schedule: (packet) => pick(service, buckets, packet),
    added: assign,
    removed: assign,
    updated: assign,
  };
};

function fill(service: VirtualService, buckets: (RealServer | undefined)[]): void {
  let server = service.first;
  let count = 0;
  for (let place = 0; place < TABLE_SIZE; place++) {
    buckets[place] = server;
    if (server === undefined || ++count < server.weight) continue;
    server = server.next ?? service.first;
    count = 0;
  }
}

function pick(
  service: VirtualService,
  buckets: readonly (RealServer | undefined)[],
  packet: PacketFacts,
): RealServer | undefined {
  const port = (service.schedulerFlags & FLAG_PORT) === 0 ? 0 : packet.sourcePort;
  const hash = hash32(foldAddress(packet.source) + port, TABLE_BITS);
  const own = buckets[hash];
  if (own === undefined || isUsable(own)) return own;
  if ((service.schedulerFlags & FLAG_FALLBACK) === 0) return undefined;
  for (let offset = 0; offset < TABLE_SIZE; offset++) {
    // The kernel adds the start twice: once in the offset, once in the hash.
    const server = buckets[(((offset + hash) % TABLE_SIZE) + hash) & TABLE_MASK];
    if (server === undefined) return undefined;
    if (isUsable(server)) return server;
  }
  return undefined;
}
