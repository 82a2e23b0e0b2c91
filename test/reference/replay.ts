/**
 * Does to the twin what was done to the real thing, at the same moments, and observes it in the same way. What
 * depends on phases that nobody controls (when the client's first packet left, when a daemon was ready) is fed from the recording.
 */

import { randomBelow } from '../../daemon/base/random.ts';
import { type DurationUs, durationUs, type TimeUs, timeUs } from '../../daemon/base/time.ts';
import { readEtherType } from '../../daemon/wire/ethernet.ts';
import { formatIp } from '../../daemon/wire/ip-address.ts';
import { formatMac } from '../../daemon/wire/mac-address.ts';
import { encodeUtf8 } from '../../daemon/wire/text.ts';
import { Engine } from '../../sim/engine/engine.ts';
import type { RunEvent } from '../../sim/engine/run-log.ts';
import type { HostApi } from '../../sim/host/host-api.ts';
import type { HostRunEvent } from '../../sim/host/host-events.ts';
import { buildLan } from '../../sim/topology/build-lan.ts';
import type { LivingLan } from '../../sim/topology/living-lan.ts';
import { advertMoments } from './advert-moments.ts';
import { announcementMoments } from './announcement-moments.ts';
import { CLIENT_MAC, CONFIG_PATH, LEAD, laboratory, switchPortOf } from './lab.ts';
import { yieldingTimes } from './last-words.ts';
import { pacedPrograms } from './paced-daemon.ts';
import { type Phases, phasesOf } from './phases.ts';
import { pingMoments, recordedPing } from './recorded-ping.ts';
import {
  type Observation,
  type Outage,
  pingCapture,
  type RecordedEvent,
  type Recording,
  recordedFile,
  type Seconds,
  type SeenFrame,
} from './recording.ts';

/** The twin's observation of the same events. `seed` draws what was chance in the recording. */
export function replay(recording: Recording, seed: number): Observation {
  const engine = new Engine({ seed });
  const phases = phasesOf(recording, CLIENT_MAC);
  feedReachableTime(engine, phases);
  const programs = pacedPrograms(advertMoments(recording, LEAD), {
    frameMoment: announcementMoments(recording, microseconds),
    yieldingTime: yieldingTimes(recording, LEAD),
  });
  const lan = buildLan(laboratory(recording, phases), engine, programs);
  const journal = observeLog(lan);
  const frames = observeFrames(lan, recording);
  const scriptTime = durationUs(Math.round((phases.scriptTakes ?? SCRIPT_TIME) * 1e6));
  const stage = { lan, recording, scriptTime };
  for (const [index, event] of recording.events.entries()) {
    if (!isParentKill(recording, event)) scheduleEvent(stage, { event, index });
  }
  schedulePing(lan, recording, phases);
  engine.runUntil(microseconds(recording.end));
  return {
    transitions: journal.transitions,
    frames,
    addresses: journal.addresses,
    clientNeighbours: journal.neighbours,
    outages: findOutages(recording, frames),
    log: journal.lines,
  };
}

/** Linux ticks a second, and what a reachable time is drawn from: base_reachable_time is 30 s. */
const TICKS = 250;
const REACHABLE_TICKS = 30 * TICKS;
/** Longer than any recording sees an entry reachable, where none grew old. */
const REACHABLE_UNSEEN: Seconds = 44.8;
const REACHABLE_TOLERANCE: Seconds = 0.2;

/** Draws until the wanted one comes: one in 75 is near enough, at either end of the range one in 150. */
const DRAWS_MAX = 100_000;

/** The client's streams go on to where the next draw is the reachable time of the recording. */
function feedReachableTime(engine: Engine, phases: Phases): void {
  const wanted = phases.reachableFor ?? REACHABLE_UNSEEN;
  for (const table of ['arp', 'nd']) {
    const stream = engine.streams.named(`client/kernel/${table}`);
    const isNext = (): boolean => {
      const before = stream.save();
      const ticks = REACHABLE_TICKS / 2 + randomBelow(stream, REACHABLE_TICKS);
      const isWanted = Math.abs(ticks / TICKS - wanted) < REACHABLE_TOLERANCE;
      if (isWanted) stream.restore(before);
      return isWanted;
    };
    let draws = 1;
    while (!isNext()) {
      if (draws++ > DRAWS_MAX) throw new Error(`no neighbour is reachable for ${wanted} s`);
    }
  }
}

/** Of events with one time stamp the recorder's script did one after the other. */
const SCRIPT_STEP: Seconds = 0.0002;

