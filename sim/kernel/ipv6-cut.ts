/**
 * IPv6 packets that are too big for the way leave their sender in pieces; no router cuts one. Each piece has the headers that
 * every hop looks at (the fixed one, hop-by-hop options, routing) and a fragment header in front of its part of the rest.
 * Source: net/ipv6/ip6_output.c (ip6_fragment, ip6_find_1stfragopt), RFC 8200 section 4.5.
 */

import { ETHERNET_HEADER_LENGTH } from '../../daemon/wire/ethernet.ts';
import { writeUint16 } from '../../daemon/wire/integers.ts';
import {
  encodeFragmentHeader,
  findUnfragmentable,
  IPV6_HEADER_LENGTH,
  NEXT_HEADER_FRAGMENT,
} from '../../daemon/wire/ipv6.ts';
import { newFrame } from '../lan/frame-memory.ts';
import { type Cut, keptLengths } from './gathered-packet.ts';

const IP_AT = ETHERNET_HEADER_LENGTH;
const PAYLOAD_LENGTH_AT = 4;
const FRAGMENT_HEADER_LENGTH = 8;

/** Cuts the packet at 14, the first piece first; none when not even eight octets fit behind the headers. */
export function cutIpv6(
  frame: Uint8Array,
  { mtu, pieceLengths }: Cut,
  identification: number,
): Uint8Array[] {
  const { nextHeaderAt, end: restAt } = findUnfragmentable(frame, IP_AT);
  const nextHeader = frame[nextHeaderAt] as number;
  const dataAt = restAt + FRAGMENT_HEADER_LENGTH;
  const room = Math.floor((mtu - (dataAt - IP_AT)) / 8) * 8;
  if (room <= 0) return [];
  const kept = keptLengths(frame.length - restAt, mtu - (dataAt - IP_AT), pieceLengths);
  const pieces: Uint8Array[] = [];
  for (let from = restAt; from < frame.length; ) {
    const to = Math.min(from + (kept?.[pieces.length] ?? room), frame.length);
    const piece = newFrame(dataAt + to - from);
    piece.set(frame.subarray(IP_AT, restAt), IP_AT);
    piece.set(frame.subarray(from, to), dataAt);
    piece[nextHeaderAt] = NEXT_HEADER_FRAGMENT;
    const payloadLength = piece.length - IP_AT - IPV6_HEADER_LENGTH;
    writeUint16(payloadLength, piece, IP_AT + PAYLOAD_LENGTH_AT);
    const offset = from - restAt;
    encodeFragmentHeader(
      { nextHeader, offset, more: to < frame.length, identification },
      piece,
      restAt,
    );
    pieces.push(piece);
    from = to;
  }
  return pieces;
}
