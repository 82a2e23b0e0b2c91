/**
 * The short way of a packet out of a host: what was decided for the last one to the same destination holds for the next, and
 * nobody looks at it on its way (no firewall rule for output, no virtual service, no AF_PACKET socket). UDP sockets, answers to
 * pings and raw packets keep such ways: `udp-output-path.ts`, `echo-path.ts`, `raw-output.ts`.
 * Whatever a way stands on calls `voidPaths` when it changes.
 */

import { ETHERNET_HEADER_LENGTH, ETHERTYPE_IPV4 } from '../../daemon/wire/ethernet.ts';
import { writeUint16, writeUint32 } from '../../daemon/wire/integers.ts';
import type { Ipv4Address } from '../../daemon/wire/ipv4-address.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';
import type { Port } from '../lan/port.ts';
import type { LinkCounters } from './kernel-api.ts';
import type { KernelClock } from './kernel-clock.ts';
import type { KernelState } from './kernel-state.ts';
import type { NeighbourEntry } from './neighbour-state.ts';
import { pathMtuTo } from './path-mtu.ts';
import type { RouteDecision } from './route-state.ts';

const IP_AT = ETHERNET_HEADER_LENGTH;
const TWO_32 = 0x1_0000_0000;
/** IPVS' own hook; with a second one somebody else wants to see every packet. */
const USUAL_HOOKS = 1;

/** Destinations that ways are kept to; with one more all are forgotten. Far above any LAN. */
const PATHS_MAX = 16_384;

/** The way to one destination; `valid` is taken away by `voidPaths`. */
export interface OutputPath {
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
  /** Octets of the longest packet that goes it whole. */
  packetMax: number;
  entry: NeighbourEntry;
  clock: KernelClock;
  counters: LinkCounters;
  port: Port;
}

/** Ways out: the one that was taken last, and, of more than one, all by signed destination. */
export interface OutputPaths {
  lastPath: OutputPath | undefined;
  paths: Map<number, OutputPath> | undefined;
}

/** The way to a destination that may be taken now. */
export function outputPathTo(kept: OutputPaths, destination: number): OutputPath | undefined {
  let path = kept.lastPath;
  if (path?.destination !== destination) {
    path = kept.paths?.get(destination);
    if (path !== undefined) kept.lastPath = path;
  }
  return path?.valid === true ? path : undefined;
}

/**
 * Whether the neighbour's MAC may be used as it stands. What is being asked for again notes each use, as in
 * `sendToNeighbour`; a STALE entry begins to ask by its use, which is a decision.
 */
export function mayUse({ entry, clock }: OutputPath): boolean {
  const { state } = entry;
  if (state === 'REACHABLE' || state === 'PERMANENT' || state === 'NOARP') return true;
  if (state !== 'DELAY' && state !== 'PROBE') return false;
  entry.used = clock.jiffies;
  return true;
}

/** Writes the Ethernet header of a frame whose packet is complete, and sends it. */
export function sendBy(path: OutputPath, frame: Uint8Array): void {
  writeUint16(path.targetMacHigh, frame, 0);
  writeUint32(path.targetMacLow, frame, 2);
  writeUint16(path.ownMacHigh, frame, 6);
  writeUint32(path.ownMacLow, frame, 8);
  writeUint16(ETHERTYPE_IPV4, frame, IP_AT - 2);
  path.counters.txPackets++;
  path.counters.txBytes += frame.length;
  path.port.send(frame);
}

/** Keeps the way of a packet that has just gone the long one, unless every packet needs its decisions. */
export function learnOutputPath(
  kernel: KernelState,
  kept: OutputPaths,
  way: RouteDecision,
  packet: { readonly source: Ipv4Address; readonly destination: Ipv4Address; readonly ttl: number },
): void {
  const { source, destination, ttl } = packet;
  if (outputPathTo(kept, destination | 0) !== undefined) return;
  const { link, neighbour: entry } = way;
  if (way.kind !== 'unicast' && way.kind !== 'multicast') return;
  if (entry === undefined || entry.dead || link.port === undefined) return;
  if (kernel.sockets.packet.length > 0 || kernel.firewall.counts.output > 0) return;
  if (kernel.firewall.counts['output-mark'] > 0) return;
  if ((kernel.ipvs?.servicesOfIpv4 ?? 0) > 0 || kernel.outputHooks.length > USUAL_HOOKS) return;
  if (!link.up || !link.carrier || kernel.halted) return;
  const path: OutputPath = {
    valid: true,
    destination: destination | 0,
    source: source | 0,
    targetMacHigh: highOf(entry.mac),
    targetMacLow: entry.mac | 0,
    ownMacHigh: highOf(link.mac),
    ownMacLow: link.mac | 0,
    ttl,
    addresses: (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff),
    packetMax: pathMtuTo(kernel, destination, link),
    entry,
    clock: kernel.clock,
    counters: link.counters,
    port: link.port,
  };
  keep(kept, path);
  kernel.validPaths.push(path);
}

/** Most send to one destination and need no table. */
function keep(kept: OutputPaths, path: OutputPath): void {
  const { lastPath } = kept;
  kept.lastPath = path;
  if (lastPath === undefined) return;
  if (kept.paths === undefined) {
    if (lastPath.destination === path.destination) return;
    kept.paths = new Map([[lastPath.destination, lastPath]]);
  }
  if (kept.paths.size >= PATHS_MAX) kept.paths.clear();
  kept.paths.set(path.destination, path);
}

function highOf(mac: MacAddress): number {
  return Math.floor(mac / TWO_32);
}
