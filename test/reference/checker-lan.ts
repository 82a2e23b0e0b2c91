/**
 * A recording of keepalived's checkers (`keepalived-lvs/`) on a whole LAN of the twin: directors that run the daemon over the
 * kernel model, four servers, the cables between them. The events of the recording are done to it at their moments; what the
 * directors then log, put into IPVS, open and send is what is compared.
 *
 * Only the random phases of the first checks are taken from the recording, as in `test/daemon/check/replay.ts`.
 */

import { milliseconds, type TimeUs } from '../../daemon/base/time.ts';
import { Daemon } from '../../daemon/core/daemon.ts';
import { readUint16, readUint32 } from '../../daemon/wire/integers.ts';
import { formatIp, parsePrefix } from '../../daemon/wire/ip-address.ts';
import { readIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { readIpv6 } from '../../daemon/wire/ipv6-address.ts';
import { decodeLatin1, encodeUtf8 } from '../../daemon/wire/text.ts';
import type { DaemonFactory } from '../../sim/host/daemon-program.ts';
import type { Kernel } from '../../sim/kernel/kernel.ts';
import { HZ } from '../../sim/kernel/kernel-clock.ts';
import { reachableTicks } from '../../sim/kernel/neighbour-table.ts';
import { Capture, captureCable } from '../../sim/lan/capture.ts';
import { programRegistry } from '../../sim/programs/program-registry.ts';
import { type ScenarioRun, startRun } from '../../sim/scenario/run.ts';
import { tcpOffset } from '../../sim/session/packet-store.ts';
import type { Said } from '../daemon/check/director.ts';
import { activation, isFirstSynLost, plannedDraws } from '../daemon/check/replay.ts';
import { filesOfReloads, type Life, type Timeline } from '../daemon/check/timeline.ts';
import { loadText } from '../sim/scenario/load-text.ts';
import { directorOf, prefixOf } from './checker-addresses.ts';
import { isSilentWithin, outageActions, recordedOutages } from './recorded-outages.ts';
import { recordedReachable } from './recorded-reachable.ts';
import { recordedServers, serverActions } from './recorded-servers-play.ts';
import { ToldServers } from './told-servers.ts';

const METHODS = { nat: 'Masq', dr: 'Route', tun: 'Tunnel' } as const;
const SERVERS = ['rs1', 'rs2', 'rs3', 'rs4'];
/** A server that goes down does so up to 0.2 s behind its EVENT line (README of the recordings). */
const DOWN_DELAY_S = 0.2;
/** How often the kernel's table is looked at; the recordings did so every 40 ms. */
const LOOK_S = 0.005;
const TLS_RECORD_HEADER_LENGTH = 5;
const CONFIG = '/etc/keepalived/keepalived.conf';

/** What a director did, as far as it is compared; times in µs. */
export interface Observed {
  readonly log: readonly Said[];
  readonly tables: readonly { readonly at: number; readonly text: string }[];
  readonly requests: readonly { readonly at: number; readonly to: string; readonly text: string }[];
  readonly opened: readonly { readonly at: number; readonly to: string }[];
}

/** Does a recording on a LAN, from the sight of the director that the timeline is of. */
export function replayOnLan(timeline: Timeline): Observed {
  const number = timeline.name.split('#')[1] ?? '1';
  const draws: number[] = [];
  /** Whose draws those of the next daemon are; the other director's are of no matter. */
  const next = { draws };
  const capture = new Capture();
  const isIpv6 = prefixOf(timeline.config) === 'fd00::';
  const run = startRun(scenarioFor(timeline, number), {
    programs: programRegistry(factoryWith(next)),
    onStart: (lan) => {
      const cable = lan.cableAt('director', 'eth0');
      if (cable !== undefined) captureCable(cable, capture);
    },
  });
  if (isIpv6) addIpv6(run);
  // A peer of BFD is silent while its daemon is away: its events tell of it, not the capture.
  const isTold = isIpv6 || timeline.bfdPeer !== undefined;
  const recorded = isTold ? undefined : recordedServers(timeline, number);
  const servers =
    recorded === undefined ? new ToldServers(run, isIpv6 ? 'inet6' : 'inet') : undefined;
  const lose = (first: number, name: string) => loseFirstSyn(run, timeline, first, name);
  const files = filesOfReloads(timeline);
  const started = (at: number) => {
    const from = activation(timeline, at);
    const config = [...files].filter(([moment]) => moment < at).at(-1)?.[1] ?? timeline.config;
    const act = () => {
      draws.splice(0, draws.length, ...plannedDraws(timeline, config, from, lose));
      if (at === 0)
        answerScripts(run, timeline, /script exits (\d+) at the start/.exec(timeline.title));
      next.draws = draws;
      setReachable(run, timeline, number);
      director(run).unit('start', 'keepalived');
    };
    return { at: from, act };
  };
  const actions: { readonly at: number; readonly act: () => void }[] = [
    { at: 0, act: () => servers?.prepare(timeline.title) },
    ...(recorded === undefined ? [] : serverActions(run, recorded, timeline)),
    ...(isTold ? [] : outageActions(run, recordedOutages(timeline, number))),
    ...peerActions(run, timeline, next),
    started(0),
  ];
  for (const entry of timeline.entries) {
    if (entry.kind === 'stop' || entry.kind === 'kill') {
      const signal = entry.kind === 'stop' ? 'TERM' : 'KILL';
      actions.push({ at: entry.at, act: () => void director(run).signal('keepalived', signal) });
    } else if (entry.kind === 'start') {
      actions.push(started(entry.at));
    } else if (entry.kind === 'EVENT') {
      const isDown = /closed|unplugged/.test(entry.text);
      const soon = { ...entry, span: DOWN_DELAY_S };
      const late = isDown && !isSilentWithin(timeline, number, soon) ? DOWN_DELAY_S : 0;
      actions.push({
        at: entry.at + late,
        act: () => {
          happen(run, timeline, entry.text);
          servers?.happen(entry.text);
        },
      });
      const file = files.get(entry.at);
      if (file !== undefined) {
        actions.push(reloadOf(run, timeline, { at: entry.at, config: file, draws, lose }));
      }
    }
  }
  const end = (timeline.entries.at(-1)?.at ?? 0) + 5;
  const tables = play(
    run,
    actions.sort((one, other) => one.at - other.at),
    end,
  );
  return {
    log: director(run)
      .journal()
      .map(({ epochUs, text, identifier }) => ({
        at: epochUs - run.lan.spec.epochUs,
        text,
        process: identifier === 'Keepalived_healthcheckers' ? 'checkers' : identifier,
      })),
    tables,
    ...readChecks(capture.frames, directorOf(timeline)),
  };
}

/** Every machine has an address of IPv6 too, as the recorded ones: without duplicate address detection. */
function addIpv6(run: ScenarioRun): void {
  for (const [name, octet] of [
    ['director', 251],
    ...SERVERS.map((one, index) => [one, 11 + index]),
  ]) {
    const prefix = parsePrefix(`fd00::${octet}/64`);
    if (prefix === undefined) throw new Error(`${octet}`);
    run.lan.hosts.get(`${name}`)?.kernel?.addAddress('eth0', { ...prefix, noDad: true });
  }
}

/** The director takes a neighbour for reachable as long as the recorded one did. */
function setReachable(run: ScenarioRun, timeline: Timeline, number: string): void {
  const { state } = director(run).kernel as Kernel;
  const link = state.linksByName.get('eth0');
  if (link === undefined) return;
  const [least, most] = recordedReachable(timeline, number);
  const drawn = reachableTicks(state, state.arp, link) / HZ;
  // The wheel of timers is up to two seconds late with such a time.
  if (drawn > least && drawn < most - 2) return;
  link.arpReachable.ticks = Math.round(Math.max(least, (least + most) / 2 - 1) * HZ);
}

/** What the other director of a pair does: it begins and ends. */
function peerActions(run: ScenarioRun, { peer }: Timeline, next: { draws: number[] }) {
  const host = run.lan.hosts.get('peer');
  if (peer === undefined || host === undefined) return [];
  const does: Readonly<Record<Life, () => void>> = {
    start: () => {
      next.draws = [];
      host.unit('start', 'keepalived');
    },
    stop: () => void host.signal('keepalived', 'TERM'),
    kill: () => void host.signal('keepalived', 'KILL'),
  };
  return peer.life.map(({ at, what }) => ({ at, act: does[what] }));
}

/** keepalived's parent needs its time to read the file: the new configuration holds when checkers are activated. */
function reloadOf(
  run: ScenarioRun,
  timeline: Timeline,
  how: {
    readonly at: number;
    readonly config: string;
    readonly draws: number[];
    readonly lose: (first: number, name: string) => void;
  },
) {
  const { config } = how;
  const from = activation(timeline, how.at);
  return {
    at: from,
    act: () => {
      how.draws.push(...plannedDraws(timeline, config, from, how.lose));
      director(run).writeFile(CONFIG, encodeUtf8(config));
      director(run).unit('reload', 'keepalived');
    },
  };
}

/** The server hears no TCP half a second before and behind that moment. */
function loseFirstSyn(run: ScenarioRun, timeline: Timeline, first: number, name: string): void {
  if (!isFirstSynLost(timeline, first, name)) return;
  const kernel = run.lan.hosts.get(`rs${name.slice(-3, -2)}`)?.kernel;
  let rule: number | undefined;
  const begin = () => {
    rule = kernel?.addFirewallRule({ hook: 'input', verdict: 'drop', protocol: 6 });
  };
  const end = () => {
    if (rule !== undefined) kernel?.deleteFirewallRule(rule);
  };
  run.engine.schedule(micro(first - 0.5), { onEvent: begin }, 0, undefined);
  run.engine.schedule(micro(first + 0.5), { onEvent: end }, 0, undefined);
}

/** Runs to the end, does what is due, and looks at the director's table all the time. */
function play(
  run: ScenarioRun,
  actions: readonly { readonly at: number; readonly act: () => void }[],
  end: number,
): Observed['tables'] {
  const tables: { at: number; text: string }[] = [];
  const waiting = [...actions];
  for (let now = 0; now <= end; now += LOOK_S) {
    while (waiting[0] !== undefined && waiting[0].at <= now) {
      const action = waiting.shift();
      if (action === undefined) break;
      run.advanceTo(micro(action.at));
      action.act();
    }
    run.advanceTo(micro(now));
    const text = tableText(run);
    if (text !== tables.at(-1)?.text) tables.push({ at: micro(now), text });
  }
  return tables;
}

/** As in the recordings: `TCP 10.0.0.1:80 rr: 10.0.0.11:80 Route w1, …`. */
function tableText(run: ScenarioRun): string {
  const services = director(run).kernel?.ipvs.services() ?? [];
  if (services.length === 0) return '(no virtual service)';
  return services
    .map((service) => {
      const { key } = service;
      const name =
        key.kind === 'mark'
          ? `FWM ${key.mark}`
          : `${key.protocol === 6 ? 'TCP' : 'UDP'} ${formatIp(key.address)}:${key.port}`;
      const rows: string[] = [];
      for (let server = service.first; server !== undefined; server = server.next) {
        const method = METHODS[server.method];
        rows.push(`${formatIp(server.address)}:${server.port} ${method} w${server.weight}`);
      }
      rows.sort((one, other) => (one < other ? -1 : 1));
      const list = rows.length === 0 ? '(no real server)' : rows.join(', ');
      return `${name} ${service.scheduler.name}: ${list}`;
    })
    .join('; ');
}

function director(run: ScenarioRun) {
  const host = run.lan.hosts.get('director');
  if (host === undefined) throw new Error('no director');
  return host;
}

function micro(secondsCount: number): TimeUs {
  return Math.round(secondsCount * 1e6) as TimeUs;
}

/** What an event does to scripts, files and cables. */
function happen(run: ScenarioRun, timeline: Timeline, text: string): void {
  const number = timeline.name.split('#')[1] ?? '1';
  const exit = /^(?:exit code (\d+)|script sleeps ([\d.]+) s)$/.exec(text);
  if (exit !== null) {
    answerScripts(run, timeline, exit);
  }
  const file = /^file (\S+) (\S+)$/.exec(text);
  if (file !== null) director(run).writeFile(file[1] ?? '', encodeUtf8(`${file[2]}\n`));
  const bfd = /^rs1: BFD (started|killed|ended)$/.exec(text)?.[1];
  const peer = run.lan.hosts.get('rs1');
  if (bfd === 'started') peer?.unit('start', 'keepalived');
  else if (bfd !== undefined) peer?.signal('keepalived', bfd === 'killed' ? 'KILL' : 'TERM');
  const own = /^director (\d) (un)?plugged$/.exec(text);
  if (own !== null) {
    // The director's card was taken off its bridge: it kept its carrier.
    const cable = run.lan.cableAt(own[1] === number ? 'director' : 'peer', 'eth0');
    cable?.impair('both', { muted: own[2] !== undefined || undefined });
  }
  for (const part of text.split(', ')) {
    const match = /^(rs\d):? (?:cable )?(un)?plugged$/.exec(part);
    const cable = match === null ? undefined : run.lan.cableAt(match[1] ?? '', 'eth0');
    if (match?.[2] === undefined) cable?.replug();
    else cable?.unplug();
  }
}

/** What all checkers' scripts do from now on: a code, and the seconds before it. */
function answerScripts(run: ScenarioRun, timeline: Timeline, told: RegExpExecArray | null): void {
  const config = [timeline.config, ...timeline.others.values()].join('\n');
  const after = milliseconds(2 + Math.round(1000 * Number(told?.[2] ?? 0)));
  const answer = { exit: Number(told?.[1] ?? 0), after };
  for (const [, path = ''] of config.matchAll(/misc_path "?([^\s"]+)/g)) {
    director(run).setScriptAnswer(path, answer);
  }
}

