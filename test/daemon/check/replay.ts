/**
 * A recording played to the real daemon: its configuration, its phases, its events; what the daemon then
 * says, sends and does to the kernel stands in `Director`.
 *
 * Only the random phases of the first checks are taken from the recording; everything behind them is the
 * daemon's own doing.
 */

import type { CheckerConfig } from '../../../daemon/check/checker-config.ts';
import { loadWithReader } from '../../../daemon/core/config-loader.ts';
import { formatIp } from '../../../daemon/wire/ip-address.ts';
import { directorOf, serverNameOf } from '../../reference/checker-addresses.ts';
import { recordedServers } from '../../reference/recorded-servers-play.ts';
import { Director, type ServerBehaviour, s } from './director.ts';
import { filesOfReloads, type Timeline } from './timeline.ts';

const BOOTSTRAP = s(1);
/** A server that goes down does so up to 0.2 s behind its EVENT line (README of the recordings). */
const DOWN_DELAY = s(0.2);

/** Plays it, and returns the director at its end. */
export function replay(timeline: Timeline): Director {
  const withVrrp = timeline.name.startsWith('v');
  const director = new Director({ vrrp: withVrrp });
  prepare(director, timeline);
  const begin = activation(timeline, 0);
  director.now = s(begin);
  plan(director, timeline, timeline.config, begin);
  for (const entry of timeline.entries) {
    if (entry.kind === 'EVENT') {
      const late = /closed|unplugged/.test(entry.text) ? DOWN_DELAY : 0;
      director.schedule(s(entry.at) + late, () => happen(director, timeline, entry));
    } else if (entry.kind === 'stop') {
      director.schedule(s(entry.at), () => director.stop());
    }
  }
  director.start(timeline.config);
  director.run(s((timeline.entries.at(-1)?.at ?? 0) + 5));
  return director;
}

/** When checkers were activated, at `from` seconds or behind. */
export function activation(timeline: Timeline, from: number): number {
  const line = timeline.entries.find(
    (one) => one.at >= from && one.kind === 'LOG' && /^(Activating|Deactivating) /.test(one.text),
  );
  if (line === undefined) throw new Error('no checker was activated');
  return line.at;
}

function plan(director: Director, timeline: Timeline, config: string, from: number): void {
  const lost = (first: number, name: string) => loseFirstSyn(director, timeline, first, name);
  director.draws.push(...plannedDraws(timeline, config, from, lost));
}

/** The draws that give every checker the phase it had; `onFirst` hears of each first check. */
export function plannedDraws(
  timeline: Timeline,
  config: string,
  from: number,
  onFirst: (at: number, name: string) => void = () => {},
): number[] {
  const draws: number[] = [];
  const director = new Director();
  const files = new Map([['k.conf', config]]);
  const encoder = new TextEncoder();
  const system = Object.assign(Object.create(director), {
    readFile: (path: string) => {
      const text = files.get(path);
      return text === undefined ? undefined : encoder.encode(text);
    },
  });
  const random = { uint32: () => 7 };
  const loaded = loadWithReader({ system, path: 'k.conf', configId: undefined, random });
  const checkers = loaded.config?.check.checkers ?? [];
  for (const checker of checkers) {
    // Without attempts, or without a phase, nothing is drawn.
    if (checker.kind === 'FILE_CHECK' || checker.kind === 'BFD_CHECK') continue;
    if (checker.warmup === 0) continue;
    const server =
      loaded.config?.lvs.virtualServers[checker.virtualServer]?.realServers[checker.realServer];
    if (server === undefined) throw new Error('a checker without a server');
    const place = 'connection' in checker ? checker.connection : server;
    const end = `${formatIp(place.address)}:${place.port}`;
    const isShared = checkers.filter((one) => isOfPort(one, checker)).length > 1;
    const first = firstCheck(timeline, from, {
      end,
      name: `[${formatIp(server.address)}]:`,
      place: new RegExp(`\\[${formatIp(server.address)}\\]:\\w+:${server.port}\\b`),
      asks: isShared ? checker.kind === 'HTTP_GET' : undefined,
      how: HOW[checker.kind] ?? 'connects',
      retryDelay: checker.delayBeforeRetry / 1e6,
    });
    onFirst(first, `[${formatIp(server.address)}]:`);
    // A checker that is suspended, or has no socket, looks every delay_loop whether it may begin.
    const after = Math.max(0, s(first) - s(from) - BOOTSTRAP);
    const waits = config.includes('ha_suspend') || after > checker.warmup + s(0.5);
    const phase = waits ? after % checker.delayLoop : after;
    draws.push(Math.min(4_294_967_295, Math.ceil((phase / checker.warmup) * 4_294_967_296)));
  }
  return draws;
}

