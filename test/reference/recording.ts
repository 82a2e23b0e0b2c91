/**
 * Reads one recording of the real keepalived: what was done (`events.json`), what was seen (`facts.json`) and
 * every frame (`*.pcap.gz`). The layout is described in `traces/README.md`. Nothing here knows a particular recording.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readCapture } from '../../sim/report/pcap-read.ts';

/** Seconds after the recording's begin mark; only used at this border. */
export type Seconds = number;

/** One entry of `events.json`; which fields are there depends on `do`. */
export interface RecordedEvent {
  readonly at: Seconds;
  readonly do: string;
  readonly node: string;
  readonly config?: string;
  readonly ready?: Seconds;
  readonly signal?: string;
  readonly nic?: string;
  readonly up?: boolean;
  readonly on?: boolean;
  readonly script?: string;
  readonly exit?: number;
  readonly address?: string;
}

/** A frame as a capture point saw it. */
export interface SeenFrame {
  readonly at: Seconds;
  readonly capture: string;
  readonly bytes: Uint8Array;
}

/** [time, node, instance, state] as the daemon's log tells it. */
export type Transition = readonly [Seconds, string, string, string];

/** What an observer saw, of the real thing or of the twin. */
export interface Observation {
  readonly transitions: readonly Transition[];
  readonly frames: readonly SeenFrame[];
  /** [time, node, add|del, prefix, interface]. */
  readonly addresses: readonly (readonly [Seconds, string, string, string, string])[];
  /** [time, `ADDRESS dev IF [lladdr MAC] STATE`] of the client's neighbour table. */
  readonly clientNeighbours: readonly (readonly [Seconds, string])[];
  readonly outages: readonly Outage[];
}

/** A gap between two answers that reached the client, with requests in it that were not answered. */
export interface Outage {
  readonly lastReply: Seconds;
  readonly nextReply: Seconds;
}

/** A recording: the script of it and what was observed. */
export interface Recording {
  readonly id: string;
  readonly title: string;
  readonly folder: string;
  readonly nodes: readonly string[];
  readonly lans: number;
  readonly ipv6: boolean;
  readonly ping: { readonly from: string; readonly to: string; readonly every: Seconds };
  readonly end: Seconds;
  readonly events: readonly RecordedEvent[];
  readonly observed: Observation;
}

/** Names of the recordings below a folder, sorted: each is a folder with an `events.json`. */
export function listRecordings(folder: string): string[] {
  if (existsSync(join(folder, 'events.json'))) return ['.'];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'events.json')))
    .sort((a, b) => (a < b ? -1 : 1));
}

/** Reads the recording in `folder`. Throws when a file of it is missing or broken. */
export function readRecording(folder: string): Recording {
  const script = JSON.parse(readFileSync(join(folder, 'events.json'), 'utf8'));
  const facts = JSON.parse(readFileSync(join(folder, 'facts.json'), 'utf8'));
  return {
    id: script.id,
    title: script.title,
    folder,
    nodes: script.nodes,
    lans: script.lans,
    ipv6: script.ipv6,
    ping: script.ping,
    end: script.end,
    events: script.events,
    observed: {
      transitions: facts.transitions,
      frames: readFrames(folder, facts),
      addresses: facts.addresses,
      clientNeighbours: facts.client_neigh,
      outages: facts.ping.outages.map((one: { last_reply: number; next_reply: number }) => ({
        lastReply: one.last_reply,
        nextReply: one.next_reply,
      })),
    },
  };
}

/** A file of the recording as bytes, such as a configuration named by an event. */
export function recordedFile(recording: Recording, name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(recording.folder, name)));
}

interface RecordedFacts {
  readonly adverts: readonly { readonly capture: string; readonly first: Seconds }[];
}

function readFrames(folder: string, facts: RecordedFacts): SeenFrame[] {
  const captures = readdirSync(folder).filter((name) => /\.pcap(\.gz)?$/.test(name));
  const packets = captures.flatMap((name) => {
    const raw = readFileSync(join(folder, name));
    const bytes = new Uint8Array(name.endsWith('.gz') ? gunzipSync(raw) : raw);
    const capture = name.replace(/\.pcap(\.gz)?$/, '');
    return readCapture(bytes).packets.map((packet) => ({
      at: packet.timeUs / 1e6,
      capture,
      bytes: packet.bytes,
    }));
  });
  const begin = findBegin(packets, facts);
  return packets
    .map((packet) => ({ ...packet, at: packet.at - begin }))
    .sort((a, b) => a.at - b.at);
}

/** The captures carry wall clock; the first advert is the moment that both they and the facts know. */
function findBegin(packets: readonly SeenFrame[], facts: RecordedFacts): number {
  const run = facts.adverts[0];
  if (run === undefined) throw new Error('facts.json names no advert to align the captures with');
  const first = packets.find((one) => one.capture === run.capture && isAdvert(one.bytes));
  if (first === undefined) throw new Error('the capture holds no advert');
  return first.at - run.first;
}

/** Whether the frame carries VRRP (protocol 112, or AH) over either family. */
export function isAdvert(frame: Uint8Array): boolean {
  const etherType = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  if (etherType === 0x0800) return frame[23] === 112 || frame[23] === 51;
  return etherType === 0x86dd && frame[20] === 112;
}
