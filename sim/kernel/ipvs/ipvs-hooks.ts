/**
 * Where IPVS sits in a kernel: before local input (requests, answers to a local node's client), on the
 * forwarding path (answers of NAT servers), and behind local output (clients and servers on the director
 * itself). Without a virtual service of the family nothing is touched at all, as when the kernel has taken
 * its hooks away. Source: net/netfilter/ipvs/ip_vs_core.c, ip_vs_ops4 and ip_vs_ops6.
 */

import { ETHERNET_HEADER_LENGTH } from '../../../daemon/wire/ethernet.ts';
import { UNREACHABLE_PORT } from '../../../daemon/wire/icmp.ts';
import type { IpFamily } from '../../../daemon/wire/ip-address.ts';
import type { Ipv4Address } from '../../../daemon/wire/ipv4-address.ts';
import type { Ipv6Address } from '../../../daemon/wire/ipv6-address.ts';
import { sendIcmpError } from '../icmp-errors.ts';
import { sendIcmpv6Error } from '../icmpv6-output.ts';
import { sendBehindHooks } from '../ipv4-output.ts';
import { routeIpv6 } from '../ipv6-lookup.ts';
import { sendIpv6BehindHooks } from '../ipv6-output.ts';
import { drop, type KernelState, type LinkState, voidPaths } from '../kernel-state.ts';
import { packetMark } from '../packet-question.ts';
import { wayTo } from '../route-choice.ts';
import { routeOutput } from '../route-lookup.ts';
import type { Connection } from './connection.ts';
import { type IpvsApi, makeIpvsApi } from './ipvs-api.ts';
import type { IpvsState, PacketFacts } from './ipvs-state.ts';
import { makeIpvs } from './make-ipvs.ts';
import { makePacketFacts, readPacketFacts } from './packet-facts.ts';
import { isUntranslatable, receiveAnswer, receiveRequest } from './packet-input.ts';
import { isOfNatServer } from './real-servers.ts';
import {
  forwardErrorToServer,
  isDamagedErrorOfServer,
  translateErrorToClient,
} from './related-icmp.ts';
import { forwardIpv6ErrorToServer, isIpv6ErrorOfServer } from './related-icmpv6.ts';
import { rewriteEndpoint } from './rewrite.ts';
import { transmitIpv4 } from './transmit.ts';
import { transmitIpv6 } from './transmit-ipv6.ts';
import type { TransmitPacket } from './transmit-packet.ts';
import { tellOfTunnelError } from './tunnel-errors.ts';

const IP_AT = ETHERNET_HEADER_LENGTH;
const PROTOCOL_ICMP = 1;
const PROTOCOL_TCP = 6;
const PROTOCOL_ICMPV6 = 58;
const FLAG_RST = 0x04;
const SILENT_REASONS = {
  drop: 'ipvs:server-removed',
  shed: 'ipvs:drop-packet',
  short: 'ipvs:short-header',
} as const;
const CODE_PORT_UNREACHABLE = 4;

/** Puts IPVS into a kernel and returns its door. `random` draws 32 bits for the scheduler twos. */
export function attachIpvs(kernel: KernelState, random: () => number): IpvsApi {
  const ipvs = makeIpvs({ clock: kernel.clock, random });
  kernel.ipvs = ipvs;
  ipvs.onServiceCount = () => voidPaths(kernel);
  const facts = makePacketFacts();
  kernel.localInputHooks.push((bytes, at, link, family) => {
    if (!isHooked(ipvs, family)) return false;
    return onLocalInput({ kernel, ipvs, facts }, bytes, at, link, family);
  });
  kernel.forwardHooks.push((frame, family) => {
    if (!isHooked(ipvs, family)) return false;
    return onAnswer({ kernel, ipvs, facts }, frame, family);
  });
  kernel.outputHooks.push((frame, family) => {
    if (!isHooked(ipvs, family)) return false;
    return onLocalOutput({ kernel, ipvs, facts }, frame, family);
  });
  return makeIpvsApi(kernel, ipvs);
}