const HOW: Readonly<Record<string, Checked['how']>> = { PING_CHECK: 'echo', MISC_CHECK: 'script' };

interface Checked {
  readonly end: string;
  readonly name: string;
  /** The server with its port, as the log has it. */
  readonly place: RegExp;
  /** Of two checkers of one server: whether this one sends a request. */
  readonly asks: boolean | undefined;
  /** How it asks: what to look for. */
  readonly how: 'connects' | 'echo' | 'script';
  /** From a failure to the next attempt (s). */
  readonly retryDelay: number;
}

/** Whether two checkers open connections to the same port: the capture shows both. */
function isOfPort(one: CheckerConfig, other: CheckerConfig): boolean {
  if (!('connection' in one) || !('connection' in other)) return false;
  if (one.kind === 'PING_CHECK' || other.kind === 'PING_CHECK') return false;
  const [here, there] = [one.connection, other.connection];
  return here.address === there.address && here.port === there.port;
}

function firstCheck(timeline: Timeline, from: number, who: Checked): number {
  // A reload may give the server another checker; what starts again begins anew.
  const reload = timeline.entries.find(
    ({ at, kind, text }) =>
      at > from && (kind === 'start' || (kind === 'EVENT' && text.startsWith('SIGHUP'))),
  );
  const end = reload?.at ?? Number.POSITIVE_INFINITY;
  const later = timeline.entries.filter(({ at }) => at >= from && at < end);
  const [, address = '', port = ''] = /^(.*):(\d+)$/.exec(who.end) ?? [];
  // The capture is of the first director; what the second asked, the servers tell.
  const number = timeline.name.split('#')[1] ?? '1';
  const own = directorOf(timeline);
  const echo = own.includes(':') ? 'ICMP 128/0' : 'ICMP 8/0';
  const packets = later.filter(
    ({ kind, text }) =>
      kind === 'CHECK' &&
      text.startsWith(own) &&
      (who.how === 'echo'
        ? text.endsWith(`> ${address} ${echo}`)
        : text.endsWith(`> ${who.end} S`) || text.endsWith(`> ${who.end} UDP`)),
  );
  const heard = later.filter(
    ({ kind, text }) => kind === 'HTTP' && text.startsWith(`${serverNameOf(address)} from ${own}:`),
  );
  // Two checkers of one port: what was asked behind the handshake tells whose it was.
  const isOwn = ({ text }: { readonly text: string }) =>
    who.how === 'echo' || who.asks === undefined || isAsked(later, text) === who.asks;
  const datagram = recordedServers(timeline, number)
    ?.find((one) => one.protocol === 'udp' && one.server === address && `${one.port}` === port)
    ?.datagrams.find((one) => one.at >= from);
  const all = later.filter(
    (one) => one.kind === 'LOG' && one.text.includes(who.name) && isAboutCheck(one.text),
  );
  // The same server may stand in several services.
  const isOfPort = ({ text }: { readonly text: string }) => who.place.test(text);
  const lines = all.some(isOfPort) ? all.filter(isOfPort) : all;
  const isScript = who.how === 'script';
  const line = lines.find(({ text }) => text.startsWith('Misc check') === isScript);
  if (isScript) {
    const changed = later.find(
      (one) =>
        one.kind === 'LOG' && one.text.startsWith('Changing weight') && who.place.test(one.text),
    );
    // A script that gives another weight says nothing else.
    if (changed !== undefined && changed.at < (line?.at ?? Number.POSITIVE_INFINITY)) {
      return changed.at;
    }
    // Nothing is said of a first run that fails before its retries are used up.
    const retries = Number(/ after (\d+) retr/.exec(line?.text ?? '')?.[1] ?? 0);
    return ((line ?? lines[0])?.at ?? from + 1) - retries * who.retryDelay;
  }
  return (packets.find(isOwn) ?? datagram ?? told(heard, line))?.at ?? from + 1;
}

