/**
 * What happened in a run, as typed events in order, append-only, and the hash over all of it. Each layer
 * declares its own events; the log itself knows only time, node and kind. Words are made at the edge, by one
 * formatter per event (`sim/report/event-text.ts`).
 */

import type { TimeUs } from '../../daemon/base/time.ts';
import { TraceHash } from './trace-hash.ts';

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
  /** Whether there is a hash; without one, frames need not be told of. */
  readonly traced: boolean;
  readonly #listeners: RunListener[] = [];
  readonly #hash = new TraceHash();
  /** A flood hashes one frame for many cables: the digest of the last frame is kept. */
  #lastFrame: Uint8Array | undefined;
  #lastFrameHigh = 0;
  #lastFrameLow = 0;

  constructor(options: { readonly traced: boolean } = { traced: true }) {
    this.traced = options.traced;
  }

  /** Appends an event, hashes it and tells the listeners. */
  record<T extends RunEvent>(event: T): void {
    this.events.push(event);
    if (this.traced) this.#hash.text(canonicalText(event));
    for (const listener of this.#listeners) listener(event);
  }

  /** Calls `listener` for every later event. */
  listen(listener: RunListener): void {
    this.#listeners.push(listener);
  }

  /** Adds a number to the hash without an event. */
  mixNumber(value: number): void {
    if (this.traced) this.#hash.number(value);
  }

  /** Adds text to the hash without an event. */
  mixText(text: string): void {
    if (this.traced) this.#hash.text(text);
  }

  /** Adds bytes to the hash without an event. */
  mixBytes(bytes: Uint8Array): void {
    if (this.traced) this.#hash.bytes(bytes);
  }

  /**
   * Adds a frame that crossed a cable: when, in which direction of which cable (`line`, a whole number), its
   * bytes, and why it was lost ('' when it was not). Relies on frames never being written to once they were sent.
   */
  mixFrame(at: TimeUs, line: number, frame: Uint8Array, lost: string): void {
    if (!this.traced) return;
    if (frame !== this.#lastFrame) {
      const digest = new TraceHash();
      digest.bytes(frame);
      [this.#lastFrameHigh, this.#lastFrameLow] = digest.finish();
      this.#lastFrame = frame;
    }
    const hash = this.#hash;
    hash.number(at);
    hash.word(line);
    hash.word(this.#lastFrameHigh);
    hash.word(this.#lastFrameLow);
    hash.text(lost);
  }

  /** The hash so far: 16 hexadecimal digits; '' of a log without one. */
  hash(): string {
    if (!this.traced) return '';
    return this.#hash.hex();
  }
}

/** One text per value, independent of the order in which keys were written. */
function canonicalText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof Uint8Array) return `bytes[${value.join(',')}]`;
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (value instanceof Map) return `map${canonicalText([...value])}`;
  if (value instanceof Set) return `set${canonicalText([...value])}`;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalText(item)}`);
  return `{${parts.join(',')}}`;
}
