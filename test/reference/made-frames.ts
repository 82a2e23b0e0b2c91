/** Ethernet frames with a TCP segment or a UDP datagram, for directors that are played alone. */

import { internetChecksum, pseudoHeaderSumV4 } from '../../daemon/wire/checksum.ts';
import { writeUint16, writeUint32 } from '../../daemon/wire/integers.ts';
import { parseIp } from '../../daemon/wire/ip-address.ts';
import {
  encodeIpv4Header,
  NO_OPTIONS,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from '../../daemon/wire/ipv4.ts';
import type { Ipv4Address } from '../../daemon/wire/ipv4-address.ts';

const PAYLOAD_AT = 34;

/** A segment without payload; ends are `address:port`. */
export function tcpFrame(
  sourceMac: string,
  destinationMac: string,
  from: string,
  to: string,
  flags: number,
): Uint8Array {
  const frame = packetFrame(sourceMac, destinationMac, {
    from,
    to,
    protocol: PROTOCOL_TCP,
    length: 20,
  });
  writeUint32(1000, frame, PAYLOAD_AT + 4);
  writeUint32(2000, frame, PAYLOAD_AT + 8);
  frame[PAYLOAD_AT + 12] = 0x50;
  frame[PAYLOAD_AT + 13] = flags;
  writeUint16(0xffff, frame, PAYLOAD_AT + 14);
  return withSum(frame, PROTOCOL_TCP, 16);
}

/** An empty datagram. */
export function udpFrame(
  sourceMac: string,
  destinationMac: string,
  from: string,
  to: string,
): Uint8Array {
  const frame = packetFrame(sourceMac, destinationMac, {
    from,
    to,
    protocol: PROTOCOL_UDP,
    length: 8,
  });
  writeUint16(8, frame, PAYLOAD_AT + 4);
  return withSum(frame, PROTOCOL_UDP, 6);
}

function packetFrame(
  sourceMac: string,
  destinationMac: string,
  packet: {
    readonly from: string;
    readonly to: string;
    readonly protocol: number;
    readonly length: number;
  },
): Uint8Array {
  const frame = new Uint8Array(PAYLOAD_AT + packet.length);
  const mac = (text: string) => text.split(':').map((part) => Number.parseInt(part, 16));
  frame.set([...mac(destinationMac), ...mac(sourceMac), 0x08, 0x00]);
  const [source = '', sourcePort] = packet.from.split(':');
  const [destination = '', destinationPort] = packet.to.split(':');
  encodeIpv4Header(
    {
      tos: 0,
      totalLength: frame.length - 14,
      identification: 1,
      flags: 2,
      fragmentOffset: 0,
      ttl: 64,
      protocol: packet.protocol,
      source: parseIp(source) as Ipv4Address,
      destination: parseIp(destination) as Ipv4Address,
      options: NO_OPTIONS,
    },
    frame,
    14,
  );
  writeUint16(Number(sourcePort), frame, PAYLOAD_AT);
  writeUint16(Number(destinationPort), frame, PAYLOAD_AT + 2);
  return frame;
}

function withSum(frame: Uint8Array, protocol: number, at: number): Uint8Array {
  const view = new DataView(frame.buffer);
  const length = frame.length - PAYLOAD_AT;
  const pseudo = pseudoHeaderSumV4({
    source: view.getUint32(26) as Ipv4Address,
    destination: view.getUint32(30) as Ipv4Address,
    protocol,
    length,
  });
  writeUint16(internetChecksum(frame, PAYLOAD_AT, length, pseudo), frame, PAYLOAD_AT + at);
  return frame;
}