/** A server may have heard nothing while its port was closed: then the log tells first. */
function told(
  heard: readonly { readonly at: number }[],
  line: { readonly at: number } | undefined,
): { readonly at: number } | undefined {
  const [first] = heard;
  return first !== undefined && (line === undefined || first.at < line.at) ? first : line;
}

/** Whether a request came with the connection; `undefined` when the server did not tell. */
function isAsked(entries: Timeline['entries'], syn: string): boolean | undefined {
  const from = ` from ${syn.split(' ')[0]} `;
  const seen = entries.find((one) => one.kind === 'HTTP' && one.text.includes(from));
  return seen === undefined ? undefined : !seen.text.endsWith('connect-only');
}

/** In one recording a first SYN got lost: its answer came with the repetition, a second later. */
export function isFirstSynLost(timeline: Timeline, at: number, name: string): boolean {
  const line = timeline.entries.find(
    (one) => one.at >= at && one.kind === 'LOG' && one.text.includes(name),
  );
  const isLate = line !== undefined && line.at - at > 0.9 && line.at - at < 1.2;
  return isLate && line.text.startsWith('TCP connection');
}

function loseFirstSyn(director: Director, timeline: Timeline, at: number, name: string): void {
  if (!isFirstSynLost(timeline, at, name)) return;
  const server = name.slice(1, -2);
  director.schedule(s(at - 0.5), () => director.servers.set(server, { port: 'gone' }));
  director.schedule(s(at + 0.5), () => director.servers.set(server, { port: 'open' }));
}

function isAboutCheck(text: string): boolean {
  return !/^(Activating|Deactivating|Suspending|Changing|service |Removing|Adding)/.test(text);
}

function prepare(director: Director, timeline: Timeline): void {
  const set = (server: string, behaviour: ServerBehaviour) =>
    director.servers.set(server, behaviour);
  if (/rs1 port closed/.test(timeline.title)) set('10.10.0.11', { port: 'closed' });
  if (/rs3 answering 500/.test(timeline.title)) set('10.10.0.13', answering(500));
  if (/UDP_CHECK rs2 \(nothing on that port\)/.test(timeline.title)) {
    for (const end of ['10.10.0.12:5353', '10.10.0.13:25', '10.10.0.14:53']) {
      set(end, { port: 'closed' });
    }
  }
}

function answering(status: number): ServerBehaviour {
  return { port: 'open', answer: () => `HTTP/1.0 ${status} X\r\n\r\n` };
}

function happen(director: Director, timeline: Timeline, entry: { at: number; text: string }): void {
  const exit = /^exit code (\d+)$/.exec(entry.text);
  if (exit !== null) director.scripts.set('/run/chk.sh', { exit: Number(exit[1]), after: 2000 });
  if (entry.text.startsWith('SIGHUP')) {
    const config = filesOfReloads(timeline).get(entry.at) ?? timeline.config;
    plan(director, timeline, config, activation(timeline, entry.at));
    // keepalived's parent needs its time to read the file and pass the signal on.
    director.schedule(s(activation(timeline, entry.at)), () => director.reload(config));
  }
  for (const part of entry.text.split(', ')) serverEvent(director, timeline, part);
}

function serverEvent(director: Director, timeline: Timeline, text: string): void {
  const own = timeline.name.split('#')[1] ?? '1';
  const cable = /^director (\d) (un)?plugged$/.exec(text);
  if (cable !== null && cable[1] === own) director.unplugged = cable[2] !== undefined;
  const match = /^rs(\d):? (.*)$/.exec(text);
  if (match === null) return;
  const server = `10.10.0.1${match[1]}`;
  const what = match[2] ?? '';
  const set = (behaviour: ServerBehaviour) => director.servers.set(server, behaviour);
  const status = /^answers (\d+)$/.exec(what);
  if (status !== null) set(answering(Number(status[1])));
  else if (/unplugged/.test(what)) set({ port: 'gone' });
  else if (/port closed/.test(what)) set({ port: 'closed' });
  else if (/never answers/.test(what)) set({ port: 'hang' });
  else set({ port: 'open' });
}
