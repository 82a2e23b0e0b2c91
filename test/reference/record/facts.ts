/** What a recording shows, machine readable: the part of `facts.json` that the comparison reads, and the adverts. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readCapture } from '../../../sim/report/pcap-read.ts';
import { advertRuns, splitAtPauses } from '../measure.ts';
import type { SeenFrame } from '../recording.ts';
import { echoReplyNumber } from '../replay.ts';
import type { Heard, StampedLine } from './recorder.ts';

/** The facts of what was heard and captured. */
export function factsOf(heard: Heard, folder: string): Record<string, unknown> {
  const frames = readFrames(heard, folder);
  return {
    transitions: heard.log.flatMap(transition),
    adverts: advertsOf(frames),
    addresses: heard.addresses.flatMap(addressChange),
    client_neigh: heard.neighbours
      .filter((line) => /192\.168\.100\.1\d\d |::1\d\d /.test(line.text))
      .map((line) => [four(line.at), line.text.trim()]),
    ping: { outages: outagesOf(frames) },
  };
}

function four(value: number): number {
  return Number(value.toFixed(4));
}

function transition(line: StampedLine): unknown[] {
  const found = /^\((\S+)\) Entering (\S+) STATE( \(init\))?/.exec(line.text);
  if (found === null) return [];
  return [[four(line.at), line.from, found[1], `${found[2]}${found[3] ?? ''}`]];
}

/** `7: eth0    inet 192.168.100.100/24 scope …`, with `Deleted` before it. */
function addressChange(line: StampedLine): unknown[] {
  const found = /^(Deleted )?\d+: (\S+)\s+inet6? (\S+)/.exec(line.text);
  if (found === null || line.at <= 0 || line.text.includes('tentative')) return [];
  return [[four(line.at), line.from, found[1] ? 'del' : 'add', found[3], found[2]]];
}

function readFrames(heard: Heard, folder: string): SeenFrame[] {
  const bytes = gunzipSync(readFileSync(join(folder, 'br0.pcap.gz')));
  return readCapture(new Uint8Array(bytes)).packets.map((packet) => ({
    at: packet.timeUs / 1e6 - heard.beginEpoch,
    capture: 'br0',
    bytes: packet.bytes,
  }));
}

function advertsOf(frames: readonly SeenFrame[]): unknown[] {
  const seen = { transitions: [], frames, addresses: [], clientNeighbours: [], outages: [] };
  return advertRuns(seen)
    .flatMap((run) =>
      splitAtPauses(run.frames, 3.2).map((stint) => ({
        capture: 'br0',
        run: run.key,
        first: Number((stint[0]?.at ?? 0).toFixed(5)),
        last: Number((stint.at(-1)?.at ?? 0).toFixed(5)),
        n: stint.length,
      })),
    )
    .sort((a, b) => a.first - b.first);
}

function outagesOf(frames: readonly SeenFrame[]): unknown[] {
  const replies = frames.filter((frame) => echoReplyNumber(frame.bytes) !== undefined);
  return replies.flatMap((next, index) => {
    const last = replies[index - 1];
    if (last === undefined) return [];
    const step = (echoReplyNumber(next.bytes) ?? 0) - (echoReplyNumber(last.bytes) ?? 0);
    if (step <= 1) return [];
    return [{ last_reply: four(last.at), next_reply: four(next.at), lost: step - 1 }];
  });
}
