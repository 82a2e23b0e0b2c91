/**
 * What IPVS decides about a packet for a virtual service, and about an answer of a real server: find the
 * connection or schedule a new one, follow its state, keep it alive. The caller forwards.
 * Source: net/netfilter/ipvs/ip_vs_core.c: ip_vs_in, ip_vs_out, ip_vs_schedule, ip_vs_sched_persist.
 */

import type { IpAddress } from '../../../daemon/wire/ip-address.ts';
import { ipv4FromNumber } from '../../../daemon/wire/ipv4-address.ts';
import { ipv6FromBigint, ipv6Mask } from '../../../daemon/wire/ipv6-address.ts';
import { HZ } from '../kernel-clock.ts';
import type { Connection } from './connection.ts';
import {
  controlBy,
  expireSoon,
  followPacket,
  isTemplateUsable,
  keepAlive,
  openConnection,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from './connection-life.ts';
import type { IpvsState, PacketFacts, RealServer, VirtualService } from './ipvs-state.ts';
import { mustShed } from './load-defence.ts';
import { FTP_DATA_PORT, FTP_PORT, serviceFor } from './service-lookup.ts';
import { STATE_CLOSE, STATE_FIN_WAIT, STATE_TIME_WAIT } from './tcp-states.ts';

const FLAG_SYN = 0x02;
const FLAG_RST = 0x04;
const PROTOCOL_SCTP = 132;

/**
 * What becomes of a packet: the connection that it belongs to, or `accept` (not for IPVS), `drop` (silently),
 * `shed` (silently, too many), `short` (silently, no whole header), `refuse` (no usable server: ICMP port unreachable).
 */
export type PacketVerdict = Connection | 'accept' | 'drop' | 'shed' | 'short' | 'refuse';

/**
 * Takes a packet on its way to this host (or from it, `fromHere`). A connection's counters, state and timer
 * are up to date when it is returned.
 */
export function receiveRequest(
  state: IpvsState,
  packet: PacketFacts,
  fromHere: boolean,
): PacketVerdict {
  if (!isForwarded(packet.protocol)) return 'accept';
  let connection = state.connections.findForRequest(packet);
  if (connection !== undefined && isReusedPort(state, connection, packet)) {
    if (connection.controlled === 0) expireSoon(state, connection);
    connection = undefined;
  }
  if (connection?.server !== undefined && !connection.server.available) {
    if (state.settings.expire_nodest_conn === 0) return 'drop';
    expireSoon(state, connection);
    connection = undefined;
  }
  if (connection === undefined) {
    const scheduled = scheduleNew(state, packet, fromHere);
    if (typeof scheduled === 'string') return scheduled;
    connection = scheduled;
  }
  countIn(state, connection, packet.length);
  if (packet.isCutShort !== true) followPacket(state, connection, stateFlagsOf(packet), false);
  if (!connection.isOnePacket) connection.inPackets++;
  state.onPacketIn?.(connection, connection.inPackets);
  keepAlive(state, connection);
  return connection;
}

/** Whether it is an answer of a NAT server that cannot be translated: its header is cut short. */
export function isUntranslatable(state: IpvsState, packet: PacketFacts): boolean {
  if (packet.isCutShort !== true || !isForwarded(packet.protocol)) return false;
  return state.connections.findForAnswer(packet)?.method === 'nat';
}

/**
 * Takes a packet of a real server to a client. With DR and TUN those come by only where the
 * director is itself the server or the client's router.
 */
export function receiveAnswer(state: IpvsState, packet: PacketFacts): Connection | undefined {
  if (!isForwarded(packet.protocol)) return undefined;
  const connection = state.connections.findForAnswer(packet);
  if (connection === undefined) return undefined;
  countOut(state, connection, packet.length);
  if (packet.isCutShort !== true) followPacket(state, connection, stateFlagsOf(packet), true);
  keepAlive(state, connection);
  return connection;
}

const stateFlagsOf = ({ stateFlags, tcpFlags }: PacketFacts): number => stateFlags ?? tcpFlags;

function isForwarded(protocol: number): boolean {
  return protocol === PROTOCOL_TCP || protocol === PROTOCOL_UDP || protocol === PROTOCOL_SCTP;
}

/** Whether a SYN on a known client port begins a connection that is scheduled anew. */
function isReusedPort(state: IpvsState, connection: Connection, packet: PacketFacts): boolean {
  if (packet.protocol !== PROTOCOL_TCP || (packet.tcpFlags & FLAG_SYN) === 0) return false;
  const { conn_reuse_mode: mode, expire_nodest_conn: expire } = state.settings;
  if (expire !== 0 && connection.server !== undefined && connection.server.weight === 0) {
    return true;
  }
  if (mode === 0 || connection.control !== undefined) return false;
  if (connection.state === STATE_TIME_WAIT || connection.state === STATE_CLOSE) return true;
  return (mode & 2) !== 0 && connection.state === STATE_FIN_WAIT && connection.isWithoutOutput;
}

/** A packet without an entry: a SYN (or any datagram) to a service gets one. */
function scheduleNew(state: IpvsState, packet: PacketFacts, fromHere: boolean): PacketVerdict {
  if (packet.isCutShort === true) return 'short';
  if (packet.protocol === PROTOCOL_TCP) {
    const { tcpFlags } = packet;
    const mayBegin = (tcpFlags & FLAG_SYN) !== 0 || state.settings.sloppy_tcp !== 0;
    if (!mayBegin || (tcpFlags & FLAG_RST) !== 0) return 'accept';
  }
  const service = serviceFor(state, packet);
  if (service === undefined) return 'accept';
  if (mustShed(state)) return 'shed';
  if (packet.sourcePort === FTP_DATA_PORT) return 'accept';
  if (fromHere && state.connections.findForReverse(packet) !== undefined) return 'accept';
  const connection = schedule(state, service, packet);
  if (connection === undefined) {
    const isOtherPort = service.port === FTP_PORT && packet.destinationPort !== FTP_PORT;
    return isOtherPort ? 'accept' : 'refuse';
  }
  countConnection(state, connection, service);
  return connection;
}

/**
 * An ICMP error about a packet of no connection, with sysctl schedule_icmp: the connection that it is put into, as if its client had
 * sent something. `packet` is the quoted one, from the client's side. Source: ip_vs_in_icmp.
 */
export function scheduleError(state: IpvsState, packet: PacketFacts): Connection | undefined {
  if (state.settings.schedule_icmp === 0) return undefined;
  packet.isQuoted = true;
  const service = serviceFor(state, packet);
  if (service === undefined || mustShed(state)) return undefined;
  const connection = schedule(state, service, packet);
  if (connection === undefined) return undefined;
  countConnection(state, connection, service);
  keepAlive(state, connection);
  return connection;
}

function schedule(
  state: IpvsState,
  service: VirtualService,
  packet: PacketFacts,
): Connection | undefined {
  return service.persistent
    ? schedulePersistent(state, service, packet)
    : schedulePlain(state, service, packet);
}

function schedulePlain(
  state: IpvsState,
  service: VirtualService,
  packet: PacketFacts,
): Connection | undefined {
  if (service.mark === 0 && packet.destinationPort !== service.port) return undefined;
  const server = service.scheduler.schedule(packet);
  if (server === undefined) return undefined;
  const port = server.port === 0 ? packet.destinationPort : server.port;
  return open(state, service, packet, server, port);
}

function schedulePersistent(
  state: IpvsState,
  service: VirtualService,
  packet: PacketFacts,
): Connection | undefined {
  const template = templateFor(state, service, packet);
  const server = template?.server;
  if (template === undefined || server === undefined) return undefined;
  const isOwnPort = packet.destinationPort === service.port;
  const port = isOwnPort && server.port !== 0 ? server.port : packet.destinationPort;
  const connection = open(state, service, packet, server, port);
  controlBy(connection, template);
  keepAlive(state, template);
  return connection;
}

/** The template of the client's network, made when there is none that leads to a usable server. */
function templateFor(
  state: IpvsState,
  service: VirtualService,
  packet: PacketFacts,
): Connection | undefined {
  const isOwnPort = packet.destinationPort === service.port;
  const isByMark = !isOwnPort && service.mark !== 0;
  const key = {
    protocol: isByMark ? 0 : packet.protocol,
    client: networkOf(packet.source, service),
    virtualAddress: isByMark ? ipv4FromNumber(service.mark) : packet.destination,
    virtualPort: isOwnPort && service.port !== FTP_PORT ? packet.destinationPort : 0,
  };
  const known = state.connections.findTemplate(key);
  if (known !== undefined && isTemplateUsable(state, known)) return known;
  const server = service.scheduler.schedule(packet);
  if (server === undefined) return undefined;
  const template = openConnection(
    state,
    {
      ...key,
      family: packet.family,
      clientPort: 0,
      serverAddress: server.address,
      serverPort: key.virtualPort === 0 ? 0 : server.port,
      mark: packet.mark,
      isTemplate: true,
      isOnePacket: false,
      isSynchronised: false,
    },
    server,
  );
  template.timeoutTicks = service.persistenceSeconds * HZ;
  return template;
}

function networkOf(address: IpAddress, service: VirtualService): IpAddress {
  return typeof address === 'number'
    ? ipv4FromNumber((address & service.persistenceMask) >>> 0)
    : ipv6FromBigint(address & ipv6Mask(service.persistencePrefix));
}

/** The entry of a connection to its server; DR and TUN keep the packet's own port. */
function open(
  state: IpvsState,
  service: VirtualService,
  packet: PacketFacts,
  server: RealServer,
  port: number,
): Connection {
  return openConnection(
    state,
    {
      family: packet.family,
      protocol: packet.protocol,
      client: packet.source,
      clientPort: packet.sourcePort,
      virtualAddress: packet.destination,
      virtualPort: packet.destinationPort,
      serverAddress: server.address,
      serverPort: port,
      mark: packet.mark,
      isTemplate: false,
      isOnePacket: service.onePacket && packet.protocol === PROTOCOL_UDP,
      isSynchronised: false,
    },
    server,
  );
}

function countConnection(state: IpvsState, connection: Connection, service: VirtualService): void {
  state.statistics.connections++;
  service.statistics.connections++;
  if (connection.server !== undefined) connection.server.statistics.connections++;
}

/** Counts a packet to a server. */
export function countIn(state: IpvsState, connection: Connection, length: number): void {
  const { server } = connection;
  if (server === undefined || !server.available) return;
  for (const each of [server.statistics, server.service.statistics, state.statistics]) {
    each.inPackets++;
    each.inBytes += length;
  }
}

/** Counts a packet of a server. */
export function countOut(state: IpvsState, connection: Connection, length: number): void {
  const { server } = connection;
  if (server === undefined || !server.available) return;
  for (const each of [server.statistics, server.service.statistics, state.statistics]) {
    each.outPackets++;
    each.outBytes += length;
  }
}
