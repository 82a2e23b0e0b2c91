/**
 * State of the neighbour tables: ARP for IPv4, neighbour discovery for IPv6. Source:
 * include/net/neighbour.h.
 */

import type { IpAddress, IpFamily } from '../../daemon/wire/ip-address.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';
import type { NeighbourState } from './kernel-api.ts';
import type { KernelTimer } from './kernel-clock.ts';
import type { LinkState } from './kernel-state.ts';

/** One neighbour. `NONE` is an entry that was made and not used yet; it is never listed. */
export interface NeighbourEntry {
  readonly table: NeighbourTable;
  /** The table's, at hand for every packet. */
  readonly family: IpFamily;
  readonly link: LinkState;
  readonly address: IpAddress;
  mac: MacAddress;
  state: NeighbourState | 'NONE';
  router: boolean;
  /** Requests sent in this state. */
  probes: number;
  /** Ticks of the last confirmation, use and change. */
  confirmed: number;
  used: number;
  updated: number;
  readonly timer: KernelTimer;
  /** Frames that wait for the MAC, with room for the Ethernet header. */
  readonly queue: Uint8Array[];
  queueBytes: number;
  dead: boolean;
}

/** One table over all links. */
export interface NeighbourTable {
  readonly family: IpFamily;
  /** Entries on all links. */
  count: number;
  /**
   * Thresholds of garbage collection: net.ipvN.neigh.default.gc_thresh1..3, gc_interval is not used
   * by Linux 6.
   */
  gcThresh1: number;
  gcThresh2: number;
  gcThresh3: number;
  /** Ticks of the last forced collection. */
  lastFlush: number;
  /**
   * Ticks when the table came to life: reachable times are drawn anew in periods counted from here.
   */
  readonly startedAt: number;
  /**
   * Periodic collection; only armed from `gcThresh1` entries on, since below it Linux collects
   * nothing.
   */
  readonly gcTimer: KernelTimer;
}
