/**
 * Frames of a run as a pcapng file: named interfaces, direction flags, comments for frames that
 * were lost.
 *
 * Pure: bytes out, no file. Times are the scenario's epoch plus virtual time, in µs, which is
 * pcapng's default resolution (written out all the same). Little endian. Read
 * draft-ietf-opsawg-pcapng section 4.
 */

import type { TimeUs } from '../../daemon/base/time.ts';
import { encodeUtf8 } from '../../daemon/wire/text.ts';
import type { CaptureDirection } from './capture-file.ts';

const BLOCK_SECTION = 0x0a0d0d0a;
const BLOCK_INTERFACE = 1;
const BLOCK_ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const LINK_TYPE_ETHERNET = 1;
const OPTION_COMMENT = 1;
const OPTION_EPB_FLAGS = 2;
const OPTION_IF_NAME = 2;
const OPTION_IF_DESCRIPTION = 3;
const OPTION_IF_TSRESOL = 9;
const OPTION_SHB_USERAPPL = 4;
const TSRESOL_MICROSECONDS = 6;
/** Octets of text that one option may hold; longer text is cut. */
const OPTION_LENGTH_MAX = 65_532;
/** An interface without a limit on kept octets. */
const NO_SNAP_LENGTH = 0;

/** One interface of the file: a capture point of the LAN. */
export interface PcapngInterface {
  /** As Wireshark shows it: `srv-1:eth1`. */
  readonly name: string;
  readonly description?: string;
}

/** One frame at one capture point. */
export interface PcapngFrame {
  readonly at: TimeUs;
  /** Index into the interfaces. */
  readonly interfaceIndex: number;
  readonly frame: Uint8Array;
  readonly direction?: CaptureDirection;
  /** Why the frame was lost, say; shown by Wireshark as a packet comment. */
  readonly comment?: string;
}

/** Everything that a file is made of. */
export interface PcapngContent {
  /** The wall clock at virtual time 0, in µs since 1970-01-01 UTC. */
  readonly epochUs: number;
  /** Name and version of the program that wrote the file. */
  readonly application: string;
  readonly interfaces: readonly PcapngInterface[];
  /** In the order of the file; Wireshark likes them sorted by time, pcapng does not ask for it. */
  readonly frames: readonly PcapngFrame[];
}

/** The whole file. */
export function writePcapng(content: PcapngContent): Uint8Array {
  const blocks = [sectionBlock(content.application)];
  for (const item of content.interfaces) blocks.push(interfaceBlock(item));
  for (const frame of content.frames) blocks.push(packetBlock(frame, content.epochUs));
  return joinParts(blocks);
}

/** Section header and interface blocks alone, for a writer that appends packets as they come. */
export function pcapngHead(content: Omit<PcapngContent, 'frames' | 'epochUs'>): Uint8Array {
  const blocks = [sectionBlock(content.application)];
  for (const item of content.interfaces) blocks.push(interfaceBlock(item));
  return joinParts(blocks);
}

/** One frame as a block, to be appended to `pcapngHead`. */
export function pcapngPacket(frame: PcapngFrame, epochUs: number): Uint8Array {
  return packetBlock(frame, epochUs);
}

function sectionBlock(application: string): Uint8Array {
  const body = new Uint8Array(16);
  const view = new DataView(body.buffer);
  view.setUint32(0, BYTE_ORDER_MAGIC, true);
  view.setUint16(4, 1, true);
  view.setUint16(6, 0, true);
  view.setBigInt64(8, -1n, true);
  return block(BLOCK_SECTION, body, [textOption(OPTION_SHB_USERAPPL, application)]);
}

function interfaceBlock(item: PcapngInterface): Uint8Array {
  const body = new Uint8Array(8);
  const view = new DataView(body.buffer);
  view.setUint16(0, LINK_TYPE_ETHERNET, true);
  view.setUint32(4, NO_SNAP_LENGTH, true);
  const options = [textOption(OPTION_IF_NAME, item.name)];
  if (item.description !== undefined) {
    options.push(textOption(OPTION_IF_DESCRIPTION, item.description));
  }
  options.push(option(OPTION_IF_TSRESOL, Uint8Array.of(TSRESOL_MICROSECONDS)));
  return block(BLOCK_INTERFACE, body, options);
}

function packetBlock(frame: PcapngFrame, epochUs: number): Uint8Array {
  const { length } = frame.frame;
  const body = new Uint8Array(20 + paddedLength(length));
  const view = new DataView(body.buffer);
  const timeUs = epochUs + frame.at;
  view.setUint32(0, frame.interfaceIndex, true);
  view.setUint32(4, Math.floor(timeUs / 0x1_0000_0000), true);
  view.setUint32(8, timeUs % 0x1_0000_0000, true);
  view.setUint32(12, length, true);
  view.setUint32(16, length, true);
  body.set(frame.frame, 20);
  const options: Uint8Array[] = [];
  if (frame.comment !== undefined) options.push(textOption(OPTION_COMMENT, frame.comment));
  if (frame.direction !== undefined) {
    const flags = frame.direction === 'inbound' ? 1 : 2;
    options.push(option(OPTION_EPB_FLAGS, Uint8Array.of(flags, 0, 0, 0)));
  }
  return block(BLOCK_ENHANCED_PACKET, body, options);
}

/** Type, length, body (a multiple of 4), options with their end mark, and the length again. */
function block(type: number, body: Uint8Array, options: readonly Uint8Array[]): Uint8Array {
  const optionsLength = options.reduce((sum, item) => sum + item.length, 0);
  const length = 12 + body.length + (optionsLength === 0 ? 0 : optionsLength + 4);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  bytes.set(body, 8);
  let next = 8 + body.length;
  for (const item of options) {
    bytes.set(item, next);
    next += item.length;
  }
  view.setUint32(length - 4, length, true);
  return bytes;
}

function textOption(code: number, text: string): Uint8Array {
  return option(code, encodeUtf8(text).subarray(0, OPTION_LENGTH_MAX));
}

function option(code: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + paddedLength(value.length));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, value.length, true);
  bytes.set(value, 4);
  return bytes;
}

function paddedLength(length: number): number {
  return Math.ceil(length / 4) * 4;
}

function joinParts(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let next = 0;
  for (const part of parts) {
    joined.set(part, next);
    next += part.length;
  }
  return joined;
}
