/**
 * The short way of a datagram out of its socket: to the same neighbour as the last one, nothing but length, payload and
 * checksums is different, and nobody looks at it on its way (no firewall rule for output, no virtual service, no
 * AF_PACKET socket). A thousand hosts that send to one server each walk through some thirty objects for a datagram, and
 * every one of them misses the processor's cache; this way touches a third of them. A socket keeps one per
 * destination: half of all datagrams of such a LAN are the server's answers, each to another client than the last.
 * The bytes are those that `udp-sockets.ts`, `ipv4-output.ts` and `link-output.ts` write; a test compares them.
 */

import { foldSum, sumWords } from '../../daemon/wire/checksum.ts';
import { ETHERNET_HEADER_LENGTH, ETHERTYPE_IPV4 } from '../../daemon/wire/ethernet.ts';
import { writeUint16, writeUint32 } from '../../daemon/wire/integers.ts';
import { IPV4_HEADER_LENGTH, PROTOCOL_UDP } from '../../daemon/wire/ipv4.ts';
import type { Ipv4Address } from '../../daemon/wire/ipv4-address.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';
import { UDP_HEADER_LENGTH } from '../../daemon/wire/udp.ts';
import { newFrame } from '../lan/frame-memory.ts';
import type { Port } from '../lan/port.ts';
import type { LinkCounters } from './kernel-api.ts';
import type { KernelClock } from './kernel-clock.ts';
import type { KernelState } from './kernel-state.ts';
import type { NeighbourEntry } from './neighbour-state.ts';
import { pathMtuTo } from './path-mtu.ts';
import type { RouteDecision } from './route-state.ts';

const IP_AT = ETHERNET_HEADER_LENGTH;
const UDP_AT = IP_AT + IPV4_HEADER_LENGTH;
const PAYLOAD_AT = UDP_AT + UDP_HEADER_LENGTH;
const TWO_32 = 0x1_0000_0000;
/** Version and header length, "don't fragment". */
const VERSION_AND_LENGTH = 0x4500;
const DONT_FRAGMENT = 0x4000;
/** IPVS' own hook; with a second one somebody else wants to see every packet. */
const USUAL_HOOKS = 1;

/** Destinations that a socket keeps ways to; with one more all are forgotten. Far above any LAN. */
const PATHS_MAX = 16_384;

/** What a socket knows of the way to one destination; `valid` is taken away by `voidPaths`. */
export interface UdpOutputPath {
  valid: boolean;
  /** Signed, as all addresses here: larger numbers would be objects of their own. */
  destination: number;
  source: number;
  targetMacHigh: number;
  targetMacLow: number;
  ownMacHigh: number;
  ownMacLow: number;
  ttl: number;
  /** The words of both addresses, added up. */
  addresses: number;
  payloadMax: number;
  entry: NeighbourEntry;
  clock: KernelClock;
  counters: LinkCounters;
  port: Port;
}

/** The ways out of one socket: the one that was taken last, and, of more than one, all by signed destination. */
export interface UdpOutputPaths {
  lastPath: UdpOutputPath | undefined;
  paths: Map<number, UdpOutputPath> | undefined;
}

/** The way to a destination that may be taken now. */
export function outputPathTo(
  socket: UdpOutputPaths,
  destination: number,
): UdpOutputPath | undefined {
  let path = socket.lastPath;
  if (path?.destination !== destination) {
    path = socket.paths?.get(destination);
    if (path !== undefined) socket.lastPath = path;
  }
  return path?.valid === true ? path : undefined;
}

