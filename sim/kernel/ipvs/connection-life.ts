/**
 * How connection entries begin, are kept alive and end: binding to a server with its counters and
 * thresholds, the timer, and the control of templates over their connections.
 * Source: net/netfilter/ipvs/ip_vs_conn.c.
 */

import type { IpAddress, IpFamily } from '../../../daemon/wire/ip-address.ts';
import { HZ, makeTimer } from '../kernel-clock.ts';
import { type Connection, VOIDED_PORT } from './connection.ts';
import type { IpvsState, RealServer } from './ipvs-state.ts';
import {
  isActiveTcpState,
  nextTcpState,
  STATE_ESTABLISHED,
  TCP_STATES,
  tcpStateSeconds,
} from './tcp-states.ts';

/** IP protocol numbers that IPVS forwards. */
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;

/** A new entry lives that long until a state says otherwise. */
const NEW_SECONDS = 3;
/** By how much a template lives on while it controls connections, and from then on. */
const EXTENSION_SECONDS = 60;

/** What identifies a new entry. */
export interface NewConnection {
  readonly family: IpFamily;
  readonly protocol: number;
  readonly client: IpAddress;
  readonly clientPort: number;
  readonly virtualAddress: IpAddress;
  readonly virtualPort: number;
  readonly serverAddress: IpAddress;
  readonly serverPort: number;
  readonly mark: number;
  readonly isTemplate: boolean;
  readonly isOnePacket: boolean;
  readonly isSynchronised: boolean;
}

/** Makes an entry, binds it to its server and puts it into the table. */
export function openConnection(
  state: IpvsState,
  wanted: NewConnection,
  server: RealServer | undefined,
): Connection {
  // Name by name: with a spread, every further property would be added one by one, which costs
  // more than all else that is done for a new connection.
  const connection: Connection = {
    family: wanted.family,
    protocol: wanted.protocol,
    client: wanted.client,
    clientPort: wanted.clientPort,
    virtualAddress: wanted.virtualAddress,
    virtualPort: wanted.virtualPort,
    serverAddress: wanted.serverAddress,
    serverPort: wanted.serverPort,
    mark: wanted.mark,
    isTemplate: wanted.isTemplate,
    isOnePacket: wanted.isOnePacket,
    isSynchronised: wanted.isSynchronised,
    server: undefined,
    method: 'nat',
    isInactive: true,
    isWithoutOutput: false,
    isAssured: false,
    state: 0,
    timeoutTicks: NEW_SECONDS * HZ,
    expiryUs: 0,
    expiryTick: 0,
    timer: makeTimer(() => onTimer(state, connection)),
    control: undefined,
    controlled: 0,
    hasYielded: false,
    inPackets: 0,
    announcedState: 0,
    announcedUntilTick: 0,
    isHashed: false,
    nextInBucket: undefined,
    previousInBucket: undefined,
    nextInOrder: undefined,
    previousInOrder: undefined,
  };
  if (server !== undefined) bindServer(connection, server);
  if (!connection.isOnePacket) state.connections.add(connection);
  return connection;
}

/** Binds an entry to its server and counts it there, which may overload the server. */
function bindServer(connection: Connection, server: RealServer): void {
  server.references++;
  server.idleSinceUs = undefined;
  connection.server = server;
  connection.method = server.method;
  connection.isWithoutOutput = server.method !== 'nat';
  if (connection.isTemplate) server.persistentConnections++;
  else if (connection.isInactive) server.inactiveConnections++;
  else server.activeConnections++;
  const total = server.activeConnections + server.inactiveConnections;
  if (server.upperThreshold !== 0 && total >= server.upperThreshold) server.overloaded = true;
}

/** Takes an entry from its server's counters; only this clears an overload (and a new threshold). */
function unbindServer(state: IpvsState, connection: Connection): void {
  const { server } = connection;
  if (server === undefined) return;
  if (connection.isTemplate) server.persistentConnections--;
  else if (connection.isInactive) server.inactiveConnections--;
  else server.activeConnections--;
  const total = server.activeConnections + server.inactiveConnections;
  if (server.lowerThreshold !== 0) {
    if (total < server.lowerThreshold) server.overloaded = false;
  } else if (server.upperThreshold !== 0) {
    if (total * 4 < server.upperThreshold * 3) server.overloaded = false;
  } else {
    server.overloaded = false;
  }
  server.references--;
  if (server.references === 0) server.idleSinceUs = state.clock.now;
}

