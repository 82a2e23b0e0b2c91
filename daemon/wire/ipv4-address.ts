/** IPv4 addresses as unsigned 32-bit numbers: cheap map keys; text only at edges. */

import { type MacAddress, macFromNumber } from './mac-address.ts';

declare const ipv4Brand: unique symbol;

/** An IPv4 address, the 32 bits as one unsigned number, first octet on top. */
export type Ipv4Address = number & { readonly [ipv4Brand]: true };

/** `0.0.0.0`, "no address yet". */
export const ANY_IPV4 = 0 as Ipv4Address;

/** Reads four octets at `at`; the caller has checked the length. */
export function readIpv4(bytes: Uint8Array, at: number): Ipv4Address {
  return ((((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)) >>>
    0) as Ipv4Address;
}

/** Writes four octets at `at` and returns the offset behind them. */
export function writeIpv4(address: Ipv4Address, bytes: Uint8Array, at: number): number {
  bytes[at] = address >>> 24;
  bytes[at + 1] = (address >>> 16) & 0xff;
  bytes[at + 2] = (address >>> 8) & 0xff;
  bytes[at + 3] = address & 0xff;
  return at + 4;
}

/** Parses strict dotted decimal (`010.1.1.1` and `10.1` are refused); `undefined` for anything else. */
export function parseIpv4(text: string): Ipv4Address | undefined {
  if (!/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text)) return undefined;
  let value = 0;
  for (const part of text.split('.')) {
    const octet = Number(part);
    if (octet > 255) return undefined;
    value = value * 256 + octet;
  }
  return value as Ipv4Address;
}

/** Dotted decimal text. */
export function formatIpv4(address: Ipv4Address): string {
  return `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`;
}

/** Makes an address of an unsigned 32-bit whole number. */
export function ipv4FromNumber(value: number): Ipv4Address {
  return (value >>> 0) as Ipv4Address;
}

/** The mask with `length` leading ones, as an unsigned number. */
export function ipv4Mask(length: number): number {
  return length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0;
}

/** Whether the address lies in 224.0.0.0/4. */
export function isMulticastIpv4(address: Ipv4Address): boolean {
  return address >>> 28 === 0xe;
}

/** The group MAC 01:00:5e + the low 23 bits. Source: RFC 1112 section 6.4. */
export function multicastMacOfIpv4(group: Ipv4Address): MacAddress {
  return macFromNumber(0x01005e000000 + (group & 0x7f_ffff));
}
