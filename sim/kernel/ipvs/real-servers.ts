/**
 * Real servers of a service: add, edit, remove. A removed one goes to the trash, because connections still
 * refer to it; adding the same server to the same service again takes it out of there with its counters and
 * its live connections. Source: net/netfilter/ipvs/ip_vs_ctl.c, __ip_vs_update_dest and the trash.
 */

import { familyOf, type IpAddress } from '../../../daemon/wire/ip-address.ts';
import type { Connection } from './connection.ts';
import { endConnection } from './connection-life.ts';
import type {
  ForwardMethod,
  IpvsState,
  PacketFacts,
  RealServer,
  ServiceKey,
  TunnelChecksum,
  TunnelType,
  VirtualService,
} from './ipvs-state.ts';
import { findService, type IpvsError } from './service-lookup.ts';
import { makeStatistics } from './statistics.ts';

/** How long the trash keeps a server without connections. Source: IP_VS_DEST_TRASH_PERIOD. */
const TRASH_PERIOD_US = 120_000_000;

/** The port of GUE tunnels (`--tun-port`). */
const NO_PORT = 0;

/** What may be set for a real server. */
export interface ServerOptions {
  readonly method: ForwardMethod;
  readonly weight: number;
  readonly upperThreshold?: number;
  readonly lowerThreshold?: number;
  readonly tunnel?: TunnelType;
  readonly tunnelPort?: number;
  readonly tunnelChecksum?: TunnelChecksum;
}

/** Which real server of a service. */
export interface ServerKey {
  readonly address: IpAddress;
  readonly port: number;
}

/** Adds a server at the head of the list. Fails: no-service, server-exists, out-of-range, invalid. */
export function addServer(
  state: IpvsState,
  key: ServiceKey,
  which: ServerKey,
  options: ServerOptions,
): IpvsError | undefined {
  const service = findService(state, key);
  if (service === undefined) return 'no-service';
  const refusal = checkOptions(options);
  if (refusal !== undefined) return refusal;
  if (findServer(service, which) !== undefined) return 'server-exists';
  if (familyOf(which.address) !== service.family && options.method !== 'tun') return 'invalid';
  const server = takeFromTrash(state, service, which) ?? makeServer(state, service, which);
  update(server, options, true);
  linkAtHead(service, server);
  service.scheduler.added?.(server);
  return undefined;
}

/** Changes a server; thresholds that are not given become 0. */
export function editServer(
  state: IpvsState,
  key: ServiceKey,
  which: ServerKey,
  options: ServerOptions,
): IpvsError | undefined {
  const service = findService(state, key);
  if (service === undefined) return 'no-service';
  const refusal = checkOptions(options);
  if (refusal !== undefined) return refusal;
  const server = findServer(service, which);
  if (server === undefined) return 'no-server';
  update(server, options, false);
  service.scheduler.updated?.(server);
  return undefined;
}

/** Removes a server. With `expire_nodest_conn` its connections end at the next tick. */
export function deleteServer(
  state: IpvsState,
  key: ServiceKey,
  which: ServerKey,
): IpvsError | undefined {
  const service = findService(state, key);
  if (service === undefined) return 'no-service';
  const server = findServer(service, which);
  if (server === undefined) return 'no-server';
  moveToTrash(state, service, server);
  return undefined;
}

/** Takes a server out of its service's list and keeps it for its connections, unless those are to end. */
export function moveToTrash(state: IpvsState, service: VirtualService, server: RealServer): void {
  const isArmed = state.nodestTimer.place >= 0;
  if (state.settings.expire_nodest_conn !== 0 && !isArmed) {
    state.clock.armTicks(state.nodestTimer, 1);
  }
  const { previous, next } = server;
  if (previous === undefined) service.first = next;
  else previous.next = next;
  if (next === undefined) service.last = previous;
  else next.previous = previous;
  server.previous = undefined;
  server.next = undefined;
  server.available = false;
  service.serverCount--;
  if (server.references === 0) server.idleSinceUs = state.clock.now;
  state.trash.unshift(server);
  service.scheduler.removed?.(server, previous);
}

/** The server of that address and port in a service's list. */
export function findServer(service: VirtualService, which: ServerKey): RealServer | undefined {
  for (let server = service.first; server !== undefined; server = server.next) {
    if (server.port === which.port && server.address === which.address) return server;
  }
  return undefined;
}

