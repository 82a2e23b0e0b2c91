/**
 * IPv4 packets whose header the caller wrote (IP_HDRINCL). As Linux does, total length and checksum are filled in, source and
 * identification when they are 0. A packet that leaves the source to the host goes the way of the last one to its destination
 * (`output-path.ts`): pings of a scenario's traffic do.
 */

import { internetChecksum } from '../../daemon/wire/checksum.ts';
import { ETHERNET_HEADER_LENGTH } from '../../daemon/wire/ethernet.ts';
import { writeUint16, writeUint32 } from '../../daemon/wire/integers.ts';
import {
  IPV4_HEADER_LENGTH,
  ipv4HeaderLength,
  readIpv4Destination,
  readIpv4Identification,
  readIpv4Source,
} from '../../daemon/wire/ipv4.ts';
import { ANY_IPV4, type Ipv4Address } from '../../daemon/wire/ipv4-address.ts';
import { newFrame } from '../lan/frame-memory.ts';
import { errorOf, sendIpv4Frame, takeIdentification } from './ipv4-output.ts';
import { drop, type KernelState, type LinkState } from './kernel-state.ts';
import { learnOutputPath, mayUse, outputPathTo, sendBy } from './output-path.ts';
import { routeOutput } from './route-lookup.ts';
import type { SocketError } from './socket-api.ts';

const IP_AT = ETHERNET_HEADER_LENGTH;

/** Sends such a packet, through `link` if that is given. The packet is copied. */
export function sendRawIpv4(
  kernel: KernelState,
  packet: Uint8Array,
  link: LinkState | undefined,
  mayBeCut: boolean,
): SocketError | undefined {
  if (packet.length < IPV4_HEADER_LENGTH) return 'EINVAL';
  const headerLength = ipv4HeaderLength(packet, 0);
  if (headerLength < IPV4_HEADER_LENGTH || headerLength > packet.length) return 'EINVAL';
  const frame = newFrame(IP_AT + packet.length);
  frame.set(packet, IP_AT);
  if (link !== undefined && !link.up) return 'ENETUNREACH';
  const source = readIpv4Source(frame, IP_AT);
  const destination = readIpv4Destination(frame, IP_AT);
  const leavesSource = source === ANY_IPV4;
  const isUsual = leavesSource && link === undefined;
  if (isUsual && sendByLastWay(kernel, frame, headerLength, destination | 0)) return undefined;
  const way = routeOutput(kernel, destination, leavesSource ? undefined : source, link);
  if (typeof way === 'string') return errorOf(way);
  completeHeader(kernel, frame, headerLength, leavesSource ? (way.source as Ipv4Address) : source);
  // A packet with a header of its own is never cut (raw_send_hdrinc).
  if (!mayBeCut && way.kind !== 'local' && packet.length > way.link.mtu) {
    drop(kernel, 'ipv4:too-big');
    return 'EMSGSIZE';
  }
  const error = sendIpv4Frame(kernel, frame, way);
  if (isUsual && error === undefined) {
    const ends = { source: way.source as Ipv4Address, destination, ttl: 0 };
    learnOutputPath(kernel, kernel.rawPaths, way, ends);
  }
  return error;
}

function sendByLastWay(
  kernel: KernelState,
  frame: Uint8Array,
  headerLength: number,
  destination: number,
): boolean {
  const path = outputPathTo(kernel.rawPaths, destination);
  if (path === undefined || frame.length - IP_AT > path.packetMax || !mayUse(path)) return false;
  completeHeader(kernel, frame, headerLength, path.source);
  sendBy(path, frame);
  return true;
}

function completeHeader(
  kernel: KernelState,
  frame: Uint8Array,
  headerLength: number,
  source: number,
): void {
  writeUint32(source, frame, IP_AT + 12);
  writeUint16(frame.length - IP_AT, frame, IP_AT + 2);
  if (readIpv4Identification(frame, IP_AT) === 0) {
    writeUint16(takeIdentification(kernel), frame, IP_AT + 4);
  }
  writeUint16(0, frame, IP_AT + 10);
  writeUint16(internetChecksum(frame, IP_AT, headerLength), frame, IP_AT + 10);
}
