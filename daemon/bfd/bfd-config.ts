/** `bfd_instance` blocks of a keepalived.conf, defaults applied. Source: keepalived.conf(5), RFC 5880. */

import type { DurationUs } from '../base/time.ts';
import type { IpAddress } from '../wire/ip-address.ts';

/** All BFD sessions. */
export interface BfdConfig {
  readonly sessions: readonly BfdSessionConfig[];
}

/** One `bfd_instance`. Times in µs. */
export interface BfdSessionConfig {
  readonly name: string;
  readonly neighborAddress: IpAddress;
  readonly sourceAddress?: IpAddress;
  /** Default 10 ms. */
  readonly minRx: DurationUs;
  /** Default 10 ms. */
  readonly minTx: DurationUs;
  /** Default 1 s. */
  readonly idleTx: DurationUs;
  /** Default 5. */
  readonly multiplier: number;
  readonly passive: boolean;
  /** TTL or hop limit of our packets: 255 (IPv4), 64 (IPv6) by default. */
  readonly ttl: number;
  /** How many hops a received packet may have made; 255: no check. Default 0. */
  readonly maxHops: number;
  /** From 2.2.8 on: packets to and from port 4784 instead of 3784. */
  readonly multihop?: boolean;
  /** Weight for VRRP instances that track the session without a weight of their own. */
  readonly weight: number;
  readonly reverse: boolean;
  /** Whether the VRRP process and the checkers hear of the session. */
  readonly vrrp: boolean;
  readonly checker: boolean;
}
