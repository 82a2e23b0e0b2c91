/**
 * What follows type, code and checksum in an ICMPv6 message, type by type. `icmpv6.ts` is the door;
 * this file only keeps it readable. Read RFC 4443 section 3 and 4, RFC 4861 section 4, RFC 3810
 * section 5.
 */

import { unreachable } from '../base/assert.ts';
import { readUint16, readUint32, writeUint16, writeUint32 } from './integers.ts';
import { type Ipv6Address, readIpv6, writeIpv6 } from './ipv6-address.ts';
import { decodeNdOptions, encodeNdOptions, type NdOption, ndOptionsLength } from './nd-option.ts';

/** Types. Source: IANA "ICMPv6 Parameters". */
const ICMPV6_DESTINATION_UNREACHABLE = 1;
const ICMPV6_PACKET_TOO_BIG = 2;
const ICMPV6_TIME_EXCEEDED = 3;
const ICMPV6_PARAMETER_PROBLEM = 4;
export const ICMPV6_ECHO_REQUEST = 128;
export const ICMPV6_ECHO_REPLY = 129;
const ICMPV6_MLD_QUERY = 130;
const ICMPV6_MLD_REPORT = 131;
const ICMPV6_MLD_DONE = 132;
const ICMPV6_ROUTER_SOLICITATION = 133;
const ICMPV6_ROUTER_ADVERTISEMENT = 134;
const ICMPV6_NEIGHBOUR_SOLICITATION = 135;
const ICMPV6_NEIGHBOUR_ADVERTISEMENT = 136;
const ICMPV6_MLD_V2_REPORT = 143;

/** One group of an MLDv2 report; the types are those of IGMPv3. */
export interface MldRecord {
  readonly type: number;
  readonly group: Ipv6Address;
  readonly sources: readonly Ipv6Address[];
  /** A multiple of 4 octets; empty in practice. */
  readonly auxiliary: Uint8Array;
}

/** A message without its code. Byte arrays of a decoded one are views into the packet. */
export type Icmpv6Body =
  | {
      readonly kind: 'echo-request' | 'echo-reply';
      readonly identifier: number;
      readonly sequence: number;
      readonly payload: Uint8Array;
    }
  | {
      readonly kind:
        | 'destination-unreachable'
        | 'packet-too-big'
        | 'time-exceeded'
        | 'parameter-problem';
      /** MTU of packet-too-big, pointer of parameter-problem, else 0. */
      readonly parameter: number;
      readonly quoted: Uint8Array;
    }
  | {
      readonly kind: 'neighbour-solicitation';
      readonly target: Ipv6Address;
      readonly options: readonly NdOption[];
    }
  | {
      readonly kind: 'neighbour-advertisement';
      readonly target: Ipv6Address;
      readonly router: boolean;
      readonly solicited: boolean;
      readonly override: boolean;
      readonly options: readonly NdOption[];
    }
  | { readonly kind: 'router-solicitation'; readonly options: readonly NdOption[] }
  | {
      readonly kind: 'router-advertisement';
      readonly hopLimit: number;
      /** Managed 0x80, other 0x40, preference 0x18. */
      readonly flags: number;
      readonly lifetimeSeconds: number;
      readonly reachableMs: number;
      readonly retransmitMs: number;
      readonly options: readonly NdOption[];
    }
  | {
      readonly kind: 'mld-query' | 'mld-report' | 'mld-done';
      readonly maxResponseMs: number;
      readonly group: Ipv6Address;
      /** What a version 2 query has behind the group; empty in version 1. */
      readonly rest: Uint8Array;
    }
  | { readonly kind: 'mld-report-v2'; readonly records: readonly MldRecord[] }
  | { readonly kind: 'other'; readonly type: number; readonly body: Uint8Array };

/** The body of a message of `type` that fills `at` to `end`. */
export function decodeIcmpv6Body(
  type: number,
  bytes: Uint8Array,
  at: number,
  end: number,
): Icmpv6Body | 'icmpv6:truncated' | 'icmpv6:bad-option' {
  const kind = KINDS.get(type);
  if (kind === undefined) return { kind: 'other', type, body: bytes.subarray(at, end) };
  if (end - at < LEAST_LENGTHS[kind]) return 'icmpv6:truncated';
  switch (kind) {
    case 'echo-request':
    case 'echo-reply': {
      const payload = bytes.subarray(at + 4, end);
      return {
        kind,
        identifier: readUint16(bytes, at),
        sequence: readUint16(bytes, at + 2),
        payload,
      };
    }
    case 'destination-unreachable':
    case 'packet-too-big':
    case 'time-exceeded':
    case 'parameter-problem':
      return { kind, parameter: readUint32(bytes, at), quoted: bytes.subarray(at + 4, end) };
    case 'mld-query':
    case 'mld-report':
    case 'mld-done': {
      const rest = bytes.subarray(at + 20, end);
      return { kind, maxResponseMs: readUint16(bytes, at), group: readIpv6(bytes, at + 4), rest };
    }
    case 'mld-report-v2':
      return decodeMldReport(bytes, at, end);
    default:
      return decodeDiscovery(kind, bytes, at, end);
  }
}

