/**
 * Builds the LAN of a recording in the twin (hosts on one switch a network, a router where one was), lets its programs do what
 * the recorded ones did at their moments, and hears every vantage point.
 */

import { seconds, type TimeUs } from '../../../daemon/base/time.ts';
import { parseIp } from '../../../daemon/wire/ip-address.ts';
import { parseMac } from '../../../daemon/wire/mac-address.ts';
import type { TcpSocket } from '../../../sim/kernel/kernel-api.ts';
import { type ScenarioRun, startRun } from '../../../sim/scenario/run.ts';
import { loadText } from '../../sim/scenario/load-text.ts';
import type { SeenFrame } from './forwarding-recording.ts';
import type { LostAnswer } from './lost-answers.ts';
import { networkOf, type ReadFrame, type RecordedMachine, sentBy } from './recorded-lan.ts';
import { type Action, type Flow, keyOf, type Served } from './recorded-programs.ts';

/** Recordings begin two seconds after the machines. */
const BEGIN_S = 2;
/** What is heard after the last recorded frame. */
const AFTERWARDS_S = 0.3;

/** What to build and to do. */
export interface Play {
  readonly machines: readonly RecordedMachine[];
  readonly frames: readonly ReadFrame[];
  readonly vip: string;
  readonly setup: readonly string[];
  readonly settings: readonly (readonly [string, string])[];
  /** Lines for the director's shell; `unplug rs1`, `plug rs1` for cables. */
  readonly commands: readonly {
    readonly at: number;
    readonly line: string;
    /** Whose shell; the first director's without. */
    readonly on?: string;
  }[];
  readonly actions: readonly Action[];
  readonly served: readonly Served[];
  /** Name of a point that hears everything once, as it is sent; absent where each point hears its card. */
  readonly hearsAll?: string;
  readonly lost: readonly LostAnswer[];
  /** Connections whose server was heard; others are closed when their client closes. */
  readonly known: ReadonlySet<string>;
  /** Moments (s) at which `look` is called. */
  readonly looks: readonly { readonly at: number; look(run: ScenarioRun): void }[];
  readonly end: number;
  /** The client's kernel repeats its first SYNs each second: Linux 6.5 or later. */
  readonly isNewClient: boolean;
  /**
   * ICMP errors that the director has sent to the client before the recording began: so many tokens are gone from the bucket
   * of six (`icmp_ratelimit`, one a second), spent so long (s) before.
   */
  readonly spent: { readonly errors: number; readonly before: number };
}

/** Nothing was sent before. */
export const NO_SPENT_ERRORS = { errors: 0, before: 0.2 } as const;

/** What became of a connection that a client opened. */
export interface Outcome {
  readonly flow: Flow;
  readonly begun: number;
  ended?: number;
  /** `ok`, or the errno. */
  result: string;
  received: string;
}

/** What was heard and seen. */
export interface Played {
  readonly frames: readonly SeenFrame[];
  readonly outcomes: readonly Outcome[];
  /** What servers got, by `machine peer:port`. */
  readonly got: ReadonlyMap<string, string>;
  readonly problems: readonly string[];
}

/** Plays a recording on a LAN. */
export function playRecording(play: Play): Played {
  const run = startRun(scenarioOf(play));
  const heard: SeenFrame[] = [];
  const problems: string[] = [];
  const programs = new Programs(run, play, problems);
  run.advanceTo(seconds(1) as number as TimeUs);
  for (const machine of play.machines) prepare(run, play, machine);
  const director = play.machines.find(({ role }) => role === 'director')?.name ?? '';
  for (const line of play.setup) shell(run, director, `ipvsadm ${line}`, problems);
  for (const line of play.settings) shell(run, director, `sysctl -w ${line.join('=')}`, problems);
  programs.serve();
  run.advanceTo(micro(-play.spent.before));
  spendErrors(run, play);
  run.advanceTo(micro(-0.001));
  for (const machine of play.machines) listen(run, machine, play.hearsAll, heard);
  for (const { at, line, on } of play.commands) {
    run.engine.schedule(
      micro(at),
      { onEvent: () => command(run, on ?? director, line, problems) },
      0,
      undefined,
    );
  }
  for (const one of play.lost) loseAnswer(run, one);
  for (const action of play.actions) {
    run.engine.schedule(
      micro(action.at),
      { onEvent: () => programs.perform(action) },
      0,
      undefined,
    );
  }
  for (const { at, look } of [...play.looks].sort((one, other) => one.at - other.at)) {
    run.advanceTo(micro(at));
    look(run);
  }
  run.advanceTo(micro(play.end + AFTERWARDS_S));
  return {
    frames: heard.map((each) => ({ ...each, at: each.at / 1e6 - BEGIN_S })),
    outcomes: programs.outcomes,
    got: programs.got,
    problems,
  };
}

