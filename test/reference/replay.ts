/**
 * Does to the twin what was done to the real thing, at the same moments, and observes it in the same way. What
 * depends on phases that nobody controls (when the client's first packet left, when a daemon was ready) is fed from the recording.
 */

import { durationUs, type TimeUs, timeUs } from '../../daemon/base/time.ts';
import { readEtherType, readSourceMac } from '../../daemon/wire/ethernet.ts';
import { formatIp } from '../../daemon/wire/ip-address.ts';
import { formatMac } from '../../daemon/wire/mac-address.ts';
import { Engine } from '../../sim/engine/engine.ts';
import type { RunEvent } from '../../sim/engine/run-log.ts';
import type { HostApi } from '../../sim/host/host-api.ts';
import type { HostRunEvent } from '../../sim/host/host-events.ts';
import { buildLan } from '../../sim/topology/build-lan.ts';
import type { LivingLan } from '../../sim/topology/living-lan.ts';
import { CONFIG_PATH, laboratory, switchPortOf } from './lab.ts';
import {
  type Observation,
  type Outage,
  type RecordedEvent,
  type Recording,
  recordedFile,
  type SeenFrame,
} from './recording.ts';

/** Longer than any pause between two answers of an undisturbed ping. */
const OUTAGE_PINGS = 3;

/** The twin's observation of the same events. `seed` draws what was chance in the recording. */
export function replay(recording: Recording, seed: number): Observation {
  const engine = new Engine({ seed });
  const lan = buildLan(laboratory(recording), engine);
  const journal = observeLog(lan);
  const frames = observeFrames(lan, recording);
  for (const event of recording.events) scheduleEvent(lan, recording, event);
  schedulePing(lan, recording);
  engine.runUntil(microseconds(recording.end));
  return {
    transitions: journal.transitions,
    frames,
    addresses: journal.addresses,
    clientNeighbours: journal.neighbours,
    outages: findOutages(recording, frames),
  };
}

function scheduleEvent(lan: LivingLan, recording: Recording, event: RecordedEvent): void {
  const at = event.do === 'start' ? (event.ready ?? event.at) : event.at;
  const target = { onEvent: () => perform(lan, recording, event) };
  lan.engine.schedule(microseconds(at), target, 0, undefined);
}

