/**
 * The Internet checksum: the one's complement of the one's complement sum of 16-bit words.
 *
 * Sums are carried as plain unfolded numbers, so that a pseudo header, a header and a payload can
 * be added in any order before they are folded once. A frame of 64 KiB sums to less than 2^32, far
 * from the limit of a safe integer. Read RFC 1071 first, RFC 1624 for the incremental form.
 */

import type { IpAddress } from './ip-address.ts';
import type { Ipv4Address } from './ipv4-address.ts';
import type { Ipv6Address } from './ipv6-address.ts';

/**
 * Adds `length` octets at `at` to a running sum, as big-endian 16-bit words.
 *
 * An odd last octet counts as the high half of a word, so only the last part of a message may be
 * odd.
 * Source: RFC 1071 section 1.
 */
export function sumWords(bytes: Uint8Array, at: number, length: number, initial: number): number {
  // High and low halves are added apart, four words at a time: half the work of putting words together.
  let high = 0;
  let low = 0;
  const end = at + length;
  let i = at;
  for (; i + 8 <= end; i += 8) {
    high +=
      (bytes[i] as number) +
      (bytes[i + 2] as number) +
      (bytes[i + 4] as number) +
      (bytes[i + 6] as number);
    low +=
      (bytes[i + 1] as number) +
      (bytes[i + 3] as number) +
      (bytes[i + 5] as number) +
      (bytes[i + 7] as number);
  }
  for (; i + 2 <= end; i += 2) {
    high += bytes[i] as number;
    low += bytes[i + 1] as number;
  }
  if (i < end) high += bytes[i] as number;
  return initial + high * 256 + low;
}

/** Folds a running sum into 16 bits, end-around carries included. */
export function foldSum(sum: number): number {
  let rest = sum;
  while (rest > 0xffff_ffff) rest = (rest & 0xffff) + Math.floor(rest / 0x1_0000);
  while (rest > 0xffff) rest = (rest & 0xffff) + (rest >>> 16);
  return rest;
}

/**
 * The Internet checksum of `length` octets at `at`, `initial` added in (a pseudo header's sum).
 *
 * Over data that already holds a right checksum the result is 0, which is how decoders verify.
 */
export function internetChecksum(
  bytes: Uint8Array,
  at: number,
  length: number,
  initial: number = 0,
): number {
  return foldSum(sumWords(bytes, at, length, initial)) ^ 0xffff;
}

/** The sum of the four address words of an IPv4 pseudo header. */
export function ipv4AddressSum(source: Ipv4Address, destination: Ipv4Address): number {
  return (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff);
}

/** The sum of the sixteen address words of an IPv6 pseudo header. */
export function ipv6AddressSum(source: Ipv6Address, destination: Ipv6Address): number {
  return bigintWordSum(source) + bigintWordSum(destination);
}

/** The address part of a pseudo header of either family; both addresses are of one family. */
export function addressSum(source: IpAddress, destination: IpAddress): number {
  const first =
    typeof source === 'number' ? (source >>> 16) + (source & 0xffff) : bigintWordSum(source);
  const second =
    typeof destination === 'number'
      ? (destination >>> 16) + (destination & 0xffff)
      : bigintWordSum(destination);
  return first + second;
}

/** The words of a pseudo header besides the addresses. */
export interface PseudoHeaderRest {
  /** `ipv4AddressSum`, `ipv6AddressSum` or `addressSum`. */
  readonly addresses: number;
  /** Protocol or next header number of the checked message. */
  readonly protocol: number;
  /** Octets of the checked message, without the IP header. */
  readonly length: number;
}

/**
 * The sum of a whole pseudo header. Source: RFC 793 section 3.1 (IPv4), RFC 8200 section 8.1
 * (IPv6).
 */
export function pseudoHeaderSum(rest: PseudoHeaderRest): number {
  return rest.addresses + rest.protocol + (rest.length >>> 16) + (rest.length & 0xffff);
}

/** The sum of the IPv4 pseudo header of a message. */
export function pseudoHeaderSumV4(header: {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly protocol: number;
  readonly length: number;
}): number {
  const addresses = ipv4AddressSum(header.source, header.destination);
  return pseudoHeaderSum({ addresses, protocol: header.protocol, length: header.length });
}

/** The sum of the IPv6 pseudo header of a message. */
export function pseudoHeaderSumV6(header: {
  readonly source: Ipv6Address;
  readonly destination: Ipv6Address;
  readonly protocol: number;
  readonly length: number;
}): number {
  const addresses = ipv6AddressSum(header.source, header.destination);
  return pseudoHeaderSum({ addresses, protocol: header.protocol, length: header.length });
}

/**
 * The checksum after one covered 16-bit word changed from `oldWord` to `newWord`.
 *
 * Source: RFC 1624 equation 3, which unlike RFC 1141 never turns 0x0000 into 0xffff wrongly.
 */
export function updateChecksum16(
  checksum: number,
  change: { readonly oldWord: number; readonly newWord: number },
): number {
  return incrementalChecksum(checksum, change.oldWord, change.newWord);
}

/** The checksum after one covered 32-bit value (an address, a sequence number) changed. */
export function updateChecksum32(
  checksum: number,
  change: { readonly oldValue: number; readonly newValue: number },
): number {
  const { oldValue, newValue } = change;
  const afterHigh = incrementalChecksum(checksum, oldValue >>> 16, newValue >>> 16);
  return incrementalChecksum(afterHigh, oldValue & 0xffff, newValue & 0xffff);
}

function incrementalChecksum(checksum: number, oldWord: number, newWord: number): number {
  return foldSum((checksum ^ 0xffff) + (oldWord ^ 0xffff) + newWord) ^ 0xffff;
}

function bigintWordSum(address: bigint): number {
  let sum = 0;
  for (let shift = 96n; shift >= 0n; shift -= 32n) {
    const word = Number((address >> shift) & 0xffff_ffffn);
    sum += (word >>> 16) + (word & 0xffff);
  }
  return sum;
}
