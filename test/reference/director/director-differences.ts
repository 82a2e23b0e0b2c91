/**
 * Judges a recording of a director alone: the same commands and frames at the same moments, and what it sends and lists is
 * compared. Frames are matched by content within `SLACK_S`; what each kernel draws for itself is left out (`comparable`).
 */

import type { TimeUs } from '../../../daemon/base/time.ts';
import { parseIp, parsePrefix } from '../../../daemon/wire/ip-address.ts';
import { parseMac } from '../../../daemon/wire/mac-address.ts';
import { type Director, makeDirector } from '../ipvs-director.ts';
import { comparable, isByTimer, wordsOf } from './comparable-frame.ts';
import { ADDRESSES, NEIGHBOURS, type Nic, ROUTES, SETTINGS } from './director-lan.ts';
import {
  type DirectorFrame,
  type DirectorRecording,
  readDirectorRecording,
} from './director-recording.ts';

/** Recordings begin so long after the machine. */
const BEGIN_S = 5;
const SLACK_S = 0.06;
const TIMER_SLACK_S = 0.4;
const AFTERWARDS_S = 0.3;
/** Words of a server's line without its counters. */
const COUNTLESS = 4;
const EXPIRY_SLACK_S = 1;

/** What differs, a line each; nothing when all agrees. */
export function directorDifferences(path: string): string[] {
  const recording = readDirectorRecording(path);
  const { sent, found } = playDirector(recording);
  return [...unmatched(recording, sent), ...found];
}

/** Something that happens at a moment of the recording. */
interface Step {
  readonly at: number;
  act(director: Director): void;
}

/** Plays a recording; what was sent, and what differs in the tables. */
function playDirector(recording: DirectorRecording): { sent: DirectorFrame[]; found: string[] } {
  const director = readyDirector();
  const found: string[] = [];
  const runTo = (at: number) =>
    director.engine.runUntil(Math.round((BEGIN_S + at) * 1e6) as TimeUs);
  const steps: Step[] = [
    ...recording.commands.map(({ at, line }) => ({
      at,
      act: () => type(director, line, (text) => void found.push(`${at}: ${text}`)),
    })),
    ...recording.received.map(({ at, nic, frame }) => ({
      at,
      act: () => director.receive(nic, frame.slice()),
    })),
    ...recording.tables.map((tables) => ({
      at: tables.at,
      act: () => void found.push(...tableDifferences(tables, director)),
    })),
  ];
  runTo(-0.01);
  director.sent.length = 0;
  steps.sort((one, other) => one.at - other.at);
  for (const { at, act } of steps) {
    runTo(at);
    act(director);
  }
  runTo((steps.at(-1)?.at ?? 0) + AFTERWARDS_S);
  const sent = director.sent.map(({ atUs, nic, frame }) => ({
    at: atUs / 1e6 - BEGIN_S,
    nic,
    frame,
  }));
  return { sent, found };
}

function readyDirector(): Director {
  const director = makeDirector(ADDRESSES);
  const { kernel } = director;
  for (const [name, value] of SETTINGS) kernel.setSysctl(name, value);
  for (const [nic, address, mac] of NEIGHBOURS) {
    const [ip, neighbour] = [parseIp(address), parseMac(mac)];
    if (ip === undefined || neighbour === undefined) throw new Error(address);
    kernel.setNeighbour(nic, ip, neighbour, 'PERMANENT');
  }
  for (const [to, via] of ROUTES) addRoute(director, to, via);
  return director;
}

function addRoute({ kernel }: Director, to: string, via: string): void {
  const [prefix, gateway] = [parsePrefix(to), parseIp(via)];
  if (prefix === undefined || gateway === undefined) throw new Error(to);
  const link: Nic = /^(10\.0|fd00:a:)/.test(via) ? 'eth0' : 'eth1';
  const isIpv4 = typeof gateway === 'number';
  const route = {
    family: isIpv4 ? 'inet' : 'inet6',
    destination: { address: prefix.address, length: prefix.length },
    table: 'main',
    type: 'unicast',
    link,
    gateway,
    scope: 'global',
    metric: isIpv4 ? 0 : 1024,
    protocol: 'boot',
  } as const;
  const result = kernel.addRoute(route as never, 'add');
  if (result !== 'ok') throw new Error(`${to}: ${result}`);
}

