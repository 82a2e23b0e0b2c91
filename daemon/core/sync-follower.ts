/**
 * lvs_sync_daemon as a part of the daemon: the kernel's connection sync follows the state of an instance,
 * which is read off the reports that go out. Source: recording v01; keepalived.conf(5).
 */

import type { LvsSyncDaemonConfig } from '../config/global-config.ts';
import { followInstance, startSync, stopSync } from '../lvs/connection-sync.ts';
import type { Command } from './commands.ts';

/** Follows one instance, or none. */
export class SyncFollower {
  readonly #config: LvsSyncDaemonConfig;
  readonly #takeId: () => number;
  #master = false;

  constructor(config: LvsSyncDaemonConfig, takeId: () => number) {
    this.#config = config;
    this.#takeId = takeId;
  }

  /** The beginning: backup where an instance is followed, else both. */
  start(): readonly Command[] {
    return startSync(this.#config).map((words) => this.#ipvs(words));
  }

  /** Adds what the reports in `out` mean, each behind its report. */
  follow(out: readonly Command[]): readonly Command[] {
    const { instance } = this.#config;
    if (instance === undefined) return out;
    return out.flatMap((command) => {
      if (command.kind !== 'report' || command.report.kind !== 'vrrp-state') return [command];
      const { report } = command;
      const master = report.to === 'MASTER';
      if (report.instance !== instance || master === this.#master) return [command];
      this.#master = master;
      const words = followInstance(this.#config, master);
      return [command, ...words.map((one) => this.#ipvs(one))];
    });
  }

  /** The end. */
  stop(): readonly Command[] {
    return stopSync(this.#config, this.#master).map((words) => this.#ipvs(words));
  }

  #ipvs(words: readonly string[]): Command {
    return { kind: 'ipvs', id: this.#takeId(), words };
  }
}
