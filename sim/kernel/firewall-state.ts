/** Rules of the firewall model, by hook. */

import type { IpFamily, IpPrefix } from '../../daemon/wire/ip-address.ts';

/** Rules in order of adding, with their handles. */
export interface FirewallState {
  readonly rules: Map<number, FirewallRule>;
  nextHandle: number;
  /** How many rules a hook has: the packet path asks nothing else when it has none. */
  readonly counts: Record<FirewallRule['hook'], number>;
}

/** What a rule of the firewall model matches; all given fields must match. */
export interface FirewallRule {
  /** `prerouting` and `output-mark`: in front of routing and IPVS, for marks alone (iptables' mangle). */
  readonly hook: 'prerouting' | 'input' | 'output' | 'output-mark' | 'forward';
  /**
   * `redirect` (output hook only): the packet leaves by `redirectTo` instead, as keepalived moves
   * IGMP of a VMAC. `mark` (hooks of marks only): the packet bears `mark` from then on, and later rules are asked too.
   */
  readonly verdict: 'drop' | 'redirect' | 'mark';
  readonly mark?: number;
  /** Of TCP and UDP: one of these ranges has the destination port. */
  readonly destinationPorts?: readonly { readonly from: number; readonly to: number }[];
  /** Who made it, and how its owner lists it. */
  readonly listed?: { readonly by: 'iptables' | 'ip6tables'; readonly words: readonly string[] };
  readonly redirectTo?: string;
  /** Absent: rules of both families. */
  readonly family?: IpFamily;
  readonly source?: IpPrefix;
  readonly destination?: IpPrefix;
  readonly protocol?: number;
  /** Where the packet came in (hooks in front of routing and input), or leaves. */
  readonly link?: string;
  /** Forward hook: where the packet came in. */
  readonly inputLink?: string;
  /** Neighbour discovery is let through (keepalived's drop rules of a VIP). */
  readonly exceptNeighbourDiscovery?: boolean;
}
