/** Frames by hand, of both families: a TCP segment without payload, an empty datagram. */

import { internetChecksum } from '../../../../daemon/wire/checksum.ts';
import { tcpFrame, udpFrame } from '../../made-frames.ts';

/** Ends are `address:port`, IPv6 addresses in brackets. */
export interface Segment {
  readonly from: string;
  readonly to: string;
  readonly flags: number;
  readonly protocol: 'tcp' | 'udp';
}

const HEADER_LENGTH = 40;
const PAYLOAD_AT = 14 + HEADER_LENGTH;
const PSEUDO_LENGTH = 40;

/** The whole frame. */
export function made(sourceMac: string, destinationMac: string, segment: Segment): Uint8Array {
  const { from, to, flags, protocol } = segment;
  if (from.startsWith('[')) return madeV6(sourceMac, destinationMac, segment);
  if (protocol === 'udp') return udpFrame(sourceMac, destinationMac, from, to);
  return tcpFrame(sourceMac, destinationMac, from, to, flags);
}

function madeV6(sourceMac: string, destinationMac: string, segment: Segment): Uint8Array {
  const { from, to, flags, protocol } = segment;
  const length = protocol === 'tcp' ? 20 : 8;
  const frame = Buffer.alloc(PAYLOAD_AT + length);
  for (const [place, mac] of [destinationMac, sourceMac].entries()) {
    Buffer.from(mac.replaceAll(':', ''), 'hex').copy(frame, place * 6);
  }
  frame.writeUInt16BE(0x86dd, 12);
  frame[14] = 0x60;
  frame.writeUInt16BE(length, 18);
  frame[20] = protocol === 'tcp' ? 6 : 17;
  frame[21] = 64;
  for (const [place, end] of [from, to].entries()) {
    const [, address = '', port] = /^\[(.*)\]:(\d+)$/.exec(end) ?? [];
    bytesOf(address).copy(frame, 22 + place * 16);
    frame.writeUInt16BE(Number(port), PAYLOAD_AT + place * 2);
  }
  if (protocol === 'tcp') {
    frame.writeUInt32BE(1000, PAYLOAD_AT + 4);
    frame.writeUInt32BE(2000, PAYLOAD_AT + 8);
    frame[PAYLOAD_AT + 12] = 0x50;
    frame[PAYLOAD_AT + 13] = flags;
    frame.writeUInt16BE(0xffff, PAYLOAD_AT + 14);
  } else frame.writeUInt16BE(length, PAYLOAD_AT + 4);
  const summed = Buffer.alloc(PSEUDO_LENGTH + length);
  frame.copy(summed, 0, 22, PAYLOAD_AT);
  summed.writeUInt32BE(length, 32);
  summed[39] = frame[20] ?? 0;
  frame.copy(summed, PSEUDO_LENGTH, PAYLOAD_AT);
  const sum = internetChecksum(summed, 0, summed.length, 0);
  frame.writeUInt16BE(sum, PAYLOAD_AT + (protocol === 'tcp' ? 16 : 6));
  return frame;
}

/** Sixteen bytes of an address with at most one `::`. */
function bytesOf(address: string): Buffer {
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => text.split(':').filter((group) => group !== '');
  const before = groups(head);
  const after = groups(tail ?? '');
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  const all = [...before, ...zeros, ...after].map((group) => group.padStart(4, '0'));
  return Buffer.from(all.join(''), 'hex');
}
