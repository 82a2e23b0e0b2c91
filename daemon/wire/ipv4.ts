/**
 * The IPv4 header.
 *
 * Options are kept as bytes and survive a round trip. Fragments are recognised (`isIpv4Fragment`,
 * drop reason 'ipv4:fragment') but never put together: nothing in a keepalived LAN sends any, and a
 * twin that says so is better than one that guesses. The `readIpv4…` functions read one field each
 * without allocation, for the forwarding path, after `checkIpv4Header`. Read RFC 791 section 3.1.
 */

import { assert } from '../base/assert.ts';
import { internetChecksum, updateChecksum16 } from './checksum.ts';
import { readUint16, writeUint16 } from './integers.ts';
import { type Ipv4Address, readIpv4, writeIpv4 } from './ipv4-address.ts';

const VERSION_IHL = 0;
const TOS = 1;
const TOTAL_LENGTH = 2;
const IDENTIFICATION = 4;
const FLAGS_FRAGMENT = 6;
const TTL = 8;
const PROTOCOL = 9;
const CHECKSUM = 10;
const SOURCE = 12;
const DESTINATION = 16;

/** Octets of a header without options. */
export const IPV4_HEADER_LENGTH = 20;
/** Most octets that options may take: 15 words of header, 5 of them fixed. */
const IPV4_OPTIONS_LENGTH_MAX = 40;

/** Protocol numbers. Source: IANA "Assigned Internet Protocol Numbers". */
export const PROTOCOL_ICMP = 1;
export const PROTOCOL_IGMP = 2;
export const PROTOCOL_IPIP = 4;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
export const PROTOCOL_IPV6 = 41;
export const PROTOCOL_GRE = 47;
export const PROTOCOL_AH = 51;
export const PROTOCOL_ICMPV6 = 58;
export const PROTOCOL_VRRP = 112;

/** Flag bits of `Ipv4Header.flags`. Source: RFC 791 section 3.1. */
export const IPV4_DONT_FRAGMENT = 0b010;

/** The option "router alert", which IGMP packets carry. Source: RFC 2113 section 2.1. */
export const ROUTER_ALERT_OPTION: Uint8Array = Uint8Array.of(0x94, 0x04, 0x00, 0x00);

/** No options; the usual value of `Ipv4Header.options`. */
export const NO_OPTIONS: Uint8Array = new Uint8Array(0);

/** All fields but version, header length and checksum, which follow from the others. */
export interface Ipv4Header {
  /** DSCP and ECN, all eight bits; VRRP and IGMP use 0xc0. */
  readonly tos: number;
  /** Octets of header and payload. */
  readonly totalLength: number;
  readonly identification: number;
  /** Three bits: reserved, DF, MF. */
  readonly flags: number;
  /** In units of 8 octets, 13 bits. */
  readonly fragmentOffset: number;
  readonly ttl: number;
  readonly protocol: number;
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  /** A multiple of 4 octets; a decoder's is a view into the packet. */
  readonly options: Uint8Array;
}

/**
 * Why an IPv4 packet was not taken. 'ipv4:fragment' is for the receiver to say, not for the
 * decoder.
 */
export type Ipv4DropReason =
  | 'ipv4:truncated'
  | 'ipv4:bad-version'
  | 'ipv4:bad-header-length'
  | 'ipv4:bad-total-length'
  | 'ipv4:bad-checksum'
  | 'ipv4:fragment';

/**
 * Checks a header as Linux' `ip_rcv` does, without allocation; `undefined` when it is sound.
 *
 * After it all `readIpv4…` functions are safe, and the packet ends at `at + readIpv4TotalLength`.
 */
export function checkIpv4Header(
  bytes: Uint8Array,
  at: number,
  end: number,
): Ipv4DropReason | undefined {
  if (end - at < IPV4_HEADER_LENGTH) return 'ipv4:truncated';
  if ((bytes[at + VERSION_IHL] as number) >>> 4 !== 4) return 'ipv4:bad-version';
  const headerLength = ipv4HeaderLength(bytes, at);
  if (headerLength < IPV4_HEADER_LENGTH) return 'ipv4:bad-header-length';
  if (end - at < headerLength) return 'ipv4:truncated';
  if (internetChecksum(bytes, at, headerLength) !== 0) return 'ipv4:bad-checksum';
  const totalLength = readUint16(bytes, at + TOTAL_LENGTH);
  if (totalLength < headerLength) return 'ipv4:bad-total-length';
  return totalLength > end - at ? 'ipv4:truncated' : undefined;
}

/**
 * The header at `at`; octets behind the total length are ignored.
 *
 * Fails: as `checkIpv4Header`. A fragment is decoded like any packet: ask `isIpv4Fragment`.
 */
