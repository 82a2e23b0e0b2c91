/**
 * IGMP, versions 1 to 3: membership queries, reports and leaves.
 *
 * Linux joins with version 3 reports to 224.0.0.22, in an IP header with the router alert option
 * (recorded), and falls back when it hears an older querier. Read RFC 3376 section 4, RFC 2236.
 */

import { unreachable } from '../base/assert.ts';
import { internetChecksum } from './checksum.ts';
import { readUint16, writeUint16 } from './integers.ts';
import { type Ipv4Address, ipv4FromNumber, readIpv4, writeIpv4 } from './ipv4-address.ts';

const TYPE = 0;
const MAX_RESPONSE = 1;
const CHECKSUM = 2;
const GROUP = 4;
const QUERY_FLAGS = 8;
const QUERY_INTERVAL = 9;
const QUERY_SOURCE_COUNT = 10;
const REPORT_RECORD_COUNT = 6;

/** Octets of versions 1 and 2, and the least of version 3. */
export const IGMP_HEADER_LENGTH = 8;
/** Octets of a version 3 query without sources. */
const IGMP_V3_QUERY_LENGTH = 12;

/** Types. Source: RFC 3376 section 4. */
const IGMP_QUERY = 0x11;
const IGMP_V1_REPORT = 0x12;
const IGMP_V2_REPORT = 0x16;
const IGMP_V2_LEAVE = 0x17;
const IGMP_V3_REPORT = 0x22;

/** Group record types. Source: RFC 3376 section 4.2.12. */
export const MODE_IS_EXCLUDE = 2;
export const CHANGE_TO_INCLUDE = 3;
export const CHANGE_TO_EXCLUDE = 4;
export const ALLOW_NEW_SOURCES = 5;
export const BLOCK_OLD_SOURCES = 6;

/** 224.0.0.1, all systems: where queries go. */
export const ALL_SYSTEMS_GROUP: Ipv4Address = ipv4FromNumber(0xe000_0001);
/** 224.0.0.2, all routers: where version 2 leaves go. */
export const ALL_ROUTERS_GROUP: Ipv4Address = ipv4FromNumber(0xe000_0002);
/** 224.0.0.22: where version 3 reports go. */
export const IGMP_V3_GROUP: Ipv4Address = ipv4FromNumber(0xe000_0016);

/** One group of a version 3 report. */
export interface IgmpGroupRecord {
  readonly type: number;
  readonly group: Ipv4Address;
  readonly sources: readonly Ipv4Address[];
  /** A multiple of 4 octets; always empty in practice. */
  readonly auxiliary: Uint8Array;
}

/** One IGMP message. */
export type IgmpMessage =
  | {
      readonly kind: 'query';
      /** By length and response code, as RFC 3376 section 7.1 tells versions apart. */
      readonly version: 1 | 2;
      /** 0.0.0.0 is the general query. */
      readonly group: Ipv4Address;
      /** Tenths of a second; 0 in version 1. */
      readonly maxResponseCode: number;
    }
  | {
      readonly kind: 'query-v3';
      readonly group: Ipv4Address;
      /** As on the wire: from 128 on a floating point number (RFC 3376 section 4.1.1). */
      readonly maxResponseCode: number;
      readonly suppress: boolean;
      readonly robustness: number;
      readonly intervalCode: number;
      readonly sources: readonly Ipv4Address[];
    }
  | { readonly kind: 'report-v1' | 'report-v2' | 'leave'; readonly group: Ipv4Address }
  | { readonly kind: 'report-v3'; readonly records: readonly IgmpGroupRecord[] }
  | {
      readonly kind: 'other';
      readonly type: number;
      readonly maxResponseCode: number;
      /** Everything behind the checksum. */
      readonly body: Uint8Array;
    };

/** Why an IGMP message was not understood. */
export type IgmpDropReason = 'igmp:truncated' | 'igmp:bad-checksum' | 'igmp:bad-length';

/**
 * The message that fills `at` to `end`.
 *
 * Fails: 'igmp:truncated' below 8 octets or when counts reach past the end, 'igmp:bad-checksum',
 * 'igmp:bad-length' for a query of 9 to 11 octets (RFC 3376 section 7.1).
 */
export function decodeIgmp(
  bytes: Uint8Array,
  at: number,
  end: number,
): IgmpMessage | IgmpDropReason {
  if (end - at < IGMP_HEADER_LENGTH) return 'igmp:truncated';
  if (internetChecksum(bytes, at, end - at) !== 0) return 'igmp:bad-checksum';
  const type = bytes[at + TYPE] as number;
  switch (type) {
    case IGMP_QUERY:
      return decodeQuery(bytes, at, end);
    case IGMP_V1_REPORT:
      return { kind: 'report-v1', group: readIpv4(bytes, at + GROUP) };
    case IGMP_V2_REPORT:
      return { kind: 'report-v2', group: readIpv4(bytes, at + GROUP) };
    case IGMP_V2_LEAVE:
      return { kind: 'leave', group: readIpv4(bytes, at + GROUP) };
    case IGMP_V3_REPORT:
      return decodeReport(bytes, at, end);
    default: {
      const maxResponseCode = bytes[at + MAX_RESPONSE] as number;
      return { kind: 'other', type, maxResponseCode, body: bytes.subarray(at + GROUP, end) };
    }
  }
}

/** Writes the message at `at`, checksum filled, and returns the offset behind it. */
export function encodeIgmp(message: IgmpMessage, bytes: Uint8Array, at: number): number {
  bytes[at + TYPE] = typeNumber(message);
  bytes[at + MAX_RESPONSE] = 'maxResponseCode' in message ? message.maxResponseCode : 0;
  writeUint16(0, bytes, at + CHECKSUM);
  const end = writeBody(message, bytes, at);
  writeUint16(internetChecksum(bytes, at, end - at), bytes, at + CHECKSUM);
  return end;
}

