/**
 * What the printers of tcpdump's protocols share: options, the captured bytes, small text tools.
 */

import { readUint16, readUint32 } from '../../daemon/wire/integers.ts';

/** How tcpdump was called; names are never looked up (`-n`). */
export interface TcpdumpOptions {
  /** How often `-v` was given, 0..3. */
  readonly verbose: number;
  /** `-e`: the Ethernet header first. */
  readonly linkLevel: boolean;
  /** What was seen of TCP connections so far, for relative sequence numbers; absent is `-S`. */
  readonly conversations?: TcpConversations;
}

/** First sequence numbers of TCP connections, by tcpdump's own key; one per run of the program. */
export type TcpConversations = Map<string, { readonly sequence: number; readonly ack: number }>;

/** The bytes to print and where they end: reads past `end` show as `[|protocol]`. */
export interface PrintContext {
  readonly bytes: Uint8Array;
  readonly end: number;
  readonly options: TcpdumpOptions;
}

/** The sum of an IP header's addresses and the text of its two ends, for the layer above. */
export interface NetworkLayer {
  readonly version: 4 | 6;
  readonly source: string;
  readonly destination: string;
  readonly addresses: number;
  /** TTL or hop limit. */
  readonly ttl: number;
  readonly fragmented: boolean;
  /**
   * The layer above stands right behind the header: it prints the addresses with its ports itself.
   */
  readonly direct: boolean;
}

/** The same context with a nearer end. */
export function upTo(context: PrintContext, end: number): PrintContext {
  return end < context.end ? { ...context, end } : context;
}

/** Whether `length` octets at `at` were captured. */
export function has(context: PrintContext, at: number, length: number): boolean {
  return at + length <= context.end;
}

/** One octet; the caller has asked `has`. */
export function octet(context: PrintContext, at: number): number {
  return context.bytes[at] as number;
}

/** Two octets; the caller has asked `has`. */
export function word(context: PrintContext, at: number): number {
  return readUint16(context.bytes, at);
}

/** Four octets; the caller has asked `has`. */
export function longWord(context: PrintContext, at: number): number {
  return readUint32(context.bytes, at);
}

/** A number in lower case hexadecimal, with leading zeros up to `digits`. */
export function hex(value: number, digits = 0): string {
  return value.toString(16).padStart(digits, '0');
}

/** tcpdump's mark of something cut off. */
export function truncated(protocol: string): string {
  return ` [|${protocol}]`;
}

/** What the checksum should have been, from what it is and the sum over everything with it. */
export function shouldBeChecksum(found: number, result: number): number {
  // Taking a word away is adding its complement; the sum then lacks the field itself.
  let sum = (result ^ 0xffff) + (found ^ 0xffff);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum ^ 0xffff;
}

/**
 * Rows of 16 octets in hexadecimal, each after `indent`; with ASCII beside them where asked for.
 */
export function hexDump(
  context: PrintContext,
  at: number,
  length: number,
  how: { readonly indent: string; readonly ascii: boolean },
): string {
  let text = '';
  const end = Math.min(at + length, context.end);
  for (let row = at; row < end; row += 16) {
    const octets = Array.from(context.bytes.subarray(row, Math.min(row + 16, end)));
    let digits = '';
    for (const [index, value] of octets.entries()) {
      digits += `${index % 2 === 0 ? ' ' : ''}${hex(value, 2)}`;
    }
    const shown = octets.map((value) => (value > 0x20 && value < 0x7f ? value : 0x2e));
    const beside = how.ascii ? `${digits.padEnd(40)}  ${String.fromCharCode(...shown)}` : digits;
    text += `${how.indent}0x${hex(row - at, 4)}: ${beside}`;
  }
  return text;
}

/** Text as `fn_print` shows it: control characters as `^X`, the upper half as `M-X`. */
export function visibleText(bytes: Uint8Array): string {
  let text = '';
  for (const value of bytes) {
    const low = value & 0x7f;
    if (value > 0x7f) text += 'M-';
    text +=
      low < 0x20 || low === 0x7f ? `^${String.fromCharCode(low ^ 0x40)}` : String.fromCharCode(low);
  }
  return text;
}
