/** The closed union of everything that a decoder can say about bytes that it did not understand. */

import type { AhDropReason } from './ah.ts';
import type { ArpDropReason } from './arp.ts';
import type { EthernetDropReason } from './ethernet.ts';
import type { IcmpDropReason } from './icmp.ts';
import type { Icmpv6DropReason } from './icmpv6.ts';
import type { IgmpDropReason } from './igmp.ts';
import type { Ipv4DropReason } from './ipv4.ts';
import type { Ipv6DropReason } from './ipv6.ts';
import type { TcpDropReason } from './tcp.ts';
import type { UdpDropReason } from './udp.ts';
import type { VrrpDropReason } from './vrrp-v2.ts';
import type { VxlanDropReason } from './vxlan.ts';

/** Why bytes from the network were not taken; counted, and shown in traces. */
export type WireDropReason =
  | EthernetDropReason
  | ArpDropReason
  | Ipv4DropReason
  | Ipv6DropReason
  | IcmpDropReason
  | Icmpv6DropReason
  | IgmpDropReason
  | UdpDropReason
  | TcpDropReason
  | VrrpDropReason
  | AhDropReason
  | VxlanDropReason;
