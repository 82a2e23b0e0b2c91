/**
 * Finds the VRRP advert in a whole frame, whatever carries it: IPv4 or IPv6, with or without an authentication header.
 * For those who watch a LAN; the daemon's own receive path checks field by field in keepalived's order.
 */

import { decodeAh } from './ah.ts';
import {
  ETHERNET_HEADER_LENGTH,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  readEtherType,
} from './ethernet.ts';
import { readUint16 } from './integers.ts';
import type { IpAddress, IpFamily } from './ip-address.ts';
import {
  ipv4HeaderLength,
  PROTOCOL_AH,
  PROTOCOL_VRRP,
  readIpv4Destination,
  readIpv4Protocol,
  readIpv4Source,
  readIpv4TotalLength,
} from './ipv4.ts';
import { readIpv4 } from './ipv4-address.ts';
import {
  IPV6_HEADER_LENGTH,
  readIpv6Destination,
  readIpv6NextHeader,
  readIpv6PayloadLength,
  readIpv6Source,
} from './ipv6.ts';
import { readIpv6 } from './ipv6-address.ts';
import {
  readVrrpType,
  readVrrpVersion,
  readVrrpVrid,
  VRRP_HEADER_LENGTH,
  VRRP_TYPE_ADVERTISEMENT,
} from './vrrp-header.ts';

/** What an advert says, as far as its octets go; checksums and passwords are not looked at. */
export interface AdvertSight {
  readonly family: IpFamily;
  readonly version: number;
  readonly vrid: number;
  readonly priority: number;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly addresses: readonly IpAddress[];
  /** What the advert says of its own interval, µs: whole seconds in version 2, hundredths in version 3. */
  readonly intervalUs: number;
  /** Under an authentication header. */
  readonly isAuthenticated: boolean;
}

/** The advert in a frame; `undefined` when there is none, or it is cut off. */
export function findAdvert(frame: Uint8Array): AdvertSight | undefined {
  if (frame.length < ETHERNET_HEADER_LENGTH) return undefined;
  const type = readEtherType(frame);
  if (type === ETHERTYPE_IPV4) return findInIpv4(frame);
  return type === ETHERTYPE_IPV6 ? findInIpv6(frame) : undefined;
}

function findInIpv4(frame: Uint8Array): AdvertSight | undefined {
  const ip = ETHERNET_HEADER_LENGTH;
  if (frame.length < ip + 20) return undefined;
  const end = Math.min(frame.length, ip + readIpv4TotalLength(frame, ip));
  let at = ip + ipv4HeaderLength(frame, ip);
  let protocol = readIpv4Protocol(frame, ip);
  let isAuthenticated = false;
  if (protocol === PROTOCOL_AH) {
    const header = decodeAh(frame, at, end);
    if (typeof header === 'string') return undefined;
    at += AH_LENGTH;
    protocol = header.nextHeader;
    isAuthenticated = true;
  }
  if (protocol !== PROTOCOL_VRRP) return undefined;
  return readAdvert(frame, at, end, {
    family: 'inet',
    source: readIpv4Source(frame, ip),
    destination: readIpv4Destination(frame, ip),
    isAuthenticated,
  });
}

/** Octets of the one form of the header that VRRP uses: a 96-bit check value. Source: RFC 2338 section 5.3.6.3. */
const AH_LENGTH = 24;

function findInIpv6(frame: Uint8Array): AdvertSight | undefined {
  const ip = ETHERNET_HEADER_LENGTH;
  if (frame.length < ip + IPV6_HEADER_LENGTH) return undefined;
  if (readIpv6NextHeader(frame, ip) !== PROTOCOL_VRRP) return undefined;
  const at = ip + IPV6_HEADER_LENGTH;
  const end = Math.min(frame.length, at + readIpv6PayloadLength(frame, ip));
  return readAdvert(frame, at, end, {
    family: 'inet6',
    source: readIpv6Source(frame, ip),
    destination: readIpv6Destination(frame, ip),
    isAuthenticated: false,
  });
}

function readAdvert(
  frame: Uint8Array,
  at: number,
  end: number,
  carrier: Pick<AdvertSight, 'family' | 'source' | 'destination' | 'isAuthenticated'>,
): AdvertSight | undefined {
  if (end - at < VRRP_HEADER_LENGTH) return undefined;
  if (readVrrpType(frame, at) !== VRRP_TYPE_ADVERTISEMENT) return undefined;
  const version = readVrrpVersion(frame, at);
  if (version !== 2 && version !== 3) return undefined;
  const size = carrier.family === 'inet' ? 4 : 16;
  const announced = frame[at + 3] as number;
  const count = Math.min(announced, Math.floor((end - at - VRRP_HEADER_LENGTH) / size));
  const addresses = Array.from({ length: count }, (_, index): IpAddress => {
    const from = at + VRRP_HEADER_LENGTH + index * size;
    return carrier.family === 'inet' ? readIpv4(frame, from) : readIpv6(frame, from);
  });
  const intervalUs =
    version === 2
      ? (frame[at + 5] as number) * 1_000_000
      : (readUint16(frame, at + 4) & 0x0fff) * 10_000;
  return {
    ...carrier,
    version,
    vrid: readVrrpVrid(frame, at),
    priority: frame[at + 2] as number,
    addresses,
    intervalUs,
  };
}
