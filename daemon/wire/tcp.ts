/**
 * TCP segments: header, options, payload.
 *
 * The options that Linux sends by default are taken apart; others survive as bytes, in order,
 * padding included, so that a segment is written as it was read. The checksum covers a pseudo
 * header: see `udp.ts`. Read RFC 9293 section 3.1, RFC 7323 and RFC 2018.
 */

import { assert } from '../base/assert.ts';
import { internetChecksum, pseudoHeaderSum } from './checksum.ts';
import { readUint16, readUint32, writeUint16, writeUint32 } from './integers.ts';
import { PROTOCOL_TCP } from './ipv4.ts';
import {
  decodeTcpOptions,
  encodeTcpOptions,
  type TcpOption,
  tcpOptionsLength,
} from './tcp-option.ts';

const SOURCE_PORT = 0;
const DESTINATION_PORT = 2;
const SEQUENCE = 4;
const ACKNOWLEDGEMENT = 8;
const OFFSET = 12;
const FLAGS = 13;
const WINDOW = 14;
const CHECKSUM = 16;
const URGENT = 18;

/** Octets of a header without options. */
const TCP_HEADER_LENGTH = 20;
/** Most octets that options may take. */
const TCP_OPTIONS_LENGTH_MAX = 40;

/** Flag bits. Source: RFC 9293 section 3.1, RFC 3168 for the last two. */
export const TCP_FIN = 0x01;
export const TCP_SYN = 0x02;
export const TCP_RST = 0x04;
export const TCP_PSH = 0x08;
export const TCP_ACK = 0x10;
export const TCP_URG = 0x20;

/** One segment; a decoded payload is a view into the packet. */
export interface TcpSegment {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  /** The eight flag bits. */
  readonly flags: number;
  /** As on the wire, not scaled. */
  readonly window: number;
  readonly urgent: number;
  readonly options: readonly TcpOption[];
  readonly payload: Uint8Array;
}

/** Why a segment was not understood. */
export type TcpDropReason = 'tcp:truncated' | 'tcp:bad-header-length' | 'tcp:bad-checksum';

/**
 * The segment that fills `at` to `end`.
 *
 * Fails: 'tcp:truncated' below 20 octets or when the header reaches past `end`,
 * 'tcp:bad-header-length' below 5 words, 'tcp:bad-checksum'. Malformed options are kept as bytes,
 * as Linux ignores them.
 */
export function decodeTcp(
  bytes: Uint8Array,
  at: number,
  end: number,
  addresses: number,
): TcpSegment | TcpDropReason {
  if (end - at < TCP_HEADER_LENGTH) return 'tcp:truncated';
  const headerLength = tcpHeaderLength(bytes, at);
  if (headerLength < TCP_HEADER_LENGTH) return 'tcp:bad-header-length';
  if (headerLength > end - at) return 'tcp:truncated';
  const pseudo = pseudoHeaderSum({ addresses, protocol: PROTOCOL_TCP, length: end - at });
  if (internetChecksum(bytes, at, end - at, pseudo) !== 0) return 'tcp:bad-checksum';
  return {
    sourcePort: readUint16(bytes, at + SOURCE_PORT),
    destinationPort: readUint16(bytes, at + DESTINATION_PORT),
    sequence: readUint32(bytes, at + SEQUENCE),
    acknowledgement: readUint32(bytes, at + ACKNOWLEDGEMENT),
    flags: bytes[at + FLAGS] as number,
    window: readUint16(bytes, at + WINDOW),
    urgent: readUint16(bytes, at + URGENT),
    options: decodeTcpOptions(bytes, at + TCP_HEADER_LENGTH, at + headerLength),
    payload: bytes.subarray(at + headerLength, end),
  };
}

/**
 * Writes the segment at `at`, options padded to 4 octets, checksum filled; returns the offset
 * behind.
 */
export function encodeTcp(
  segment: TcpSegment,
  bytes: Uint8Array,
  at: number,
  addresses: number,
): number {
  const headerLength = TCP_HEADER_LENGTH + paddedOptionsLength(segment.options);
  assert(headerLength <= TCP_HEADER_LENGTH + TCP_OPTIONS_LENGTH_MAX, 'TCP options fit 40 octets');
  writeUint16(segment.sourcePort, bytes, at + SOURCE_PORT);
  writeUint16(segment.destinationPort, bytes, at + DESTINATION_PORT);
  writeUint32(segment.sequence, bytes, at + SEQUENCE);
  writeUint32(segment.acknowledgement, bytes, at + ACKNOWLEDGEMENT);
  bytes[at + OFFSET] = (headerLength >>> 2) << 4;
  bytes[at + FLAGS] = segment.flags;
  writeUint16(segment.window, bytes, at + WINDOW);
  writeUint16(0, bytes, at + CHECKSUM);
  writeUint16(segment.urgent, bytes, at + URGENT);
  const optionsEnd = encodeTcpOptions(segment.options, bytes, at + TCP_HEADER_LENGTH);
  bytes.fill(0, optionsEnd, at + headerLength);
  bytes.set(segment.payload, at + headerLength);
  const length = headerLength + segment.payload.length;
  const pseudo = pseudoHeaderSum({ addresses, protocol: PROTOCOL_TCP, length });
  writeUint16(internetChecksum(bytes, at, length, pseudo), bytes, at + CHECKSUM);
  return at + length;
}

/** Octets that `encodeTcp` will write. */
export function tcpLength(segment: TcpSegment): number {
  return TCP_HEADER_LENGTH + paddedOptionsLength(segment.options) + segment.payload.length;
}

/** Octets of the header at `at`, options included, as its own field says; needs 13 octets. */
export function tcpHeaderLength(bytes: Uint8Array, at: number): number {
  return ((bytes[at + OFFSET] as number) >>> 4) << 2;
}

/** The eight flag bits; needs 14 octets. */
export function readTcpFlags(bytes: Uint8Array, at: number): number {
  return bytes[at + FLAGS] as number;
}

function paddedOptionsLength(options: readonly TcpOption[]): number {
  return Math.ceil(tcpOptionsLength(options) / 4) * 4;
}
