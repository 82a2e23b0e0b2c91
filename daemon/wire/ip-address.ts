/** Addresses of either family. The representation tells them apart: IPv4 is a number, IPv6 a bigint. */

import { formatIpv4, type Ipv4Address, parseIpv4 } from './ipv4-address.ts';
import { formatIpv6, type Ipv6Address, parseIpv6 } from './ipv6-address.ts';

/** An address of either family; `typeof` tells which. */
export type IpAddress = Ipv4Address | Ipv6Address;

/** `inet` is IPv4, `inet6` is IPv6, as Linux and keepalived spell it. */
export type IpFamily = 'inet' | 'inet6';

/** An address with the length of its prefix in bits. */
export interface IpPrefix {
  readonly address: IpAddress;
  readonly length: number;
}

/** Whether the address is IPv4. */
export function isIpv4(address: IpAddress): address is Ipv4Address {
  return typeof address === 'number';
}

/** The family of an address. */
export function familyOf(address: IpAddress): IpFamily {
  return typeof address === 'number' ? 'inet' : 'inet6';
}

/** Parses either family; `undefined` for anything else. */
export function parseIp(text: string): IpAddress | undefined {
  return parseIpv4(text) ?? parseIpv6(text);
}

/** Text of either family. */
export function formatIp(address: IpAddress): string {
  return isIpv4(address) ? formatIpv4(address) : formatIpv6(address);
}

/** Parses `192.168.0.1/24`; without a length the prefix is the address alone (/32, /128). */
export function parsePrefix(text: string): IpPrefix | undefined {
  const slash = text.indexOf('/');
  const address = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const bits = isIpv4(address) ? 32 : 128;
  if (slash < 0) return { address, length: bits };
  const digits = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(digits) || Number(digits) > bits) return undefined;
  return { address, length: Number(digits) };
}

/** Text such as `192.168.0.1/24`, always with the length. */
export function formatPrefix(prefix: IpPrefix): string {
  return `${formatIp(prefix.address)}/${prefix.length}`;
}
