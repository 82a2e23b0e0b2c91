/** TCP options. Read RFC 9293 section 3.2, RFC 7323 (window scale, timestamps), RFC 2018 (SACK). */

import { unreachable } from '../base/assert.ts';
import { readUint16, readUint32, writeUint16, writeUint32 } from './integers.ts';

const END = 0;
const NO_OPERATION = 1;
const MAXIMUM_SEGMENT_SIZE = 2;
const WINDOW_SCALE = 3;
const SACK_PERMITTED = 4;
const SACK = 5;
const TIMESTAMPS = 8;

/** One option. */
export type TcpOption =
  | { readonly kind: 'no-operation' | 'sack-permitted' }
  | { readonly kind: 'maximum-segment-size'; readonly sizeBytes: number }
  | { readonly kind: 'window-scale'; readonly shift: number }
  | { readonly kind: 'sack'; readonly blocks: readonly SackBlock[] }
  | { readonly kind: 'timestamps'; readonly value: number; readonly echoReply: number }
  | { readonly kind: 'other'; readonly type: number; readonly body: Uint8Array }
  | {
      /** From an end-of-options octet, or from something malformed, to the end of the header. */
      readonly kind: 'rest';
      readonly bytes: Uint8Array;
    };

/** Octets that arrived out of order: from `left` up to before `right`. */
export interface SackBlock {
  readonly left: number;
  readonly right: number;
}

/** Two octets of padding and the timestamps: what nearly every segment carries (RFC 7323 appendix A). */
const USUAL_LENGTH = 12;
const PADDING: TcpOption = { kind: 'no-operation' };

/** All options from `at` to `end`; what cannot be parsed is kept as `rest`. */
export function decodeTcpOptions(bytes: Uint8Array, at: number, end: number): TcpOption[] {
  if (end - at === USUAL_LENGTH && isUsual(bytes, at)) {
    return [PADDING, PADDING, decodeOption(bytes, at + 2, USUAL_LENGTH - 2)];
  }
  const options: TcpOption[] = [];
  let next = at;
  while (next < end) {
    const type = bytes[next] as number;
    const length = type === NO_OPERATION ? 1 : next + 1 < end ? (bytes[next + 1] as number) : 0;
    if (
      type === END ||
      length < 1 ||
      (type !== NO_OPERATION && length < 2) ||
      next + length > end
    ) {
      options.push({ kind: 'rest', bytes: bytes.subarray(next, end) });
      return options;
    }
    options.push(decodeOption(bytes, next, length));
    next += length;
  }
  return options;
}

/** Writes the options at `at` and returns the offset behind them; the caller pads. */
export function encodeTcpOptions(
  options: readonly TcpOption[],
  bytes: Uint8Array,
  at: number,
): number {
  let next = at;
  for (const option of options) next = encodeOption(option, bytes, next);
  return next;
}

/** Octets of all options together, without padding. */
export function tcpOptionsLength(options: readonly TcpOption[]): number {
  return options.reduce((sum, option) => sum + optionLength(option), 0);
}

function isUsual(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === NO_OPERATION &&
    bytes[at + 1] === NO_OPERATION &&
    bytes[at + 2] === TIMESTAMPS &&
    bytes[at + 3] === USUAL_LENGTH - 2
  );
}

function decodeOption(bytes: Uint8Array, at: number, length: number): TcpOption {
  const type = bytes[at] as number;
  if (type === NO_OPERATION) return PADDING;
  if (type === SACK_PERMITTED && length === 2) return { kind: 'sack-permitted' };
  if (type === MAXIMUM_SEGMENT_SIZE && length === 4) {
    return { kind: 'maximum-segment-size', sizeBytes: readUint16(bytes, at + 2) };
  }
  if (type === WINDOW_SCALE && length === 3) {
    return { kind: 'window-scale', shift: bytes[at + 2] as number };
  }
  if (type === TIMESTAMPS && length === 10) {
    const value = readUint32(bytes, at + 2);
    return { kind: 'timestamps', value, echoReply: readUint32(bytes, at + 6) };
  }
  if (type === SACK && (length - 2) % 8 === 0) {
    return { kind: 'sack', blocks: decodeBlocks(bytes, at + 2, at + length) };
  }
  return { kind: 'other', type, body: bytes.subarray(at + 2, at + length) };
}

function decodeBlocks(bytes: Uint8Array, at: number, end: number): SackBlock[] {
  const blocks: SackBlock[] = [];
  for (let next = at; next < end; next += 8) {
    blocks.push({ left: readUint32(bytes, next), right: readUint32(bytes, next + 4) });
  }
  return blocks;
}

function encodeOption(option: TcpOption, bytes: Uint8Array, at: number): number {
  const length = optionLength(option);
  if (option.kind === 'rest') {
    bytes.set(option.bytes, at);
    return at + length;
  }
  bytes[at] = typeNumber(option);
  if (option.kind === 'no-operation') return at + length;
  bytes[at + 1] = length;
  writeBody(option, bytes, at + 2);
  return at + length;
}

function writeBody(
  option: Exclude<TcpOption, { readonly kind: 'rest' }>,
  bytes: Uint8Array,
  at: number,
): void {
  switch (option.kind) {
    case 'maximum-segment-size':
      writeUint16(option.sizeBytes, bytes, at);
      return;
    case 'window-scale':
      bytes[at] = option.shift;
      return;
    case 'timestamps':
      writeUint32(option.echoReply, bytes, writeUint32(option.value, bytes, at));
      return;
    case 'sack': {
      let next = at;
      for (const block of option.blocks) {
        next = writeUint32(block.right, bytes, writeUint32(block.left, bytes, next));
      }
      return;
    }
    case 'other':
      bytes.set(option.body, at);
      return;
    case 'no-operation':
    case 'sack-permitted':
      return;
    default:
      unreachable(option);
  }
}

function typeNumber(option: Exclude<TcpOption, { readonly kind: 'rest' }>): number {
  switch (option.kind) {
    case 'no-operation':
      return NO_OPERATION;
    case 'sack-permitted':
      return SACK_PERMITTED;
    case 'maximum-segment-size':
      return MAXIMUM_SEGMENT_SIZE;
    case 'window-scale':
      return WINDOW_SCALE;
    case 'sack':
      return SACK;
    case 'timestamps':
      return TIMESTAMPS;
    case 'other':
      return option.type;
    default:
      return unreachable(option);
  }
}

function optionLength(option: TcpOption): number {
  switch (option.kind) {
    case 'no-operation':
      return 1;
    case 'sack-permitted':
      return 2;
    case 'maximum-segment-size':
      return 4;
    case 'window-scale':
      return 3;
    case 'timestamps':
      return 10;
    case 'sack':
      return 2 + 8 * option.blocks.length;
    case 'other':
      return 2 + option.body.length;
    case 'rest':
      return option.bytes.length;
    default:
      return unreachable(option);
  }
}
