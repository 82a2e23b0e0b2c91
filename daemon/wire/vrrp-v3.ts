/**
 * VRRPv3 adverts, for IPv4 and IPv6.
 *
 * There is no authentication field. The checksum has a pseudo header for IPv6 and, in keepalived,
 * for IPv4 too; `v3_checksum_as_v2` leaves it out, as some switches do. Read RFC 9568 section 5.2.
 */

import { assert } from '../base/assert.ts';
import { internetChecksum, pseudoHeaderSum } from './checksum.ts';
import { writeUint16 } from './integers.ts';
import type { IpAddress, IpFamily } from './ip-address.ts';
import { PROTOCOL_VRRP } from './ipv4.ts';
import { writeIpv4 } from './ipv4-address.ts';
import { writeIpv6 } from './ipv6-address.ts';
import {
  readVrrpAddressCount,
  readVrrpIntervalCentiseconds,
  readVrrpIpv4,
  readVrrpIpv6,
  readVrrpPriority,
  readVrrpType,
  readVrrpVersion,
  readVrrpVrid,
  VRRP_HEADER_LENGTH,
} from './vrrp-header.ts';
import type { VrrpDropReason } from './vrrp-v2.ts';

const INTERVAL = 4;
const CHECKSUM = 6;

/** One advert; every field of the wire but count and checksum. */
export interface VrrpV3Packet {
  readonly version: number;
  readonly type: number;
  readonly vrid: number;
  readonly priority: number;
  /** All of one family, that of the IP header. */
  readonly addresses: readonly IpAddress[];
  /** The four bits before the interval; 0. */
  readonly reserved: number;
  /** 12 bits. */
  readonly advertIntervalCentiseconds: number;
}

/**
 * How the checksum is made: the sum of the IP header's two addresses (`addressSum`), or 'as-v2' for
 * none.
 */
export type VrrpV3ChecksumKind = number | 'as-v2';

/** Octets of an advert with that many addresses. */
export function vrrpV3Length(addressCount: number, family: IpFamily): number {
  return VRRP_HEADER_LENGTH + addressCount * (family === 'inet' ? 4 : 16);
}

/**
 * The advert of `family` that fills `at` to `end`.
 *
 * Fails: 'vrrp:truncated' below 8 octets, 'vrrp:bad-version' unless 3, 'vrrp:bad-length' when count
 * and length disagree, 'vrrp:bad-checksum'.
 */
export function decodeVrrpV3(
  bytes: Uint8Array,
  at: number,
  end: number,
  how: { readonly family: IpFamily; readonly checksum: VrrpV3ChecksumKind },
): VrrpV3Packet | VrrpDropReason {
  if (end - at < VRRP_HEADER_LENGTH) return 'vrrp:truncated';
  if (readVrrpVersion(bytes, at) !== 3) return 'vrrp:bad-version';
  const count = readVrrpAddressCount(bytes, at);
  if (end - at !== vrrpV3Length(count, how.family)) return 'vrrp:bad-length';
  if (!verifyVrrpV3Checksum(bytes, at, end, how.checksum)) return 'vrrp:bad-checksum';
  const addresses: IpAddress[] = [];
  for (let i = 0; i < count; i++) {
    const isInet = how.family === 'inet';
    addresses.push(isInet ? readVrrpIpv4(bytes, at, i) : readVrrpIpv6(bytes, at, i));
  }
  return {
    version: 3,
    type: readVrrpType(bytes, at),
    vrid: readVrrpVrid(bytes, at),
    priority: readVrrpPriority(bytes, at),
    addresses,
    reserved: (bytes[at + INTERVAL] as number) >>> 4,
    advertIntervalCentiseconds: readVrrpIntervalCentiseconds(bytes, at),
  };
}

/** Writes the advert at `at`, checksum filled, and returns the offset behind it. */
export function encodeVrrpV3(
  packet: VrrpV3Packet,
  bytes: Uint8Array,
  at: number,
  checksum: VrrpV3ChecksumKind,
): number {
  assert(packet.addresses.length <= 255, 'a VRRP advert has at most 255 addresses');
  bytes[at] = (packet.version << 4) | (packet.type & 0x0f);
  bytes[at + 1] = packet.vrid;
  bytes[at + 2] = packet.priority;
  bytes[at + 3] = packet.addresses.length;
  const interval = (packet.reserved << 12) | (packet.advertIntervalCentiseconds & 0x0fff);
  writeUint16(interval, bytes, at + INTERVAL);
  writeUint16(0, bytes, at + CHECKSUM);
  let next = at + VRRP_HEADER_LENGTH;
  for (const address of packet.addresses) {
    const isInet = typeof address === 'number';
    next = isInet ? writeIpv4(address, bytes, next) : writeIpv6(address, bytes, next);
  }
  const sum = pseudoSum(checksum, next - at);
  writeUint16(internetChecksum(bytes, at, next - at, sum), bytes, at + CHECKSUM);
  return next;
}

/** Whether the checksum over `at` to `end` is right; needs 8 octets. */
export function verifyVrrpV3Checksum(
  bytes: Uint8Array,
  at: number,
  end: number,
  checksum: VrrpV3ChecksumKind,
): boolean {
  return internetChecksum(bytes, at, end - at, pseudoSum(checksum, end - at)) === 0;
}

function pseudoSum(checksum: VrrpV3ChecksumKind, length: number): number {
  if (checksum === 'as-v2') return 0;
  return pseudoHeaderSum({ addresses: checksum, protocol: PROTOCOL_VRRP, length });
}
