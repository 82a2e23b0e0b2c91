/**
 * IPv4 packets that come in: checked, routed, filtered, and handed to the protocol they carry.
 * Source: net/ipv4/ip_input.c. The path of a packet for this host allocates nothing of its own.
 */

import { ETHERNET_HEADER_LENGTH } from '../../daemon/wire/ethernet.ts';
import {
  UNREACHABLE_ADMIN_PROHIBITED,
  UNREACHABLE_HOST,
  UNREACHABLE_NET,
  UNREACHABLE_PORT,
  UNREACHABLE_PROTOCOL,
} from '../../daemon/wire/icmp.ts';
import { ALL_SYSTEMS_GROUP } from '../../daemon/wire/igmp.ts';
import {
  checkIpv4Header,
  ipv4HeaderLength,
  isIpv4Fragment,
  PROTOCOL_ICMP,
  PROTOCOL_IGMP,
  PROTOCOL_UDP,
  readIpv4Destination,
  readIpv4Protocol,
  readIpv4Source,
  readIpv4TotalLength,
  readIpv4Ttl,
} from '../../daemon/wire/ipv4.ts';
import type { Ipv4Address } from '../../daemon/wire/ipv4-address.ts';
import { forwardIpv4 } from './forwarding.ts';
import { whileGathered } from './gathered-packet.ts';
import { isJoinedOn } from './group-machine.ts';
import { sendIcmpError } from './icmp-errors.ts';
import { receiveIcmp } from './icmp-input.ts';
import { IGMP, receiveIgmp } from './igmp-host.ts';
import { collectFragment } from './ipv4-fragments.ts';
import { drop, type KernelState, type LinkState, type PacketType } from './kernel-state.ts';
import { isPacketDropped, packetMark } from './packet-question.ts';
import { copyToRawSockets } from './raw-sockets.ts';
import { routeInput, routeMarkedInput } from './route-lookup.ts';
import type { RouteFailure } from './route-state.ts';
import { receiveUdp } from './udp-sockets.ts';

/** A packet at `at`; `type` is how its frame was addressed. */
export function receiveIpv4(
  kernel: KernelState,
  link: LinkState,
  bytes: Uint8Array,
  at: number,
  type: PacketType,
): void {
  if (type === 'other-host') {
    drop(kernel, 'ipv4:other-host');
    return;
  }
  const reason = checkIpv4Header(bytes, at, bytes.length);
  if (reason !== undefined) {
    drop(kernel, reason);
    return;
  }
  const source = readIpv4Source(bytes, at);
  const destination = readIpv4Destination(bytes, at);
  const decision =
    kernel.inet.hasMarkRules && kernel.firewall.counts.prerouting > 0
      ? routeMarked(kernel, link, bytes, at)
      : routeInput(kernel, link, destination, source);
  switch (decision.kind) {
    case 'local':
      deliver(kernel, link, bytes, at, source, destination, false);
      return;
    case 'multicast':
      if (destination !== ALL_SYSTEMS_GROUP && !isJoinedOn(IGMP, link, destination)) {
        drop(kernel, 'ipv4:not-joined');
        return;
      }
      deliver(kernel, link, bytes, at, source, destination, true);
      return;
    case 'broadcast':
      deliver(kernel, link, bytes, at, source, destination, true);
      return;
    case 'forward':
      forwardIpv4(kernel, link, bytes, at, decision.to, type);
      return;
    case 'drop':
      drop(kernel, decision.reason);
      return;
    case 'fail':
      refuse(kernel, bytes, at, decision.failure);
  }
}

function routeMarked(kernel: KernelState, link: LinkState, bytes: Uint8Array, at: number) {
  const [source, destination] = [readIpv4Source(bytes, at), readIpv4Destination(bytes, at)];
  const mark = packetMark(kernel, 'prerouting', { bytes, at, family: 'inet', link });
  return mark === 0
    ? routeInput(kernel, link, destination, source)
    : routeMarkedInput(kernel, link, { destination, source }, mark);
}