/** Follows a packet's protocol: the next state, its lifetime, active or not. */
export function followPacket(
  state: IpvsState,
  connection: Connection,
  flags: number,
  isAnswer: boolean,
): void {
  if (connection.protocol === PROTOCOL_TCP) {
    followTcp(state, connection, flags, isAnswer);
    return;
  }
  connection.timeoutTicks = state.timeouts.udp * HZ;
  if (isAnswer && connection.control !== undefined) connection.control.isAssured = true;
}

function followTcp(
  state: IpvsState,
  connection: Connection,
  flags: number,
  isAnswer: boolean,
): void {
  if (isAnswer) connection.isWithoutOutput = false;
  const direction = isAnswer ? 'out' : connection.isWithoutOutput ? 'in-only' : 'in';
  setTcpState(
    state,
    connection,
    nextTcpState(connection.state, flags, direction, state.defence.isSecure),
  );
}

/** Puts an entry into a TCP state, with its lifetime and its place among the counters. */
function setTcpState(state: IpvsState, connection: Connection, next: number): void {
  if (next !== connection.state) {
    setCountedActive(connection, isActiveTcpState(next));
    if (next === STATE_ESTABLISHED && connection.control !== undefined) {
      connection.control.isAssured = true;
    }
  }
  connection.state = next;
  connection.timeoutTicks = tcpStateSeconds(next, state.timeouts) * HZ;
}

/** Moves an entry between its server's active and inactive counters. */
export function setCountedActive(connection: Connection, active: boolean): void {
  const { server } = connection;
  if (connection.isTemplate || active !== connection.isInactive) return;
  connection.isInactive = !active;
  if (server === undefined) return;
  const change = active ? 1 : -1;
  server.activeConnections += change;
  server.inactiveConnections -= change;
}

/**
 * Starts an entry's lifetime anew after a packet; one of a single datagram ends at once. The timer itself
 * is only moved when it would come too late, and looks at `expiryUs` when it fires.
 */
export function keepAlive(state: IpvsState, connection: Connection): void {
  if (connection.isOnePacket) {
    endConnection(state, connection);
    return;
  }
  setExpiry(state, connection, connection.timeoutTicks);
}

function setExpiry(state: IpvsState, connection: Connection, ticks: number): void {
  const { clock } = state;
  connection.expiryUs = clock.wheelExpiryUs(ticks);
  connection.expiryTick = Math.floor((clock.now * HZ) / 1_000_000) + ticks;
  const { timer } = connection;
  if (timer.place < 0 || timer.dueUs > connection.expiryUs) clock.arm(timer, connection.expiryUs);
}

/** Lets an entry expire at the next tick. */
export function expireSoon(state: IpvsState, connection: Connection): void {
  if (connection.timer.place < 0) return;
  setExpiry(state, connection, 0);
}

function onTimer(state: IpvsState, connection: Connection): void {
  if (connection.expiryUs > state.clock.now) {
    state.clock.arm(connection.timer, connection.expiryUs);
    return;
  }
  if (connection.controlled > 0 && !connection.hasYielded) {
    // Of timers in one slot of the wheel Linux fires the youngest first, and a connection's is younger than its template's.
    connection.hasYielded = true;
    state.clock.arm(connection.timer, state.clock.now);
    return;
  }
  connection.hasYielded = false;
  if (connection.controlled > 0) {
    connection.timeoutTicks = EXTENSION_SECONDS * HZ;
    state.onPacketIn?.(connection, connection.inPackets);
    setExpiry(state, connection, connection.timeoutTicks);
    return;
  }
  endConnection(state, connection);
}

/** Ends an entry now. */
export function endConnection(state: IpvsState, connection: Connection): void {
  state.clock.cancel(connection.timer);
  state.connections.remove(connection);
  if (connection.control !== undefined) connection.control.controlled--;
  connection.control = undefined;
  unbindServer(state, connection);
}

/** Puts a connection under a template. */
export function controlBy(connection: Connection, template: Connection): void {
  connection.control = template;
  template.controlled++;
}

/** Whether a template still leads to a usable server; one that does not is voided and found no more. */
export function isTemplateUsable(state: IpvsState, template: Connection): boolean {
  const { server } = template;
  const isQuiescent =
    state.settings.expire_quiescent_template !== 0 && server !== undefined && server.weight === 0;
  if (server?.available && !isQuiescent) return true;
  template.serverPort = VOIDED_PORT;
  template.virtualPort = VOIDED_PORT;
  return false;
}

/** The name of an entry's state in `ipvsadm -Lnc`. */
export function stateName(connection: Connection): string {
  if (connection.isTemplate) return connection.isAssured ? 'ASSURED' : 'NONE';
  if (connection.protocol === PROTOCOL_TCP) return TCP_STATES[connection.state] ?? 'ERR!';
  return connection.protocol === PROTOCOL_UDP ? 'UDP' : 'NONE';
}