interface Context {
  readonly kernel: KernelState;
  readonly ipvs: IpvsState;
  readonly facts: PacketFacts;
}

function isHooked(ipvs: IpvsState, family: IpFamily): boolean {
  return family === 'inet' ? ipvs.servicesOfIpv4 > 0 : ipvs.servicesOfIpv6 > 0;
}

function onLocalInput(
  context: Context,
  bytes: Uint8Array,
  at: number,
  link: LinkState,
  family: IpFamily,
): boolean {
  const { kernel, ipvs, facts } = context;
  const transportAt = readPacketFacts(bytes, at, family, facts);
  if (transportAt < 0) return false;
  if (family === 'inet' && facts.protocol === PROTOCOL_ICMP) {
    const isTaken = forwardErrorToServer(kernel, ipvs, bytes, at, link);
    return isTaken || tellOfTunnelError(kernel, ipvs, bytes, at);
  }
  if (family === 'inet6' && facts.protocol === PROTOCOL_ICMPV6) {
    return forwardIpv6ErrorToServer(kernel, ipvs, bytes, at, link);
  }
  // What came through `lo` has been looked at when it left.
  if (link === kernel.loopback) return false;
  facts.mark = packetMark(kernel, 'prerouting', { bytes, at, family, link });
  return onRequest(context, { bytes, at, transportAt, link, facts }, false);
}

/** A packet that may be for a virtual service; `true` when it went to a real server or nowhere. */
function onRequest(context: Context, packet: TransmitPacket, fromHere: boolean): boolean {
  const { kernel, ipvs, facts } = context;
  if (ipvs.settings.backup_only !== 0 && ipvs.isSyncBackup) return false;
  const verdict = receiveRequest(ipvs, facts, fromHere);
  if (verdict === 'accept') return false;
  if (verdict === 'drop' || verdict === 'shed' || verdict === 'short') {
    drop(kernel, SILENT_REASONS[verdict]);
    return true;
  }
  if (verdict === 'refuse') {
    drop(kernel, 'ipvs:no-server');
    refuse(kernel, packet);
    return true;
  }
  return facts.family === 'inet'
    ? transmitIpv4(kernel, verdict, packet)
    : transmitIpv6(kernel, verdict, packet);
}

/** No usable server: port unreachable, for TCP too, because there is no socket to reset from. */
function refuse(kernel: KernelState, packet: TransmitPacket): void {
  const { bytes, at, link } = packet;
  tellPortUnreachable(kernel, bytes, { at, family: packet.facts.family, link });
}

function tellPortUnreachable(
  kernel: KernelState,
  bytes: Uint8Array,
  place: { readonly at: number; readonly family: IpFamily; readonly link: LinkState },
): void {
  const kind = 'destination-unreachable';
  if (place.family === 'inet') {
    sendIcmpError(kernel, bytes, place.at, { kind, code: UNREACHABLE_PORT });
    return;
  }
  const error = { kind, code: CODE_PORT_UNREACHABLE, parameter: 0 } as const;
  sendIcmpv6Error(kernel, bytes, place.at, place.link, error);
}

/** A forwarded packet: an answer of a NAT server gets the virtual address back and is routed anew. */
function onAnswer(context: Context, frame: Uint8Array, family: IpFamily): boolean {
  const { ipvs, kernel } = context;
  if (dropsAnswer(context, frame, family)) return true;
  const connection = translateAnswer(context, frame, family);
  if (connection === undefined) return refuseStray(context, frame, family);
  if (connection.method !== 'nat') return false;
  if (ipvs.settings.snat_reroute === 0) return false;
  if (family === 'inet') {
    const source = connection.virtualAddress as Ipv4Address;
    const way = routeOutput(kernel, connection.client as Ipv4Address, source);
    if (typeof way === 'string') drop(kernel, 'ipvs:no-route');
    else sendBehindHooks(kernel, frame, way);
    return true;
  }
  const way = routeIpv6(kernel, connection.client as Ipv6Address);
  if (typeof way === 'string') drop(kernel, 'ipvs:no-route');
  else sendIpv6BehindHooks(kernel, frame, way);
  return true;
}

