/**
 * ARP packets that come in: answer, learn, or ignore, in Linux' order of questions.
 * Source: net/ipv4/arp.c (arp_process, arp_ignore, arp_filter, arp_is_garp). RFC 826, RFC 5227.
 */

import {
  ARP_LENGTH,
  ARP_REPLY,
  ARP_REQUEST,
  type ArpPacket,
  decodeArp,
  readArpOperation,
  readArpTargetAddress,
} from '../../daemon/wire/arp.ts';
import {
  ANY_IPV4,
  type Ipv4Address,
  isMulticastIpv4,
  readIpv4,
} from '../../daemon/wire/ipv4-address.ts';
import { confirmAddress, matchesSubnet, SCOPE_HOST, SCOPE_LINK } from './address-selection.ts';
import { replyByArp } from './arp-output.ts';
import { HZ } from './kernel-clock.ts';
import { drop, type KernelState, type LinkState, type PacketType } from './kernel-state.ts';
import { neighbourFor, updateNeighbour } from './neighbour-machine.ts';
import { findNeighbour } from './neighbour-table.ts';
import { addressType, routeInput, routeOutput, routeOutputOnce } from './route-lookup.ts';

/** Where the sender's protocol address stands. */
const SENDER_ADDRESS_AT = 14;
/** Ticks of a lock time of 1, the sysctl's unit being 1/100 s. */
const LOCKTIME_UNIT = HZ / 100;

/** An ARP packet at `at`; `type` is how the frame was addressed. */
export function receiveArp(
  kernel: KernelState,
  link: LinkState,
  frame: Uint8Array,
  at: number,
  type: PacketType,
): void {
  if (type === 'other-host' || link.kind === 'loopback') return;
  if (isNoneOfOurs(kernel, link, frame, at)) return;
  const arp = decodeArp(frame, at, frame.length);
  if (typeof arp === 'string') {
    drop(kernel, arp);
    return;
  }
  const sender = arp.senderProtocolAddress;
  const target = arp.targetProtocolAddress;
  if (arp.operation !== ARP_REQUEST && arp.operation !== ARP_REPLY) {
    drop(kernel, 'arp:bad-operation');
    return;
  }
  const isLoopback = target >>> 24 === 127 && setting(kernel, link, 'route_localnet') === 0;
  if (isMulticastIpv4(target) || isLoopback) {
    drop(kernel, 'arp:bad-address');
    return;
  }
  if (sender === target && setting(kernel, link, 'drop_gratuitous_arp') !== 0) {
    drop(kernel, 'arp:gratuitous');
    return;
  }
  if (sender === ANY_IPV4) {
    answerProbe(kernel, link, arp);
    return;
  }
  if (arp.operation === ARP_REQUEST && answerRequest(kernel, link, arp, type)) return;
  learn(kernel, link, arp, type);
}

/**
 * A request for somebody else from somebody unknown, which nothing here would act upon: on a large
 * LAN nearly all ARP is that, so it is told from the raw bytes.
 */
function isNoneOfOurs(
  kernel: KernelState,
  link: LinkState,
  frame: Uint8Array,
  at: number,
): boolean {
  if (frame.length < at + ARP_LENGTH || readArpOperation(frame, at) !== ARP_REQUEST) return false;
  if (link.ipv4.forwarding !== 0) return false;
  if (link.arpEntries.has(readIpv4(frame, at + SENDER_ADDRESS_AT))) return false;
  if (kernel.ipv4All.arp_accept !== 0 || link.ipv4.arp_accept !== 0) return false;
  return addressType(kernel, readArpTargetAddress(frame, at)) === 'unicast';
}

/** Somebody checks whether an address is taken (RFC 5227): sender 0.0.0.0, nothing to learn. */
function answerProbe(kernel: KernelState, link: LinkState, arp: ArpPacket): void {
  const target = arp.targetProtocolAddress;
  if (arp.operation !== ARP_REQUEST || addressType(kernel, target) !== 'local') return;
  if (isIgnored(kernel, link, ANY_IPV4, target)) {
    drop(kernel, 'arp:ignored');
    return;
  }
  replyByArp(kernel, link, {
    sender: target,
    target: ANY_IPV4,
    targetMac: arp.senderHardwareAddress,
  });
}

