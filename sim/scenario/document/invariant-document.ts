/** The types of `always` of a scenario. Generated: UPDATE_GOLDEN=1 writes it. */

import type { Duration } from './duration.ts';

/** What must hold during the whole run. */
export interface Invariant {
  /** Masters per virtual router and connected segment. */
  readonly 'masters-at-most'?: number;
  /** One virtual router; all by default. */
  readonly vrid?: number;
  /** Live hosts that hold the address of vip. */
  readonly 'owners-at-most'?: number;
  /** Stations that answer one ARP request for vip. */
  readonly 'answers-at-most'?: number;
  /**
   * Longest time without an answer to traffic while a host that could answer is there and no cable
   * between them is impaired.
   */
  readonly 'black-hole-at-most'?: Duration;
  /** With black-hole-at-most: which traffic. */
  readonly traffic?: string;
  /**
   * Longest time for which a host's neighbour entry for vip leads to a host that does not hold it.
   */
  readonly 'wrong-neighbour-at-most'?: Duration;
  /** On each host all of these instances are MASTER, or none. */
  readonly together?: readonly string[];
  /**
   * Connections in progress that a director resets because it does not know them; it should, where
   * the sync daemon told it.
   */
  readonly 'lost-connections-at-most'?: number;
  /** The address. */
  readonly vip?: string;
  /** Longest uninterrupted violation that is accepted; 0s. */
  readonly 'except-for'?: Duration;
  /** Judged from that moment of the run on; from the start by default. */
  readonly from?: Duration;
  /** A text that no journal line may contain (* and ? as in a shell). */
  readonly never?: string;
  /** With never: on that host only. */
  readonly host?: string;
}
