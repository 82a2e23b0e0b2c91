/**
 * Control packets that came in: what is thrown away, and what the rest does to its session.
 * Read RFC 5880 section 6.8.6, RFC 5881 section 5. Source: keepalived 2.2.7, recorded.
 */

import { type DurationUs, durationUs, later, type TimeUs } from '../base/time.ts';
import { type BfdDropReason, type BfdPacket, decodeBfd } from '../wire/bfd.ts';
import type { IpAddress } from '../wire/ip-address.ts';
import {
  BFD_DIAGNOSTIC,
  type BfdMachine,
  type BfdSession,
  fall,
  idleInterval,
  rise,
  say,
  scheduleSend,
  send,
} from './bfd-machine.ts';
import { bfdText, parameterLines } from './bfd-text.ts';

/** `max_hops` of a session that takes packets from any distance. */
const ANY_DISTANCE = 255;

/** Largest diagnostic code that keepalived knows. */
const DIAGNOSTIC_MAX = 8;

/** A datagram on the port of BFD. */
export interface BfdArrival {
  readonly bytes: Uint8Array;
  readonly from: { readonly address: IpAddress; readonly port: number };
  /** 0 where the machine cannot tell; then distance is not checked, as keepalived does. */
  readonly ttl: number;
}

/** Takes one datagram in. Whatever is wrong with it is a line of `-D`, never more. */
export function receiveBfd(machine: BfdMachine, arrival: BfdArrival, now: TimeUs): void {
  const { bytes } = arrival;
  const packet = decodeBfd(bytes, 0, bytes.length);
  const found = findSession(machine, packet, arrival);
  if (typeof packet === 'string' || typeof found === 'string') {
    if (machine.logDetail && typeof found === 'string') say(machine, 'error', found);
    return;
  }
  takeParameters(machine, found, packet, now);
  takeState(machine, found, now);
  scheduleByDemand(machine, found, now);
  if (packet.poll) {
    found.final = true;
    send(machine, found);
  }
  found.lastSeenAt = now;
  if (found.state === 'Up' && found.expireDueAt !== undefined) {
    found.expireDueAt = later(now, found.detectTime);
  }
}

/** The session that the packet is for, or why it is thrown away. */
function findSession(
  machine: BfdMachine,
  packet: BfdPacket | BfdDropReason,
  { from, ttl }: BfdArrival,
): BfdSession | string {
  const { address, port } = from;
  if (typeof packet === 'string' || isBogus(packet)) return bfdText.bogus(address, port);
  const ours = packet.yourDiscriminator;
  const session = machine.sessions.find((one) =>
    ours === 0 ? one.config.neighborAddress === address : one.discriminator === ours,
  );
  if (session === undefined) return bfdText.noSession(address, port, ours);
  const { config } = session;
  if (config.maxHops !== ANY_DISTANCE && ttl !== 0 && config.maxHops + ttl < config.ttl) {
    return bfdText.tooFar(address, ttl, config.ttl - config.maxHops);
  }
  if (packet.authenticated) return bfdText.authenticated(address, port);
  return session.state === 'AdminDown' ? bfdText.disabled(address, port) : session;
}

/** What no session may act on. */
function isBogus(packet: BfdPacket): boolean {
  const { state, yourDiscriminator } = packet;
  const isStranger = yourDiscriminator === 0 && state !== 'Down' && state !== 'AdminDown';
  return (
    packet.version !== 1 ||
    packet.detectMultiplier === 0 ||
    packet.multipoint ||
    packet.myDiscriminator === 0 ||
    isStranger ||
    (packet.poll && packet.final) ||
    packet.diagnostic > DIAGNOSTIC_MAX
  );
}

/** Takes over what the peer offers, and says what changed by it. */
function takeParameters(
  machine: BfdMachine,
  session: BfdSession,
  packet: BfdPacket,
  now: TimeUs,
): void {
  const before = { ...session };
  session.remoteDiscriminator = packet.myDiscriminator;
  session.remoteState = packet.state;
  session.remoteDiagnostic = packet.diagnostic;
  session.remoteMinRx = durationUs(packet.requiredMinRx);
  session.remoteMinTx = durationUs(packet.desiredMinTx);
  session.remoteDemand = packet.demand;
  session.remoteMultiplier = packet.detectMultiplier;
  if (packet.final) session.poll = false;
  // A session that is up keeps its intervals until both have agreed on others.
  if (session.state !== 'Up' || packet.poll || packet.final) {
    const isUpThere = session.remoteState === 'Up' && session.state !== 'Down';
    const { minTx, minRx } = session.config;
    session.txInterval = isUpThere ? longer(minTx, session.remoteMinRx) : idleInterval(session);
    session.remoteTxInterval = longer(minRx, session.remoteMinTx);
  }
  session.detectTime = durationUs(session.remoteMultiplier * session.remoteTxInterval);
  session.remoteDetectTime = durationUs(session.config.multiplier * session.txInterval);
  sayParameters(machine, session, before);
  if (session.txInterval < before.txInterval && session.sendDueAt !== undefined) {
    scheduleSend(machine, session, now);
  }
}

function sayParameters(machine: BfdMachine, session: BfdSession, before: BfdSession): void {
  const changed =
    session.remoteMinRx !== before.remoteMinRx ||
    session.remoteMinTx !== before.remoteMinTx ||
    session.remoteMultiplier !== before.remoteMultiplier ||
    session.txInterval !== before.txInterval;
  if (changed && machine.logDetail) {
    const { config } = session;
    const local = {
      minTx: session.state === 'Up' ? config.minTx : config.idleTx,
      minRx: config.minRx,
      txInterval: session.txInterval,
      multiplier: config.multiplier,
      detectTime: session.detectTime,
    };
    const remote = {
      minTx: session.remoteMinTx,
      minRx: session.remoteMinRx,
      txInterval: session.remoteTxInterval,
      multiplier: session.remoteMultiplier,
      detectTime: session.remoteDetectTime,
    };
    for (const line of parameterLines(config.name, local, remote)) say(machine, 'info', line);
  }
  if (session.detectTime !== before.detectTime) {
    const text = bfdText.detection(session.config.name, session.detectTime, before.detectTime);
    say(machine, 'info', text);
  }
}

/** The state machine; its table stands in `bfd-machine.ts`. */
function takeState(machine: BfdMachine, session: BfdSession, now: TimeUs): void {
  const { state, remoteState } = session;
  if (remoteState === 'AdminDown' && state !== 'Down') {
    fall(machine, session, BFD_DIAGNOSTIC.NEIGHBOR_DOWN, now);
  } else if (state === 'Down') {
    if (remoteState === 'Down') rise(machine, session, 'Init', now);
    else if (remoteState === 'Init') rise(machine, session, 'Up', now);
  } else if (state === 'Init') {
    if (remoteState === 'Init' || remoteState === 'Up') rise(machine, session, 'Up', now);
  } else if (remoteState === 'Down') {
    fall(machine, session, BFD_DIAGNOSTIC.NEIGHBOR_DOWN, now);
  }
}

/** A peer in demand mode does not want to hear us while both are up. */
function scheduleByDemand(machine: BfdMachine, session: BfdSession, now: TimeUs): void {
  const isUp = session.state === 'Up' && session.remoteState === 'Up';
  if (session.remoteDemand && isUp) session.sendDueAt = undefined;
  else if (session.sendDueAt === undefined) scheduleSend(machine, session, now);
}

function longer(a: DurationUs, b: DurationUs): DurationUs {
  return a > b ? a : b;
}
