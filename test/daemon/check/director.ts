/**
 * One director in virtual time: the real daemon on a machine that has checkers' sockets, scripts and a
 * kernel's IPVS table, as small as they can be. Servers answer as the test says; nothing else is there.
 */

import { type TimeUs, timeUs } from '../../../daemon/base/time.ts';
import type { Command } from '../../../daemon/core/commands.ts';
import { Daemon } from '../../../daemon/core/daemon.ts';
import type { SystemEvent } from '../../../daemon/core/events.ts';
import type { DaemonReport } from '../../../daemon/core/reports.ts';
import type { InterfaceFacts, System } from '../../../daemon/core/system.ts';
import { formatIp, type IpAddress, parsePrefix } from '../../../daemon/wire/ip-address.ts';
import { macFromNumber } from '../../../daemon/wire/mac-address.ts';
import { decodeLatin1, encodeUtf8 } from '../../../daemon/wire/text.ts';
import { IpvsTable } from './ipvs-table.ts';

/** How a server treats those who come. */
export interface ServerBehaviour {
  /** 'closed' refuses, 'gone' is silent, 'hang' accepts and never answers. */
  readonly port: 'open' | 'closed' | 'gone' | 'hang';
  /** What comes back for what was sent; HTTP 200 by default. */
  readonly answer?: (request: string) => string;
  /** The server closes behind its answer; true by default. */
  readonly closes?: boolean;
  /** Said as soon as a connection is there. */
  readonly banner?: string;
  /** Answers to datagrams. */
  readonly datagram?: (bytes: Uint8Array) => Uint8Array;
}

/** Delay of one way over the wire, µs. */
const WIRE = 100;

interface Pending {
  readonly at: number;
  readonly run: () => void;
}

interface OpenSocket {
  readonly host: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp' | 'icmp-echo';
}

/** One line of what happened, with its time in µs. */
export interface Said {
  readonly at: number;
  readonly text: string;
  readonly process: string;
}

/** The machine with its daemon; times in µs. */
export class Director implements System {
  now = 0;
  readonly servers = new Map<string, ServerBehaviour>();
  readonly log: Said[] = [];
  readonly commands: { readonly at: number; readonly command: Command }[] = [];
  readonly reports: DaemonReport[] = [];
  readonly requests: { readonly at: number; readonly to: string; readonly text: string }[] = [];
  readonly opened: { readonly at: number; readonly to: string; readonly protocol: string }[] = [];
  readonly tables: { readonly at: number; readonly text: string }[] = [];
  readonly table = new IpvsTable();
  readonly files = new Map<string, Uint8Array>();
  /** What scripts answer, by path: exit code and how long they take. */
  readonly scripts = new Map<string, { exit: number | undefined; after: number }>();
  /** Values for the next draws; 7 when there are none. */
  readonly draws: number[] = [];
  readonly daemon: Daemon;
  addresses: string[] = ['10.10.0.251/24'];
  exitCode: number | undefined;
  readonly #sockets = new Map<number, OpenSocket>();
  /** Connections whose SYN got no answer. */
  readonly #waiting = new Set<number>();
  /** The director's own cable is out: nobody answers. */
  unplugged = false;
  #pending: Pending[] = [];

  constructor(flags: { readonly vrrp?: boolean; readonly version?: string } = {}) {
    this.daemon = new Daemon({
      system: this,
      configPath: 'k.conf',
      random: { uint32: () => this.draws.shift() ?? 7 },
      flags: { logDetail: true, vrrpPid: 1000, vrrp: flags.vrrp ?? false },
    });
  }

  start(text: string): void {
    this.files.set('k.conf', encodeUtf8(text));
    this.#carryOut(this.daemon.start(timeUs(this.now)));
  }

  reload(text: string): void {
    this.files.set('k.conf', encodeUtf8(text));
    this.#carryOut(this.daemon.reload(timeUs(this.now)));
  }

  stop(): void {
    this.#carryOut(this.daemon.stop(timeUs(this.now)));
  }

  event(event: SystemEvent): void {
    if (this.exitCode !== undefined) return;
    this.#carryOut(this.daemon.receive(timeUs(this.now), event));
  }

  /** Gives the machine another address, or takes it away. */
  setAddress(text: string, there: boolean): void {
    const prefix = parsePrefix(text);
    if (prefix === undefined) throw new Error(text);
    this.addresses = this.addresses.filter((one) => one !== text);
    if (there) this.addresses.push(text);
    const address = { ...prefix, scope: 'global' as const, secondary: false };
    this.event({ kind: there ? 'address-added' : 'address-removed', interface: 'eth0', address });
  }

