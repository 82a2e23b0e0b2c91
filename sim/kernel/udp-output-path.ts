/**
 * The short way of a datagram out of its socket: to the same neighbour as the last one, nothing but length, payload and
 * checksums is different (`output-path.ts`). A thousand hosts that send to one server each walk through some thirty objects for
 * a datagram, and every one of them misses the processor's cache; this way touches a third of them. A socket keeps one per
 * destination: half of all datagrams of such a LAN are the server's answers, each to another client than the last.
 * The bytes are those that `udp-sockets.ts`, `ipv4-output.ts` and `link-output.ts` write; a test compares them.
 */

import { foldSum, sumWords } from '../../daemon/wire/checksum.ts';
import { ETHERNET_HEADER_LENGTH } from '../../daemon/wire/ethernet.ts';
import { writeUint16, writeUint32 } from '../../daemon/wire/integers.ts';
import { IPV4_HEADER_LENGTH, PROTOCOL_UDP } from '../../daemon/wire/ipv4.ts';
import { UDP_HEADER_LENGTH } from '../../daemon/wire/udp.ts';
import { newFrame } from '../lan/frame-memory.ts';
import { mayUse, type OutputPath, sendBy } from './output-path.ts';

const IP_AT = ETHERNET_HEADER_LENGTH;
const UDP_AT = IP_AT + IPV4_HEADER_LENGTH;
const PAYLOAD_AT = UDP_AT + UDP_HEADER_LENGTH;
/** Version and header length, "don't fragment". */
const VERSION_AND_LENGTH = 0x4500;
const DONT_FRAGMENT = 0x4000;

/** Sends a datagram by the path; `false`, and nothing done, when this one needs a decision. */
export function sendByPath(path: OutputPath, ports: number, payload: Uint8Array): boolean {
  const { length } = payload;
  const frameLength = PAYLOAD_AT + length;
  if (frameLength - IP_AT > path.packetMax || !mayUse(path)) return false;
  const frame = newFrame(frameLength);
  writeIpv4Header(path, frame);
  writeUint32(ports, frame, UDP_AT);
  writeUint16(UDP_HEADER_LENGTH + length, frame, UDP_AT + 4);
  frame.set(payload, PAYLOAD_AT);
  const sum = path.addresses + PROTOCOL_UDP + UDP_HEADER_LENGTH + length;
  // 0 would say "no checksum"; 0xffff is the same number in one's complement (RFC 768).
  const checksum = foldSum(sumWords(frame, UDP_AT, UDP_HEADER_LENGTH + length, sum)) ^ 0xffff;
  writeUint16(checksum || 0xffff, frame, UDP_AT + 6);
  sendBy(path, frame);
  return true;
}

/** Identification and type of service are 0, as for every datagram that must not be cut. */
function writeIpv4Header(path: OutputPath, frame: Uint8Array): void {
  const totalLength = frame.length - IP_AT;
  const ttlAndProtocol = (path.ttl << 8) | PROTOCOL_UDP;
  const sum = VERSION_AND_LENGTH + totalLength + DONT_FRAGMENT + ttlAndProtocol + path.addresses;
  writeUint16(VERSION_AND_LENGTH, frame, IP_AT);
  writeUint16(totalLength, frame, IP_AT + 2);
  writeUint16(DONT_FRAGMENT, frame, IP_AT + 6);
  writeUint16(ttlAndProtocol, frame, IP_AT + 8);
  writeUint16(foldSum(sum) ^ 0xffff, frame, IP_AT + 10);
  writeUint32(path.source, frame, IP_AT + 12);
  writeUint32(path.destination, frame, IP_AT + 16);
}