/** How long a script takes where the recording does not tell. */
const SCRIPT_TIME: Seconds = 0.006;

/** Where events happen. */
interface Stage {
  readonly lan: LivingLan;
  readonly recording: Recording;
  readonly scriptTime: DurationUs;
}

function scheduleEvent(
  stage: Stage,
  { event, index }: { readonly event: RecordedEvent; readonly index: number },
): void {
  const { lan, recording } = stage;
  const before = recording.events.slice(0, index).filter((other) => other.at === event.at);
  const at = event.do === 'start' ? (event.ready ?? event.at) : event.at;
  const target = { onEvent: () => perform(stage, event) };
  lan.engine.schedule(microseconds(at + before.length * SCRIPT_STEP), target, 0, undefined);
}

function perform(stage: Stage, event: RecordedEvent): void {
  const { lan } = stage;
  const host = hostOf(lan, event.node);
  const nic = event.nic ?? 'eth0';
  const far = switchPortOf(event.node, nic);
  const bridge = lan.switches.get(far.switch);
  switch (event.do) {
    case 'start':
      loadConfig(host, stage, event);
      host.unit('start', 'keepalived');
      return;
    case 'signal':
      if (event.config !== undefined) loadConfig(host, stage, event);
      host.signal('keepalived', event.signal as 'TERM');
      return;
    case 'carrier':
      bridge?.setPortUp(far.port, event.up === true);
      return;
    case 'admin':
      host.kernel?.setLinkUp(nic, event.up === true);
      return;
    case 'port-detach':
    case 'port-attach':
      bridge?.setPortDetached(far.port, event.do === 'port-detach');
      return;
    case 'port-block':
    case 'port-forward':
      bridge?.setPortForwarding(far.port, event.do === 'port-forward');
      return;
    case 'mcast-flood':
      bridge?.setMulticastDelivery(far.port, event.on === true);
      return;
    case 'script':
      host.setScriptAnswer(event.script ?? '', {
        exit: event.exit ?? 0,
        after: stage.scriptTime,
      });
      return;
    case 'file':
      host.writeFile(`/run/FLAG-${event.file}-${event.node}`, encodeUtf8(`${event.text}\n`));
      return;
    case 'address-del':
      host.exec(`ip addr del ${event.address} dev ${nic}`, () => undefined);
      return;
    case 'neigh-flush':
      host.exec('ip neigh flush all', () => undefined);
      return;
    default:
      throw new Error(`events.json: unknown event '${event.do}'`);
  }
}

function loadConfig(host: HostApi, stage: Stage, event: RecordedEvent): void {
  const { recording, scriptTime } = stage;
  host.writeFile(CONFIG_PATH, recordedFile(recording, event.config ?? ''));
  for (const name of scriptNames(recording, event)) {
    if (!answeredBefore(recording, event, name)) {
      host.setScriptAnswer(name, { exit: 0, after: scriptTime });
    }
  }
}

/** Scripts succeed until an event of the recording says otherwise. */
function scriptNames(recording: Recording, event: RecordedEvent): string[] {
  const text = Array.from(recordedFile(recording, event.config ?? ''), (byte) =>
    String.fromCharCode(byte),
  ).join('');
  return [...text.matchAll(/^\s*vrrp_script\s+(\w+)/gm)].map((found) => found[1] as string);
}

function answeredBefore(recording: Recording, event: RecordedEvent, script: string): boolean {
  return recording.events.some(
    (other) => other.do === 'script' && other.script === script && other.at <= event.at,
  );
}

/** A daemon is two processes; a second KILL shortly after is for the child, which is the one that speaks VRRP. */
function isParentKill(recording: Recording, event: RecordedEvent): boolean {
  if (event.do !== 'signal' || event.signal !== 'KILL') return false;
  return recording.events.some(
    (other) =>
      other.signal === 'KILL' &&
      other.node === event.node &&
      other.at > event.at &&
      other.at < event.at + 0.1,
  );
}

function schedulePing(lan: LivingLan, recording: Recording, phases: Phases): void {
  const ping = recordedPing(hostOf(lan, recording.ping.from), recording);
  for (const [index, at] of pingMoments(recording, phases).entries()) {
    lan.engine.schedule(microseconds(at), { onEvent: () => ping.send(index + 1) }, 0, undefined);
  }
}

interface ObservedLog {
  readonly transitions: (readonly [number, string, string, string])[];
  readonly addresses: (readonly [number, string, string, string, string])[];
  readonly neighbours: (readonly [number, string])[];
  readonly lines: (readonly [number, string, string])[];
}

