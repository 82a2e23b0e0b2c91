/**
 * Neighbour solicitations and advertisements of this host. Source: net/ipv6/ndisc.c; RFC 4861
 * section 7.2.
 */

import { ALL_NODES_IPV6, ND_HOP_LIMIT, solicitedNodeGroup } from '../../daemon/wire/icmpv6.ts';
import { readIpv6Source } from '../../daemon/wire/ipv6.ts';
import { ANY_IPV6, type Ipv6Address, isMulticastIpv6 } from '../../daemon/wire/ipv6-address.ts';
import { sendIcmpv6 } from './icmpv6-output.ts';
import { linkLocalOf } from './ipv6-lookup.ts';
import type { KernelState, LinkState } from './kernel-state.ts';
import type { NeighbourEntry } from './neighbour-state.ts';

const IP_AT = 14;

/**
 * Asks for a neighbour: the first `ucast_solicit` times in person, then its solicited-node group.
 */
export function solicitByNd(
  kernel: KernelState,
  entry: NeighbourEntry,
  waiting: Uint8Array | undefined,
): void {
  const target = entry.address as Ipv6Address;
  const inPerson = entry.probes < entry.link.ndSettings.ucast_solicit;
  const ofPacket = waiting === undefined ? undefined : readIpv6Source(waiting, IP_AT);
  const isOurs = ofPacket !== undefined && holds(entry.link, ofPacket);
  const source = isOurs ? ofPacket : linkLocalOf(entry.link);
  if (source === undefined) return;
  sendSolicitation(kernel, entry.link, {
    target,
    source,
    destination: inPerson ? target : solicitedNodeGroup(target),
  });
}

/** A solicitation; from `::` it is a question of duplicate address detection and carries no MAC. */
export function sendSolicitation(
  kernel: KernelState,
  link: LinkState,
  message: {
    readonly target: Ipv6Address;
    readonly source: Ipv6Address;
    readonly destination: Ipv6Address;
  },
): void {
  const { target, source, destination } = message;
  const options =
    source === ANY_IPV6 ? [] : [{ kind: 'source-link-address', mac: link.mac } as const];
  sendIcmpv6(
    kernel,
    { kind: 'neighbour-solicitation', code: 0, target, options },
    { source, destination, hopLimit: ND_HOP_LIMIT },
    wayTo(link, destination),
  );
}

/** An advertisement of an own address, to who asked or to all. */
export function sendAdvertisement(
  kernel: KernelState,
  link: LinkState,
  message: {
    readonly target: Ipv6Address;
    readonly destination: Ipv6Address;
    readonly solicited: boolean;
    readonly override: boolean;
    readonly withMac: boolean;
  },
): void {
  const { target, destination, solicited, override } = message;
  const options = message.withMac ? [{ kind: 'target-link-address', mac: link.mac } as const] : [];
  const router = link.ipv6.forwarding !== 0;
  sendIcmpv6(
    kernel,
    { kind: 'neighbour-advertisement', code: 0, target, router, solicited, override, options },
    { source: target, destination, hopLimit: ND_HOP_LIMIT },
    wayTo(link, destination),
  );
}

/** Unasked, to all nodes: what ndisc_notify does when an address appears or the link comes up. */
export function announceByNd(kernel: KernelState, link: LinkState, target: Ipv6Address): void {
  if (kernel.ipv6All.ndisc_notify === 0 && link.ipv6.ndisc_notify === 0) return;
  sendAdvertisement(kernel, link, {
    target,
    destination: ALL_NODES_IPV6,
    solicited: false,
    override: true,
    withMac: true,
  });
}

function holds(link: LinkState, address: Ipv6Address): boolean {
  return link.addresses.some((own) => own.address === address && !own.tentative);
}

function wayTo(link: LinkState, destination: Ipv6Address) {
  const kind = isMulticastIpv6(destination) ? 'multicast' : 'unicast';
  return { kind, link, nextHop: destination } as const;
}
