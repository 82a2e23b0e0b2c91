/**
 * The state of one host's kernel as plain objects. Behaviour is functions over it, a file per
 * concern. Where a lower layer must reach a higher one (a failed neighbour makes an ICMP error), it
 * goes through the `KernelOps` that `kernel.ts` fills in, as Linux does with its tables of function
 * pointers.
 */

import type { IpAddress, IpFamily } from '../../daemon/wire/ip-address.ts';
import type { Ipv4Address } from '../../daemon/wire/ipv4-address.ts';
import type { Ipv6Address } from '../../daemon/wire/ipv6-address.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';
import type { RandomStream } from '../engine/random-streams.ts';
import type { Port } from '../lan/port.ts';
import type { DropReason } from './drop-reasons.ts';
import type { FirewallState } from './firewall-state.ts';
import type { OpenFouPort } from './fou-ports.ts';
import type { FragmentQueues } from './fragment-state.ts';
import type { GatheredPacket } from './gathered-packet.ts';
import type { GlobalSettings } from './global-settings.ts';
import type { GroupMemberships } from './group-state.ts';
import type { IcmpSocketError } from './icmp-error-names.ts';
import type { IcmpCredit } from './icmp-limits.ts';
import type { Ipv4Settings, Ipv6Settings, NeighbourSettings } from './interface-settings.ts';
import type { IpvsState } from './ipvs/ipvs-state.ts';
import type { Link, LinkAddress, NetlinkEvent } from './kernel-api.ts';
import type { KernelClock, KernelTimer } from './kernel-clock.ts';
import type { LocalPorts } from './local-ports.ts';
import type { NeighbourEntry, NeighbourTable } from './neighbour-state.ts';
import type { OutputPaths } from './output-path.ts';
import type { ArpPath, InputMemo, InputPath, RoutingState } from './route-state.ts';
import type { SocketState } from './socket-state.ts';

/** An address of a link; `peer` holds the prefix's address where it differs from the local one. */
export interface AddressState extends LinkAddress {
  secondary: boolean;
  tentative: boolean;
  deprecated: boolean;
  /** Duplicate address detection, while it runs. */
  dadTimer?: KernelTimer;
  dadProbesLeft?: number;
  /** IPv6: it is one of the host's addresses (`localAddresses` counts it), which it is not before detection has ended. */
  isInUse?: boolean;
  /** Until the kernel's worker tells of an address without detection. */
  newsTimer?: KernelTimer;
}

/** An interface; the live object behind `Link`. */
export interface LinkState extends Link {
  mac: MacAddress;
  up: boolean;
  carrier: boolean;
  readonly addresses: AddressState[];
  readonly port: Port | undefined;
  readonly baseLink: LinkState | undefined;
  readonly vlanId: number | undefined;
  readonly mode: 'private' | 'bridge' | 'vepa' | undefined;
  /** macvlan, ipvlan and vlan links that stand on this one. */
  readonly children: LinkState[];
  /** Group MACs that the card lets through, with how many ask for each. */
  readonly multicastFilter: Map<MacAddress, number>;
  /** How many ask for every frame. */
  promiscuity: number;
  readonly ipv4: Ipv4Settings;
  readonly ipv6: Ipv6Settings;
  /** Entries of the two neighbour tables, by address, oldest first. */
  readonly arpEntries: Map<Ipv4Address, NeighbourEntry>;
  readonly ndEntries: Map<Ipv6Address, NeighbourEntry>;
  readonly arpSettings: NeighbourSettings;
  readonly ndSettings: NeighbourSettings;
  /** Current randomised reachable times, and the period of the table they were drawn in. */
  arpReachable: { period: number; ticks: number };
  ndReachable: { period: number; ticks: number };
  /** The last decisions for packets to this host and to groups; see `route-memo.ts`. */
  readonly hostInput: InputMemo;
  readonly groupInput: InputMemo;
  /** The short ways of packets to this host and to groups; see `input-path.ts`. */
  readonly hostPath: InputPath;
  readonly groupPath: InputPath;
  readonly arpPath: ArpPath;
  /** Ways of raw packets that name this link and their source. */
  readonly rawPaths: OutputPaths;
  readonly igmp: GroupMemberships;
  readonly mld: GroupMemberships;
}

/** How a frame's destination was meant, as skb->pkt_type. */
export type PacketType = 'host' | 'broadcast' | 'multicast' | 'other-host';

/** What lower layers ask of higher ones. */
export interface KernelOps {
  /** Hands a frame of `link` to the protocols above Ethernet. */
  receive(link: LinkState, frame: Uint8Array, type: PacketType): void;
  /** A frame came back on `lo`: an IP packet at 14. */
  receiveLoopback(frame: Uint8Array): void;
  /** Tells the sender of a queued packet that its next hop does not answer. */
  neighbourUnreachable(entry: NeighbourEntry, frame: Uint8Array): void;
  /** Asks for a neighbour: ARP request or neighbour solicitation. */
  solicit(entry: NeighbourEntry, waiting: Uint8Array | undefined): void;
}

/** Protocols that later parts plug in: TCP, SCTP, and the hook in which IPVS sits. */
export type ProtocolHandler =
  /** An IP packet for this host; the payload starts at `at`, the packet ends at `end`. */
  (packet: {
    readonly bytes: Uint8Array;
    readonly headerAt: number;
    readonly at: number;
    readonly end: number;
    readonly link: LinkState;
    readonly source: IpAddress;
    readonly destination: IpAddress;
  }) => void;