/**
 * Ends every connection and template whose server is removed; one that has been added again meanwhile keeps
 * them. Source: ip_vs_expire_nodest_conn_flush, a delayed work of one jiffy.
 */
export function endConnectionsWithoutServer(state: IpvsState): void {
  const gone: Connection[] = [];
  state.connections.forEach((connection) => {
    const isWithoutServer = connection.server !== undefined && !connection.server.available;
    if (isWithoutServer && connection.controlled === 0) gone.push(connection);
  });
  for (const connection of gone) {
    const template = connection.control;
    endConnection(state, connection);
    if (template !== undefined && template.controlled === 0) endConnection(state, template);
  }
}

function checkOptions(options: ServerOptions): IpvsError | undefined {
  if (options.weight < 0) return 'out-of-range';
  if ((options.lowerThreshold ?? 0) > (options.upperThreshold ?? 0)) return 'out-of-range';
  if (options.tunnel === 'gue' && (options.tunnelPort ?? NO_PORT) === NO_PORT) return 'invalid';
  return undefined;
}

function makeServer(state: IpvsState, service: VirtualService, which: ServerKey): RealServer {
  return {
    address: which.address,
    family: familyOf(which.address),
    port: which.port,
    service,
    method: 'dr',
    tunnel: 'ipip',
    tunnelPort: NO_PORT,
    tunnelChecksum: 'none',
    weight: 0,
    lastWeight: 0,
    upperThreshold: 0,
    lowerThreshold: 0,
    overloaded: false,
    available: false,
    activeConnections: 0,
    inactiveConnections: 0,
    persistentConnections: 0,
    references: 0,
    next: undefined,
    previous: undefined,
    idleSinceUs: state.clock.now,
    statistics: makeStatistics(),
  };
}

function update(server: RealServer, options: ServerOptions, isNew: boolean): void {
  server.weight = options.weight;
  if (isNew || options.weight !== 0) server.lastWeight = options.weight;
  server.method = options.method;
  server.tunnel = options.tunnel ?? 'ipip';
  server.tunnelPort = options.tunnelPort ?? NO_PORT;
  server.tunnelChecksum = options.tunnelChecksum ?? 'none';
  server.available = true;
  const upper = options.upperThreshold ?? 0;
  if (upper === 0 || upper > server.upperThreshold) server.overloaded = false;
  server.upperThreshold = upper;
  server.lowerThreshold = options.lowerThreshold ?? 0;
}

function linkAtHead(service: VirtualService, server: RealServer): void {
  server.previous = undefined;
  server.next = service.first;
  if (service.first === undefined) service.last = server;
  else service.first.previous = server;
  service.first = server;
  service.serverCount++;
}

/** A removed server of the same service and identity, unless it has been idle for too long. */
function takeFromTrash(
  state: IpvsState,
  service: VirtualService,
  which: ServerKey,
): RealServer | undefined {
  const { now } = state.clock;
  let found: RealServer | undefined;
  for (let index = state.trash.length - 1; index >= 0; index--) {
    const server = state.trash[index];
    if (server === undefined) continue;
    const isStale = server.references === 0 && now - (server.idleSinceUs ?? now) > TRASH_PERIOD_US;
    if (isStale) state.trash.splice(index, 1);
    else if (isSame(server, service, which)) found = server;
  }
  if (found === undefined) return undefined;
  state.trash.splice(state.trash.indexOf(found), 1);
  found.service = service;
  return found;
}

function isSame(server: RealServer, service: VirtualService, which: ServerKey): boolean {
  if (server.address !== which.address || server.port !== which.port) return false;
  const old = server.service.key;
  const { key } = service;
  if (old.kind === 'mark') return key.kind === 'mark' && old.mark === key.mark;
  if (key.kind === 'mark') return false;
  return old.protocol === key.protocol && old.address === key.address && old.port === key.port;
}

/** Whether a packet comes from a server that a service reaches by NAT. Source: ip_vs_has_real_service. */
export function isOfNatServer(state: IpvsState, packet: PacketFacts): boolean {
  for (const service of state.services) {
    if (service.mark === 0 && service.protocol !== packet.protocol) continue;
    for (let server = service.first; server !== undefined; server = server.next) {
      const isSource = server.address === packet.source && server.port === packet.sourcePort;
      if (isSource && server.method === 'nat') return true;
    }
  }
  return false;
}
