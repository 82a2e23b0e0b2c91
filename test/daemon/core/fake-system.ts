/**
 * A LAN of daemons in virtual time, as small as it can be: every host's interfaces hang on named
 * segments, a frame reaches all others on the segment after 100 µs. Commands are carried out at
 * once; their events come later at the same time. Not a kernel: no ARP, no routes, no real sockets.
 */

import { type TimeUs, timeUs } from '../../../daemon/base/time.ts';
import type { Command } from '../../../daemon/core/commands.ts';
import { Daemon } from '../../../daemon/core/daemon.ts';
import type { DaemonOptions } from '../../../daemon/core/daemon-options.ts';
import type { SystemEvent } from '../../../daemon/core/events.ts';
import type { DaemonReport } from '../../../daemon/core/reports.ts';
import type {
  InterfaceAddress,
  InterfaceFacts,
  ProcessFacts,
  System,
} from '../../../daemon/core/system.ts';
import type { VrrpConfig } from '../../../daemon/vrrp/vrrp-config.ts';
import { type IpAddress, parsePrefix } from '../../../daemon/wire/ip-address.ts';
import { macFromNumber } from '../../../daemon/wire/mac-address.ts';
import { encodeUtf8 } from '../../../daemon/wire/text.ts';
import { daemonConfig } from '../vrrp/config-fixture.ts';

const WIRE_DELAY = 100;

/** Something that waits for its time. */
interface Pending {
  readonly at: number;
  readonly run: () => void;
}

interface FakeInterface {
  facts: InterfaceFacts;
  segment: string;
}

/** One packet or frame that left a host. */
export interface Sent {
  readonly at: number;
  readonly host: string;
  readonly interface: string;
  readonly kind: 'ip' | 'frame';
  readonly bytes: Uint8Array;
}

/** The segments and the clock. */
export class FakeLan {
  now = 0;
  readonly hosts: FakeHost[] = [];
  readonly sent: Sent[] = [];
  /** Packets for which this returns true get lost on their way to `to`. */
  loses: (from: FakeHost, to: FakeHost, packet: Uint8Array) => boolean = () => false;
  #pending: Pending[] = [];

  /** A host with one address on each of its interfaces; eth0 on segment `a`, eth1 on `b`, … */
  host(name: string, number: number, addresses: readonly string[] = [`192.168.100.${number}/24`]) {
    const host = new FakeHost(this, name, number, addresses);
    this.hosts.push(host);
    return host;
  }

  /** Runs `what` at `at`, after everything that was asked for that moment before. */
  schedule(at: number, what: () => void): void {
    this.#pending.push({ at, run: what });
  }

  /** Runs until `until` (µs); daemons are woken exactly when they ask. */
  run(until: number): void {
    for (let steps = 0; steps < 200_000; steps++) {
      const next = this.#next();
      if (next === undefined || next.at > until) break;
      this.#pending = this.#pending.filter((p) => p !== next);
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = Math.max(this.now, until);
  }

  /** Delivers a packet to all other hosts of the segment. */
  flood(from: FakeHost, segment: string, packet: Uint8Array): void {
    for (const to of this.hosts) {
      const heard = [...to.links.values()].find((l) => l.segment === segment && l.facts.running);
      if (to === from || heard === undefined || this.loses(from, to, packet)) continue;
      this.schedule(this.now + WIRE_DELAY, () =>
        to.event({ kind: 'vrrp-packet', interface: heard.facts.name, packet, at: 0 }),
      );
    }
  }

  /** Datagrams that were sent, with the TTL of their socket. */
  readonly datagrams: {
    readonly at: number;
    readonly host: string;
    readonly from: number | undefined;
    readonly ttl: number | undefined;
    readonly bytes: Uint8Array;
  }[] = [];
  /** Datagrams for which this returns true get lost on their way to `to`. */
  losesDatagrams: (from: FakeHost, to: FakeHost) => boolean = () => false;
  /** Routers between all hosts: each takes one from the TTL. */
  hops = 0;

  /** Delivers a datagram to the host that owns its destination. */
  datagram(from: FakeHost, sent: Extract<Command, { kind: 'datagram-send' }>): void {
    const socket = from.sockets.get(sent.id);
    const { to: target, bytes } = sent;
    const address = socket?.local?.address ?? from.firstAddress();
    if (socket === undefined || target === undefined || address === undefined) return;
    const { ttl = 64, local } = socket;
    const port = local?.port ?? 0;
    this.datagrams.push({ at: this.now, host: from.name, from: port, ttl: socket.ttl, bytes });
    const to = this.hosts.find((host) => host.owns(target.address));
    const heard = [...(to?.sockets ?? [])].find(([, s]) => s.local?.port === target.port);
    if (to === undefined || heard === undefined || this.losesDatagrams(from, to)) return;
    const [id] = heard;
    this.schedule(this.now + WIRE_DELAY, () =>
      to.event({
        kind: 'datagram-received',
        id,
        bytes,
        from: { address, port },
        ttl: ttl - this.hops,
      }),
    );
  }

  #next(): Pending | undefined {
    let best: Pending | undefined;
    for (const pending of this.#pending)
      if (best === undefined || pending.at < best.at) best = pending;
    for (const host of this.hosts) {
      const due = host.frozen ? undefined : host.daemon?.nextDeadline();
      if (due !== undefined && (best === undefined || due < best.at)) {
        best = { at: due, run: () => host.wake() };
      }
    }
    return best;
  }
}

/** One machine with its daemon. */
export class FakeHost implements System {
  readonly lan: FakeLan;
  readonly name: string;
  readonly links = new Map<string, FakeInterface>();
  readonly log: string[] = [];
  /** Log lines with their time in µs. */
  readonly timed: { readonly at: number; readonly text: string }[] = [];
  readonly commands: Command[] = [];
  readonly reports: DaemonReport[] = [];
  readonly files = new Map<string, Uint8Array>();
  /**
   * What scripts answer: by subject, exit code and how long they take; `undefined` exit never ends.
   */
  readonly scripts = new Map<string, { exit: number | undefined; after: number }>();
  /** Open UDP sockets. */
  readonly sockets = new Map<number, Extract<Command, { kind: 'datagram-open' }>>();
  running: ProcessFacts[] = [];
  daemon: Daemon | undefined;
  frozen = false;
  exitCode: number | undefined;
  #held: SystemEvent[] = [];

