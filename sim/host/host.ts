/**
 * A machine: power, disk, and what lives while it has power. Power-off throws the kernel, its
 * processes and everything in memory away; the disk stays. A boot makes a new kernel from the boot
 * configuration and the files of `/etc`, then starts what is enabled. Frozen, its own time stands
 * still.
 */

import { assert } from '../../daemon/base/assert.ts';
import { errnoText } from '../../daemon/base/errno.ts';
import { randomBelow } from '../../daemon/base/random.ts';
import type { DurationUs, TimeUs } from '../../daemon/base/time.ts';
import type { DaemonStatus } from '../../daemon/core/status.ts';
import { encodeUtf8 } from '../../daemon/wire/text.ts';
import type { Engine } from '../engine/engine.ts';
import type { KernelApi } from '../kernel/kernel-api.ts';
import type { HostNic } from './boot.ts';
import { DaemonMachine } from './daemon-machine.ts';
import { Disk } from './disk.ts';
import type {
  ExecHandle,
  ExecResult,
  HostApi,
  OutputListener,
  PowerState,
  ProgramResult,
  ScriptAnswer,
  UnitState,
  UnitVerb,
} from './host-api.ts';
import type { HostRunEvent } from './host-events.ts';
import type { HostSpec } from './host-spec.ts';
import { Journal } from './journal.ts';
import { type HostEnvironment, LiveMachine } from './live-machine.ts';
import type { Machine, ProgramSignal, Unstamped } from './machine.ts';
import { sysctlOfPath } from './sysctl-file.ts';
import { enableUnit, KEEPALIVED_UNIT, loadUnit, programUnitText, unitName } from './unit-file.ts';

/** What a machine is made of. */
export interface HostOptions extends HostEnvironment {
  readonly spec: HostSpec;
  readonly engine: Engine;
  readonly nics: readonly HostNic[];
  /** Wall clock at t=0, µs since 1970-01-01 UTC. */
  readonly epochUs: number;
  readonly jitter: 'seeded' | 'none';
}

/** Start jitter of a daemon at the run's start: 0..1 s. Source: DESIGN, section 5. */
const START_JITTER_US = 1_000_000;
const SSH_FAILURE = 255;

/** One machine; see the head of the file. */
export class Host implements HostApi {
  readonly name: string;
  readonly disk: Disk;
  readonly #options: HostOptions;
  readonly #engine: Engine;
  readonly #journal: Journal;
  readonly #scriptAnswers: Map<string, ScriptAnswer>;
  #power: PowerState = 'off';
  #machine: LiveMachine | undefined;
  /** What steps moved the wall clock by, and what freezing cost it. */
  #clockOffsetUs = 0;
  /** Counts boots, so that a boot that was interrupted does not finish. */
  #life = 0;

