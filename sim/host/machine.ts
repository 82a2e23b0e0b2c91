/**
 * What lives only while a machine has power, as programs and the shell's commands see it: kernel,
 * processes, timers, units, and the disk below. `host.ts` makes one at each boot and throws it away
 * with the power. A program is anything that a unit starts: the daemon, a web server, a UDP echo.
 */

import type { TimeUs } from '../../daemon/base/time.ts';
import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import type { Engine } from '../engine/engine.ts';
import type { KernelApi } from '../kernel/kernel-api.ts';
import type { Disk } from './disk.ts';
import type {
  ExecHandle,
  ExecResult,
  OutputListener,
  ProgramResult,
  ScriptAnswer,
  UnitState,
  UnitVerb,
} from './host-api.ts';
import type { HostRunEvent } from './host-events.ts';
import type { HostSpec } from './host-spec.ts';
import type { Journal } from './journal.ts';
import type { MachineTimers } from './machine-timers.ts';
import type { ProcessTable } from './processes.ts';

/** A machine that has power; see the head of the file. */
export interface Machine {
  readonly name: string;
  readonly spec: HostSpec;
  readonly engine: Engine;
  readonly kernel: KernelApi;
  readonly processes: ProcessTable;
  readonly timers: MachineTimers;
  readonly units: UnitsApi;
  readonly disk: Disk;
  readonly journal: Journal;
  readonly listeners: ListenerTable;
  readonly keepalivedVersion: string;
  /** What scripts answer, by name or path; live. */
  readonly scriptAnswers: ReadonlyMap<string, ScriptAnswer>;
  /** Machine time: stands still while the machine is frozen. */
  now(): TimeUs;
  /** Machine time since it was switched on, µs. */
  uptimeUs(): number;
  /** The machine's wall clock, µs since 1970-01-01 UTC. */
  wallClockUs(): number;
  /** A file, also those that the kernel shows under /proc/sys. */
  readFile(path: string): Uint8Array | undefined;
  /** Writes a file; `false` when a sysctl refuses the value. */
  writeFile(path: string, bytes: Uint8Array): boolean;
  /** The addresses of a name: a literal address, the host itself, or /etc/hosts. */
  resolve(name: string): readonly IpAddress[];
  /** Adds an event of this host to the run log; time and node are filled in. */
  record(event: Unstamped<HostRunEvent>): void;
  /** Runs a command line in the machine's shell. */
  runShell: ShellRunner;
  /** Signals the processes of a row: TERM, KILL, HUP, STOP, CONT, USR1, USR2; 0 asks only. */
  signalPid(pid: number, signal: ProgramSignal): boolean;
  /** An orderly restart of the machine. */
  reboot(): void;
  /** Pulls the plug. */
  powerOff(): void;
}

/** An event without its stamp. */
export type Unstamped<E> = E extends unknown ? Omit<E, 'at' | 'node'> : never;

/** Signals that programs know. */
export type ProgramSignal = 'TERM' | 'KILL' | 'HUP' | 'STOP' | 'CONT' | 'INT' | UserSignal;

/**
 * Signals whose meaning is the program's own. keepalived writes JSON on SIGRTMIN+2 (36) and clears its
 * counters on SIGRTMAX-1 (63), as `keepalived --signum=` tells.
 */
export type UserSignal = 'USR1' | 'USR2' | 'RTMIN+2' | 'RTMAX-1';

/** How the shell is called: output at once or later, `cancel` is Ctrl+C. */
export type ShellRunner = (
  machine: Machine,
  commandLine: string,
  onEnd: (result: ExecResult) => void,
  onOutput?: OutputListener,
) => ExecHandle;

/** What the rest of the machine may ask of its units. */
export interface UnitsApi {
  act(verb: UnitVerb, unit: string): ProgramResult & { readonly exitCode: number };
  state(unit: string): UnitState | undefined;
  /** `systemctl status`. */
  statusText(unit: string): { readonly text: string; readonly exitCode: number };
  /** Names of all known units, with `.service`. */
  names(): readonly string[];
  /** The unit whose process `pid` is. */
  unitOfPid(pid: number): string | undefined;
  /** The running program of a unit. */
  program(unit: string): Program | undefined;
}

/** How a program ended. */
export type ProgramExit =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: ProgramSignal };

/** What a program is started with. */
export interface ProgramContext {
  readonly machine: Machine;
  /** Its command name and the name of its unit. */
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly unit: string;
  /** Adds a process of this program; the first one is its main process. */
  spawn(name: string, commandWords: readonly string[]): number;
  /** Takes a process of this program out of the table. */
  reap(pid: number): void;
  /** Writes a journal line of the unit. */
  log(entry: {
    readonly identifier: string;
    readonly pid: number;
    readonly level: 'error' | 'warning' | 'notice' | 'info' | 'debug';
    readonly text: string;
  }): void;
  /** Says that the program has ended by itself or after TERM; once. */
  exited(how: ProgramExit): void;
}

/** A long-running program. All calls run to completion. */
export interface Program {
  /** Begins; `undefined` when it runs, or its exit code when it could not start. */
  start(): number | undefined;
  /** TERM: an orderly end, now or later, reported by `exited`. */
  terminate(): void;
  /** KILL: gone at once; only sockets are closed, nothing is tidied up, `exited` is not called. */
  kill(): void;
  /** HUP. */
  reload(): void;
  /** STOP and CONT. */
  setStopped(stopped: boolean): void;
  /** USR1, USR2. */
  signal(signal: UserSignal): void;
}

/** Makes a program of a kind. */
export type ProgramFactory = (context: ProgramContext) => Program;

/** All kinds of programs that a machine can run. */
export type ProgramRegistry = ReadonlyMap<string, ProgramFactory>;

/** A listening TCP socket, as `ss -lnt` shows it. */
export interface TcpListener {
  readonly address: IpAddress | undefined;
  readonly port: number;
  readonly pid: number;
  readonly name: string;
}

/** Who listens on which TCP port; its place is the kernel's once TCP is there. */
export interface ListenerTable {
  readonly rows: readonly TcpListener[];
  /** Claims a port, with Linux' rules for addresses that are not the host's. */
  bind(listener: TcpListener): 'EADDRINUSE' | 'EADDRNOTAVAIL' | undefined;
  release(pid: number): void;
}
