/**
 * What differs between a recording of keepalived's checkers and what the twin did: log lines, states of the kernel's table,
 * requests, attempts; in the same order and at the same moments within max(50 ms, 2 %).
 */

import { activation } from '../daemon/check/replay.ts';
import type { Timeline, TimelineEntry } from '../daemon/check/timeline.ts';
import type { Observed } from './checker-lan.ts';

/** Lines of the checkers' process; VRRP's and the parent's are others' tests. */
const CHECKERS =
  /^(TCP|HTTP|UDP|SMTP|DNS|ICMP|PING|FILE|BFD|Misc|Remote|MD5|Adding|Removing|Enabling|Disabling|Gained|Lost|Changing|service |Activating|Suspending|Shutting|Reinit|Initializing)/;
/** The kernel repeats a SYN up to that long; a later one of the same port is another attempt. */
const REPETITION_S = 30;
const BRIEF_S = 1;

interface Moment {
  readonly at: number;
  readonly text: string;
}

/** Log lines of the checkers. Lines of one moment may stand in either order. */
export function logDifferences(timeline: Timeline, observed: Observed): string[] {
  const ours = seconds(observed.log).filter(
    (one) => one.process === 'checkers' && CHECKERS.test(one.text),
  );
  const theirs = recorded(timeline, 'LOG', (text) => CHECKERS.test(text));
  // keepalived's child says this once, and the VRRP child of some recordings once more.
  const once = 'Initializing ipvs';
  const isTwice = theirs.filter((one) => one.text === once).length > 1;
  const kept = (list: readonly Moment[]) =>
    isTwice ? list.filter((one) => one.text !== once) : list;
  return compare(kept(ours), kept(theirs), timeline);
}

/** States of the kernel's table. */
export function tableDifferences(timeline: Timeline, observed: Observed): string[] {
  const theirs = recorded(timeline, 'IPVS', (text) => !/: \d+ servers$/.test(text)).slice(1);
  const isEmptyFirst = observed.tables[0]?.text.startsWith('(') === true;
  const ours = seconds(observed.tables).slice(isEmptyFirst ? 1 : 0);
  if (timeline.slack !== undefined) {
    return compare(withoutBrief(ours), withoutBrief(theirs), timeline);
  }
  const isEmptyLast = theirs.at(-1)?.text.startsWith('(no virtual') === true;
  const known = isEmptyLast ? ours : ours.slice(0, theirs.length);
  return compare(known, theirs, timeline);
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
  const all = recorded(timeline, 'HTTP', (text) => text.includes("request=b'GET"));
  return ['rs1', 'rs2', 'rs3', 'rs4'].flatMap((server) => {
    const theirs = all
      .filter((one) => one.text.startsWith(server))
      .map((one) => /request=b'(.*)'$/.exec(one.text)?.[1]?.replaceAll('\\r\\n', '\r\n') ?? '');
    const end = `10.10.0.1${server.slice(2)}:80`;
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
    const [own, other] = [JSON.stringify(ours[at]), JSON.stringify(theirs[at])];
    return [`${server}: request ${at} is ${own}, recorded ${other}`];
  });
}

/** Attempts of TCP at each end that the capture sees. */
export function attemptDifferences(timeline: Timeline, observed: Observed): string[] {
  const address = `10.10.0.25${timeline.name.split('#')[1] ?? '1'}`;
  return [...new Set(observed.opened.map((one) => one.to))].flatMap((end) => {
    const theirs = recorded(
      timeline,
      'CHECK',
      (text) => text.startsWith(address) && text.endsWith(`> ${end} S`),
    ).filter((one, index, all) => !isRepetition(one, all.slice(0, index)));
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
function compare(ours: readonly Moment[], theirs: readonly Moment[], timeline: Timeline): string[] {
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
    if (Math.abs(own.at - other.at) > allowed(other.at, timeline.slack)) {
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

/** A SYN of the same source port is the kernel's repetition. */
function isRepetition(one: Moment, before: readonly Moment[]): boolean {
  const source = one.text.split(' ')[0];
  return before.some(
    (other) => other.text.split(' ')[0] === source && one.at - other.at < REPETITION_S,
  );
}
