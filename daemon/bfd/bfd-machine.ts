/**
 * BFD sessions as plain data, and the timers that move them. Asynchronous mode only: no echo, no
 * authentication, as keepalived. Packets that came in are judged in `receive.ts`.
 *
 * | state | packet says AdminDown | Down | Init | Up | detection time over | reset time over |
 * |---|---|---|---|---|---|---|
 * | Down | - | Init | Up | - | - | forgets the peer |
 * | Init | Down | - | Up | Up | Down | - |
 * | Up | Down | Down | - | - | Down | - |
 * | AdminDown | - | - | - | - | - | - |
 *
 * Read RFC 5880 section 6.8. Source: keepalived 2.2.7, recorded; where it differs from the RFC, so
 * do we: the interval of a session that is not up is `idle_tx`, whatever the RFC's second says.
 */

import { type RandomSource, randomBelow } from '../base/random.ts';
import {
  type DurationUs,
  durationUs,
  elapsed,
  later,
  NO_DURATION,
  type TimeUs,
} from '../base/time.ts';
import { BFD_PACKET_LENGTH, type BfdState, encodeBfd } from '../wire/bfd.ts';
import type { BfdSessionConfig } from './bfd-config.ts';
import { bfdText } from './bfd-text.ts';

/** Diagnostic codes that are given here. Source: RFC 5880 section 4.1. */
export const BFD_DIAGNOSTIC = {
  NONE: 0,
  EXPIRED: 1,
  NEIGHBOR_DOWN: 3,
  ADMIN_DOWN: 7,
} as const;

/** What the machine wants done. */
export type BfdAction =
  | {
      readonly kind: 'log';
      readonly process: 'bfd';
      readonly level: 'info' | 'warning' | 'error';
      readonly text: string;
    }
  | { readonly kind: 'bfd-send'; readonly session: BfdSession; readonly bytes: Uint8Array }
  | { readonly kind: 'bfd-changed'; readonly session: BfdSession; readonly up: boolean };

/** One session; names as in RFC 5880 section 6.8.1 where keepalived has no other. */
export interface BfdSession {
  config: BfdSessionConfig;
  state: BfdState;
  remoteState: BfdState;
  /** Ours, never 0; the peer sends it back. */
  discriminator: number;
  /** The peer's; 0 until it is known. */
  remoteDiscriminator: number;
  diagnostic: number;
  remoteDiagnostic: number;
  remoteMinTx: DurationUs;
  remoteMinRx: DurationUs;
  remoteMultiplier: number;
  remoteDemand: boolean;
  poll: boolean;
  final: boolean;
  /** How often we send, before jitter; and the peer. */
  txInterval: DurationUs;
  remoteTxInterval: DurationUs;
  /** Silence after which we call the peer dead; and it us. */
  detectTime: DurationUs;
  remoteDetectTime: DurationUs;
  lastSeenAt: TimeUs;
  sendDueAt: TimeUs | undefined;
  expireDueAt: TimeUs | undefined;
  resetDueAt: TimeUs | undefined;
}

/** All sessions. */
export interface BfdMachine {
  sessions: BfdSession[];
  actions: BfdAction[];
  readonly random: RandomSource;
  readonly logDetail: boolean;
}

/** A machine without sessions. */
export function newBfdMachine(random: RandomSource, logDetail: boolean): BfdMachine {
  return { sessions: [], actions: [], random, logDetail };
}

/** A session that has heard nothing yet. */
export function newSession(machine: BfdMachine, config: BfdSessionConfig): BfdSession {
  return {
    config,
    state: 'Down',
    remoteState: 'Down',
    discriminator: drawDiscriminator(machine),
    remoteDiscriminator: 0,
    diagnostic: BFD_DIAGNOSTIC.NONE,
    remoteDiagnostic: BFD_DIAGNOSTIC.NONE,
    remoteMinTx: NO_DURATION,
    remoteMinRx: NO_DURATION,
    remoteMultiplier: 0,
    remoteDemand: false,
    poll: false,
    final: false,
    txInterval: config.idleTx,
    remoteTxInterval: NO_DURATION,
    detectTime: NO_DURATION,
    remoteDetectTime: NO_DURATION,
    lastSeenAt: 0 as TimeUs,
    sendDueAt: undefined,
    expireDueAt: undefined,
    resetDueAt: undefined,
  };
}

