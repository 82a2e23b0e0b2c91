/**
 * Servers of a checkers' recording that were silent, read from its capture: whatever the event was called (`filtered`, `host gone`),
 * a server named by it that answers no ARP is cut off, and one that answers ARP but no SYN or echo drops that protocol.
 */

import { readUint16 } from '../../daemon/wire/integers.ts';
import { formatIp } from '../../daemon/wire/ip-address.ts';
import { readIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { readCapture } from '../../sim/report/pcap-read.ts';
import type { ScenarioRun } from '../../sim/scenario/run.ts';
import type { Timeline } from '../daemon/check/timeline.ts';
import { captureBegin } from './recorded-servers-play.ts';

/** From and until when (s) a server was silent, and to what. */
export interface Outage {
  readonly server: string;
  readonly from: number;
  readonly until: number;
  readonly what: 'all' | 'tcp' | 'icmp';
}

/** An answer comes within that time, or never. */
const ANSWER_S = 0.8;
/** An outage begins a little ahead of the first packet that was lost. */
const BEFORE_S = 0.3;
const [ICMP, TCP] = [1, 6];
const [SYN, RST, ACK] = [2, 4, 16];

/** A question of the director, and whether it was answered. */
interface Question {
  readonly at: number;
  readonly server: string;
  readonly what: 'arp' | 'tcp' | 'icmp';
  readonly key: string;
  answered: boolean;
}

/** Outages between events that name a server, as far as the first director's port shows them. */
export function recordedOutages(timeline: Timeline, number: string): Outage[] {
  const director = `10.10.0.25${number}`;
  const begin = number === '1' ? captureBegin(timeline, director) : undefined;
  if (timeline.capture === undefined || begin === undefined) return [];
  const questions = readQuestions(timeline.capture, director, begin).filter(
    ({ at }) => !isDirectorCutOff(timeline, number, at),
  );
  return ['rs1', 'rs2', 'rs3', 'rs4'].flatMap((name) => {
    const events = timeline.entries.filter(
      ({ kind, text }) => kind === 'EVENT' && new RegExp(`\\b${name}\\b`).test(text),
    );
    const own = questions.filter((one) => one.server === `10.10.0.1${name.slice(2)}`);
    return events.flatMap(({ at, text }, index) => {
      if (text.includes('plugged')) return [];
      return outagesWithin(own, { name, from: at, until: events[index + 1]?.at });
    });
  });
}

/** Whether a server named by an event answered nothing any more from that moment on (s), as far as a question within `span` shows it. */
export function isSilentWithin(
  timeline: Timeline,
  number: string,
  { at, text, span }: { readonly at: number; readonly text: string; readonly span: number },
): boolean {
  const director = `10.10.0.25${number}`;
  const begin = number === '1' ? captureBegin(timeline, director) : undefined;
  if (timeline.capture === undefined || begin === undefined) return false;
  return readQuestions(timeline.capture, director, begin).some((one) => {
    const isThen = one.at >= at && one.at <= at + span;
    return isThen && !one.answered && text.includes(`rs${Number(one.server.split('.')[3]) - 10}`);
  });
}

/** Then its questions are lost on its own cable. */
function isDirectorCutOff(timeline: Timeline, number: string, moment: number): boolean {
  const own = new RegExp(`^director ${number} (un)?plugged`);
  const told = timeline.entries.filter(
    ({ at, kind, text }) => at <= moment && kind === 'EVENT' && own.test(text),
  );
  return told.at(-1)?.text.includes('unplugged') === true;
}

function outagesWithin(
  questions: readonly Question[],
  {
    name,
    from,
    until,
  }: { readonly name: string; readonly from: number; readonly until: number | undefined },
): Outage[] {
  const end = until ?? Number.POSITIVE_INFINITY;
  const within = questions.filter(({ at }) => at >= from && at < end);
  const lost = within.filter(({ answered, at }) => !answered && at < end - ANSWER_S);
  return (['tcp', 'icmp'] as const).flatMap((what) => {
    const first = lost.find((one) => one.what === what);
    if (first === undefined) return [];
    const isCut = lost.some((one) => one.what === 'arp' && one.at >= first.at - ANSWER_S);
    const begin = isCut ? (lost[0] ?? first).at : first.at;
    const outage = { server: name, from: Math.max(from, begin - BEFORE_S), until: end };
    return [{ ...outage, what: isCut ? 'all' : what }];
  });
}

/** What is to be done for outages, and when (s). */
export function outageActions(
  run: ScenarioRun,
  outages: readonly Outage[],
): { readonly at: number; readonly act: () => void }[] {
  return outages.flatMap(({ server, from, until, what }) => {
    let rule: number | undefined;
    const kernel = run.lan.hosts.get(server)?.kernel;
    const cable = run.lan.cableAt(server, 'eth0');
    const begin = () => {
      if (what === 'all') cable?.impair('both', { muted: true });
      else {
        const protocol = what === 'tcp' ? TCP : ICMP;
        rule = kernel?.addFirewallRule({ hook: 'input', verdict: 'drop', protocol });
      }
    };
    const end = () => {
      if (what === 'all') cable?.impair('both', { muted: undefined });
      else if (rule !== undefined) kernel?.deleteFirewallRule(rule);
    };
    const over = Number.isFinite(until) ? [{ at: until, act: end }] : [];
    return [{ at: from, act: begin }, ...over];
  });
}

function readQuestions(file: Uint8Array, director: string, begin: number): Question[] {
  const questions: Question[] = [];
  for (const { timeUs, bytes } of readCapture(file).packets) {
    const at = timeUs / 1e6 - begin;
    const seen = readPacket(bytes, director);
    if (seen === undefined) continue;
    if (seen.isQuestion) questions.push({ at, ...seen, answered: false });
    for (const one of seen.isQuestion ? [] : questions) {
      const isOwn = one.server === seen.server && one.what === seen.what && one.key === seen.key;
      if (isOwn && at - one.at < ANSWER_S) one.answered = true;
    }
  }
  return questions;
}

type Seen = Pick<Question, 'server' | 'what' | 'key'> & { readonly isQuestion: boolean };

function readPacket(bytes: Uint8Array, director: string): Seen | undefined {
  const type = readUint16(bytes, 12);
  if (type === 0x0806 && bytes.length >= 42) {
    const [from, to] = [formatIp(readIpv4(bytes, 28)), formatIp(readIpv4(bytes, 38))];
    return between(from, to, director, { what: 'arp', key: '' });
  }
  if (type !== 0x0800 || bytes.length < 42) return undefined;
  const [from, to] = [formatIp(readIpv4(bytes, 26)), formatIp(readIpv4(bytes, 30))];
  if (bytes[23] === ICMP && (bytes[34] === 8 || bytes[34] === 0)) {
    return between(from, to, director, { what: 'icmp', key: '' });
  }
  if (bytes[23] !== TCP || bytes.length < 54) return undefined;
  const flags = bytes[47] ?? 0;
  const isOut = from === director;
  if (isOut ? (flags & (SYN | ACK)) !== SYN : (flags & (SYN | RST)) === 0) return undefined;
  const [own, other] = [readUint16(bytes, isOut ? 34 : 36), readUint16(bytes, isOut ? 36 : 34)];
  return between(from, to, director, { what: 'tcp', key: `${own} ${other}` });
}

function between(
  from: string,
  to: string,
  director: string,
  { what, key }: Pick<Question, 'what' | 'key'>,
): Seen | undefined {
  const isQuestion = from === director;
  if (!isQuestion && to !== director) return undefined;
  return { server: isQuestion ? to : from, what, key, isQuestion };
}