function observeLog(lan: LivingLan): ObservedLog {
  const seen: ObservedLog = { transitions: [], addresses: [], neighbours: [], lines: [] };
  lan.engine.log.listen((event: RunEvent) => observeEvent(seen, event as HostRunEvent));
  return seen;
}

function observeEvent(seen: ObservedLog, event: HostRunEvent): void {
  const at = secondsOf(event.at);
  if (at <= 0) return;
  if (event.kind === 'journal') {
    seen.lines.push([at, event.node, event.line.text]);
    const found = /^\((\S+)\) Entering (\S+) STATE( \(init\))?/.exec(event.line.text);
    if (found === null) return;
    seen.transitions.push([at, event.node, found[1] ?? '', `${found[2]}${found[3] ?? ''}`]);
  } else if (event.kind === 'address') {
    const change = event.change === 'added' ? 'add' : 'del';
    seen.addresses.push([at, event.node, change, event.prefix, event.link]);
  } else if (event.kind === 'neighbour' && event.node === 'client') {
    const { address, link, mac, state } = event.neighbour;
    const lladdr = mac === undefined ? '' : ` lladdr ${formatMac(mac)}`;
    const deleted = event.change === 'removed' ? 'Deleted ' : '';
    seen.neighbours.push([at, `${deleted}${formatIp(address)} dev ${link}${lladdr} ${state}`]);
  }
}

/**
 * The bridges' captures see what hosts send into them; `pN` sees what the switch port of node N sees, `qN` that on the
 * second LAN.
 */
function observeFrames(lan: LivingLan, recording: Recording): SeenFrame[] {
  const captures = new Set(recording.observed.frames.map((frame) => frame.capture));
  const frames: SeenFrame[] = [];
  for (const cable of lan.cables) {
    const [node, nic] = cable.a.id.split(':') as [string, string];
    const far = switchPortOf(node, nic);
    cable.tap((event) => {
      if (event.lost !== undefined) return;
      const at = secondsOf(event.at);
      if (at < 0) return;
      const letter = nic === 'eth0' ? 'p' : 'q';
      const capture = node === recording.ping.from ? '' : `${letter}${node.slice(1)}`;
      if (captures.has(capture)) frames.push({ at, capture, bytes: event.frame });
      if (event.from !== cable.a.id) return;
      const port = lan.switches.get(far.switch)?.ports.find((one) => one.name === far.port);
      if (port?.detached === true || port?.forwarding === false) return;
      frames.push({ at, capture: far.switch, bytes: event.frame });
    });
  }
  return frames;
}

/** Gaps between answers in which at least one request stayed without one. */
function findOutages(recording: Recording, frames: readonly SeenFrame[]): Outage[] {
  const outages: Outage[] = [];
  let last: SeenFrame | undefined;
  for (const frame of frames) {
    if (frame.capture !== pingCapture(recording) || echoReplyNumber(frame.bytes) === undefined)
      continue;
    if (last !== undefined && lostBetween(recording, last, frame)) {
      outages.push({ lastReply: last.at, nextReply: frame.at });
    }
    last = frame;
  }
  return outages;
}

function lostBetween(recording: Recording, last: SeenFrame, next: SeenFrame): boolean {
  const step = (echoReplyNumber(next.bytes) ?? 0) - (echoReplyNumber(last.bytes) ?? 0);
  return step > 1 && next.at - last.at > recording.ping.every;
}

/** The sequence number of an echo reply; `undefined` for other frames. */
export function echoReplyNumber(frame: Uint8Array): number | undefined {
  const etherType = readEtherType(frame);
  const number = (at: number) => (frame[at] ?? 0) * 256 + (frame[at + 1] ?? 0);
  if (etherType === 0x0800 && frame[23] === 1 && frame[34] === 0) return number(40);
  if (etherType === 0x86dd && frame[20] === 58 && frame[54] === 129) return number(60);
  return undefined;
}

function hostOf(lan: LivingLan, name: string): HostApi {
  const host = lan.hosts.get(name);
  if (host === undefined) throw new Error(`events.json: unknown node '${name}'`);
  return host;
}

/** The twin's clock starts `LEAD` before the recording's. */
function microseconds(at: Seconds): TimeUs {
  return timeUs(Math.round((at + LEAD) * 1e6));
}

function secondsOf(at: TimeUs): Seconds {
  return at / 1e6 - LEAD;
}
