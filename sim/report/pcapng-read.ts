/**
 * The pcapng half of `pcap-read.ts`: sections of blocks, each section with its own byte order and
 * interfaces. Blocks of unknown types are skipped. Read draft-ietf-opsawg-pcapng section 3 and 4.
 */

import { decodeUtf8 } from '../../daemon/wire/text.ts';
import {
  CAPTURED_LENGTH_MAX,
  type CaptureDirection,
  type CapturedPacket,
  type CaptureFile,
  type CaptureInterface,
  type CaptureProblem,
} from './capture-file.ts';

const BLOCK_SECTION = 0x0a0d0d0a;
const BLOCK_INTERFACE = 1;
const BLOCK_SIMPLE_PACKET = 3;
const BLOCK_ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const OPTION_END = 0;
const OPTION_COMMENT = 1;
const OPTION_FLAGS = 2;
const OPTION_INTERFACE_NAME = 2;
const OPTION_TIME_RESOLUTION = 9;
const OPTION_TIME_OFFSET = 14;

interface Reader {
  readonly file: Uint8Array;
  readonly view: DataView;
  littleEndian: boolean;
  /** Where the interfaces of the current section begin in `interfaces`. */
  sectionBase: number;
  readonly interfaces: NgInterface[];
  readonly packets: CapturedPacket[];
}

interface NgInterface extends CaptureInterface {
  readonly unitsPerSecond: bigint;
  readonly offsetSeconds: bigint;
}

/** All packets of a pcapng file, whose first four octets were recognised. */
export function readPcapng(file: Uint8Array, view: DataView): CaptureFile {
  const reader: Reader = {
    file,
    view,
    littleEndian: true,
    sectionBase: 0,
    interfaces: [],
    packets: [],
  };
  let problem: CaptureProblem | undefined;
  for (let at = 0; at < file.length && problem === undefined; ) {
    const length = readBlock(reader, at);
    if (typeof length === 'string') problem = length;
    else at += length;
  }
  const interfaces = reader.interfaces.map(({ linkType, snapLength, name }) => ({
    linkType,
    snapLength,
    ...(name === undefined ? {} : { name }),
  }));
  const { packets } = reader;
  return { format: 'pcapng', interfaces, packets, ...(problem === undefined ? {} : { problem }) };
}

/** Reads the block at `at`; returns its length. */
function readBlock(reader: Reader, at: number): number | CaptureProblem {
  const { file, view } = reader;
  if (file.length - at < 12) return 'pcapng:truncated-block';
  if (view.getUint32(at) === BLOCK_SECTION) {
    if (!readByteOrder(reader, at + 8)) return 'pcapng:bad-byte-order';
    reader.sectionBase = reader.interfaces.length;
  }
  const length = view.getUint32(at + 4, reader.littleEndian);
  if (length < 12 || length % 4 !== 0) return 'pcapng:bad-block-length';
  if (length > file.length - at) return 'pcapng:truncated-block';
  const end = at + length - 4;
  switch (view.getUint32(at, reader.littleEndian)) {
    case BLOCK_INTERFACE:
      return readInterface(reader, at + 8, end) ?? length;
    case BLOCK_ENHANCED_PACKET:
      return readEnhancedPacket(reader, at + 8, end) ?? length;
    case BLOCK_SIMPLE_PACKET:
      return readSimplePacket(reader, at + 8, end) ?? length;
    default:
      return length;
  }
}

function readByteOrder(reader: Reader, at: number): boolean {
  for (const littleEndian of [true, false]) {
    if (reader.view.getUint32(at, littleEndian) !== BYTE_ORDER_MAGIC) continue;
    reader.littleEndian = littleEndian;
    return true;
  }
  return false;
}

