/**
 * ARP packets of this host: requests for neighbours (with the sender address that arp_announce
 * allows), replies, and the announcement of arp_notify. Source: net/ipv4/arp.c (arp_solicit,
 * arp_send_dst).
 */

import { ARP_REPLY, ARP_REQUEST, buildArpFrame } from '../../daemon/wire/arp.ts';
import { readIpv4Source } from '../../daemon/wire/ipv4.ts';
import { ANY_IPV4, type Ipv4Address } from '../../daemon/wire/ipv4-address.ts';
import { BROADCAST_MAC, type MacAddress, ZERO_MAC } from '../../daemon/wire/mac-address.ts';
import { areInOneSubnet, SCOPE_LINK, selectSource } from './address-selection.ts';
import { isWithoutNeighbours, type KernelState, type LinkState } from './kernel-state.ts';
import { transmit } from './link-output.ts';
import type { NeighbourEntry } from './neighbour-state.ts';

const IP_AT = 14;

/** Asks for a neighbour: the first `ucast_solicit` times in person, then everybody. */
export function solicitByArp(
  kernel: KernelState,
  entry: NeighbourEntry,
  waiting: Uint8Array | undefined,
): void {
  const { link } = entry;
  const target = entry.address as Ipv4Address;
  const sender = senderFor(kernel, link, target, waiting);
  const inPerson = entry.probes < link.arpSettings.ucast_solicit;
  sendArp(kernel, link, {
    operation: ARP_REQUEST,
    sender,
    target,
    targetMac: ZERO_MAC,
    destination: inPerson ? entry.mac : BROADCAST_MAC,
  });
}

/** Answers a request of `targetMac`. */
export function replyByArp(
  kernel: KernelState,
  link: LinkState,
  reply: {
    readonly sender: Ipv4Address;
    readonly target: Ipv4Address;
    readonly targetMac: MacAddress;
  },
): void {
  sendArp(kernel, link, { ...reply, operation: ARP_REPLY, destination: reply.targetMac });
}

/** A gratuitous request for an own address, when arp_notify asks for it. */
export function sendAnnouncementOfAddress(
  kernel: KernelState,
  link: LinkState,
  address: Ipv4Address,
): void {
  if (Math.max(kernel.ipv4All.arp_notify, link.ipv4.arp_notify) === 0) return;
  if (isWithoutNeighbours(link)) return;
  announceByArp(kernel, link, address);
}

/** The same for every address of a link that came up or got another MAC. */
export function sendAnnouncementsOfLink(kernel: KernelState, link: LinkState): void {
  for (const own of link.addresses) {
    if (typeof own.address !== 'number') continue;
    sendAnnouncementOfAddress(kernel, link, own.address as Ipv4Address);
  }
}

function announceByArp(kernel: KernelState, link: LinkState, address: Ipv4Address): void {
  sendArp(kernel, link, {
    operation: ARP_REQUEST,
    sender: address,
    target: address,
    targetMac: link.mac,
    destination: BROADCAST_MAC,
  });
}

/** The sender address of a request: arp_announce 0 takes that of the packet that waits. */
function senderFor(
  kernel: KernelState,
  link: LinkState,
  target: Ipv4Address,
  waiting: Uint8Array | undefined,
): Ipv4Address {
  const mode = Math.max(kernel.ipv4All.arp_announce, link.ipv4.arp_announce);
  const ofPacket = waiting === undefined ? ANY_IPV4 : readIpv4Source(waiting, IP_AT);
  const isOurs = ofPacket !== ANY_IPV4 && kernel.localAddresses.has(ofPacket);
  if (mode === 1) {
    if (isOurs && areInOneSubnet(link, target, ofPacket)) return ofPacket;
  } else if (mode !== 2 && isOurs) {
    return ofPacket;
  }
  return selectSource(kernel, link, target, SCOPE_LINK);
}

function sendArp(
  kernel: KernelState,
  link: LinkState,
  arp: {
    readonly operation: number;
    readonly sender: Ipv4Address;
    readonly target: Ipv4Address;
    readonly targetMac: MacAddress;
    readonly destination: MacAddress;
  },
): void {
  const frame = buildArpFrame({
    destination: arp.destination,
    source: link.mac,
    packet: {
      operation: arp.operation,
      senderHardwareAddress: link.mac,
      senderProtocolAddress: arp.sender,
      targetHardwareAddress: arp.targetMac,
      targetProtocolAddress: arp.target,
    },
  });
  transmit(kernel, link, frame);
}
