/**
 * lblc and lblcr: a cache from destination address to the server (or the set of servers) that answered for
 * it last. Both fall back to wlc when there is none or it is overloaded while another stands half empty.
 * lblc ignores the threshold flag of a cached server, lblcr respects it. Entries not used for a day go at
 * the full check, every thirtieth round of a timer of a minute. Left out: the early check of a cache of more
 * than 16384 addresses.
 * Source: net/netfilter/ipvs/ip_vs_lblc.c, ip_vs_lblcr.c.
 */

import type { IpAddress } from '../../../../daemon/wire/ip-address.ts';
import { HZ, makeTimer } from '../../kernel-clock.ts';
import type { IpvsState, RealServer, VirtualService } from '../ipvs-state.ts';
import { scheduledDestination } from '../packet-facts.ts';
import { weightedLeastConnection } from './least-connection.ts';
import { connectionOverhead, type SchedulerMaker } from './scheduler.ts';

const SECOND_US = 1_000_000;
/** CHECK_EXPIRE_INTERVAL, in ticks. */
const ROUND_TICKS = 60 * HZ;
/** COUNT_FOR_FULL_EXPIRATION: the rounds of the timer up to a full check. */
const FULL_CHECK_ROUNDS = 30;

interface CacheEntry {
  /** Newest first; lblc has one. */
  readonly servers: RealServer[];
  lastUseUs: number;
  changedUs: number;
}

type Cache = Map<IpAddress, CacheEntry>;

/** Makes the scheduler `lblc`. */
export const makeLocality: SchedulerMaker = (state, service) => {
  const cache: Cache = new Map();
  const stopped = startAgeChecks(state, cache, () => state.settings.lblc_expiration);
  return {
    name: 'lblc',
    stopped,
    schedule: (packet) => {
      const { now } = state.clock;
      const entry = cache.get(scheduledDestination(packet));
      const cached = entry?.servers[0];
      if (entry !== undefined) entry.lastUseUs = now;
      if (cached?.available && cached.weight > 0 && !isBusy(cached, service)) return cached;
      const server = weightedLeastConnection(service);
      if (server === undefined) return undefined;
      cache.set(scheduledDestination(packet), {
        servers: [server],
        lastUseUs: now,
        changedUs: now,
      });
      return server;
    },
  };
};

/** Makes the scheduler `lblcr`. */
export const makeLocalityWithReplication: SchedulerMaker = (state, service) => {
  const cache: Cache = new Map();
  const stopped = startAgeChecks(state, cache, () => state.settings.lblcr_expiration);
  return {
    name: 'lblcr',
    stopped,
    schedule: (packet) => {
      const { now } = state.clock;
      const entry = cache.get(scheduledDestination(packet));
      if (entry === undefined) {
        const server = weightedLeastConnection(service);
        if (server === undefined) return undefined;
        cache.set(scheduledDestination(packet), {
          servers: [server],
          lastUseUs: now,
          changedUs: now,
        });
        return server;
      }
      entry.lastUseUs = now;
      const cached = leastOf(entry.servers);
      const lifetimeUs = state.settings.lblcr_expiration * SECOND_US;
      if (entry.servers.length > 1 && now > entry.changedUs + lifetimeUs) {
        removeMostLoaded(entry, now);
      }
      if (cached !== undefined && !isBusy(cached, service)) return cached;
      const server = weightedLeastConnection(service);
      if (server !== undefined && !entry.servers.includes(server)) {
        entry.servers.unshift(server);
        entry.changedUs = now;
      }
      return server;
    },
  };
};

/** Throws stale entries out at every full check; what ends the checks. */
function startAgeChecks(
  state: IpvsState,
  cache: Cache,
  expirationSeconds: () => number,
): () => void {
  const { clock } = state;
  let round = 0;
  const timer = makeTimer(() => {
    round++;
    if (round % FULL_CHECK_ROUNDS === 0) {
      const lifetimeUs = expirationSeconds() * SECOND_US;
      for (const [address, entry] of cache) {
        if (clock.now >= entry.lastUseUs + lifetimeUs) cache.delete(address);
      }
    }
    clock.armTicks(timer, ROUND_TICKS);
  });
  clock.armTicks(timer, ROUND_TICKS);
  return () => clock.cancel(timer);
}

/** More active connections than weight, while another server has fewer than half of its own. */
function isBusy(server: RealServer, service: VirtualService): boolean {
  if (server.activeConnections <= server.weight) return false;
  for (let other = service.first; other !== undefined; other = other.next) {
    if (other.activeConnections * 2 < other.weight) return true;
  }
  return false;
}

function leastOf(servers: readonly RealServer[]): RealServer | undefined {
  let least: RealServer | undefined;
  for (const server of servers) {
    if (server.overloaded || !server.available) continue;
    if (least === undefined) {
      if (server.weight > 0) least = server;
      continue;
    }
    const cost = connectionOverhead(server);
    if (connectionOverhead(least) * server.weight > cost * least.weight) least = server;
  }
  return least;
}

function removeMostLoaded(entry: CacheEntry, now: number): void {
  let most: RealServer | undefined;
  for (const server of entry.servers) {
    if (server.weight <= 0) continue;
    if (most === undefined) {
      most = server;
      continue;
    }
    const cost = connectionOverhead(server);
    if (connectionOverhead(most) * server.weight < cost * most.weight) most = server;
  }
  if (most === undefined) return;
  entry.servers.splice(entry.servers.indexOf(most), 1);
  entry.changedUs = now;
}
