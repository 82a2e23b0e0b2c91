/**
 * Tells when processes begin and end, for `vrrp_track_process`. keepalived uses the kernel's process connector,
 * which exists in the first network namespace only; looking at /proc works everywhere and is late by at most
 * one interval. A process that lives shorter than that is not seen.
 */

import { readdirSync } from 'node:fs';
import type { SystemEvent } from '../core/events.ts';
import type { ProcessFacts } from '../core/system.ts';
import { listProcesses } from './linux-system.ts';

/** How often /proc is looked at, in ms: well below the shortest `delay` that people configure (1 s). */
const INTERVAL_MS = 200;

/** Compares the process list with itself, again and again. */
export class ProcessWatcher {
  readonly #deliver: (event: SystemEvent) => void;
  #timer: NodeJS.Timeout | undefined;
  #known = new Map<number, ProcessFacts>();

  constructor(deliver: (event: SystemEvent) => void) {
    this.#deliver = deliver;
  }

  /** Begins or ends watching. */
  watch(wanted: boolean): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (!wanted) return;
    this.#known = byPid(listProcesses());
    this.#timer = setInterval(() => this.#look(), INTERVAL_MS);
    this.#timer.unref();
  }

  #look(): void {
    // Names alone are cheap; the details are read only when something came or went.
    const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
    const same = pids.length === this.#known.size && pids.every((pid) => this.#known.has(+pid));
    if (same) return;
    const before = this.#known;
    this.#known = byPid(listProcesses());
    for (const [pid, facts] of before) {
      if (!this.#known.has(pid)) this.#deliver({ kind: 'process-ended', ...facts });
    }
    for (const [pid, facts] of this.#known) {
      if (!before.has(pid)) this.#deliver({ kind: 'process-started', ...facts });
    }
  }
}

function byPid(processes: readonly ProcessFacts[]): Map<number, ProcessFacts> {
  return new Map(processes.map((facts) => [facts.pid, facts]));
}
