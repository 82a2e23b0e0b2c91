/**
 * Maglev hashing: a table of 4093 places that servers fill in turn, each from its own starting place in its
 * own steps, as often a round as its last weight that was not 0 says. So weight 0 moves nobody else: its
 * clients are refused, or with mh-fallback find another place. Source: net/netfilter/ipvs/ip_vs_mh.c.
 */

import type { PacketFacts, RealServer, VirtualService } from '../ipvs-state.ts';
import { foldAddress, hsiphash32 } from './address-hash.ts';
import { greatestCommonDivisor } from './greatest-common-divisor.ts';
import { FLAG_FALLBACK, FLAG_PORT, isUsable, type SchedulerMaker } from './scheduler.ts';

/** The prime for CONFIG_IP_VS_MH_TAB_INDEX=12. */
const TABLE_SIZE = 4093;
/** CONFIG_IP_VS_MH_TAB_INDEX / 2: turns are kept below 2^6. */
const TURN_BITS = 6;
const FIRST_KEY = 2654435761;
const SECOND_KEY = 2654446892;

/** One server's way through the table. */
interface Walker {
  readonly server: RealServer;
  readonly skip: number;
  readonly turns: number;
  place: number;
}

/** Makes the scheduler `mh`. */
export const makeMaglevHashing: SchedulerMaker = (_state, service) => {
  const table: (RealServer | undefined)[] = new Array(TABLE_SIZE).fill(undefined);
  const assign = (): void => fill(service, table);
  assign();
  return {
    name: 'mh',
    schedule: (packet) => pick(service, table, packet),
    added: assign,
    removed: assign,
    updated: assign,
  };
};

function place(value: number, key: number, size: number): number {
  return hsiphash32(value >>> 0, key) % size;
}

function fill(service: VirtualService, table: (RealServer | undefined)[]): void {
  table.fill(undefined);
  const walkers = makeWalkers(service);
  if (walkers.length === 0) return;
  let filled = 0;
  for (;;) {
    for (const walker of walkers) {
      for (let turn = 0; turn < walker.turns; turn++) {
        while (table[walker.place] !== undefined) {
          walker.place += walker.skip;
          if (walker.place >= TABLE_SIZE) walker.place -= TABLE_SIZE;
        }
        table[walker.place] = walker.server;
        if (++filled === TABLE_SIZE) return;
      }
    }
  }
}

function makeWalkers(service: VirtualService): Walker[] {
  let divisor = 0;
  let greatest = 0;
  for (let server = service.first; server !== undefined; server = server.next) {
    if (server.lastWeight <= 0) continue;
    divisor = greatestCommonDivisor(server.lastWeight, divisor);
    greatest = Math.max(greatest, server.lastWeight);
  }
  const walkers: Walker[] = [];
  if (divisor === 0) return walkers;
  const usedBits = 32 - Math.clz32(Math.floor(greatest / divisor));
  const shift = Math.max(0, usedBits - TURN_BITS);
  for (let server = service.first; server !== undefined; server = server.next) {
    if (server.lastWeight <= 0) continue;
    const word = foldAddress(server.address) + server.port;
    walkers.push({
      server,
      place: place(word, FIRST_KEY, TABLE_SIZE),
      skip: place(word, SECOND_KEY, TABLE_SIZE - 1) + 1,
      turns: Math.floor(server.lastWeight / divisor) >> shift || 1,
    });
  }
  return walkers;
}

function pick(
  service: VirtualService,
  table: readonly (RealServer | undefined)[],
  packet: PacketFacts,
): RealServer | undefined {
  const port = (service.schedulerFlags & FLAG_PORT) === 0 ? 0 : packet.sourcePort;
  const word = foldAddress(packet.source) + port;
  const start = place(word, FIRST_KEY, TABLE_SIZE);
  const own = table[start];
  if (own === undefined || isUsable(own)) return own;
  if ((service.schedulerFlags & FLAG_FALLBACK) === 0) return undefined;
  for (let offset = 0; offset < TABLE_SIZE; offset++) {
    const next = (offset + start) % TABLE_SIZE;
    const server = table[place(word + next, FIRST_KEY, TABLE_SIZE)];
    if (server === undefined) return undefined;
    if (isUsable(server)) return server;
  }
  return undefined;
}