function onLocalOutput(context: Context, frame: Uint8Array, family: IpFamily): boolean {
  const { kernel, facts } = context;
  if (dropsAnswer(context, frame, family)) return true;
  if (translateAnswer(context, frame, family) !== undefined) return false;
  if (refuseStray(context, frame, family)) return true;
  const transportAt = readPacketFacts(frame, IP_AT, family, facts);
  if (transportAt < 0) return false;
  facts.mark = markOfOwn(context, frame, family);
  const packet = { bytes: frame, at: IP_AT, transportAt, link: kernel.loopback, facts };
  return onRequest(context, packet, true);
}

/** What of servers goes no further: ICMPv6 errors about requests, damaged ICMP errors, headers cut short. */
function dropsAnswer(context: Context, frame: Uint8Array, family: IpFamily): boolean {
  const { kernel, ipvs, facts } = context;
  const isRefused =
    family === 'inet' ? isDamagedErrorOfServer(ipvs, frame) : isIpv6ErrorOfServer(ipvs, frame);
  if (isRefused) {
    drop(kernel, family === 'inet' ? 'icmp:bad-checksum' : 'ipvs:icmpv6-error');
    return true;
  }
  if (readPacketFacts(frame, IP_AT, family, facts) < 0 || !isUntranslatable(ipvs, facts))
    return false;
  drop(kernel, 'ipvs:short-header');
  return true;
}

/**
 * `nat_icmp_send`: a NAT server that speaks of a connection which this director does not know is told so, and the packet goes no
 * further; without it, it leaves with the server's own address. Source: ip_vs_out.
 */
function refuseStray(
  { kernel, ipvs, facts }: Context,
  frame: Uint8Array,
  family: IpFamily,
): boolean {
  if (ipvs.settings.nat_icmp_send === 0) return false;
  if (readPacketFacts(frame, IP_AT, family, facts) < 0 || !isOfNatServer(ipvs, facts)) return false;
  if (facts.protocol === PROTOCOL_TCP && (facts.tcpFlags & FLAG_RST) !== 0) return false;
  drop(kernel, 'ipvs:no-connection');
  tellPortUnreachable(kernel, frame, { at: IP_AT, family, link: kernel.loopback });
  return true;
}

/** The firewall's mark of a packet of this host; its rules ask for the link that the packet would leave by. */
function markOfOwn({ kernel, facts }: Context, frame: Uint8Array, family: IpFamily): number {
  if (kernel.firewall.counts['output-mark'] === 0) return 0;
  const way = wayTo(kernel, facts.destination);
  const link = typeof way === 'string' ? kernel.loopback : way.link;
  return packetMark(kernel, 'output-mark', { bytes: frame, at: IP_AT, family, link });
}

/** Follows an answer of a real server; NAT's and errors about NAT's requests are changed in place. */
function translateAnswer(
  context: Context,
  frame: Uint8Array,
  family: IpFamily,
): Connection | undefined {
  const { ipvs, facts } = context;
  const transportAt = readPacketFacts(frame, IP_AT, family, facts);
  if (transportAt < 0) return undefined;
  if (family === 'inet' && facts.protocol === PROTOCOL_ICMP) {
    return translateErrorToClient(ipvs, frame);
  }
  const connection = receiveAnswer(ipvs, facts);
  if (connection === undefined || connection.method !== 'nat') return connection;
  rewriteEndpoint(frame, {
    headerAt: IP_AT,
    transportAt,
    protocol: connection.protocol,
    side: 'source',
    address: connection.virtualAddress,
    port: connection.virtualPort,
  });
  return connection;
}
