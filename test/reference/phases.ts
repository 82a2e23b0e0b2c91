/**
 * What nobody controlled when a recording was made: when the client's first packet left, how fast its ping really was,
 * where its kernel's ticks stood, which of two owners answers first. Read from the recording and fed to the twin, so
 * that what follows from them can be compared. Nothing here is a result.
 */

import { readEtherType, readSourceMac } from '../../daemon/wire/ethernet.ts';
import { formatMac } from '../../daemon/wire/mac-address.ts';
import {
  isAdvert,
  pingCapture,
  type Recording,
  type Seconds,
  type SeenFrame,
} from './recording.ts';

/** The phases of one recording. */
export interface Phases {
  /** When the client first asked for the address. */
  readonly pingBegins: Seconds;
  /** Median distance of its echo requests: ping sleeps in ticks, so 50 ms become 52 or 56. */
  readonly pingEvery: Seconds;
  /**
   * A moment at which a slot of the client's timer wheel was due, with the slot's width; absent when none was seen. It is
   * that of the first probe on the wire: what the client tells of its neighbours may be stamped a second too late.
   */
  readonly wheelTurn?: { readonly at: Seconds; readonly slot: Seconds };
  /** How long the client's kernel holds a neighbour for reachable (it draws 15..45 s); absent when no entry grew old. */
  readonly reachableFor?: Seconds;
  /** How long a script that only tests a file took: a process is made and ends. Absent when no state waited for one. */
  readonly scriptTakes?: Seconds;
  /** Nodes that answered one ARP request, the quicker one first; by MAC. */
  readonly quickerFirst: readonly string[];
}

/** Reads the phases. `clientMac` is the laboratory's. */
export function phasesOf(recording: Recording, clientMac: number): Phases {
  const frames = recording.observed.frames.filter(
    (frame) => frame.capture === pingCapture(recording),
  );
  const isClient = (mac: number) =>
    mac % 0x100 === clientMac % 0x100 && Math.floor(mac / 0x1_0000) === 0x0200_0000;
  const own = frames.filter((frame) => isClient(readSourceMac(frame.bytes)));
  const probe = own.find((frame) => isResolution(frame.bytes) && (frame.bytes[0] ?? 1) % 2 === 0);
  return {
    pingBegins: own.find((frame) => isResolution(frame.bytes))?.at ?? 0,
    pingEvery: medianDistance(own.filter((frame) => isEchoRequest(frame.bytes))),
    ...(probe === undefined ? {} : { wheelTurn: { at: probe.at, slot: PROBE_SLOT } }),
    ...reachableTime(recording, frames),
    ...scriptTime(recording),
    quickerFirst: answerRace(frames),
  };
}

/** Slots of the wheel for timers of 5 s and of more than 16 s. Source: kernel/time/timer.c, HZ=250. */
const PROBE_SLOT: Seconds = 0.256;
const AGE_SLOT: Seconds = 2.048;
/** Linux draws from half to one and a half of base_reachable_time (30 s). */
const REACHABLE_LEAST: Seconds = 15;
const REACHABLE_MOST: Seconds = 45;
/** An entry that somebody speaks for changes within this. */
const SPOKEN_FOR: Seconds = 0.05;

/** The client's drawn reachable time, where an entry went from REACHABLE to STALE and nobody had spoken for it. */
function reachableTime(
  recording: Recording,
  frames: readonly SeenFrame[],
): Pick<Phases, 'reachableFor' | 'wheelTurn'> {
  const changes = recording.observed.clientNeighbours;
  for (const [index, [at, text]] of changes.entries()) {
    const before = changes.slice(0, index).findLast((one) => addressOf(one[1]) === addressOf(text));
    if (!text.trim().endsWith(' STALE') || before === undefined) continue;
    const held = at - before[0];
    const isAge = before[1].trim().endsWith(' REACHABLE') && held > REACHABLE_LEAST - 1;
    if (!isAge || held > REACHABLE_MOST + AGE_SLOT || isSpokenFor(frames, at)) continue;
    // The timer waits for its slot: what was drawn is up to one slot less, and some slot is due at that moment.
    const drawn = Math.min(Math.max(held - AGE_SLOT / 2, REACHABLE_LEAST), REACHABLE_MOST);
    return { reachableFor: drawn, wheelTurn: { at, slot: AGE_SLOT } };
  }
  return {};
}

/** A first script's answer comes within this. */
const SCRIPT_MOST: Seconds = 0.1;

