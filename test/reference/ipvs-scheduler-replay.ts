/**
 * Replays a recording of the real kernel's scheduling decisions step by step: the same operations and
 * packets go into `sim/kernel/ipvs`, and every pick, state and counter must be the recorded one. Only the
 * moments of timers are taken from the file (see `ipvs-clock.ts`).
 */

import { type IpAddress, type IpFamily, parseIp } from '../../daemon/wire/ip-address.ts';
import type { Connection } from '../../sim/kernel/ipvs/connection.ts';
import { PROTOCOL_TCP, stateName } from '../../sim/kernel/ipvs/connection-life.ts';
import type {
  IpvsSettings,
  IpvsState,
  PacketFacts,
  ServiceKey,
} from '../../sim/kernel/ipvs/ipvs-state.ts';
import { makeIpvs } from '../../sim/kernel/ipvs/make-ipvs.ts';
import { reverseFacts } from '../../sim/kernel/ipvs/packet-facts.ts';
import { receiveAnswer, receiveRequest } from '../../sim/kernel/ipvs/packet-input.ts';
import {
  addServer,
  deleteServer,
  editServer,
  type ServerOptions,
} from '../../sim/kernel/ipvs/real-servers.ts';
import { findService } from '../../sim/kernel/ipvs/service-lookup.ts';
import {
  addService,
  editService,
  type ServiceOptions,
} from '../../sim/kernel/ipvs/service-table.ts';
import { ReplayClock } from './ipvs-clock.ts';
import { type Persistence, persistenceOf, saysOnePacket } from './ipvs-recorded-service.ts';
import type { CounterRow, SchedulerRecording, SchedulerStep } from './ipvs-recording.ts';
import {
  endText,
  expireBeforePacket,
  expireTemplates,
  moveTimers,
  nameOf,
  settle,
} from './ipvs-replay-timers.ts';

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;
const FLAG_BITS: ReadonlyMap<string, number> = new Map([
  ['sh-fallback', 1],
  ['mh-fallback', 1],
  ['flag-1', 1],
  ['sh-port', 2],
  ['mh-port', 2],
  ['flag-2', 2],
  ['flag-3', 4],
]);

/** Steps that may make an entry. */
const OPENING_STEPS: readonly string[] = ['connect', 'syn', 'packet'];
/** How many choices are tried to explain one difference. */
const TRIED_CHOICES_MAX = 40;

/** What a pass found. */
interface Outcome {
  readonly differences: string[];
  /** How many steps it explains. */
  readonly steps: number;
  /** Steps during which a timer fired that may have fired before the operation. */
  readonly choices: readonly number[];
}

interface Replay {
  readonly clock: ReplayClock;
  readonly family: IpFamily;
  readonly state: IpvsState;
  readonly key: ServiceKey;
  readonly protocol: number;
  readonly method: ServerOptions['method'];
  readonly mark: number;
  readonly hasOnePacket: boolean;
  readonly persistent: Persistence | undefined;
}

/**
 * What differs, one line each; stops after the first differing step, as all later ones follow from it.
 *
 * A timer may have fired just before a step's operation instead of just behind it, which may show only later.
 * So where the recording differs, the other order is tried at the steps that had the choice, latest first, and
 * kept where it explains more steps.
 */
export function replaySchedulerRecording(recording: SchedulerRecording): string[] {
  const early = new Set<number>();
  let best = replayOnce(recording, early);
  for (;;) {
    const better = findBetter(recording, early, best);
    if (better === undefined) return best.differences;
    best = better;
  }
}

/** Puts the latest choice that explains more steps into `early`. */
function findBetter(
  recording: SchedulerRecording,
  early: Set<number>,
  best: Outcome,
): Outcome | undefined {
  if (best.differences.length === 0) return undefined;
  for (const step of best.choices.toReversed().slice(0, TRIED_CHOICES_MAX)) {
    if (early.has(step)) continue;
    early.add(step);
    const outcome = replayOnce(recording, early);
    if (outcome.differences.length === 0 || outcome.steps > best.steps) return outcome;
    early.delete(step);
  }
  return undefined;
}

