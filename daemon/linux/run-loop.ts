/**
 * Drives a `Daemon` on a real Linux host: owns the clock, wakes the daemon at its deadlines, hands it packets and
 * netlink changes in the order they came, and has its commands carried out. Every exit that can be caught
 * withdraws: the daemon's own stop first, and what is left of its addresses after that.
 *
 * It knows nothing of VRRP. Read `daemon/core/system.ts` first.
 */

import { elapsed, formatSeconds, seconds, TIME_ZERO, type TimeUs } from '../base/time.ts';
import type { Command } from '../core/commands.ts';
import type { SystemEvent } from '../core/events.ts';
import type { DaemonReport } from '../core/reports.ts';
import type { System } from '../core/system.ts';
import { formatIp } from '../wire/ip-address.ts';
import { CommandExecutor } from './command-executor.ts';
import { FileWatcher } from './file-watcher.ts';
import { InterfaceTable } from './interface-table.ts';
import { readIpvsTimeouts } from './ipvs-channel.ts';
import { linuxSystem } from './linux-system.ts';
import type { LogLine } from './log-output.ts';
import { DescriptorPoller } from './native/descriptor-poller.ts';
import type { Libc } from './native/libc.ts';
import { dumpNetlink, listenNetlink } from './native/netlink-socket.ts';
import type { RawDriver } from './native/raw-ip-socket.ts';
import { NetworkClients } from './network-clients.ts';
import { type MonotonicClock, monotonicClock, PreciseTimer } from './precise-timer.ts';
import { ProcessWatcher } from './process-watcher.ts';
import type { LinkMessage } from './rtnetlink.ts';
import { ScriptRunner } from './script-runner.ts';
import { VrrpTransport } from './vrrp-transport.ts';

/** How long a new link may take to show its carrier after `ip link set up` has returned, in ms. */
const LINK_RISES_MS = 200;

/** keepalived complains from this lateness on. Source: lib/scheduler.c, min_auto_priority_delay, 1000000 µs. */
const OVERSLEPT = seconds(1);

/** The daemon as the loop sees it; `daemon/core/daemon.ts` has this shape. */
export interface DrivenDaemon {
  receive(now: TimeUs, event: SystemEvent): readonly Command[];
  advance(now: TimeUs): readonly Command[];
  nextDeadline(): TimeUs | undefined;
}

/** How to run. */
export interface RunLoopOptions {
  readonly libc: Libc;
  readonly log: (line: LogLine) => void;
  readonly report?: (report: DaemonReport) => void;
  readonly keepAddresses?: boolean;
  readonly keepIpvs?: boolean;
  /** `-a`: every address that comes or goes is told. */
  readonly logAddresses?: boolean;
  readonly driver?: RawDriver;
  readonly ipProgram?: string;
}

/** What a configuration wants of its host beyond commands. */
export interface HostSettings {
  /** Files whose changes are told. */
  readonly files: readonly string[];
  /** Whether beginnings and ends of processes are told. */
  readonly processes: boolean;
  /** `enable_script_security`. */
  readonly scriptSecurity: boolean;
  /** FIFOs that must exist before their readers start. */
  readonly fifos: readonly string[];
  /** The file of the namespace whose IPVS table is meant; `undefined`: the daemon's own. */
  readonly ipvsNamespace: string | undefined;
}

/** What a daemon may be asked to do from outside: start, reload, stop, a signal. */
export type DaemonCall = (now: TimeUs) => readonly Command[];