/** Attempts (a SYN of a port that was not seen just before) and HTTP requests that the director sent. */
function readChecks(frames: Capture['frames'], own: string): Pick<Observed, 'requests' | 'opened'> {
  const requests: { at: number; to: string; text: string }[] = [];
  const opened: { at: number; to: string }[] = [];
  const last = new Map<string, number>();
  const asked = new Set<string>();
  for (const { at, frame } of frames) {
    const tcpAt = tcpOffset(frame);
    if (tcpAt === undefined) continue;
    const [from, place] = endsOf(frame);
    if (from !== own) continue;
    const to = `${place}:${readUint16(frame, tcpAt + 2)}`;
    const flags = (frame[tcpAt + 13] ?? 0) & 0x12;
    if (flags === 0x02) {
      const key = `${readUint16(frame, tcpAt)} ${to}`;
      const before = last.get(key);
      last.set(key, at);
      if (before === undefined || at - before > 30_000_000) opened.push({ at, to });
    }
    const said = decodeLatin1(frame.subarray(tcpAt + ((frame[tcpAt + 12] ?? 0) >> 4) * 4));
    // The twin's TLS hides nothing: a request stands behind the header of its record.
    const text = said.startsWith('\x17') ? said.slice(TLS_RECORD_HEADER_LENGTH) : said;
    // TCP may say a thing twice.
    const octet = `${readUint16(frame, tcpAt)} ${to} ${readUint32(frame, tcpAt + 4)}`;
    if (text.startsWith('GET ') && !asked.has(octet)) requests.push({ at, to, text });
    if (text.startsWith('GET ')) asked.add(octet);
  }
  return { requests, opened };
}

