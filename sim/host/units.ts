/**
 * The machine's systemd: units, their conditions, what runs for them, and the words of systemctl.
 * Units come from files of the disk; which program a unit runs is told by the command in its
 * ExecStart. It knows programs only by their interface. Wording of systemd 252 (Debian 12).
 */

import { assert } from '../../daemon/base/assert.ts';
import type { UnitState, UnitVerb } from './host-api.ts';
import type {
  Machine,
  Program,
  ProgramContext,
  ProgramExit,
  ProgramRegistry,
  ProgramSignal,
  UnitsApi,
} from './machine.ts';
import { unmetCondition } from './unit-conditions.ts';
import {
  enableUnit,
  isEnabled,
  loadUnit,
  type UnitFile,
  unitCommand,
  unitName,
  unitNames,
  wantsLink,
} from './unit-file.ts';
import {
  endMessages,
  jobFailed,
  notFound,
  title,
  type UnitMessage,
  type UnitResult,
} from './unit-messages.ts';
import { type UnitRuntime, unitStatusText } from './unit-status.ts';

const OK: UnitResult = { ok: true, message: '', exitCode: 0 };

/** The units of one machine; see the head of the file. */
export class Units implements UnitsApi {
  readonly #machine: Machine;
  readonly #registry: ProgramRegistry;
  readonly #runtime = new Map<string, UnitRuntime>();

  constructor(machine: Machine, registry: ProgramRegistry) {
    this.#machine = machine;
    this.#registry = registry;
  }