/** `true` when the request was for us (or for one we stand in for), answered or not. */
function answerRequest(
  kernel: KernelState,
  link: LinkState,
  arp: ArpPacket,
  type: PacketType,
): boolean {
  const sender = arp.senderProtocolAddress;
  const target = arp.targetProtocolAddress;
  // Most requests are for somebody else. Where only the destination decides, that is known without
  // a decision
  // per sender, which on a large LAN would fill the cache with every pair of hosts.
  if (link.ipv4.forwarding === 0 && !kernel.inet.hasSelectiveRules) {
    const own = routeOutputOnce(kernel, target);
    if (typeof own === 'string' || own.kind !== 'local') return false;
  }
  const way = routeInput(kernel, link, target, sender);
  if (way.kind === 'local') {
    if (isIgnored(kernel, link, sender, target)) {
      drop(kernel, 'arp:ignored');
    } else if (isFiltered(kernel, link, sender, target)) {
      drop(kernel, 'arp:filtered');
    } else {
      learnAndReply(kernel, link, arp);
    }
    return true;
  }
  if (way.kind !== 'forward' || way.to.link === link || type === 'other-host') return false;
  if (setting(kernel, link, 'proxy_arp') === 0) return false;
  learnAndReply(kernel, link, arp);
  return true;
}

/** Who asks for us will talk to us: remember the sender. A full table means no answer at all. */
function learnAndReply(kernel: KernelState, link: LinkState, arp: ArpPacket): void {
  const entry = neighbourFor(kernel, kernel.arp, link, arp.senderProtocolAddress);
  if (entry === undefined) return;
  updateNeighbour(kernel, entry, arp.senderHardwareAddress, 'STALE', { override: true });
  replyByArp(kernel, link, {
    sender: arp.targetProtocolAddress,
    target: arp.senderProtocolAddress,
    targetMac: arp.senderHardwareAddress,
  });
}

/** Updates an entry that exists; makes one only where arp_accept allows it. */
function learn(kernel: KernelState, link: LinkState, arp: ArpPacket, type: PacketType): void {
  const sender = arp.senderProtocolAddress;
  let entry = findNeighbour(kernel.arp, link, sender);
  const accepts = acceptsNew(kernel, link, sender);
  if (entry === undefined && !accepts) return;
  const gratuitous = isGratuitous(kernel, arp);
  if (entry === undefined) {
    const unsolicited = arp.operation === ARP_REPLY && addressType(kernel, sender) === 'unicast';
    if (!gratuitous && !unsolicited) return;
    entry = neighbourFor(kernel, kernel.arp, link, sender);
    if (entry === undefined) return;
  }
  const lockedUntil = entry.updated + link.arpSettings.locktime * LOCKTIME_UNIT;
  const override = kernel.clock.jiffies > lockedUntil || gratuitous;
  const proves = arp.operation === ARP_REPLY && type === 'host';
  const state = proves ? 'REACHABLE' : 'STALE';
  updateNeighbour(kernel, entry, arp.senderHardwareAddress, state, { override });
}

/** 1: any; 2: only senders of a subnet of the link. */
function acceptsNew(kernel: KernelState, link: LinkState, sender: Ipv4Address): boolean {
  const mode = Math.max(kernel.ipv4All.arp_accept, link.ipv4.arp_accept);
  return mode === 1 || (mode === 2 && link.addresses.some((own) => matchesSubnet(sender, own)));
}

/** Announcements name one address twice; replies must also name one MAC twice. */
function isGratuitous(kernel: KernelState, arp: ArpPacket): boolean {
  if (arp.senderProtocolAddress !== arp.targetProtocolAddress) return false;
  if (arp.operation === ARP_REPLY && arp.targetHardwareAddress !== arp.senderHardwareAddress) {
    return false;
  }
  return addressType(kernel, arp.senderProtocolAddress) === 'unicast';
}

function isIgnored(
  kernel: KernelState,
  link: LinkState,
  sender: Ipv4Address,
  target: Ipv4Address,
): boolean {
  switch (Math.max(kernel.ipv4All.arp_ignore, link.ipv4.arp_ignore)) {
    case 1:
      return !confirmAddress(kernel, link, {
        destination: ANY_IPV4,
        local: target,
        scope: SCOPE_HOST,
      });
    case 2:
      return !confirmAddress(kernel, link, {
        destination: sender,
        local: target,
        scope: SCOPE_HOST,
      });
    case 3:
      return !confirmAddress(kernel, undefined, {
        destination: ANY_IPV4,
        local: target,
        scope: SCOPE_LINK,
      });
    case 8:
      return true;
    default:
      return false;
  }
}

/** arp_filter: answer only through the link by which we would send to the asker. */
function isFiltered(
  kernel: KernelState,
  link: LinkState,
  sender: Ipv4Address,
  target: Ipv4Address,
): boolean {
  if (setting(kernel, link, 'arp_filter') === 0) return false;
  const way = routeOutput(kernel, sender, target);
  return typeof way === 'string' || way.link !== link;
}

function setting(
  kernel: KernelState,
  link: LinkState,
  name: 'route_localnet' | 'drop_gratuitous_arp' | 'arp_filter' | 'proxy_arp',
): number {
  return kernel.ipv4All[name] || link.ipv4[name];
}