function type(director: Director, line: string, complain: (text: string) => void): void {
  const setting = /^sysctl -w (\S+)=(\S+)$/.exec(line);
  if (setting !== null) director.kernel.setSysctl(setting[1] ?? '', setting[2] ?? '');
  else {
    try {
      director.ipvsadm(line.replace(/^ipvsadm /, ''));
    } catch (error) {
      complain(String(error));
    }
  }
}

function tableDifferences(
  { at, entries, list }: DirectorRecording['tables'][number],
  director: Director,
): string[] {
  const lines = (line: string, from: number) =>
    director
      .ipvsadm(line)
      .trimEnd()
      .split('\n')
      .slice(from)
      .map((each) => each.trim());
  const found: string[] = [];
  const [theirs, ours] = [entries, lines('-Lnc', 2)].map((each) =>
    each.map(readEntry).sort((one, other) => (one.key < other.key ? -1 : 1)),
  ) as [Entry[], Entry[]];
  const [more, less] = [missing(ours, theirs), missing(theirs, ours)];
  if (more !== '' || less !== '') found.push(`${at}: entries ${more}, recorded ${less}`);
  // An entry that ends at this moment may be counted on one side only.
  const words = [...theirs, ...ours].some(({ left }) => left <= 1) ? COUNTLESS : undefined;
  const plain = (all: readonly string[]) =>
    all.map((each) => each.split(/\s+/).slice(0, words).join(' '));
  const [said, own] = [plain(list), plain(lines('-Ln', 3))];
  if (said.join('\n') !== own.join('\n')) {
    found.push(`${at}: list ${own.join('; ')}, recorded ${said.join('; ')}`);
  }
  return found;
}

/** Entries that the others have not; about to go they may be gone there, or live on: HZ is another. */
function missing(all: readonly Entry[], others: readonly Entry[]): string {
  return all
    .filter(({ key, left }) => {
      const isSame = (one: Entry) => one.key === key && Math.abs(one.left - left) <= EXPIRY_SLACK_S;
      const isEnding = (one: Entry) => one.key === key && (left <= 1 || one.left <= 1);
      return left > 0 && !others.some((one) => isSame(one) || isEnding(one));
    })
    .map(({ key, left }) => `${key} ${left} s`)
    .join('; ');
}

interface Entry {
  readonly key: string;
  readonly left: number;
}

function readEntry(line: string): Entry {
  const [protocol, time = '', ...rest] = line.split(/\s+/);
  const [minutes = '0', seconds = '0'] = time.split(':');
  return { key: [protocol, ...rest].join(' '), left: Number(minutes) * 60 + Number(seconds) };
}

/** Frames that only one of the two sent. */
function unmatched(recording: DirectorRecording, sent: readonly DirectorFrame[]): string[] {
  const rest = sent.flatMap((each) => {
    const text = comparable(each.frame);
    return text === undefined ? [] : [{ ...each, text }];
  });
  const found: { at: number; text: string }[] = [];
  for (const { at, nic, frame } of recording.sent) {
    const text = comparable(frame);
    if (text === undefined) continue;
    const index = rest.findIndex(
      (each) =>
        each.nic === nic && each.text === text && Math.abs(each.at - at) <= slackOf(each.frame),
    );
    if (index >= 0) rest.splice(index, 1);
    else found.push({ at, text: `recorded ${nic} ${wordsOf(frame)}` });
  }
  for (const { at, nic, frame } of rest) {
    found.push({ at, text: `sent but not recorded ${nic} ${wordsOf(frame)}` });
  }
  found.sort((one, other) => one.at - other.at);
  return found.map(({ at, text }) => `${at.toFixed(4)}: ${text}${causeOf(recording, at)}`);
}

/** Searches for neighbours and their failures wait for timers, and the recorded kernel's ticks are coarse. */
const slackOf = (frame: Uint8Array) => (isByTimer(frame) ? TIMER_SLACK_S : SLACK_S);

/** What came last before the moment. */
function causeOf({ received, commands }: DirectorRecording, at: number): string {
  const frame = received.findLast((each) => each.at <= at + 0.0005);
  const command = commands.findLast((each) => each.at <= at);
  if (command !== undefined && command.at > (frame?.at ?? 0)) return ` behind '${command.line}'`;
  return frame === undefined ? '' : ` behind ${frame.nic} ${wordsOf(frame.frame)}`;
}