const micro = (at: number): TimeUs => Math.round((BEGIN_S + at) * 1e6) as TimeUs;

function kernelOf(run: ScenarioRun, name: string) {
  const kernel = run.lan.hosts.get(name)?.kernel;
  if (kernel === undefined) throw new Error(`${name} does not run`);
  return kernel;
}

function ip(text: string) {
  const value = parseIp(text);
  if (value === undefined) throw new Error(text);
  return value;
}

function mac(text: string) {
  const value = parseMac(text);
  if (value === undefined) throw new Error(text);
  return value;
}

function shell(run: ScenarioRun, name: string, line: string, problems: string[]): void {
  run.lan.hosts.get(name)?.exec(line, ({ exitCode, stderr }) => {
    if (exitCode !== 0) problems.push(`${name}: ${line}: ${stderr.trim()}`);
  });
}

function command(run: ScenarioRun, director: string, line: string, problems: string[]): void {
  const cable = /^(un)?plug (\S+)$/.exec(line);
  if (cable === null) {
    shell(run, director, line, problems);
    return;
  }
  const found = run.lan.cableAt(cable[2] ?? '', 'eth0');
  if (cable[1] === undefined) found?.replug();
  else found?.unplug();
}

/** Neighbours that were known before, and switches that have learned everybody. */
function prepare(run: ScenarioRun, { machines, vip }: Play, machine: RecordedMachine): void {
  const kernel = kernelOf(run, machine.name);
  for (const [index, card] of machine.cards.entries()) {
    const frame = new Uint8Array(60);
    frame.fill(0xff, 0, 6);
    frame.set(
      card.mac.split(':').map((part) => Number.parseInt(part, 16)),
      6,
    );
    frame.set([0x88, 0xcc], 12);
    kernel.sendFrame(`eth${index}`, frame);
    const others = machines.flatMap((other) => (other === machine ? [] : other.cards));
    for (const other of others.filter(({ network }) => network === card.network)) {
      const owner = isOwner(machines, other) ? [vip] : [];
      for (const address of [...other.addresses, ...owner]) {
        if (card.asksFor.has(address)) continue;
        kernel.setNeighbour(`eth${index}`, ip(address), mac(other.mac), 'PERMANENT');
      }
    }
  }
}

/** For some milliseconds nothing of what the machine sends arrives. */
function loseAnswer(run: ScenarioRun, { machine, at }: LostAnswer): void {
  const mute = (muted: true | undefined) => () =>
    run.lan.cableAt(machine, 'eth0')?.impair('a-to-b', { muted });
  run.engine.schedule(micro(at - 0.001), { onEvent: mute(true) }, 0, undefined);
  run.engine.schedule(micro(at + 0.01), { onEvent: mute(undefined) }, 0, undefined);
}

/** Datagrams to a port of the VIP where nobody is: each is answered with an ICMP error. */
function spendErrors(run: ScenarioRun, { machines, vip, spent }: Play): void {
  const client = machines.find(({ role }) => role === 'client');
  if (client === undefined || spent.errors === 0) return;
  const socket = kernelOf(run, client.name).openUdp({
    family: 'inet',
    onDatagram: () => undefined,
  });
  if (typeof socket === 'string') throw new Error(socket);
  for (let i = 0; i < spent.errors; i++) socket.send(new Uint8Array(4), ip(vip), 9);
}

