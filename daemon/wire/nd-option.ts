/**
 * Options of neighbour discovery: link-layer addresses, prefixes, MTU.
 *
 * Each is a type, a length in units of 8 octets, and a body; unknown ones survive as bytes. Read
 * RFC 4861 section 4.6.
 */

import { unreachable } from '../base/assert.ts';
import { readUint32, writeUint16, writeUint32 } from './integers.ts';
import { type Ipv6Address, readIpv6, writeIpv6 } from './ipv6-address.ts';
import { type MacAddress, readMac, writeMac } from './mac-address.ts';

const SOURCE_LINK_ADDRESS = 1;
const TARGET_LINK_ADDRESS = 2;
const PREFIX_INFORMATION = 3;
const MTU = 5;

/** One option. */
export type NdOption =
  | { readonly kind: 'source-link-address' | 'target-link-address'; readonly mac: MacAddress }
  | {
      readonly kind: 'prefix';
      readonly prefix: Ipv6Address;
      readonly length: number;
      readonly onLink: boolean;
      readonly autonomous: boolean;
      readonly validSeconds: number;
      readonly preferredSeconds: number;
    }
  | { readonly kind: 'mtu'; readonly mtu: number }
  | {
      readonly kind: 'other';
      readonly type: number;
      /** 8n-2 octets. */
      readonly body: Uint8Array;
    };

/**
 * The options that fill `at` to `end`; `undefined` when one has no length or reaches past the end.
 */
export function decodeNdOptions(
  bytes: Uint8Array,
  at: number,
  end: number,
): NdOption[] | undefined {
  const options: NdOption[] = [];
  let next = at;
  while (next < end) {
    if (end - next < 8) return undefined;
    const length = (bytes[next + 1] as number) * 8;
    if (length === 0 || length > end - next) return undefined;
    options.push(decodeOption(bytes, next, length));
    next += length;
  }
  return options;
}

/** Writes the options at `at` and returns the offset behind them. */
export function encodeNdOptions(
  options: readonly NdOption[],
  bytes: Uint8Array,
  at: number,
): number {
  let next = at;
  for (const option of options) {
    const length = ndOptionLength(option);
    bytes.fill(0, next, next + length);
    bytes[next] = typeNumber(option);
    bytes[next + 1] = length / 8;
    writeBody(option, bytes, next + 2);
    next += length;
  }
  return next;
}

/** Octets of all options together. */
export function ndOptionsLength(options: readonly NdOption[]): number {
  return options.reduce((sum, option) => sum + ndOptionLength(option), 0);
}

function ndOptionLength(option: NdOption): number {
  if (option.kind === 'prefix') return 32;
  return option.kind === 'other' ? option.body.length + 2 : 8;
}

function decodeOption(bytes: Uint8Array, at: number, length: number): NdOption {
  const type = bytes[at] as number;
  if (type === SOURCE_LINK_ADDRESS && length === 8) {
    return { kind: 'source-link-address', mac: readMac(bytes, at + 2) };
  }
  if (type === TARGET_LINK_ADDRESS && length === 8) {
    return { kind: 'target-link-address', mac: readMac(bytes, at + 2) };
  }
  if (type === PREFIX_INFORMATION && length === 32) return decodePrefix(bytes, at);
  if (type === MTU && length === 8) return { kind: 'mtu', mtu: readUint32(bytes, at + 4) };
  return { kind: 'other', type, body: bytes.subarray(at + 2, at + length) };
}

function decodePrefix(bytes: Uint8Array, at: number): NdOption {
  const flags = bytes[at + 3] as number;
  return {
    kind: 'prefix',
    length: bytes[at + 2] as number,
    onLink: (flags & 0x80) !== 0,
    autonomous: (flags & 0x40) !== 0,
    validSeconds: readUint32(bytes, at + 4),
    preferredSeconds: readUint32(bytes, at + 8),
    prefix: readIpv6(bytes, at + 16),
  };
}

function typeNumber(option: NdOption): number {
  switch (option.kind) {
    case 'source-link-address':
      return SOURCE_LINK_ADDRESS;
    case 'target-link-address':
      return TARGET_LINK_ADDRESS;
    case 'prefix':
      return PREFIX_INFORMATION;
    case 'mtu':
      return MTU;
    case 'other':
      return option.type;
    default:
      return unreachable(option);
  }
}

function writeBody(option: NdOption, bytes: Uint8Array, at: number): void {
  switch (option.kind) {
    case 'source-link-address':
    case 'target-link-address':
      writeMac(option.mac, bytes, at);
      return;
    case 'prefix':
      bytes[at] = option.length;
      bytes[at + 1] = (option.onLink ? 0x80 : 0) | (option.autonomous ? 0x40 : 0);
      writeUint32(option.validSeconds, bytes, at + 2);
      writeUint32(option.preferredSeconds, bytes, at + 6);
      writeIpv6(option.prefix, bytes, at + 14);
      return;
    case 'mtu':
      writeUint16(0, bytes, at);
      writeUint32(option.mtu, bytes, at + 2);
      return;
    case 'other':
      bytes.set(option.body, at);
      return;
    default:
      unreachable(option);
  }
}