  constructor(lan: FakeLan, name: string, number: number, addresses: readonly string[]) {
    this.lan = lan;
    this.name = name;
    for (const [index, text] of addresses.entries()) {
      const prefix = parsePrefix(text);
      if (prefix === undefined) throw new Error(text);
      const link = `eth${index}`;
      this.links.set(link, {
        segment: String.fromCharCode(97 + index),
        facts: {
          name: link,
          index: index + 2,
          mac: macFromNumber(0x020000000000 + index * 256 + number),
          mtu: 1500,
          up: true,
          running: true,
          multicast: true,
          loopback: false,
          kind: 'physical',
          addresses: [{ ...prefix, scope: 'global', secondary: false }],
        },
      });
    }
  }

  /** Starts a daemon on this host at the present time. */
  start(config: VrrpConfig, more: Partial<DaemonOptions> = {}): void {
    this.daemon = new Daemon({
      system: this,
      configPath: `${this.name}.conf`,
      random: { uint32: () => 7 },
      flags: { logDetail: true },
      load: () => ({
        config: daemonConfig(this.config ?? config),
        messages: [],
        refused: false,
        exitCode: 0,
      }),
      ...more,
    });
    this.config = config;
    this.carryOut(this.daemon.start(timeUs(this.lan.now)));
  }

  config: VrrpConfig | undefined;

  /** Reloads with another configuration. */
  reload(config: VrrpConfig): void {
    this.config = config;
    this.carryOut(this.daemon?.reload(timeUs(this.lan.now)) ?? []);
  }

  stop(): void {
    this.carryOut(this.daemon?.stop(timeUs(this.lan.now)) ?? []);
  }

  wake(): void {
    this.carryOut(this.daemon?.advance(timeUs(this.lan.now)) ?? []);
  }

  /** Stops the process; what it would hear waits. */
  freeze(): void {
    this.frozen = true;
  }

  /** Lets it go on: timers first, then what waited. */
  resume(): void {
    this.frozen = false;
    this.wake();
    const held = this.#held;
    this.#held = [];
    for (const event of held) this.event(event);
  }

  /** Kills it: nothing is tidied up. */
  kill(): void {
    this.daemon = undefined;
  }

  /** Carrier gone or back. */
  carrier(link: string, running: boolean): void {
    const found = this.links.get(link);
    if (found === undefined) throw new Error(link);
    found.facts = { ...found.facts, running };
    this.event({ kind: 'link-changed', interface: link });
  }

  /** Somebody deletes an address by hand. */
  deleteAddress(link: string, address: IpAddress): void {
    this.#changeAddress({ interface: link, address }, undefined);
  }

  event(event: SystemEvent): void {
    if (this.frozen) {
      this.#held.push(event);
      return;
    }
    this.carryOut(this.daemon?.receive(timeUs(this.lan.now), event) ?? []);
  }

  /** Whether an interface of this host has the address now. */
  owns(address: IpAddress): boolean {
    return [...this.links.values()].some((l) =>
      l.facts.addresses.some((a) => a.address === address),
    );
  }

  /** The first address of the first interface. */
  firstAddress(): IpAddress | undefined {
    return [...this.links.values()][0]?.facts.addresses[0]?.address;
  }

