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
import type { Observation, Outage, Recording, Seconds } from './recording.ts';

/** The result for one recording: no differences means that the twin agrees. */
export interface Comparison {
  readonly differences: readonly string[];
  /** The takeover that is farthest off, as text. */
  readonly largestDeviation: string;
}

/** Log lines of two machines are ordered only to within this: they were stamped on arrival. */
const LOG_NOISE: Seconds = 0.015;
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
      ...compareSequence('client neighbour', neighbourTexts(real), neighbourTexts(ours)),
      ...compareOutages(real, ours, recording.ping.every),
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
      real.transitions.filter((one) => one[1] === node).map(text),
      ours.transitions.filter((one) => one[1] === node).map(text),
    ),
  );
  return perNode.length > 0 ? perNode : compareOrder(real, ours, text);
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
  const runs = (one: Observation) => announcementRuns(one);
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
    if (x !== y) return [`${theirs.key}: frame ${i + 1} is\n    ${x}, ours\n    ${y}`];
  }
  return [];
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
  return [...observation.addresses]
    .sort((a, b) => (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : a[0] - b[0]))
    .map(([, node, change, prefix, link]) => `${node} ${change} ${prefix} ${link}`);
}

function neighbourTexts(observation: Observation): string[] {
  return observation.clientNeighbours.map(([, text]) => text);
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