/** From a start to the state that waited for a script: it is not said to be "(init)". */
function scriptTime(recording: Recording): Pick<Phases, 'scriptTakes'> {
  for (const event of recording.events) {
    const { ready, node } = event;
    if (event.do !== 'start' || ready === undefined) continue;
    const first = recording.observed.transitions.find(
      ([at, of, , state]) => of === node && at > ready && state === 'BACKUP',
    );
    const took = first === undefined ? SCRIPT_MOST : first[0] - ready;
    if (took < SCRIPT_MOST) return { scriptTakes: took };
  }
  return {};
}

function addressOf(text: string): string {
  return text.trim().split(' ')[0] ?? '';
}

function isSpokenFor(frames: readonly SeenFrame[], at: Seconds): boolean {
  return frames.some(
    (frame) =>
      Math.abs(frame.at - at) < SPOKEN_FOR &&
      (isResolution(frame.bytes) || answeredAddress(frame.bytes) !== undefined),
  );
}

/**
 * Senders of answers about one address within a millisecond of each other, of ARP or of ND. Two that answer from one virtual
 * MAC are told apart by what follows: the switch has it behind the port of the later one, who gets the client's next request.
 */
function answerRace(frames: readonly SeenFrame[]): string[] {
  const replies = frames.filter((frame) => answeredAddress(frame.bytes) !== undefined);
  for (const [index, reply] of replies.entries()) {
    const next = replies[index + 1];
    if (next === undefined || next.at - reply.at > 0.001) continue;
    if (answeredAddress(reply.bytes) !== answeredAddress(next.bytes)) continue;
    if (isGratuitousReply(reply.bytes) || isGratuitousReply(next.bytes)) continue;
    const [first, second] = [reply, next].map((one) => formatMac(readSourceMac(one.bytes)));
    if (first === undefined || second === undefined) continue;
    if (first !== second) return [first, second];
    const later = whoIsReached(frames.slice(frames.indexOf(next) + 1));
    if (later !== undefined) return [first, later];
  }
  return [];
}

/** Two owners answer each other's announcements too; that is no race for the client. */
function isGratuitousReply(frame: Uint8Array): boolean {
  const isArp = readEtherType(frame) === 0x0806;
  return isArp && [0, 1, 2, 3].every((octet) => frame[28 + octet] === frame[38 + octet]);
}

/** The MAC that the next echo reply comes from, unless an advert moved the virtual MAC before it. */
function whoIsReached(frames: readonly SeenFrame[]): string | undefined {
  const next = frames.find((frame) => isAdvert(frame.bytes) || isEchoReply(frame.bytes));
  if (next === undefined || isAdvert(next.bytes)) return undefined;
  return formatMac(readSourceMac(next.bytes));
}

function medianDistance(requests: readonly SeenFrame[]): Seconds {
  const distances = requests
    .slice(1)
    .map((frame, index) => frame.at - (requests[index]?.at ?? 0))
    .sort((a, b) => a - b);
  return distances[Math.floor(distances.length / 2)] ?? 0.05;
}

/** An ARP request or a neighbour solicitation. */
function isResolution(frame: Uint8Array): boolean {
  const etherType = readEtherType(frame);
  if (etherType === 0x0806) return frame[21] === 1;
  return etherType === 0x86dd && frame[20] === 58 && frame[54] === 135;
}

/** An echo request of either family. */
export function isEchoRequest(frame: Uint8Array): boolean {
  const etherType = readEtherType(frame);
  if (etherType === 0x0800) return frame[23] === 1 && frame[34] === 8;
  return etherType === 0x86dd && frame[20] === 58 && frame[54] === 128;
}

function isEchoReply(frame: Uint8Array): boolean {
  const etherType = readEtherType(frame);
  if (etherType === 0x0800) return frame[23] === 1 && frame[34] === 0;
  return etherType === 0x86dd && frame[20] === 58 && frame[54] === 129;
}

/** The address that an ARP reply or a solicited neighbour advertisement tells the MAC of. */
function answeredAddress(frame: Uint8Array): string | undefined {
  const etherType = readEtherType(frame);
  if (etherType === 0x0806 && frame[21] === 2) return frame.subarray(28, 32).join('.');
  const isNa = etherType === 0x86dd && frame[20] === 58 && frame[54] === 136;
  return isNa && frame[38] !== 0xff ? frame.subarray(62, 78).join('.') : undefined;
}
