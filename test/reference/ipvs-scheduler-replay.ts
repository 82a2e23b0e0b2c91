/**
 * Replays a recording of the real kernel's scheduling decisions step by step: the same operations and
 * packets go into `sim/kernel/ipvs`, and every pick, state and counter must be the recorded one. Only the
 * moments of timers are taken from the file (see `ipvs-clock.ts`).
 */

import { parseIp } from '../../daemon/wire/ip-address.ts';
import type { Connection } from '../../sim/kernel/ipvs/connection.ts';
import { stateName } from '../../sim/kernel/ipvs/connection-life.ts';
import type {
  IpvsSettings,
  IpvsState,
  PacketFacts,
  RealServer,
  ServiceKey,
} from '../../sim/kernel/ipvs/ipvs-state.ts';
import { makeIpvs } from '../../sim/kernel/ipvs/make-ipvs.ts';
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
import type { CounterRow, SchedulerRecording, SchedulerStep } from './ipvs-recording.ts';

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

interface Replay {
  readonly clock: ReplayClock;
  readonly state: IpvsState;
  readonly key: ServiceKey;
  readonly protocol: number;
  readonly method: ServerOptions['method'];
  readonly mark: number;
  readonly hasOnePacket: boolean;
}

/** What differs, one line each; stops after the first differing step, as all later ones follow from it. */
export function replaySchedulerRecording(recording: SchedulerRecording): string[] {
  const replay = start(recording);
  const order = rows(replay).map(([server]) => server);
  const differences = compareLists('list order at start', order, [
    ...recording.kernel_list_order_at_start,
  ]);
  let previous: readonly CounterRow[] | undefined;
  for (const [index, step] of recording.steps.entries()) {
    replay.clock.now = Math.max(replay.clock.now, Math.round(step.t * 1_000_000));
    for (const timer of replay.clock.overdue()) replay.clock.fire(timer);
    const title = `step ${index} (${step.op} ${step.client ?? step.server ?? ''} t=${step.t})`;
    const expected = step.before ?? previous;
    if (expected !== undefined) {
      settle(replay, expected);
      differences.push(...compareLists(`${title} before`, rows(replay), expected));
    }
    differences.push(...perform(replay, step).map((text) => `${title}: ${text}`));
    if (step.after !== undefined) {
      settle(replay, step.after);
      differences.push(...compareLists(`${title} after`, rows(replay), step.after));
    }
    previous = step.after ?? previous;
    if (differences.length > 0) break;
  }
  return differences;
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
  const replay: Replay = {
    clock,
    state,
    key:
      mark === 0
        ? { kind: 'address', protocol, address, port }
        : { kind: 'mark', mark, family: 'inet' },
    protocol,
    method: methodOf(recording.forwarding),
    mark,
    hasOnePacket: saysOnePacket(recording),
  };
  addService(state, replay.key, serviceOptions(replay, recording.scheduler, recording.flags));
  for (const server of recording.servers) {
    const which = endpoint(`${server.addr}:${server.port}`);
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

/**
 * One-packet scheduling is told by the flags, the name, or the line of the service in `ipvsadm -Ln`; and by the counters:
 * a datagram that a server got and that left no entry behind.
 */
function saysOnePacket(recording: SchedulerRecording): boolean {
  if (recording.protocol !== 'udp') return false;
  if (/(^|[-_ ])ops\b/.test(recording.name)) return true;
  const first = recording.steps.find((step) => step.op === 'packet' && step.after !== undefined);
  const entries = first?.after?.reduce((sum, row) => sum + row[2] + row[3], 0);
  if (first !== undefined && typeof first.chosen === 'string' && entries === 0) return true;
  const line = /^(?:UDP|FWM) .*$/m.exec(recording.final?.ipvsadm_Ln ?? '')?.[0] ?? '';
  const told = `${recording.flags} ${recording.kernel_service_flags ?? ''} ${line}`;
  return /(^|[\s,-])ops\b/.test(told) || /(^|\s)-o\b/.test(recording.flags);
}

function serviceOptions(replay: Replay, scheduler: string, flags: string): ServiceOptions {
  const words = flags.split(/[\s,]+/);
  const schedulerFlags = words.reduce((bits, word) => bits | (FLAG_BITS.get(word) ?? 0), 0);
  return { scheduler, schedulerFlags, onePacket: replay.hasOnePacket };
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
    case 'reset':
      return checkState(sendRequest(replay, step, RST | ACK), step);
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
  sendAnswer(replay, step, ACK);
  sendAnswer(replay, step, FIN | ACK);
  sendRequest(replay, step, ACK);
  return connection ?? entryOf(replay, step);
}

function sendRequest(replay: Replay, step: SchedulerStep, flags: number): Connection | undefined {
  const verdict = receiveRequest(replay.state, requestOf(replay, step, flags), false);
  return typeof verdict === 'string' ? undefined : verdict;
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
    family: 'inet',
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
    family: 'inet',
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

/** Lets timers that may have fired do so where the recorded counters say that they have. */
function settle(replay: Replay, expected: readonly CounterRow[]): void {
  const targets = new Map(expected.map((row) => [row[0], row]));
  replay.state.connections.forEach((connection) => {
    const { server } = connection;
    if (server === undefined || !replay.clock.mayHaveFired(connection.timer)) return;
    const target = targets.get(nameOf(server));
    if (target === undefined) return;
    const surplus = connection.isInactive
      ? server.inactiveConnections - target[3]
      : server.activeConnections - target[2];
    if (surplus > 0) replay.clock.fire(connection.timer);
  });
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

function nameOf(server: RealServer): string {
  return `${dotted(Number(server.address))}:${server.port}`;
}

function serverText(connection: Connection): string {
  return `${dotted(Number(connection.serverAddress))}:${connection.serverPort}`;
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}

function endpoint(text: string) {
  const colon = text.lastIndexOf(':');
  const address = parseIp(text.slice(0, colon));
  if (address === undefined) throw new Error(`not an address and a port: ${text}`);
  return { address, port: Number(text.slice(colon + 1)) };
}
