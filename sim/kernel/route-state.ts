/** State of routing for one family: tables by name, rules, and the cache of decisions. */

import type { IpAddress, IpFamily } from '../../daemon/wire/ip-address.ts';
import type { DropReason } from './drop-reasons.ts';
import type { PolicyRule, Route } from './kernel-api.ts';
import type { LinkState } from './kernel-state.ts';
import type { NeighbourEntry } from './neighbour-state.ts';
import type { UdpOptions } from './socket-api.ts';
import type { RawSocketState } from './socket-state.ts';

/** A route with what the look-up needs ready. */
export interface RouteEntry {
  readonly route: Route;
  /** Network address, masked. */
  readonly prefix: IpAddress;
  readonly length: number;
  readonly link: LinkState | undefined;
  /** Dead routes (link down) stay out of look-ups. */
}

/** Routes of one length, by network address; several of one network in order of metric. */
export type RoutesByPrefix = Map<IpAddress, RouteEntry[]>;

/** One routing table. */
export interface RoutingTable {
  readonly name: string;
  /** Longest first. */
  readonly lengths: { readonly length: number; readonly byPrefix: RoutesByPrefix }[];
}

/** Where a packet goes. */
export interface RouteDecision {
  /** The next hop's entry, once it was looked up; asked for anew when that entry is dead. */
  neighbour: NeighbourEntry | undefined;
  readonly kind: 'local' | 'unicast' | 'broadcast' | 'multicast';
  readonly link: LinkState;
  /** The address to ask a MAC for. */
  readonly nextHop: IpAddress;
  /** Source for packets that have none yet. */
  readonly source: IpAddress;
  readonly gateway: boolean;
}

/** What an incoming packet is: for us, to be forwarded, or wrong. */
export type InputDecision =
  | { readonly kind: 'local' | 'broadcast' | 'multicast' }
  | { readonly kind: 'forward'; readonly to: RouteDecision }
  | { readonly kind: 'fail'; readonly failure: RouteFailure }
  | { readonly kind: 'drop'; readonly reason: DropReason };

/** One decision that was kept; see `route-memo.ts`. */
export interface InputMemo {
  destination: number;
  generation: number;
  decision: InputDecision | undefined;
}

/** The short way of packets of one kind into a host; see `input-path.ts`. */
export interface InputPath {
  /** Taken away by `voidPaths`. */
  valid: boolean;
  /** Destination MAC: 16 bits, and 32 signed; destination address, signed; protocol. */
  macHigh: number;
  macLow: number;
  destination: number;
  protocol: number;
  /** Two of the host's own addresses, signed, and whether there are more: no such packet takes the path. */
  ownFirst: number;
  ownSecond: number;
  ownMore: boolean;
  toGroup: boolean;
  /** Raw sockets that get a copy. */
  sockets: readonly RawSocketState[];
  /** Nobody else wants the packet. */
  endsAtSockets: boolean;
  /** The port of the last datagram, and what its socket was opened with; 0 where there is none. */
  port: number;
  receiver: UdpOptions | undefined;
}

/** What is known of ARP requests for one target that is somebody else; see `arp-path.ts`. */
export interface ArpPath {
  /** Taken away by `voidPaths`. */
  valid: boolean;
  /** Whom they ask for, signed. */
  target: number;
  /** Two senders that have an entry here, signed, and whether there are more: those are looked at. */
  knownFirst: number;
  knownSecond: number;
  knownMore: boolean;
}

/** Why a packet goes nowhere. */
export type RouteFailure = 'no-route' | 'unreachable' | 'prohibit' | 'blackhole';

/** Everything about routing of one family. */
export interface RoutingState {
  readonly family: IpFamily;
  readonly tables: Map<string, RoutingTable>;
  /** In order of priority. */
  readonly rules: PolicyRule[];
  /** Whether rules look at more than the destination, so that the cache must not be used. */
  hasSelectiveRules: boolean;
  /** Whether one of them asks for a mark: packets that the firewall marks are then decided one by one. */
  hasMarkRules: boolean;
  /** Counts changes that could matter to a decision; what was kept in an earlier one is void. */
  generation: number;
  /** The last address that somebody asked the type of: on a busy LAN all ask for one server. */
  readonly lastType: {
    address: number;
    generation: number;
    type: 'local' | 'broadcast' | 'unicast';
  };
  /** The last decision for a packet of our own: most hosts talk to one other. */
  readonly lastOutput: {
    destination: IpAddress;
    generation: number;
    decision: RouteDecision | RouteFailure;
  };
  /** Decisions for packets of our own, by destination. Cleared at every change. */
  readonly outputCache: Map<IpAddress, RouteDecision | RouteFailure>;
  /** Decisions for packets that came in, by link index, destination, and then source. */
  readonly inputCache: Map<number, Map<IpAddress, Map<IpAddress, InputDecision>>>;
}
