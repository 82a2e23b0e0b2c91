/**
 * Compares what the twin did with what the real thing did. The tolerances are those of `traces/README.md`; every
 * difference beyond them becomes a sentence.
 */

import { readEtherType } from '../../daemon/wire/ethernet.ts';
import {
  advertRuns,
  announcementRuns,
  captureEnd,
  type FrameRun,
  splitAtPauses,
  takeovers,
} from './measure.ts';
import { isEchoRequest } from './phases.ts';
import {
  type Observation,
  type Outage,
  pingCapture,
  type Recording,
  type Seconds,
} from './recording.ts';
import { echoReplyNumber } from './replay.ts';

/** The result for one recording: no differences means that the twin agrees. */
export interface Comparison {
  readonly differences: readonly string[];
  /** The takeover that is farthest off, as text. */
  readonly largestDeviation: string;
}

/** Log lines of two machines are ordered only to within this: they were stamped on arrival. */
const LOG_NOISE: Seconds = 0.015;
/** Changes of one machine closer than this are one moment. */
const MOMENT: Seconds = 0.005;
const TAKEOVER_TOLERANCE: Seconds = 0.02;
const TAKEOVER_RATIO = 0.01;
const OUTAGE_TOLERANCE: Seconds = 0.12;
/** What may be cut off at the end of a capture. */
const END_SLACK: Seconds = 0.15;
const BURST_PAUSE: Seconds = 0.4;
const STINT_PAUSE: Seconds = 3.2;

/** Everything that `traces/README.md` says to compare. */
export function compare(recording: Recording, twin: Observation): Comparison {
  const real = cutAtEnd(recording.observed, recording);
  const ours = cutAtEnd(twin, recording);
  const timing = compareTakeovers(recording, real, ours);
  return {
    differences: [
      ...compareTransitions(real, ours),
      ...timing.differences,
      ...compareAdverts(real, ours, mastersMeet(recording)),
      ...compareAnnouncements(real, ours, captureEnd(recording.observed)),
      ...compareSequence('addresses', addressTexts(real), addressTexts(ours)),
      ...compareNeighbours(real, onlyAddressesOf(recording, ours)),
      ...compareOutages(real, ours, recording.ping.every),
      ...compareLastAnswer(recording, real, ours),
    ],
    largestDeviation: timing.largest,
  };
}

/** The capture may stop before the recording does; nobody can tell what happened after it. */
function cutAtEnd(observation: Observation, recording: Recording): Observation {
  const end = Math.min(captureEnd(recording.observed), recording.end) - END_SLACK;
  const before = ([at]: readonly [Seconds, ...unknown[]]) => at <= end;
  return {
    transitions: observation.transitions.filter(before),
    frames: observation.frames.filter((frame) => frame.at <= end),
    addresses: observation.addresses.filter(before),
    clientNeighbours: observation.clientNeighbours.filter(before),
    outages: observation.outages.filter((outage) => outage.nextReply <= end),
  };
}

function compareTransitions(real: Observation, ours: Observation): string[] {
  const text = (one: Observation['transitions'][number]) => `${one[1]} (${one[2]}) ${one[3]}`;
  const nodes = [...new Set([...real.transitions, ...ours.transitions].map((one) => one[1]))];
  const perNode = nodes.flatMap((node) =>
    compareSequence(
      `states of ${node}`,
      inSettledOrder(real.transitions.filter((one) => one[1] === node)).map(text),
      inSettledOrder(ours.transitions.filter((one) => one[1] === node)).map(text),
    ),
  );
  return perNode.length > 0 ? perNode : compareOrder(real, ours, text);
}

/**
 * Members of a group change state within a millisecond; whose timer runs out first is decided by
 * microseconds. Within a moment they are put in the order of their names, each with its own order.
 */
function inSettledOrder<T extends readonly [Seconds, string, string, string, ...unknown[]]>(
  changes: readonly T[],
): T[] {
  const moments: T[][] = [];
  for (const change of changes) {
    const last = moments.at(-1);
    const isSame = last !== undefined && change[0] - (last[0]?.[0] ?? 0) <= MOMENT;
    if (isSame) last.push(change);
    else moments.push([change]);
  }
  const byName = (a: T, b: T) => (a[2] < b[2] ? -1 : a[2] > b[2] ? 1 : 0);
  return moments.flatMap((moment) => moment.sort(byName));
}

