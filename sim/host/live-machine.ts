/**
 * The part of a machine that needs power: made at boot by `host.ts`, thrown away with the power. It
 * puts kernel, processes, units and timers together and records what the kernel announces in the
 * run log.
 */

import { elapsed, type TimeUs } from '../../daemon/base/time.ts';
import { formatPrefix, type IpAddress, parseIp } from '../../daemon/wire/ip-address.ts';
import { decodeUtf8, encodeUtf8 } from '../../daemon/wire/text.ts';
import type { Engine } from '../engine/engine.ts';
import type { KernelApi, NetlinkEvent } from '../kernel/kernel-api.ts';
import { bootKernel, dropAliasesOnCarrierLoss, type HostNic } from './boot.ts';
import { DaemonMachine } from './daemon-machine.ts';
import type { Disk } from './disk.ts';
import type { ExecHandle, ExecResult, OutputListener, ScriptAnswer } from './host-api.ts';
import type { HostRunEvent } from './host-events.ts';
import type { HostSpec } from './host-spec.ts';
import type { Journal } from './journal.ts';
import { TcpListeners } from './listener-table.ts';
import type { Machine, ProgramRegistry, ProgramSignal, ShellRunner, Unstamped } from './machine.ts';
import { MachineTimers } from './machine-timers.ts';
import { procFile } from './proc-files.ts';
import { ProcessTable } from './processes.ts';
import { sysctlOfPath } from './sysctl-file.ts';
import { Units } from './units.ts';

/** What surrounds every machine of a LAN: its kernel's maker, its programs, its shell. */
export interface HostEnvironment {
  readonly programs: ProgramRegistry;
  readonly shell: ShellRunner;
  readonly makeKernel: (options: {
    readonly node: string;
    readonly engine: Engine;
    readonly tickPhaseUs?: number;
  }) => KernelApi;
  readonly keepalivedVersion: string;
}

/** What a boot hands over. */
export interface LiveMachineOptions {
  readonly environment: HostEnvironment;
  readonly nics: readonly HostNic[];
  readonly spec: HostSpec;
  readonly engine: Engine;
  readonly disk: Disk;
  readonly journal: Journal;
  readonly scriptAnswers: ReadonlyMap<string, ScriptAnswer>;
  readonly wallClockUs: () => number;
  readonly record: (event: Unstamped<HostRunEvent>) => void;
  readonly reboot: () => void;
  readonly powerOff: () => void;
}

/** A machine with power; see the head of the file. */
export class LiveMachine implements Machine {
  readonly name: string;
  readonly spec: HostSpec;
  readonly engine: Engine;
  readonly kernel: KernelApi;
  readonly processes = new ProcessTable();
  readonly timers: MachineTimers;
  readonly units: Units;
  readonly disk: Disk;
  readonly journal: Journal;
  readonly listeners: TcpListeners;
  readonly keepalivedVersion: string;
  readonly scriptAnswers: ReadonlyMap<string, ScriptAnswer>;
  readonly runShell: ShellRunner;
  readonly #options: LiveMachineOptions;
  readonly #shells = new Set<ExecHandle>();
  readonly #linkStates = new Map<string, string>();
  readonly #switchedOnAt: TimeUs;
  #off = false;

  constructor(options: LiveMachineOptions) {
    const { environment, spec, engine } = options;
    this.#options = options;
    this.name = spec.name;
    this.spec = spec;
    this.engine = engine;
    this.disk = options.disk;
    this.journal = options.journal;
    this.scriptAnswers = options.scriptAnswers;
    this.keepalivedVersion = environment.keepalivedVersion;
    this.runShell = environment.shell;
    this.timers = new MachineTimers(engine);
    this.#switchedOnAt = this.timers.now;
    this.kernel = environment.makeKernel({
      node: spec.name,
      engine,
      ...(spec.tickPhaseUs === undefined ? {} : { tickPhaseUs: spec.tickPhaseUs }),
    });
    this.listeners = new TcpListeners(this.kernel);
    this.units = new Units(this, environment.programs);
  }