/** Sends a datagram by the path; `false`, and nothing done, when this one needs a decision. */
export function sendByPath(path: UdpOutputPath, ports: number, payload: Uint8Array): boolean {
  const { length } = payload;
  if (length > path.payloadMax || !mayUse(path)) return false;
  const frame = newFrame(PAYLOAD_AT + length);
  writeEthernet(path, frame);
  writeIpv4Header(path, frame);
  writeUint32(ports, frame, UDP_AT);
  writeUint16(UDP_HEADER_LENGTH + length, frame, UDP_AT + 4);
  frame.set(payload, PAYLOAD_AT);
  const sum = path.addresses + PROTOCOL_UDP + UDP_HEADER_LENGTH + length;
  // 0 would say "no checksum"; 0xffff is the same number in one's complement (RFC 768).
  const checksum = foldSum(sumWords(frame, UDP_AT, UDP_HEADER_LENGTH + length, sum)) ^ 0xffff;
  writeUint16(checksum || 0xffff, frame, UDP_AT + 6);
  path.counters.txPackets++;
  path.counters.txBytes += frame.length;
  path.port.send(frame);
  return true;
}

/**
 * Whether the neighbour's MAC may be used as it stands. What is being asked for again notes each use, as in
 * `sendToNeighbour`; a STALE entry begins to ask by its use, which is a decision.
 */
function mayUse({ entry, clock }: UdpOutputPath): boolean {
  const { state } = entry;
  if (state === 'REACHABLE' || state === 'PERMANENT' || state === 'NOARP') return true;
  if (state !== 'DELAY' && state !== 'PROBE') return false;
  entry.used = clock.jiffies;
  return true;
}

/** Keeps the way of a datagram that has just gone the long one, unless every datagram needs its decisions. */
export function learnOutputPath(
  kernel: KernelState,
  socket: UdpOutputPaths,
  way: RouteDecision,
  datagram: {
    readonly source: Ipv4Address;
    readonly destination: Ipv4Address;
    readonly ttl: number;
  },
): void {
  const { link, neighbour: entry } = way;
  if (way.kind !== 'unicast' || entry === undefined || entry.dead || link.port === undefined)
    return;
  if (kernel.sockets.packet.length > 0 || kernel.firewall.counts.output > 0) return;
  if (kernel.firewall.counts['output-mark'] > 0) return;
  if ((kernel.ipvs?.servicesOfIpv4 ?? 0) > 0 || kernel.outputHooks.length > USUAL_HOOKS) return;
  if (!link.up || !link.carrier || kernel.halted) return;
  const { source, destination, ttl } = datagram;
  const path: UdpOutputPath = {
    valid: true,
    destination: destination | 0,
    source: source | 0,
    targetMacHigh: highOf(entry.mac),
    targetMacLow: entry.mac | 0,
    ownMacHigh: highOf(link.mac),
    ownMacLow: link.mac | 0,
    ttl,
    addresses: (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff),
    payloadMax: pathMtuTo(kernel, destination, link) - IPV4_HEADER_LENGTH - UDP_HEADER_LENGTH,
    entry,
    clock: kernel.clock,
    counters: link.counters,
    port: link.port,
  };
  keep(socket, path);
  kernel.validPaths.push(path);
}

/** Most sockets send to one destination and need no table. */
function keep(socket: UdpOutputPaths, path: UdpOutputPath): void {
  const { lastPath } = socket;
  socket.lastPath = path;
  if (lastPath === undefined) return;
  if (socket.paths === undefined) {
    if (lastPath.destination === path.destination) return;
    socket.paths = new Map([[lastPath.destination, lastPath]]);
  }
  if (socket.paths.size >= PATHS_MAX) socket.paths.clear();
  socket.paths.set(path.destination, path);
}

function writeEthernet(path: UdpOutputPath, frame: Uint8Array): void {
  writeUint16(path.targetMacHigh, frame, 0);
  writeUint32(path.targetMacLow, frame, 2);
  writeUint16(path.ownMacHigh, frame, 6);
  writeUint32(path.ownMacLow, frame, 8);
  writeUint16(ETHERTYPE_IPV4, frame, 12);
}

/** Identification and type of service are 0, as for every datagram that must not be cut. */
function writeIpv4Header(path: UdpOutputPath, frame: Uint8Array): void {
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

function highOf(mac: MacAddress): number {
  return Math.floor(mac / TWO_32);
}
