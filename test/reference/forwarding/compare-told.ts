/** Compares the told lines of a recording: lists of ipvsadm, and what clients and servers saw of their connections. */

import { resolveNothing, runIpvsadm } from '../../../sim/host/ipvsadm-run.ts';
import type { IpvsApi } from '../../../sim/kernel/ipvs/ipvs-api.ts';
import type { ScenarioRun } from '../../../sim/scenario/run.ts';
import type { ForwardingRecording, ToldLine } from './forwarding-recording.ts';
import type { Outcome } from './lan-run.ts';
import type { Played } from './play-recording.ts';
import { listOf } from './recorded-service.ts';

/** A line was printed so long after the tables it shows were read, at least. */
const LOOK_LEAD_S = 0.0005;
/** Seconds left may differ by one: the recorded machine read them some tenths earlier. */
const EXPIRY_SLACK_S = 1;

/** Looks at the tables of the director that a line is of at the moments of the told lines; differences come into `found`. */
export function looksOf(
  recording: ForwardingRecording,
  directorOf: (line: ToldLine) => string,
  found: string[],
) {
  return recording.lines.flatMap((line) => {
    const recorded = connectionsIn(line);
    const list = listOf(line);
    if (recorded === undefined && list.length === 0) return [];
    const look = (run: ScenarioRun) => {
      const ipvs = run.lan.hosts.get(directorOf(line))?.kernel?.ipvs;
      if (ipvs === undefined) return;
      if (recorded !== undefined) compareEntries(line.at, recorded, ipvs, found);
      if (list.length > 0) compareList(line.at, list, ipvs, found);
    };
    return [{ at: line.at - LOOK_LEAD_S, look }];
  });
}

/** Entries told with a line, or below it. */
function connectionsIn({ entries, below }: ToldLine): string[] | undefined {
  const isEntry = (line: string) => /^(TCP|UDP|IP|ICMP) +\d+:\d\d /.test(line);
  if (entries !== undefined) return [...entries, ...below.filter(isEntry)];
  const from = below.findIndex((line) => line.startsWith('IPVS connection entries'));
  if (from < 0) return undefined;
  const rest = below.slice(from + 2);
  const end = rest.findIndex((line) => !isEntry(line));
  return end < 0 ? rest : rest.slice(0, end);
}

function compareEntries(
  at: number,
  recorded: readonly string[],
  ipvs: IpvsApi,
  found: string[],
): void {
  const text = runIpvsadm(ipvs, ['-Lnc'], { stdin: '', resolve: resolveNothing }).out;
  const ours = text
    .split('\n')
    .slice(2)
    .filter((line) => line !== '')
    .map(readEntry);
  const theirs = recorded.map(readEntry);
  const byKey = (list: readonly Entry[]) => [...list].sort((a, b) => (a.key < b.key ? -1 : 1));
  const [one, other] = [byKey(theirs), byKey(ours)];
  const isSame =
    one.length === other.length &&
    one.every(
      (entry, index) =>
        entry.key === other[index]?.key &&
        Math.abs(entry.seconds - (other[index]?.seconds ?? 0)) <= EXPIRY_SLACK_S,
    );
  if (isSame) return;
  const words = (list: readonly Entry[]) =>
    list.map(({ key, seconds }) => `${key} ${seconds} s`).join('; ') || '(no entry)';
  found.push(`${at}: entries ${words(other)}, recorded ${words(one)}`);
}

interface Entry {
  readonly key: string;
  readonly seconds: number;
}

/** `TCP 14:59  ESTABLISHED 10.10.0.1:40001    10.10.0.100:80     10.10.0.11:80` */
function readEntry(line: string): Entry {
  const [protocol, left = '', ...rest] = line.trim().split(/\s+/);
  const [minutes = '0', secondsCount = '0'] = left.split(':');
  return {
    key: [protocol, ...rest].join(' '),
    seconds: Number(minutes) * 60 + Number(secondsCount),
  };
}

function compareList(at: number, recorded: readonly string[], ipvs: IpvsApi, found: string[]) {
  const words = (text: string) => text.trim().split(/\s+/).join(' ');
  const theirs = recorded.map(words);
  const options = /PersistConn/.test(recorded[1] ?? '') ? ['-Ln', '--persistent-conn'] : ['-Ln'];
  const ours = runIpvsadm(ipvs, options, { stdin: '', resolve: resolveNothing })
    .out.split('\n')
    .filter((line) => line !== '')
    .map(words);
  if (ours.join('\n') !== theirs.join('\n')) {
    found.push(`${at}: list ${ours.slice(3).join('; ')}, recorded ${theirs.slice(3).join('; ')}`);
  }
}