/** Whether the VIP is on the card at the start. */
function isOwner(machines: readonly RecordedMachine[], card: RecordedMachine['cards'][number]) {
  return machines.find(({ role }) => role === 'director')?.cards[0] === card;
}

/** Hears the cards that have a vantage point. */
function listen(
  run: ScenarioRun,
  machine: RecordedMachine,
  all: string | undefined,
  heard: SeenFrame[],
): void {
  for (const [index, card] of machine.cards.entries()) {
    const point = all ?? card.point;
    if (point === undefined) continue;
    kernelOf(run, machine.name).openPacket({
      link: `eth${index}`,
      promiscuous: true,
      onFrame: (frame, _link, direction) => {
        if (all !== undefined && direction === 'in') return;
        heard.push({ at: run.engine.now, point, frame: frame.slice() });
      },
    });
  }
}

/** The programs of all machines. */
class Programs {
  readonly outcomes: Outcome[] = [];
  readonly got = new Map<string, string>();
  readonly #run: ScenarioRun;
  readonly #play: Play;
  readonly #problems: string[];
  readonly #sockets = new Map<string, TcpSocket>();
  /** Octets that came in, by connection; the end counts as one. */
  readonly #heard = new Map<string, number>();
  /** What is sent when enough has come in. */
  readonly #answers = new Map<string, Action[]>();
  readonly #waiting = new Map<string, Action[]>();
  readonly #datagrams = new Map<string, { send: (bytes: Uint8Array, flow: Flow) => void }>();

  constructor(run: ScenarioRun, play: Play, problems: string[]) {
    this.#run = run;
    this.#play = play;
    this.#problems = problems;
  }

  serve(): void {
    for (const { machine, protocol, port, address } of this.#play.served) {
      if (protocol === 'udp') this.#bind(machine, port, address);
      else this.#listen(machine, port);
    }
  }

