/**
 * The unsolicited neighbour advertisement that announces an IPv6 VIP, as a whole Ethernet frame.
 *
 * keepalived's form (recording S13): from the VIP itself to ff02::1, hop limit 255, override flag,
 * router flag when the host forwards, target link-layer address option. Read RFC 4861 sections 4.4
 * and 4.6.1.
 */

import { internetChecksum, pseudoHeaderSumV6 } from '../wire/checksum.ts';
import { ETHERNET_HEADER_LENGTH, ETHERTYPE_IPV6, writeEthernetHeader } from '../wire/ethernet.ts';
import { writeUint16 } from '../wire/integers.ts';
import {
  type Ipv6Address,
  ipv6FromBigint,
  multicastMacOfIpv6,
  writeIpv6,
} from '../wire/ipv6-address.ts';
import { type MacAddress, writeMac } from '../wire/mac-address.ts';

const IPV6_HEADER_LENGTH = 40;
const NA_LENGTH = 32;
const ICMPV6 = 58;
const NEIGHBOR_ADVERTISEMENT = 136;
const OPTION_TARGET_LINK_LAYER = 2;
const FLAG_ROUTER = 0x80;
const FLAG_OVERRIDE = 0x20;

/** ff02::1, every node on the link. Source: RFC 4291 section 2.7.1. */
const ALL_NODES: Ipv6Address = ipv6FromBigint((0xff02n << 112n) | 1n);

/** One frame of 86 octets. */
export function buildUnsolicitedNa(options: {
  readonly mac: MacAddress;
  readonly address: Ipv6Address;
  readonly router: boolean;
}): Uint8Array {
  const { mac, address } = options;
  const frame = new Uint8Array(ETHERNET_HEADER_LENGTH + IPV6_HEADER_LENGTH + NA_LENGTH);
  const destination = multicastMacOfIpv6(ALL_NODES);
  let at = writeEthernetHeader({ destination, source: mac, etherType: ETHERTYPE_IPV6 }, frame, 0);
  at = writeIpv6Header(frame, at, {
    trafficClass: 0,
    length: NA_LENGTH,
    next: ICMPV6,
    hopLimit: 255,
    source: address,
    destination: ALL_NODES,
  });
  frame[at] = NEIGHBOR_ADVERTISEMENT;
  frame[at + 4] = FLAG_OVERRIDE | (options.router ? FLAG_ROUTER : 0);
  writeIpv6(address, frame, at + 8);
  frame[at + 24] = OPTION_TARGET_LINK_LAYER;
  frame[at + 25] = 1;
  writeMac(mac, frame, at + 26);
  const pseudo = pseudoHeaderSumV6({
    source: address,
    destination: ALL_NODES,
    protocol: ICMPV6,
    length: NA_LENGTH,
  });
  writeUint16(internetChecksum(frame, at, NA_LENGTH, pseudo), frame, at + 2);
  return frame;
}

/** Writes an IPv6 header without extensions and returns the offset behind it. */
export function writeIpv6Header(
  bytes: Uint8Array,
  at: number,
  header: {
    readonly trafficClass: number;
    readonly length: number;
    readonly next: number;
    readonly hopLimit: number;
    readonly source: Ipv6Address;
    readonly destination: Ipv6Address;
  },
): number {
  bytes[at] = 0x60 | (header.trafficClass >>> 4);
  bytes[at + 1] = (header.trafficClass & 0x0f) << 4;
  writeUint16(0, bytes, at + 2);
  writeUint16(header.length, bytes, at + 4);
  bytes[at + 6] = header.next;
  bytes[at + 7] = header.hopLimit;
  writeIpv6(header.source, bytes, at + 8);
  return writeIpv6(header.destination, bytes, at + 24);
}
