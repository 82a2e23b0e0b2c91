/**
 * Timers of the programs of one machine, in machine time. A frozen machine's timers stand still and
 * go on with the rest of their span; a machine without power has none. Machine time is the engine's
 * time minus the time that the machine was frozen.
 */

import type { DurationUs, TimeUs } from '../../daemon/base/time.ts';
import type { Engine } from '../engine/engine.ts';
import type { EventHandle, EventTarget } from '../engine/event-queue.ts';

/** A pending timer. */
export interface MachineTimer {
  /** Takes it out; nothing happens when it has fired. */
  cancel(): void;
}

interface Pending {
  /** Machine time, µs. */
  readonly dueAt: number;
  readonly action: () => void;
  handle: EventHandle;
}

/** The timers; see the head of the file. */
export class MachineTimers implements EventTarget {
  readonly #engine: Engine;
  readonly #pending = new Set<Pending>();
  #frozenSince: number | undefined;
  #frozenFor = 0;
  #dead = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Machine time: stands still while frozen. */
  get now(): TimeUs {
    return ((this.#frozenSince ?? this.#engine.now) - this.#frozenFor) as TimeUs;
  }

  /** Engine time minus machine time. */
  get lagUs(): DurationUs {
    return this.#frozenFor as DurationUs;
  }

  /** Calls `action` once after `by`. */
  after(by: DurationUs | number, action: () => void): MachineTimer {
    const entry: Pending = { dueAt: this.now + by, action, handle: 0 };
    if (!this.#dead) {
      this.#pending.add(entry);
      this.#arm(entry);
    }
    return { cancel: () => this.#drop(entry) };
  }

  /** Stops all timers where they are. */
  freeze(): void {
    if (this.#frozenSince !== undefined) return;
    this.#frozenSince = this.#engine.now;
    for (const entry of this.#pending) this.#engine.cancel(entry.handle);
  }

  /** Lets them go on, each with the rest of its span, in the order in which they were set. */
  resume(): void {
    if (this.#frozenSince === undefined) return;
    this.#frozenFor += this.#engine.now - this.#frozenSince;
    this.#frozenSince = undefined;
    for (const entry of this.#pending) this.#arm(entry);
  }

  /** Forgets all timers for good. */
  losePower(): void {
    for (const entry of this.#pending) this.#engine.cancel(entry.handle);
    this.#pending.clear();
    this.#dead = true;
  }

  onEvent(_now: TimeUs, _code: number, payload: unknown): void {
    const entry = payload as Pending;
    this.#pending.delete(entry);
    entry.action();
  }

  #arm(entry: Pending): void {
    if (this.#frozenSince !== undefined) return;
    const at = (entry.dueAt + this.#frozenFor) as TimeUs;
    entry.handle = this.#engine.schedule(at, this, 0, entry);
  }

  #drop(entry: Pending): void {
    if (this.#pending.delete(entry)) this.#engine.cancel(entry.handle);
  }
}
