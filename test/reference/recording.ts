/**
 * Reads one recording of the real keepalived: what was done (`events.json`), what was seen (`facts.json`) and
 * every frame (`*.pcap.gz`). The layout is described in `traces/README.md`. Nothing here knows a particular recording.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
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
  readonly file?: string;
  readonly text?: string;
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
  /** [time, node, line] of the daemons' logs. */
  readonly log?: readonly (readonly [Seconds, string, string])[];
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

/** Paths of the recordings below a folder, sorted: each is a folder with an `events.json`. */
export function listRecordings(folder: string): string[] {
  if (existsSync(join(folder, 'events.json'))) return ['.'];
  return readdirSync(folder, { withFileTypes: true })
    .filter((one) => one.isDirectory() && one.name !== 'node_modules')
    .flatMap(({ name }) => listRecordings(join(folder, name)).map((path) => join(name, path)))
    .sort((a, b) => (a < b ? -1 : 1));
}

/**
 * Reads the recording in `folder`. Only `events.json` and a capture must be there; of what is not
 * told the laboratory's usual is taken. Throws when a file is broken.
 */
export function readRecording(folder: string): Recording {
  const script = readJson(folder, 'events.json') as Partial<Recording> & {
    readonly events: readonly RecordedEvent[];
  };
  const facts = existsSync(join(folder, 'facts.json'))
    ? (readJson(folder, 'facts.json') as RecordedFacts)
    : {};
  const frames = readFrames(folder, facts);
  const end = frames.at(-1)?.at ?? 0;
  const named = script.events.map((event) => event.node).filter((node) => /^n\d+$/.test(node));
  return {
    id: script.id ?? basename(folder),
    title: script.title ?? '',
    folder,
    nodes: script.nodes ?? [...new Set(named)].sort((a, b) => (a < b ? -1 : 1)),
    lans: script.lans ?? (frames.some((frame) => frame.capture === 'br1') ? 2 : 1),
    ipv6: script.ipv6 ?? false,
    ping: { ...USUAL_PING, ...script.ping },
    end: script.end ?? end,
    events: script.events,
    observed: {
      transitions: facts.transitions ?? [],
      frames,
      addresses: facts.addresses ?? [],
      clientNeighbours: facts.client_neigh ?? [],
      outages: (facts.ping?.outages ?? []).map((one) => ({
        lastReply: one.last_reply,
        nextReply: one.next_reply,
      })),
    },
  };
}

const USUAL_PING = { from: 'client', to: '192.168.100.100', every: 0.05 } as const;

function readJson(folder: string, name: string): unknown {
  return JSON.parse(readFileSync(join(folder, name), 'utf8'));
}

/** A file of the recording as bytes, such as a configuration named by an event. */
export function recordedFile(recording: Recording, name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(recording.folder, name)));
}

interface RecordedFacts {
  readonly transitions?: readonly Transition[];
  readonly addresses?: Observation['addresses'];
  readonly client_neigh?: Observation['clientNeighbours'];
  readonly ping?: { readonly outages?: readonly RecordedOutage[] };
  readonly adverts?: readonly { readonly capture: string; readonly first: Seconds }[];
}

interface RecordedOutage {
  readonly last_reply: Seconds;
  readonly next_reply: Seconds;
}

/** Bridges and switch ports are what the twin has too; a capture made elsewhere is left alone. */
const CAPTURE = /^((?:br|p)\d+)\.pcap(\.gz)?$/;

function readFrames(folder: string, facts: RecordedFacts): SeenFrame[] {
  const packets = readdirSync(folder).flatMap((name) => {
    const capture = CAPTURE.exec(name)?.[1];
    if (capture === undefined) return [];
    const raw = readFileSync(join(folder, name));
    const bytes = new Uint8Array(name.endsWith('.gz') ? gunzipSync(raw) : raw);
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

/**
 * The captures carry wall clock; the first advert is the moment that both they and the facts know.
 * Without one the client's first packet stands for the beginning: its ping starts at the mark.
 */
function findBegin(packets: readonly SeenFrame[], facts: RecordedFacts): number {
  const run = facts.adverts?.[0];
  const first = packets.find((one) => one.capture === run?.capture && isAdvert(one.bytes));
  if (run !== undefined && first !== undefined) return first.at - run.first;
  const earliest = packets.reduce((least, one) => Math.min(least, one.at), Number.MAX_VALUE);
  return packets.length === 0 ? 0 : earliest - 0.01;
}

/** Whether the frame carries VRRP (protocol 112, or AH) over either family. */
export function isAdvert(frame: Uint8Array): boolean {
  const etherType = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  if (etherType === 0x0800) return frame[23] === 112 || frame[23] === 51;
  return etherType === 0x86dd && frame[20] === 112;
}

/** The LAN on which the client's ping was seen. */
export function pingCapture(recording: Recording): string {
  return recording.ping.to.startsWith('192.168.200.') ? 'br1' : 'br0';
}
