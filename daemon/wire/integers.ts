/**
 * Big-endian integers in byte arrays, as every protocol here writes them (RFC 791 appendix B).
 *
 * Plain functions over one `Uint8Array` measured faster than a `DataView` per frame, and they need
 * no second object beside the frame. None of them checks a length: the decoders do that once per
 * header.
 */

/** Reads a big-endian 16-bit number; the caller has checked the length. */
export function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** Writes a big-endian 16-bit number and returns the offset behind it. */
export function writeUint16(value: number, bytes: Uint8Array, at: number): number {
  bytes[at] = (value >>> 8) & 0xff;
  bytes[at + 1] = value & 0xff;
  return at + 2;
}

/** Reads a big-endian unsigned 32-bit number; the caller has checked the length. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

/** Writes a big-endian unsigned 32-bit number and returns the offset behind it. */
export function writeUint32(value: number, bytes: Uint8Array, at: number): number {
  bytes[at] = (value >>> 24) & 0xff;
  bytes[at + 1] = (value >>> 16) & 0xff;
  bytes[at + 2] = (value >>> 8) & 0xff;
  bytes[at + 3] = value & 0xff;
  return at + 4;
}
