/** Random values and buffers that the codec tests share. */

import fc from 'fast-check';
import { ipv4FromNumber } from '../../../daemon/wire/ipv4-address.ts';
import { ipv6FromBigint } from '../../../daemon/wire/ipv6-address.ts';
import { macFromNumber } from '../../../daemon/wire/mac-address.ts';
import { parseHex } from '../../../daemon/wire/text.ts';

export const octet = fc.integer({ min: 0, max: 0xff });
export const word = fc.integer({ min: 0, max: 0xffff });
export const longWord = fc.integer({ min: 0, max: 0xffff_ffff });
export const mac = fc.integer({ min: 0, max: 0xffff_ffff_ffff }).map(macFromNumber);
export const ipv4 = longWord.map(ipv4FromNumber);
export const ipv6 = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map(ipv6FromBigint);

/** Octets, `unit` at a time. */
export function octets(unit: number, unitsMax: number): fc.Arbitrary<Uint8Array> {
  return fc
    .integer({ min: 0, max: unitsMax })
    .chain((units) => fc.uint8Array({ minLength: units * unit, maxLength: units * unit }));
}

/** A buffer that was used before: what an encoder leaves out shows up as 0xa5. */
export function dirtyBuffer(length = 4096): Uint8Array {
  return new Uint8Array(length).fill(0xa5);
}

/** The octets of a recorded frame. */
export function frameOf(hex: string): Uint8Array {
  const bytes = parseHex(hex);
  if (bytes === undefined) throw new Error('a vector is not hexadecimal');
  return bytes;
}

/** Encodes into a dirty buffer at an odd offset and decodes what was written. */
export function roundTrip<T>(
  value: T,
  encode: (value: T, bytes: Uint8Array, at: number) => number,
  decode: (bytes: Uint8Array, at: number, end: number) => unknown,
): unknown {
  const bytes = dirtyBuffer();
  const end = encode(value, bytes, 7);
  if (bytes[6] !== 0xa5 || bytes[end] !== 0xa5) throw new Error('the encoder wrote outside');
  return decode(bytes, 7, end);
}
