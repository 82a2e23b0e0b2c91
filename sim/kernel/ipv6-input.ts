/**
 * IPv6 packets that come in: for this host, to be forwarded, or dropped. Source:
 * net/ipv6/ip6_input.c.
 */

import { ipv6AddressSum } from '../../daemon/wire/checksum.ts';
import { ETHERNET_HEADER_LENGTH } from '../../daemon/wire/ethernet.ts';
import { decodeIcmpv6, type Icmpv6Message } from '../../daemon/wire/icmpv6.ts';
import { readUint16 } from '../../daemon/wire/integers.ts';
import {
  PROTOCOL_GRE,
  PROTOCOL_ICMPV6,
  PROTOCOL_IPIP,
  PROTOCOL_IPV6,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from '../../daemon/wire/ipv4.ts';
import {
  checkIpv6Header,
  decodeFragmentHeader,
  decrementHopLimit,
  findIpv6Payload,
  findUnfragmentable,
  IPV6_HEADER_LENGTH,
  type Ipv6Payload,
  NEXT_HEADER_FRAGMENT,
  readIpv6Destination,
  readIpv6HopLimit,
  readIpv6NextHeader,
  readIpv6PayloadLength,
  readIpv6Source,
} from '../../daemon/wire/ipv6.ts';
import {
  ANY_IPV6,
  type Ipv6Address,
  isLinkLocalIpv6,
  isMulticastIpv6,
} from '../../daemon/wire/ipv6-address.ts';
import { newFrame } from '../lan/frame-memory.ts';
import { pieceMaxOf, takeOver, whileGathered } from './gathered-packet.ts';
import { isJoinedOn } from './group-machine.ts';
import { icmpv6ErrorName, mayPass } from './icmp-error-names.ts';
import { sendIcmpv6, sendIcmpv6Error } from './icmpv6-output.ts';
import { collectIpv6Fragment } from './ipv6-fragments.ts';
import { routeIpv6, routeIpv6Back, selectIpv6Source } from './ipv6-lookup.ts';
import { isDisabled, passIpv6 } from './ipv6-output.ts';
import { drop, type KernelState, type LinkState, type PacketType } from './kernel-state.ts';
import { MLD, receiveMld } from './mld-host.ts';
import { receiveNd } from './nd-input.ts';
import { isPacketDropped, packetMark } from './packet-question.ts';
import { learnPathMtu } from './path-mtu.ts';
import { copyToRawSockets } from './raw-sockets.ts';
import { failUdp, hasUdpSocket, receiveUdp } from './udp-sockets.ts';

const CODE_NO_ROUTE = 0;
const CODE_ADDRESS_UNREACHABLE = 3;
const CODE_PORT_UNREACHABLE = 4;
const CODE_UNKNOWN_NEXT_HEADER = 1;
const NEXT_HEADER_AT = 6;
/** TCP learns by itself, UDP by its sockets; IPVS' tunnels (IPv4 and IPv6 inside, GRE) have nobody who would. */
const SENDERLESS_PROTOCOLS: ReadonlySet<number> = new Set([
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  PROTOCOL_IPIP,
  PROTOCOL_IPV6,
  PROTOCOL_GRE,
]);

/** A packet at `at`; `type` is how its frame was addressed. */
export function receiveIpv6(
  kernel: KernelState,
  link: LinkState,
  bytes: Uint8Array,
  at: number,
  type: PacketType,
): void {
  if (type === 'other-host') return;
  if (isDisabled(kernel, link)) {
    drop(kernel, 'ipv6:disabled');
    return;
  }
  const reason = checkIpv6Header(bytes, at, bytes.length);
  if (reason !== undefined) {
    drop(kernel, reason);
    return;
  }
  const source = readIpv6Source(bytes, at);
  const destination = readIpv6Destination(bytes, at);
  if (isMulticastIpv6(source)) {
    drop(kernel, 'ipv6:bad-source');
    return;
  }
  if (isMulticastIpv6(destination)) {
    if (isJoinedOn(MLD, link, destination)) deliver(kernel, link, bytes, at, source, destination);
    else drop(kernel, 'ipv6:not-joined');
    return;
  }
  const goOn = (packet: Uint8Array, packetAt: number) => {
    if (kernel.localAddresses.has(destination)) {
      deliver(kernel, link, packet, packetAt, source, destination);
    } else forward(kernel, link, packet, packetAt, destination);
  };
  if (kernel.ipvs?.gathersIpv6 !== true || !hasFragmentHeader(bytes, at)) {
    goOn(bytes, at);
    return;
  }
  // A director puts together what it may have to translate, as netfilter's defragmentation does.
  const gathered = collectIpv6Fragment(kernel, link, bytes, at);
  if (gathered === undefined) return;
  whileGathered(kernel, gathered, (frame) => goOn(frame, ETHERNET_HEADER_LENGTH));
}

/** A piece, or a packet whose only piece is the whole. */
function hasFragmentHeader(bytes: Uint8Array, at: number): boolean {
  const next = readIpv6NextHeader(bytes, at);
  if (next === PROTOCOL_TCP || next === PROTOCOL_UDP || next === PROTOCOL_ICMPV6) return false;
  return bytes[findUnfragmentable(bytes, at).nextHeaderAt] === NEXT_HEADER_FRAGMENT;
}

/** A neighbour did not answer: who sent the packet hears "address unreachable". */
export function reportUnreachable(kernel: KernelState, link: LinkState, frame: Uint8Array): void {
  sendIcmpv6Error(kernel, frame, ETHERNET_HEADER_LENGTH, link, {
    kind: 'destination-unreachable',
    code: CODE_ADDRESS_UNREACHABLE,
    parameter: 0,
  });
}

function deliver(
  kernel: KernelState,
  link: LinkState,
  bytes: Uint8Array,
  at: number,
  source: Ipv6Address,
  destination: Ipv6Address,
): void {
  const payload = findIpv6Payload(bytes, at);
  if (typeof payload === 'string') {
    drop(kernel, payload);
    return;
  }
  if (payload.fragment) {
    const gathered = collectIpv6Fragment(kernel, link, bytes, at);
    if (gathered === undefined) return;
    whileGathered(kernel, gathered, (frame) => {
      deliver(kernel, link, frame, ETHERNET_HEADER_LENGTH, source, destination);
    });
    return;
  }
  const { protocol } = payload;
  if (
    kernel.firewall.counts.input > 0 &&
    isPacketDropped(kernel, 'input', { bytes, at, family: 'inet6', link })
  ) {
    drop(kernel, 'ipv6:firewall');
    return;
  }
  for (const hook of kernel.localInputHooks) {
    if (hook(bytes, at, link, 'inet6')) return;
  }
  const heard = copyToRawSockets(kernel, 'inet6', protocol, bytes, at, link);
  const end = at + IPV6_HEADER_LENGTH + readIpv6PayloadLength(bytes, at);
  if (protocol === PROTOCOL_ICMPV6) {
    receiveIcmpv6(kernel, link, bytes, at, { at: payload.at, end, source, destination });
    return;
  }
  if (protocol === PROTOCOL_UDP) {
    const ttl = readIpv6HopLimit(bytes, at);
    const toGroup = isMulticastIpv6(destination);
    const arrival = { bytes, at: payload.at, end, source, destination, ttl, link, toGroup };
    if (receiveUdp(kernel, arrival)) return;
    refuse(kernel, link, bytes, at, CODE_PORT_UNREACHABLE);
    return;
  }
  const handler = kernel.protocolHandlers.get(protocol);
  if (handler !== undefined) {
    handler({ bytes, headerAt: at, at: payload.at, end, link, source, destination });
    return;
  }
  if (heard) return;
  drop(kernel, 'ipv6:no-protocol');
  sendIcmpv6Error(kernel, bytes, at, link, {
    kind: 'parameter-problem',
    code: CODE_UNKNOWN_NEXT_HEADER,
    parameter: NEXT_HEADER_AT,
  });
}

function receiveIcmpv6(
  kernel: KernelState,
  link: LinkState,
  bytes: Uint8Array,
  headerAt: number,
  packet: {
    readonly at: number;
    readonly end: number;
    readonly source: Ipv6Address;
    readonly destination: Ipv6Address;
  },
): void {
  const { source, destination } = packet;
  const sum = ipv6AddressSum(source, destination);
  const message = decodeIcmpv6(bytes, packet.at, packet.end, sum);
  if (typeof message === 'string') {
    drop(kernel, message);
    return;
  }
  switch (message.kind) {
    case 'echo-request':
      answerEcho(kernel, link, message, source, destination);
      return;
    case 'neighbour-solicitation':
    case 'neighbour-advertisement':
      receiveNd(kernel, link, message, {
        source,
        destination,
        hopLimit: readIpv6HopLimit(bytes, headerAt),
      });
      return;
    case 'mld-query':
    case 'mld-report':
      receiveMld(kernel, link, message);
      return;
    case 'destination-unreachable':
    case 'packet-too-big':
    case 'time-exceeded':
    case 'parameter-problem':
      passError(kernel, message);
      return;
    default:
      return;
  }
}

function answerEcho(
  kernel: KernelState,
  link: LinkState,
  message: Extract<Icmpv6Message, { kind: 'echo-request' | 'echo-reply' }>,
  asker: Ipv6Address,
  asked: Ipv6Address,
): void {
  const toGroup = isMulticastIpv6(asked);
  const ignore =
    kernel.settings['ipv6.icmp.echo_ignore_all'] !== 0 ||
    (toGroup && kernel.settings['ipv6.icmp.echo_ignore_multicast'] !== 0);
  if (ignore || asker === ANY_IPV6) {
    drop(kernel, 'icmp:ignored');
    return;
  }
  const own = toGroup ? selectIpv6Source(kernel, link, asker) : asked;
  const zone = isLinkLocalIpv6(asker) && !kernel.localAddresses.has(asker) ? link : undefined;
  const way =
    zone === undefined
      ? routeIpv6Back(kernel, asker, own, link)
      : routeIpv6(kernel, asker, own, zone);
  if (typeof way === 'string') {
    drop(kernel, 'ipv6:no-route');
    return;
  }
  sendIcmpv6(
    kernel,
    { ...message, kind: 'echo-reply' },
    { source: own, destination: asker, hopLimit: way.link.ipv6.hop_limit },
    way,
  );
}

function passError(
  kernel: KernelState,
  message: Extract<Icmpv6Message, { readonly quoted: Uint8Array }>,
): void {
  const { quoted } = message;
  if (quoted.length < IPV6_HEADER_LENGTH + 4) return;
  const source = readIpv6Source(quoted, 0);
  const payload = findIpv6Payload(quoted, 0);
  // Of a later piece nothing is there that would name a socket; the first one is quoted as well.
  if (typeof payload === 'string' || isLaterPiece(quoted, payload)) return;
  const { protocol, at } = payload;
  if (quoted.length < at + 4) return;
  const error = icmpv6ErrorName(message);
  const isTooBig = message.kind === 'packet-too-big';
  const learn = () => {
    if (isTooBig) learnPathMtu(kernel, readIpv6Destination(quoted, 0), message.parameter);
  };
  // Only who sent it takes it in: of a tunnel's packet, which IPVS made, nobody did (__udp6_lib_err; recorded).
  if (!SENDERLESS_PROTOCOLS.has(protocol)) learn();
  if (protocol === PROTOCOL_UDP) {
    const quotedEnd = { source, sourcePort: readUint16(quoted, at) };
    if (hasUdpSocket(kernel, quotedEnd)) learn();
    failUdp(kernel, quotedEnd, { error, passing: mayPass(message, 6) });
  }
  const isWayLost = message.kind === 'destination-unreachable' && message.code === 0;
  const mtu = message.kind === 'packet-too-big' ? { nextHopMtu: message.parameter } : {};
  kernel.icmpErrorHandlers.get(protocol)?.({ quoted, at, error, isWayLost, ...mtu });
}

function isLaterPiece(quoted: Uint8Array, payload: Ipv6Payload): boolean {
  if (!payload.fragment) return false;
  const header = decodeFragmentHeader(quoted, findUnfragmentable(quoted, 0).end, quoted.length);
  return typeof header === 'string' || header.offset > 0;
}

function forward(
  kernel: KernelState,
  link: LinkState,
  bytes: Uint8Array,
  at: number,
  destination: Ipv6Address,
): void {
  const source = readIpv6Source(bytes, at);
  const isLocalMatter =
    isLinkLocalIpv6(destination) || isLinkLocalIpv6(source) || source === ANY_IPV6;
  if (kernel.ipv6All.forwarding === 0 || isLocalMatter) {
    drop(kernel, 'ipv6:not-forwarding');
    return;
  }
  if (readIpv6HopLimit(bytes, at) <= 1) {
    drop(kernel, 'ipv6:hop-limit-exceeded');
    sendIcmpv6Error(kernel, bytes, at, link, { kind: 'time-exceeded', code: 0, parameter: 0 });
    return;
  }
  const mark = packetMark(kernel, 'prerouting', { bytes, at, family: 'inet6', link });
  const way = routeIpv6(kernel, destination, source, undefined, { mark, inputLink: link.name });
  if (typeof way === 'string') {
    drop(kernel, 'ipv6:no-route');
    if (way !== 'blackhole') refuse(kernel, link, bytes, at, CODE_NO_ROUTE);
    return;
  }
  const length = IPV6_HEADER_LENGTH + readIpv6PayloadLength(bytes, at);
  if ((pieceMaxOf(kernel, bytes) ?? length) > way.link.mtu) {
    drop(kernel, 'ipv6:too-big');
    const parameter = way.link.mtu;
    sendIcmpv6Error(kernel, bytes, at, link, { kind: 'packet-too-big', code: 0, parameter });
    return;
  }
  if (
    kernel.firewall.counts.forward > 0 &&
    isPacketDropped(kernel, 'forward', {
      bytes,
      at,
      family: 'inet6',
      link: way.link,
      inputLink: link,
    })
  ) {
    drop(kernel, 'ipv6:firewall');
    return;
  }
  const frame = newFrame(ETHERNET_HEADER_LENGTH + length);
  frame.set(bytes.subarray(at, at + length), ETHERNET_HEADER_LENGTH);
  decrementHopLimit(frame, ETHERNET_HEADER_LENGTH);
  takeOver(kernel, bytes, frame);
  for (const hook of kernel.forwardHooks) {
    if (hook(frame, 'inet6')) return;
  }
  passIpv6(kernel, frame, way, way.link.mtu);
}

function refuse(
  kernel: KernelState,
  link: LinkState,
  bytes: Uint8Array,
  at: number,
  code: number,
): void {
  sendIcmpv6Error(kernel, bytes, at, link, { kind: 'destination-unreachable', code, parameter: 0 });
}
