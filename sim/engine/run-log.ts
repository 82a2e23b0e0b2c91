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

/** What a log writes down. Listeners hear every event in any case. */
export interface RunLogOptions {
  /** Every frame on every cable and every event goes into the hash; without it the hash is ''. */
  readonly hash: boolean;
  /** Events are kept; without it they are only counted, so that a long run does not grow. */
  readonly keep: boolean;
}

/** Everything: what verdicts, stories and repeatable reports stand on. */
export const FULL_LOG: RunLogOptions = { hash: true, keep: true };

/** Events for verdicts and stories, without a hash of what crossed the cables. */
export const EVENTS_ONLY: RunLogOptions = { hash: false, keep: true };

/** Nothing: for runs of which only counters and listeners are asked for. */
export const NO_LOG: RunLogOptions = { hash: false, keep: false };

/** The append-only log; see the head of the file. */
export class RunLog {
  /** Empty when events are not kept. */
  readonly events: RunEvent[] = [];
  /** Events recorded so far, kept or not. */
  eventCount = 0;
  /** Whether frames and events are hashed; cables ask once, so that frames are free without it. */
  readonly hashing: boolean;
  readonly #keeping: boolean;
  readonly #listeners: RunListener[] = [];
  readonly #hash = new TraceHash();
  /** A flood hashes one frame for many cables: the digest of the last frame is kept. */
  #lastFrame: Uint8Array | undefined;
  #lastFrameHigh = 0;
  #lastFrameLow = 0;

  constructor(options: RunLogOptions = FULL_LOG) {
    this.hashing = options.hash;
    this.#keeping = options.keep;
  }

  /** Appends an event, hashes it and tells the listeners. */
  record<T extends RunEvent>(event: T): void {
    this.eventCount++;
    if (this.#keeping) this.events.push(event);
    if (this.hashing) this.#hash.text(canonicalText(event));
    for (const listener of this.#listeners) listener(event);
  }

  /** Calls `listener` for every later event. */
  listen(listener: RunListener): void {
    this.#listeners.push(listener);
  }

  /** Adds a number to the hash without an event. */
  mixNumber(value: number): void {
    if (this.hashing) this.#hash.number(value);
  }

  /** Adds text to the hash without an event. */
  mixText(text: string): void {
    if (this.hashing) this.#hash.text(text);
  }

  /** Adds bytes to the hash without an event. */
  mixBytes(bytes: Uint8Array): void {
    if (this.hashing) this.#hash.bytes(bytes);
  }

  /**
   * Adds a frame that crossed a cable: when, in which direction of which cable (`line`, a whole number), its
   * bytes, and why it was lost ('' when it was not). Relies on frames never being written to once they were sent.
   */
  mixFrame(at: TimeUs, line: number, frame: Uint8Array, lost: string): void {
    if (!this.hashing) return;
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

  /** The hash so far: 16 hexadecimal digits, or '' when nothing is hashed. */
  hash(): string {
    return this.hashing ? this.#hash.hex() : '';
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
