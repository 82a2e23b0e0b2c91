/**
 * UDP over IPv4 and IPv6.
 *
 * The checksum covers a pseudo header of the IP addresses, so encoder and decoder take the sum of
 * the addresses (`addressSum` of `checksum.ts`). Over IPv4 a checksum of 0 says that there is none.
 * Read RFC 768, RFC 8200 section 8.1.
 */

import { internetChecksum, pseudoHeaderSum } from './checksum.ts';
import { readUint16, writeUint16 } from './integers.ts';
import { PROTOCOL_UDP } from './ipv4.ts';

const SOURCE_PORT = 0;
const DESTINATION_PORT = 2;
const LENGTH = 4;
const CHECKSUM = 6;

/** Octets before the payload. */
export const UDP_HEADER_LENGTH = 8;

/** One datagram; a decoded payload is a view into the packet. */
export interface UdpDatagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

/** Why a datagram was not understood. */
export type UdpDropReason = 'udp:truncated' | 'udp:bad-length' | 'udp:bad-checksum';

/**
 * Checks a datagram without allocation; `undefined` when it is sound. Fails: as `decodeUdp`.
 *
 * After it the ports may be read, and the payload ends at `at + readUdpLength`.
 */
export function checkUdp(
  bytes: Uint8Array,
  at: number,
  end: number,
  addresses: number,
): UdpDropReason | undefined {
  if (end - at < UDP_HEADER_LENGTH) return 'udp:truncated';
  const length = readUint16(bytes, at + LENGTH);
  if (length < UDP_HEADER_LENGTH || length > end - at) return 'udp:bad-length';
  if (readUint16(bytes, at + CHECKSUM) === 0) return undefined;
  const pseudo = addresses + PROTOCOL_UDP + length;
  return internetChecksum(bytes, at, length, pseudo) === 0 ? undefined : 'udp:bad-checksum';
}

/**
 * The datagram at `at`; octets behind its own length are ignored, as Linux does.
 *
 * Fails: 'udp:truncated' below 8 octets, 'udp:bad-length' when its length is below 8 or reaches
 * past `end`, 'udp:bad-checksum' for a wrong checksum that is not 0.
 */
export function decodeUdp(
  bytes: Uint8Array,
  at: number,
  end: number,
  addresses: number,
): UdpDatagram | UdpDropReason {
  const reason = checkUdp(bytes, at, end, addresses);
  if (reason !== undefined) return reason;
  const length = readUdpLength(bytes, at);
  return {
    sourcePort: readUint16(bytes, at + SOURCE_PORT),
    destinationPort: readUint16(bytes, at + DESTINATION_PORT),
    payload: bytes.subarray(at + UDP_HEADER_LENGTH, at + length),
  };
}

/** Writes the datagram at `at`, checksum filled, and returns the offset behind it. */
export function encodeUdp(
  datagram: UdpDatagram,
  bytes: Uint8Array,
  at: number,
  addresses: number,
): number {
  const length = UDP_HEADER_LENGTH + datagram.payload.length;
  writeUint16(datagram.sourcePort, bytes, at + SOURCE_PORT);
  writeUint16(datagram.destinationPort, bytes, at + DESTINATION_PORT);
  writeUint16(length, bytes, at + LENGTH);
  writeUint16(0, bytes, at + CHECKSUM);
  bytes.set(datagram.payload, at + UDP_HEADER_LENGTH);
  const pseudo = pseudoHeaderSum({ addresses, protocol: PROTOCOL_UDP, length });
  // 0 would say "no checksum"; 0xffff is the same number in one's complement (RFC 768).
  const checksum = internetChecksum(bytes, at, length, pseudo) || 0xffff;
  writeUint16(checksum, bytes, at + CHECKSUM);
  return at + length;
}

/** Octets of header and payload. Needs 6 octets. */
export function readUdpLength(bytes: Uint8Array, at: number): number {
  return readUint16(bytes, at + LENGTH);
}

/** Source port; also of TCP, whose ports stand at the same place. Needs 4 octets. */
export function readSourcePort(bytes: Uint8Array, at: number): number {
  return readUint16(bytes, at + SOURCE_PORT);
}

/** Destination port; also of TCP, whose ports stand at the same place. Needs 4 octets. */
export function readDestinationPort(bytes: Uint8Array, at: number): number {
  return readUint16(bytes, at + DESTINATION_PORT);
}
