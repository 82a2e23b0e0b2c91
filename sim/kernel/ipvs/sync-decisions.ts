/**
 * When a master announces a connection, and what a backup makes of an announcement. A connection is told of
 * at its third packet and every fiftieth after it, and when its state changes, but a handshake alone is
 * not enough. Source: net/netfilter/ipvs/ip_vs_sync.c: ip_vs_sync_conn_needed, ip_vs_proc_conn.
 */

import type { IpAddress } from '../../../daemon/wire/ip-address.ts';
import { familyOf } from '../../../daemon/wire/ip-address.ts';
import { HZ } from '../kernel-clock.ts';
import type { Connection } from './connection.ts';
import {
  expireSoon,
  keepAlive,
  openConnection,
  PROTOCOL_TCP,
  setCountedActive,
} from './connection-life.ts';
import type { IpvsState, PacketFacts, RealServer } from './ipvs-state.ts';
import { findServer } from './real-servers.ts';
import { serviceFor } from './service-lookup.ts';
import {
  SYNC_FLAG_INACTIVE,
  SYNC_FLAG_TEMPLATE,
  SYNC_FLAG_WITHOUT_OUTPUT,
  SYNC_METHOD_MASK,
  SYNC_METHOD_ROUTE,
  SYNC_METHOD_TUNNEL,
  type SyncEntry,
} from './sync-wire.ts';
import { STATE_ESTABLISHED } from './tcp-states.ts';

/** ESTABLISHED, FIN_WAIT, TIME_WAIT, CLOSE, CLOSE_WAIT. */
const ANNOUNCED_STATES: ReadonlySet<number> = new Set([1, 4, 5, 6, 7]);
const MIN_REFRESH_TICKS = 10 * HZ;

/** Whether a connection's packet number `packets` is a reason to announce it; remembers that it is. */
export function isAnnouncementDue(
  state: IpvsState,
  connection: Connection,
  packets: number,
): boolean {
  const { settings } = state;
  if (connection.isOnePacket) return false;
  let isForced = false;
  if (!connection.isTemplate) {
    if (settings.sync_persist_mode !== 0 && connection.control !== undefined) return false;
    if (connection.protocol === PROTOCOL_TCP) {
      if (!ANNOUNCED_STATES.has(connection.state)) return false;
      isForced = connection.state !== connection.announcedState;
    }
  }
  const tick = Math.floor((state.clock.now * HZ) / 1_000_000);
  const until = tick + connection.timeoutTicks;
  const isChange = isForced && connection.state !== STATE_ESTABLISHED;
  if (!isChange && !isPeriodDue(state, connection, packets, until)) return false;
  connection.announcedState = connection.state;
  connection.announcedUntilTick = until;
  return true;
}

function isPeriodDue(
  state: IpvsState,
  connection: Connection,
  packets: number,
  until: number,
): boolean {
  const { sync_refresh_period: refresh, sync_period: period } = state.settings;
  const threshold = state.settings.sync_threshold;
  if (refresh > 0) {
    const least = Math.max(Math.floor(connection.timeoutTicks / 2), MIN_REFRESH_TICKS);
    const difference = Math.abs(until - connection.announcedUntilTick);
    if (difference < Math.min(refresh * HZ, least)) return false;
  }
  if (period > 0) return connection.isTemplate || packets % period === threshold;
  return refresh > 0 || packets === threshold;
}

/** What the master says of a connection. */
export function syncEntryOf(connection: Connection): SyncEntry {
  const method =
    connection.method === 'dr'
      ? SYNC_METHOD_ROUTE
      : connection.method === 'tun'
        ? SYNC_METHOD_TUNNEL
        : 0;
  const flags =
    method |
    (connection.isWithoutOutput ? SYNC_FLAG_WITHOUT_OUTPUT : 0) |
    (connection.isInactive ? SYNC_FLAG_INACTIVE : 0) |
    (connection.isTemplate ? SYNC_FLAG_TEMPLATE : 0);
  return {
    protocol: connection.protocol,
    flags,
    state: connection.isTemplate ? (connection.isAssured ? 1 : 0) : connection.state,
    clientPort: connection.clientPort,
    virtualPort: connection.virtualPort,
    serverPort: connection.serverPort,
    mark: connection.mark,
    timeoutSeconds: Math.floor(connection.timeoutTicks / HZ),
    client: connection.client,
    virtualAddress: connection.virtualAddress,
    serverAddress: connection.serverAddress,
  };
}

/** Takes over what a master says of a connection. */
export function acceptSyncEntry(state: IpvsState, entry: SyncEntry): void {
  const isInactive = (entry.flags & SYNC_FLAG_INACTIVE) !== 0;
  let connection = find(state, entry);
  const isMoved =
    connection !== undefined &&
    (connection.serverPort !== entry.serverPort ||
      connection.serverAddress !== entry.serverAddress);
  if (connection !== undefined && isMoved) {
    if (isInactive) return;
    expireSoon(state, connection);
    connection = undefined;
  }
  if (connection === undefined) connection = create(state, entry);
  else setCountedActive(connection, !isInactive);
  const isTemplate = (entry.flags & SYNC_FLAG_TEMPLATE) !== 0;
  if (isTemplate) connection.isAssured = entry.state !== 0;
  else {
    connection.state = entry.state;
    connection.inPackets = state.settings.sync_threshold;
  }
  connection.announcedState = connection.state;
  connection.timeoutTicks = entry.timeoutSeconds * HZ;
  keepAlive(state, connection);
}

function create(state: IpvsState, entry: SyncEntry): Connection {
  const connection = openConnection(
    state,
    {
      family: familyOf(entry.client),
      protocol: entry.protocol,
      client: entry.client,
      clientPort: entry.clientPort,
      virtualAddress: entry.virtualAddress,
      virtualPort: entry.virtualPort,
      serverAddress: entry.serverAddress,
      serverPort: entry.serverPort,
      mark: entry.mark,
      isTemplate: (entry.flags & SYNC_FLAG_TEMPLATE) !== 0,
      isOnePacket: false,
      isSynchronised: true,
    },
    serverOf(state, entry),
  );
  if (connection.server === undefined) {
    const method = entry.flags & SYNC_METHOD_MASK;
    connection.method =
      method === SYNC_METHOD_ROUTE ? 'dr' : method === SYNC_METHOD_TUNNEL ? 'tun' : 'nat';
  }
  connection.isWithoutOutput = (entry.flags & SYNC_FLAG_WITHOUT_OUTPUT) !== 0;
  setCountedActive(connection, (entry.flags & SYNC_FLAG_INACTIVE) === 0);
  return connection;
}

function find(state: IpvsState, entry: SyncEntry): Connection | undefined {
  if ((entry.flags & SYNC_FLAG_TEMPLATE) !== 0) return state.connections.findTemplate(entry);
  return state.connections.findForRequest(factsOf(entry));
}

/** The real server of the same service here. */
function serverOf(state: IpvsState, entry: SyncEntry): RealServer | undefined {
  const service = serviceFor(state, factsOf(entry));
  if (service === undefined) return undefined;
  const exact = { address: entry.serverAddress, port: entry.serverPort };
  return findServer(service, exact) ?? findServer(service, { address: exact.address, port: 0 });
}

function factsOf(entry: SyncEntry): PacketFacts {
  const source: IpAddress = entry.client;
  return {
    family: familyOf(source),
    protocol: entry.protocol,
    source,
    sourcePort: entry.clientPort,
    destination: entry.virtualAddress,
    destinationPort: entry.virtualPort,
    mark: entry.mark,
    tcpFlags: 0,
    length: 0,
  };
}