function endsOf(frame: Uint8Array): [source: string, destination: string] {
  const isIpv4 = readUint16(frame, 12) === 0x0800;
  return isIpv4
    ? [formatIp(readIpv4(frame, 26)), formatIp(readIpv4(frame, 30))]
    : [formatIp(readIpv6(frame, 22)), formatIp(readIpv6(frame, 38))];
}

function scenarioFor(timeline: Timeline, number: string) {
  const { peer } = timeline;
  const other = number === '1' ? '2' : '1';
  const daemonOf = (name: string) =>
    name === 'rs1' && timeline.bfdPeer !== undefined
      ? ', keepalived: { config: ./rs1.conf, enabled: false }'
      : '';
  const { scenario, problems } = loadText(
    `
jitter: none
lan:
  switches: { sw1: {} }
  hosts:
    director:
      nics: { eth0: 10.10.0.25${number}/24 }
      keepalived: { config: ./k.conf, enabled: false }
${
  peer === undefined
    ? ''
    : `    peer:
      nics: { eth0: 10.10.0.25${other}/24 }
      keepalived: { config: ./peer.conf, enabled: false }
`
}${SERVERS.map((name) => `    ${name}: { nics: { eth0: 10.10.0.1${name.slice(2)}/24 }${daemonOf(name)} }`).join('\n')}
  cables:
    - [director:eth0, sw1:9]
${peer === undefined ? '' : '    - [peer:eth0, sw1:10]\n'}${SERVERS.map((name, index) => `    - [${name}:eth0, sw1:${index + 1}]`).join('\n')}
`,
    {
      'k.conf': timeline.config,
      './k.conf': timeline.config,
      'rs1.conf': timeline.bfdPeer ?? '',
      './rs1.conf': timeline.bfdPeer ?? '',
      'peer.conf': peer?.config ?? '',
      './peer.conf': peer?.config ?? '',
    },
  );
  if (scenario === undefined) throw new Error(problems.map((one) => one.message).join('; '));
  return scenario;
}

/** The daemon with the draws of the recording; others of its draws are of no matter. */
function factoryWith(next: { readonly draws: number[] }): DaemonFactory {
  return ({ system, vrrpPid }) => {
    const { draws } = next;
    return new Daemon({
      system,
      configPath: CONFIG,
      configId: 'director',
      random: { uint32: () => draws.shift() ?? 7 },
      flags: { logDetail: true, vrrpPid },
    });
  };
}