  perform(action: Action): void {
    const { machine, kind } = action;
    if (kind === 'frame') {
      const card = this.#cardOf(machine, action.network);
      kernelOf(this.#run, machine).sendFrame(`eth${card}`, action.frame.slice());
    } else if (kind === 'packet') kernelOf(this.#run, machine).sendIp(action.packet.slice());
    else if (kind === 'connect') this.#connect(machine, action.flow, action.at);
    else if (kind === 'datagram') {
      const { flow } = action;
      const key = `${machine} ${flow.local}:${flow.localPort}`;
      if (!this.#datagrams.has(key)) this.#bind(machine, flow.localPort, flow.local);
      this.#datagrams.get(key)?.send(action.bytes.slice(), flow);
    } else this.#performOnSocket(action);
  }

  #performOnSocket(action: Action): void {
    if (!('flow' in action)) return;
    const key = `${action.machine} ${keyOf(action.flow)}`;
    const socket = this.#sockets.get(key);
    if (socket?.state === 'SYN_SENT' && action.kind !== 'close') {
      // A program goes on when its connection stands.
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), action]);
      return;
    }
    if (action.kind === 'send' && (this.#heard.get(key) ?? 0) < action.heard) {
      this.#answers.set(key, [...(this.#answers.get(key) ?? []), action]);
      return;
    }
    if (socket === undefined) {
      this.#problems.push(
        `${action.machine}: ${action.kind} on no connection ${keyOf(action.flow)}`,
      );
    } else if (action.kind === 'send') {
      const error = socket.send(action.bytes.slice());
      if (error !== undefined) this.#problems.push(`${action.machine}: send: ${error}`);
    } else if (action.kind === 'finish') socket.finish();
    else if (action.kind === 'close') socket.close();
    else if (action.kind === 'abort') socket.abort();
  }

  /** Something came in: what waited for it goes out. */
  #hear(key: string, octets: number): void {
    this.#heard.set(key, (this.#heard.get(key) ?? 0) + octets);
    const waiting = this.#answers.get(key) ?? [];
    this.#answers.delete(key);
    for (const action of waiting) this.#performOnSocket(action);
  }

  #cardOf(machine: string, network: number): number {
    const cards = this.#play.machines.find(({ name }) => name === machine)?.cards ?? [];
    return Math.max(
      0,
      cards.findIndex((card) => card.network === network),
    );
  }

  #connect(machine: string, flow: Flow, begun: number): void {
    const outcome: Outcome = { flow, begun, result: 'pending', received: '' };
    this.outcomes.push(outcome);
    const end = (result: string) => {
      outcome.ended = this.#run.engine.now / 1e6 - BEGIN_S;
      outcome.result = result;
    };
    const socket = kernelOf(this.#run, machine).connectTcp({
      address: ip(flow.remote),
      port: flow.remotePort,
      from: { address: ip(flow.local), port: flow.localPort },
      handlers: {
        onConnected: () => {
          end('ok');
          const key = `${machine} ${keyOf(flow)}`;
          for (const action of this.#waiting.get(key) ?? []) {
            const delay = Math.round((action.sinceConnected ?? 0) * 1e6);
            const onEvent = () => this.#performOnSocket(action);
            this.#run.engine.schedule(
              (this.#run.engine.now + delay) as TimeUs,
              { onEvent },
              0,
              undefined,
            );
          }
          this.#waiting.delete(key);
        },
        onData: (bytes) => {
          outcome.received += Buffer.from(bytes).toString('latin1');
          this.#hear(`${machine} ${keyOf(flow)}`, bytes.length);
        },
        onClosed: () => this.#hear(`${machine} ${keyOf(flow)}`, 1),
        onError: end,
      },
    });
    if (typeof socket === 'string') end(socket);
    else this.#sockets.set(`${machine} ${keyOf(flow)}`, socket);
  }

  #listen(machine: string, port: number): void {
    kernelOf(this.#run, machine).listenTcp({
      family: 'inet',
      port,
      onAccept: (socket) => {
        const dotted = (value: unknown) =>
          [24, 16, 8, 0].map((shift) => (Number(value) >>> shift) & 255).join('.');
        const peer = `${dotted(socket.remoteAddress)}:${socket.remotePort}`;
        const key = `${machine} ${dotted(socket.localAddress)}:${port} ${peer}`;
        this.#sockets.set(key, socket);
        this.got.set(`${machine} ${peer}`, '');
        return {
          onData: (bytes) => {
            const before = this.got.get(`${machine} ${peer}`) ?? '';
            this.got.set(`${machine} ${peer}`, before + Buffer.from(bytes).toString('latin1'));
            this.#hear(key, bytes.length);
          },
          onClosed: () => {
            this.#hear(key, 1);
            if (!this.#play.known.has(key)) socket.close();
          },
        };
      },
    });
  }

  #bind(machine: string, port: number, address: string | undefined): void {
    const own = address === undefined ? {} : { address: ip(address) };
    const socket = kernelOf(this.#run, machine).openUdp({
      family: 'inet',
      port,
      ...own,
      onDatagram: () => undefined,
    });
    if (typeof socket === 'string') {
      this.#problems.push(`${machine}: UDP port ${port}: ${socket}`);
      return;
    }
    this.#datagrams.set(`${machine} ${address}:${port}`, {
      send: (bytes, flow) => void socket.send(bytes, ip(flow.remote), flow.remotePort),
    });
  }
}

function scenarioOf(play: Play) {
  const networks = new Set(play.machines.flatMap(({ cards }) => cards.map((card) => card.network)));
  const hosts = play.machines.map((machine) => hostText(play, machine, networks));
  const cables = play.machines.flatMap((machine) =>
    machine.cards.map(
      (card, index) =>
        `    - { endpoints: [${machine.name}:eth${index}, net${card.network}:${machine.name}], delay: ${delayOf(play, machine)}us }`,
    ),
  );
  const { scenario, problems } = loadText(`
jitter: none
lan:
  switches: { ${[...networks].map((number) => `net${number}: {}`).join(', ')} }
  hosts:
${hosts.join('\n')}
  cables:
${cables.join('\n')}
`);
  if (scenario === undefined) throw new Error(problems.map((one) => one.message).join('; '));
  // The recorded machines were namespaces of one kernel: their timers run in the same ticks.
  const isGuest = (name: string) => /^director/.test(name);
  const inOneKernel = scenario.lan.hosts.map((host) =>
    isGuest(host.name) ? host : { ...host, tickPhaseUs: 0 },
  );
  return { ...scenario, lan: { ...scenario.lan, hosts: inOneKernel } };
}

