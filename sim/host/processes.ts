/**
 * The process table of a running machine: who runs, under which number and name. Numbers count up
 * from a fixed start, so that a run is the same every time. It knows nothing of what the processes
 * do.
 */

import type { ProcessFacts } from '../../daemon/core/system.ts';

/** The first number given to a program after a boot; lower ones belong to the system. */
const FIRST_PID = 401;

/** One row of the table. */
export interface ProcessRow extends ProcessFacts {
  readonly parent: number;
  /** Machine time of the start, µs. */
  readonly startedAt: number;
  /** Stopped by SIGSTOP. */
  stopped: boolean;
}

/** Hears of starts and ends. */
export type ProcessListener = (change: 'started' | 'ended', row: ProcessRow) => void;

/** The table; see the head of the file. */
export class ProcessTable {
  readonly #rows = new Map<number, ProcessRow>();
  readonly #listeners = new Set<ProcessListener>();
  #nextPid = FIRST_PID;

  constructor() {
    this.#rows.set(1, systemRow(1, 'systemd', ['/sbin/init']));
  }

  /** In order of start. */
  rows(): readonly ProcessRow[] {
    return [...this.#rows.values()];
  }

  row(pid: number): ProcessRow | undefined {
    return this.#rows.get(pid);
  }

  /** Processes of that command name, the latest first, as pidof prints them. */
  named(name: string): readonly ProcessRow[] {
    return this.rows()
      .filter((row) => row.name === name)
      .reverse();
  }

  /** Takes the next number without a row: for processes too short to be seen. */
  takePid(): number {
    return this.#nextPid++;
  }

  /** Adds a process. */
  start(options: {
    readonly name: string;
    readonly arguments: readonly string[];
    readonly parent: number;
    readonly at: number;
  }): ProcessRow {
    const row: ProcessRow = {
      pid: this.takePid(),
      name: options.name.slice(0, 15),
      arguments: options.arguments,
      parent: options.parent,
      startedAt: options.at,
      stopped: false,
    };
    this.#rows.set(row.pid, row);
    for (const listener of [...this.#listeners]) listener('started', row);
    return row;
  }

  /** Takes a process out; `false` when it was gone already. */
  end(pid: number): boolean {
    const row = this.#rows.get(pid);
    if (row === undefined) return false;
    this.#rows.delete(pid);
    for (const listener of [...this.#listeners]) listener('ended', row);
    return true;
  }

  /** Calls `listener` after each change. Returns how to stop. */
  listen(listener: ProcessListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function systemRow(pid: number, name: string, words: readonly string[]): ProcessRow {
  return { pid, name, arguments: words, parent: 0, startedAt: 0, stopped: false };
}