function deliver(
  kernel: KernelState,
  link: LinkState,
  bytes: Uint8Array,
  at: number,
  source: Ipv4Address,
  destination: Ipv4Address,
  toGroup: boolean,
): void {
  if (isIpv4Fragment(bytes, at)) {
    const gathered = collectFragment(kernel, bytes, at, 'local');
    if (gathered === undefined) return;
    whileGathered(kernel, gathered, (whole) => {
      deliver(kernel, link, whole, ETHERNET_HEADER_LENGTH, source, destination, toGroup);
    });
    return;
  }
  if (
    kernel.firewall.counts.input > 0 &&
    isPacketDropped(kernel, 'input', { bytes, at, family: 'inet', link })
  ) {
    drop(kernel, 'ipv4:firewall');
    return;
  }
  for (const hook of kernel.localInputHooks) {
    if (hook(bytes, at, link, 'inet')) return;
  }
  deliverBehindHooks(kernel, link, bytes, at, toGroup);
}

/**
 * Hands a packet for this host to its protocol: past the firewall and the hooks. IPVS puts packets
 * in here whose address it has changed to one of this host's.
 */
export function deliverBehindHooks(
  kernel: KernelState,
  link: LinkState,
  bytes: Uint8Array,
  at: number,
  toGroup: boolean,
): void {
  const protocol = readIpv4Protocol(bytes, at);
  const heard = copyToRawSockets(kernel, 'inet', protocol, bytes, at, link);
  deliverToProtocol(kernel, link, { bytes, at, toGroup, heard });
}

/** The same behind the raw sockets; `heard` says that one of them took a copy. */
export function deliverToProtocol(
  kernel: KernelState,
  link: LinkState,
  packet: {
    readonly bytes: Uint8Array;
    readonly at: number;
    readonly toGroup: boolean;
    readonly heard: boolean;
  },
): void {
  const { bytes, at, toGroup, heard } = packet;
  const source = readIpv4Source(bytes, at);
  const destination = readIpv4Destination(bytes, at);
  const protocol = readIpv4Protocol(bytes, at);
  const payloadAt = at + ipv4HeaderLength(bytes, at);
  const end = at + readIpv4TotalLength(bytes, at);
  switch (protocol) {
    case PROTOCOL_UDP: {
      const ttl = readIpv4Ttl(bytes, at);
      const arrival = { bytes, at: payloadAt, end, source, destination, ttl, link, toGroup };
      if (receiveUdp(kernel, arrival)) return;
      unreachable(kernel, bytes, at, UNREACHABLE_PORT);
      return;
    }
    case PROTOCOL_ICMP:
      receiveIcmp(kernel, link, { bytes, headerAt: at, at: payloadAt, end, toGroup });
      return;
    case PROTOCOL_IGMP:
      receiveIgmp(kernel, link, bytes, payloadAt, end);
      return;
    default:
      break;
  }
  const handler = kernel.protocolHandlers.get(protocol);
  if (handler !== undefined) {
    handler({ bytes, headerAt: at, at: payloadAt, end, link, source, destination });
    return;
  }
  if (heard) return;
  drop(kernel, 'ipv4:no-protocol');
  unreachable(kernel, bytes, at, UNREACHABLE_PROTOCOL);
}

/** A router that does not know the way says so; blackholes say nothing. */
function refuse(kernel: KernelState, bytes: Uint8Array, at: number, failure: RouteFailure): void {
  drop(kernel, 'ipv4:no-route');
  switch (failure) {
    case 'no-route':
      unreachable(kernel, bytes, at, UNREACHABLE_NET);
      return;
    case 'unreachable':
      unreachable(kernel, bytes, at, UNREACHABLE_HOST);
      return;
    case 'prohibit':
      unreachable(kernel, bytes, at, UNREACHABLE_ADMIN_PROHIBITED);
      return;
    case 'blackhole':
      return;
  }
}

function unreachable(kernel: KernelState, bytes: Uint8Array, at: number, code: number): void {
  sendIcmpError(kernel, bytes, at, { kind: 'destination-unreachable', code });
}
