/**
 * HMAC over MD5: what proves a VRRPv2 advert with AH authentication. Read RFC 2104 and RFC 2403.
 */

import { MD5_BLOCK_LENGTH, md5, md5OfParts } from './md5.ts';

const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/**
 * The 16 octets of HMAC-MD5; a key longer than a block is hashed first. Source: RFC 2104 section 2.
 */
export function hmacMd5(key: Uint8Array, message: Uint8Array): Uint8Array {
  const blockKey = key.length > MD5_BLOCK_LENGTH ? md5(key) : key;
  const inner = md5OfParts([padKey(blockKey, INNER_PAD), message]);
  return md5OfParts([padKey(blockKey, OUTER_PAD), inner]);
}

function padKey(key: Uint8Array, pad: number): Uint8Array {
  const padded = new Uint8Array(MD5_BLOCK_LENGTH).fill(pad);
  for (let i = 0; i < key.length; i++) padded[i] = (key[i] as number) ^ pad;
  return padded;
}
