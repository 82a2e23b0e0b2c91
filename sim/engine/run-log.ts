/**
 * What happened in a run, as typed events in order, append-only, and the hash over all of it. Each layer
 * declares its own events; the log itself knows only time, node and kind. Words are made at the edge, by one formatter per event
 * (`sim/report/event-text.ts`).
 */

import type { TimeUs } from '../../daemon/base/time.ts';

/** The least that every event of a run has. */
export interface RunEvent {
  readonly at: TimeUs;
  /** Host, switch or cable that it happened to; '' for the run as a whole. */
  readonly node: string;
  readonly kind: string;
}

/** Receives every event as it is recorded; for verdicts, live views and reporters. */
export type RunListener = (event: RunEvent) => void;

/** The append-only log; see the head of the file. */
export class RunLog {
  readonly events: RunEvent[] = [];
  readonly #listeners: RunListener[] = [];
  #low = 0x811c9dc5 | 0;
  #high = 0x1b873593 | 0;

  /** Appends an event, hashes it and tells the listeners. */
  record<T extends RunEvent>(event: T): void {
    this.events.push(event);
    this.mixText(canonicalText(event));
    for (const listener of this.#listeners) listener(event);
  }

  /** Calls `listener` for every later event. */
  listen(listener: RunListener): void {
    this.#listeners.push(listener);
  }

  /** Adds a number to the hash without an event (frames that crossed a cable, say). */
  mixNumber(value: number): void {
    this.#low = Math.imul(this.#low ^ (value | 0), 0x01000193);
    this.#high = Math.imul(this.#high ^ ((value / 0x1_0000_0000) | 0), 0x85ebca6b) ^ this.#low;
  }

  /** Adds text to the hash. */
  mixText(text: string): void {
    for (let i = 0; i < text.length; i++) this.mixNumber(text.charCodeAt(i));
  }

  /** Adds bytes to the hash. */
  mixBytes(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) this.mixNumber(bytes[i] as number);
    this.mixNumber(bytes.length);
  }

  /** The hash so far: 16 hexadecimal digits. */
  hash(): string {
    const word = (value: number) => (value >>> 0).toString(16).padStart(8, '0');
    return word(this.#high) + word(this.#low);
  }
}

/** One text per value, independent of the order in which keys were written. */
function canonicalText(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Uint8Array) return `[${value.join(',')}]`;
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${key}:${canonicalText(item)}`).join(',')}}`;
}