function perform(lan: LivingLan, recording: Recording, event: RecordedEvent): void {
  const host = hostOf(lan, event.node);
  const nic = event.nic ?? 'eth0';
  const far = switchPortOf(event.node, nic);
  const bridge = lan.switches.get(far.switch);
  switch (event.do) {
    case 'start':
      loadConfig(host, recording, event);
      host.unit('start', 'keepalived');
      return;
    case 'signal':
      if (event.config !== undefined) loadConfig(host, recording, event);
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
      host.setScriptAnswer(event.script ?? '', { exit: event.exit ?? 0, after: durationUs(1000) });
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

function loadConfig(host: HostApi, recording: Recording, event: RecordedEvent): void {
  host.writeFile(CONFIG_PATH, recordedFile(recording, event.config ?? ''));
  for (const name of scriptNames(recording, event)) {
    if (!answeredBefore(recording, event, name)) {
      host.setScriptAnswer(name, { exit: 0, after: durationUs(1000) });
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

/** The client's first frame tells when its ping began. */
function schedulePing(lan: LivingLan, recording: Recording): void {
  const client = hostOf(lan, recording.ping.from);
  const own = clientMac(lan, recording);
  const first = recording.observed.frames.find(
    (frame) => readSourceMac(frame.bytes) === own && isResolution(frame.bytes),
  );
  const command = `ping -i ${recording.ping.every} ${recording.ping.to}`;
  const target = { onEvent: () => void client.exec(command, () => undefined) };
  lan.engine.schedule(microseconds(first?.at ?? 0), target, 0, undefined);
}

function clientMac(lan: LivingLan, recording: Recording): number | undefined {
  return lan.spec.hosts.find((host) => host.name === recording.ping.from)?.nics[0]?.mac;
}

/** An ARP request or a neighbour solicitation. */
function isResolution(frame: Uint8Array): boolean {
  const etherType = readEtherType(frame);
  if (etherType === 0x0806) return frame[21] === 1;
  return etherType === 0x86dd && frame[20] === 58 && frame[54] === 135;
}

interface ObservedLog {
  readonly transitions: (readonly [number, string, string, string])[];
  readonly addresses: (readonly [number, string, string, string, string])[];
  readonly neighbours: (readonly [number, string])[];
}

function observeLog(lan: LivingLan): ObservedLog {
  const seen: ObservedLog = { transitions: [], addresses: [], neighbours: [] };
  lan.engine.log.listen((event: RunEvent) => observeEvent(seen, event as HostRunEvent));
  return seen;
}

function observeEvent(seen: ObservedLog, event: HostRunEvent): void {
  const at = event.at / 1e6;
  if (event.kind === 'journal') {
    const found = /^\((\S+)\) Entering (\S+) STATE( \(init\))?/.exec(event.line.text);
    if (found === null) return;
    seen.transitions.push([at, event.node, found[1] ?? '', `${found[2]}${found[3] ?? ''}`]);
  } else if (event.kind === 'address' && event.at > 0) {
    const change = event.change === 'added' ? 'add' : 'del';
    seen.addresses.push([at, event.node, change, event.prefix, event.link]);
  } else if (event.kind === 'neighbour' && event.node === 'client') {
    const { address, link, mac, state } = event.neighbour;
    const lladdr = mac === undefined ? '' : ` lladdr ${formatMac(mac)}`;
    const deleted = event.change === 'removed' ? 'Deleted ' : '';
    seen.neighbours.push([at, `${deleted}${formatIp(address)} dev ${link}${lladdr} ${state}`]);
  }
}

/** The bridge's captures see what hosts send into it; `pN` sees what the switch port of node N sees. */
function observeFrames(lan: LivingLan, recording: Recording): SeenFrame[] {
  const captures = new Set(recording.observed.frames.map((frame) => frame.capture));
  const frames: SeenFrame[] = [];
  for (const cable of lan.cables) {
    const [node, nic] = cable.a.id.split(':') as [string, string];
    const far = switchPortOf(node, nic);
    cable.tap((event) => {
      if (event.lost !== undefined) return;
      const at = event.at / 1e6;
      const capture = node === recording.ping.from ? '' : `p${node.slice(1)}`;
      if (captures.has(capture)) frames.push({ at, capture, bytes: event.frame });
      if (event.from !== cable.a.id) return;
      const port = lan.switches.get(far.switch)?.ports.find((one) => one.name === far.port);
      if (port?.detached === true || port?.forwarding === false) return;
      frames.push({ at, capture: far.switch, bytes: event.frame });
    });
  }
  return frames;
}

function findOutages(recording: Recording, frames: readonly SeenFrame[]): Outage[] {
  const outages: Outage[] = [];
  let last: number | undefined;
  for (const frame of frames) {
    if (frame.capture !== 'br0' || !isEchoReply(frame.bytes)) continue;
    if (last !== undefined && frame.at - last > OUTAGE_PINGS * recording.ping.every) {
      outages.push({ lastReply: last, nextReply: frame.at });
    }
    last = frame.at;
  }
  return outages;
}

function isEchoReply(frame: Uint8Array): boolean {
  const etherType = readEtherType(frame);
  if (etherType === 0x0800) return frame[23] === 1 && frame[34] === 0;
  return etherType === 0x86dd && frame[20] === 58 && frame[54] === 129;
}

function hostOf(lan: LivingLan, name: string): HostApi {
  const host = lan.hosts.get(name);
  if (host === undefined) throw new Error(`events.json: unknown node '${name}'`);
  return host;
}

function microseconds(at: number): TimeUs {
  return timeUs(Math.round(at * 1e6));
}
