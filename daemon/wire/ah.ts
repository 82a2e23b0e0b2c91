/**
 * The IPsec authentication header as keepalived puts it around VRRPv2 adverts (`auth_type AH`).
 *
 * The packet is IPv4 header, 24 octets of AH, VRRP. The integrity check value is the first 12
 * octets of HMAC-MD5, keyed with the 8 octets of auth_pass, over the whole packet with type of
 * service, fragment word, header checksum and the value itself taken as zero. Unlike RFC 4302
 * section 3.3.3.1.1 asks, the TTL of a multicast advert stays in: keepalived computes it so
 * (checked against packets of the real 2.2.7); with unicast peers it is zero too. The SPI is the
 * sender's address. Read RFC 4302, RFC 2403.
 */

import { hmacMd5 } from './hmac.ts';
import { readUint32, writeUint16, writeUint32 } from './integers.ts';
import { IPV4_HEADER_LENGTH, ipv4HeaderLength, readIpv4TotalLength } from './ipv4.ts';

const NEXT_HEADER = 0;
const PAYLOAD_LENGTH = 1;
const RESERVED = 2;
const SPI = 4;
const SEQUENCE = 8;
const ICV = 12;

const IPV4_TOS = 1;
const IPV4_FRAGMENT = 6;
const IPV4_TTL = 8;
const IPV4_CHECKSUM = 10;

/** Octets of the header with a check value of 96 bits. */
export const AH_HEADER_LENGTH = 24;
/** Octets of the check value: HMAC-MD5 cut to 96 bits. Source: RFC 2403 section 2. */
export const AH_ICV_LENGTH = 12;
/** Octets of the header before the check value. */
const AH_FIXED_LENGTH = 12;

/** One authentication header. */
export interface AhHeader {
  /** Protocol number of what follows; 112 for VRRP. */
  readonly nextHeader: number;
  readonly spi: number;
  readonly sequence: number;
  /** A multiple of 4 octets; a decoded one is a view into the packet. */
  readonly icv: Uint8Array;
}

/** What the check value depends on besides the packet. */
export interface AhSecret {
  /** The 8 octets of auth_pass, zero padded. */
  readonly key: Uint8Array;
  /**
   * The instance has unicast peers: the TTL is then taken as zero, for it may change on the way.
   */
  readonly unicast: boolean;
}

/** Why an authentication header was not understood. */
export type AhDropReason = 'ah:truncated' | 'ah:bad-length' | 'ah:bad-icv';

/**
 * The header at `at`. Fails: 'ah:truncated' when its length reaches past `end`, 'ah:bad-length'
 * below 12.
 */
export function decodeAh(bytes: Uint8Array, at: number, end: number): AhHeader | AhDropReason {
  if (end - at < AH_FIXED_LENGTH) return 'ah:truncated';
  const length = readAhLength(bytes, at);
  if (length < AH_FIXED_LENGTH) return 'ah:bad-length';
  if (end - at < length) return 'ah:truncated';
  return {
    nextHeader: bytes[at + NEXT_HEADER] as number,
    spi: readUint32(bytes, at + SPI),
    sequence: readUint32(bytes, at + SEQUENCE),
    icv: bytes.subarray(at + ICV, at + length),
  };
}

/**
 * Writes the header at `at` and returns the offset behind it; `signAh` fills the check value later.
 */
export function encodeAh(header: AhHeader, bytes: Uint8Array, at: number): number {
  bytes[at + NEXT_HEADER] = header.nextHeader;
  bytes[at + PAYLOAD_LENGTH] = (AH_FIXED_LENGTH + header.icv.length) / 4 - 2;
  writeUint16(0, bytes, at + RESERVED);
  writeUint32(header.spi, bytes, at + SPI);
  writeUint32(header.sequence, bytes, at + SEQUENCE);
  bytes.set(header.icv, at + ICV);
  return at + AH_FIXED_LENGTH + header.icv.length;
}

/** Octets of the header at `at` as its second octet says; needs 2 octets. */
export function readAhLength(bytes: Uint8Array, at: number): number {
  return ((bytes[at + PAYLOAD_LENGTH] as number) + 2) * 4;
}

/** Protocol number of what follows the header; needs 1 octet. */
export function readAhNextHeader(bytes: Uint8Array, at: number): number {
  return bytes[at + NEXT_HEADER] as number;
}

/** Security parameters index; needs 8 octets. */
export function readAhSpi(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at + SPI);
}

/** Sequence number; needs 12 octets. */
export function readAhSequence(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at + SEQUENCE);
}

/**
 * Fills the check value of the AH packet whose IPv4 header starts at `at`; all else is written
 * already.
 *
 * The header's checksum does not matter, since it is taken as zero.
 */
export function signAh(bytes: Uint8Array, at: number, how: AhSecret): void {
  const icv = computeIcv(bytes, at, how);
  bytes.set(icv, at + ipv4HeaderLength(bytes, at) + ICV);
}

/**
 * Whether the check value of the AH packet whose IPv4 header starts at `at` is right.
 *
 * The caller has checked the IPv4 header; a packet too short for AH is simply not right.
 */
export function verifyAh(bytes: Uint8Array, at: number, how: AhSecret): boolean {
  const ahAt = at + ipv4HeaderLength(bytes, at);
  if (at + readIpv4TotalLength(bytes, at) < ahAt + AH_HEADER_LENGTH) return false;
  const icv = computeIcv(bytes, at, how);
  for (let i = 0; i < AH_ICV_LENGTH; i++) {
    if (bytes[ahAt + ICV + i] !== icv[i]) return false;
  }
  return true;
}

function computeIcv(bytes: Uint8Array, at: number, how: AhSecret): Uint8Array {
  const copy = new Uint8Array(bytes.subarray(at, at + readIpv4TotalLength(bytes, at)));
  const headerLength = Math.max(ipv4HeaderLength(copy, 0), IPV4_HEADER_LENGTH);
  copy[IPV4_TOS] = 0;
  copy.fill(0, IPV4_FRAGMENT, IPV4_FRAGMENT + 2);
  if (how.unicast) copy[IPV4_TTL] = 0;
  copy.fill(0, IPV4_CHECKSUM, IPV4_CHECKSUM + 2);
  copy.fill(0, headerLength + ICV, headerLength + ICV + AH_ICV_LENGTH);
  return hmacMd5(how.key, copy).subarray(0, AH_ICV_LENGTH);
}