  writeFile(path: string, text: string): void {
    this.files.set(path, encodeUtf8(text));
    this.event({ kind: 'file-changed', path });
  }

  bfd(name: string, up: boolean): void {
    this.#carryOut(this.daemon.bfdChanged(timeUs(this.now), name, up));
  }

  /** Runs `what` at `at`, in the order of calls where times are equal. */
  schedule(at: number, what: () => void): void {
    this.#pending.push({ at, run: what });
  }

  /** Runs until `until`; the daemon is woken exactly when it asks. */
  run(until: number): void {
    for (let steps = 0; steps < 100_000; steps++) {
      const next = this.#next();
      if (next === undefined || next.at > until) break;
      this.#pending = this.#pending.filter((one) => one !== next);
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = Math.max(this.now, until);
  }

  /** Texts of the log from `from` on, of the checkers' process alone. */
  lines(from = 0): string[] {
    return this.log
      .filter((line) => line.at >= from && line.process === 'checkers')
      .map((line) => line.text);
  }

  /** The words of all ipvsadm calls from `from` on. */
  ipvs(from = 0): string[] {
    return this.commands.flatMap(({ at, command }) =>
      at >= from && command.kind === 'ipvs' ? [command.words.join(' ')] : [],
    );
  }

  /** Notification scripts from `from` on. */
  notified(from = 0): string[] {
    return this.commands.flatMap(({ at, command }) =>
      at >= from && command.kind === 'script-run' && command.purpose === 'notify'
        ? [command.arguments.join(' ')]
        : [],
    );
  }

  #next(): Pending | undefined {
    const due = this.exitCode === undefined ? this.daemon.nextDeadline() : undefined;
    let best: Pending | undefined;
    for (const one of this.#pending) if (best === undefined || one.at < best.at) best = one;
    if (due !== undefined && (best === undefined || due < best.at)) {
      return { at: due, run: () => this.#carryOut(this.daemon.advance(timeUs(this.now))) };
    }
    return best;
  }

  #carryOut(commands: readonly Command[]): void {
    for (const command of commands) {
      this.commands.push({ at: this.now, command });
      this.#carryOutOne(command);
    }
    const text = this.table.text();
    if (this.tables.at(-1)?.text !== text) this.tables.push({ at: this.now, text });
  }

  #carryOutOne(command: Command): void {
    switch (command.kind) {
      case 'log': {
        const { text, process } = command;
        this.log.push({ at: this.now, text, process });
        return;
      }
      case 'report':
        this.reports.push(command.report);
        return;
      case 'ipvs': {
        const reason = this.table.apply(command.words);
        if (reason !== undefined) this.#answer({ kind: 'command-failed', id: command.id, reason });
        return;
      }
      case 'stream-open':
        this.#open(command.id, command, 'tcp');
        return;
      case 'stream-send':
        this.#send(command.id, command.bytes);
        return;
      case 'stream-close':
      case 'datagram-close':
        this.#sockets.delete(command.id);
        return;
      case 'datagram-open':
        // Only BFD opens sockets without a peer; here its sessions are told what to say by `bfd`.
        if (command.remote === undefined) return;
        this.#open(command.id, command.remote, command.protocol);
        return;
      case 'datagram-send':
        this.#sendDatagram(command.id, command.bytes);
        return;
      case 'script-run':
        if (command.purpose === 'check') this.#script(command.id, command.arguments[0] ?? '');
        return;
      case 'script-signal':
        this.#answer({
          kind: 'script-exited',
          id: command.id,
          outcome: { kind: 'signal', signal: command.signal },
        });
        return;
      case 'exit':
        this.exitCode = command.code;
        return;
      default:
    }
  }

  #answer(event: SystemEvent, after: number = 2 * WIRE): void {
    this.schedule(this.now + after, () => this.event(event));
  }

  #behaviour(socket: OpenSocket): ServerBehaviour {
    if (this.unplugged) return { port: 'gone' };
    return (
      this.servers.get(`${socket.host}:${socket.port}`) ??
      this.servers.get(socket.host) ?? { port: 'open' }
    );
  }

  #open(
    id: number,
    to: { readonly address: IpAddress; readonly port: number },
    protocol: OpenSocket['protocol'],
  ): void {
    const socket = { host: formatIp(to.address), port: to.port, protocol };
    this.#sockets.set(id, socket);
    this.opened.push({ at: this.now, to: `${socket.host}:${socket.port}`, protocol });
    if (protocol !== 'tcp') return;
    this.#connect(id, socket);
    // Linux repeats a SYN that nobody answers after 1 s and 3 s.
    for (const after of [s(1), s(3)]) {
      this.schedule(this.now + after, () => {
        if (this.#sockets.get(id) === socket && this.#waiting.has(id)) this.#connect(id, socket);
      });
    }
  }

  #connect(id: number, socket: OpenSocket): void {
    const { port, banner } = this.#behaviour(socket);
    if (port === 'gone') this.#waiting.add(id);
    else this.#waiting.delete(id);
    if (port === 'closed') this.#answer({ kind: 'stream-failed', id, failure: 'refused' });
    if (port !== 'open' && port !== 'hang') return;
    this.#answer({ kind: 'stream-connected', id });
    if (banner !== undefined && port === 'open') {
      this.#answer({ kind: 'stream-data', id, bytes: encodeUtf8(banner) }, 3 * WIRE);
    }
  }

  #send(id: number, bytes: Uint8Array): void {
    const socket = this.#sockets.get(id);
    if (socket === undefined) return;
    const text = decodeLatin1(bytes);
    this.requests.push({ at: this.now, to: `${socket.host}:${socket.port}`, text });
    const behaviour = this.#behaviour(socket);
    if (behaviour.port !== 'open') return;
    const answer = behaviour.answer?.(text) ?? 'HTTP/1.0 200 OK\r\n\r\nhello';
    if (answer !== '') this.#answer({ kind: 'stream-data', id, bytes: encodeUtf8(answer) });
    if (behaviour.closes ?? behaviour.banner === undefined) {
      this.#answer({ kind: 'stream-closed', id }, 3 * WIRE);
    }
  }

  #sendDatagram(id: number, bytes: Uint8Array): void {
    const socket = this.#sockets.get(id);
    if (socket === undefined) return;
    const { host, port, protocol } = socket;
    this.requests.push({ at: this.now, to: `${host}:${port}`, text: decodeLatin1(bytes) });
    const behaviour = this.#behaviour(socket);
    if (behaviour.port === 'closed' && protocol === 'udp') {
      this.#answer({ kind: 'datagram-failed', id, failure: 'refused' });
      return;
    }
    if (behaviour.port !== 'open') return;
    const reply = protocol === 'udp' ? behaviour.datagram?.(bytes) : echoReply(bytes);
    const address = parsePrefix(host)?.address;
    if (reply === undefined || address === undefined) return;
    const from = { address, port };
    this.#answer({ kind: 'datagram-received', id, bytes: reply, from, ttl: 64 });
  }

  #script(id: number, path: string): void {
    const { exit, after } = this.scripts.get(path) ?? { exit: 0, after: 2000 };
    if (exit === undefined) return;
    const outcome = { kind: 'exit' as const, code: exit };
    this.#answer({ kind: 'script-exited', id, outcome }, after);
  }

  hostname(): string {
    return 'director';
  }
  interfaces(): readonly InterfaceFacts[] {
    const addresses = this.addresses.map((text) => {
      const prefix = parsePrefix(text);
      if (prefix === undefined) throw new Error(text);
      return { ...prefix, scope: 'global' as const, secondary: false };
    });
    const flags = { up: true, running: true, multicast: true, loopback: false };
    const mac = macFromNumber(0x020000000001);
    const eth0 = { name: 'eth0', index: 2, mac, mtu: 1500, kind: 'physical' as const };
    return [{ ...eth0, ...flags, addresses }];
  }
  interfaceNamed(name: string): InterfaceFacts | undefined {
    return this.interfaces().find((link) => link.name === name);
  }
  readFile(path: string): Uint8Array | undefined {
    return this.files.get(path);
  }
  expandPattern(): readonly string[] {
    return [];
  }
  isExecutable(): boolean {
    return true;
  }
  hasUser(): boolean {
    return true;
  }
  processes() {
    return [];
  }
  sysctl(): string | undefined {
    return undefined;
  }
  wallClockUs(now: TimeUs): number {
    return now;
  }
}

function echoReply(request: Uint8Array): Uint8Array {
  const reply = new Uint8Array(request);
  reply[0] = 0;
  return reply;
}

/** Seconds as µs. */
export function s(count: number): number {
  return Math.round(count * 1_000_000);
}