function hostText(play: Play, machine: RecordedMachine, networks: ReadonlySet<number>): string {
  const { name, role, cards } = machine;
  const nics = cards.map(
    ({ mac: own, network, addresses }, index) =>
      `eth${index}: { mac: "${own}", address: [${addresses
        .map((address) => `${address.startsWith(networkOf(network)) ? address : addresses[0]}/24`)
        .join(', ')}] }`,
  );
  const isFirst = role === 'director' && name !== 'director2';
  const vipOn = isFirst ? [`eth0: ${play.vip}/32`] : [];
  const network = cards[0]?.network ?? 1;
  if (role === 'server' && network !== 2) {
    vipOn.push(`lo: ${play.vip}/32`);
    if (network === 3) vipOn.push(`tunl0: ${play.vip}/32`);
  }
  const sysctl = ['net.ipv6.conf.all.disable_ipv6: 1'];
  if (role === 'client' && play.isNewClient) sysctl.push('net.ipv4.tcp_syn_linear_timeouts: 4');
  if (role === 'director' || role === 'router') {
    sysctl.push('net.ipv4.ip_forward: 1');
    sysctl.push('net.ipv4.conf.all.send_redirects: 0', 'net.ipv4.conf.eth0.send_redirects: 0');
  } else if (role === 'server') {
    sysctl.push('net.ipv4.conf.all.arp_ignore: 1', 'net.ipv4.conf.all.arp_announce: 2');
    sysctl.push('net.ipv4.conf.all.rp_filter: 0', 'net.ipv4.conf.tunl0.rp_filter: 0');
  }
  const routes: string[] = [];
  if (role === 'director' && networks.has(3)) routes.push('{ to: 10.30.0.0/24, via: 10.10.0.253 }');
  if (role === 'client' && network === 1) {
    if (networks.has(2)) routes.push('{ to: 10.20.0.0/24, via: 10.10.0.254 }');
    if (networks.has(3)) routes.push('{ to: 10.30.0.0/24, via: 10.10.0.253 }');
  } else if (cards.length === 1 && network === 2) routes.push('{ to: default, via: 10.20.0.254 }');
  else if (cards.length === 1 && network === 3) routes.push('{ to: default, via: 10.30.0.253 }');
  else if (role === 'server' && networks.has(3)) {
    routes.push('{ to: 10.30.0.0/24, via: 10.10.0.253 }');
  }
  const addresses = vipOn.length === 0 ? '' : `, addresses: { ${vipOn.join(', ')} }`;
  return `    ${name}: { nics: { ${nics.join(', ')} }, sysctl: { ${sysctl.join(', ')} }, routes: [${routes.join(', ')}]${addresses} }`;
}

/** Cables are as long as the recorded machines were slow: half the time from a frame to its forwarding. */
function delayOf({ frames }: Play, machine: RecordedMachine): number {
  if (machine.role !== 'director') return 5;
  const macs = new Set(machine.cards.map((card) => card.mac));
  const sent = machine.cards.flatMap((card) => sentBy(frames, card));
  const waits = sent.flatMap(({ at, facts }) => {
    if (facts.kind !== 'ip') return [];
    const came = frames.find(
      (each) =>
        each.at < at &&
        at - each.at < 0.002 &&
        each.facts.kind === 'ip' &&
        macs.has(each.facts.destination) &&
        each.facts.ip.id === facts.ip.id,
    );
    return came === undefined ? [] : [(at - came.at) * 1e6];
  });
  const middle = waits.sort((one, other) => one - other)[Math.floor(waits.length / 2)] ?? 20;
  return Math.max(5, Math.round(middle / 2));
}
