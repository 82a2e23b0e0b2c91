/** IPv6 addresses as 128-bit bigints; text (RFC 5952) only at edges. */

import { type MacAddress, macFromNumber } from './mac-address.ts';

declare const ipv6Brand: unique symbol;

/** An IPv6 address, the 128 bits as one bigint, first octet on top. */
export type Ipv6Address = bigint & { readonly [ipv6Brand]: true };

/** `::`, "no address yet". */
export const ANY_IPV6 = 0n as Ipv6Address;

/** Reads sixteen octets at `at`; the caller has checked the length. */
export function readIpv6(bytes: Uint8Array, at: number): Ipv6Address {
  let value = 0n;
  for (let i = 0; i < 16; i += 4) {
    const word =
      (((bytes[at + i] as number) << 24) |
        ((bytes[at + i + 1] as number) << 16) |
        ((bytes[at + i + 2] as number) << 8) |
        (bytes[at + i + 3] as number)) >>>
      0;
    value = (value << 32n) | BigInt(word);
  }
  return value as Ipv6Address;
}

/** Writes sixteen octets at `at` and returns the offset behind them. */
export function writeIpv6(address: Ipv6Address, bytes: Uint8Array, at: number): number {
  let rest: bigint = address;
  for (let i = 15; i >= 0; i--) {
    bytes[at + i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return at + 16;
}

/** Parses RFC 4291 text, with `::` and an embedded IPv4 tail; no zone. `undefined` for anything else. */
export function parseIpv6(text: string): Ipv6Address | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] as string, halves.length === 1);
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 8 ? joinGroups(head) : undefined;
  const tail = parseGroups(halves[1] as string, true);
  if (tail === undefined || head.length + tail.length > 7) return undefined;
  const gap = new Array<number>(8 - head.length - tail.length).fill(0);
  return joinGroups([...head, ...gap, ...tail]);
}

/** Text of RFC 5952: lower case, longest run of zero groups (at least two, first of equals) as `::`. */
export function formatIpv6(address: Ipv6Address): string {
  const groups: number[] = [];
  for (let i = 7; i >= 0; i--) groups.push(Number((address >> BigInt(16 * i)) & 0xffffn));
  let bestAt = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > bestLength) [bestAt, bestLength] = [i, length];
  }
  const words = groups.map((group) => group.toString(16));
  if (bestAt < 0) return words.join(':');
  return `${words.slice(0, bestAt).join(':')}::${words.slice(bestAt + bestLength).join(':')}`;
}

/** Makes an address of a 128-bit bigint. */
export function ipv6FromBigint(value: bigint): Ipv6Address {
  return value as Ipv6Address;
}

/** The mask with `length` leading ones. */
export function ipv6Mask(length: number): bigint {
  return ((1n << BigInt(length)) - 1n) << BigInt(128 - length);
}

/** Whether the address lies in ff00::/8. */
export function isMulticastIpv6(address: Ipv6Address): boolean {
  return address >> 120n === 0xffn;
}

/** Whether the address lies in fe80::/10. */
export function isLinkLocalIpv6(address: Ipv6Address): boolean {
  return address >> 118n === 0x3fan;
}

/** The link-local address that a card gives itself: modified EUI-64. Source: RFC 4291 appendix A. */
export function linkLocalOfMac(mac: MacAddress): Ipv6Address {
  const bits = BigInt(mac);
  const high = (bits >> 24n) ^ 0x02_0000n;
  const interfaceId = (high << 40n) | (0xfffen << 24n) | (bits & 0xff_ffffn);
  return ((0xfe80n << 112n) | interfaceId) as Ipv6Address;
}

/** The group MAC 33:33 + the low 32 bits. Source: RFC 2464 section 7. */
export function multicastMacOfIpv6(group: Ipv6Address): MacAddress {
  return macFromNumber(0x333300000000 + Number(group & 0xffff_ffffn));
}

function parseGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (mayEndInIpv4 && index === parts.length - 1 && part.includes('.')) {
      const octets = part.split('.');
      if (octets.length !== 4 || !octets.every((o) => /^(0|[1-9]\d{0,2})$/.test(o) && +o < 256)) {
        return undefined;
      }
      const [a, b, c, d] = octets.map(Number) as [number, number, number, number];
      groups.push(a * 256 + b, c * 256 + d);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups.length <= 8 ? groups : undefined;
}

function joinGroups(groups: readonly number[]): Ipv6Address {
  let value = 0n;
  for (const group of groups) value = (value << 16n) | BigInt(group);
  return value as Ipv6Address;
}
