/**
 * The short way of a packet into a host: what `link-input.ts` and `ipv4-input.ts` decided for the last packet of the
 * same kind holds for the next one, until something changes that they look at. On a LAN of hundreds of hosts the
 * decisions themselves cost little, but each looks at an object of its own, and none of those is in the processor's
 * cache; here all of them are one object per link and kind (to this host, to a group).
 *
 * A path is learned only where nothing but destination and source decides: no AF_PACKET socket, no link above this
 * one, no firewall rule for input, no virtual service. The source must be somebody else. Whoever changes what a path
 * stands on calls `voidPaths`; a path of an earlier generation is dead.
 */

import { ETHERNET_HEADER_LENGTH } from '../../daemon/wire/ethernet.ts';
import { ALL_SYSTEMS_GROUP } from '../../daemon/wire/igmp.ts';
import { PROTOCOL_ICMP, PROTOCOL_IGMP, PROTOCOL_UDP, readIpv4Ttl } from '../../daemon/wire/ipv4.ts';
import { ipv4FromNumber } from '../../daemon/wire/ipv4-address.ts';
import {
  checkUdp,
  readDestinationPort,
  readSourcePort,
  readUdpLength,
  UDP_HEADER_LENGTH,
} from '../../daemon/wire/udp.ts';
import { receiveEchoByPath } from './echo-path.ts';
import type { FrameFacts } from './frame-facts.ts';
import { isJoinedOn } from './group-machine.ts';
import { IGMP } from './igmp-host.ts';
import { deliverToProtocol } from './ipv4-input.ts';
import type { LinkCounters } from './kernel-api.ts';
import { drop, type KernelState, type LinkState, type PacketType } from './kernel-state.ts';
import { socketsFor } from './raw-sockets.ts';
import { recallInput } from './route-memo.ts';
import type { ArpPath, InputPath } from './route-state.ts';
import type { UdpOptions } from './socket-api.ts';
import { socketFor } from './udp-sockets.ts';

const IP_AT = ETHERNET_HEADER_LENGTH;
/** IPVS' own hook; with a second one somebody else wants to see every packet. */
const USUAL_HOOKS = 1;
const LOOPBACK_OCTET = 127;

/** Where frames come in, with what every one of them needs at hand (`network-card.ts`). */
export interface Card {
  readonly kernel: KernelState;
  readonly link: LinkState;
  readonly name: string;
  readonly hostPath: InputPath;
  readonly groupPath: InputPath;
  readonly arpPath: ArpPath;
  readonly counters: LinkCounters;
}

/** Hands a frame up by the path of its kind; `false`, and nothing done, when there is none. */
export function receiveByPath(card: Card, facts: FrameFacts): boolean {
  const path = (facts.macHigh & 0x100) === 0 ? card.hostPath : card.groupPath;
  if (
    !path.valid ||
    path.destination !== facts.destination ||
    path.macLow !== facts.macLow ||
    path.macHigh !== facts.macHigh ||
    path.protocol !== facts.protocol ||
    path.ownFirst === facts.source ||
    path.ownSecond === facts.source ||
    (path.ownMore && card.kernel.localAddresses.has(ipv4FromNumber(facts.source)))
  ) {
    return false;
  }
  const frame = facts.frame as Uint8Array;
  const { counters } = card;
  counters.rxPackets++;
  counters.rxBytes += frame.length;
  const { sockets } = path;
  const { name } = card;
  for (let i = 0; i < sockets.length; i++) sockets[i]?.options.onPacket(frame, IP_AT, name);
  if (path.endsAtSockets) return true;
  if (path.protocol === PROTOCOL_UDP && !path.toGroup) {
    receiveDatagram(card, path, facts);
  } else if (
    path.protocol !== PROTOCOL_ICMP ||
    path.toGroup ||
    !receiveEchoByPath(card.kernel, facts)
  ) {
    deliverToProtocol(card.kernel, card.link, {
      bytes: frame,
      at: IP_AT,
      toGroup: path.toGroup,
      heard: sockets.length > 0,
    });
  }
  return true;
}