/** Which of two transitions came first must agree wherever the recording is sure of it. */
function compareOrder(
  real: Observation,
  ours: Observation,
  text: (one: Observation['transitions'][number]) => string,
): string[] {
  const place = placesOf(ours.transitions.map(text));
  const names = [...placesOf(real.transitions.map(text)).keys()];
  return real.transitions.flatMap((one, index) => {
    const next = real.transitions[index + 1];
    if (next === undefined || next[0] - one[0] <= LOG_NOISE) return [];
    const first = place.get(names[index] ?? '') ?? 0;
    const second = place.get(names[index + 1] ?? '') ?? 0;
    return first < second ? [] : [`order: '${text(one)}' must come before '${text(next)}'`];
  });
}

/** Names made unique by counting repeats, each with its place. */
function placesOf(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  const places = new Map<string, number>();
  for (const [index, text] of texts.entries()) {
    const count = (counts.get(text) ?? 0) + 1;
    counts.set(text, count);
    places.set(`${text}#${count}`, index);
  }
  return places;
}

function compareTakeovers(recording: Recording, real: Observation, ours: Observation) {
  const [expected, got] = [takeovers(recording, real), takeovers(recording, ours)];
  const differences: string[] = [];
  let largest = 0;
  for (const one of expected) {
    const nth = expected.filter((other) => isSame(other, one) && other.at < one.at).length;
    const match = got.filter((other) => isSame(other, one))[nth];
    if (match === undefined) continue;
    const deviation = match.after - one.after;
    if (Math.abs(deviation) > Math.abs(largest)) largest = deviation;
    const allowed = Math.max(TAKEOVER_TOLERANCE, one.after * TAKEOVER_RATIO);
    if (Math.abs(deviation) <= allowed) continue;
    differences.push(
      `takeover of ${one.node} (${one.instance}): ${one.after.toFixed(4)} s after ${one.cause}, ` +
        `ours ${match.after.toFixed(4)} s after ${match.cause}`,
    );
  }
  return { differences, largest: `${(largest * 1000).toFixed(1)} ms` };
}

/** Whether two nodes were MASTER of one instance at once for longer than an advert takes to arrive. */
function mastersMeet(recording: Recording): boolean {
  const masters = new Map<string, Set<string>>();
  let since: Seconds | undefined;
  for (const [at, node, instance, state] of recording.observed.transitions) {
    if (since !== undefined && at - since > LOG_NOISE) return true;
    const holders = masters.get(instance) ?? new Set<string>();
    masters.set(instance, holders);
    if (state === 'MASTER') holders.add(node);
    else holders.delete(node);
    since = [...masters.values()].some((set) => set.size > 1) ? (since ?? at) : undefined;
  }
  return since !== undefined;
}

function isSame(
  a: { readonly node: string; readonly instance: string },
  b: { readonly node: string; readonly instance: string },
): boolean {
  return a.node === b.node && a.instance === b.instance;
}

/**
 * Counts may differ by one at the end of a stint. While two masters refuse each other, each advert restarts the
 * other's timer: who sends next is a race below a millisecond, so there a stint may differ at both its ends.
 */
function compareAdverts(real: Observation, ours: Observation, race: boolean): string[] {
  return compareRuns('adverts', advertRuns(real), advertRuns(ours), (theirs, own) => {
    const stints = splitAtPauses(theirs.frames, STINT_PAUSE).length;
    const slack = theirs.key.endsWith('prio 0') ? 0 : race ? 2 * stints : stints;
    const difference = own.frames.length - theirs.frames.length;
    const counts =
      Math.abs(difference) <= slack
        ? []
        : [`${theirs.key}: ${theirs.frames.length} adverts, ours ${own.frames.length}`];
    return [...counts, ...compareBytes(theirs, own)];
  });
}

function compareAnnouncements(real: Observation, ours: Observation, end: Seconds): string[] {
  const runs = (one: Observation) => announcementRuns(withoutLastReplies(one));
  return compareRuns('announcements', runs(real), runs(ours), (theirs, own) => {
    const sizes = (run: FrameRun) =>
      splitAtPauses(run.frames, BURST_PAUSE)
        .filter((burst) => (burst.at(-1)?.at ?? 0) < end - END_SLACK)
        .map((burst) => burst.length)
        .join('+');
    const counts =
      sizes(theirs) === sizes(own) ? [] : [`${theirs.key}: ${sizes(theirs)}, ours ${sizes(own)}`];
    return [...counts, ...compareBytes(theirs, own)];
  });
}

