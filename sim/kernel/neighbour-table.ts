/**
 * Entries of the neighbour tables: making, finding, listing and collecting them. What happens to an
 * entry over time is in `neighbour-machine.ts`. Source: net/core/neighbour.c of Linux 6.x.
 */

import { randomBelow } from '../../daemon/base/random.ts';
import type { IpAddress, IpFamily } from '../../daemon/wire/ip-address.ts';
import { isMulticastIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { isMulticastIpv6 } from '../../daemon/wire/ipv6-address.ts';
import { ZERO_MAC } from '../../daemon/wire/mac-address.ts';
import type { NeighbourSettings } from './interface-settings.ts';
import type { NeighbourFacts } from './kernel-api.ts';
import { HZ, type KernelTimer, makeTimer, ticksOf } from './kernel-clock.ts';
import { drop, type KernelState, type LinkState, voidPaths } from './kernel-state.ts';
import type { NeighbourEntry, NeighbourTable } from './neighbour-state.ts';
import { announce } from './netlink.ts';

/** Entries younger than this survive a forced collection. Source: neigh_forced_gc. */
const FORCED_GC_AGE_TICKS = 5 * HZ;
/** Least time between two forced collections while there is still room. */
const FORCED_GC_PAUSE_TICKS = 5 * HZ;
/** Reachable times are drawn anew every 300 s, at a tick of the periodic collection. */
const REDRAW_TICKS = 300 * HZ;

/** Makes a table without entries. */
export function makeNeighbourTable(
  family: IpFamily,
  startedAt: number,
  onCollect: (table: NeighbourTable) => void,
): NeighbourTable {
  const table: NeighbourTable = {
    family,
    count: 0,
    gcThresh1: 128,
    gcThresh2: 512,
    gcThresh3: 1024,
    lastFlush: startedAt,
    startedAt,
    gcTimer: makeTimer(() => onCollect(table)),
  };
  return table;
}

/** The entries of a table on one link. */
export function entriesOf(table: NeighbourTable, link: LinkState): Map<IpAddress, NeighbourEntry> {
  const entries = table.family === 'inet' ? link.arpEntries : link.ndEntries;
  return entries as Map<IpAddress, NeighbourEntry>;
}

/** The parameters of a table on one link. */
export function settingsOf(table: NeighbourTable, link: LinkState): NeighbourSettings {
  return table.family === 'inet' ? link.arpSettings : link.ndSettings;
}

/** An existing entry. */
export function findNeighbour(
  table: NeighbourTable,
  link: LinkState,
  address: IpAddress,
): NeighbourEntry | undefined {
  return entriesOf(table, link).get(address);
}

/** Makes an entry; `undefined` when the table is full ("neighbor table overflow"). */
export function createNeighbour(
  kernel: KernelState,
  table: NeighbourTable,
  link: LinkState,
  address: IpAddress,
  makeTimerFor: (entry: () => NeighbourEntry) => KernelTimer,
): NeighbourEntry | undefined {
  const now = kernel.clock.jiffies;
  if (table.count >= table.gcThresh3 || isTimeForForcedGc(table, now)) {
    const freed = collectForced(kernel, table, now);
    if (freed === 0 && table.count >= table.gcThresh3) {
      drop(kernel, 'neighbour:table-full');
      return undefined;
    }
  }
  const settings = settingsOf(table, link);
  const entry: NeighbourEntry = {
    // What every packet reads stands first.
    state: 'NONE',
    mac: ZERO_MAC,
    family: table.family,
    link,
    dead: false,
    table,
    address,
    router: false,
    probes: 0,
    // Long ago, so that a new entry does not count as confirmed.
    confirmed: now - 2 * ticksOf(settings.base_reachable_time_ms * 1000),
    used: now,
    updated: now,
    timer: makeTimerFor(() => entry),
    queue: [],
    queueBytes: 0,
  };
  entriesOf(table, link).set(address, entry);
  voidPaths(kernel);
  table.count++;
  if (table.count >= table.gcThresh1 && table.gcTimer.place < 0) armCollection(kernel, table);
  return entry;
}

/** Takes an entry out and announces that, as RTM_DELNEIGH does. */
export function removeNeighbour(kernel: KernelState, entry: NeighbourEntry): void {
  if (entry.dead) return;
  entry.dead = true;
  voidPaths(kernel);
  kernel.clock.cancel(entry.timer);
  entriesOf(entry.table, entry.link).delete(entry.address);
  entry.table.count--;
  for (let i = 0; i < entry.queue.length; i++) drop(kernel, 'neighbour:removed');
  entry.queue.length = 0;
  entry.queueBytes = 0;
  const facts = factsOf(entry);
  if (facts !== undefined) announce(kernel, { kind: 'neighbour-removed', neighbour: facts });
}

/**
 * The link went away or lost its carrier: its entries go, permanent ones stay when only the carrier
 * did.
 */
export function flushNeighboursOf(
  kernel: KernelState,
  link: LinkState,
  keepPermanent: boolean,
): void {
  for (const table of [kernel.arp, kernel.nd]) {
    for (const entry of [...entriesOf(table, link).values()]) {
      if (keepPermanent && entry.state === 'PERMANENT') continue;
      removeNeighbour(kernel, entry);
    }
  }
}

/**
 * What `ip neigh` shows of an entry: nothing for unused ones and for those that need no resolution.
 */
export function factsOf(entry: NeighbourEntry): NeighbourFacts | undefined {
  const { state } = entry;
  if (state === 'NONE' || state === 'NOARP') return undefined;
  const known = state !== 'INCOMPLETE' && state !== 'FAILED';
  return {
    link: entry.link.name,
    address: entry.address,
    state,
    router: entry.router,
    ...(known ? { mac: entry.mac } : {}),
  };
}

/** All entries of both tables, by link. */
export function listNeighbours(kernel: KernelState): readonly NeighbourFacts[] {
  const list: NeighbourFacts[] = [];
  for (const table of [kernel.arp, kernel.nd]) {
    for (const link of kernel.links) {
      for (const entry of entriesOf(table, link).values()) {
        const facts = factsOf(entry);
        if (facts !== undefined) list.push(facts);
      }
    }
  }
  return list;
}

/**
 * Ticks for which a confirmation on that link holds: base_reachable_time times 0.5..1.5, drawn anew
 * about every 300 s. Linux draws in its periodic work; here the draw is made when somebody asks, so
 * that an idle host needs no event, with the periods counted as if it had.
 */
export function reachableTicks(
  kernel: KernelState,
  table: NeighbourTable,
  link: LinkState,
): number {
  const settings = settingsOf(table, link);
  const base = ticksOf(settings.base_reachable_time_ms * 1000);
  const collection = Math.max(1, base >> 1);
  const redraw = (Math.floor(REDRAW_TICKS / collection) + 1) * collection;
  const period = Math.floor((kernel.clock.jiffies - table.startedAt) / redraw);
  const held = table.family === 'inet' ? link.arpReachable : link.ndReachable;
  if (held.period !== period) {
    held.period = period;
    const random = kernel.reachableRandom[table.family];
    held.ticks = base === 0 ? 0 : (base >> 1) + randomBelow(random, base);
  }
  return held.ticks;
}

/**
 * Periodic collection: failed entries and those unused for gc_stale_time. Source:
 * neigh_periodic_work.
 */
export function collectPeriodically(kernel: KernelState, table: NeighbourTable): void {
  if (table.count < table.gcThresh1) return;
  const now = kernel.clock.jiffies;
  for (const link of kernel.links) {
    const stale = settingsOf(table, link).gc_stale_time * HZ;
    for (const entry of [...entriesOf(table, link).values()]) {
      if (entry.state === 'PERMANENT' || isTimed(entry)) continue;
      if (entry.used < entry.confirmed && entry.confirmed <= now) entry.used = entry.confirmed;
      if (entry.state === 'FAILED' || now >= entry.used + stale) removeNeighbour(kernel, entry);
    }
  }
  if (table.count >= table.gcThresh1) armCollection(kernel, table);
}

function armCollection(kernel: KernelState, table: NeighbourTable): void {
  const settings = table.family === 'inet' ? kernel.arpDefault : kernel.ndDefault;
  const ticks = ticksOf(settings.base_reachable_time_ms * 1000) >> 1;
  const since = kernel.clock.jiffies - table.startedAt;
  kernel.clock.armTicks(table.gcTimer, Math.max(1, ticks - (since % Math.max(1, ticks))));
}

function isTimeForForcedGc(table: NeighbourTable, now: number): boolean {
  return table.count >= table.gcThresh2 && now > table.lastFlush + FORCED_GC_PAUSE_TICKS;
}

function collectForced(kernel: KernelState, table: NeighbourTable, now: number): number {
  const most = table.count - table.gcThresh2;
  let freed = 0;
  for (const link of kernel.links) {
    for (const entry of [...entriesOf(table, link).values()]) {
      if (freed > 0 && freed >= most) break;
      if (entry.state === 'PERMANENT' || isTimed(entry)) continue;
      const old = now - entry.updated > FORCED_GC_AGE_TICKS;
      if (!old && entry.state !== 'FAILED' && !isMulticast(entry.address)) continue;
      removeNeighbour(kernel, entry);
      freed++;
    }
  }
  table.lastFlush = now;
  return freed;
}

/** Entries with a running timer are in use and never collected. */
function isTimed(entry: NeighbourEntry): boolean {
  return entry.timer.place >= 0;
}

function isMulticast(address: IpAddress): boolean {
  return typeof address === 'number' ? isMulticastIpv4(address) : isMulticastIpv6(address);
}