  constructor(options: HostOptions) {
    const { spec } = options;
    this.name = spec.name;
    this.#options = options;
    this.#engine = options.engine;
    this.disk = new Disk([...baseFiles(spec), ...spec.files]);
    for (const unit of bootUnits(spec)) {
      const file = loadUnit(this.disk, unit);
      if (file !== undefined) enableUnit(this.disk, file);
    }
    this.#scriptAnswers = new Map(spec.scripts);
    this.#journal = new Journal({
      stamp: () => this.wallClockUs(),
      onLine: (line) => this.#record({ kind: 'journal', line }),
    });
  }

  get power(): PowerState {
    return this.#power;
  }

  get kernel(): KernelApi | undefined {
    return this.#machine?.kernel;
  }

  /** The machine while it has power and has booted; what the shell works on. */
  get machine(): Machine | undefined {
    return this.#machine;
  }

  /** The machine's wall clock, µs since 1970-01-01 UTC; a frozen machine's stands still. */
  wallClockUs(): number {
    const timers = this.#machine?.timers;
    const now = timers === undefined ? this.#engine.now : timers.now;
    return this.#options.epochUs + now + this.#clockOffsetUs;
  }

  powerOn(): void {
    if (this.#power !== 'off') return;
    const life = ++this.#life;
    const { bootTime } = this.#options.spec;
    if (bootTime === 0) {
      this.#boot();
      return;
    }
    this.#setPower('booting');
    this.#engine.scheduleAfter(bootTime, { onEvent: () => this.#finishBoot(life) }, 0, undefined);
  }

  powerOff(): void {
    if (this.#power === 'off') return;
    this.#life++;
    this.#machine?.losePower();
    this.#machine = undefined;
    for (const nic of this.#options.nics) nic.setPower(false);
    this.disk.losePower();
    this.#setPower('off');
  }

  reboot(): void {
    const machine = this.#machine;
    if (machine === undefined) return;
    if (this.#power === 'frozen') this.resume();
    const life = this.#life;
    machine.units.stopAll(() => {
      // A stop may take time; meanwhile somebody may have pulled the plug.
      if (this.#life !== life) return;
      this.powerOff();
      this.powerOn();
    });
  }

  freeze(): void {
    const machine = this.#machine;
    if (machine === undefined || this.#power !== 'on') return;
    machine.setFrozen(true);
    this.#setPower('frozen');
  }

  resume(): void {
    if (this.#power !== 'frozen') return;
    this.#setPower('on');
    this.#machine?.setFrozen(false);
  }

  jumpClock(by: DurationUs): void {
    this.#clockOffsetUs += by;
  }

  signal(program: string, signal: ProgramSignal): ProgramResult {
    const machine = this.#machine;
    if (machine === undefined || this.#power !== 'on') return this.#unreachable();
    if (machine.units.signal(program, signal)) return { ok: true, message: '' };
    return { ok: false, message: `${program}: no process found` };
  }

  unit(verb: UnitVerb, unit: string): ProgramResult {
    const machine = this.#machine;
    if (machine === undefined || this.#power !== 'on') return this.#unreachable();
    return machine.units.act(verb, unit);
  }

  unitState(unit: string): UnitState | undefined {
    return this.#machine?.units.state(unit);
  }

  setScriptAnswer(script: string, answer: ScriptAnswer): void {
    this.#scriptAnswers.set(script, answer);
  }

  listFolder(path: string): readonly string[] {
    return this.disk.list(path);
  }

  readFile(path: string): Uint8Array | undefined {
    return this.#machine === undefined ? this.disk.read(path) : this.#machine.readFile(path);
  }

  writeFile(path: string, bytes: Uint8Array): void {
    if (this.#machine !== undefined) this.#machine.writeFile(path, bytes);
    else if (sysctlOfPath(path) === undefined) this.disk.write(path, bytes);
  }

  removeFile(path: string): boolean {
    return this.disk.remove(path);
  }

  exec(
    commandLine: string,
    onEnd: (result: ExecResult) => void,
    onOutput?: OutputListener,
  ): ExecHandle {
    const machine = this.#machine;
    if (machine === undefined || this.#power !== 'on') {
      const why = errnoText(this.#power === 'frozen' ? 'ETIMEDOUT' : 'EHOSTUNREACH');
      const stderr = `ssh: connect to host ${this.name} port 22: ${why}\n`;
      onOutput?.('stderr', stderr);
      onEnd({ exitCode: SSH_FAILURE, stdout: '', stderr });
      return { running: false, cancel: () => {} };
    }
    return machine.execute(commandLine, onEnd, onOutput);
  }

  keepalived(): DaemonStatus | undefined {
    const program = this.#machine?.units.program('keepalived');
    return program instanceof DaemonMachine ? program.status() : undefined;
  }

  journal(): Journal['lines'] {
    return this.#journal.lines;
  }

  #unreachable(): ProgramResult {
    const why = this.#power === 'frozen' ? 'is frozen' : 'has no power';
    return { ok: false, message: `${this.name} ${why}` };
  }

  #finishBoot(life: number): void {
    if (this.#life === life) this.#boot();
  }

  #boot(): void {
    assert(this.#machine === undefined, 'a machine boots that runs already');
    const { nics } = this.#options;
    for (const nic of nics) nic.setPower(true);
    const machine = new LiveMachine({
      environment: this.#options,
      nics,
      spec: this.#options.spec,
      engine: this.#engine,
      disk: this.disk,
      journal: this.#journal,
      scriptAnswers: this.#scriptAnswers,
      wallClockUs: () => this.wallClockUs(),
      record: (event) => this.#record(event),
      reboot: () => this.reboot(),
      powerOff: () => this.powerOff(),
    });
    this.#machine = machine;
    this.#setPower('on');
    machine.boot();
    for (const line of this.#options.spec.bootCommands ?? []) this.#runAtBoot(machine, line);
    machine.units.startEnabled((unit) => this.#startDelay(unit));
  }

  #runAtBoot(machine: LiveMachine, line: string): void {
    machine.execute(line, ({ exitCode, stderr }) => {
      if (exitCode === 0) return;
      const text = `${line}: ${stderr.trim() === '' ? `exit ${exitCode}` : stderr.trim()}`;
      this.#journal.write({ identifier: 'rc.local', pid: 1, level: 'warning', text });
    });
  }

  /** Daemons of a LAN do not start in the same microsecond; later starts come exactly when told. */
  #startDelay(unit: string): number {
    const atStart = this.#engine.now <= this.#options.spec.bootTime;
    if (!atStart || this.#options.jitter === 'none' || unit !== unitName('keepalived')) return 0;
    return randomBelow(this.#engine.streams.named(`${this.name}/keepalived`), START_JITTER_US);
  }

  #setPower(state: PowerState): void {
    this.#power = state;
    this.#record({ kind: 'power', state });
  }

  #record(event: Unstamped<HostRunEvent>): void {
    const at: TimeUs = this.#engine.now;
    this.#engine.log.record<HostRunEvent>({ at, node: this.name, ...event });
  }
}

/** Files of a fresh installation; the scenario's files come on top. */
function baseFiles(spec: HostSpec): readonly (readonly [string, Uint8Array])[] {
  const given = new Map(spec.files);
  const files = new Map<string, string>([
    ['/etc/hostname', `${spec.name}\n`],
    ['/lib/systemd/system/keepalived.service', KEEPALIVED_UNIT],
  ]);
  for (const program of spec.programs) {
    files.set(`/lib/systemd/system/${unitName(program.name)}`, programUnitText(program.name));
  }
  return [...files]
    .filter(([path]) => !given.has(path))
    .map(([path, text]) => [path, encodeUtf8(text)] as const);
}

function bootUnits(spec: HostSpec): readonly string[] {
  return [...spec.enabledUnits, ...spec.programs.map((program) => program.name)];
}
