/**
 * Frames that come in: the card's filter, copies for AF_PACKET sockets, links that stand on others,
 * and the protocol by EtherType. Frames for others cost one comparison and no allocation.
 */

import { readArpTargetAddress } from '../../daemon/wire/arp.ts';
import {
  ETHERNET_HEADER_LENGTH,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ETHERTYPE_VLAN,
  readDestinationMac,
  readEtherType,
  readSourceMac,
  readVlanTag,
  removeVlanTag,
} from '../../daemon/wire/ethernet.ts';
import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import { readIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { readIpv6 } from '../../daemon/wire/ipv6-address.ts';
import { BROADCAST_MAC, type MacAddress } from '../../daemon/wire/mac-address.ts';
import { receiveArp } from './arp-input.ts';
import { ignoreByPath, learnArpPath } from './arp-path.ts';
import { FrameFacts } from './frame-facts.ts';
import { type Card, learnPath, receiveByPath } from './input-path.ts';
import { receiveIpv4 } from './ipv4-input.ts';
import { receiveIpv6 } from './ipv6-input.ts';
import { drop, type KernelState, type LinkState, type PacketType } from './kernel-state.ts';
import { copyToPacketSockets } from './packet-sockets.ts';

/** Frames that a card keeps while the machine is frozen. Source: the usual receive ring of 256. */
const RING_FRAMES = 256;
const IP_AT = ETHERNET_HEADER_LENGTH;

/** Shared by all hosts of a process, as the buffers of floods are; nothing of it can be observed. */
const FACTS = new FrameFacts();

/** A frame arrived at a card. */
export function receiveFromWire(card: Card, frame: Uint8Array): void {
  const kind = FACTS.read(frame);
  if (kind === 'ipv4' && receiveByPath(card, FACTS)) return;
  if (kind === 'arp-request' && ignoreByPath(card, FACTS)) return;
  const { kernel, link } = card;
  if (kernel.halted || !link.up) return;
  const type = classify(link, frame);
  if (type === undefined) return;
  if (kernel.frozen) {
    keepInRing(kernel, link, frame);
    return;
  }
  if (kind === 'ipv4') learnPath(kernel, link, FACTS, type);
  else if (kind === 'arp-request') learnArpPath(kernel, link, FACTS);
  receiveOn(kernel, link, frame, type);
}

/** Takes up what waited in the cards while the machine was frozen. */
export function drainRing(kernel: KernelState): void {
  for (const { link, frame } of kernel.ring.splice(0)) {
    if (link === kernel.loopback) {
      kernel.ops.receiveLoopback(frame);
      continue;
    }
    const type = link.up ? classify(link, frame) : undefined;
    if (type !== undefined) receiveOn(kernel, link, frame, type);
  }
}

/** A frame that a link has let in. */
export function receiveOn(
  kernel: KernelState,
  link: LinkState,
  frame: Uint8Array,
  type: PacketType,
): void {
  link.counters.rxPackets++;
  link.counters.rxBytes += frame.length;
  if (kernel.sockets.packet.length > 0) copyToPacketSockets(kernel, link, frame, 'in');
  const etherType = readEtherType(frame);
  if (etherType === ETHERTYPE_VLAN) {
    receiveTagged(kernel, link, frame);
    return;
  }
  if (link.children.length > 0 && isTakenByChild(kernel, link, frame, type)) return;
  dispatch(kernel, link, frame, type, etherType);
  if (link.children.length > 0 && type !== 'host') copyToChildren(kernel, link, frame, type);
}

/**
 * An IP packet that this host sent to itself; IP by its version, since `lo` has no Ethernet header.
 */
export function receiveFromLoopback(kernel: KernelState, frame: Uint8Array): void {
  const { loopback } = kernel;
  if (!loopback.up) return;
  if (kernel.sockets.packet.length > 0) copyToPacketSockets(kernel, loopback, frame, 'in');
  if ((frame[IP_AT] as number) >>> 4 === 6) receiveIpv6(kernel, loopback, frame, IP_AT, 'host');
  else receiveIpv4(kernel, loopback, frame, IP_AT, 'host');
}

function dispatch(
  kernel: KernelState,
  link: LinkState,
  frame: Uint8Array,
  type: PacketType,
  etherType: number,
): void {
  switch (etherType) {
    case ETHERTYPE_IPV4:
      receiveIpv4(kernel, link, frame, IP_AT, type);
      return;
    case ETHERTYPE_ARP:
      receiveArp(kernel, link, frame, IP_AT, type);
      return;
    case ETHERTYPE_IPV6:
      receiveIpv6(kernel, link, frame, IP_AT, type);
      return;
    default:
      link.counters.rxDropped++;
      drop(kernel, 'link:unknown-ethertype');
  }
}

/** How a frame is meant for the card; `undefined` when the card does not let it in. */
function classify(link: LinkState, frame: Uint8Array): PacketType | undefined {
  if (frame.length < ETHERNET_HEADER_LENGTH) return undefined;
  const destination = readDestinationMac(frame);
  if (destination === link.mac) return 'host';
  if (((frame[0] as number) & 1) === 1) {
    if (destination === BROADCAST_MAC) return 'broadcast';
    return link.multicastFilter.has(destination) || link.promiscuity > 0 ? 'multicast' : undefined;
  }
  for (const child of link.children) {
    if (child.kind === 'macvlan' && child.mac === destination) return 'other-host';
    if (child.promiscuity > 0) return 'other-host';
  }
  return link.promiscuity > 0 ? 'other-host' : undefined;
}

function keepInRing(kernel: KernelState, link: LinkState, frame: Uint8Array): void {
  let waiting = 0;
  for (const item of kernel.ring) if (item.link === link) waiting++;
  if (waiting >= RING_FRAMES) {
    link.counters.rxDropped++;
    drop(kernel, 'link:ring-full');
    return;
  }
  kernel.ring.push({ link, frame });
}

function receiveTagged(kernel: KernelState, link: LinkState, frame: Uint8Array): void {
  const tag = readVlanTag(frame);
  const child = link.children.find((each) => each.kind === 'vlan' && each.vlanId === tag?.vlanId);
  if (child === undefined || !child.up) {
    drop(kernel, 'link:unknown-vlan');
    return;
  }
  const plain = removeVlanTag(frame);
  const type = classify(child, plain);
  if (type !== undefined) receiveOn(kernel, child, plain, type);
}

/**
 * Frames that belong to a macvlan or ipvlan alone. A private macvlan also takes group frames that
 * bear its own MAC as source: two VRRP routers share one virtual MAC, so each hears the other's
 * adverts on its VMAC only.
 * Source: drivers/net/macvlan.c, macvlan_handle_frame.
 */
function isTakenByChild(
  kernel: KernelState,
  link: LinkState,
  frame: Uint8Array,
  type: PacketType,
): boolean {
  if (type === 'other-host') {
    const child = macvlanOf(link, readDestinationMac(frame));
    if (child === undefined) return false;
    if (child.up) receiveOn(kernel, child, frame, 'host');
    return true;
  }
  if (type === 'host') {
    const child = ipvlanFor(link, frame);
    if (child === undefined) return false;
    if (child.up) receiveOn(kernel, child, frame, 'host');
    return true;
  }
  const sender = macvlanOf(link, readSourceMac(frame));
  if (sender === undefined || sender.mode !== 'private') return false;
  const childType = classify(sender, frame);
  if (sender.up && childType !== undefined) receiveOn(kernel, sender, frame, childType);
  return true;
}

function copyToChildren(
  kernel: KernelState,
  link: LinkState,
  frame: Uint8Array,
  type: PacketType,
): void {
  for (const child of [...link.children]) {
    if (child.kind === 'vlan' || !child.up) continue;
    if (type === 'other-host') {
      if (child.promiscuity > 0) receiveOn(kernel, child, frame, 'other-host');
      continue;
    }
    const childType = classify(child, frame);
    if (childType !== undefined) receiveOn(kernel, child, frame, childType);
  }
}

function macvlanOf(link: LinkState, mac: MacAddress): LinkState | undefined {
  return link.children.find((each) => each.kind === 'macvlan' && each.mac === mac);
}

/** ipvlans share a MAC; the address that a packet is for tells them apart. */
function ipvlanFor(link: LinkState, frame: Uint8Array): LinkState | undefined {
  if (!link.children.some((each) => each.kind === 'ipvlan')) return undefined;
  const target = targetAddress(frame);
  if (target === undefined) return undefined;
  return link.children.find(
    (each) => each.kind === 'ipvlan' && each.addresses.some((own) => own.address === target),
  );
}

function targetAddress(frame: Uint8Array): IpAddress | undefined {
  switch (readEtherType(frame)) {
    case ETHERTYPE_IPV4:
      return frame.length >= IP_AT + 20 ? readIpv4(frame, IP_AT + 16) : undefined;
    case ETHERTYPE_ARP:
      return frame.length >= IP_AT + 28 ? readArpTargetAddress(frame, IP_AT) : undefined;
    case ETHERTYPE_IPV6:
      return frame.length >= IP_AT + 40 ? readIpv6(frame, IP_AT + 24) : undefined;
    default:
      return undefined;
  }
}