/** One real host with one daemon on it. */
export class RunLoop {
  readonly system: System;
  readonly executor: CommandExecutor;
  readonly #options: RunLoopOptions;
  readonly #clock: MonotonicClock = monotonicClock();
  readonly #poller: DescriptorPoller;
  readonly #table = new InterfaceTable();
  readonly #transport: VrrpTransport;
  readonly #clients: NetworkClients;
  readonly #scripts: ScriptRunner;
  readonly #timer: PreciseTimer;
  readonly #files: FileWatcher;
  readonly #processes: ProcessWatcher;
  readonly #inbox: SystemEvent[] = [];
  /** Packets so far. */
  #heard = 0;
  /** The deadline that was told to be late. */
  #oversleptDue: TimeUs | undefined;
  /** Links that we are making: netlink shows them down before it shows them up, which is no news. */
  readonly #making = new Set<string>();
  readonly #closeNetlink: () => void;
  #daemon: DrivenDaemon | undefined;
  #delivering = false;
  #ended = false;
  #resolveEnd: (code: number) => void = () => {};
  /** The exit code that the daemon ended with. */
  readonly ended: Promise<number>;

  constructor(options: RunLoopOptions) {
    this.#options = options;
    const { libc, log } = options;
    const deliver = (event: SystemEvent): void => this.deliver(event);
    const warn = (text: string): void =>
      log({ kind: 'log', process: 'vrrp', level: 'warning', text });
    this.ended = new Promise((resolve) => {
      this.#resolveEnd = resolve;
    });
    this.#poller = new DescriptorPoller(libc);
    this.#closeNetlink = this.#openNetlink();
    this.system = {
      ...linuxSystem(this.#table, libc),
      ipvsTimeouts: () => readIpvsTimeouts(this.executor.ipvsNamespace),
    };
    this.#transport = new VrrpTransport({
      libc,
      poller: this.#poller,
      table: this.#table,
      onPacket: deliver,
      onError: warn,
      ...(options.driver === undefined ? {} : { driver: options.driver }),
    });
    this.#clients = new NetworkClients({
      libc,
      poller: this.#poller,
      deliver,
      interfaceIndex: (name) => this.#table.named(name)?.index ?? 0,
      log: (text) => log({ kind: 'log', process: 'checkers', level: 'info', text }),
    });
    this.#scripts = new ScriptRunner({ libc, deliver, warn });
    this.#files = new FileWatcher(deliver);
    this.#processes = new ProcessWatcher({ libc, poller: this.#poller, deliver, warn });
    this.#timer = new PreciseTimer(this.#clock, {
      onDue: () => this.call((now) => this.#daemon?.advance(now) ?? []),
      readAll: () => this.#readAll(),
    });
    this.executor = new CommandExecutor({
      transport: this.#transport,
      scripts: this.#scripts,
      clients: this.#clients,
      deliver,
      log,
      report: options.report ?? (() => {}),
      exit: (code) => void this.end(code),
      linkMaking: (name, phase) => {
        if (phase === 'begins') this.#making.add(name);
        else setTimeout(() => this.#linkMade(name), LINK_RISES_MS).unref();
      },
      keepAddresses: options.keepAddresses ?? false,
      keepIpvs: options.keepIpvs ?? false,
      ...(options.ipProgram === undefined ? {} : { ipProgram: options.ipProgram }),
    });
  }

  /** Microseconds since the loop was made. */
  now(): TimeUs {
    return this.#ended ? TIME_ZERO : this.#clock.now();
  }

  /** Which way raw IPv4 sockets are made. */
  get driver(): RawDriver {
    return this.#transport.driver;
  }

  /** Puts the daemon in, and carries its first commands out. */
  run(daemon: DrivenDaemon, start: DaemonCall): void {
    this.#daemon = daemon;
    this.call(start);
  }

  /** Lets the daemon do something now, and carries out what it wants. */
  call(action: DaemonCall): void {
    if (this.#ended) return;
    this.executor.submit(action(this.#clock.now()));
    this.#deliverAll();
  }

  /** Queues an event; it is handled before anything that happens later. */
  deliver(event: SystemEvent): void {
    // Packets come by Node's own sockets too, one at a time; all other descriptors are read until they are empty.
    if (event.kind === 'vrrp-packet') this.#heard++;
    if (event.kind === 'link-removed') this.executor.forgetInterfaces();
    if (this.#options.logAddresses === true) this.#logAddress(event);
    this.#inbox.push(event);
    // A packet is a view of a buffer that is used again: it must be handled before the call returns.
    this.#deliverAll();
  }

  /** Sets what depends on the configuration; called before the daemon's commands for it come. */
  configure(what: HostSettings): void {
    this.#files.watch(what.files);
    this.#processes.watch(what.processes);
    this.#scripts.security = what.scriptSecurity;
    this.executor.ipvsNamespace = what.ipvsNamespace;
    for (const path of what.fifos) this.executor.prepareFifo(path);
  }

  /** Ends the loop: withdraws what is left, closes everything, resolves `ended`. */
  async end(code: number): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer.moveTo(undefined);
    this.#files.watch([]);
    this.#processes.watch(false);
    this.executor.withdrawNow();
    this.executor.close();
    this.#transport.close();
    this.#clients.close();
    this.#closeNetlink();
    await this.#poller.close();
    this.#resolveEnd(code);
  }

  #openNetlink(): () => void {
    const { libc } = this.#options;
    // Listening before the dump: a change in between is seen twice rather than never.
    const close = listenNetlink({
      libc,
      poller: this.#poller,
      onMessage: (message) => {
        if (message.kind === 'link' && this.#isRising(message)) return;
        for (const event of this.#table.apply(message)) this.deliver(event);
      },
      onOverrun: () => this.#resynchronise(),
    });
    this.#resynchronise();
    return close;
  }

  /** Whether a message tells of a link of ours that is not up yet; once it is, all is read that came before. */
  #isRising({ removed, facts }: LinkMessage): boolean {
    if (removed || !this.#making.has(facts.name)) return false;
    if (facts.running) this.#linkMade(facts.name);
    return true;
  }

  /** It is up, or will not be by itself: from now on it is a link like any other. */
  #linkMade(name: string): void {
    if (this.#making.delete(name) && !this.#ended) this.#resynchronise();
  }

  #resynchronise(): void {
    const { libc } = this.#options;
    const dump = [...dumpNetlink(libc, 'links'), ...dumpNetlink(libc, 'addresses')];
    const events = this.#table.resynchronise(dump);
    // At start there is no daemon yet: what is there is no news.
    for (const event of events) {
      if (this.#daemon !== undefined) this.deliver(event);
      else if (this.#options.logAddresses === true) this.#logAddress(event);
    }
  }

  #logAddress(event: SystemEvent): void {
    if (event.kind !== 'address-added' && event.kind !== 'address-removed') return;
    const change = event.kind === 'address-added' ? 'added to' : 'removed from';
    const address = formatIp(event.address.address);
    const text = `Netlink reflector reports IP ${address} ${change} ${event.interface}`;
    this.#options.log({ kind: 'log', process: 'vrrp', level: 'info', text });
  }

  /** Reads what lies ready in descriptors that Node does not watch itself. */
  #readAll(): number {
    if (!this.#ended) this.#poller.readNow();
    return this.#heard;
  }

  /** keepalived's scheduler says how much it overslept before it reads what came meanwhile. */
  #tellOverslept(): void {
    const { due } = this.#timer;
    if (due === undefined || due === this.#oversleptDue) return;
    const late = elapsed(due, this.#clock.now());
    if (late < OVERSLEPT) return;
    this.#oversleptDue = due;
    const text = `A thread timer expired ${formatSeconds(late)} seconds ago`;
    this.#options.log({ kind: 'log', process: 'vrrp', level: 'info', text });
  }

  #deliverAll(): void {
    if (this.#delivering || this.#ended) return;
    const daemon = this.#daemon;
    if (daemon === undefined) return;
    this.#delivering = true;
    for (let event = this.#inbox.shift(); event !== undefined; event = this.#inbox.shift()) {
      if (event.kind === 'vrrp-packet') this.#tellOverslept();
      this.executor.submit(daemon.receive(this.#clock.now(), event));
      if (this.#ended) break;
    }
    this.#delivering = false;
    if (!this.#ended) this.#timer.moveTo(daemon.nextDeadline());
  }
}
