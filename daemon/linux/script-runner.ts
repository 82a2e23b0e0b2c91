/**
 * Runs the scripts of a keepalived.conf: an argument vector, never a shell; a process group of its own, so that
 * a timeout reaches children too; a small environment; no descriptor and no capability of ours. A script whose time is over gets
 * SIGTERM, two seconds later SIGKILL, as keepalived's do.
 */

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { CommandId, ScriptCommand } from '../core/commands.ts';
import type { SystemEvent } from '../core/events.ts';
import { withoutAmbientCapabilities } from './native/ambient-capabilities.ts';
import type { Libc } from './native/libc.ts';
import {
  DEFAULT_PATH,
  findProgram,
  groupNamed,
  hasFormat,
  unsafeComponent,
  userNamed,
} from './script-security.ts';

/** From SIGTERM to SIGKILL. Source: keepalived's `child_kill_thread` waits TIMER_HZ * 2. */
const KILL_AFTER_MS = 2000;

type RunCommand = Extract<ScriptCommand, { kind: 'script-run' }>;

/** How scripts are run. */
export interface ScriptRunnerOptions {
  readonly libc: Libc;
  readonly deliver: (event: SystemEvent) => void;
  /** A script that was written as unsafe runs with this warning when security is off. */
  readonly warn: (text: string) => void;
}

/** The running scripts of one daemon. */
export class ScriptRunner {
  readonly #options: ScriptRunnerOptions;
  readonly #running = new Map<CommandId, ChildProcess>();
  readonly #warned = new Set<string>();

  /** `enable_script_security`: what others could change is not run as root. */
  security = false;

  constructor(options: ScriptRunnerOptions) {
    this.#options = options;
  }

  /** Starts or signals a script; the answer is a 'script-exited' event. */
  carryOut(command: ScriptCommand): void {
    if (command.kind === 'script-signal') this.#signal(command.id, `SIG${command.signal}`);
    else this.#run(command);
  }

  /** Scripts that have not ended. */
  get running(): number {
    return this.#running.size;
  }

  /** Ends all scripts at once; for the daemon's exit. */
  killAll(): void {
    for (const id of this.#running.keys()) this.#signal(id, 'SIGKILL');
  }

  #run(command: RunCommand): void {
    const identity = this.#identityFor(command);
    if (typeof identity === 'string') {
      this.#notRun(command.id, identity);
      return;
    }
    if (!hasFormat(identity.program)) {
      // keepalived's child ends with 0 when exec fails; execvp would hand the file to a shell, which must never happen.
      this.#warnOnce(
        `script ${identity.program} has no #! line and is not run; as for keepalived it counts as success`,
      );
      this.#options.deliver({
        kind: 'script-exited',
        id: command.id,
        outcome: { kind: 'exit', code: 0 },
      });
      return;
    }
    const [, ...rest] = command.arguments;
    let child: ChildProcess;
    try {
      const { program, uid, gid } = identity;
      const options: SpawnOptions = {
        argv0: command.arguments[0] ?? program,
        detached: true,
        stdio: 'ignore',
        env: { PATH: process.env['PATH'] ?? DEFAULT_PATH },
        ...(uid === undefined ? {} : { uid, gid }),
      };
      child = withoutAmbientCapabilities(this.#options.libc, () => spawn(program, rest, options));
    } catch (error) {
      this.#notRun(command.id, error instanceof Error ? error.message : String(error));
      return;
    }
    this.#running.set(command.id, child);
    const stopTimer = this.#limit(command);
    child.on('error', (error) => {
      stopTimer();
      if (this.#running.delete(command.id)) this.#notRun(command.id, error.message);
    });
    child.on('exit', (code, signal) => {
      stopTimer();
      if (!this.#running.delete(command.id)) return;
      const outcome =
        code === null
          ? { kind: 'signal' as const, signal: (signal ?? 'SIGKILL').replace(/^SIG/, '') }
          : { kind: 'exit' as const, code };
      this.#options.deliver({ kind: 'script-exited', id: command.id, outcome });
    });
  }

  /** Program and user of a script, or why it must not run. */
  #identityFor(
    command: RunCommand,
  ): string | { readonly program: string; readonly uid?: number; readonly gid?: number } {
    const name = command.arguments[0];
    if (name === undefined) return 'no program';
    const program = findProgram(name);
    if (program === undefined) return `${name}: not found or not executable`;
    const user = command.user === undefined ? undefined : userNamed(command.user);
    if (command.user !== undefined && user === undefined) return `no user ${command.user}`;
    const gid = command.group === undefined ? user?.gid : groupNamed(command.group);
    if (command.group !== undefined && gid === undefined) return `no group ${command.group}`;
    const runsAsRoot = (user?.uid ?? process.getuid?.() ?? 0) === 0;
    const unsafe = runsAsRoot ? unsafeComponent(program) : undefined;
    if (unsafe !== undefined) {
      if (this.security) return `unsafe: ${unsafe} can be changed by others than root`;
      this.#warnOnce(`script ${program} is unsafe: ${unsafe} can be changed by others than root`);
    }
    if (user === undefined) return { program };
    const own = process.getuid?.() === user.uid && process.getgid?.() === (gid ?? user.gid);
    return own ? { program } : { program, uid: user.uid, gid: gid ?? user.gid };
  }

  #limit(command: RunCommand): () => void {
    if (command.limit === undefined) return () => {};
    let timer = setTimeout(() => {
      this.#signal(command.id, 'SIGTERM');
      timer = setTimeout(() => this.#signal(command.id, 'SIGKILL'), KILL_AFTER_MS);
    }, command.limit / 1000);
    return () => clearTimeout(timer);
  }

  #signal(id: CommandId, signal: string): void {
    const pid = this.#running.get(id)?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // It ended between the look-up and the signal.
    }
  }

  #warnOnce(text: string): void {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#options.warn(text);
  }

  #notRun(id: CommandId, reason: string): void {
    this.#options.deliver({ kind: 'script-exited', id, outcome: { kind: 'not-run', reason } });
  }
}