/** How long before it gives up an address a host's answer about it is such a race. */
const LAST_REPLY: Seconds = 0.1;

/**
 * A master that yields may still answer the gratuitous ARP of its successor, or just not any more: which, is decided in
 * microseconds by when its process is scheduled. Answers of hosts that keep the address are no race and stay.
 */
function withoutLastReplies(observation: Observation): Observation {
  const isLast = ({ at, bytes }: Observation['frames'][number]): boolean =>
    readEtherType(bytes) === 0x0806 &&
    bytes[21] === 2 &&
    observation.addresses.some(
      ([when, node, change, prefix]) =>
        change === 'del' &&
        Math.abs(when - at) < LAST_REPLY &&
        (isVirtualMac(bytes, 6) ||
          Number(node.slice(1)) + 10 === Number((bytes[11] ?? 0).toString(16))) &&
        prefix.split('/')[0] === [...bytes.subarray(28, 32)].join('.'),
    );
  return { ...observation, frames: observation.frames.filter((frame) => !isLast(frame)) };
}

/** 00:00:5e:00:01:VRID: every node of the VRID sends from it. */
function isVirtualMac(bytes: Uint8Array, at: number): boolean {
  return [0, 0, 0x5e, 0, 1].every((octet, index) => bytes[at + index] === octet);
}

function compareRuns(
  what: string,
  real: readonly FrameRun[],
  ours: readonly FrameRun[],
  compareRun: (theirs: FrameRun, own: FrameRun) => string[],
): string[] {
  const missing = real.filter((run) => !ours.some((own) => own.key === run.key));
  const extra = ours.filter((own) => !real.some((run) => run.key === own.key));
  return [
    ...missing.map((run) => `${what}: none from ${run.key} (${run.frames.length} recorded)`),
    ...extra.map((run) => `${what}: ${run.frames.length} from ${run.key} were not recorded`),
    ...real.flatMap((theirs) => {
      const own = ours.find((run) => run.key === theirs.key);
      return own === undefined ? [] : compareRun(theirs, own);
    }),
  ];
}

/** Frame by frame, every byte; after the first pause only as sets, since the counts may differ by one. */
function compareBytes(theirs: FrameRun, own: FrameRun): string[] {
  const first = (run: FrameRun) => splitAtPauses(run.frames, STINT_PAUSE)[0] ?? [];
  const [a, b] = [first(theirs), first(own)];
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = [hex(withoutFlowLabel(a[i]?.bytes)), hex(withoutFlowLabel(b[i]?.bytes))];
    const beside = [b[i], b[i - 1], b[i + 1]];
    if (x !== y && !beside.some((one) => differInNumberOnly(a[i]?.bytes, one?.bytes)))
      return [`${theirs.key}: frame ${i + 1} is\n    ${x}, ours\n    ${y}`];
  }
  return [];
}

/**
 * Where the count of adverts before may differ by one, so may the number of this one; beside a gap, and where a reload
 * numbers anew, that of its neighbour.
 */
function differInNumberOnly(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined || readEtherType(a) !== 0x0800) return false;
  const number = (frame: Uint8Array) => ((frame[18] ?? 0) << 8) | (frame[19] ?? 0);
  if (Math.abs(number(a) - number(b)) > 1) return false;
  const without = (frame: Uint8Array) => {
    const copy = new Uint8Array(frame);
    copy.set([0, 0], 18);
    copy.set([0, 0], 24);
    return hex(copy);
  };
  return without(a) === without(b);
}

/** Linux draws the flow label of IPv6 packets; no receiver looks at it. */
function withoutFlowLabel(bytes: Uint8Array | undefined): Uint8Array | undefined {
  if (bytes === undefined || readEtherType(bytes) !== 0x86dd) return bytes;
  const copy = new Uint8Array(bytes);
  copy.set([(copy[15] ?? 0) & 0xf0, 0, 0], 15);
  return copy;
}

