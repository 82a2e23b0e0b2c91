/**
 * What runs beside the VRRP process: health checkers, BFD sessions, and the kernel's connection sync.
 *
 * Each is there while the configuration wants it; a reload starts, changes or ends it. BFD's news reach VRRP and the
 * checkers here, so those three do not know each other. The daemon calls the parts in keepalived's order.
 */

import { earliest, type TimeUs } from '../base/time.ts';
import { bfdText } from '../bfd/bfd-text.ts';
import type { DaemonConfig } from '../config/daemon-config.ts';
import { lvsText } from '../lvs/lvs-text.ts';
import { bfdChanged } from '../vrrp/tracking.ts';
import { takeId, type VrrpMachine } from '../vrrp/vrrp-machine.ts';
import { BfdProcess, type BfdStep } from './bfd-process.ts';
import { CheckerProcess } from './checker-process.ts';
import type { Command, CommandId } from './commands.ts';
import { ConnectionSync } from './connection-sync.ts';
import type { DaemonOptions } from './daemon-options.ts';
import type { SystemEvent } from './events.ts';
import { IpvsBook } from './ipvs-book.ts';
import type { Outbox } from './outbox.ts';
import { wantsBfd, wantsCheckers } from './process-plan.ts';
import type { DaemonStatus } from './status.ts';

/** See the head of the file. */
export class SiblingProcesses {
  readonly #options: DaemonOptions;
  readonly #outbox: Outbox;
  #checkers: CheckerProcess | undefined;
  #bfd: BfdProcess | undefined;
  #sync: ConnectionSync | undefined;
  /** Whose commands for the connection sync are refused. */
  #syncProcess: 'vrrp' | 'checkers' = 'checkers';
  readonly #ipvs = new IpvsBook();

  constructor(options: DaemonOptions, outbox: Outbox) {
    this.#options = options;
    this.#outbox = outbox;
  }