/** A datagram for one socket, which is the last one's if the port is. */
function receiveDatagram(card: Card, path: InputPath, facts: FrameFacts): void {
  const frame = facts.frame as Uint8Array;
  const { payloadAt: at, end } = facts;
  if (end - at >= UDP_HEADER_LENGTH && readDestinationPort(frame, at) === path.port) {
    const reason = checkUdp(frame, at, end, sumOfAddresses(facts));
    if (reason !== undefined) drop(card.kernel, reason);
    else deliverDatagram(path.receiver as UdpOptions, card.name, facts);
    return;
  }
  const { kernel, link } = card;
  deliverToProtocol(kernel, link, {
    bytes: frame,
    at: IP_AT,
    toGroup: false,
    heard: path.sockets.length > 0,
  });
  if (end - at < UDP_HEADER_LENGTH || !path.valid) return;
  const port = readDestinationPort(frame, at);
  path.receiver = socketFor(kernel, port, ipv4FromNumber(path.destination), link)?.options;
  path.port = path.receiver === undefined ? 0 : port;
}

function deliverDatagram(receiver: UdpOptions, link: string, facts: FrameFacts): void {
  const frame = facts.frame as Uint8Array;
  const at = facts.payloadAt;
  receiver.onDatagram({
    source: ipv4FromNumber(facts.source),
    sourcePort: readSourcePort(frame, at),
    destination: ipv4FromNumber(facts.destination),
    payload: frame.subarray(at + UDP_HEADER_LENGTH, at + readUdpLength(frame, at)),
    ttl: readIpv4Ttl(frame, IP_AT),
    link,
  });
}

function sumOfAddresses({ source, destination }: FrameFacts): number {
  return (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff);
}

/** Keeps the way of a packet that is about to take the long one, where the next may go without asking. */
export function learnPath(
  kernel: KernelState,
  link: LinkState,
  facts: FrameFacts,
  type: PacketType,
): void {
  if (type !== 'host' && type !== 'multicast') return;
  if (kernel.sockets.packet.length > 0 || link.children.length > 0) return;
  if (kernel.firewall.counts.input > 0 || (kernel.ipvs?.servicesOfIpv4 ?? 0) > 0) return;
  if (kernel.localInputHooks.length > USUAL_HOOKS) return;
  const destination = ipv4FromNumber(facts.destination);
  const known = recallInput(kernel, link, destination, ipv4FromNumber(facts.source));
  const toGroup = known?.kind === 'multicast';
  if (toGroup && destination !== ALL_SYSTEMS_GROUP && !isJoinedOn(IGMP, link, destination)) return;
  if (!toGroup && known?.kind !== 'local') return;
  const path = type === 'host' ? link.hostPath : link.groupPath;
  const { protocol } = facts;
  // One that is still valid, for another kind of packet, is on the list already.
  if (!path.valid) kernel.validPaths.push(path);
  path.valid = true;
  path.macHigh = facts.macHigh;
  path.macLow = facts.macLow;
  path.destination = facts.destination;
  path.protocol = protocol;
  keepOwnAddresses(kernel, path);
  path.toGroup = toGroup;
  path.sockets = socketsFor(kernel, { family: 'inet', protocol, link: link.name });
  path.port = 0;
  path.receiver = undefined;
  path.endsAtSockets = path.sockets.length > 0 && !hasHandler(kernel, protocol);
}

function hasHandler(kernel: KernelState, protocol: number): boolean {
  if (protocol === PROTOCOL_UDP || protocol === PROTOCOL_ICMP || protocol === PROTOCOL_IGMP) {
    return true;
  }
  return kernel.protocolHandlers.has(protocol);
}

/** A source of 127.0.0.0/8 is no plain packet's (`frame-facts.ts`), so those need not be kept. */
function keepOwnAddresses(kernel: KernelState, path: InputPath): void {
  const own: number[] = [];
  for (const address of kernel.localAddresses.keys()) {
    if (typeof address === 'number' && address >>> 24 !== LOOPBACK_OCTET) own.push(address | 0);
  }
  path.ownFirst = own[0] ?? 0;
  path.ownSecond = own[1] ?? 0;
  path.ownMore = own.length > 2;
}
