/** Reads what IPVS needs of an IP packet into one reused object: addresses, ports, flags, length. */

import { readUint16 } from '../../../daemon/wire/integers.ts';
import type { IpAddress, IpFamily } from '../../../daemon/wire/ip-address.ts';
import {
  ipv4HeaderLength,
  readIpv4Destination,
  readIpv4Protocol,
  readIpv4Source,
  readIpv4TotalLength,
} from '../../../daemon/wire/ipv4.ts';
import { ANY_IPV4 } from '../../../daemon/wire/ipv4-address.ts';
import {
  findIpv6Payload,
  IPV6_HEADER_LENGTH,
  type Ipv6Payload,
  readIpv6Destination,
  readIpv6PayloadLength,
  readIpv6Source,
} from '../../../daemon/wire/ipv6.ts';
import { PROTOCOL_TCP } from './connection-life.ts';
import type { PacketFacts } from './ipvs-state.ts';

const TCP_FLAGS_AT = 13;
/** FIN, SYN, RST, PSH, ACK, URG. */
const TCP_FLAGS_MASK = 0x3f;
const PORTS_LENGTH = 4;
/** Of UDP and TCP. */
const HEADER_LENGTHS: ReadonlyMap<number, number> = new Map([
  [17, 8],
  [PROTOCOL_TCP, 20],
]);
const FRAGMENT_HEADER_LENGTH = 8;

/** An object to read packets into. */
export function makePacketFacts(): PacketFacts {
  return {
    family: 'inet',
    protocol: 0,
    source: ANY_IPV4,
    sourcePort: 0,
    destination: ANY_IPV4,
    destinationPort: 0,
    mark: 0,
    tcpFlags: 0,
    stateFlags: 0,
    length: 0,
    isCutShort: false,
  };
}

/**
 * Reads the packet whose header is at `at`; where its transport header starts, -1 when there is none.
 * Of a packet quoted in an ICMP error only the first octets are there; then flags are 0.
 */
export function readPacketFacts(
  bytes: Uint8Array,
  at: number,
  family: IpFamily,
  facts: PacketFacts,
): number {
  facts.family = family;
  const transportAt = family === 'inet' ? readIpv4(bytes, at, facts) : readIpv6(bytes, at, facts);
  if (transportAt < 0 || transportAt + PORTS_LENGTH > bytes.length) return -1;
  facts.sourcePort = readUint16(bytes, transportAt);
  facts.destinationPort = readUint16(bytes, transportAt + 2);
  const least = HEADER_LENGTHS.get(facts.protocol) ?? PORTS_LENGTH;
  facts.isCutShort = transportAt + least > at + facts.length;
  facts.tcpFlags =
    facts.protocol === PROTOCOL_TCP && !facts.isCutShort
      ? (bytes[transportAt + TCP_FLAGS_AT] ?? 0) & TCP_FLAGS_MASK
      : 0;
  const seenAt = family === 'inet' ? transportAt : at + IPV6_HEADER_LENGTH;
  facts.stateFlags =
    seenAt === transportAt ? facts.tcpFlags : (bytes[seenAt + TCP_FLAGS_AT] ?? 0) & TCP_FLAGS_MASK;
  return transportAt;
}

/**
 * What schedulers by destination look at. Of a quoted packet they take the client's address: they do not know that it was turned
 * around (ip_vs_dh_schedule, ip_vs_lblc_schedule; recorded of dh).
 */
export function scheduledDestination(facts: PacketFacts): IpAddress {
  return facts.isQuoted === true ? facts.source : facts.destination;
}

/** Makes the facts of a packet those of its answer. */
export function reverseFacts(facts: PacketFacts): void {
  const { source, sourcePort } = facts;
  facts.source = facts.destination;
  facts.sourcePort = facts.destinationPort;
  facts.destination = source;
  facts.destinationPort = sourcePort;
}

function readIpv4(bytes: Uint8Array, at: number, facts: PacketFacts): number {
  facts.protocol = readIpv4Protocol(bytes, at);
  facts.source = readIpv4Source(bytes, at);
  facts.destination = readIpv4Destination(bytes, at);
  facts.length = readIpv4TotalLength(bytes, at);
  const isLaterFragment = (readUint16(bytes, at + 6) & 0x1fff) !== 0;
  return isLaterFragment ? -1 : at + ipv4HeaderLength(bytes, at);
}

function readIpv6(bytes: Uint8Array, at: number, facts: PacketFacts): number {
  const payload = findIpv6Payload(bytes, at);
  // Whole packets are put together before; a quoted one may be a first piece.
  if (typeof payload === 'string' || isLaterPiece(bytes, payload)) return -1;
  facts.protocol = payload.protocol;
  facts.source = readIpv6Source(bytes, at);
  facts.destination = readIpv6Destination(bytes, at);
  facts.length = IPV6_HEADER_LENGTH + readIpv6PayloadLength(bytes, at);
  return payload.at;
}

function isLaterPiece(bytes: Uint8Array, { fragment, at }: Ipv6Payload): boolean {
  return fragment && readUint16(bytes, at - FRAGMENT_HEADER_LENGTH + 2) >= 8;
}
