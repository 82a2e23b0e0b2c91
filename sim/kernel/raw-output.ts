/**
 * IPv4 packets whose header the caller wrote (IP_HDRINCL). As Linux does, total length and checksum are filled in, source and
 * identification when they are 0. Most go the way of the last one to their destination (`output-path.ts`).
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
import {
  learnOutputPath,
  mayUse,
  type OutputPath,
  type OutputPaths,
  outputPathTo,
  sendBy,
} from './output-path.ts';
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
  const kept = keptWays(kernel, link, leavesSource);
  const path = kept === undefined ? undefined : outputPathTo(kept, destination | 0);
  if (path !== undefined && (leavesSource || path.source === (source | 0))) {
    if (sendByLastWay(kernel, path, frame, headerLength)) return undefined;
  }
  const way = routeOutput(kernel, destination, leavesSource ? undefined : source, link);
  if (typeof way === 'string') return errorOf(way);
  completeHeader(kernel, frame, headerLength, leavesSource ? (way.source as Ipv4Address) : source);
  // A packet with a header of its own is never cut (raw_send_hdrinc).
  if (!mayBeCut && way.kind !== 'local' && packet.length > way.link.mtu) {
    drop(kernel, 'ipv4:too-big');
    return 'EMSGSIZE';
  }
  const error = sendIpv4Frame(kernel, frame, way);
  if (kept !== undefined && error === undefined && path === undefined) {
    const from = leavesSource ? (way.source as Ipv4Address) : source;
    learnOutputPath(kernel, kept, way, { source: from, destination, ttl: 0 });
  }
  return error;
}

/** Two sorts of packets keep their ways: pings, which leave source and link to the host, and adverts, which name both. */
function keptWays(
  kernel: KernelState,
  link: LinkState | undefined,
  leavesSource: boolean,
): OutputPaths | undefined {
  if (link === undefined) return leavesSource ? kernel.rawPaths : undefined;
  return leavesSource ? undefined : link.rawPaths;
}

function sendByLastWay(
  kernel: KernelState,
  path: OutputPath,
  frame: Uint8Array,
  headerLength: number,
): boolean {
  if (frame.length - IP_AT > path.packetMax || !mayUse(path)) return false;
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
