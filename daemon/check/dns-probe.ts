/**
 * DNS_CHECK: one query over UDP; any answer without an error code is good, whatever it says.
 *
 * Answers that are too short, carry another id or are queries are passed over, and the wait goes on.
 * Source: recording k19; RFC 1035 section 4.1.
 */

import { encodeAscii } from '../wire/text.ts';
import type { DnsChecker, DnsQueryType } from './checker-config.ts';
import {
  failed,
  type ProbeAction,
  type ProbeFailure,
  type ProbeInput,
  type ProbeResult,
  succeeded,
} from './probe.ts';

const HEADER_LENGTH = 12;
/** Flag RD in the first octet of the flags. */
const RECURSION_DESIRED = 0x01;
const RESPONSE = 0x80;
const CLASS_INTERNET = 1;

/** Numbers of the record types. Source: RFC 1035 section 3.2.2, RFC 3596. */
const TYPE_NUMBERS: ReadonlyMap<DnsQueryType, number> = new Map([
  ['A', 1],
  ['NS', 2],
  ['CNAME', 5],
  ['SOA', 6],
  ['MX', 15],
  ['TXT', 16],
  ['AAAA', 28],
]);

/** Words and numbers of the errors that a UDP socket gives. Source: errno(3) of Linux. */
const ERRORS: ReadonlyMap<ProbeFailure, string> = new Map([
  ['refused', 'errno 111 (Connection refused)'],
  ['unreachable', 'errno 113 (No route to host)'],
]);

/** A query that is on its way; `id` was drawn by the caller. */
export interface DnsAttempt {
  readonly id: number;
}

/** One step of an attempt. */
export function stepDns(
  config: DnsChecker,
  state: DnsAttempt,
  input: ProbeInput,
  actions: ProbeAction[],
): ProbeResult | undefined {
  switch (input.kind) {
    case 'start':
      actions.push(
        { kind: 'open-datagram', protocol: 'udp' },
        { kind: 'send-datagram', bytes: queryBytes(config, state.id) },
        { kind: 'timer', after: config.connection.connectTimeout },
      );
      return undefined;
    case 'datagram-received':
      return judgeAnswer(state, input.bytes);
    case 'datagram-failed': {
      const error = ERRORS.get(input.failure) ?? `errno 5 (${input.failure})`;
      return failed(`failed to read socket; ${error}`);
    }
    case 'timeout':
      return failed('read timeout from socket');
    default:
      return undefined;
  }
}

function judgeAnswer(state: DnsAttempt, bytes: Uint8Array): ProbeResult | undefined {
  if (bytes.length < HEADER_LENGTH) return undefined;
  const id = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  if (id !== state.id || ((bytes[2] ?? 0) & RESPONSE) === 0) return undefined;
  const code = (bytes[3] ?? 0) & 0x0f;
  return code === 0 ? succeeded() : failed(`read error occurred. (rcode = ${code})`);
}

/** The query's octets; empty labels are left out, a label is cut at 63 octets. */
function queryBytes(config: DnsChecker, id: number): Uint8Array {
  const labels = config.name.split('.').filter((label) => label !== '');
  const coded = labels.map((label) => encodeAscii(label).subarray(0, 63));
  const nameLength = coded.reduce((sum, label) => sum + 1 + label.length, 1);
  const bytes = new Uint8Array(HEADER_LENGTH + nameLength + 4);
  bytes[0] = id >>> 8;
  bytes[1] = id & 0xff;
  bytes[2] = RECURSION_DESIRED;
  bytes[5] = 1;
  let at = HEADER_LENGTH;
  for (const label of coded) {
    bytes[at] = label.length;
    bytes.set(label, at + 1);
    at += 1 + label.length;
  }
  bytes[at + 2] = TYPE_NUMBERS.get(config.queryType) ?? 6;
  bytes[at + 4] = CLASS_INTERNET;
  return bytes;
}