/** Writes the body at `at` and returns the offset behind it. */
export function writeIcmpv6Body(body: Icmpv6Body, bytes: Uint8Array, at: number): number {
  switch (body.kind) {
    case 'echo-request':
    case 'echo-reply':
      writeUint16(body.identifier, bytes, at);
      writeUint16(body.sequence, bytes, at + 2);
      return writeBytes(body.payload, bytes, at + 4);
    case 'destination-unreachable':
    case 'packet-too-big':
    case 'time-exceeded':
    case 'parameter-problem':
      writeUint32(body.parameter, bytes, at);
      return writeBytes(body.quoted, bytes, at + 4);
    case 'mld-query':
    case 'mld-report':
    case 'mld-done':
      writeUint16(body.maxResponseMs, bytes, at);
      writeUint16(0, bytes, at + 2);
      return writeBytes(body.rest, bytes, writeIpv6(body.group, bytes, at + 4));
    case 'mld-report-v2': {
      writeUint16(0, bytes, at);
      let next = writeUint16(body.records.length, bytes, at + 2);
      for (const record of body.records) next = writeRecord(record, bytes, next);
      return next;
    }
    case 'other':
      return writeBytes(body.body, bytes, at);
    default:
      return writeDiscovery(body, bytes, at);
  }
}

/** Octets that `writeIcmpv6Body` will write. */
export function icmpv6BodyLength(body: Icmpv6Body): number {
  if (body.kind === 'other') return body.body.length;
  const least = LEAST_LENGTHS[body.kind];
  if ('options' in body) return least + ndOptionsLength(body.options);
  if ('payload' in body) return least + body.payload.length;
  if ('quoted' in body) return least + body.quoted.length;
  if ('rest' in body) return least + body.rest.length;
  return body.records.reduce((sum, record) => sum + recordLength(record), least);
}

/** The type octet of a message. */
export function icmpv6TypeNumber(body: Icmpv6Body): number {
  return body.kind === 'other' ? body.type : TYPES[body.kind];
}

type KnownKind = Exclude<Icmpv6Body['kind'], 'other'>;

type DiscoveryKind =
  | 'router-solicitation'
  | 'router-advertisement'
  | 'neighbour-solicitation'
  | 'neighbour-advertisement';

const TYPES: Readonly<Record<KnownKind, number>> = {
  'destination-unreachable': ICMPV6_DESTINATION_UNREACHABLE,
  'packet-too-big': ICMPV6_PACKET_TOO_BIG,
  'time-exceeded': ICMPV6_TIME_EXCEEDED,
  'parameter-problem': ICMPV6_PARAMETER_PROBLEM,
  'echo-request': ICMPV6_ECHO_REQUEST,
  'echo-reply': ICMPV6_ECHO_REPLY,
  'mld-query': ICMPV6_MLD_QUERY,
  'mld-report': ICMPV6_MLD_REPORT,
  'mld-done': ICMPV6_MLD_DONE,
  'router-solicitation': ICMPV6_ROUTER_SOLICITATION,
  'router-advertisement': ICMPV6_ROUTER_ADVERTISEMENT,
  'neighbour-solicitation': ICMPV6_NEIGHBOUR_SOLICITATION,
  'neighbour-advertisement': ICMPV6_NEIGHBOUR_ADVERTISEMENT,
  'mld-report-v2': ICMPV6_MLD_V2_REPORT,
};

const KINDS: ReadonlyMap<number, KnownKind> = new Map(
  (Object.keys(TYPES) as KnownKind[]).map((kind) => [TYPES[kind], kind]),
);