export function decodeIpv4Header(
  bytes: Uint8Array,
  at: number,
  end: number,
): Ipv4Header | Ipv4DropReason {
  const reason = checkIpv4Header(bytes, at, end);
  if (reason !== undefined) return reason;
  const flagsAndOffset = readUint16(bytes, at + FLAGS_FRAGMENT);
  return {
    tos: bytes[at + TOS] as number,
    totalLength: readUint16(bytes, at + TOTAL_LENGTH),
    identification: readUint16(bytes, at + IDENTIFICATION),
    flags: flagsAndOffset >>> 13,
    fragmentOffset: flagsAndOffset & 0x1fff,
    ttl: bytes[at + TTL] as number,
    protocol: bytes[at + PROTOCOL] as number,
    source: readIpv4(bytes, at + SOURCE),
    destination: readIpv4(bytes, at + DESTINATION),
    options: bytes.subarray(at + IPV4_HEADER_LENGTH, at + ipv4HeaderLength(bytes, at)),
  };
}

/** Writes the header at `at`, checksum filled, and returns the offset of the payload. */
export function encodeIpv4Header(header: Ipv4Header, bytes: Uint8Array, at: number): number {
  const optionsLength = header.options.length;
  assert(
    optionsLength <= IPV4_OPTIONS_LENGTH_MAX && optionsLength % 4 === 0,
    'IPv4 options are at most 40 octets, a multiple of 4',
  );
  const headerLength = IPV4_HEADER_LENGTH + optionsLength;
  bytes[at + VERSION_IHL] = 0x40 | (headerLength >>> 2);
  bytes[at + TOS] = header.tos;
  writeUint16(header.totalLength, bytes, at + TOTAL_LENGTH);
  writeUint16(header.identification, bytes, at + IDENTIFICATION);
  writeUint16((header.flags << 13) | header.fragmentOffset, bytes, at + FLAGS_FRAGMENT);
  bytes[at + TTL] = header.ttl;
  bytes[at + PROTOCOL] = header.protocol;
  writeUint16(0, bytes, at + CHECKSUM);
  writeIpv4(header.source, bytes, at + SOURCE);
  writeIpv4(header.destination, bytes, at + DESTINATION);
  if (optionsLength > 0) bytes.set(header.options, at + IPV4_HEADER_LENGTH);
  writeUint16(internetChecksum(bytes, at, headerLength), bytes, at + CHECKSUM);
  return at + headerLength;
}

/** Octets of the header at `at`, options included, as its first octet says. */
export function ipv4HeaderLength(bytes: Uint8Array, at: number): number {
  return ((bytes[at + VERSION_IHL] as number) & 0x0f) << 2;
}

/** DSCP and ECN. */
export function readIpv4Tos(bytes: Uint8Array, at: number): number {
  return bytes[at + TOS] as number;
}

/** Octets of header and payload. */
export function readIpv4TotalLength(bytes: Uint8Array, at: number): number {
  return readUint16(bytes, at + TOTAL_LENGTH);
}

/** The identification field. */
export function readIpv4Identification(bytes: Uint8Array, at: number): number {
  return readUint16(bytes, at + IDENTIFICATION);
}

/** Time to live. */
export function readIpv4Ttl(bytes: Uint8Array, at: number): number {
  return bytes[at + TTL] as number;
}

/** Protocol number of the payload. */
export function readIpv4Protocol(bytes: Uint8Array, at: number): number {
  return bytes[at + PROTOCOL] as number;
}

/** Source address. */
export function readIpv4Source(bytes: Uint8Array, at: number): Ipv4Address {
  return readIpv4(bytes, at + SOURCE);
}

/** Destination address. */
export function readIpv4Destination(bytes: Uint8Array, at: number): Ipv4Address {
  return readIpv4(bytes, at + DESTINATION);
}

/** Whether the packet is a piece of a larger one: an offset, or more to come. */
export function isIpv4Fragment(bytes: Uint8Array, at: number): boolean {
  return (readUint16(bytes, at + FLAGS_FRAGMENT) & 0x3fff) !== 0;
}

/** Whether the sender forbade fragments. */
export function hasDontFragment(bytes: Uint8Array, at: number): boolean {
  return (readUint16(bytes, at + FLAGS_FRAGMENT) & 0x4000) !== 0;
}

/** Writes another identification in place, checksum updated incrementally; only on a buffer of one's own. */
export function writeIpv4Identification(newWord: number, bytes: Uint8Array, at: number): void {
  const oldWord = readUint16(bytes, at + IDENTIFICATION);
  const checksum = readUint16(bytes, at + CHECKSUM);
  writeUint16(newWord, bytes, at + IDENTIFICATION);
  writeUint16(updateChecksum16(checksum, { oldWord, newWord }), bytes, at + CHECKSUM);
}

/**
 * Takes one off the TTL in place, checksum updated incrementally, and returns the new TTL.
 *
 * Only on a buffer of one's own: a frame that was handed to `send` is shared. The TTL must not be
 * 0.
 */
export function decrementTtl(bytes: Uint8Array, at: number): number {
  const oldWord = readUint16(bytes, at + TTL);
  const newWord = oldWord - 0x100;
  const checksum = readUint16(bytes, at + CHECKSUM);
  writeUint16(newWord, bytes, at + TTL);
  writeUint16(updateChecksum16(checksum, { oldWord, newWord }), bytes, at + CHECKSUM);
  return newWord >>> 8;
}
