/**
 * The trailer that keepalived's auth_hmac (2.4.0 and later) puts behind a VRRP advert, and the digest in it.
 *
 * | octets | field    |                                                                                   |
 * |--------|----------|-----------------------------------------------------------------------------------|
 * | 0      | type     | 1: HMAC-SHA-256, cut to 128 bits                                                  |
 * | 1      | key id   | which key of the configuration signs                                              |
 * | 2-3    | reserved | 0                                                                                 |
 * | 4-11   | sequence | 2.4.0: seconds since 1970, then a counter; later: seconds, 1/65536 s, 16 bits of counter |
 * | 12-27  | HMAC     | over a pseudo header, the advert and these 12 octets                              |
 *
 * The pseudo header names family, version, VRID and source, so that a trailer fits no other instance or sender; the IP
 * header is left out. What the VRRP checksum counts for differs by version, see `TrailerChecksum`.
 *
 * Source: keepalived's source of 2.4.0, 2.4.1 and after 2.4.3; draft-cassen-vrrp-auth-hmac. Not verified by a recording.
 */

import { hmacSha256 } from './hmac.ts';
import { readUint16, writeUint16 } from './integers.ts';
import type { IpAddress } from './ip-address.ts';
import { writeIpv4 } from './ipv4-address.ts';
import { writeIpv6 } from './ipv6-address.ts';

/** Octets of the trailer. */
export const AUTH_TRAILER_LENGTH = 28;
/** HMAC-SHA-256, cut to 128 bits. */
export const AUTH_TRAILER_SHA256 = 1;

const KEY_ID = 1;
const RESERVED = 2;
const SEQUENCE = 4;
const HMAC = 12;
const HMAC_LENGTH = 16;
const CHECKSUM = 6;
const PSEUDO_LENGTH = 20;

/** How the VRRP checksum enters the digest: as it stands in the packet, or as zero. */
export type TrailerChecksum = 'as-sent' | 'zero';

/** Where an advert and its trailer stand, and whom they are of. */
export interface SignedAdvert {
  readonly bytes: Uint8Array;
  /** Where the VRRP header and where the trailer begins. */
  readonly vrrpAt: number;
  readonly trailerAt: number;
  readonly version: number;
  readonly vrid: number;
  readonly source: IpAddress;
  readonly checksum: TrailerChecksum;
}

/** What a trailer says. */
export interface AuthTrailer {
  readonly type: number;
  readonly keyId: number;
  readonly reserved: number;
  /** 64 bits; the upper 32 are seconds. */
  readonly sequence: bigint;
}

/** Writes the trailer with its HMAC. */
export function signAdvert(
  advert: SignedAdvert,
  given: { readonly keyId: number; readonly key: Uint8Array; readonly sequence: bigint },
): void {
  const { bytes, trailerAt } = advert;
  bytes[trailerAt] = AUTH_TRAILER_SHA256;
  bytes[trailerAt + KEY_ID] = given.keyId;
  writeUint16(0, bytes, trailerAt + RESERVED);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setBigUint64(trailerAt + SEQUENCE, BigInt.asUintN(64, given.sequence));
  bytes.set(digestOf(advert, given.key), trailerAt + HMAC);
}

/** Reads a trailer of which all octets are there. */
export function readAuthTrailer(bytes: Uint8Array, at: number): AuthTrailer {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    type: bytes[at] as number,
    keyId: bytes[at + KEY_ID] as number,
    reserved: readUint16(bytes, at + RESERVED),
    sequence: view.getBigUint64(at + SEQUENCE),
  };
}

/** Whether the HMAC is that of `key`. */
export function verifyAuthTrailer(advert: SignedAdvert, key: Uint8Array): boolean {
  const digest = digestOf(advert, key);
  const at = advert.trailerAt + HMAC;
  return digest.every((octet, index) => octet === advert.bytes[at + index]);
}

function digestOf(advert: SignedAdvert, key: Uint8Array): Uint8Array {
  const { bytes, vrrpAt, trailerAt, checksum } = advert;
  const message = bytes.slice(vrrpAt, trailerAt + HMAC);
  if (checksum === 'zero') message.fill(0, CHECKSUM, CHECKSUM + 2);
  const parts = [pseudoHeader(advert), message, new Uint8Array(HMAC_LENGTH)];
  return hmacSha256(key, parts).subarray(0, HMAC_LENGTH);
}

function pseudoHeader({ version, vrid, source }: SignedAdvert): Uint8Array {
  const pseudo = new Uint8Array(PSEUDO_LENGTH);
  pseudo.set([typeof source === 'number' ? 4 : 6, version, vrid, 0]);
  if (typeof source === 'number') writeIpv4(source, pseudo, 4);
  else writeIpv6(source, pseudo, 4);
  return pseudo;
}