/** Octets of the fixed part behind the checksum. */
const LEAST_LENGTHS: Readonly<Record<KnownKind, number>> = {
  'destination-unreachable': 4,
  'packet-too-big': 4,
  'time-exceeded': 4,
  'parameter-problem': 4,
  'echo-request': 4,
  'echo-reply': 4,
  'mld-query': 20,
  'mld-report': 20,
  'mld-done': 20,
  'router-solicitation': 4,
  'router-advertisement': 12,
  'neighbour-solicitation': 20,
  'neighbour-advertisement': 20,
  'mld-report-v2': 4,
};

function decodeDiscovery(
  kind: DiscoveryKind,
  bytes: Uint8Array,
  at: number,
  end: number,
): Icmpv6Body | 'icmpv6:bad-option' {
  const options = decodeNdOptions(bytes, at + LEAST_LENGTHS[kind], end);
  if (options === undefined) return 'icmpv6:bad-option';
  switch (kind) {
    case 'router-solicitation':
      return { kind, options };
    case 'neighbour-solicitation':
      return { kind, target: readIpv6(bytes, at + 4), options };
    case 'neighbour-advertisement': {
      const flags = bytes[at] as number;
      return {
        kind,
        target: readIpv6(bytes, at + 4),
        router: (flags & 0x80) !== 0,
        solicited: (flags & 0x40) !== 0,
        override: (flags & 0x20) !== 0,
        options,
      };
    }
    case 'router-advertisement':
      return {
        kind,
        hopLimit: bytes[at] as number,
        flags: bytes[at + 1] as number,
        lifetimeSeconds: readUint16(bytes, at + 2),
        reachableMs: readUint32(bytes, at + 4),
        retransmitMs: readUint32(bytes, at + 8),
        options,
      };
    default:
      return unreachable(kind);
  }
}

function writeDiscovery(
  body: Extract<Icmpv6Body, { readonly kind: DiscoveryKind }>,
  bytes: Uint8Array,
  at: number,
): number {
  const optionsAt = at + LEAST_LENGTHS[body.kind];
  bytes.fill(0, at, optionsAt);
  switch (body.kind) {
    case 'router-solicitation':
      break;
    case 'neighbour-solicitation':
      writeIpv6(body.target, bytes, at + 4);
      break;
    case 'neighbour-advertisement':
      bytes[at] =
        (body.router ? 0x80 : 0) | (body.solicited ? 0x40 : 0) | (body.override ? 0x20 : 0);
      writeIpv6(body.target, bytes, at + 4);
      break;
    case 'router-advertisement':
      bytes[at] = body.hopLimit;
      bytes[at + 1] = body.flags;
      writeUint16(body.lifetimeSeconds, bytes, at + 2);
      writeUint32(body.reachableMs, bytes, at + 4);
      writeUint32(body.retransmitMs, bytes, at + 8);
      break;
    default:
      return unreachable(body);
  }
  return encodeNdOptions(body.options, bytes, optionsAt);
}

function decodeMldReport(
  bytes: Uint8Array,
  at: number,
  end: number,
): Icmpv6Body | 'icmpv6:truncated' {
  const records: MldRecord[] = [];
  const count = readUint16(bytes, at + 2);
  let next = at + 4;
  for (let i = 0; i < count; i++) {
    if (end - next < 20) return 'icmpv6:truncated';
    const sourceCount = readUint16(bytes, next + 2);
    const auxiliaryAt = next + 20 + 16 * sourceCount;
    const recordEnd = auxiliaryAt + 4 * (bytes[next + 1] as number);
    if (recordEnd > end) return 'icmpv6:truncated';
    const sources: Ipv6Address[] = [];
    for (let s = 0; s < sourceCount; s++) sources.push(readIpv6(bytes, next + 20 + 16 * s));
    const auxiliary = bytes.subarray(auxiliaryAt, recordEnd);
    const group = readIpv6(bytes, next + 4);
    records.push({ type: bytes[next] as number, group, sources, auxiliary });
    next = recordEnd;
  }
  return { kind: 'mld-report-v2', records };
}

function writeRecord(record: MldRecord, bytes: Uint8Array, at: number): number {
  bytes[at] = record.type;
  bytes[at + 1] = record.auxiliary.length >>> 2;
  writeUint16(record.sources.length, bytes, at + 2);
  let next = writeIpv6(record.group, bytes, at + 4);
  for (const source of record.sources) next = writeIpv6(source, bytes, next);
  return writeBytes(record.auxiliary, bytes, next);
}

function recordLength(record: MldRecord): number {
  return 20 + 16 * record.sources.length + record.auxiliary.length;
}

function writeBytes(part: Uint8Array, bytes: Uint8Array, at: number): number {
  bytes.set(part, at);
  return at + part.length;
}
