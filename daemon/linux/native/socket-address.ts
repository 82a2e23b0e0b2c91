/** The C structures that socket calls take, written octet by octet. Source: ip(7), ipv6(7), packet(7). */

import type { IpAddress } from '../../wire/ip-address.ts';
import { type Ipv4Address, writeIpv4 } from '../../wire/ipv4-address.ts';
import { type Ipv6Address, writeIpv6 } from '../../wire/ipv6-address.ts';
import { LINUX } from './libc.ts';

/** `struct sockaddr_in` or `sockaddr_in6`; the port is 0 since raw sockets have none. */
export function socketAddress(address: IpAddress, interfaceIndex: number): Uint8Array {
  return typeof address === 'number'
    ? socketAddressIpv4(address)
    : socketAddressIpv6(address, interfaceIndex);
}

/** The same with a port, for TCP and UDP. */
export function socketAddressWithPort(place: {
  readonly address: IpAddress;
  readonly port: number;
  readonly interfaceIndex: number;
}): Uint8Array {
  const bytes = socketAddress(place.address, place.interfaceIndex);
  new DataView(bytes.buffer).setUint16(2, place.port, false);
  return bytes;
}

/** `struct sockaddr_ll` to send to; the kernel takes the destination from the frame itself. */
export function packetAddress(options: {
  readonly interfaceIndex: number;
  readonly etherType: number;
}): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, LINUX.AF_PACKET, true);
  view.setUint16(2, options.etherType, false);
  view.setInt32(4, options.interfaceIndex, true);
  bytes[11] = 6;
  return bytes;
}

/** `struct ip_mreqn`: group, no own address, interface. */
export function ipv4Membership(group: Ipv4Address, interfaceIndex: number): Uint8Array {
  const bytes = new Uint8Array(12);
  writeIpv4(group, bytes, 0);
  new DataView(bytes.buffer).setInt32(8, interfaceIndex, true);
  return bytes;
}

/** `struct ipv6_mreq`. */
export function ipv6Membership(group: Ipv6Address, interfaceIndex: number): Uint8Array {
  const bytes = new Uint8Array(20);
  writeIpv6(group, bytes, 0);
  new DataView(bytes.buffer).setInt32(16, interfaceIndex, true);
  return bytes;
}

/** The name of an interface as SO_BINDTODEVICE takes it. */
export function interfaceName(name: string): Uint8Array {
  return new TextEncoder().encode(`${name}\0`);
}

function socketAddressIpv4(address: Ipv4Address): Uint8Array {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint16(0, LINUX.AF_INET, true);
  writeIpv4(address, bytes, 4);
  return bytes;
}

function socketAddressIpv6(address: Ipv6Address, interfaceIndex: number): Uint8Array {
  const bytes = new Uint8Array(28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, LINUX.AF_INET6, true);
  writeIpv6(address, bytes, 8);
  // Only addresses of the link need to be told which link.
  const linkOnly = address >> 118n === 0x3fan || address >> 112n === 0xff02n;
  if (linkOnly) view.setUint32(24, interfaceIndex, true);
  return bytes;
}