/** One pass; timers that fired during a step of `early` fire before its operation. */
function replayOnce(recording: SchedulerRecording, early: ReadonlySet<number>): Outcome {
  const replay = start(recording);
  const order = rows(replay).map(([server]) => server);
  const recorded = [...recording.kernel_list_order_at_start];
  const atStart = compareLists('list order at start', order, recorded);
  if (atStart.length > 0) return { differences: atStart, steps: 0, choices: [] };
  let previous: readonly CounterRow[] | undefined;
  const choices: number[] = [];
  for (const [index, step] of recording.steps.entries()) {
    const nextAt = recording.steps[index + 1]?.t;
    const outcome = replayStep(replay, step, {
      before: step.before ?? previous,
      isEarly: early.has(index),
      endsAt: nextAt ?? step.t + (step.seconds ?? 0),
    });
    const { differences } = outcome;
    if (outcome.hadChoice || differences.length > 0) choices.push(index);
    if (differences.length > 0) {
      const title = `step ${index} (${step.op} ${step.client ?? step.server ?? ''} t=${step.t})`;
      const texts = differences.map((text) => `${title} ${text}`);
      return { differences: texts, steps: index, choices };
    }
    previous = step.after ?? previous;
  }
  return { differences: [], steps: recording.steps.length, choices };
}

function replayStep(
  replay: Replay,
  step: SchedulerStep,
  when: {
    readonly before: readonly CounterRow[] | undefined;
    readonly isEarly: boolean;
    /** When the next step begins. */
    readonly endsAt: number;
  },
): { readonly differences: string[]; readonly hadChoice: boolean } {
  const differences: string[] = [];
  setClock(replay, step.t);
  replay.clock.fireOverdue();
  if (when.before !== undefined) {
    settle(replay, when.before);
    differences.push(...compareLists('before', rows(replay), when.before));
  }
  if (when.isEarly) expireBefore(replay, step);
  replay.clock.stepLastsUs = Math.max(0, Math.round((when.endsAt - step.t) * 1_000_000));
  differences.push(...perform(replay, step));
  replay.clock.stepLastsUs = 0;
  moveTimers(replay);
  // Stamps tell the beginning; the counters were read at some moment before the next step.
  setClock(replay, when.endsAt);
  if (step.after === undefined) return { differences, hadChoice: false };
  const hadChoice = settle(replay, step.after);
  differences.push(...compareLists('after', rows(replay), step.after));
  return { differences, hadChoice };
}

/** What may have expired just before the operation does so, as far as the counters after it tell. */
function expireBefore(replay: Replay, step: SchedulerStep): void {
  for (const timer of replay.clock.work()) replay.clock.fire(timer);
  if (step.after === undefined) return;
  if (step.client === undefined) {
    expireBeforePacket(replay, step.after, undefined);
    return;
  }
  const mayOpen = OPENING_STEPS.includes(step.op) && !replay.hasOnePacket;
  const isNew = mayOpen && entryOf(replay, step) === undefined;
  expireTemplates(replay, requestOf(replay, step, 0), replay.persistent?.prefix);
  expireBeforePacket(replay, step.after, isNew ? step.chosen : undefined);
  const entry = entryOf(replay, step);
  // No counter tells of a removed server's entries.
  if (entry?.server?.available === false && replay.clock.mayHaveFired(entry.timer)) {
    replay.clock.fire(entry.timer);
  }
}

function setClock(replay: Replay, seconds: number): void {
  replay.clock.now = Math.max(replay.clock.now, Math.round(seconds * 1_000_000));
}

function start(recording: SchedulerRecording): Replay {
  const clock = new ReplayClock();
  const state = makeIpvs({ clock, random: () => 0 });
  for (const [name, value] of Object.entries(recording.sysctl)) {
    state.settings[name.replace('net.ipv4.vs.', '') as keyof IpvsSettings] = Number(value);
  }
  setTimeouts(state, recording.timeouts_tcp_tcpfin_udp ?? '0 0 0');
  const protocol = recording.protocol === 'udp' ? 17 : 6;
  const mark = recording.service.fwmark ?? 0;
  const { address, port } = endpoint(recording.service.vip ?? '0.0.0.0:0');
  const isIpv6 = recording.servers.some(({ addr }) => addr.includes(':'));
  const family = isIpv6 ? 'inet6' : 'inet';
  const replay: Replay = {
    clock,
    family,
    state,
    key: mark === 0 ? { kind: 'address', protocol, address, port } : { kind: 'mark', mark, family },
    protocol,
    method: methodOf(recording.forwarding),
    mark,
    hasOnePacket: saysOnePacket(recording),
    persistent: persistenceOf(recording),
  };
  addService(state, replay.key, serviceOptions(replay, recording.scheduler, recording.flags));
  for (const server of recording.servers) {
    const which = endpoint(endText(parsed(server.addr), server.port));
    addServer(state, replay.key, which, serverOptions(replay, server));
  }
  return replay;
}

