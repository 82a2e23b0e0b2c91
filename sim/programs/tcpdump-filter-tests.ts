/**
 * What one primitive of a tcpdump filter looks at in a frame. `typeAt` is where the EtherType
 * stands.
 */

import { unreachable } from '../../daemon/base/assert.ts';
import { readUint16 } from '../../daemon/wire/integers.ts';
import type { IpPrefix } from '../../daemon/wire/ip-address.ts';
import { ipv4Mask, readIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { ipv6Mask, readIpv6 } from '../../daemon/wire/ipv6-address.ts';
import { type MacAddress, readMac } from '../../daemon/wire/mac-address.ts';

/** Whether a frame passes. */
export type FrameTest = (frame: Uint8Array) => boolean;

/** Which end of a packet is meant. */
export type FilterDirection = 'src' | 'dst' | 'either' | 'both';

const IPV4 = 0x0800;
const ARP = 0x0806;
const RARP = 0x8035;
const IPV6 = 0x86dd;

/** `ip`, `arp`, `ether proto 0x88cc`. */
export function matchesEtherType(typeAt: number, type: number): FrameTest {
  return (frame) => hasType(frame, typeAt, type);
}

/**
 * `tcp`, `vrrp`, `proto 112`: the first header behind IP, extension headers not walked, as in
 * libpcap.
 */
export function matchesProtocol(options: {
  readonly typeAt: number;
  readonly protocol: number;
  readonly inet: boolean;
  readonly inet6: boolean;
}): FrameTest {
  const { typeAt, protocol, inet, inet6 } = options;
  const at = typeAt + 2;
  return (frame) => {
    if (inet && hasType(frame, typeAt, IPV4)) return frame[at + 9] === protocol;
    if (!inet6 || !hasType(frame, typeAt, IPV6)) return false;
    // Of extension headers libpcap looks behind a fragment header only.
    if (frame[at + 6] === 44) return frame[at + 40] === protocol;
    return frame[at + 6] === protocol;
  };
}

/** `host A`, `src net N/8`: IP addresses, and those that ARP talks about. */
export function matchesNetwork(options: {
  readonly typeAt: number;
  readonly direction: FilterDirection;
  readonly prefix: IpPrefix;
  readonly onlyType: number | undefined;
}): FrameTest {
  const { typeAt, direction, prefix, onlyType } = options;
  const at = typeAt + 2;
  const { address } = prefix;
  if (typeof address === 'bigint') {
    const mask = ipv6Mask(prefix.length);
    const isIn = (frame: Uint8Array, from: number) =>
      (readIpv6(frame, from) & mask) === (address & mask);
    return (frame) =>
      onlyType !== IPV4 &&
      hasType(frame, typeAt, IPV6) &&
      frame.length >= at + 40 &&
      pick(direction, isIn(frame, at + 8), isIn(frame, at + 24));
  }
  const mask = ipv4Mask(prefix.length);
  const wanted = (address & mask) >>> 0;
  const isIn = (frame: Uint8Array, from: number) => (readIpv4(frame, from) & mask) >>> 0 === wanted;
  return (frame) => {
    for (const type of [IPV4, ARP, RARP]) {
      if ((onlyType ?? type) !== type || !hasType(frame, typeAt, type)) continue;
      const [source, destination] = type === IPV4 ? [at + 12, at + 16] : [at + 14, at + 24];
      if (frame.length < destination + 4) return false;
      return pick(direction, isIn(frame, source), isIn(frame, destination));
    }
    return false;
  };
}

/** `port 80`, `udp dst port 53`; a fragment without ports never matches. */
export function matchesPort(options: {
  readonly typeAt: number;
  readonly direction: FilterDirection;
  readonly low: number;
  readonly high: number;
  readonly protocols: readonly number[];
}): FrameTest {
  const { typeAt, direction, low, high, protocols } = options;
  return (frame) => {
    const portsAt = findPorts(frame, typeAt, protocols);
    if (portsAt === undefined || frame.length < portsAt + 4) return false;
    const [from, to] = [readUint16(frame, portsAt), readUint16(frame, portsAt + 2)];
    return pick(direction, from >= low && from <= high, to >= low && to <= high);
  };
}

/** `ether host M`. */
export function matchesEther(mac: MacAddress, direction: FilterDirection): FrameTest {
  return (frame) =>
    frame.length >= 12 && pick(direction, readMac(frame, 6) === mac, readMac(frame, 0) === mac);
}

/** `broadcast`. */
export function matchesBroadcast(): FrameTest {
  return (frame) => frame.length >= 6 && frame.subarray(0, 6).every((value) => value === 0xff);
}

/** `multicast` (the group bit, broadcast included), `ip multicast`, `ip6 multicast`. */
export function matchesMulticast(typeAt: number, layer: 'ether' | 'ip' | 'ip6'): FrameTest {
  if (layer === 'ether') return (frame) => ((frame[0] ?? 0) & 1) === 1;
  if (layer === 'ip') {
    return (frame) => hasType(frame, typeAt, IPV4) && (frame[typeAt + 18] ?? 0) >= 224;
  }
  return (frame) => hasType(frame, typeAt, IPV6) && frame[typeAt + 26] === 0xff;
}

/** `vlan`, `vlan 5`. */
export function matchesVlan(typeAt: number, vlanId: number | undefined): FrameTest {
  return (frame) => {
    const isTagged = [0x8100, 0x88a8, 0x9100].some((type) => hasType(frame, typeAt, type));
    if (!isTagged || vlanId === undefined) return isTagged;
    return frame.length >= typeAt + 4 && (readUint16(frame, typeAt + 2) & 0x0fff) === vlanId;
  };
}

/** `less 60`, `greater 60`: both bounds belong to it. */
export function matchesLength(length: number, isLess: boolean): FrameTest {
  return (frame) => (isLess ? frame.length <= length : frame.length >= length);
}

function hasType(frame: Uint8Array, typeAt: number, type: number): boolean {
  return frame.length >= typeAt + 2 && readUint16(frame, typeAt) === type;
}

function pick(direction: FilterDirection, source: boolean, destination: boolean): boolean {
  switch (direction) {
    case 'src':
      return source;
    case 'dst':
      return destination;
    case 'either':
      return source || destination;
    case 'both':
      return source && destination;
    default:
      return unreachable(direction);
  }
}

function findPorts(
  frame: Uint8Array,
  typeAt: number,
  protocols: readonly number[],
): number | undefined {
  const at = typeAt + 2;
  if (hasType(frame, typeAt, IPV4) && frame.length >= at + 20) {
    const isFirst = (readUint16(frame, at + 6) & 0x1fff) === 0;
    if (!isFirst || !protocols.includes(frame[at + 9] as number)) return undefined;
    return at + ((frame[at] as number) & 0x0f) * 4;
  }
  if (!hasType(frame, typeAt, IPV6) || frame.length < at + 40) return undefined;
  return protocols.includes(frame[at + 6] as number) ? at + 40 : undefined;
}
