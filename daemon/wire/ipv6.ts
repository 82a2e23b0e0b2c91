/**
 * The IPv6 header, and the walk over extension headers.
 *
 * Extension headers are skipped, not interpreted; the walk is bounded and every length is checked.
 * Fragments are reported, never put together. Read RFC 8200 sections 3 to 4.5.
 */

import { readUint16, readUint32, writeUint16, writeUint32 } from './integers.ts';
import { type Ipv6Address, readIpv6, writeIpv6 } from './ipv6-address.ts';

const VERSION_CLASS_FLOW = 0;
const PAYLOAD_LENGTH = 4;
const NEXT_HEADER = 6;
const HOP_LIMIT = 7;
const SOURCE = 8;
const DESTINATION = 24;

/** Octets of the fixed header. */
export const IPV6_HEADER_LENGTH = 40;

/** Extension headers. Source: IANA "IPv6 Extension Header Types". */
export const NEXT_HEADER_HOP_BY_HOP = 0;
const NEXT_HEADER_ROUTING = 43;
/** In front of a piece of a packet. */
export const NEXT_HEADER_FRAGMENT = 44;
const NEXT_HEADER_DESTINATION = 60;

/**
 * More extension headers than this in one packet are refused; Linux' own limits are of that order.
 */
const EXTENSION_HEADERS_MAX = 8;

/**
 * The hop-by-hop header with router alert that MLD packets carry. Source: RFC 2711, RFC 3810
 * section 5.
 */
export const MLD_HOP_BY_HOP: Uint8Array = Uint8Array.of(58, 0, 5, 2, 0, 0, 1, 0);

/** The fixed header without the version, which is 6. */
export interface Ipv6Header {
  readonly trafficClass: number;
  /** 20 bits. */
  readonly flowLabel: number;
  /** Octets behind the fixed header, extension headers included. */
  readonly payloadLength: number;
  readonly nextHeader: number;
  readonly hopLimit: number;
  readonly source: Ipv6Address;
  readonly destination: Ipv6Address;
}

/** Where the payload of a packet stands, behind all extension headers. */
export interface Ipv6Payload {
  readonly protocol: number;
  /** Offset of the payload, in the bytes that were walked. */
  readonly at: number;
  readonly fragment: boolean;
  /** A router alert or another hop-by-hop option header comes first. */
  readonly hopByHop: boolean;
}

/** Why an IPv6 packet was not taken. */
export type Ipv6DropReason =
  | 'ipv6:truncated'
  | 'ipv6:bad-version'
  | 'ipv6:bad-extension'
  | 'ipv6:too-many-extensions';

/**
 * The fixed header at `at`; octets behind the payload length are ignored.
 *
 * Fails: 'ipv6:truncated' when header or payload reach past `end`, 'ipv6:bad-version' unless 6.
 */
export function decodeIpv6Header(
  bytes: Uint8Array,
  at: number,
  end: number,
): Ipv6Header | Ipv6DropReason {
  const reason = checkIpv6Header(bytes, at, end);
  if (reason !== undefined) return reason;
  const first = readUint32(bytes, at + VERSION_CLASS_FLOW);
  return {
    trafficClass: (first >>> 20) & 0xff,
    flowLabel: first & 0xf_ffff,
    payloadLength: readUint16(bytes, at + PAYLOAD_LENGTH),
    nextHeader: bytes[at + NEXT_HEADER] as number,
    hopLimit: bytes[at + HOP_LIMIT] as number,
    source: readIpv6(bytes, at + SOURCE),
    destination: readIpv6(bytes, at + DESTINATION),
  };
}

/** The same checks without allocation; `undefined` when the header is sound. */
export function checkIpv6Header(
  bytes: Uint8Array,
  at: number,
  end: number,
): Ipv6DropReason | undefined {
  if (end - at < IPV6_HEADER_LENGTH) return 'ipv6:truncated';
  if ((bytes[at] as number) >>> 4 !== 6) return 'ipv6:bad-version';
  const packetEnd = at + IPV6_HEADER_LENGTH + readUint16(bytes, at + PAYLOAD_LENGTH);
  return packetEnd > end ? 'ipv6:truncated' : undefined;
}

/** Writes the fixed header at `at` and returns the offset behind it. */
export function encodeIpv6Header(header: Ipv6Header, bytes: Uint8Array, at: number): number {
  const first = ((6 << 28) | ((header.trafficClass & 0xff) << 20) | header.flowLabel) >>> 0;
  writeUint32(first, bytes, at + VERSION_CLASS_FLOW);
  writeUint16(header.payloadLength, bytes, at + PAYLOAD_LENGTH);
  bytes[at + NEXT_HEADER] = header.nextHeader;
  bytes[at + HOP_LIMIT] = header.hopLimit;
  writeIpv6(header.source, bytes, at + SOURCE);
  return writeIpv6(header.destination, bytes, at + DESTINATION);
}

/**
 * Walks the extension headers of the checked packet at `at` and tells where its payload stands.
 *
 * AH is a payload here, as keepalived takes it. A fragment's payload offset is that of its data.
 * Fails: 'ipv6:bad-extension' when one reaches past the packet, 'ipv6:too-many-extensions'.
 */