  names(): readonly string[] {
    return unitNames(this.#machine.disk);
  }

  act(verb: UnitVerb, name: string): UnitResult {
    const unit = unitName(name);
    const file = loadUnit(this.#machine.disk, unit);
    if (file === undefined) return notFound(verb, unit);
    switch (verb) {
      case 'start':
        return this.#start(file);
      case 'stop':
        return this.#stop(file);
      case 'restart':
        return this.#restart(file);
      case 'reload':
        return this.#reload(file);
      case 'enable':
        return this.#enable(file);
      case 'disable':
        return this.#disable(file);
    }
  }

  state(name: string): UnitState | undefined {
    const file = loadUnit(this.#machine.disk, name);
    if (file === undefined) return undefined;
    const runtime = this.#runtimeOf(file.unit);
    return {
      unit: file.unit,
      loaded: true,
      enabled: isEnabled(this.#machine.disk, file),
      active: runtime.active,
      ...(runtime.mainPid === undefined ? {} : { mainPid: runtime.mainPid }),
      ...(runtime.condition === undefined ? {} : { conditionFailed: runtime.condition.text }),
    };
  }

  statusText(name: string): { readonly text: string; readonly exitCode: number } {
    const unit = unitName(name);
    const file = loadUnit(this.#machine.disk, unit);
    if (file === undefined) return { text: `Unit ${unit} could not be found.\n`, exitCode: 4 };
    const runtime = this.#runtimeOf(unit);
    const text = unitStatusText(this.#machine, file, runtime);
    return { text, exitCode: runtime.active === 'active' ? 0 : 3 };
  }

  unitOfPid(pid: number): string | undefined {
    for (const [unit, runtime] of this.#runtime) if (runtime.pids.includes(pid)) return unit;
    return undefined;
  }

  program(name: string): Program | undefined {
    return this.#runtime.get(unitName(name))?.program;
  }

  /** Starts all enabled units, in order of name, as a boot does. */
  startEnabled(delayUsOf: (unit: string) => number): void {
    for (const unit of this.names()) {
      const file = loadUnit(this.#machine.disk, unit);
      if (file === undefined || !isEnabled(this.#machine.disk, file)) continue;
      const delay = delayUsOf(unit);
      if (delay === 0) this.#start(file);
      else this.#machine.timers.after(delay, () => this.#start(file));
    }
  }

  /** Stops everything in order, for a reboot; calls `done` when all have ended. */
  stopAll(done: () => void): void {
    const running = [...this.#runtime].filter(([, runtime]) => runtime.program !== undefined);
    let left = running.length;
    if (left === 0) done();
    for (const [unit, runtime] of running) {
      runtime.whenStopped.push(() => {
        left--;
        if (left === 0) done();
      });
      const file = loadUnit(this.#machine.disk, unit);
      if (file !== undefined) this.#stop(file);
      else runtime.program?.terminate();
    }
  }

  /** A signal to the main process of a unit's program; `false` when nothing runs. */
  signal(name: string, signal: ProgramSignal): boolean {
    const runtime = this.#runtime.get(unitName(name));
    const program = runtime?.program;
    if (runtime === undefined || program === undefined) return false;
    switch (signal) {
      case 'KILL':
        program.kill();
        this.#ended(unitName(name), { kind: 'signal', signal: 'KILL' });
        return true;
      case 'TERM':
      case 'INT':
        runtime.wanted = false;
        program.terminate();
        return true;
      case 'HUP':
        program.reload();
        return true;
      case 'STOP':
      case 'CONT':
        this.#setStopped(runtime, signal === 'STOP');
        return true;
      case 'USR1':
      case 'USR2':
      case 'RTMIN+2':
      case 'RTMAX-1':
        program.signal(signal);
        return true;
    }
  }

  #start(file: UnitFile): UnitResult {
    const runtime = this.#runtimeOf(file.unit);
    if (runtime.active === 'active' || runtime.active === 'activating') return OK;
    if (runtime.active === 'deactivating') {
      runtime.whenStopped.push(() => this.#start(file));
      return OK;
    }
    const condition = unmetCondition(this.#machine, file);
    if (condition !== undefined) return this.#skip(file, runtime, condition);
    delete runtime.condition;
    const factory = this.#registry.get(this.#kindOf(file));
    if (factory === undefined) return this.#cannotExecute(file, runtime);
    this.#log('info', `Starting ${title(file)}...`, file.unit);
    return this.#launch(file, runtime, factory(this.#contextFor(file, runtime)));
  }

  #launch(file: UnitFile, runtime: UnitRuntime, program: Program): UnitResult {
    runtime.program = program;
    runtime.active = 'activating';
    runtime.wanted = true;
    runtime.since = this.#machine.wallClockUs();
    const failure = program.start();
    if (failure !== undefined) {
      this.#ended(file.unit, { kind: 'exit', code: failure });
      return jobFailed(file.unit);
    }
    // A program may have ended while it started.
    if (runtime.program === program) {
      runtime.active = 'active';
      this.#log('info', `Started ${title(file)}.`, file.unit);
      this.#recordChange(file.unit, runtime, 'started');
    }
    return OK;
  }

  #stop(file: UnitFile): UnitResult {
    const runtime = this.#runtimeOf(file.unit);
    const program = runtime.program;
    runtime.wanted = false;
    if (program === undefined || runtime.active === 'deactivating') return OK;
    this.#log('info', `Stopping ${title(file)}...`, file.unit);
    runtime.active = 'deactivating';
    if (runtime.stopped) this.#setStopped(runtime, false);
    program.terminate();
    return OK;
  }

  #restart(file: UnitFile): UnitResult {
    const runtime = this.#runtimeOf(file.unit);
    if (runtime.program === undefined) return this.#start(file);
    runtime.whenStopped.push(() => this.#start(file));
    return this.#stop(file);
  }

  #reload(file: UnitFile): UnitResult {
    const runtime = this.#runtimeOf(file.unit);
    if (runtime.program === undefined) {
      const message = `${file.unit} is not active, cannot reload.`;
      return { ok: false, message, exitCode: 1 };
    }
    if (!file.canReload) {
      const why = `Job type reload is not applicable for unit ${file.unit}.`;
      const message = `Failed to reload ${file.unit}: ${why}`;
      return { ok: false, message, exitCode: 1 };
    }
    this.#log('info', `Reloading ${title(file)}...`, file.unit);
    runtime.program.reload();
    this.#log('info', `Reloaded ${title(file)}.`, file.unit);
    return OK;
  }

  #enable(file: UnitFile): UnitResult {
    if (isEnabled(this.#machine.disk, file)) return OK;
    enableUnit(this.#machine.disk, file);
    return { ok: true, message: `Created symlink ${wantsLink(file)} → ${file.path}.`, exitCode: 0 };
  }

  #disable(file: UnitFile): UnitResult {
    if (!this.#machine.disk.remove(wantsLink(file))) return OK;
    return { ok: true, message: `Removed "${wantsLink(file)}".`, exitCode: 0 };
  }

  #skip(file: UnitFile, runtime: UnitRuntime, text: string): UnitResult {
    runtime.condition = { text, at: this.#machine.wallClockUs() };
    this.#log(
      'info',
      `${title(file)} was skipped because of an unmet condition check (${text}).`,
      file.unit,
    );
    return OK;
  }

  #cannotExecute(file: UnitFile, runtime: UnitRuntime): UnitResult {
    const path = file.startWords[0] ?? '';
    this.#log(
      'error',
      `${file.unit}: Failed to locate executable ${path}: No such file or directory`,
      file.unit,
    );
    runtime.active = 'failed';
    runtime.since = this.#machine.wallClockUs();
    runtime.result = 'exit-code';
    runtime.lastExit = { kind: 'exit', code: 203 };
    return jobFailed(file.unit);
  }

  #contextFor(file: UnitFile, runtime: UnitRuntime): ProgramContext {
    const machine = this.#machine;
    const spec = machine.spec.programs.find((program) => program.name === unitCommand(file));
    runtime.pids = [];
    delete runtime.mainPid;
    let over = false;
    return {
      machine,
      name: unitCommand(file),
      options: spec?.options ?? {},
      unit: file.unit,
      spawn: (name, words) => {
        const parent = runtime.mainPid ?? 1;
        const row = machine.processes.start({ name, arguments: words, parent, at: machine.now() });
        runtime.mainPid ??= row.pid;
        runtime.mainName ??= row.name;
        runtime.pids = [...runtime.pids, row.pid];
        return row.pid;
      },
      reap: (pid) => {
        runtime.pids = runtime.pids.filter((other) => other !== pid);
        machine.processes.end(pid);
      },
      log: (entry) => machine.journal.write({ ...entry, unit: file.unit }),
      exited: (how) => {
        assert(!over, `${file.unit} ended twice`);
        over = true;
        this.#ended(file.unit, how);
      },
    };
  }

  #ended(unit: string, how: ProgramExit): void {
    const runtime = this.#runtimeOf(unit);
    const file = loadUnit(this.#machine.disk, unit);
    const wasStopping = runtime.active === 'deactivating' || !runtime.wanted;
    const started = runtime.active !== 'activating';
    this.#clearProcesses(runtime);
    runtime.lastExit = how;
    runtime.since = this.#machine.wallClockUs();
    const clean = how.kind === 'exit' ? how.code === 0 : wasStopping && how.signal === 'TERM';
    runtime.active = clean ? 'inactive' : 'failed';
    if (clean) delete runtime.result;
    else runtime.result = how.kind === 'exit' ? 'exit-code' : 'signal';
    for (const { level, text } of endMessages({ unit, file, how, clean, wasStopping, started })) {
      this.#log(level, text, unit);
    }
    const change = clean ? 'stopped' : !started ? 'failed' : 'crashed';
    this.#recordChange(unit, runtime, change);
    this.#restartMaybe(file, runtime, clean, wasStopping);
    const waiting = runtime.whenStopped;
    runtime.whenStopped = [];
    for (const action of waiting) action();
  }

  #restartMaybe(
    file: UnitFile | undefined,
    runtime: UnitRuntime,
    clean: boolean,
    asked: boolean,
  ): void {
    if (file === undefined || asked || file.restart === 'no') return;
    if (file.restart === 'on-failure' && clean) return;
    runtime.active = 'activating';
    this.#machine.timers.after(file.restartAfterUs, () => {
      if (runtime.program !== undefined) return;
      runtime.active = 'inactive';
      this.#start(file);
    });
  }

  #clearProcesses(runtime: UnitRuntime): void {
    delete runtime.program;
    runtime.stopped = false;
    runtime.lastMainPid = runtime.mainPid;
    delete runtime.mainPid;
    for (const pid of runtime.pids) {
      this.#machine.listeners.release(pid);
      this.#machine.processes.end(pid);
    }
    runtime.pids = [];
  }

  #setStopped(runtime: UnitRuntime, stopped: boolean): void {
    runtime.stopped = stopped;
    for (const pid of runtime.pids) {
      const row = this.#machine.processes.row(pid);
      if (row !== undefined) row.stopped = stopped;
    }
    runtime.program?.setStopped(stopped);
  }

  #kindOf(file: UnitFile): string {
    const command = unitCommand(file);
    const spec = this.#machine.spec.programs.find((program) => program.name === command);
    return spec?.kind ?? command;
  }

  #runtimeOf(unit: string): UnitRuntime {
    let runtime = this.#runtime.get(unit);
    if (runtime === undefined) {
      runtime = {
        active: 'inactive',
        pids: [],
        wanted: false,
        stopped: false,
        since: 0,
        whenStopped: [],
      };
      this.#runtime.set(unit, runtime);
    }
    return runtime;
  }

  #recordChange(
    unit: string,
    runtime: UnitRuntime,
    change: 'started' | 'stopped' | 'crashed' | 'failed',
  ): void {
    const pid = runtime.mainPid ?? runtime.lastMainPid ?? 0;
    const name = unit.replace(/\.service$/, '');
    this.#machine.record({ kind: 'program', name, change, pid });
  }

  #log(level: UnitMessage['level'], text: string, unit: string): void {
    this.#machine.journal.write({ identifier: 'systemd', pid: 1, level, text, unit });
  }
}