/** Octets that `encodeIgmp` will write. */
export function igmpLength(message: IgmpMessage): number {
  switch (message.kind) {
    case 'query-v3':
      return IGMP_V3_QUERY_LENGTH + 4 * message.sources.length;
    case 'report-v3':
      return message.records.reduce(
        (sum, record) => sum + recordLength(record),
        IGMP_HEADER_LENGTH,
      );
    case 'other':
      return GROUP + message.body.length;
    default:
      return IGMP_HEADER_LENGTH;
  }
}

/** Tenths of a second (or seconds, for the interval) that a version 3 code stands for. */
export function igmpCodeValue(code: number): number {
  return code < 128 ? code : ((code & 0x0f) | 0x10) << (((code >>> 4) & 7) + 3);
}

function decodeQuery(bytes: Uint8Array, at: number, end: number): IgmpMessage | IgmpDropReason {
  const group = readIpv4(bytes, at + GROUP);
  const maxResponseCode = bytes[at + MAX_RESPONSE] as number;
  if (end - at === IGMP_HEADER_LENGTH) {
    return { kind: 'query', version: maxResponseCode === 0 ? 1 : 2, group, maxResponseCode };
  }
  if (end - at < IGMP_V3_QUERY_LENGTH) return 'igmp:bad-length';
  const flags = bytes[at + QUERY_FLAGS] as number;
  const sourceCount = readUint16(bytes, at + QUERY_SOURCE_COUNT);
  const sourcesAt = at + IGMP_V3_QUERY_LENGTH;
  if (sourcesAt + 4 * sourceCount > end) return 'igmp:truncated';
  return {
    kind: 'query-v3',
    group,
    maxResponseCode,
    suppress: (flags & 0x08) !== 0,
    robustness: flags & 0x07,
    intervalCode: bytes[at + QUERY_INTERVAL] as number,
    sources: readAddresses(bytes, sourcesAt, sourceCount),
  };
}

function decodeReport(bytes: Uint8Array, at: number, end: number): IgmpMessage | IgmpDropReason {
  const records: IgmpGroupRecord[] = [];
  const count = readUint16(bytes, at + REPORT_RECORD_COUNT);
  let next = at + IGMP_HEADER_LENGTH;
  for (let i = 0; i < count; i++) {
    if (end - next < 8) return 'igmp:truncated';
    const sourceCount = readUint16(bytes, next + 2);
    const auxiliaryAt = next + 8 + 4 * sourceCount;
    const recordEnd = auxiliaryAt + 4 * (bytes[next + 1] as number);
    if (recordEnd > end) return 'igmp:truncated';
    records.push({
      type: bytes[next] as number,
      group: readIpv4(bytes, next + 4),
      sources: readAddresses(bytes, next + 8, sourceCount),
      auxiliary: bytes.subarray(auxiliaryAt, recordEnd),
    });
    next = recordEnd;
  }
  return { kind: 'report-v3', records };
}

function readAddresses(bytes: Uint8Array, at: number, count: number): Ipv4Address[] {
  const addresses: Ipv4Address[] = [];
  for (let i = 0; i < count; i++) addresses.push(readIpv4(bytes, at + 4 * i));
  return addresses;
}

function typeNumber(message: IgmpMessage): number {
  switch (message.kind) {
    case 'query':
    case 'query-v3':
      return IGMP_QUERY;
    case 'report-v1':
      return IGMP_V1_REPORT;
    case 'report-v2':
      return IGMP_V2_REPORT;
    case 'leave':
      return IGMP_V2_LEAVE;
    case 'report-v3':
      return IGMP_V3_REPORT;
    case 'other':
      return message.type;
    default:
      return unreachable(message);
  }
}

function writeBody(message: IgmpMessage, bytes: Uint8Array, at: number): number {
  switch (message.kind) {
    case 'query-v3': {
      writeIpv4(message.group, bytes, at + GROUP);
      bytes[at + QUERY_FLAGS] = (message.suppress ? 0x08 : 0) | (message.robustness & 0x07);
      bytes[at + QUERY_INTERVAL] = message.intervalCode;
      writeUint16(message.sources.length, bytes, at + QUERY_SOURCE_COUNT);
      return writeAddresses(message.sources, bytes, at + IGMP_V3_QUERY_LENGTH);
    }
    case 'report-v3': {
      writeUint16(0, bytes, at + GROUP);
      writeUint16(message.records.length, bytes, at + REPORT_RECORD_COUNT);
      let next = at + IGMP_HEADER_LENGTH;
      for (const record of message.records) next = writeRecord(record, bytes, next);
      return next;
    }
    case 'other':
      bytes.set(message.body, at + GROUP);
      return at + GROUP + message.body.length;
    default:
      return writeIpv4(message.group, bytes, at + GROUP);
  }
}

function writeRecord(record: IgmpGroupRecord, bytes: Uint8Array, at: number): number {
  bytes[at] = record.type;
  bytes[at + 1] = record.auxiliary.length >>> 2;
  writeUint16(record.sources.length, bytes, at + 2);
  writeIpv4(record.group, bytes, at + 4);
  const next = writeAddresses(record.sources, bytes, at + 8);
  bytes.set(record.auxiliary, next);
  return next + record.auxiliary.length;
}

function writeAddresses(addresses: readonly Ipv4Address[], bytes: Uint8Array, at: number): number {
  let next = at;
  for (const address of addresses) next = writeIpv4(address, bytes, next);
  return next;
}

function recordLength(record: IgmpGroupRecord): number {
  return 8 + 4 * record.sources.length + record.auxiliary.length;
}
