/**
 * HMAC: over MD5 it proves a VRRPv2 advert with AH authentication, over SHA-256 one with auth_hmac. Read RFC 2104 and
 * RFC 2403.
 */

import { MD5_BLOCK_LENGTH, md5OfParts } from './md5.ts';
import { SHA256_BLOCK_LENGTH, sha256OfParts } from './sha256.ts';

const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/**
 * The 16 octets of HMAC-MD5; a key longer than a block is hashed first. Source: RFC 2104 section 2.
 */
export function hmacMd5(key: Uint8Array, message: Uint8Array): Uint8Array {
  return hmac({ digest: md5OfParts, blockLength: MD5_BLOCK_LENGTH }, key, [message]);
}

/** The 32 octets of HMAC-SHA-256 over several pieces as if they stood one behind the other. */
export function hmacSha256(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  return hmac({ digest: sha256OfParts, blockLength: SHA256_BLOCK_LENGTH }, key, parts);
}

interface HashFunction {
  readonly digest: (parts: readonly Uint8Array[]) => Uint8Array;
  readonly blockLength: number;
}

function hmac(hash: HashFunction, key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const blockKey = key.length > hash.blockLength ? hash.digest([key]) : key;
  const inner = hash.digest([padKey(hash, blockKey, INNER_PAD), ...parts]);
  return hash.digest([padKey(hash, blockKey, OUTER_PAD), inner]);
}

function padKey({ blockLength }: HashFunction, key: Uint8Array, pad: number): Uint8Array {
  const padded = new Uint8Array(blockLength).fill(pad);
  for (let i = 0; i < key.length; i++) padded[i] = (key[i] as number) ^ pad;
  return padded;
}