export function findIpv6Payload(bytes: Uint8Array, at: number): Ipv6Payload | Ipv6DropReason {
  const end = at + IPV6_HEADER_LENGTH + readUint16(bytes, at + PAYLOAD_LENGTH);
  const hopByHop = bytes[at + NEXT_HEADER] === NEXT_HEADER_HOP_BY_HOP;
  let protocol = bytes[at + NEXT_HEADER] as number;
  let next = at + IPV6_HEADER_LENGTH;
  let fragment = false;
  for (let i = 0; isExtensionHeader(protocol); i++) {
    if (i === EXTENSION_HEADERS_MAX) return 'ipv6:too-many-extensions';
    if (end - next < 8) return 'ipv6:bad-extension';
    const isFragment = protocol === NEXT_HEADER_FRAGMENT;
    fragment ||= isFragment && (readUint16(bytes, next + 2) & 0xfff9) !== 0;
    protocol = bytes[next] as number;
    next += isFragment ? 8 : ((bytes[next + 1] as number) + 1) * 8;
    if (next > end) return 'ipv6:bad-extension';
    if (fragment) break;
  }
  return { protocol, at: next, fragment, hopByHop };
}

/**
 * Where the headers end that every hop looks at, and thus every piece of the packet must have: hop-by-hop options, a
 * routing header and destination options in front of it. `nextHeaderAt` is the octet that names what comes behind them.
 * Source: RFC 8200 section 4.5; net/ipv6/output_core.c, ip6_find_1stfragopt.
 */
export function findUnfragmentable(
  bytes: Uint8Array,
  at: number,
): { readonly nextHeaderAt: number; readonly end: number } {
  const packetEnd = at + IPV6_HEADER_LENGTH + readUint16(bytes, at + PAYLOAD_LENGTH);
  let found = { nextHeaderAt: at + NEXT_HEADER, end: at + IPV6_HEADER_LENGTH };
  let { nextHeaderAt, end } = found;
  for (let i = 0; i < EXTENSION_HEADERS_MAX; i++) {
    const kind = bytes[nextHeaderAt] as number;
    const isOurs = isExtensionHeader(kind) && kind !== NEXT_HEADER_FRAGMENT;
    if (!isOurs || packetEnd - end < 8) break;
    nextHeaderAt = end;
    end += ((bytes[end + 1] as number) + 1) * 8;
    if (end > packetEnd) break;
    // Destination options belong to every piece only in front of a routing header.
    if (kind !== NEXT_HEADER_DESTINATION) found = { nextHeaderAt, end };
  }
  return bytes[nextHeaderAt] === NEXT_HEADER_FRAGMENT ? { nextHeaderAt, end } : found;
}

/** The fragment header. `offset` counts octets, always a multiple of eight. */
export interface FragmentHeader {
  readonly nextHeader: number;
  readonly offset: number;
  readonly more: boolean;
  /** 32 bits. */
  readonly identification: number;
}

/** Writes a fragment header at `at` and returns the offset behind it. */
export function encodeFragmentHeader(
  header: FragmentHeader,
  bytes: Uint8Array,
  at: number,
): number {
  bytes[at] = header.nextHeader;
  bytes[at + 1] = 0;
  writeUint16(header.offset | (header.more ? 1 : 0), bytes, at + 2);
  writeUint32(header.identification, bytes, at + 4);
  return at + 8;
}

/** The fragment header at `at`. Fails: 'ipv6:bad-extension' when it reaches past `end`. */
export function decodeFragmentHeader(
  bytes: Uint8Array,
  at: number,
  end: number,
): FragmentHeader | Ipv6DropReason {
  if (end - at < 8) return 'ipv6:bad-extension';
  const field = readUint16(bytes, at + 2);
  return {
    nextHeader: bytes[at] as number,
    offset: field & 0xfff8,
    more: (field & 1) !== 0,
    identification: readUint32(bytes, at + 4),
  };
}

/** Traffic class of a checked packet. */
export function readIpv6TrafficClass(bytes: Uint8Array, at: number): number {
  return (readUint16(bytes, at) >>> 4) & 0xff;
}

/** Octets behind the fixed header. */
export function readIpv6PayloadLength(bytes: Uint8Array, at: number): number {
  return readUint16(bytes, at + PAYLOAD_LENGTH);
}

/** Number of the first header behind the fixed one. */
export function readIpv6NextHeader(bytes: Uint8Array, at: number): number {
  return bytes[at + NEXT_HEADER] as number;
}

/** Hop limit. */
export function readIpv6HopLimit(bytes: Uint8Array, at: number): number {
  return bytes[at + HOP_LIMIT] as number;
}

/** Source address. */
export function readIpv6Source(bytes: Uint8Array, at: number): Ipv6Address {
  return readIpv6(bytes, at + SOURCE);
}

/** Destination address. */
export function readIpv6Destination(bytes: Uint8Array, at: number): Ipv6Address {
  return readIpv6(bytes, at + DESTINATION);
}

/** Takes one off the hop limit in place and returns the new one; only on a buffer of one's own. */
export function decrementHopLimit(bytes: Uint8Array, at: number): number {
  const hopLimit = (bytes[at + HOP_LIMIT] as number) - 1;
  bytes[at + HOP_LIMIT] = hopLimit;
  return hopLimit;
}

function isExtensionHeader(protocol: number): boolean {
  return (
    protocol === NEXT_HEADER_HOP_BY_HOP ||
    protocol === NEXT_HEADER_ROUTING ||
    protocol === NEXT_HEADER_FRAGMENT ||
    protocol === NEXT_HEADER_DESTINATION
  );
}
