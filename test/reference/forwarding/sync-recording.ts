/**
 * The recordings under `ipvs/forwarding/sync-daemon`: two directors, `NAME.txt` with lines of time and text (`director 1 has the
 * VIP…`, `client port 50001 -> rs2`, lists of ipvsadm of either director), and `NAME.pcap`, heard where all frames of the network
 * pass. Text and capture have zeros of their own: the first line of a connection stands for its first SYN.
 */

import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { TCP_ACK, TCP_SYN } from '../../../daemon/wire/tcp.ts';
import { readCapture } from '../../../sim/report/pcap-read.ts';
import { frameDifferences } from './compare-frames.ts';
import { looksOf } from './compare-told.ts';
import type { ForwardingRecording, ToldLine } from './forwarding-recording.ts';
import { frameFacts } from './frame-facts.ts';
import { NO_SPENT_ERRORS, playRecording } from './play-recording.ts';
import { machinesOf, type ReadFrame, readFrames } from './recorded-lan.ts';
import { programsOf } from './recorded-programs.ts';
import { servicesOf } from './recorded-service.ts';

/** The point that hears everything that anybody sends. */
const ALL = 'network';
const VIP = '10.10.0.100';
const SYNC_PORT = 8848;
/** The twin's period, whose HZ is 250; the recorded guest's was 1.04 s. */
const CHECK_S = 1.024;
const LINE = /^ *(\d+\.\d{3}) (.*)$/;
const LIST = /^director (\d) ipvsadm -Lnc?:$/;
/** A list was read by a guest some hundredths before its line. */
const MOVE_LEAD_S = 0.002;

/** Whether a file is the text of such a recording. */
export function isSyncRecording(path: string): boolean {
  if (!path.endsWith('.txt') || !existsSync(captureOf(path))) return false;
  return /^ *\d+\.\d{3} director 1 has the VIP/.test(readFileSync(path, 'utf8').slice(0, 300));
}

const captureOf = (path: string) => path.replace(/\.txt$/, '.pcap');

/** What differs between such a recording and the twin's LAN. */
export function syncDifferences(path: string): string[] {
  const recording = readSyncRecording(path);
  const frames = readFrames(recording.frames);
  const machines = machinesOf(frames, VIP);
  const services = servicesOf(recording, frames, VIP);
  const programs = programsOf(machines, frames, {
    vip: VIP,
    told: recording.lines.map(({ at }) => at),
  });
  const found: string[] = [];
  const setup = services.flatMap(({ words, servers }) => [
    words,
    ...servers.map((one) => one.words),
  ]);
  const played = playRecording({
    machines,
    frames,
    vip: VIP,
    setup,
    settings: [],
    commands: [
      ...setup.map((line) => on(2, -0.1, `ipvsadm ${line}`)),
      ...daemonsOf(recording, beginOf(frames)),
      ...movesOf(recording),
    ],
    ...programs,
    lost: [],
    isNewClient: false,
    spent: NO_SPENT_ERRORS,
    hearsAll: ALL,
    looks: looksOf(recording, directorOf, found),
    end: frames.at(-1)?.at ?? 0,
  });
  const ours = readFrames(played.frames);
  return [...played.problems, ...frameDifferences(frames, ours, [ALL]), ...found];
}

const on = (director: number, at: number, line: string) => ({
  at,
  line,
  on: `director${director}`,
});

/** Whose list a line tells. */
const directorOf = ({ text }: ToldLine): string => `director${LIST.exec(text)?.[1] ?? 1}`;

function readSyncRecording(path: string): ForwardingRecording {
  const lines: { at: number; text: string; below: string[] }[] = [];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const match = LINE.exec(line);
    if (match !== null) lines.push({ at: Number(match[1]), text: match[2] ?? '', below: [] });
    else if (line.trim() !== '') lines.at(-1)?.below.push(line.trimEnd());
  }
  const captured = readCapture(readFileSync(captureOf(path))).packets.map(({ timeUs, bytes }) => ({
    at: timeUs / 1e6,
    point: ALL,
    frame: bytes,
  }));
  const first = lines.find(({ text }) => text.startsWith('client port '));
  const connected = captured.find(({ frame }) => {
    const facts = frameFacts(frame);
    const flags = facts?.kind === 'ip' ? facts.tcp?.flags : undefined;
    return flags !== undefined && (flags & (TCP_SYN | TCP_ACK)) === (TCP_SYN | TCP_ACK);
  });
  if (first === undefined || connected === undefined) throw new Error('no connection');
  const zero = connected.at - first.at;
  return {
    name: basename(path, '.txt'),
    points: [ALL],
    frames: captured.map((each) => ({ ...each, at: each.at - zero })),
    lines,
  };
}

/** When the master began: it looks about once a second from then on, as its first datagram tells. */
function beginOf(frames: readonly ReadFrame[]): number {
  const first = frames.find(
    ({ facts }) => facts.kind === 'ip' && facts.udp?.destinationPort === SYNC_PORT,
  );
  return first === undefined ? -0.1 : first.at - Math.floor((first.at + 0.1) / CHECK_S) * CHECK_S;
}

/** `sync daemon master on 1, backup on 2 (syncid 7)`, and the threshold. */
function daemonsOf({ lines }: ForwardingRecording, begin: number) {
  const text = lines[0]?.text ?? '';
  const id = /\(syncid (\d+)\)/.exec(text)?.[1] ?? '0';
  const roles = [...text.matchAll(/\b(master|backup) on (\d)/g)];
  const threshold = /sync_threshold (\d+)\s+(\d+)/.exec(text);
  const value = `${threshold?.[1] ?? 3} ${threshold?.[2] ?? 50}`;
  return roles.flatMap(([, role, number]) => [
    on(Number(number), -0.1, `sysctl -w net.ipv4.vs.sync_threshold="${value}"`),
    on(
      Number(number),
      begin,
      `ipvsadm --start-daemon ${role} --mcast-interface eth0 --syncid ${id}`,
    ),
  ]);
}

/** `VIP moved from director 1 to director 2 (gratuitous ARP sent)`: by hand, the address first. */
function movesOf({ lines, frames }: ForwardingRecording) {
  return lines.flatMap(({ text, at: told }) => {
    const match = /^VIP moved from director (\d) to director (\d)/.exec(text);
    if (match === null) return [];
    const [from, to] = [Number(match[1]), Number(match[2])];
    const announced = readFrames(frames)
      .filter(isAnnouncement)
      .find(({ at }) => at <= told);
    const at = (announced?.at ?? told) - MOVE_LEAD_S;
    return [
      on(from, at, `ip address del ${VIP}/32 dev eth0`),
      on(to, at, `ip address add ${VIP}/32 dev eth0`),
    ];
  });
}

const isAnnouncement = ({ facts }: ReadFrame) =>
  facts.kind === 'arp' && facts.sender === VIP && facts.target === VIP;