/** `ipvsadm --set`: 0 keeps what is there. */
function setTimeouts(state: IpvsState, text: string): void {
  const [tcp = 0, tcpFin = 0, udp = 0] = text.split(/[\s,]+/).map(Number);
  if (tcp > 0) state.timeouts.tcp = tcp;
  if (tcpFin > 0) state.timeouts.tcpFin = tcpFin;
  if (udp > 0) state.timeouts.udp = udp;
}

function methodOf(text: string): ServerOptions['method'] {
  if (text.includes('-g') || text.startsWith('dr')) return 'dr';
  return text.includes('-i') || text.startsWith('tun') ? 'tun' : 'nat';
}

function serviceOptions(replay: Replay, scheduler: string, flags: string): ServiceOptions {
  const words = flags.split(/[\s,]+/);
  const schedulerFlags = words.reduce((bits, word) => bits | (FLAG_BITS.get(word) ?? 0), 0);
  const { persistent, hasOnePacket } = replay;
  const options = { scheduler, schedulerFlags, onePacket: hasOnePacket };
  if (persistent === undefined) return options;
  const { timeout: persistenceSeconds, prefix: persistencePrefix } = persistent;
  return { ...options, persistenceSeconds, persistencePrefix };
}

function serverOptions(
  replay: Replay,
  from: {
    readonly weight?: number;
    readonly upper_threshold?: number;
    readonly lower_threshold?: number;
  },
): ServerOptions {
  return {
    method: replay.method,
    weight: from.weight ?? 1,
    upperThreshold: from.upper_threshold ?? 0,
    lowerThreshold: from.lower_threshold ?? 0,
  };
}

/** Carries a step out; what differs from the recorded pick and state. */
function perform(replay: Replay, step: SchedulerStep): string[] {
  const { state, key } = replay;
  const which = endpoint(step.server ?? '0.0.0.0:0');
  switch (step.op) {
    case 'connect':
      return checkPick(connect(replay, step, true), step);
    case 'syn':
      return checkPick(connect(replay, step, false), step);
    case 'packet': {
      const connection = sendRequest(replay, step, 0);
      // Without an entry the recording may not know who got the datagram.
      const isUnknown = replay.hasOnePacket && (step.chosen ?? null) === null;
      return isUnknown ? [] : checkPick(connection, step);
    }
    case 'close':
      return checkState(close(replay, step), step);
    case 'reset': {
      const connection = sendRequest(replay, step, RST | ACK);
      return checkState(connection ?? entryOf(replay, step), step);
    }
    case 'server_reset':
      return checkState(sendAnswer(replay, step, RST | ACK) ?? entryOf(replay, step), step);
    case 'setweight':
      return refusal(editServer(state, key, which, serverOptions(replay, step)));
    case 'add':
      return refusal(addServer(state, key, which, serverOptions(replay, step)));
    case 'remove':
      return refusal(deleteServer(state, key, which));
    case 'setscheduler': {
      const options = serviceOptions(replay, step.scheduler ?? '', step.flags ?? '');
      return refusal(editService(state, key, options));
    }
    case 'wait':
      return [];
    default:
      return [`unknown operation ${step.op}`];
  }
}

function refusal(error: string | undefined): string[] {
  return error === undefined ? [] : [`refused: ${error}`];
}

/** The handshake; the server's answer passes the director with NAT only. */
function connect(replay: Replay, step: SchedulerStep, whole: boolean): Connection | undefined {
  const connection = sendRequest(replay, step, SYN);
  if (connection === undefined || !whole) return connection;
  sendAnswer(replay, step, SYN | ACK, connection);
  sendRequest(replay, step, ACK);
  return connection;
}

