/**
 * The hashes that dh, sh, lblc and mh turn addresses into table places with. They must equal the kernel's
 * bit for bit, because a client's server follows from them.
 * Source: include/linux/hash.h (hash_32), lib/siphash.c (hsiphash on 64-bit machines, SipHash-1-3).
 */

import type { IpAddress } from '../../../../daemon/wire/ip-address.ts';

/** GOLDEN_RATIO_32 of include/linux/hash.h. */
const GOLDEN_RATIO_32 = 0x61c88647;

/** An address as 32 bits: IPv4 itself, IPv6 with its four words folded by XOR. */
export function foldAddress(address: IpAddress): number {
  if (typeof address === 'number') return address;
  const low = BigInt.asUintN(64, address);
  const high = address >> 64n;
  const half = low ^ high;
  return Number(BigInt.asUintN(32, half ^ (half >> 32n)));
}

/** The kernel's hash_32: the upper `bits` bits of a multiplication. */
export function hash32(value: number, bits: number): number {
  return Math.imul(value | 0, GOLDEN_RATIO_32) >>> (32 - bits);
}

/** The four 64-bit words of a SipHash in halves. */
interface SipState {
  v0h: number;
  v0l: number;
  v1h: number;
  v1l: number;
  v2h: number;
  v2l: number;
  v3h: number;
  v3l: number;
}

/** hsiphash of one 32-bit word under a key whose two halves are `key` (below 2^32). */
export function hsiphash32(word: number, key: number): number {
  const s: SipState = {
    v0h: 0x736f6d65,
    v0l: 0x70736575 ^ key,
    v1h: 0x646f7261,
    v1l: 0x6e646f6d ^ key,
    v2h: 0x6c796765,
    v2l: 0x6e657261 ^ key,
    v3h: 0x74656462,
    v3l: 0x79746573 ^ key,
  };
  // The last word carries the length (4) in its top octet and the input in its low half.
  const lastHigh = 4 << 24;
  s.v3h ^= lastHigh;
  s.v3l ^= word;
  round(s);
  s.v0h ^= lastHigh;
  s.v0l ^= word;
  s.v2l ^= 0xff;
  round(s);
  round(s);
  round(s);
  return (s.v0l ^ s.v1l ^ s.v2l ^ s.v3l) >>> 0;
}

function round(s: SipState): void {
  let low = (s.v0l >>> 0) + (s.v1l >>> 0);
  s.v0h = (s.v0h + s.v1h + (low > 0xffffffff ? 1 : 0)) | 0;
  s.v0l = low | 0;
  let high = (s.v1h << 13) | (s.v1l >>> 19);
  s.v1l = ((s.v1l << 13) | (s.v1h >>> 19)) ^ s.v0l;
  s.v1h = high ^ s.v0h;
  high = s.v0h;
  s.v0h = s.v0l;
  s.v0l = high;

  low = (s.v2l >>> 0) + (s.v3l >>> 0);
  s.v2h = (s.v2h + s.v3h + (low > 0xffffffff ? 1 : 0)) | 0;
  s.v2l = low | 0;
  high = (s.v3h << 16) | (s.v3l >>> 16);
  s.v3l = ((s.v3l << 16) | (s.v3h >>> 16)) ^ s.v2l;
  s.v3h = high ^ s.v2h;

  low = (s.v0l >>> 0) + (s.v3l >>> 0);
  s.v0h = (s.v0h + s.v3h + (low > 0xffffffff ? 1 : 0)) | 0;
  s.v0l = low | 0;
  high = (s.v3h << 21) | (s.v3l >>> 11);
  s.v3l = ((s.v3l << 21) | (s.v3h >>> 11)) ^ s.v0l;
  s.v3h = high ^ s.v0h;

  low = (s.v2l >>> 0) + (s.v1l >>> 0);
  s.v2h = (s.v2h + s.v1h + (low > 0xffffffff ? 1 : 0)) | 0;
  s.v2l = low | 0;
  high = (s.v1h << 17) | (s.v1l >>> 15);
  s.v1l = ((s.v1l << 17) | (s.v1h >>> 15)) ^ s.v2l;
  s.v1h = high ^ s.v2h;
  high = s.v2h;
  s.v2h = s.v2l;
  s.v2l = high;
}
