/**
 * ICMP for IPv4: echo, and the errors that routers and hosts report.
 *
 * An error quotes the packet that caused it. Types that are not modelled, and echo with a code,
 * decode to `other` and survive a round trip. Read RFC 792, and RFC 1191 for the MTU in
 * "fragmentation needed".
 */

import { unreachable } from '../base/assert.ts';
import { internetChecksum, updateChecksum16 } from './checksum.ts';
import { readUint16, readUint32, writeUint16, writeUint32 } from './integers.ts';
import { ANY_IPV4, type Ipv4Address, readIpv4, writeIpv4 } from './ipv4-address.ts';

const TYPE = 0;
const CODE = 1;
const CHECKSUM = 2;
const REST = 4;

/** Octets before the payload or the quoted packet. */
export const ICMP_HEADER_LENGTH = 8;

/** Types. Source: RFC 792. */
export const ICMP_ECHO_REPLY = 0;
export const ICMP_DESTINATION_UNREACHABLE = 3;
/** Deprecated by RFC 6633; IPVS still hands it on. */
export const ICMP_SOURCE_QUENCH = 4;
const ICMP_REDIRECT = 5;
export const ICMP_ECHO_REQUEST = 8;
export const ICMP_TIME_EXCEEDED = 11;
const ICMP_PARAMETER_PROBLEM = 12;

/**
 * Codes of "destination unreachable". Source: RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section
 * 5.2.7.1.
 */
export const UNREACHABLE_NET = 0;
export const UNREACHABLE_HOST = 1;
export const UNREACHABLE_PROTOCOL = 2;
export const UNREACHABLE_PORT = 3;
export const UNREACHABLE_FRAGMENTATION_NEEDED = 4;
export const UNREACHABLE_ADMIN_PROHIBITED = 13;

/** Codes of "time exceeded". Source: RFC 792. */
export const EXCEEDED_TTL = 0;

/** Codes of "redirect". Source: RFC 792. */
export const REDIRECT_HOST = 1;

/**
 * Most octets of an error's whole IP packet: as much of the original as fits is quoted.
 * Source: RFC 1812 section 4.3.2.3; Linux `icmp_send`.
 */
const ICMP_ERROR_PACKET_LENGTH_MAX = 576;

/** One ICMP message. Byte arrays of a decoded one are views into the packet. */
export type IcmpMessage =
  | {
      readonly kind: 'echo-request' | 'echo-reply';
      readonly identifier: number;
      readonly sequence: number;
      readonly payload: Uint8Array;
    }
  | {
      readonly kind: 'destination-unreachable';
      readonly code: number;
      /** Octets; only sent with code 4 (RFC 1191), 0 otherwise. */
      readonly nextHopMtu: number;
      readonly quoted: Uint8Array;
    }
  | { readonly kind: 'time-exceeded'; readonly code: number; readonly quoted: Uint8Array }
  | {
      readonly kind: 'redirect';
      readonly code: number;
      readonly gateway: Ipv4Address;
      readonly quoted: Uint8Array;
    }
  | {
      readonly kind: 'parameter-problem';
      readonly code: number;
      /** Offset of the octet at fault in the quoted packet. */
      readonly pointer: number;
      readonly quoted: Uint8Array;
    }
  | {
      readonly kind: 'other';
      readonly type: number;
      readonly code: number;
      /** The 32 bits behind the checksum. */
      readonly rest: number;
      readonly body: Uint8Array;
    };

/** Why an ICMP message was not understood. */
export type IcmpDropReason = 'icmp:truncated' | 'icmp:bad-checksum';

/**
 * Why the message from `at` to `end` is not sound; `undefined` when it is. With the `read…` functions enough for an echo,
 * which most messages are, and makes no view of the payload: that costs more than all the rest.
 */
export function checkIcmp(bytes: Uint8Array, at: number, end: number): IcmpDropReason | undefined {
  if (end - at < ICMP_HEADER_LENGTH) return 'icmp:truncated';
  return internetChecksum(bytes, at, end - at) === 0 ? undefined : 'icmp:bad-checksum';
}

/** `ICMP_ECHO_REQUEST`, `ICMP_ECHO_REPLY`, or `undefined` for any other sound message at `at`. */
export function readEchoType(bytes: Uint8Array, at: number): number | undefined {
  const type = bytes[at + TYPE];
  const isEcho = type === ICMP_ECHO_REQUEST || type === ICMP_ECHO_REPLY;
  return isEcho && bytes[at + CODE] === 0 ? type : undefined;
}

/** Identifier of the echo at `at`. */
export function readEchoIdentifier(bytes: Uint8Array, at: number): number {
  return readUint16(bytes, at + REST);
}

/** Sequence number of the echo at `at`. */
export function readEchoSequence(bytes: Uint8Array, at: number): number {
  return readUint16(bytes, at + REST + 2);
}

/**
 * The message that fills `at` to `end`. Fails: 'icmp:truncated' below 8 octets,
 * 'icmp:bad-checksum'.
 */
export function decodeIcmp(
  bytes: Uint8Array,
  at: number,
  end: number,
): IcmpMessage | IcmpDropReason {
  const reason = checkIcmp(bytes, at, end);
  if (reason !== undefined) return reason;
  const echo = readEchoType(bytes, at);
  const body = bytes.subarray(at + ICMP_HEADER_LENGTH, end);
  if (echo !== undefined) {
    return {
      kind: echo === ICMP_ECHO_REQUEST ? 'echo-request' : 'echo-reply',
      identifier: readEchoIdentifier(bytes, at),
      sequence: readEchoSequence(bytes, at),
      payload: body,
    };
  }
  return decodeError(bytes, at, body) ?? other(bytes, at, body);
}

