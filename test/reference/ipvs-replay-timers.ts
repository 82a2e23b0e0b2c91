/**
 * When a replayed timer fires is told by the recorded counters: the recording machine's timer wheel allows a
 * window, and within it a timer has fired where a server has fewer entries than the model. Of several that
 * may have fired, those go first that can wait least: the wheel may hold a long timer for seconds, a short one only for some ticks.
 */

import { formatIp, type IpAddress } from '../../daemon/wire/ip-address.ts';
import { ipv4Mask } from '../../daemon/wire/ipv4-address.ts';
import type { Connection } from '../../sim/kernel/ipvs/connection.ts';
import type { IpvsState, PacketFacts, RealServer } from '../../sim/kernel/ipvs/ipvs-state.ts';
import type { ReplayClock } from './ipvs-clock.ts';
import type { CounterRow } from './ipvs-recording.ts';

/** What is replayed, and its clock. */
export interface Timed {
  readonly clock: ReplayClock;
  readonly state: IpvsState;
}

/** Lets timers that may have fired do so where the recorded counters say that they have; whether one did. */
export function settle(timed: Timed, expected: readonly CounterRow[]): boolean {
  let hasFired = false;
  const targets = new Map(expected.map((row) => [row[0], row]));
  for (const connection of mayHaveExpired(timed)) {
    const { server } = connection;
    const target = server === undefined ? undefined : targets.get(nameOf(server));
    if (server === undefined || target === undefined) continue;
    const surplus = connection.isInactive
      ? server.inactiveConnections - target[3]
      : server.activeConnections - target[2];
    if (surplus <= 0) continue;
    timed.clock.fire(connection.timer);
    hasFired = true;
  }
  return hasFired;
}

/**
 * A timer may fire between the look at the counters and the packet, and free a server that was full. It has
 * done so where the counters after the packet lack more than the packet explains, which adds one entry to
 * the server `chosen` or (absent) none.
 */
export function expireBeforePacket(
  timed: Timed,
  after: readonly CounterRow[],
  chosen: string | null | undefined,
): void {
  const targets = new Map(
    after.map(([name, , active, inactive]) => [
      name,
      active + inactive - (isSameServer(name, chosen) ? 1 : 0),
    ]),
  );
  for (const connection of mayHaveExpired(timed)) {
    const { server } = connection;
    const target = server === undefined ? undefined : targets.get(nameOf(server));
    if (server === undefined || target === undefined) continue;
    if (server.activeConnections + server.inactiveConnections <= target) continue;
    timed.clock.fire(connection.timer);
  }
}

/** Lets templates of the packet's client that may have expired do so; no counter tells of them. */
export function expireTemplates(
  timed: Timed,
  packet: PacketFacts,
  prefix: number | undefined,
): void {
  if (prefix === undefined || typeof packet.source !== 'number') return;
  const network = (packet.source & ipv4Mask(prefix)) >>> 0;
  for (const { isTemplate, client, timer } of mayHaveExpired(timed)) {
    if (isTemplate && client === network) timed.clock.fire(timer);
  }
}

/** The model moves an entry's timer when it fires too early; the kernel with every packet, as is done here. */
export function moveTimers(timed: Timed): void {
  timed.state.connections.forEach(({ timer, expiryUs }) => {
    if (timer.place >= 0 && timer.dueUs < expiryUs) timed.clock.arm(timer, expiryUs);
  });
}

/** Address and port of a server as recordings write them. */
export function nameOf(server: RealServer): string {
  return endText(server.address, server.port);
}

/** `address:port`, an IPv6 address in brackets. */
export function endText(address: IpAddress, port: number): string {
  const text = formatIp(address);
  return typeof address === 'number' ? `${text}:${port}` : `[${text}]:${port}`;
}

/** A server of port 0 is chosen with the port of the packet. */
function isSameServer(name: string, chosen: string | null | undefined): boolean {
  if (chosen === undefined || chosen === null) return false;
  return name === chosen || name === chosen.replace(/:\d+$/, ':0');
}

function mayHaveExpired(timed: Timed): Connection[] {
  const found: Connection[] = [];
  timed.state.connections.forEach((connection) => {
    if (timed.clock.mayHaveFired(connection.timer)) found.push(connection);
  });
  return found.sort((a, b) => timed.clock.latest(a.timer) - timed.clock.latest(b.timer));
}
