/**
 * ICMPv6: echo, errors, neighbour and router discovery, multicast listener reports.
 *
 * The checksum covers a pseudo header, so encoder and decoder take the sum of the packet's two
 * addresses (`addressSum`). Types that are not modelled, and known ones whose body does not fit,
 * decode to `other` or are refused; see each. Read RFC 4443, RFC 4861, RFC 2710 and RFC 3810.
 */

import { internetChecksum, pseudoHeaderSum } from './checksum.ts';
import {
  decodeIcmpv6Body,
  type Icmpv6Body,
  icmpv6BodyLength,
  icmpv6TypeNumber,
  writeIcmpv6Body,
} from './icmpv6-body.ts';
import { writeUint16 } from './integers.ts';
import { PROTOCOL_ICMPV6 } from './ipv4.ts';
import { type Ipv6Address, ipv6FromBigint } from './ipv6-address.ts';

const TYPE = 0;
const CODE = 1;
const CHECKSUM = 2;

/** Octets before what differs from type to type. */
const ICMPV6_HEADER_LENGTH = 4;

/** ff02::1, all nodes: where unsolicited neighbour advertisements go. */
export const ALL_NODES_IPV6: Ipv6Address = ipv6FromBigint((0xff02n << 112n) | 1n);
/** ff02::2, all routers. */
export const ALL_ROUTERS_IPV6: Ipv6Address = ipv6FromBigint((0xff02n << 112n) | 2n);
/** ff02::16, where MLDv2 reports go. Source: RFC 3810 section 5.2.14. */
export const MLD_V2_GROUP: Ipv6Address = ipv6FromBigint((0xff02n << 112n) | 0x16n);
/** Neighbour discovery is only believed with this hop limit. Source: RFC 4861 section 7.1. */
export const ND_HOP_LIMIT = 255;

/** One message; the code is 0 but for errors. */
export type Icmpv6Message = { readonly code: number } & Icmpv6Body;

/** Why an ICMPv6 message was not understood. */
export type Icmpv6DropReason = 'icmpv6:truncated' | 'icmpv6:bad-checksum' | 'icmpv6:bad-option';

/**
 * The message that fills `at` to `end`; `addresses` is the sum of the packet's two addresses.
 *
 * Fails: 'icmpv6:truncated' when the type needs more octets, 'icmpv6:bad-checksum',
 * 'icmpv6:bad-option' when an option of neighbour discovery has no length or reaches past the end
 * (RFC 4861 section 7.1.1).
 */
export function decodeIcmpv6(
  bytes: Uint8Array,
  at: number,
  end: number,
  addresses: number,
): Icmpv6Message | Icmpv6DropReason {
  if (end - at < ICMPV6_HEADER_LENGTH) return 'icmpv6:truncated';
  const pseudo = pseudoSum(addresses, end - at);
  if (internetChecksum(bytes, at, end - at, pseudo) !== 0) return 'icmpv6:bad-checksum';
  const type = bytes[at + TYPE] as number;
  const body = decodeIcmpv6Body(type, bytes, at + ICMPV6_HEADER_LENGTH, end);
  return typeof body === 'string' ? body : { code: bytes[at + CODE] as number, ...body };
}

/** Writes the message at `at`, checksum filled, and returns the offset behind it. */
export function encodeIcmpv6(
  message: Icmpv6Message,
  bytes: Uint8Array,
  at: number,
  addresses: number,
): number {
  bytes[at + CODE] = message.code;
  writeUint16(0, bytes, at + CHECKSUM);
  bytes[at + TYPE] = icmpv6TypeNumber(message);
  const end = writeIcmpv6Body(message, bytes, at + ICMPV6_HEADER_LENGTH);
  const pseudo = pseudoSum(addresses, end - at);
  writeUint16(internetChecksum(bytes, at, end - at, pseudo), bytes, at + CHECKSUM);
  return end;
}

/** Octets that `encodeIcmpv6` will write. */
export function icmpv6Length(message: Icmpv6Message): number {
  return ICMPV6_HEADER_LENGTH + icmpv6BodyLength(message);
}

/** Type of a message of at least 4 octets. */
export function readIcmpv6Type(bytes: Uint8Array, at: number): number {
  return bytes[at + TYPE] as number;
}

/** The solicited-node group ff02::1:ffXX:XXXX of an address. Source: RFC 4291 section 2.7.1. */
export function solicitedNodeGroup(address: Ipv6Address): Ipv6Address {
  return ipv6FromBigint((0xff02n << 112n) | (0x1_ffn << 24n) | (address & 0xff_ffffn));
}

function pseudoSum(addresses: number, length: number): number {
  return pseudoHeaderSum({ addresses, protocol: PROTOCOL_ICMPV6, length });
}