  /** States of the instances, by name. */
  states(): string {
    return (this.daemon?.status().instances ?? []).map((i) => `${i.name}=${i.state}`).join(' ');
  }

  /** Log lines from `from` on (µs), without those of single GARP packets. */
  lines(from = 0): string[] {
    return this.timed
      .filter((l) => l.at >= from && !/^Sending (gratuitous|unsolicited)/.test(l.text))
      .map((l) => l.text);
  }

  carryOut(commands: readonly Command[]): void {
    for (const command of commands) {
      this.commands.push(command);
      this.#carryOutOne(command);
    }
  }

  #carryOutOne(command: Command): void {
    const { lan } = this;
    if (command.kind === 'log') {
      this.log.push(command.text);
      this.timed.push({ at: lan.now, text: command.text });
    } else if (command.kind === 'report') this.reports.push(command.report);
    else if (command.kind === 'ip-send') {
      const link = this.links.get(command.interface);
      if (link?.facts.running !== true) return;
      const { packet: bytes, interface: name } = command;
      lan.sent.push({ at: lan.now, host: this.name, interface: name, kind: 'ip', bytes });
      lan.flood(this, link.segment, command.packet);
    } else if (command.kind === 'frame-send') {
      const { frame: bytes, interface: name } = command;
      lan.sent.push({ at: lan.now, host: this.name, interface: name, kind: 'frame', bytes });
    } else if (command.kind === 'address-add') {
      const { address, length, scope } = command.address;
      this.#changeAddress(command.address, { address, length, scope, secondary: true });
    } else if (command.kind === 'address-delete') {
      this.#changeAddress(command.address, undefined);
    } else if (command.kind === 'script-run') {
      const answer = this.scripts.get(command.subject) ?? { exit: 0, after: 2000 };
      if (answer.exit === undefined) return;
      const outcome = { kind: 'exit' as const, code: answer.exit };
      lan.schedule(lan.now + answer.after, () =>
        this.event({ kind: 'script-exited', id: command.id, outcome }),
      );
    } else if (command.kind === 'script-signal') {
      const outcome = { kind: 'signal' as const, signal: command.signal };
      lan.schedule(lan.now + 100, () =>
        this.event({ kind: 'script-exited', id: command.id, outcome }),
      );
    } else if (command.kind === 'datagram-open') {
      const { id } = command;
      const { address } = command.local ?? {};
      if (address === undefined || this.owns(address)) this.sockets.set(id, command);
      else {
        const reason = 'EADDRNOTAVAIL';
        lan.schedule(lan.now, () => this.event({ kind: 'command-failed', id, reason }));
      }
    } else if (command.kind === 'datagram-send') {
      lan.datagram(this, command);
    } else if (command.kind === 'datagram-close') {
      this.sockets.delete(command.id);
    } else if (command.kind === 'exit') {
      this.exitCode = command.code;
      this.daemon = undefined;
    }
  }

  #changeAddress(
    where: { readonly interface: string; readonly address: IpAddress },
    add: InterfaceAddress | undefined,
  ): void {
    const link = this.links.get(where.interface);
    if (link === undefined) return;
    const old = link.facts.addresses.find((a) => a.address === where.address);
    if ((old === undefined) === (add === undefined)) return;
    const rest = link.facts.addresses.filter((a) => a !== old);
    link.facts = { ...link.facts, addresses: add === undefined ? rest : [...rest, add] };
    const address = add ?? old;
    if (address === undefined) return;
    const kind = add === undefined ? 'address-removed' : 'address-added';
    this.lan.schedule(this.lan.now, () =>
      this.event({ kind, interface: where.interface, address }),
    );
  }

  hostname(): string {
    return this.name;
  }
  interfaces(): readonly InterfaceFacts[] {
    return [...this.links.values()].map((l) => l.facts);
  }
  interfaceNamed(name: string): InterfaceFacts | undefined {
    return this.links.get(name)?.facts;
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
  /** Users it has; `undefined`: every one that somebody asks for. */
  users: ReadonlySet<string> | undefined;

  hasUser(name: string): boolean {
    return this.users?.has(name) ?? true;
  }
  processes(): readonly ProcessFacts[] {
    return this.running;
  }
  sysctl(_name?: string): string | undefined {
    return undefined;
  }
  wallClockUs(now: TimeUs): number {
    return now;
  }
  /** It was booted so long before the LAN's clock began. */
  bootedBeforeUs = 0;
  uptimeUs(now: TimeUs): number {
    return now + this.bootedBeforeUs;
  }
  writeFile(path: string, text: string): void {
    this.files.set(path, encodeUtf8(text));
    this.event({ kind: 'file-changed', path });
  }
}

/** Seconds as µs. */
export function s(count: number): number {
  return Math.round(count * 1_000_000);
}
