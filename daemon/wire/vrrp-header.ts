/**
 * What VRRPv2 and VRRPv3 share: the first eight octets, and readers of single fields.
 *
 * keepalived checks a received advert field by field, in an order of its own, and says for each
 * refusal why. So the receive path reads single fields here instead of decoding everything first.
 * Each reader needs `VRRP_HEADER_LENGTH` octets at `at`, addresses and password as many as they
 * take. Read RFC 3768 section 5.3 and RFC 9568 section 5.2.
 */

import { readUint16 } from './integers.ts';
import { type Ipv4Address, ipv4FromNumber, readIpv4 } from './ipv4-address.ts';
import { type Ipv6Address, ipv6FromBigint, readIpv6 } from './ipv6-address.ts';
import { type MacAddress, macFromNumber } from './mac-address.ts';

const VERSION_TYPE = 0;
const VRID = 1;
const PRIORITY = 2;
const ADDRESS_COUNT = 3;
const AUTH_TYPE = 4;
const INTERVAL_SECONDS = 5;
const MAX_ADVERT_INTERVAL = 4;
const CHECKSUM = 6;

/** Octets before the addresses, in both versions. */
export const VRRP_HEADER_LENGTH = 8;
/** The only packet type. Source: RFC 3768 section 5.3.2. */
export const VRRP_TYPE_ADVERTISEMENT = 1;
/**
 * The TTL or hop limit that shows that a multicast advert was not routed. Source: RFC 9568 section
 * 5.1.1.3.
 */
export const VRRP_TTL = 255;

/** Authentication types of VRRPv2. Source: RFC 2338 section 5.3.6. */
export const VRRP_AUTH_NONE = 0;
export const VRRP_AUTH_PASS = 1;
export const VRRP_AUTH_AH = 2;

/** 224.0.0.18, where adverts go. Source: RFC 9568 section 5.1.1.2. */
export const VRRP_GROUP_IPV4: Ipv4Address = ipv4FromNumber(0xe000_0012);
/** ff02::12, where adverts go. Source: RFC 9568 section 5.1.2.2. */
export const VRRP_GROUP_IPV6: Ipv6Address = ipv6FromBigint((0xff02n << 112n) | 0x12n);

/** 00:00:5e:00:01:VRID for IPv4, 00:00:5e:00:02:VRID for IPv6. Source: RFC 9568 section 7.3. */
export function virtualRouterMac(vrid: number, family: 'inet' | 'inet6'): MacAddress {
  return macFromNumber((family === 'inet' ? 0x00005e000100 : 0x00005e000200) + (vrid & 0xff));
}

/** Version, 0..15. */
export function readVrrpVersion(bytes: Uint8Array, at: number): number {
  return (bytes[at + VERSION_TYPE] as number) >>> 4;
}

/** Packet type, 0..15. */
export function readVrrpType(bytes: Uint8Array, at: number): number {
  return (bytes[at + VERSION_TYPE] as number) & 0x0f;
}

/** Virtual router identifier. */
export function readVrrpVrid(bytes: Uint8Array, at: number): number {
  return bytes[at + VRID] as number;
}

/** Priority, 0..255; 0 says that the master stops. */
export function readVrrpPriority(bytes: Uint8Array, at: number): number {
  return bytes[at + PRIORITY] as number;
}

/** How many addresses the packet claims to carry. */
export function readVrrpAddressCount(bytes: Uint8Array, at: number): number {
  return bytes[at + ADDRESS_COUNT] as number;
}

/** VRRPv2 only: authentication type. */
export function readVrrpAuthType(bytes: Uint8Array, at: number): number {
  return bytes[at + AUTH_TYPE] as number;
}

/** VRRPv2 only: advertisement interval in seconds. */
export function readVrrpIntervalSeconds(bytes: Uint8Array, at: number): number {
  return bytes[at + INTERVAL_SECONDS] as number;
}

/** VRRPv3 only: maximum advertisement interval in centiseconds, 12 bits. */
export function readVrrpIntervalCentiseconds(bytes: Uint8Array, at: number): number {
  return readUint16(bytes, at + MAX_ADVERT_INTERVAL) & 0x0fff;
}

/** The checksum as it stands in the packet. */
export function readVrrpChecksum(bytes: Uint8Array, at: number): number {
  return readUint16(bytes, at + CHECKSUM);
}

/** The IPv4 address number `index`; the caller has checked the length. */
export function readVrrpIpv4(bytes: Uint8Array, at: number, index: number): Ipv4Address {
  return readIpv4(bytes, at + VRRP_HEADER_LENGTH + 4 * index);
}

/** The IPv6 address number `index`; the caller has checked the length. */
export function readVrrpIpv6(bytes: Uint8Array, at: number, index: number): Ipv6Address {
  return readIpv6(bytes, at + VRRP_HEADER_LENGTH + 16 * index);
}
