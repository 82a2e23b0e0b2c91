/**
 * MD5, as VRRP's AH authentication and keepalived's digest checks need it. Not for anything secret.
 *
 * Own and pure, since the daemon also runs in a browser's worker, where there is no synchronous
 * digest. Read RFC 1321.
 */

/** Octets of a digest. */
const MD5_LENGTH = 16;
/** Octets that MD5 works on at a time; HMAC pads its key to it. */
export const MD5_BLOCK_LENGTH = 64;

/** Left rotations of the four rounds, each round's four in turn. Source: RFC 1321 section 3.4. */
const ROTATIONS: readonly number[] = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];

/**
 * The table T, floor(2^32 * abs(sin(i))), written out: a sine differs between engines in its last
 * digit.
 * Source: RFC 1321 section 3.4.
 */
const SINES = Int32Array.of(
  0xd76aa478,
  0xe8c7b756,
  0x242070db,
  0xc1bdceee,
  0xf57c0faf,
  0x4787c62a,
  0xa8304613,
  0xfd469501,
  0x698098d8,
  0x8b44f7af,
  0xffff5bb1,
  0x895cd7be,
  0x6b901122,
  0xfd987193,
  0xa679438e,
  0x49b40821,
  0xf61e2562,
  0xc040b340,
  0x265e5a51,
  0xe9b6c7aa,
  0xd62f105d,
  0x02441453,
  0xd8a1e681,
  0xe7d3fbc8,
  0x21e1cde6,
  0xc33707d6,
  0xf4d50d87,
  0x455a14ed,
  0xa9e3e905,
  0xfcefa3f8,
  0x676f02d9,
  0x8d2a4c8a,
  0xfffa3942,
  0x8771f681,
  0x6d9d6122,
  0xfde5380c,
  0xa4beea44,
  0x4bdecfa9,
  0xf6bb4b60,
  0xbebfbc70,
  0x289b7ec6,
  0xeaa127fa,
  0xd4ef3085,
  0x04881d05,
  0xd9d4d039,
  0xe6db99e5,
  0x1fa27cf8,
  0xc4ac5665,
  0xf4292244,
  0x432aff97,
  0xab9423a7,
  0xfc93a039,
  0x655b59c3,
  0x8f0ccc92,
  0xffeff47d,
  0x85845dd1,
  0x6fa87e4f,
  0xfe2ce6e0,
  0xa3014314,
  0x4e0811a1,
  0xf7537e82,
  0xbd3af235,
  0x2ad7d2bb,
  0xeb86d391,
);

/** The digest of all of `message`: 16 octets. */
export function md5(message: Uint8Array): Uint8Array {
  return md5OfParts([message]);
}

/** The digest of several pieces as if they stood one behind the other. */
export function md5OfParts(parts: readonly Uint8Array[]): Uint8Array {
  const padded = padMessage(parts);
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  const words = new Int32Array(16);
  const view = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += MD5_BLOCK_LENGTH) {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(at + 4 * i, true);
    mixBlock(state, words);
  }
  const digest = new Uint8Array(MD5_LENGTH);
  const out = new DataView(digest.buffer);
  for (let i = 0; i < 4; i++) out.setInt32(4 * i, state[i] as number, true);
  return digest;
}

/** The parts, one 1 bit, zeros, and the length in bits as 64 little-endian bits. */
function padMessage(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const blocks = Math.ceil((length + 9) / MD5_BLOCK_LENGTH);
  const padded = new Uint8Array(blocks * MD5_BLOCK_LENGTH);
  let next = 0;
  for (const part of parts) {
    padded.set(part, next);
    next += part.length;
  }
  padded[next] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, (length * 8) >>> 0, true);
  view.setUint32(padded.length - 4, Math.floor(length / 0x2000_0000), true);
  return padded;
}

function mixBlock(state: Int32Array, words: Int32Array): void {
  let [a, b, c, d] = state as unknown as [number, number, number, number];
  for (let i = 0; i < 64; i++) {
    const round = i >>> 4;
    const mixed = (a + choose(round, b, c, d) + (SINES[i] as number) + wordOf(words, round, i)) | 0;
    const shift = ROTATIONS[round * 4 + (i & 3)] as number;
    const rotated = (mixed << shift) | (mixed >>> (32 - shift));
    [a, b, c, d] = [d, (b + rotated) | 0, b, c];
  }
  state[0] = (state[0] as number) + a;
  state[1] = (state[1] as number) + b;
  state[2] = (state[2] as number) + c;
  state[3] = (state[3] as number) + d;
}

/** The functions F, G, H and I of RFC 1321 section 3.4. */
function choose(round: number, b: number, c: number, d: number): number {
  if (round === 0) return (b & c) | (~b & d);
  if (round === 1) return (b & d) | (c & ~d);
  return round === 2 ? b ^ c ^ d : c ^ (b | ~d);
}

/** The word that step `i` mixes in: each round walks the block in its own order. */
function wordOf(words: Int32Array, round: number, i: number): number {
  if (round === 0) return words[i] as number;
  if (round === 1) return words[(5 * i + 1) & 15] as number;
  return words[(round === 2 ? 3 * i + 5 : 7 * i) & 15] as number;
}
