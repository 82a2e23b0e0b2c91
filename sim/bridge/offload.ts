/**
 * Undoes what a sender left to hardware. A local sender on a veth pair fills in only part of a checksum, and may send
 * one segment of up to 64 KiB; a packet socket with PACKET_VNET_HDR tells both in a header of ten octets. Such frames
 * are right, not corrupt: the checksum is completed here, and large segments are cut as the card would have cut them.
 * Read linux/virtio_net.h and Linux' Documentation/networking/segmentation-offloads.rst.
 */

import { readUint16, writeUint16, writeUint32 } from '../../daemon/wire/integers.ts';
import { newFrame } from '../lan/frame-memory.ts';

/** `struct virtio_net_hdr` without the count of merged buffers. */
export const VIRTIO_HEADER_LENGTH = 10;

const FLAG_NEEDS_CHECKSUM = 1;
const GSO_NONE = 0;
const GSO_TCPV4 = 1;
const GSO_TCPV6 = 4;
const ETHERNET_HEADER = 14;
const TCP_FLAG_FIN = 0x01;
const TCP_FLAG_PSH = 0x08;

/** Frames as they belong on a wire; filled anew by each call. */
export interface OffloadedFrame {
  frames: Uint8Array[];
  /** Whether anything had been left to hardware. */
  wasOffloaded: boolean;
}

/** The frame or frames behind a virtio header; `into` is used again. */
export function undoOffload(bytes: Uint8Array, into: OffloadedFrame): OffloadedFrame {
  const flags = bytes[0] as number;
  const gso = (bytes[1] as number) & 0x7f;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const segmentSize = view.getUint16(4, true);
  const checksumStart = view.getUint16(6, true);
  const checksumOffset = view.getUint16(8, true);
  const raw = bytes.subarray(VIRTIO_HEADER_LENGTH);
  const needsChecksum = (flags & FLAG_NEEDS_CHECKSUM) !== 0;
  const isTcp = gso === GSO_TCPV4 || gso === GSO_TCPV6;
  into.wasOffloaded = needsChecksum || gso !== GSO_NONE;
  if (isTcp && needsChecksum && segmentSize > 0) {
    const cut = cutTcp(raw, { isIpv6: gso === GSO_TCPV6, segmentSize, tcpAt: checksumStart });
    if (cut !== undefined) {
      into.frames = cut;
      return into;
    }
  }
  const frame = newFrame(raw.length);
  frame.set(raw);
  if (needsChecksum) completeChecksum(frame, checksumStart, checksumOffset);
  into.frames = [frame];
  return into;
}

/** Adds everything from `start` on to the partial sum that stands in the checksum field. */
function completeChecksum(frame: Uint8Array, start: number, offset: number): void {
  const field = start + offset;
  if (field + 2 > frame.length) return;
  const sum = finish(sumOf(frame, start, frame.length));
  // A UDP checksum of 0 would mean "none".
  writeUint16(sum === 0 ? 0xffff : sum, frame, field);
}

/** The segments of one large TCP segment; `undefined` when its headers are not what the header claims. */
function cutTcp(
  raw: Uint8Array,
  shape: { readonly isIpv6: boolean; readonly segmentSize: number; readonly tcpAt: number },
): Uint8Array[] | undefined {
  const { isIpv6, segmentSize, tcpAt } = shape;
  if (tcpAt + 20 > raw.length || tcpAt < ETHERNET_HEADER + 20) return undefined;
  const payloadAt = tcpAt + (((raw[tcpAt + 12] as number) >> 4) << 2);
  if (payloadAt > raw.length || payloadAt < tcpAt + 20) return undefined;
  const frames: Uint8Array[] = [];
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const sequence = view.getUint32(tcpAt + 4);
  const identification = isIpv6 ? 0 : readUint16(raw, ETHERNET_HEADER + 4);
  for (let from = payloadAt; from < raw.length || frames.length === 0; from += segmentSize) {
    const end = Math.min(from + segmentSize, raw.length);
    const frame = newFrame(payloadAt + end - from);
    frame.set(raw.subarray(0, payloadAt));
    frame.set(raw.subarray(from, end), payloadAt);
    writeUint32((sequence + from - payloadAt) >>> 0, frame, tcpAt + 4);
    if (end < raw.length) {
      frame[tcpAt + 13] = (frame[tcpAt + 13] as number) & ~(TCP_FLAG_FIN | TCP_FLAG_PSH);
    }
    if (isIpv6) finishIpv6(frame, tcpAt);
    else finishIpv4(frame, tcpAt, (identification + frames.length) & 0xffff);
    frames.push(frame);
  }
  return frames;
}

function finishIpv4(frame: Uint8Array, tcpAt: number, identification: number): void {
  const ip = ETHERNET_HEADER;
  writeUint16(frame.length - ip, frame, ip + 2);
  writeUint16(identification, frame, ip + 4);
  writeUint16(0, frame, ip + 10);
  writeUint16(finish(sumOf(frame, ip, tcpAt)), frame, ip + 10);
  finishTcp(frame, tcpAt, sumOf(frame, ip + 12, ip + 20));
}

function finishIpv6(frame: Uint8Array, tcpAt: number): void {
  const ip = ETHERNET_HEADER;
  writeUint16(frame.length - ip - 40, frame, ip + 4);
  finishTcp(frame, tcpAt, sumOf(frame, ip + 8, ip + 40));
}

const PROTOCOL_TCP = 6;

function finishTcp(frame: Uint8Array, tcpAt: number, addresses: number): void {
  const length = frame.length - tcpAt;
  writeUint16(0, frame, tcpAt + 16);
  const sum = addresses + PROTOCOL_TCP + length + sumOf(frame, tcpAt, frame.length);
  writeUint16(finish(sum), frame, tcpAt + 16);
}

/** The plain sum of 16-bit words; an odd last octet counts as if a zero followed. */
function sumOf(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at + 1 < to; at += 2) {
    sum += ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  }
  if ((to - from) % 2 === 1) sum += (bytes[to - 1] as number) << 8;
  return sum;
}

/** Folds to 16 bits and complements. */
function finish(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x1_0000);
  return ~folded & 0xffff;
}
