/**
 * What differs between a recording of keepalived's checkers and what the twin did: log lines, states of the kernel's table,
 * requests, attempts; in the same order and at the same moments within max(50 ms, 2 %).
 */

import { activation } from '../daemon/check/replay.ts';
import type { Timeline, TimelineEntry } from '../daemon/check/timeline.ts';
import { directorOf, prefixOf } from './checker-addresses.ts';
import type { Observed } from './checker-lan.ts';

/** Lines of the checkers' process; VRRP's and the parent's are others' tests. */
const CHECKERS =
  /^(TCP|HTTP|UDP|SMTP|DNS|ICMP|PING|FILE|BFD|Received BFD|Misc|Remote|MD5|Adding|Removing|Enabling|Disabling|Gained|Lost|Changing|service |Activating|Deactivating|Suspending|Shutting|Reinit|Initializing|Regex|Starting with|http_check|SSL|Timeout|Error|Read error|WEB|Checker bind|bind failed|IPVS|\(\[)/;
/** The kernel repeats a SYN up to that long; a later one of the same port is another attempt. */
const REPETITION_S = 30;
const BRIEF_S = 1;
/** How often recorders look at the kernel's table, and a little more: a change is seen up to that much later. */
const LOOK_S = 0.05;

interface Moment {
  readonly at: number;
  readonly text: string;
}

/** Log lines of the checkers. Lines of one moment may stand in either order. */
export function logDifferences(timeline: Timeline, observed: Observed): string[] {
  const ours = seconds(observed.log).filter(
    (one) => one.process === 'checkers' && CHECKERS.test(one.text),
  );
  const theirs = recorded(timeline, 'LOG', (text) => CHECKERS.test(text)).map((one) => ({
    ...one,
    text: one.text.replace(/delivered in \d+ usec/, 'delivered in 0 usec'),
  }));
  // keepalived's child says this once, and the VRRP child of some recordings once more.
  const once = 'Initializing ipvs';
  const isTwice = theirs.filter((one) => one.text === once).length > 1;
  const kept = (list: readonly Moment[]) =>
    isTwice ? list.filter((one) => one.text !== once) : list;
  // A refusal of the kernel is told behind the other lines of its moment.
  const isRefusal = ({ text }: Moment) => text.startsWith('IPVS cmd');
  const of = (list: readonly Moment[], wanted: boolean) =>
    kept(list).filter((one) => isRefusal(one) === wanted);
  return [false, true].flatMap((wanted) => compare(of(ours, wanted), of(theirs, wanted), timeline));
}

/** States of the kernel's table. */
export function tableDifferences(timeline: Timeline, observed: Observed): string[] {
  const theirs = recorded(timeline, 'IPVS', (text) => !/: \d+ servers$/.test(text))
    .slice(1)
    .map(inOrder);
  const isEmptyFirst = observed.tables[0]?.text.startsWith('(') === true;
  const ours = seconds(observed.tables)
    .slice(isEmptyFirst ? 1 : 0)
    .map(inOrder);
  const [own, other] =
    timeline.slack === undefined
      ? [withoutUnseen(ours, theirs), withoutUnseen(theirs, ours)]
      : [withoutBrief(ours), withoutBrief(theirs)];
  const isEmptyLast = other.at(-1)?.text.startsWith('(no virtual') === true;
  const known = isEmptyLast ? own : own.slice(0, other.length);
  return compare(known, other, timeline, LOOK_S);
}

/** The kernel lists services in the order of a hash, which a boot draws. */
function inOrder({ at, text }: Moment): Moment {
  return { at, text: text.split('; ').sort().join('; ') };
}

/** Of changes that follow each other at once, who looks now and then sees some: brief states that the other has not. */
function withoutUnseen(tables: readonly Moment[], other: readonly Moment[]): Moment[] {
  return tables.filter(({ at, text }, index) => {
    const isBrief = (tables[index + 1]?.at ?? Number.POSITIVE_INFINITY) - at <= LOOK_S;
    const isNear = (one: Moment) => Math.abs(one.at - at) <= 2 * LOOK_S + 0.02 * at;
    return !isBrief || other.some((one) => one.text === text && isNear(one));
  });
}

/** On a busy machine changes that belong together were seen one by one. */
function withoutBrief(tables: readonly Moment[]): Moment[] {
  const lasting = tables.filter((one, index) => {
    const next = tables[index + 1];
    return next === undefined || next.at - one.at > BRIEF_S;
  });
  return lasting.filter((one, index) => one.text !== lasting[index - 1]?.text);
}

/** HTTP requests to each server, octet by octet. At the end of a recording keepalived may be a check ahead or behind. */
export function requestDifferences(timeline: Timeline, observed: Observed): string[] {
  const own = `from ${addressOf(timeline)}:`;
  const all = recorded(
    timeline,
    'HTTP',
    (text) => text.includes(own) && text.includes("request=b'GET"),
  );
  return ['rs1', 'rs2', 'rs3', 'rs4'].flatMap((server) => {
    const theirs = all
      .filter((one) => one.text.startsWith(server))
      .map((one) => /request=b'(.*)'$/.exec(one.text)?.[1]?.replaceAll('\\r\\n', '\r\n') ?? '');
    const end = `${prefixOf(timeline.config)}1${server.slice(2)}:80`;
    const ours = observed.requests
      .filter((one) => one.to === end && one.text.startsWith('GET'))
      .map((one) => one.text);
    const isBusy = timeline.slack !== undefined;
    if (!isBusy && Math.abs(ours.length - theirs.length) > 1) {
      return [`${server}: ${ours.length} requests, recorded ${theirs.length}`];
    }
    const length = Math.min(ours.length, theirs.length);
    const at = theirs.slice(0, length).findIndex((text, index) => text !== ours[index]);
    if (at < 0) return [];
    const [text, other] = [JSON.stringify(ours[at]), JSON.stringify(theirs[at])];
    return [`${server}: request ${at} is ${text}, recorded ${other}`];
  });
}

/** The director that the timeline is of. */
function addressOf(timeline: Timeline): string {
  return directorOf(timeline);
}

/** Attempts of TCP at each end that the capture sees. */
export function attemptDifferences(timeline: Timeline, observed: Observed): string[] {
  const address = addressOf(timeline);
  return [...new Set(observed.opened.map((one) => one.to))].flatMap((end) => {
    const theirs = recorded(
      timeline,
      'CHECK',
      (text) => text.startsWith(address) && text.endsWith(`> ${end} S`),
    ).filter((one, index, all) => !isRepetition(one, all.slice(0, index), timeline));
    if (theirs.length === 0) return [];
    const ours = seconds(observed.opened).filter((one) => one.to === end);
    if (Math.abs(ours.length - theirs.length) > 1) {
      return [`${end}: ${ours.length} attempts, recorded ${theirs.length}`];
    }
    return theirs.flatMap(({ at }, index) => {
      const own = ours[index]?.at;
      const isNear = own === undefined || Math.abs(own - at) <= allowed(at, timeline.slack);
      return isNear ? [] : [`${end}: attempt ${index} at ${own}, recorded ${at}`];
    });
  });
}

/** Everything that differs; the capture of a `v` recording does not see all attempts. */
export function checkerDifferences(timeline: Timeline, observed: Observed): string[] {
  return [
    ...logDifferences(timeline, observed),
    ...tableDifferences(timeline, observed),
    ...requestDifferences(timeline, observed),
    ...(timeline.name.startsWith('v') || timeline.slack !== undefined
      ? []
      : attemptDifferences(timeline, observed)),
  ];
}

/** Texts and order; moments from the activation on, since our daemon needs no time to start. */
function compare(
  ours: readonly Moment[],
  theirs: readonly Moment[],
  timeline: Timeline,
  late = 0,
): string[] {
  const begin = activation(timeline, 0);
  const differences: string[] = [];
  for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
    const [own, other] = [ours[i], theirs[i]];
    if (own?.text !== other?.text) {
      differences.push(`${i}: ${told(own)}, recorded ${told(other)}`);
      // What follows is shifted: one difference is enough to look.
      break;
    }
    if (own === undefined || other === undefined || other.at < begin) continue;
    if (Math.abs(own.at - other.at) > allowed(other.at, timeline.slack) + late) {
      differences.push(`${i}: ${told(own)}, recorded at ${other.at}`);
    }
  }
  return differences;
}

function told(moment: Moment | undefined): string {
  return moment === undefined ? 'nothing' : `${moment.at} '${moment.text}'`;
}

function allowed(at: number, slack: number | undefined): number {
  return Math.max(slack ?? 0.05, 0.02 * at);
}

function recorded(
  timeline: Timeline,
  kind: TimelineEntry['kind'],
  fits: (text: string) => boolean,
): Moment[] {
  return timeline.entries.filter((one) => one.kind === kind && fits(one.text));
}

function seconds<T extends { readonly at: number }>(items: readonly T[]): T[] {
  return items.map((one) => ({ ...one, at: one.at / 1_000_000 }));
}

/** A SYN of the same source port is the kernel's repetition, unless the one before was answered: ports come again. */
function isRepetition(one: Moment, before: readonly Moment[], timeline: Timeline): boolean {
  const [source = '', , end = ''] = one.text.split(' ');
  const last = before.findLast((other) => other.text.split(' ')[0] === source);
  if (last === undefined || one.at - last.at >= REPETITION_S) return false;
  const answer = new RegExp(`^${end} > ${source} A[SR]`);
  const isWithin = ({ at }: Moment) => at >= last.at && at < one.at;
  return !timeline.entries.some(
    (entry) => entry.kind === 'CHECK' && isWithin(entry) && answer.test(entry.text),
  );
}
