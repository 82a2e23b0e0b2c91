/**
 * IPv4 packets that are too big for a link and may be cut (no DF) leave in pieces: by the host that made them, by a router, by
 * a director. Each piece has the header of the whole; options that are not to be copied become no-operations in all but the first.
 * Source: net/ipv4/ip_output.c (ip_do_fragment), ip_options.c (ip_options_fragment), RFC 791 section 3.2.
 */

import { internetChecksum } from '../../daemon/wire/checksum.ts';
import { ETHERNET_HEADER_LENGTH } from '../../daemon/wire/ethernet.ts';
import { readUint16, writeUint16 } from '../../daemon/wire/integers.ts';
import { ipv4HeaderLength } from '../../daemon/wire/ipv4.ts';
import { newFrame } from '../lan/frame-memory.ts';
import { type Cut, keptLengths } from './gathered-packet.ts';

const IP_AT = ETHERNET_HEADER_LENGTH;
const TOTAL_LENGTH_AT = 2;
const FLAGS_AT = 6;
const CHECKSUM_AT = 10;
const OPTIONS_AT = 20;
const MORE_FRAGMENTS = 0x2000;
const OFFSET_MASK = 0x1fff;
const OPTION_END = 0;
const OPTION_NOOP = 1;
const OPTION_COPIED = 0x80;

/** Cuts the packet at 14, the first piece first. */
export function cutIpv4(frame: Uint8Array, { mtu, pieceLengths }: Cut): Uint8Array[] {
  const headerLength = ipv4HeaderLength(frame, IP_AT);
  const dataAt = IP_AT + headerLength;
  const field = readUint16(frame, IP_AT + FLAGS_AT);
  const room = Math.floor((mtu - headerLength) / 8) * 8;
  if (room <= 0) return [];
  const pieces: Uint8Array[] = [];
  const kept = keptLengths(frame.length - dataAt, mtu - headerLength, pieceLengths);
  for (let from = dataAt; from < frame.length; ) {
    const to = Math.min(from + (kept?.[pieces.length] ?? room), frame.length);
    const isLast = to === frame.length;
    const piece = newFrame(dataAt + to - from);
    piece.set(frame.subarray(IP_AT, dataAt), IP_AT);
    piece.set(frame.subarray(from, to), dataAt);
    if (from > dataAt) blankOptions(piece, dataAt);
    const offset = (field & OFFSET_MASK) + (from - dataAt) / 8;
    const more = isLast ? field & MORE_FRAGMENTS : MORE_FRAGMENTS;
    writeUint16(piece.length - IP_AT, piece, IP_AT + TOTAL_LENGTH_AT);
    writeUint16(more | offset, piece, IP_AT + FLAGS_AT);
    writeUint16(0, piece, IP_AT + CHECKSUM_AT);
    writeUint16(internetChecksum(piece, IP_AT, headerLength), piece, IP_AT + CHECKSUM_AT);
    pieces.push(piece);
    from = to;
  }
  return pieces;
}

function blankOptions(piece: Uint8Array, end: number): void {
  let at = IP_AT + OPTIONS_AT;
  while (at < end) {
    const kind = piece[at] as number;
    if (kind === OPTION_END) return;
    const length = kind === OPTION_NOOP ? 1 : (piece[at + 1] ?? 0);
    if (length < 1 || at + length > end) return;
    if ((kind & OPTION_COPIED) === 0) piece.fill(OPTION_NOOP, at, at + length);
    at += length;
  }
}