function hex(bytes: Uint8Array | undefined): string {
  return Array.from(bytes ?? [], (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function compareSequence(what: string, real: readonly string[], ours: readonly string[]): string[] {
  for (let i = 0; i < Math.max(real.length, ours.length); i++) {
    if (real[i] === ours[i]) continue;
    const before = i === 0 ? '' : ` (after '${real[i - 1]}')`;
    return [`${what} ${i + 1}: '${real[i] ?? 'nothing'}', ours '${ours[i] ?? 'nothing'}'${before}`];
  }
  return [];
}

/** Node by node: which node's kernel spoke first within a millisecond is noise. */
function addressTexts(observation: Observation): string[] {
  const nodes = [...new Set(observation.addresses.map((one) => one[1]))].sort((a, b) =>
    a < b ? -1 : 1,
  );
  return nodes.flatMap((node) =>
    inSettledOrder(
      observation.addresses
        .filter((one) => one[1] === node)
        .map(([at, , change, prefix, link]) => [at, change, link, prefix] as const),
    ).map(([, change, link, prefix]) => `${node} ${change} ${prefix} ${link}`),
  );
}

/**
 * The client's notifications one by one; where these differ, what stands at the end of each moment:
 * inside one the order of packets of two senders decides, in microseconds.
 */
function compareNeighbours(real: Observation, ours: Observation): string[] {
  const compare = (textsOf: (one: Observation) => string[]) =>
    compareSequence('client neighbour', textsOf(real), textsOf(ours));
  const differences = compare((one) => one.clientNeighbours.map(neighbourText));
  return differences.length === 0 ? [] : compare(settledNeighbours);
}

/** Recordings list the pinged address, and some others; of what they do not list they say nothing. */
function onlyAddressesOf(recording: Recording, ours: Observation): Observation {
  const addressIn = (text: string): string =>
    text
      .trim()
      .replace(/^Deleted /, '')
      .split(' ')[0] ?? '';
  const listed = recording.observed.clientNeighbours.map(([, text]) => addressIn(text));
  const told = new Set([recording.ping.to, ...listed]);
  const clientNeighbours = ours.clientNeighbours.filter(([, text]) => told.has(addressIn(text)));
  return { ...ours, clientNeighbours };
}

function settledNeighbours(observation: Observation): string[] {
  const texts: string[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const one of observation.clientNeighbours) {
    if (one[0] - last <= MOMENT) texts.pop();
    last = one[0];
    const text = neighbourText(one);
    if (texts.at(-1) !== text) texts.push(text);
  }
  return texts;
}

/** A failure reads INCOMPLETE when the next packet began anew before the notification was written. */
function neighbourText([, text]: readonly [Seconds, string]): string {
  return text.trim().replace(/ INCOMPLETE$/, ' FAILED');
}

/**
 * An outage that the recording does not see the end of is none in its list: the last answer before the last question
 * tells of it.
 */
function compareLastAnswer(recording: Recording, real: Observation, ours: Observation): string[] {
  const capture = pingCapture(recording);
  const seen = (one: Observation) => one.frames.filter((frame) => frame.capture === capture);
  const end = seen(real).findLast((frame) => isEchoRequest(frame.bytes))?.at ?? 0;
  const lastOf = (one: Observation): Seconds =>
    seen(one)
      .filter((frame) => frame.at <= end && echoReplyNumber(frame.bytes) !== undefined)
      .reduce((last, frame) => Math.max(last, frame.at), 0);
  const [theirs, own] = [lastOf(real), lastOf(ours)];
  if (Math.abs(own - theirs) <= OUTAGE_TOLERANCE) return [];
  return [`last answer to the client at ${theirs.toFixed(3)} s, ours ${own.toFixed(3)} s`];
}

/**
 * Outages that overlap are the same one. A short gap may lose a request on one side and none on the other: an outage
 * without a counterpart counts with its length beyond one pause of the ping.
 */
function compareOutages(real: Observation, ours: Observation, pause: Seconds): string[] {
  const length = (one: Outage) => one.nextReply - one.lastReply;
  const overlaps = (a: Outage, b: Outage) =>
    a.lastReply < b.nextReply + OUTAGE_TOLERANCE && b.lastReply < a.nextReply + OUTAGE_TOLERANCE;
  const lengthIn = (list: readonly Outage[], outage: Outage) =>
    list.filter((one) => overlaps(one, outage)).reduce((sum, one) => sum + length(one), 0) || pause;
  const missing = ours.outages.filter((own) => !real.outages.some((one) => overlaps(one, own)));
  return [...real.outages, ...missing].flatMap((outage) => {
    const [theirs, own] = [lengthIn(real.outages, outage), lengthIn(ours.outages, outage)];
    if (Math.abs(own - theirs) <= OUTAGE_TOLERANCE) return [];
    const at = outage.lastReply.toFixed(3);
    return [`outage at ${at}: ${theirs.toFixed(3)} s, ours ${own.toFixed(3)} s`];
  });
}
