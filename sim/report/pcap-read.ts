/**
 * Captures in bytes to packets: classic pcap and pcapng, either byte order, microseconds or
 * nanoseconds.
 *
 * Pure: the file was read by somebody else, and unpacked if it was compressed. What is cut off or
 * malformed ends the packets with a `problem`; all that came before is kept, as tcpdump does. Read
 * draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng.
 */

import {
  CAPTURED_LENGTH_MAX,
  type CapturedPacket,
  type CaptureFile,
  type CaptureProblem,
} from './capture-file.ts';
import { readPcapng } from './pcapng-read.ts';

const GLOBAL_HEADER_LENGTH = 24;
const RECORD_HEADER_LENGTH = 16;
const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;
const MAGIC_PCAPNG = 0x0a0d0d0a;

/** All packets of a capture file. Fails: never; `problem` says what was wrong. */
export function readCapture(file: Uint8Array): CaptureFile {
  if (file.length < 4) return noCapture();
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint32(0) === MAGIC_PCAPNG) return readPcapng(file, view);
  for (const littleEndian of [true, false]) {
    const magic = view.getUint32(0, littleEndian);
    if (magic === MAGIC_MICROSECONDS || magic === MAGIC_NANOSECONDS) {
      return readClassic(file, view, { littleEndian, nanoseconds: magic === MAGIC_NANOSECONDS });
    }
  }
  return noCapture();
}

function noCapture(): CaptureFile {
  return { format: 'pcap', interfaces: [], packets: [], problem: 'pcap:not-a-capture' };
}

interface ClassicShape {
  readonly littleEndian: boolean;
  readonly nanoseconds: boolean;
}

function readClassic(file: Uint8Array, view: DataView, shape: ClassicShape): CaptureFile {
  if (file.length < GLOBAL_HEADER_LENGTH) {
    return { format: 'pcap', interfaces: [], packets: [], problem: 'pcap:truncated-header' };
  }
  // The upper bits of the last word hold the length of a frame check sequence, not the link type.
  const linkType = view.getUint32(20, shape.littleEndian) & 0x0fff_ffff;
  const interfaces = [{ linkType, snapLength: view.getUint32(16, shape.littleEndian) }];
  const packets: CapturedPacket[] = [];
  let at = GLOBAL_HEADER_LENGTH;
  while (at < file.length) {
    const packet = readRecord(file, view, at, shape);
    if (typeof packet === 'string') return { format: 'pcap', interfaces, packets, problem: packet };
    packets.push(packet);
    at += RECORD_HEADER_LENGTH + packet.bytes.length;
  }
  return { format: 'pcap', interfaces, packets };
}

function readRecord(
  file: Uint8Array,
  view: DataView,
  at: number,
  shape: ClassicShape,
): CapturedPacket | CaptureProblem {
  if (file.length - at < RECORD_HEADER_LENGTH) return 'pcap:truncated-packet';
  const captured = view.getUint32(at + 8, shape.littleEndian);
  if (captured > CAPTURED_LENGTH_MAX) return 'pcap:packet-too-long';
  const from = at + RECORD_HEADER_LENGTH;
  if (file.length - from < captured) return 'pcap:truncated-packet';
  const seconds = view.getUint32(at, shape.littleEndian);
  const fraction = view.getUint32(at + 4, shape.littleEndian);
  return {
    timeUs: seconds * 1_000_000 + (shape.nanoseconds ? Math.floor(fraction / 1000) : fraction),
    bytes: file.subarray(from, from + captured),
    originalLength: view.getUint32(at + 12, shape.littleEndian),
    interfaceIndex: 0,
  };
}
