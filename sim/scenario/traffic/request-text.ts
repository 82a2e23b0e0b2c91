/** Words and bytes of requests over TCP and UDP: payloads with their number, who answers, why one failed. */

import { encodeAscii } from '../../../daemon/wire/text.ts';
import type { FailureReason } from '../../programs/http-client.ts';

/** Who answered is told by the beginning of the answer. */
export const NAME_LENGTH_MAX = 40;
/** What an echoed payload begins with. */
const MARK = 'lantwin ';

/** A payload of that many octets; its beginning says its number. */
export function payloadOf(size: number, sequence: number): Uint8Array {
  const bytes = new Uint8Array(size).fill(0x2e);
  bytes.set(encodeAscii(`${MARK}${sequence} `).subarray(0, size));
  return bytes;
}

/** The number in an echoed payload; `usual` when the server says something else. */
export function sequenceOf(payload: Uint8Array, usual: number): number {
  let text = '';
  for (const byte of payload.subarray(0, NAME_LENGTH_MAX)) text += String.fromCharCode(byte);
  const match = /^lantwin (\d+) /.exec(text);
  return match === null ? usual : Number(match[1]);
}

/** Who says it: the text of a server that has one, `undefined` for an echo. */
export function whoSays(text: string): string | undefined {
  return text.startsWith(MARK.trim()) ? undefined : text.trim().slice(0, NAME_LENGTH_MAX);
}

/** The words of reports for what became of a connection. */
export function failureName(reason: FailureReason): string {
  switch (reason) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'reset';
    case 'ETIMEDOUT':
      return 'timed-out';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENOPROTOOPT':
    case 'EHOSTDOWN':
    case 'ENONET':
      return 'unreachable';
    // The client has no port left: those of ip_local_port_range are taken, most by connections in TIME_WAIT.
    case 'EADDRNOTAVAIL':
      return 'no-port';
    case 'self-signed':
    case 'expired':
    case 'other-name':
      return 'bad-certificate';
    case 'empty-reply':
    case 'partial':
    case 'bad-response':
    case 'no-tls':
      return reason;
    case 'alert':
      return 'tls-alert';
    default:
      return reason.toLowerCase();
  }
}
