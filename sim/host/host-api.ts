/**
 * A machine: power, files, units, programs, and the daemon in keepalived's place. What steps, shells, verdicts and the
 * browser may do with it. The kernel underneath is thrown away at power-off and made anew at boot.
 */

import type { DurationUs } from '../../daemon/base/time.ts';
import type { DaemonStatus } from '../../daemon/core/status.ts';
import type { KernelApi } from '../kernel/kernel-api.ts';

/** Where a machine is in its life. */
export type PowerState = 'off' | 'booting' | 'on' | 'frozen';

/** One machine; see the head of the file. */
export interface HostApi {
  readonly name: string;
  readonly power: PowerState;
  /** `undefined` while the power is off or the machine boots. */
  readonly kernel: KernelApi | undefined;

  /** Pulls the plug: everything but the disk is lost at once; the NICs lose their light. */
  powerOff(): void;
  /** Boots: interfaces, sysctls, addresses, routes of the boot configuration, then enabled units and programs. */
  powerOn(): void;
  /** An orderly restart: units stop, then power off and on. Keeps boot configuration and files of /etc. */
  reboot(): void;
  /** Stops the whole machine in its tracks (a paused virtual machine), and lets it go on. */
  freeze(): void;
  resume(): void;
  /** Moves the wall clock; virtual time and timers are unaffected. */
  jumpClock(by: DurationUs): void;

  /** Signals to a unit or program by name: `KILL` is a crash, `STOP` freezes the process alone, `HUP` reloads. */
  signal(
    program: string,
    signal: 'TERM' | 'KILL' | 'HUP' | 'STOP' | 'CONT' | 'USR1' | 'USR2' | 'RTMIN+2' | 'RTMAX-1',
  ): ProgramResult;
  /** systemctl start|stop|restart|reload|enable|disable. */
  unit(verb: UnitVerb, unit: string): ProgramResult;
  unitState(unit: string): UnitState | undefined;

  /** What the scripts of a keepalived.conf answer from now on, by name of vrrp_script or by path. */
  setScriptAnswer(script: string, answer: ScriptAnswer): void;
  readFile(path: string): Uint8Array | undefined;
  /** Names of what lies in a folder of the disk. */
  listFolder(path: string): readonly string[];
  writeFile(path: string, bytes: Uint8Array): void;
  removeFile(path: string): boolean;

  /**
   * Runs one shell command line and hands its output over when it ends, which may be later in virtual time
   * (`ping -c 3`). Long-running commands end by Ctrl+C: `cancel` of the returned handle.
   */
  exec(
    commandLine: string,
    onEnd: (result: ExecResult) => void,
    /** Hears the output as it is printed, for terminals; `onEnd` gets all of it again. */
    onOutput?: OutputListener,
  ): ExecHandle;

  /** The daemon's status, `undefined` while no keepalived runs. */
  keepalived(): DaemonStatus | undefined;
  /** Journal lines, oldest first, as `journalctl` keeps them. */
  journal(): readonly JournalLine[];
}

/** Verbs of systemctl. */
export type UnitVerb = 'start' | 'stop' | 'restart' | 'reload' | 'enable' | 'disable';

/** Outcome of a verb or signal; `message` is what systemctl or kill would print. */
export interface ProgramResult {
  readonly ok: boolean;
  readonly message: string;
}

/** What `systemctl status` knows. */
export interface UnitState {
  readonly unit: string;
  readonly loaded: boolean;
  readonly enabled: boolean;
  readonly active: 'active' | 'inactive' | 'failed' | 'activating' | 'deactivating';
  readonly mainPid?: number;
  readonly conditionFailed?: string;
}

/** What a script answers, and how long it takes. */
export interface ScriptAnswer {
  /** Exit code, or `hang`: never ends by itself. */
  readonly exit: number | 'hang';
  readonly after: DurationUs;
}

/** What a shell command printed. */
export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Hears output in the moment in which it is printed. */
export type OutputListener = (stream: 'stdout' | 'stderr', text: string) => void;

/** A running shell command. */
export interface ExecHandle {
  readonly running: boolean;
  /** Ctrl+C: the command prints what it prints on SIGINT (ping's statistics) and ends. */
  cancel(): void;
}

/** One line of the journal. */
export interface JournalLine {
  /** Wall clock of the host, µs since 1970-01-01 UTC. */
  readonly epochUs: number;
  readonly identifier: string;
  readonly pid: number;
  readonly level: 'error' | 'warning' | 'notice' | 'info' | 'debug';
  readonly text: string;
}
