/** What the firewall's rules ask of a packet, read from its bytes; and the marks that they set. */

import { readUint16 } from '../../daemon/wire/integers.ts';
import type { IpFamily } from '../../daemon/wire/ip-address.ts';
import {
  ipv4HeaderLength,
  PROTOCOL_ICMPV6,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  readIpv4Destination,
  readIpv4Protocol,
  readIpv4Source,
} from '../../daemon/wire/ipv4.ts';
import {
  findIpv6Payload,
  IPV6_HEADER_LENGTH,
  readIpv6Destination,
  readIpv6NextHeader,
  readIpv6Source,
} from '../../daemon/wire/ipv6.ts';
import { type FirewallQuestion, firewallVerdict, isDropped, markOf } from './firewall.ts';
import type { FirewallRule } from './firewall-state.ts';
import type { KernelState, LinkState } from './kernel-state.ts';

const IPV4_FRAGMENT_AT = 6;
const OFFSET_MASK = 0x1fff;
const NEIGHBOUR_SOLICITATION = 135;
const NEIGHBOUR_ADVERTISEMENT = 136;

/** Where a packet is asked about: the link that rules name, and of a forwarded one the link that it came through. */
export interface PacketPlace {
  readonly bytes: Uint8Array;
  /** Where the IP header is. */
  readonly at: number;
  readonly family: IpFamily;
  readonly link: LinkState;
  readonly inputLink?: LinkState;
}

/** Whether a rule of the hook drops the packet. */
export function isPacketDropped(
  kernel: KernelState,
  hook: 'input' | 'forward',
  place: PacketPlace,
): boolean {
  return isDropped(kernel.firewall, hook, questionOf(place));
}

/** The first rule of the output hook that speaks about the packet. */
export function outputVerdict(kernel: KernelState, place: PacketPlace): FirewallRule | undefined {
  return firewallVerdict(kernel.firewall, 'output', questionOf(place));
}

/** The mark that a packet bears behind the hook; 0 is none. */
export function packetMark(
  kernel: KernelState,
  hook: 'prerouting' | 'output-mark',
  place: PacketPlace,
): number {
  if (kernel.firewall.counts[hook] === 0) return 0;
  return markOf(kernel.firewall, hook, questionOf(place));
}

function questionOf(place: PacketPlace): FirewallQuestion {
  const { bytes, at, family, link, inputLink } = place;
  const links = {
    family,
    link: link.name,
    ...(inputLink === undefined ? {} : { inputLink: inputLink.name }),
  };
  if (family === 'inet') {
    const isFirst = (readUint16(bytes, at + IPV4_FRAGMENT_AT) & OFFSET_MASK) === 0;
    const protocol = readIpv4Protocol(bytes, at);
    return {
      ...links,
      source: readIpv4Source(bytes, at),
      destination: readIpv4Destination(bytes, at),
      protocol,
      isNeighbourDiscovery: false,
      ...(isFirst ? portOf(bytes, at + ipv4HeaderLength(bytes, at), protocol) : {}),
    };
  }
  const payload = findIpv6Payload(bytes, at);
  const isFound = typeof payload !== 'string';
  const protocol = isFound ? payload.protocol : readIpv6NextHeader(bytes, at);
  const payloadAt = isFound ? payload.at : at + IPV6_HEADER_LENGTH;
  const type = bytes[payloadAt];
  return {
    ...links,
    source: readIpv6Source(bytes, at),
    destination: readIpv6Destination(bytes, at),
    protocol,
    isNeighbourDiscovery:
      protocol === PROTOCOL_ICMPV6 &&
      (type === NEIGHBOUR_SOLICITATION || type === NEIGHBOUR_ADVERTISEMENT),
    ...(isFound && !payload.fragment ? portOf(bytes, payloadAt, protocol) : {}),
  };
}

function portOf(
  bytes: Uint8Array,
  at: number,
  protocol: number,
): { readonly destinationPort?: number } {
  const hasPorts = protocol === PROTOCOL_TCP || protocol === PROTOCOL_UDP;
  return hasPorts && at + 4 <= bytes.length ? { destinationPort: readUint16(bytes, at + 2) } : {};
}
