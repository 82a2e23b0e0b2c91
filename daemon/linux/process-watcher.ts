/**
 * Tells when processes begin and end, for `vrrp_track_process`. The kernel's process connector tells it at once, as it tells
 * keepalived; where there is none (another network namespace than the machine's first one) /proc is looked at again and again,
 * which is late by at most one interval and does not see a process that lives shorter than that.
 */

import { readdirSync } from 'node:fs';
import type { SystemEvent } from '../core/events.ts';
import type { ProcessFacts } from '../core/system.ts';
import { listProcesses, processFacts } from './linux-system.ts';
import type { DescriptorPoller } from './native/descriptor-poller.ts';
import { type Libc, SystemCallError } from './native/libc.ts';
import { listenProcesses, type ProcessEvent } from './native/process-connector.ts';

/** How often /proc is looked at, in ms: well below the shortest `delay` that people configure (1 s). */
const INTERVAL_MS = 200;

/** What a watcher stands on. */
export interface ProcessWatcherOptions {
  readonly libc: Libc;
  readonly poller: DescriptorPoller;
  readonly deliver: (event: SystemEvent) => void;
  readonly warn: (text: string) => void;
}

/** Keeps the process list of this machine up to date while somebody wants it. */
export class ProcessWatcher {
  readonly #options: ProcessWatcherOptions;
  #stop: (() => void) | undefined;
  #known = new Map<number, ProcessFacts>();

  constructor(options: ProcessWatcherOptions) {
    this.#options = options;
  }

  /** Begins or ends watching. */
  watch(wanted: boolean): void {
    this.#stop?.();
    this.#stop = undefined;
    if (!wanted) return;
    // Listening comes before the list: what begins in between is seen twice rather than never.
    this.#stop = this.#listen() ?? this.#lookAgainAndAgain();
    this.#known = byPid(listProcesses());
  }

  /** `undefined` where there is no connector. */
  #listen(): (() => void) | undefined {
    const { libc, poller, warn } = this.#options;
    try {
      return listenProcesses({
        libc,
        poller,
        onEvent: (event) => this.#take(event),
        onOverrun: () => this.#look(),
      });
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      // The first half is keepalived's line; it tracks no process then.
      const what = `errno ${error.errno} - ${error.reason}`;
      warn(`Failed to set/clear process event listen - ${what}: looking at /proc instead`);
      return undefined;
    }
  }

  #lookAgainAndAgain(): () => void {
    const timer = setInterval(() => {
      // Names alone are cheap; the details are read only when something came or went.
      const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
      const same = pids.length === this.#known.size && pids.every((pid) => this.#known.has(+pid));
      if (!same) this.#look();
    }, INTERVAL_MS);
    timer.unref();
    return () => clearInterval(timer);
  }

  #take(event: ProcessEvent): void {
    const { pid } = event;
    switch (event.kind) {
      case 'ended':
        this.#setTo(pid, undefined);
        break;
      case 'forked': {
        // Until it says otherwise it is what its parent is; /proc need not be read for that.
        const parent = this.#known.get(event.parent);
        this.#setTo(pid, parent === undefined ? processFacts(pid) : { ...parent, pid });
        break;
      }
      case 'changed':
        this.#setTo(pid, processFacts(pid) ?? this.#known.get(pid));
    }
  }

  #look(): void {
    const now = byPid(listProcesses());
    for (const pid of [...this.#known.keys()]) this.#setTo(pid, now.get(pid));
    for (const [pid, facts] of now) this.#setTo(pid, facts);
  }

  /** A process is another one now, has begun, or is gone. */
  #setTo(pid: number, facts: ProcessFacts | undefined): void {
    const before = this.#known.get(pid);
    if (before !== undefined && facts !== undefined && isSame(before, facts)) return;
    if (before !== undefined) {
      this.#known.delete(pid);
      this.#options.deliver({ kind: 'process-ended', ...before });
    }
    if (facts === undefined) return;
    this.#known.set(pid, facts);
    this.#options.deliver({ kind: 'process-started', ...facts });
  }
}

function byPid(processes: readonly ProcessFacts[]): Map<number, ProcessFacts> {
  return new Map(processes.map((facts) => [facts.pid, facts]));
}

function isSame(one: ProcessFacts, other: ProcessFacts): boolean {
  return one.name === other.name && one.arguments.join('\0') === other.arguments.join('\0');
}
