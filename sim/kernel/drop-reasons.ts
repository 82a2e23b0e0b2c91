/** Why a kernel dropped a packet: a closed list, counted per host and shown by `dropCounters`. */

import type { ArpDropReason } from '../../daemon/wire/arp.ts';
import type { IcmpDropReason } from '../../daemon/wire/icmp.ts';
import type { Icmpv6DropReason } from '../../daemon/wire/icmpv6.ts';
import type { IgmpDropReason } from '../../daemon/wire/igmp.ts';
import type { Ipv4DropReason } from '../../daemon/wire/ipv4.ts';
import type { Ipv6DropReason } from '../../daemon/wire/ipv6.ts';
import type { TcpDropReason } from '../../daemon/wire/tcp.ts';
import type { UdpDropReason } from '../../daemon/wire/udp.ts';

/** Every reason; the part before the colon is the layer. */
export type DropReason =
  | ArpDropReason
  | IcmpDropReason
  | IgmpDropReason
  | Ipv4DropReason
  | Ipv6DropReason
  | Icmpv6DropReason
  | UdpDropReason
  | TcpDropReason
  | 'tcp:no-socket'
  | 'tcp:not-acceptable'
  | 'tcp:old-timestamp'
  | 'tcp:accept-queue-full'
  | 'tcp:syn-queue-full'
  | 'tcp:receive-queue-full'
  | 'tcp:no-route'
  | 'tcp:source-gone'
  | 'ipv4:fragment-timeout'
  | 'ipv4:fragment-overlap'
  | 'ipv4:fragment-too-many'
  | 'ipv4:fragment-too-long'
  | 'link:down'
  | 'link:no-carrier'
  | 'link:not-for-us'
  | 'link:truncated'
  | 'link:too-long'
  | 'link:ring-full'
  | 'link:unknown-ethertype'
  | 'link:unknown-vlan'
  | 'link:no-tunnel-end'
  | 'arp:bad-address'
  | 'arp:bad-operation'
  | 'arp:gratuitous'
  | 'arp:ignored'
  | 'arp:filtered'
  | 'neighbour:queue-full'
  | 'neighbour:failed'
  | 'neighbour:table-full'
  | 'neighbour:removed'
  | 'ipv4:martian-source'
  | 'ipv4:martian-destination'
  | 'ipv4:reverse-path'
  | 'ipv4:other-host'
  | 'ipv4:no-route'
  | 'ipv4:not-forwarding'
  | 'ipv4:ttl-exceeded'
  | 'ipv4:too-big'
  | 'ipv4:not-joined'
  | 'ipv4:no-protocol'
  | 'ipv4:firewall'
  | 'icmp:rate-limited'
  | 'icmp:ignored'
  | 'udp:no-socket'
  | 'ipvs:no-server'
  | 'ipvs:server-removed'
  | 'ipvs:drop-packet'
  | 'ipvs:no-connection'
  | 'ipvs:icmpv6-error'
  | 'ipvs:short-header'
  | 'ipvs:no-route'
  | 'tunnel:no-device'
  | 'tunnel:malformed'
  | 'ipv6:disabled'
  | 'ipv6:bad-source'
  | 'ipv6:no-route'
  | 'ipv6:not-forwarding'
  | 'ipv6:hop-limit-exceeded'
  | 'ipv6:too-big'
  | 'ipv6:not-joined'
  | 'ipv6:no-protocol'
  | 'ipv6:firewall'
  | 'ipv6:fragment-incomplete-chain'
  | 'ipv6:fragment-overlap'
  | 'ipv6:fragment-timeout'
  | 'ipv6:fragment-too-long'
  | 'ipv6:fragment-too-many'
  | 'nd:bad'
  | 'nd:tentative';
