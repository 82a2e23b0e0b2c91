/**
 * The notify FIFOs. They are made when missing, held open for reading too (so a write without a reader is not
 * an error), written without waiting, and removed at the end when they were ours. A full FIFO loses the line,
 * as keepalived's does.
 */

import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, statSync, unlinkSync, writeSync } from 'node:fs';

/** All FIFOs of one daemon. */
export class FifoOutput {
  readonly #descriptors = new Map<string, number>();
  readonly #made = new Set<string>();

  /** Makes and opens a FIFO; the text of the failure, if any. */
  prepare(path: string): string | undefined {
    if (this.#descriptors.has(path)) return undefined;
    try {
      if (!exists(path)) {
        spawnSync('mkfifo', ['-m', '600', '--', path]);
        this.#made.add(path);
      }
      if (!statSync(path).isFIFO()) return `${path} is not a FIFO`;
      this.#descriptors.set(path, openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Writes one line; the text of the failure, if any. */
  write(path: string, line: string): string | undefined {
    const failure = this.prepare(path);
    if (failure !== undefined) return failure;
    try {
      writeSync(this.#descriptors.get(path) as number, `${line}\n`);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Closes all, and removes those that were made here. */
  close(): void {
    for (const descriptor of this.#descriptors.values()) closeSync(descriptor);
    for (const path of this.#made) {
      try {
        unlinkSync(path);
      } catch {
        // Somebody removed it before us.
      }
    }
    this.#descriptors.clear();
    this.#made.clear();
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