/** What the told lines say of connections, against what the twin's programs saw. */
export function sightDifferences(recording: ForwardingRecording, played: Played): string[] {
  return recording.lines.flatMap((line, index) => {
    const since = recording.lines[index - 1]?.at ?? 0;
    return sightOf(line, since, played).map(
      (text) => `${line.at}: ${text}, recorded '${line.text}'`,
    );
  });
}

const ERRNOS: Readonly<Record<string, string>> = {
  ConnectionRefusedError: 'ECONNREFUSED',
  ConnectionResetError: 'ECONNRESET',
  TimeoutError: 'ETIMEDOUT',
  'OSError(92': 'ENOPROTOOPT',
  'OSError(113': 'EHOSTUNREACH',
  'OSError(101': 'ENETUNREACH',
};

function sightOf({ at, text }: ToldLine, since: number, played: Played): string[] {
  const { outcomes, got } = played;
  const connect = /connect\((\S+)\) -> (.*) after (\d+\.\d+) s/.exec(text);
  if (connect !== null) {
    const [, to, result = '', after] = connect;
    const errno = Object.entries(ERRNOS).find(([word]) => result.startsWith(word))?.[1];
    const wanted = /^TimeoutError\('|^timed? ?out/.test(result) ? 'pending' : (errno ?? 'ok');
    const one = outcomes.findLast(
      ({ flow, begun }) => begun <= at && `${flow.remote}:${flow.remotePort}` === to,
    );
    const lasted = one?.ended === undefined ? undefined : one.ended - one.begun;
    // A connection that stands is a matter of the recording machine's speed; errors and waits have their times.
    const isLate =
      wanted !== 'ok' &&
      lasted !== undefined &&
      Math.abs(lasted - Number(after)) > Math.max(0.05, 0.02 * lasted);
    const isSame = one?.result === wanted && !isLate;
    return isSame ? [] : [`connect ${one?.result} after ${lasted?.toFixed(3)} s`];
  }
  const several = /^(\d+) connects .* -> \[(.*)\]$/.exec(text);
  if (several !== null) {
    const wanted = (several[2] ?? '').split(', ').map((word) => word.replaceAll("'", ''));
    const during = outcomes.filter(({ begun }) => begun > since && begun <= at);
    const found = during.map((one) => resultAt(one, at));
    return found.join() === wanted.join() ? [] : [`connects ${found.join(', ')}`];
  }
  const answer = /^(\d+): answer b'(.*)'$/.exec(text);
  if (answer !== null) {
    const one = outcomes.find(({ flow }) => flow.localPort === Number(answer[1]));
    const received = shown(one?.received ?? '');
    return received === answer[2] ? [] : [`answer '${received}'`];
  }
  const accepted = /^(\d+): accepted by (\w+)$/.exec(text);
  if (accepted !== null) {
    const who = [...got.keys()].find((key) => key.endsWith(`:${accepted[1]}`))?.split(' ')[0];
    return who === accepted[2] ? [] : [`accepted by ${who}`];
  }
  const picked = /^client (\S+) -> \d+\.\d+\.\d+\.1(\d)$/.exec(text);
  if (picked !== null) {
    const who = [...got.keys()].find((key) => key.endsWith(` ${picked[1]}`))?.split(' ')[0];
    return who === `rs${picked[2]}` ? [] : [`accepted by ${who}`];
  }
  return bytesSeen(text, played);
}

function bytesSeen(text: string, { outcomes, got, datagrams }: Played): string[] {
  const server = /^server got b'(.*)'$/.exec(text);
  const gotten = [...got.values(), ...datagrams].map(shown);
  if (server !== null) {
    const word = server[1] ?? '';
    return gotten.some((each) => each.includes(word))
      ? []
      : [`server got '${gotten.join("', '")}'`];
  }
  const client = /^client got b'(.*)'$/.exec(text);
  if (client !== null) {
    const received = [...outcomes.map((one) => one.received), ...datagrams].map(shown);
    const isSame = received.some((each) => each.includes(client[1] ?? ''));
    return isSame ? [] : [`client got '${received.join("', '")}'`];
  }
  const reset = /^client socket: ConnectionResetError/.test(text);
  if (reset && !outcomes.some(({ broken }) => broken === 'ECONNRESET')) {
    return [`client ${outcomes.map(({ broken }) => broken ?? 'not broken').join()}`];
  }
  return [];
}

function resultAt(one: Outcome, at: number): string {
  return one.ended !== undefined && one.ended <= at ? one.result : 'pending';
}

const shown = (text: string): string => text.replaceAll('\r', '\\r').replaceAll('\n', '\\n');
