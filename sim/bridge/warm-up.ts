/**
 * Sends some thousand frames through a small LAN of its own before a bridge begins, so that the first frames of the real
 * network find compiled code: interpreted, a frame's way through the twin takes six times as long (measured, 25 µs against
 * 4 µs), and a pinging client or a real router sees that for the first second. Everything is real but the ports, which are
 * socket pairs. Nothing of it is left: no state, no file, no draw of chance of the run that follows.
 */

import { performance } from 'node:perf_hooks';
import type { DurationUs } from '../../daemon/base/time.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';
import { encodeUtf8 } from '../../daemon/wire/text.ts';
import { portId } from '../lan/port.ts';
import { loadScenario } from '../scenario/load-scenario.ts';
import { startRun } from '../scenario/run.ts';
import { BridgeLoop } from './bridge-loop.ts';
import { DescriptorPort } from './descriptor-port.ts';
import type { LinkCalls } from './link-calls.ts';
import { RateLimit } from './rate-limit.ts';
import { RecordingWriter } from './recording-writer.ts';
import { VrrpGuard } from './vrrp-guard.ts';

/** Round trips; V8 has compiled everything after about half of them. */
const ROUND_TRIPS = 3000;
/** A loaded machine begins half warm rather than late. */
const TIME_MAX_MS = 300;
/** An echo request as ping sends it: Ethernet, IPv4, ICMP. */
const FRAME_LENGTH = 98;
const ENDS = ['a', 'b'] as const;

/** Warms up what carries a frame from one port to another. */
export function warmUp(calls: LinkCalls): void {
  const outside = ENDS.map((name, index) => ({ name, port: `sw1:${index + 1}` }));
  const { scenario } = loadScenario({
    file: 'warm-up.twin.yml',
    bytes: encodeUtf8('name: warm-up\nlan: { switches: { sw1: {} }, hosts: {} }\n'),
    readFile: () => undefined,
    outside,
  });
  if (scenario === undefined) return;
  const pairs = ENDS.map(() => calls.socketPair());
  const recording = new RecordingWriter({
    path: '/dev/null',
    epochUs: scenario.lan.epochUs,
    application: 'warm-up',
    ports: ENDS,
  });
  try {
    const loop = new BridgeLoop({
      run: startRun(scenario),
      ports: ENDS.map((name, index) => joinedPort(calls, name, pairs[index]?.[0] ?? -1)),
      calls,
      guard: new VrrpGuard({ join: new Set(), listen: 0 as DurationUs, onWord: () => {} }),
      recording,
      clock: () => performance.now() * 1000,
      onLate: () => {},
      onStop: () => {},
    });
    sendThrough(
      calls,
      loop,
      pairs.map(([, far]) => far),
    );
  } finally {
    recording.close();
    for (const end of pairs.flat()) calls.close(end);
  }
}

function joinedPort(calls: LinkCalls, name: string, descriptor: number) {
  const port = new DescriptorPort({
    calls,
    kind: 'tap',
    id: portId(name, name),
    label: name,
    mac: 0x02_00_00_00_00_01 as MacAddress,
    mtu: 1500,
    carrier: true,
    descriptor,
    outDescriptor: descriptor,
    isPacketSocket: false,
  });
  const rate = Number.MAX_SAFE_INTEGER;
  return { node: name, port, limit: new RateLimit({ rate, groupRate: rate }) };
}

/** Each frame goes in at one far end and is taken out at the other. */
function sendThrough(calls: LinkCalls, loop: BridgeLoop, far: readonly number[]): void {
  const frames = far.map((_, index) => echoFrame(index));
  const taken = new Uint8Array(FRAME_LENGTH);
  const end = performance.now() + TIME_MAX_MS;
  for (let trip = 0; trip < ROUND_TRIPS && performance.now() < end; trip++) {
    for (const [index, frame] of frames.entries()) {
      calls.write(far[index] as number, frame, FRAME_LENGTH);
      loop.turn();
      calls.read(far[1 - index] as number, taken, FRAME_LENGTH);
    }
  }
}

function echoFrame(from: number): Uint8Array {
  const frame = new Uint8Array(FRAME_LENGTH);
  frame.set([2, 0, 0, 0, 0, 2 - from, 2, 0, 0, 0, 0, 1 + from, 0x08, 0x00, 0x45]);
  frame[23] = 1;
  return frame;
}