  /** What a dump of the daemon's data takes from here. */
  get dumped(): {
    readonly bfd: BfdProcess | undefined;
    readonly checkers: CheckerProcess | undefined;
  } {
    return { bfd: this.#bfd, checkers: this.#checkers };
  }

  /** The BFD process ended for good, and nobody restarts it. */
  get lostBfd(): boolean {
    return this.#bfd?.isLost ?? false;
  }

  /** Something happened: answers of checkers first, then BFD and whoever waits for its news. */
  receive(machine: VrrpMachine, event: SystemEvent, now: TimeUs): void {
    const answered = this.#checkers?.receive(event, now);
    if (answered !== undefined) this.#outbox.push(...answered);
    if (this.#bfd !== undefined) this.follow(machine, this.#bfd.receive(event, now), now);
  }

  /** Everything that is due by now. */
  advance(machine: VrrpMachine, now: TimeUs): void {
    if (this.#bfd !== undefined) this.follow(machine, this.#bfd.advance(now), now);
    if (this.#checkers !== undefined) this.#outbox.push(...this.#checkers.advance(now));
  }

  nextDeadline(): TimeUs | undefined {
    return earliest(this.#checkers?.nextDeadline(), this.#bfd?.nextDeadline());
  }

  status(): {
    readonly services: DaemonStatus['services'] | undefined;
    readonly bfd: DaemonStatus['bfd'] | undefined;
  } {
    return { services: this.#checkers?.status(), bfd: this.#bfd?.status() };
  }

  /** Starts, reloads or ends the checkers' process, as the configuration wants it. */
  setCheckers(machine: VrrpMachine, config: DaemonConfig, now: TimeUs): void {
    const wanted = wantsCheckers(config, this.#options.flags);
    if (wanted && this.#checkers !== undefined) {
      this.#outbox.push(...this.#checkers.reload(config, now));
    } else if (wanted) {
      const { system, random, flags } = this.#options;
      const { logDetail } = flags;
      const take = () => takeId(machine);
      this.#checkers = new CheckerProcess(config, { system, random, takeId: take, logDetail });
      this.#outbox.push(...this.#checkers.start(config, now));
    } else if (this.#checkers !== undefined) {
      this.#outbox.push(...this.#checkers.stop());
      this.#checkers = undefined;
    }
  }

  /** Starts, reloads or ends the BFD part, as the configuration wants it. */
  setBfd(machine: VrrpMachine, config: DaemonConfig, now: TimeUs): void {
    const wanted = wantsBfd(config, this.#options.flags);
    if (wanted && this.#bfd !== undefined) {
      this.follow(machine, this.#bfd.reload(config.bfd, now), now);
    } else if (wanted) {
      const { random, flags } = this.#options;
      const take = () => takeId(machine);
      this.#bfd = new BfdProcess({ random, takeId: take, logDetail: flags.logDetail });
      this.follow(machine, this.#bfd.start(config.bfd, now), now);
    } else if (this.#bfd !== undefined) {
      this.#outbox.push(...this.#bfd.stop());
      this.#bfd = undefined;
    }
  }

  /** lvs_sync_daemon with an instance; it is the VRRP process's, and not there without one. */
  setSync(machine: VrrpMachine, config: DaemonConfig): void {
    const isStart = this.#sync === undefined;
    const sync = this.#sync ?? new ConnectionSync('vrrp', () => takeId(machine));
    this.#sync = sync;
    const { lvsSyncDaemon } = config.global;
    const commands = isStart ? sync.start(lvsSyncDaemon) : sync.reload(lvsSyncDaemon);
    this.#syncProcess = sync.isWanted ? 'vrrp' : 'checkers';
    if (sync.isWanted)
      this.#outbox.say('vrrp', isStart ? lvsText.initialising() : lvsText.reinitialising());
    this.#outbox.push(...commands);
  }

  /** Adds to the commands of a call what they mean for the connection sync, and remembers what the kernel may refuse. */
  withSync(commands: readonly Command[]): readonly Command[] {
    const out = this.#sync === undefined ? commands : this.#sync.follow(commands);
    this.#ipvs.note(out);
    return out;
  }

  /** The kernel refused something; whether it was a command for its IPVS table. */
  refused(
    machine: VrrpMachine,
    event: { readonly id: CommandId; readonly reason: string },
  ): boolean {
    const syncProcess = this.#syncProcess;
    const said = this.#ipvs.refused(event, { takeId: () => takeId(machine), syncProcess });
    if (said !== undefined) this.#outbox.push(...said);
    return said !== undefined;
  }

  /** SIGTERM. */
  stop(): void {
    if (this.#checkers !== undefined) this.#outbox.push(...this.#checkers.stop());
    if (this.#sync !== undefined) this.#outbox.push(...this.#sync.stop());
    if (this.#bfd !== undefined) this.#outbox.push(...this.#bfd.stop());
    this.#bfd = undefined;
    this.#checkers = undefined;
  }

  /** Hands on what the BFD part wants; VRRP and checkers hear its news where they stand in the list. */
  follow(machine: VrrpMachine, steps: readonly BfdStep[], now: TimeUs): void {
    for (const step of steps) {
      if (step.kind !== 'bfd-news') {
        this.#outbox.push(step);
        continue;
      }
      const { name, up } = step;
      const bfd = step.vrrp ? machine.bfds.find((one) => one.name === name) : undefined;
      const detailed = this.#options.flags.logDetail && machine.instances.length > 0;
      if (step.vrrp && detailed) this.#outbox.say('vrrp', bfdText.event(name, up));
      if (bfd !== undefined) bfdChanged(machine, bfd, up, now);
      if (step.checker && this.#checkers !== undefined) {
        if (this.#options.flags.logDetail) this.#outbox.say('checkers', bfdText.event(name, up));
        this.#outbox.push(...this.#checkers.bfdChanged({ name, up }, now));
      }
    }
  }
}