/**
 * Called before a packet is delivered locally; `true` when it was taken. IPVS is such a hook.
 * Also called for ICMP errors of taken packets, so it sees everything that is for this host.
 */
export type LocalInputHook = (
  bytes: Uint8Array,
  at: number,
  link: LinkState,
  family: IpFamily,
) => boolean;

/**
 * Called for a packet on its way out, a forwarded one or the host's own, before the firewall's
 * output rules. The frame (IP packet at 14) is this host's alone and may be changed. `true` when
 * the packet was taken.
 */
export type OutgoingHook = (frame: Uint8Array, family: IpFamily) => boolean;

/**
 * Hears of ICMP errors about packets of a protocol that this host sent; `at` is the quoted payload.
 */
export type IcmpErrorHandler = (error: {
  readonly quoted: Uint8Array;
  readonly at: number;
  readonly error: IcmpSocketError;
  /** "Fragmentation needed", "packet too big": what fits, octets of the IP packet. */
  readonly nextHopMtu?: number;
  /** Network or host unreachable: the way is gone, nothing is said of the peer. */
  readonly isWayLost: boolean;
}) => void;

/** Everything that one kernel knows. */
export interface KernelState {
  readonly node: string;
  readonly clock: KernelClock;
  readonly random: RandomStream;
  /** Streams for the reachable times, by table. */
  readonly reachableRandom: { readonly inet: RandomStream; readonly inet6: RandomStream };
  readonly links: LinkState[];
  readonly linksByName: Map<string, LinkState>;
  readonly loopback: LinkState;
  nextIndex: number;
  readonly settings: GlobalSettings;
  readonly localPorts: LocalPorts;
  readonly ipv4All: Ipv4Settings;
  readonly ipv4Default: Ipv4Settings;
  readonly ipv6All: Ipv6Settings;
  readonly ipv6Default: Ipv6Settings;
  readonly arpDefault: NeighbourSettings;
  readonly ndDefault: NeighbourSettings;
  /** How many links have an address; the keys are what this host calls its own. */
  readonly localAddresses: Map<IpAddress, number>;
  readonly inet: RoutingState;
  readonly inet6: RoutingState;
  readonly arp: NeighbourTable;
  readonly nd: NeighbourTable;
  readonly sockets: SocketState;
  readonly firewall: FirewallState;
  readonly drops: Map<DropReason, number>;
  readonly netlinkListeners: ((event: NetlinkEvent) => void)[];
  readonly netlinkQueue: NetlinkEvent[];
  readonly loopbackQueue: Uint8Array[];
  readonly protocolHandlers: Map<number, ProtocolHandler>;
  readonly localInputHooks: LocalInputHook[];
  /** IPVS turns answers of NAT servers back here: forwarded ones, and the host's own. */
  readonly forwardHooks: OutgoingHook[];
  readonly outputHooks: OutgoingHook[];
  /** The IPVS data plane; `undefined` only while the kernel is made. */
  ipvs: IpvsState | undefined;
  /** Packets that came in pieces. */
  readonly fragments: { readonly inet: FragmentQueues; readonly inet6: FragmentQueues };
  /** The IPv6 packet that was put together and is being delivered: IPVS hands it on in pieces again. */
  gathered: GatheredPacket | undefined;
  /** UDP ports that take packets of other protocols. */
  readonly fouPorts: OpenFouPort[];
  /** What routers said of the way to a destination, for ten minutes; see `path-mtu.ts`. */
  readonly pathMtus: Map<IpAddress, { readonly mtu: number; readonly until: number }>;
  readonly icmpErrorHandlers: Map<number, IcmpErrorHandler>;
  readonly ops: KernelOps;
  /** Identification field of the next IPv4 packet of the kernel's own. */
  nextIdentification: number;
  /** The host's own bucket of the ICMP rate limit, and those by destination. */
  readonly icmpCredit: IcmpCredit;
  readonly icmpBuckets: Map<IpAddress, { tokensUs: number; lastUs: number }>;
  /** Redirects sent, by the source that got them. */
  readonly redirects: Map<IpAddress, { count: number; lastUs: number }>;
  frozen: boolean;
  halted: boolean;
  /** Short ways that may be taken until something changes that they stand on (`input-path.ts`). */
  readonly validPaths: { valid: boolean }[];
  /** Ways of answers to pings, and of raw packets that leave source and link to the host. */
  readonly echoPaths: OutputPaths;
  readonly rawPaths: OutputPaths;
  /** Frames that wait in the cards while the machine is frozen. */
  readonly ring: { readonly link: LinkState; readonly frame: Uint8Array }[];
}

/** Something changed that decides over packets: all short ways are learned anew. */
export function voidPaths(kernel: KernelState): void {
  for (const path of kernel.validPaths) path.valid = false;
  kernel.validPaths.length = 0;
}

/** Counts a dropped packet. */
export function drop(kernel: KernelState, reason: DropReason): void {
  kernel.drops.set(reason, (kernel.drops.get(reason) ?? 0) + 1);
}

/** Whether a link has no neighbours and no groups: `lo`, tunnels. */
export function isWithoutNeighbours(link: Pick<Link, 'kind'>): boolean {
  return link.kind === 'loopback' || link.kind === 'tunnel' || link.kind === 'dummy';
}
