/**
 * lvs_sync_daemon as a part of the daemon: the kernel's connection sync. With an instance the VRRP process has it, and it
 * follows the instance's state, which is read off the reports that go out; without one the checkers' process lets both
 * halves run, and there is none where there are no virtual servers.
 *
 * A reload starts again what runs already, which the kernel refuses and the log tells; only when its settings are other
 * ones is it stopped before. Source: recording v01; what 2.2.7 did in a guest; keepalived.conf(5).
 */

import type { LvsSyncDaemonConfig } from '../config/global-config.ts';
import { followInstance, startSync, stopSync } from '../lvs/connection-sync.ts';
import type { Command } from './commands.ts';

type Words = readonly (readonly string[])[];

/** The sync daemon as one of the two processes has it. */
export class ConnectionSync {
  readonly #process: 'vrrp' | 'checkers';
  readonly #takeId: () => number;
  #config: LvsSyncDaemonConfig | undefined;
  #master = false;

  constructor(process: 'vrrp' | 'checkers', takeId: () => number) {
    this.#process = process;
    this.#takeId = takeId;
  }

  /** Whether this process has one. */
  get isWanted(): boolean {
    return this.#config !== undefined;
  }

  /** The beginning; what a killed daemon left running ends first. */
  start(settings: LvsSyncDaemonConfig | undefined): readonly Command[] {
    this.#config = this.#isMine(settings) ? settings : undefined;
    if (this.#config === undefined) return [];
    return [...this.#clear(), ...this.#commands(startSync(this.#config, false))];
  }

  /** Other settings, or the same again. */
  reload(settings: LvsSyncDaemonConfig | undefined): readonly Command[] {
    const before = this.#config;
    this.#config = this.#isMine(settings) ? settings : undefined;
    const isSame = JSON.stringify(before) === JSON.stringify(this.#config);
    const out = before === undefined || isSame ? [] : this.#clear();
    return this.#config === undefined
      ? out
      : [...out, ...this.#commands(startSync(this.#config, this.#master))];
  }

  /** Adds what the reports in `out` mean, each behind its report. */
  follow(out: readonly Command[]): readonly Command[] {
    const instance = this.#config?.instance;
    if (instance === undefined) return out;
    return out.flatMap((command) => {
      if (command.kind !== 'report' || command.report.kind !== 'vrrp-state') return [command];
      const { report } = command;
      const master = report.to === 'MASTER';
      if (report.instance !== instance || master === this.#master) return [command];
      this.#master = master;
      if (this.#config === undefined) return [command];
      return [command, ...this.#commands(followInstance(this.#config, master))];
    });
  }

  /** The end. */
  stop(): readonly Command[] {
    const settings = this.#config;
    this.#config = undefined;
    if (settings === undefined) return [];
    return this.#process === 'vrrp'
      ? this.#commands(stopSync(settings, this.#master))
      : this.#clear();
  }

  #isMine(settings: LvsSyncDaemonConfig | undefined): boolean {
    if (settings === undefined) return false;
    return (settings.instance !== undefined) === (this.#process === 'vrrp');
  }

  /** Both halves end, if they run at all. */
  #clear(): Command[] {
    return ['master', 'backup'].map((role) => ({
      kind: 'ipvs',
      id: this.#takeId(),
      words: ['--stop-daemon', role],
      mayFail: true,
    }));
  }

  #commands(words: Words): readonly Command[] {
    return words.map((one) => ({ kind: 'ipvs', id: this.#takeId(), words: one }));
  }
}
