/**
 * PING_CHECK: one echo request per attempt; any answer within connect_timeout is good.
 *
 * Source: recording k19: 136 octets of ICMP, 128 of them keepalived's own filling.
 */

import {
  encodeIcmp,
  ICMP_ECHO_REPLY,
  ICMP_HEADER_LENGTH,
  readIcmpIdentifier,
  readIcmpSequence,
} from '../wire/icmp.ts';
import { writeUint16 } from '../wire/integers.ts';
import { isIpv4 } from '../wire/ip-address.ts';
import { encodeAscii } from '../wire/text.ts';
import type { PingChecker } from './checker-config.ts';
import { failed, type ProbeAction, type ProbeInput, type ProbeResult, succeeded } from './probe.ts';

const FILLING = 'keepalived check - ';
/** Octets behind the ICMP header. */
const ECHO_DATA_LENGTH = 128;
const CHECKSUM_AT = 2;

/** Types of ICMPv6. Source: RFC 4443 section 4. */
const ICMPV6_ECHO_REQUEST = 128;
const ICMPV6_ECHO_REPLY = 129;

/** The kernel counts identifiers of ping sockets up; keepalived's sequence is in host order. */
function numbers(count: number): { readonly identifier: number; readonly sequence: number } {
  const sequence = ((count & 0xff) << 8) | ((count >>> 8) & 0xff);
  return { identifier: (count + 1) & 0xffff, sequence };
}

/** The whole ICMP message; of ICMPv6 the machine fills the checksum. */
function requestMessage(config: PingChecker, count: number): Uint8Array {
  const bytes = new Uint8Array(ICMP_HEADER_LENGTH + ECHO_DATA_LENGTH);
  const payload = filling(ECHO_DATA_LENGTH);
  encodeIcmp({ kind: 'echo-request', ...numbers(count), payload }, bytes, 0);
  if (isIpv4(config.connection.address)) return bytes;
  bytes[0] = ICMPV6_ECHO_REQUEST;
  writeUint16(0, bytes, CHECKSUM_AT);
  return bytes;
}

/** The socket hears all of ICMP: only the answer to this request counts. */
function isAnswer(config: PingChecker, count: number, bytes: Uint8Array): boolean {
  if (bytes.length < ICMP_HEADER_LENGTH) return false;
  const reply = isIpv4(config.connection.address) ? ICMP_ECHO_REPLY : ICMPV6_ECHO_REPLY;
  const { identifier, sequence } = numbers(count);
  if (bytes[0] !== reply || readIcmpSequence(bytes, 0) !== sequence) return false;
  return readIcmpIdentifier(bytes, 0) === identifier;
}

/** `length` octets of the text that keepalived fills its probes with. */
export function filling(length: number): Uint8Array {
  const times = Math.ceil(length / FILLING.length);
  return encodeAscii(FILLING.repeat(times)).subarray(0, length);
}

/** An echo request that is on its way: `count` of them went before, of all checkers together. */
export interface EchoAttempt {
  readonly count: number;
}

/** One step of an attempt. */
export function stepEcho(
  config: PingChecker,
  state: EchoAttempt,
  input: ProbeInput,
  actions: ProbeAction[],
): ProbeResult | undefined {
  switch (input.kind) {
    case 'start':
      actions.push(
        { kind: 'open-datagram', protocol: 'icmp-echo' },
        { kind: 'send-datagram', bytes: requestMessage(config, state.count) },
        { kind: 'timer', after: config.connection.connectTimeout },
      );
      return undefined;
    case 'datagram-received':
      return isAnswer(config, state.count, input.bytes) ? succeeded() : undefined;
    case 'datagram-failed':
      return failed('failed');
    case 'timeout':
      return failed('timeout');
    default:
      return undefined;
  }
}