/** The beginning: everyone's state is told; who is not passive speaks at once. */
export function startSessions(machine: BfdMachine, now: TimeUs): void {
  for (const session of machine.sessions) {
    const speaks = !session.config.passive && session.state !== 'AdminDown';
    if (speaks) scheduleSend(machine, session, now);
    tell(machine, session);
    if (speaks) send(machine, session);
  }
}

/** Another configuration: sessions of the same name keep their state, timers and discriminator. */
export function reloadSessions(
  machine: BfdMachine,
  configs: readonly BfdSessionConfig[],
  now: TimeUs,
): void {
  const before = machine.sessions;
  machine.sessions = [];
  for (const config of configs) {
    const old = before.find((session) => session.config.name === config.name);
    const session = old ?? newSession(machine, config);
    const isOther = config.minRx !== session.config.minRx || config.minTx !== session.config.minTx;
    session.config = config;
    if (isOther) startPoll(machine, session);
    machine.sessions.push(session);
    const isQuiet = config.passive && session.state !== 'Up';
    if (session.state === 'AdminDown' || isQuiet) session.sendDueAt = undefined;
    else if (session.sendDueAt === undefined) scheduleSend(machine, session, now);
    tell(machine, session);
  }
}

/** When `runBfdTimers` wants to be called next. */
export function nextBfdDue(machine: BfdMachine): TimeUs | undefined {
  let next: TimeUs | undefined;
  for (const { sendDueAt, expireDueAt, resetDueAt } of machine.sessions) {
    for (const due of [sendDueAt, expireDueAt, resetDueAt]) {
      if (due !== undefined && (next === undefined || due < next)) next = due;
    }
  }
  return next;
}

/** Everything that is due. The detection time goes first: a packet of this moment tells the truth. */
export function runBfdTimers(machine: BfdMachine, now: TimeUs): void {
  for (const session of machine.sessions) {
    const { expireDueAt, resetDueAt } = session;
    if (expireDueAt !== undefined && expireDueAt <= now) expire(machine, session, now);
    if (resetDueAt !== undefined && resetDueAt <= now) forgetPeer(session);
    if (session.sendDueAt === undefined || session.sendDueAt > now) continue;
    send(machine, session);
    scheduleSend(machine, session, now);
  }
}

/** Sends one packet now; a Final is said once. */
export function send(machine: BfdMachine, session: BfdSession): void {
  const { config, state } = session;
  // What a Poll would ask for can as well be told in the answer to the peer's Poll.
  if (session.final) session.poll = false;
  const bytes = new Uint8Array(BFD_PACKET_LENGTH);
  const packet = {
    version: 1,
    diagnostic: session.diagnostic,
    state,
    poll: session.poll,
    final: session.final,
    controlPlaneIndependent: false,
    authenticated: false,
    demand: false,
    multipoint: false,
    detectMultiplier: config.multiplier,
    length: BFD_PACKET_LENGTH,
    myDiscriminator: session.discriminator,
    yourDiscriminator: session.remoteDiscriminator,
    desiredMinTx: state === 'Up' ? config.minTx : config.idleTx,
    requiredMinRx: config.minRx,
    requiredMinEchoRx: 0,
  };
  encodeBfd(packet, bytes, 0);
  session.final = false;
  machine.actions.push({ kind: 'bfd-send', session, bytes });
}

/**
 * The next packet, 75 to 90 % of the interval from now. Differs: RFC 5880 section 6.8.7 wants 75 to
 * 100 % with a multiplier above 1; keepalived takes the narrower range always.
 */
export function scheduleSend(machine: BfdMachine, session: BfdSession, now: TimeUs): void {
  const least = Math.floor(session.txInterval / 10);
  const most = Math.floor(session.txInterval / 4);
  const jitter = least + randomBelow(machine.random, most - least + 1);
  session.sendDueAt = later(now, durationUs(session.txInterval - jitter));
}