function readInterface(reader: Reader, at: number, end: number): CaptureProblem | undefined {
  if (end - at < 8) return 'pcapng:bad-block-length';
  const options = readOptions(reader, at + 8, end);
  const name = options.get(OPTION_INTERFACE_NAME);
  const resolution = options.get(OPTION_TIME_RESOLUTION)?.[0] ?? 6;
  const power = BigInt(resolution & 0x7f);
  reader.interfaces.push({
    linkType: reader.view.getUint16(at, reader.littleEndian),
    snapLength: reader.view.getUint32(at + 4, reader.littleEndian),
    unitsPerSecond: (resolution & 0x80) !== 0 ? 2n ** power : 10n ** power,
    offsetSeconds: readOffset(reader, options.get(OPTION_TIME_OFFSET)),
    ...(name === undefined ? {} : { name: decodeUtf8(name) }),
  });
  return undefined;
}

function readOffset(reader: Reader, option: Uint8Array | undefined): bigint {
  if (option === undefined || option.length !== 8) return 0n;
  const at = option.byteOffset - reader.file.byteOffset;
  return reader.view.getBigInt64(at, reader.littleEndian);
}

function readEnhancedPacket(reader: Reader, at: number, end: number): CaptureProblem | undefined {
  if (end - at < 20) return 'pcapng:bad-block-length';
  const { view, littleEndian } = reader;
  const interfaceIndex = reader.sectionBase + view.getUint32(at, littleEndian);
  const source = reader.interfaces[interfaceIndex];
  if (source === undefined) return 'pcapng:unknown-interface';
  const captured = view.getUint32(at + 12, littleEndian);
  if (captured > CAPTURED_LENGTH_MAX) return 'pcap:packet-too-long';
  if (captured > end - at - 20) return 'pcap:truncated-packet';
  const high = BigInt(view.getUint32(at + 4, littleEndian));
  const units = (high << 32n) | BigInt(view.getUint32(at + 8, littleEndian));
  const options = readOptions(reader, at + 20 + Math.ceil(captured / 4) * 4, end);
  const direction = readDirection(reader, options.get(OPTION_FLAGS));
  const comment = options.get(OPTION_COMMENT);
  reader.packets.push({
    timeUs: Number(
      (units * 1_000_000n) / source.unitsPerSecond + source.offsetSeconds * 1_000_000n,
    ),
    bytes: reader.file.subarray(at + 20, at + 20 + captured),
    originalLength: view.getUint32(at + 16, littleEndian),
    interfaceIndex,
    ...(direction === undefined ? {} : { direction }),
    ...(comment === undefined ? {} : { comment: decodeUtf8(comment) }),
  });
  return undefined;
}

/** A simple packet has no time and belongs to the section's first interface. */
function readSimplePacket(reader: Reader, at: number, end: number): CaptureProblem | undefined {
  if (end - at < 4) return 'pcapng:bad-block-length';
  const source = reader.interfaces[reader.sectionBase];
  if (source === undefined) return 'pcapng:unknown-interface';
  const originalLength = reader.view.getUint32(at, reader.littleEndian);
  const limit = source.snapLength === 0 ? originalLength : source.snapLength;
  const captured = Math.min(originalLength, limit, end - at - 4);
  const bytes = reader.file.subarray(at + 4, at + 4 + captured);
  reader.packets.push({ timeUs: 0, bytes, originalLength, interfaceIndex: reader.sectionBase });
  return undefined;
}

/** The first option of each code; a malformed list ends early. */
function readOptions(reader: Reader, at: number, end: number): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  for (let next = at; end - next >= 4; ) {
    const code = reader.view.getUint16(next, reader.littleEndian);
    const length = reader.view.getUint16(next + 2, reader.littleEndian);
    if (code === OPTION_END || length > end - next - 4) break;
    if (!options.has(code)) options.set(code, reader.file.subarray(next + 4, next + 4 + length));
    next += 4 + Math.ceil(length / 4) * 4;
  }
  return options;
}

function readDirection(
  reader: Reader,
  option: Uint8Array | undefined,
): CaptureDirection | undefined {
  if (option === undefined || option.length !== 4) return undefined;
  const at = option.byteOffset - reader.file.byteOffset;
  const bits = reader.view.getUint32(at, reader.littleEndian) & 3;
  if (bits === 1) return 'inbound';
  return bits === 2 ? 'outbound' : undefined;
}
