/**
 * One waiting `poll` over all descriptors that Node cannot watch itself (netlink, AF_PACKET, raw IP). Exactly
 * one call is pending at any time, so one thread of Node's pool is in use whatever the number of descriptors,
 * and its wait is bounded, so the process can always exit. A change of the set wakes it at once.
 */

import { LINUX, type Libc, POLLFD_LENGTH } from './libc.ts';

/** The longest a pending poll holds its thread, in ms. */
export const POLL_TIMEOUT_MS = 200;

/** Waits for descriptors to become readable. */
export class DescriptorPoller {
  readonly #libc: Libc;
  readonly #wakeDescriptor: number;
  readonly #readers = new Map<number, () => void>();
  readonly #discarded = new Uint8Array(8);
  #pending = false;
  #closed = false;
  #closeListeners: (() => void)[] = [];

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#wakeDescriptor = libc.eventDescriptor();
  }

  /** Calls `onReadable` whenever `descriptor` has something; it must read until EAGAIN. */
  watch(descriptor: number, onReadable: () => void): void {
    this.#readers.set(descriptor, onReadable);
    if (this.#pending) this.#wake();
    else this.#arm();
  }

  /** Stops watching, then closes the descriptor once no pending poll can touch it any more. */
  release(descriptor: number): void {
    this.#readers.delete(descriptor);
    if (!this.#pending) {
      this.#libc.close(descriptor);
      return;
    }
    this.#closeListeners.push(() => this.#libc.close(descriptor));
    this.#wake();
  }

  /** Closes everything; resolves when the thread of the pool is free again. */
  close(): Promise<void> {
    this.#closed = true;
    for (const descriptor of [...this.#readers.keys()]) this.release(descriptor);
    return new Promise((resolve) => {
      const finish = (): void => {
        this.#libc.close(this.#wakeDescriptor);
        resolve();
      };
      if (!this.#pending) return finish();
      this.#closeListeners.push(finish);
      this.#wake();
    });
  }

  #wake(): void {
    this.#libc.write(this.#wakeDescriptor, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
  }

  #arm(): void {
    if (this.#closed || this.#readers.size === 0) return;
    const watched = [this.#wakeDescriptor, ...this.#readers.keys()];
    const table = new Uint8Array(watched.length * POLLFD_LENGTH);
    const view = new DataView(table.buffer);
    for (const [index, descriptor] of watched.entries()) {
      view.setInt32(index * POLLFD_LENGTH, descriptor, true);
      view.setInt16(index * POLLFD_LENGTH + 4, LINUX.POLLIN, true);
    }
    this.#pending = true;
    this.#libc.pollAsync(table, POLL_TIMEOUT_MS, () => this.#onPolled(watched, view));
  }

  #onPolled(watched: readonly number[], view: DataView): void {
    this.#pending = false;
    const listeners = this.#closeListeners;
    this.#closeListeners = [];
    for (const [index, descriptor] of watched.entries()) {
      if (view.getInt16(index * POLLFD_LENGTH + 6, true) === 0) continue;
      if (index === 0) this.#libc.read(descriptor, this.#discarded);
      else this.#readers.get(descriptor)?.();
    }
    for (const listener of listeners) listener();
    this.#arm();
  }
}
