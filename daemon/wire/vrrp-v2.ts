/**
 * VRRPv2 adverts as keepalived sends them.
 *
 * keepalived appends the 8 octets of authentication data always, zero without a password, and
 * covers them with the checksum; the checksum has no pseudo header. A receiver that wants
 * keepalived's own order of checks uses the readers of `vrrp-header.ts` and `verifyVrrpV2Checksum`
 * instead of the decoder. Read RFC 3768 section 5.3, RFC 2338 section 5.3.6 for the authentication
 * types.
 */

import { assert } from '../base/assert.ts';
import { internetChecksum } from './checksum.ts';
import { writeUint16 } from './integers.ts';
import { type Ipv4Address, writeIpv4 } from './ipv4-address.ts';
import {
  readVrrpAddressCount,
  readVrrpAuthType,
  readVrrpIntervalSeconds,
  readVrrpIpv4,
  readVrrpPriority,
  readVrrpType,
  readVrrpVersion,
  readVrrpVrid,
  VRRP_HEADER_LENGTH,
} from './vrrp-header.ts';

const CHECKSUM = 6;

/** Octets of authentication data behind the addresses. */
const VRRP_V2_AUTH_LENGTH = 8;

/** No password: what fills the field with authentication type 0 and 2. */
export const NO_AUTH_DATA: Uint8Array = new Uint8Array(VRRP_V2_AUTH_LENGTH);

/** One advert; every field of the wire but count and checksum. */
export interface VrrpV2Packet {
  readonly version: number;
  readonly type: number;
  readonly vrid: number;
  readonly priority: number;
  readonly addresses: readonly Ipv4Address[];
  /** 0 none, 1 PASS, 2 AH; others survive. */
  readonly authType: number;
  readonly advertIntervalSeconds: number;
  /** 8 octets; a decoded one is a view into the packet. */
  readonly authData: Uint8Array;
}

/** Why a VRRP advert was not understood, in either version. */
export type VrrpDropReason =
  | 'vrrp:truncated'
  | 'vrrp:bad-version'
  | 'vrrp:bad-length'
  | 'vrrp:bad-checksum';

/** Octets of an advert with that many addresses, authentication data included. */
export function vrrpV2Length(addressCount: number): number {
  return VRRP_HEADER_LENGTH + 4 * addressCount + VRRP_V2_AUTH_LENGTH;
}

/**
 * The advert that fills `at` to `end`; octets behind its own length are a mistake here, as in
 * keepalived.
 *
 * Fails: 'vrrp:truncated' below 16 octets, 'vrrp:bad-version' unless 2, 'vrrp:bad-length' when
 * count and length disagree, 'vrrp:bad-checksum'. Type, authentication and TTL are for the receiver
 * to judge.
 */
export function decodeVrrpV2(
  bytes: Uint8Array,
  at: number,
  end: number,
): VrrpV2Packet | VrrpDropReason {
  if (end - at < vrrpV2Length(0)) return 'vrrp:truncated';
  if (readVrrpVersion(bytes, at) !== 2) return 'vrrp:bad-version';
  const count = readVrrpAddressCount(bytes, at);
  if (end - at !== vrrpV2Length(count)) return 'vrrp:bad-length';
  if (!verifyVrrpV2Checksum(bytes, at, end)) return 'vrrp:bad-checksum';
  const addresses: Ipv4Address[] = [];
  for (let i = 0; i < count; i++) addresses.push(readVrrpIpv4(bytes, at, i));
  return {
    version: 2,
    type: readVrrpType(bytes, at),
    vrid: readVrrpVrid(bytes, at),
    priority: readVrrpPriority(bytes, at),
    addresses,
    authType: readVrrpAuthType(bytes, at),
    advertIntervalSeconds: readVrrpIntervalSeconds(bytes, at),
    authData: readVrrpV2AuthData(bytes, at),
  };
}

/** Writes the advert at `at`, checksum filled, and returns the offset behind it. */
export function encodeVrrpV2(packet: VrrpV2Packet, bytes: Uint8Array, at: number): number {
  assert(packet.authData.length === VRRP_V2_AUTH_LENGTH, 'VRRPv2 authentication data is 8 octets');
  assert(packet.addresses.length <= 255, 'a VRRP advert has at most 255 addresses');
  bytes[at] = (packet.version << 4) | (packet.type & 0x0f);
  bytes[at + 1] = packet.vrid;
  bytes[at + 2] = packet.priority;
  bytes[at + 3] = packet.addresses.length;
  bytes[at + 4] = packet.authType;
  bytes[at + 5] = packet.advertIntervalSeconds;
  writeUint16(0, bytes, at + CHECKSUM);
  let next = at + VRRP_HEADER_LENGTH;
  for (const address of packet.addresses) next = writeIpv4(address, bytes, next);
  bytes.set(packet.authData, next);
  next += VRRP_V2_AUTH_LENGTH;
  writeUint16(internetChecksum(bytes, at, next - at), bytes, at + CHECKSUM);
  return next;
}

/** Whether the checksum over `at` to `end` is right; needs 8 octets. */
export function verifyVrrpV2Checksum(bytes: Uint8Array, at: number, end: number): boolean {
  return internetChecksum(bytes, at, end - at) === 0;
}

/**
 * The 8 octets of authentication data as a view; the caller has checked the length against the
 * count.
 */
export function readVrrpV2AuthData(bytes: Uint8Array, at: number): Uint8Array {
  const from = at + VRRP_HEADER_LENGTH + 4 * readVrrpAddressCount(bytes, at);
  return bytes.subarray(from, from + VRRP_V2_AUTH_LENGTH);
}