/** From Down or Init to Init or Up. */
export function rise(
  machine: BfdMachine,
  session: BfdSession,
  to: 'Init' | 'Up',
  now: TimeUs,
): void {
  session.state = to;
  session.diagnostic = BFD_DIAGNOSTIC.NONE;
  session.resetDueAt = undefined;
  session.expireDueAt ??= later(now, session.detectTime);
  if (to === 'Init') {
    if (session.config.passive && session.sendDueAt === undefined) {
      scheduleSend(machine, session, now);
    }
    return;
  }
  say(machine, 'info', bfdText.up(session.config.name));
  if (session.config.idleTx !== session.config.minTx) startPoll(machine, session);
  tell(machine, session);
}

/** To Down; nobody else hears of it where the session never was up, or the peer was stopped on purpose. */
export function fall(
  machine: BfdMachine,
  session: BfdSession,
  diagnostic: number,
  now: TimeUs,
): void {
  const wasUp = session.state === 'Up';
  if (wasUp) {
    session.discriminator = drawDiscriminator(machine);
    const text = bfdText.down(session.config.name, diagnostic, session.remoteDiagnostic);
    say(machine, 'warning', text);
  }
  session.state = 'Down';
  session.diagnostic = diagnostic;
  session.resetDueAt = later(now, session.detectTime);
  if (session.config.passive) session.sendDueAt = undefined;
  session.txInterval = idleInterval(session);
  session.expireDueAt = undefined;
  if (wasUp && session.remoteState !== 'AdminDown') tell(machine, session);
}

/** The session cannot work here (no socket): it stays AdminDown until the daemon is started anew. */
export function disable(machine: BfdMachine, session: BfdSession): void {
  session.state = 'AdminDown';
  session.diagnostic = BFD_DIAGNOSTIC.ADMIN_DOWN;
  session.sendDueAt = undefined;
  session.expireDueAt = undefined;
  session.resetDueAt = undefined;
  say(machine, 'warning', bfdText.adminDown(session.config.name));
}

/** The interval while the session is not up. */
export function idleInterval(session: BfdSession): DurationUs {
  const { idleTx } = session.config;
  return idleTx > session.remoteMinRx ? idleTx : session.remoteMinRx;
}

/** Says one line in the log of the BFD process. */
export function say(machine: BfdMachine, level: 'info' | 'warning' | 'error', text: string): void {
  machine.actions.push({ kind: 'log', process: 'bfd', level, text });
}

function expire(machine: BfdMachine, session: BfdSession, now: TimeUs): void {
  if (session.state === 'Up') {
    const silent = elapsed(session.lastSeenAt, now);
    const overdue = silent - session.detectTime;
    say(machine, 'warning', bfdText.expired(session.config.name, silent, overdue));
  }
  session.remoteDiscriminator = 0;
  fall(machine, session, BFD_DIAGNOSTIC.EXPIRED, now);
}

/** A detection time after the fall the next peer may be another one. Differs: not in the RFC. */
function forgetPeer(session: BfdSession): void {
  session.resetDueAt = undefined;
  session.state = 'Down';
  session.remoteState = 'Down';
  session.remoteDiscriminator = 0;
  session.remoteDiagnostic = BFD_DIAGNOSTIC.NONE;
  session.remoteDemand = false;
  session.poll = false;
  session.final = false;
  session.txInterval = idleInterval(session);
}

function startPoll(machine: BfdMachine, session: BfdSession): void {
  if (machine.logDetail) say(machine, 'info', bfdText.poll(session.config.name));
  if (!session.final) session.poll = true;
}

function tell(machine: BfdMachine, session: BfdSession): void {
  machine.actions.push({ kind: 'bfd-changed', session, up: session.state === 'Up' });
}

function drawDiscriminator(machine: BfdMachine): number {
  // A number that is taken is counted on from, so a poor source of chance cannot hang the daemon.
  let drawn = machine.random.uint32() >>> 0;
  while (drawn === 0 || machine.sessions.some((one) => one.discriminator === drawn)) {
    drawn = (drawn + 1) >>> 0;
  }
  return drawn;
}
