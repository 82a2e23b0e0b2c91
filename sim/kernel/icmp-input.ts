/** ICMP that comes in: echo is answered, errors go to the socket whose packet they quote. */

import {
  checkIcmp,
  decodeIcmp,
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REQUEST,
  readEchoType,
  turnEchoIntoReply,
  UNREACHABLE_HOST,
} from '../../daemon/wire/icmp.ts';
import { readUint16 } from '../../daemon/wire/integers.ts';
import {
  checkIpv4Header,
  ipv4HeaderLength,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  readIpv4Destination,
  readIpv4Protocol,
  readIpv4Source,
  readIpv4Tos,
} from '../../daemon/wire/ipv4.ts';
import { ANY_IPV4, type Ipv4Address } from '../../daemon/wire/ipv4-address.ts';
import { SCOPE_LINK, selectSource } from './address-selection.ts';
import { type IcmpError, icmpErrorName, mayPass } from './icmp-error-names.ts';
import { mayTellIpv4 } from './icmp-limits.ts';
import { finishIpv4, IPV4_PAYLOAD_AT, newIpv4Frame } from './ipv4-output.ts';
import { drop, type KernelState, type LinkState } from './kernel-state.ts';
import { learnOutputPath } from './output-path.ts';
import { learnPathMtu } from './path-mtu.ts';
import { routeOutput } from './route-lookup.ts';
import { failUdp } from './udp-sockets.ts';

const IP_HEADER_LENGTH_MIN = 20;

/** An ICMP message from `at` to `end` in the packet whose header is at `headerAt`. */
export function receiveIcmp(
  kernel: KernelState,
  link: LinkState,
  packet: {
    readonly bytes: Uint8Array;
    readonly headerAt: number;
    readonly at: number;
    readonly end: number;
    readonly toGroup: boolean;
  },
): void {
  const reason = checkIcmp(packet.bytes, packet.at, packet.end);
  if (reason !== undefined) {
    drop(kernel, reason);
    return;
  }
  const echo = readEchoType(packet.bytes, packet.at);
  if (echo === undefined) receiveError(kernel, packet);
  else if (echo === ICMP_ECHO_REQUEST) answerEcho(kernel, link, packet);
  // A reply is for raw sockets, which have had their copy.
}

function receiveError(kernel: KernelState, packet: Parameters<typeof receiveIcmp>[2]): void {
  const message = decodeIcmp(packet.bytes, packet.at, packet.end);
  if (typeof message === 'string') return;
  switch (message.kind) {
    case 'destination-unreachable':
    case 'time-exceeded':
    case 'parameter-problem':
      passError(kernel, message);
      return;
    default:
      return;
  }
}

/**
 * The request's own bytes go back, from the address that was asked (or the link's, for a
 * broadcast).
 */
function answerEcho(
  kernel: KernelState,
  link: LinkState,
  packet: Parameters<typeof receiveIcmp>[2],
): void {
  const { bytes, headerAt } = packet;
  const ignore =
    kernel.settings['ipv4.icmp_echo_ignore_all'] !== 0 ||
    (packet.toGroup && kernel.settings['ipv4.icmp_echo_ignore_broadcasts'] !== 0);
  if (ignore) {
    drop(kernel, 'icmp:ignored');
    return;
  }
  const asker = readIpv4Source(bytes, headerAt);
  if (asker === ANY_IPV4) return;
  const own = packet.toGroup
    ? selectSource(kernel, link, asker, SCOPE_LINK)
    : readIpv4Destination(bytes, headerAt);
  const way = routeOutput(kernel, asker, own);
  if (typeof way === 'string') {
    drop(kernel, 'ipv4:no-route');
    return;
  }
  if (way.kind !== 'local' && !mayTellIpv4(kernel, asker, ICMP_ECHO_REPLY, 0)) {
    drop(kernel, 'icmp:rate-limited');
    return;
  }
  const ttl = kernel.settings['ipv4.ip_default_ttl'];
  const frame = newIpv4Frame(packet.end - packet.at);
  frame.set(bytes.subarray(packet.at, packet.end), IPV4_PAYLOAD_AT);
  turnEchoIntoReply(frame, IPV4_PAYLOAD_AT);
  const error = finishIpv4(
    kernel,
    frame,
    {
      protocol: PROTOCOL_ICMP,
      source: own,
      destination: asker,
      tos: readIpv4Tos(bytes, headerAt),
      ttl,
      flags: 0,
    },
    way,
  );
  if (error === undefined && !packet.toGroup) {
    learnOutputPath(kernel, kernel.echoPaths, way, { source: own, destination: asker, ttl });
  }
}

function passError(kernel: KernelState, message: IcmpError): void {
  const { quoted } = message;
  // The quotation is cut short, so only the header's own soundness is asked for.
  const reason = checkIpv4Header(quoted, 0, quoted.length);
  if (reason !== undefined && reason !== 'ipv4:truncated') return;
  if (quoted.length < IP_HEADER_LENGTH_MIN) return;
  const at = ipv4HeaderLength(quoted, 0);
  if (quoted.length < at + 4) return;
  const source: Ipv4Address = readIpv4Source(quoted, 0);
  const protocol = readIpv4Protocol(quoted, 0);
  const error = icmpErrorName(message);
  if (error === undefined) return;
  const nextHopMtu =
    message.kind === 'destination-unreachable' && error === 'EMSGSIZE'
      ? believedMtu(kernel, protocol, message.nextHopMtu)
      : undefined;
  if (nextHopMtu === 'ignored') return;
  if (nextHopMtu !== undefined && protocol !== PROTOCOL_TCP) {
    learnPathMtu(kernel, readIpv4Destination(quoted, 0), nextHopMtu);
  }
  if (protocol === PROTOCOL_UDP) {
    failUdp(
      kernel,
      { source, sourcePort: readUint16(quoted, at) },
      {
        error,
        passing: mayPass(message, 4),
      },
    );
  }
  const isWayLost = message.kind === 'destination-unreachable' && message.code <= UNREACHABLE_HOST;
  const mtu = nextHopMtu === undefined ? {} : { nextHopMtu };
  kernel.icmpErrorHandlers.get(protocol)?.({ quoted, at, error, isWayLost, ...mtu });
}

/**
 * What ip_no_pmtu_disc makes of "fragmentation needed": with 1 the least MTU there is, whatever was told; 2 hears none, 3 those of TCP
 * alone, which looks at the sequence number. Source: icmp_unreach.
 */
function believedMtu(kernel: KernelState, protocol: number, told: number): number | 'ignored' {
  switch (kernel.settings['ipv4.ip_no_pmtu_disc']) {
    case 1:
      return 0;
    case 2:
      return 'ignored';
    case 3:
      return protocol === PROTOCOL_TCP ? told : 'ignored';
    default:
      return told;
  }
}