function close(replay: Replay, step: SchedulerStep): Connection | undefined {
  const connection = sendRequest(replay, step, FIN | ACK);
  // A server that has not got the FIN does not answer it.
  if (connection === undefined) return entryOf(replay, step);
  sendAnswer(replay, step, ACK);
  sendAnswer(replay, step, FIN | ACK);
  sendRequest(replay, step, ACK);
  return connection;
}

function sendRequest(replay: Replay, step: SchedulerStep, flags: number): Connection | undefined {
  const packet = requestOf(replay, step, flags);
  const verdict = receiveRequest(replay.state, packet, false);
  if (verdict === 'accept' && replay.protocol === PROTOCOL_TCP) resetByDirector(replay, packet);
  return typeof verdict === 'string' ? undefined : verdict;
}

/** A segment that IPVS leaves alone is answered by the director's own stack, and that RST passes IPVS, too. */
function resetByDirector(replay: Replay, { tcpFlags, ...packet }: PacketFacts): void {
  if ((tcpFlags & RST) !== 0) return;
  const answer = { ...packet, tcpFlags: RST };
  reverseFacts(answer);
  receiveAnswer(replay.state, answer);
}

function entryOf(replay: Replay, step: SchedulerStep): Connection | undefined {
  return replay.state.connections.findForRequest(requestOf(replay, step, 0));
}

function sendAnswer(
  replay: Replay,
  step: SchedulerStep,
  flags: number,
  known?: Connection,
): Connection | undefined {
  const connection = known ?? entryOf(replay, step);
  if (connection === undefined || connection.method !== 'nat') return undefined;
  return receiveAnswer(replay.state, {
    family: replay.family,
    protocol: replay.protocol,
    source: connection.serverAddress,
    sourcePort: connection.serverPort,
    destination: connection.client,
    destinationPort: connection.clientPort,
    mark: 0,
    tcpFlags: flags,
    length: 60,
  });
}

function requestOf(replay: Replay, step: SchedulerStep, tcpFlags: number): PacketFacts {
  const client = endpoint(step.client ?? '');
  const virtual = endpoint(step.vip ?? '');
  return {
    family: replay.family,
    protocol: replay.protocol,
    source: client.address,
    sourcePort: client.port,
    destination: virtual.address,
    destinationPort: virtual.port,
    mark: replay.mark,
    tcpFlags,
    length: 60,
  };
}

function checkPick(connection: Connection | undefined, step: SchedulerStep): string[] {
  const chosen = connection === undefined ? null : serverText(connection);
  if (chosen !== (step.chosen ?? null)) {
    return [`chose ${chosen ?? 'none'}, recorded ${step.chosen ?? 'none'}`];
  }
  return connection === undefined ? [] : checkState(connection, step);
}

function checkState(connection: Connection | undefined, step: SchedulerStep): string[] {
  if (step.state === undefined || step.state === null) return [];
  const name = connection === undefined ? 'none' : stateName(connection);
  return name === step.state ? [] : [`state ${name}, recorded ${step.state}`];
}

function rows(replay: Replay): CounterRow[] {
  const result: CounterRow[] = [];
  let server = findService(replay.state, replay.key)?.first;
  for (; server !== undefined; server = server.next) {
    const { weight, activeConnections, inactiveConnections } = server;
    result.push([nameOf(server), weight, activeConnections, inactiveConnections]);
  }
  return result;
}

function compareLists(title: string, ours: readonly unknown[], theirs: readonly unknown[]) {
  const left = JSON.stringify(ours);
  const right = JSON.stringify(theirs);
  return left === right ? [] : [`${title}: ${left}, recorded ${right}`];
}

function serverText(connection: Connection): string {
  return endText(connection.serverAddress, connection.serverPort);
}

function endpoint(text: string) {
  const colon = text.lastIndexOf(':');
  const address = parsed(text.slice(0, colon).replace(/^\[(.*)\]$/, '$1'));
  return { address, port: Number(text.slice(colon + 1)) };
}

function parsed(text: string): IpAddress {
  const address = parseIp(text);
  if (address === undefined) throw new Error(`not an address: ${text}`);
  return address;
}
