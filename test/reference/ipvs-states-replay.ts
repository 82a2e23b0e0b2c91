/**
 * Replays `tcp-states.json`: every recorded (state, segment, direction) and every random sequence of
 * segments against `sim/kernel/ipvs`: next state, lifetime, active or inactive.
 */

import { parseIpv4 } from '../../daemon/wire/ipv4-address.ts';
import type { Connection } from '../../sim/kernel/ipvs/connection.ts';
import { stateName } from '../../sim/kernel/ipvs/connection-life.ts';
import type { IpvsState, PacketFacts, ServiceKey } from '../../sim/kernel/ipvs/ipvs-state.ts';
import { makeIpvs } from '../../sim/kernel/ipvs/make-ipvs.ts';
import { receiveAnswer, receiveRequest } from '../../sim/kernel/ipvs/packet-input.ts';
import { addServer } from '../../sim/kernel/ipvs/real-servers.ts';
import { addService } from '../../sim/kernel/ipvs/service-table.ts';
import { HZ } from '../../sim/kernel/kernel-clock.ts';
import { ReplayClock } from './ipvs-clock.ts';
import type { SegmentRow, StateMachine, StateRecording } from './ipvs-recording.ts';

const SEGMENT_FLAGS: ReadonlyMap<string, number> = new Map([
  ['SYN', 0x02],
  ['ACK', 0x10],
  ['FIN', 0x01],
  ['RST', 0x04],
  ['SYNACK', 0x12],
  ['FINSYN', 0x03],
  ['RSTACK', 0x14],
  ['FINACK', 0x11],
  ['PSHACK', 0x18],
  ['NULL', 0],
]);

const CLIENT = address('10.52.0.1');
const VIRTUAL = address('10.10.0.100');
const SERVER = address('10.21.0.1');
const CLIENT_PORT = 1025;
const SERVICE: ServiceKey = { kind: 'address', protocol: 6, address: VIRTUAL, port: 80 };

/** What differs, one line each. */
export function replayStateRecording(recording: StateRecording): string[] {
  return Object.entries(recording.modes).flatMap(([mode, machine]) =>
    replayMachine({ mode, settings: recording.sysctl ?? {} }, machine).map(
      (text) => `${mode}: ${text}`,
    ),
  );
}

/** The value of a defence that is on whether or not memory is short. */
const ALWAYS = 3;

/** How the director was set up. */
interface Setup {
  readonly mode: string;
  readonly settings: { readonly [name: string]: number };
}

function replayMachine(setup: Setup, machine: StateMachine): string[] {
  const differences: string[] = [];
  for (const row of Object.values(machine.first_segment)) {
    differences.push(...play(setup, [row]));
  }
  for (const row of machine.transitions) {
    const path = machine.reached_by[row.from] ?? [];
    const rows: SegmentStep[] = path.map((text) => {
      const [dir, segment] = text.split(' ');
      return { dir: dir === 'out' ? 'out' : 'in', segment: segment ?? '' };
    });
    rows.push({ ...row, state: row.to });
    differences.push(...play(setup, rows).map((text) => `from ${row.from}: ${text}`));
  }
  for (const [index, sequence] of machine.random_sequences.entries()) {
    differences.push(...play(setup, sequence).map((text) => `sequence ${index}: ${text}`));
  }
  return differences;
}

/** A segment, and what the recording says of the entry after it; without `state` it says nothing. */
type SegmentStep = Pick<SegmentRow, 'dir' | 'segment'> & Partial<SegmentRow>;

function play({ mode, settings }: Setup, steps: readonly SegmentStep[]): string[] {
  const state = makeIpvs({ clock: new ReplayClock(), random: () => 0 });
  state.defence.isSecure = (settings['secure_tcp'] ?? 0) === ALWAYS;
  addService(state, SERVICE, { scheduler: 'rr', schedulerFlags: 0, onePacket: false });
  const method = mode === 'masq' ? 'nat' : mode === 'tun' ? 'tun' : 'dr';
  const port = method === 'nat' ? 8080 : 80;
  addServer(state, SERVICE, { address: SERVER, port }, { method, weight: 1 });
  const differences: string[] = [];
  for (const [index, step] of steps.entries()) {
    send(state, step, port);
    if (step.state === undefined) continue;
    const seen = describe(state);
    const isSame =
      seen.state === step.state &&
      seen.counted === (step.counted ?? null) &&
      isLifetime(seen.seconds, step.expires ?? null);
    if (isSame) continue;
    const recorded = `${step.state} ${step.expires} ${step.counted}`;
    differences.push(
      `${step.dir} ${step.segment} (${index}): ${seen.state} ${seen.seconds} ${seen.counted}, ` +
        `recorded ${recorded}`,
    );
  }
  return differences;
}

/** The recording shows whole seconds left, one tick or a little more after the segment. */
function isLifetime(ours: number | null, recorded: number | null): boolean {
  if (ours === null || recorded === null) return ours === recorded;
  return recorded === ours || recorded === ours - 1;
}

function send(state: IpvsState, step: SegmentStep, serverPort: number): void {
  const flags = SEGMENT_FLAGS.get(step.segment);
  if (flags === undefined) throw new Error(`unknown segment ${step.segment}`);
  const common = { family: 'inet', protocol: 6, mark: 0, tcpFlags: flags, length: 40 } as const;
  if (step.dir === 'in') {
    const packet: PacketFacts = {
      ...common,
      source: CLIENT,
      sourcePort: CLIENT_PORT,
      destination: VIRTUAL,
      destinationPort: 80,
    };
    receiveRequest(state, packet, false);
    return;
  }
  receiveAnswer(state, {
    ...common,
    source: SERVER,
    sourcePort: serverPort,
    destination: CLIENT,
    destinationPort: CLIENT_PORT,
  });
}

function describe(state: IpvsState) {
  let entry: Connection | undefined;
  // The newest entry is the one that counts; an older one may wait for its end.
  state.connections.forEach((connection) => {
    entry = connection;
  });
  if (entry === undefined) return { state: null, seconds: null, counted: null };
  return {
    state: stateName(entry),
    seconds: entry.timeoutTicks / HZ,
    counted: entry.isInactive ? 'inact' : 'active',
  };
}

function address(text: string) {
  const parsed = parseIpv4(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}
