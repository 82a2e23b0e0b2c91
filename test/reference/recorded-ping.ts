/**
 * The client's ping as it was recorded. A process sleeps in ticks, so its requests are no even series, and whether one leaves
 * just before or after a tick decides a quarter of a second later when its kernel asks for the neighbour again. So each request
 * leaves when it was seen. Those that nobody saw by themselves, since they waited for an address or were lost, lie evenly
 * between the others. Whether a request is answered, and by whom, stays the twin's.
 */

import { parseIp } from '../../daemon/wire/ip-address.ts';
import type { HostApi } from '../../sim/host/host-api.ts';
import { EchoSocket } from '../../sim/programs/echo-socket.ts';
import { isEchoRequest, type Phases } from './phases.ts';
import { pingCapture, type Recording, type Seconds } from './recording.ts';

/** Requests that leave so close together have waited for the same answer. */
const TOGETHER: Seconds = 0.002;
/** A longer pause than this many intervals hides requests. */
const PAUSE = 1.6;
/** What ping sends by default. */
const PAYLOAD_BYTES = 56;
const PING_TTL = 64;
/** ping takes its process id. */
const PING_IDENTIFIER = 1234;

/** When the requests left, until the end of the recording. */
export function pingMoments(recording: Recording, phases: Phases): Seconds[] {
  const moments = [phases.pingBegins];
  for (const next of [...seenAlone(recording), recording.end]) {
    for (let last = moments.at(-1) ?? 0; next - last > PAUSE * phases.pingEvery; ) {
      last += phases.pingEvery;
      moments.push(last);
    }
    if (next > (moments.at(-1) ?? 0)) moments.push(next);
  }
  return moments;
}

function seenAlone(recording: Recording): Seconds[] {
  const capture = pingCapture(recording);
  const seen = recording.observed.frames
    .filter((frame) => frame.capture === capture && isEchoRequest(frame.bytes))
    .map((frame) => frame.at);
  return seen.filter((at, index) => {
    const beside = [seen[index - 1], seen[index + 1]];
    return beside.every((other) => other === undefined || Math.abs(other - at) > TOGETHER);
  });
}

/** Opens the client's socket; the request of a sequence number leaves when `send` is called. */
export function recordedPing(
  client: HostApi,
  recording: Recording,
): { readonly send: (sequence: number) => void } {
  const destination = parseIp(recording.ping.to);
  if (client.kernel === undefined || destination === undefined) {
    throw new Error(`events.json: the client cannot ping ${recording.ping.to}`);
  }
  const socket = new EchoSocket({
    kernel: client.kernel,
    destination,
    identifier: PING_IDENTIFIER,
    ttl: PING_TTL,
    onReply: () => undefined,
    onError: () => undefined,
  });
  return { send: (sequence) => void socket.send(sequence & 0xffff, PAYLOAD_BYTES) };
}