/** Writes the message at `at`, checksum filled, and returns the offset behind it. */
export function encodeIcmp(message: IcmpMessage, bytes: Uint8Array, at: number): number {
  bytes[at + TYPE] = typeNumber(message);
  bytes[at + CODE] = 'code' in message ? message.code : 0;
  writeUint16(0, bytes, at + CHECKSUM);
  writeRest(message, bytes, at + REST);
  const body = bodyOf(message);
  bytes.set(body, at + ICMP_HEADER_LENGTH);
  const length = ICMP_HEADER_LENGTH + body.length;
  writeUint16(internetChecksum(bytes, at, length), bytes, at + CHECKSUM);
  return at + length;
}

/** Octets that `encodeIcmp` will write. */
export function icmpLength(message: IcmpMessage): number {
  return ICMP_HEADER_LENGTH + bodyOf(message).length;
}

/** Type of a message of at least 8 octets. */
export function readIcmpType(bytes: Uint8Array, at: number): number {
  return bytes[at + TYPE] as number;
}

/** Code of a message of at least 8 octets. */
export function readIcmpCode(bytes: Uint8Array, at: number): number {
  return bytes[at + CODE] as number;
}

/** Identifier of an echo of at least 8 octets. */
export function readIcmpIdentifier(bytes: Uint8Array, at: number): number {
  return readUint16(bytes, at + REST);
}

/** Sequence number of an echo of at least 8 octets. */
export function readIcmpSequence(bytes: Uint8Array, at: number): number {
  return readUint16(bytes, at + REST + 2);
}

/** Whether a message of that type reports an error, about which no error may be sent in turn. */
export function isIcmpErrorType(type: number): boolean {
  return (
    type === ICMP_DESTINATION_UNREACHABLE ||
    type === ICMP_SOURCE_QUENCH ||
    type === ICMP_REDIRECT ||
    type === ICMP_TIME_EXCEEDED ||
    type === ICMP_PARAMETER_PROBLEM
  );
}

/** Turns a verified echo request at `at` into its reply in place, on a buffer of one's own. */
export function turnEchoIntoReply(bytes: Uint8Array, at: number): void {
  const oldWord = readUint16(bytes, at + TYPE);
  const newWord = (ICMP_ECHO_REPLY << 8) | (oldWord & 0xff);
  const checksum = readUint16(bytes, at + CHECKSUM);
  writeUint16(newWord, bytes, at + TYPE);
  writeUint16(updateChecksum16(checksum, { oldWord, newWord }), bytes, at + CHECKSUM);
}

/**
 * What an error quotes of the IP packet from `at` to `end`: a view of its first octets.
 *
 * Source: Linux `icmp_send` fills the error up to 576 octets; RFC 792 asks for header + 8.
 */
export function quoteForIcmp(bytes: Uint8Array, at: number, end: number): Uint8Array {
  const room = ICMP_ERROR_PACKET_LENGTH_MAX - 20 - ICMP_HEADER_LENGTH;
  return bytes.subarray(at, Math.min(end, at + room));
}

function decodeError(bytes: Uint8Array, at: number, quoted: Uint8Array): IcmpMessage | undefined {
  const code = bytes[at + CODE] as number;
  switch (bytes[at + TYPE]) {
    case ICMP_DESTINATION_UNREACHABLE: {
      const nextHopMtu = readUint16(bytes, at + REST + 2);
      return { kind: 'destination-unreachable', code, nextHopMtu, quoted };
    }
    case ICMP_TIME_EXCEEDED:
      return { kind: 'time-exceeded', code, quoted };
    case ICMP_REDIRECT:
      return { kind: 'redirect', code, gateway: readIpv4(bytes, at + REST), quoted };
    case ICMP_PARAMETER_PROBLEM:
      return { kind: 'parameter-problem', code, pointer: bytes[at + REST] as number, quoted };
    default:
      return undefined;
  }
}

function other(bytes: Uint8Array, at: number, body: Uint8Array): IcmpMessage {
  return {
    kind: 'other',
    type: bytes[at + TYPE] as number,
    code: bytes[at + CODE] as number,
    rest: readUint32(bytes, at + REST),
    body,
  };
}

function typeNumber(message: IcmpMessage): number {
  switch (message.kind) {
    case 'echo-request':
      return ICMP_ECHO_REQUEST;
    case 'echo-reply':
      return ICMP_ECHO_REPLY;
    case 'destination-unreachable':
      return ICMP_DESTINATION_UNREACHABLE;
    case 'time-exceeded':
      return ICMP_TIME_EXCEEDED;
    case 'redirect':
      return ICMP_REDIRECT;
    case 'parameter-problem':
      return ICMP_PARAMETER_PROBLEM;
    case 'other':
      return message.type;
    default:
      return unreachable(message);
  }
}

function writeRest(message: IcmpMessage, bytes: Uint8Array, at: number): void {
  switch (message.kind) {
    case 'echo-request':
    case 'echo-reply':
      writeUint16(message.identifier, bytes, at);
      writeUint16(message.sequence, bytes, at + 2);
      return;
    case 'destination-unreachable':
      writeUint32(message.nextHopMtu, bytes, at);
      return;
    case 'time-exceeded':
      writeIpv4(ANY_IPV4, bytes, at);
      return;
    case 'redirect':
      writeIpv4(message.gateway, bytes, at);
      return;
    case 'parameter-problem':
      writeUint32((message.pointer << 24) >>> 0, bytes, at);
      return;
    case 'other':
      writeUint32(message.rest, bytes, at);
      return;
    default:
      unreachable(message);
  }
}

function bodyOf(message: IcmpMessage): Uint8Array {
  if ('payload' in message) return message.payload;
  return 'quoted' in message ? message.quoted : message.body;
}