  /** Configures the kernel; the caller starts the units then. */
  boot(): void {
    const { spec, disk, journal, nics } = this.#options;
    this.kernel.onNetlink((event) => this.#recordNetlink(event));
    bootKernel(this.kernel, { spec, nics, disk, journal });
    if (spec.onCarrierLoss === 'ifdown') dropAliasesOnCarrierLoss(this.kernel, spec);
  }

  now(): TimeUs {
    return this.timers.now;
  }

  uptimeUs(): number {
    return elapsed(this.#switchedOnAt, this.now());
  }

  wallClockUs(): number {
    return this.#options.wallClockUs();
  }

  readFile(path: string): Uint8Array | undefined {
    const sysctl = sysctlOfPath(path);
    if (sysctl === undefined) {
      const made = procFile(path, this.kernel.ipvs);
      return made === undefined ? this.disk.read(path) : encodeUtf8(made);
    }
    const value = this.kernel.sysctl(sysctl);
    return value === undefined ? undefined : encodeUtf8(`${value}\n`);
  }

  writeFile(path: string, bytes: Uint8Array): boolean {
    const sysctl = sysctlOfPath(path);
    if (sysctl !== undefined) return this.kernel.setSysctl(sysctl, decodeUtf8(bytes).trim());
    this.disk.write(path, bytes);
    return true;
  }

  resolve(name: string): readonly IpAddress[] {
    const literal = parseIp(name);
    if (literal !== undefined) return [literal];
    const found: IpAddress[] = [];
    for (const [known, address] of this.spec.names) if (known === name) found.push(address);
    for (const line of decodeUtf8(this.disk.read('/etc/hosts') ?? new Uint8Array(0)).split('\n')) {
      const words = line.replace(/#.*/, '').trim().split(/\s+/);
      const address = parseIp(words[0] ?? '');
      if (address !== undefined && words.slice(1).includes(name)) found.push(address);
    }
    if (found.length > 0) return found;
    const own = parseIp(name === 'localhost' ? '127.0.0.1' : '127.0.1.1');
    return (name === 'localhost' || name === this.name) && own !== undefined ? [own] : [];
  }

  record(event: Unstamped<HostRunEvent>): void {
    if (!this.#off) this.#options.record(event);
  }

  signalPid(pid: number, signal: ProgramSignal): boolean {
    const unit = this.units.unitOfPid(pid);
    if (unit !== undefined) return this.units.signal(unit, signal);
    return this.processes.row(pid) !== undefined;
  }

  reboot(): void {
    this.#options.reboot();
  }

  powerOff(): void {
    this.#options.powerOff();
  }

  /** Runs a command line for somebody outside; it ends with the power at the latest. */
  execute(
    commandLine: string,
    onEnd: (result: ExecResult) => void,
    onOutput?: OutputListener,
  ): ExecHandle {
    let over = false;
    const running: { handle?: ExecHandle } = {};
    const ended = (result: ExecResult) => {
      over = true;
      if (running.handle !== undefined) this.#shells.delete(running.handle);
      onEnd(result);
    };
    const handle = this.runShell(this, commandLine, ended, onOutput);
    running.handle = handle;
    if (!over) this.#shells.add(handle);
    return handle;
  }

  /** Freezes or resumes kernel, timers and the daemon. */
  setFrozen(frozen: boolean): void {
    const daemon = this.units.program('keepalived');
    if (frozen) {
      this.timers.freeze();
      this.kernel.setFrozen(true);
      if (daemon instanceof DaemonMachine) daemon.setFrozen(true);
      return;
    }
    this.timers.resume();
    if (daemon instanceof DaemonMachine) daemon.setFrozen(false);
    this.kernel.setFrozen(false);
  }

  /** Everything in memory is gone at once; nobody is told. */
  losePower(): void {
    this.#off = true;
    this.kernel.halt();
    this.timers.losePower();
    for (const unit of this.units.names()) this.units.program(unit)?.kill();
    for (const shell of [...this.#shells]) shell.cancel();
  }

  #recordNetlink(event: NetlinkEvent): void {
    switch (event.kind) {
      case 'link-changed':
      case 'link-removed':
        this.#recordLink(event.link);
        return;
      case 'address-added':
      case 'address-removed': {
        const change = event.kind === 'address-added' ? 'added' : 'removed';
        const { address, link } = event;
        // What is still being checked is no address yet; its end is told again.
        if (address.tentative && event.kind === 'address-added') return;
        this.record({
          kind: 'address',
          change,
          link,
          prefix: formatPrefix(address),
          label: address.label,
        });
        return;
      }
      case 'neighbour-changed':
        this.record({ kind: 'neighbour', change: 'changed', neighbour: event.neighbour });
        return;
      case 'neighbour-removed':
        this.record({ kind: 'neighbour', change: 'removed', neighbour: event.neighbour });
        return;
      case 'route-added':
      case 'route-removed':
        return;
    }
  }

  /** Netlink repeats itself; only changes are worth an event. */
  #recordLink(name: string): void {
    const link = this.kernel.link(name);
    const up = link?.up ?? false;
    const carrier = link?.carrier ?? false;
    const state = `${up} ${carrier}`;
    if (this.#linkStates.get(name) === state) return;
    this.#linkStates.set(name, state);
    this.record({ kind: 'link', link: name, up, carrier });
  }
}
