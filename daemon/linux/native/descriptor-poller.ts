/**
 * One waiting `poll` over all descriptors that Node cannot watch itself (netlink, AF_PACKET, raw IP). Exactly
 * one call is pending at any time, so one thread of Node's pool is in use whatever the number of descriptors,
 * and its wait is bounded, so the process can always exit. A change of the set wakes it at once.
 */

import { LINUX, type Libc, POLLFD_LENGTH } from './libc.ts';

/** The longest a pending poll holds its thread, in ms. */
const POLL_TIMEOUT_MS = 200;

interface Watched {
  readonly events: number;
  readonly onReady: () => void;
}

/** Waits for descriptors to become readable, or once writable. */
export class DescriptorPoller {
  readonly #libc: Libc;
  readonly #wakeDescriptor: number;
  readonly #watched = new Map<number, Watched>();
  readonly #discarded = new Uint8Array(8);
  #pending = false;
  #dispatching = false;
  #closed = false;
  #closeListeners: (() => void)[] = [];

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#wakeDescriptor = libc.eventDescriptor();
  }

  /** Calls `onReadable` whenever `descriptor` has something; it must read until EAGAIN. */
  watch(descriptor: number, onReadable: () => void): void {
    this.#add(descriptor, { events: LINUX.POLLIN, onReady: onReadable });
  }

  /**
   * Has everything read that is readable at this moment, without waiting for the pending poll: its thread may not have had
   * the processor yet. What that poll then finds readable is empty, and reading it harms nobody.
   */
  readNow(): void {
    if (this.#closed || this.#dispatching) return;
    const polled = [...this.#watched].filter(([, { events }]) => events === LINUX.POLLIN);
    if (polled.length === 0) return;
    const view = tableOf(polled);
    if (this.#libc.pollNow(new Uint8Array(view.buffer)) <= 0) return;
    // As in a poll of its own: sets that change meanwhile wait for the end.
    this.#dispatching = true;
    for (const [index, [descriptor, watched]] of polled.entries()) {
      const isSame = this.#watched.get(descriptor) === watched;
      if (isSame && isReady(view, index)) watched.onReady();
    }
    this.#dispatching = false;
    if (!this.#pending) this.#arm();
  }

  /**
   * Calls `onWritable` once, when `descriptor` can be written to or has failed. It is then no longer watched, and no
   * poll is pending: the caller may close it or hand it over.
   */
  whenWritable(descriptor: number, onWritable: () => void): void {
    const onReady = (): void => {
      this.#watched.delete(descriptor);
      onWritable();
    };
    this.#add(descriptor, { events: LINUX.POLLOUT, onReady });
  }

  /** Stops watching, then closes the descriptor once no pending poll can touch it any more. */
  release(descriptor: number): void {
    this.#watched.delete(descriptor);
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
    for (const descriptor of [...this.#watched.keys()]) this.release(descriptor);
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

  #add(descriptor: number, watched: Watched): void {
    this.#watched.set(descriptor, watched);
    if (this.#pending) this.#wake();
    else if (!this.#dispatching) this.#arm();
  }

  #wake(): void {
    this.#libc.write(this.#wakeDescriptor, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
  }

  #arm(): void {
    if (this.#closed || this.#watched.size === 0) return;
    const polled = [...this.#watched];
    const wake = [this.#wakeDescriptor, { events: LINUX.POLLIN, onReady: () => {} }] as const;
    const view = tableOf([wake, ...polled]);
    this.#pending = true;
    const table = new Uint8Array(view.buffer);
    this.#libc.pollAsync(table, POLL_TIMEOUT_MS, () => this.#onPolled(polled, view));
  }

  #onPolled(polled: readonly (readonly [number, Watched])[], view: DataView): void {
    this.#pending = false;
    // No poll begins before all have been told: each may close its descriptor or hand it over.
    this.#dispatching = true;
    const listeners = this.#closeListeners;
    this.#closeListeners = [];
    if (isReady(view, 0)) this.#libc.read(this.#wakeDescriptor, this.#discarded);
    for (const [index, [descriptor, watched]] of polled.entries()) {
      // Its number may by now belong to another one.
      const isSame = this.#watched.get(descriptor) === watched;
      if (isSame && isReady(view, index + 1)) watched.onReady();
    }
    for (const listener of listeners) listener();
    this.#dispatching = false;
    this.#arm();
  }
}

/** `struct pollfd` one after the other. */
function tableOf(polled: readonly (readonly [number, Watched])[]): DataView {
  const view = new DataView(new ArrayBuffer(polled.length * POLLFD_LENGTH));
  for (const [index, [descriptor, { events }]] of polled.entries()) {
    view.setInt32(index * POLLFD_LENGTH, descriptor, true);
    view.setInt16(index * POLLFD_LENGTH + 4, events, true);
  }
  return view;
}

function isReady(table: DataView, index: number): boolean {
  return table.getInt16(index * POLLFD_LENGTH + 6, true) !== 0;
}
