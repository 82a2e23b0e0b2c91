/** DNS messages as a small server and its clients need them: one question, A and AAAA answers. Source: RFC 1035 section 4, RFC 3596. */

import { readUint16, writeUint16, writeUint32 } from '../../daemon/wire/integers.ts';
import { type IpAddress, isIpv4 } from '../../daemon/wire/ip-address.ts';
import { readIpv4, writeIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { readIpv6, writeIpv6 } from '../../daemon/wire/ipv6-address.ts';
import { decodeLatin1, encodeAscii } from '../../daemon/wire/text.ts';

/** Record types. */
export const TYPE_A = 1;
export const TYPE_AAAA = 28;
/** Response codes. */
export const RCODE_OK = 0;
export const RCODE_NO_NAME = 3;

const HEADER_LENGTH = 12;
const CLASS_IN = 1;
const RESPONSE = 0x8000;
const AUTHORITATIVE = 0x0400;
const RECURSION_DESIRED = 0x0100;
/** A pointer to the name of the question, which always stands behind the header. */
const NAME_OF_QUESTION = 0xc00c;

/** A question. */
export interface DnsQuestion {
  readonly id: number;
  /** Lower case, without the last dot. */
  readonly name: string;
  readonly type: number;
  readonly recursionDesired: boolean;
  /** The question as it stands in the message: name, type, class. */
  readonly bytes: Uint8Array;
}

/** Reads a query of one question; `undefined` when it is none. */
export function decodeDnsQuery(bytes: Uint8Array): DnsQuestion | undefined {
  if (bytes.length < HEADER_LENGTH) return undefined;
  const flags = readUint16(bytes, 2);
  if ((flags & RESPONSE) !== 0 || readUint16(bytes, 4) !== 1) return undefined;
  const found = readName(bytes, HEADER_LENGTH);
  if (found === undefined || bytes.length < found.next + 4) return undefined;
  return {
    id: readUint16(bytes, 0),
    name: found.name.toLowerCase(),
    type: readUint16(bytes, found.next),
    recursionDesired: (flags & RECURSION_DESIRED) !== 0,
    bytes: bytes.slice(HEADER_LENGTH, found.next + 4),
  };
}

/** A query. */
export function encodeDnsQuery(query: {
  readonly id: number;
  readonly name: string;
  readonly type: number;
}): Uint8Array {
  const labels = query.name.split('.').filter((label) => label !== '');
  const length = labels.reduce((sum, label) => sum + label.length + 1, 1);
  const bytes = new Uint8Array(HEADER_LENGTH + length + 4);
  writeUint16(query.id, bytes, 0);
  writeUint16(RECURSION_DESIRED, bytes, 2);
  writeUint16(1, bytes, 4);
  let at = HEADER_LENGTH;
  for (const label of labels) {
    bytes[at] = label.length;
    bytes.set(encodeAscii(label), at + 1);
    at += label.length + 1;
  }
  writeUint16(CLASS_IN, bytes, writeUint16(query.type, bytes, at + 1));
  return bytes;
}

/** The answer to a question with these addresses. */
export function encodeDnsAnswer(
  question: DnsQuestion,
  answer: {
    readonly code: number;
    readonly addresses: readonly IpAddress[];
    readonly ttlSeconds: number;
  },
): Uint8Array {
  const size = answer.addresses.reduce((sum, each) => sum + (isIpv4(each) ? 16 : 28), 0);
  const bytes = new Uint8Array(HEADER_LENGTH + question.bytes.length + size);
  const recursion = question.recursionDesired ? RECURSION_DESIRED : 0;
  writeUint16(question.id, bytes, 0);
  writeUint16(RESPONSE | AUTHORITATIVE | recursion | answer.code, bytes, 2);
  writeUint16(1, bytes, 4);
  writeUint16(answer.addresses.length, bytes, 6);
  bytes.set(question.bytes, HEADER_LENGTH);
  let at = HEADER_LENGTH + question.bytes.length;
  for (const address of answer.addresses) {
    at = writeUint16(NAME_OF_QUESTION, bytes, at);
    at = writeUint16(isIpv4(address) ? TYPE_A : TYPE_AAAA, bytes, at);
    at = writeUint16(CLASS_IN, bytes, at);
    at = writeUint32(answer.ttlSeconds, bytes, at);
    at = writeUint16(isIpv4(address) ? 4 : 16, bytes, at);
    at = isIpv4(address) ? writeIpv4(address, bytes, at) : writeIpv6(address, bytes, at);
  }
  return bytes;
}

/** The addresses in an answer; `undefined` when it is none. */
export function decodeDnsAnswer(
  bytes: Uint8Array,
):
  | { readonly id: number; readonly code: number; readonly addresses: readonly IpAddress[] }
  | undefined {
  if (bytes.length < HEADER_LENGTH || (readUint16(bytes, 2) & RESPONSE) === 0) return undefined;
  const question = readName(bytes, HEADER_LENGTH);
  if (question === undefined) return undefined;
  const addresses: IpAddress[] = [];
  let at = question.next + 4;
  for (let left = readUint16(bytes, 6); left > 0; left--) {
    const name = readName(bytes, at);
    if (name === undefined || bytes.length < name.next + 10) return undefined;
    const type = readUint16(bytes, name.next);
    const length = readUint16(bytes, name.next + 8);
    const start = name.next + 10;
    if (bytes.length < start + length) return undefined;
    if (type === TYPE_A && length === 4) addresses.push(readIpv4(bytes, start));
    if (type === TYPE_AAAA && length === 16) addresses.push(readIpv6(bytes, start));
    at = start + length;
  }
  return { id: readUint16(bytes, 0), code: readUint16(bytes, 2) & 0x0f, addresses };
}

/** A name without compression, or a pointer as a whole name. */
function readName(
  bytes: Uint8Array,
  start: number,
): { readonly name: string; readonly next: number } | undefined {
  const labels: string[] = [];
  let at = start;
  for (;;) {
    const length = bytes[at];
    if (length === undefined) return undefined;
    if (length >= 0xc0) return { name: labels.join('.'), next: at + 2 };
    if (length === 0) return { name: labels.join('.'), next: at + 1 };
    if (length > 63 || at + 1 + length > bytes.length) return undefined;
    labels.push(decodeLatin1(bytes, at + 1, at + 1 + length));
    at += 1 + length;
  }
}
