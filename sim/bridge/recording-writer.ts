/**
 * Writes what comes from outside into a pcapng file as it comes: frames as packets that Wireshark shows, everything else as
 * empty packets whose comment is the input in JSON. Times are virtual ones after the scenario's epoch, so the file tells
 * when each input came to the virtual LAN; `recording-reader.ts` reads it back.
 */

import { closeSync, openSync, writeSync } from 'node:fs';
import { encodeUtf8 } from '../../daemon/wire/text.ts';
import { pcapngHead } from '../report/pcapng-write.ts';
import { BridgeError, reasonOf } from './bridge-error.ts';
import type { OutsideInput } from './outside-input.ts';

/** Octets that are collected before they are written. */
const BUFFER_LENGTH = 1_048_576;
/** Most octets of a recording; later inputs are counted and a replay ends before them. */
const RECORDING_BYTES_MAX = 2_000_000_000;

const BLOCK_ENHANCED_PACKET = 6;
const OPTION_COMMENT = 1;
const OPTION_FLAGS = 2;
const FLAG_INBOUND = 1;
/** An option's length has 16 bits; an input that is longer ends the recording. */
const OPTION_LENGTH_MAX = 65_000;
/** Header, fixed part, flags option, end of options, trailing length. */
const FRAME_OVERHEAD = 28 + 8 + 4 + 4;

/** What a recording is made of. */
export interface RecordingOptions {
  readonly path: string;
  readonly epochUs: number;
  readonly application: string;
  /** Names of the ports, in the order of their numbers. */
  readonly ports: readonly string[];
}

/** A recording that is being written. */
export class RecordingWriter {
  readonly path: string;
  /** Frames that were written. */
  frames = 0;
  /** Inputs that found no room any more. */
  omitted = 0;
  readonly #file: number;
  readonly #epochUs: number;
  readonly #buffer = new Uint8Array(BUFFER_LENGTH);
  readonly #view = new DataView(this.#buffer.buffer);
  #used = 0;
  #written = 0;

  constructor(options: RecordingOptions) {
    this.path = options.path;
    this.#epochUs = options.epochUs;
    try {
      this.#file = openSync(options.path, 'w');
    } catch (cause) {
      throw new BridgeError(`cannot write the recording: ${reasonOf(cause)}`, { cause });
    }
    const interfaces = options.ports.map((name) => ({ name, description: 'outside' }));
    this.#append(pcapngHead({ application: options.application, interfaces }));
    this.flush();
  }

  /** Adds an input. */
  add(input: OutsideInput): void {
    if (this.omitted > 0 || this.#written + this.#used > RECORDING_BYTES_MAX) {
      this.omitted++;
      return;
    }
    if (input.kind !== 'frames') {
      const text = encodeUtf8(JSON.stringify(input));
      if (text.length > OPTION_LENGTH_MAX) this.omitted++;
      else this.#append(this.#commentBlock(input.at, text));
      return;
    }
    for (const frame of input.frames) this.#addFrame(input.at, input.port, frame);
  }

  /** Hands everything to the operating system; also what a SIGKILL finds must be readable. */
  flush(): void {
    if (this.#used === 0) return;
    try {
      writeSync(this.#file, this.#buffer, 0, this.#used);
    } catch (cause) {
      this.omitted++;
      throw new BridgeError(`cannot write the recording: ${reasonOf(cause)}`, { cause });
    }
    this.#written += this.#used;
    this.#used = 0;
  }

  close(): void {
    this.flush();
    closeSync(this.#file);
  }

  #addFrame(at: number, port: number, frame: Uint8Array): void {
    const padded = (frame.length + 3) & ~3;
    const length = FRAME_OVERHEAD + padded;
    if (this.#used + length > BUFFER_LENGTH) this.flush();
    const start = this.#used;
    const view = this.#view;
    this.#writeHead(start, { length, port, at, captured: frame.length });
    this.#buffer.set(frame, start + 28);
    let next = start + 28 + frame.length;
    while (next < start + 28 + padded) this.#buffer[next++] = 0;
    view.setUint16(next, OPTION_FLAGS, true);
    view.setUint16(next + 2, 4, true);
    view.setUint32(next + 4, FLAG_INBOUND, true);
    view.setUint32(next + 8, 0, true);
    view.setUint32(next + 12, length, true);
    this.#used = start + length;
    this.frames++;
  }

  #writeHead(
    start: number,
    block: {
      readonly length: number;
      readonly port: number;
      readonly at: number;
      readonly captured: number;
    },
  ): void {
    const view = this.#view;
    const timeUs = this.#epochUs + block.at;
    view.setUint32(start, BLOCK_ENHANCED_PACKET, true);
    view.setUint32(start + 4, block.length, true);
    view.setUint32(start + 8, block.port, true);
    view.setUint32(start + 12, Math.floor(timeUs / 0x1_0000_0000), true);
    view.setUint32(start + 16, timeUs % 0x1_0000_0000, true);
    view.setUint32(start + 20, block.captured, true);
    view.setUint32(start + 24, block.captured, true);
  }

  /** An empty packet with a comment. */
  #commentBlock(at: number, text: Uint8Array): Uint8Array {
    const padded = (text.length + 3) & ~3;
    const length = 28 + 4 + padded + 4 + 4;
    const bytes = new Uint8Array(length);
    const view = new DataView(bytes.buffer);
    const timeUs = this.#epochUs + at;
    view.setUint32(0, BLOCK_ENHANCED_PACKET, true);
    view.setUint32(4, length, true);
    view.setUint32(12, Math.floor(timeUs / 0x1_0000_0000), true);
    view.setUint32(16, timeUs % 0x1_0000_0000, true);
    view.setUint16(28, OPTION_COMMENT, true);
    view.setUint16(30, text.length, true);
    bytes.set(text, 32);
    view.setUint32(length - 4, length, true);
    return bytes;
  }

  #append(bytes: Uint8Array): void {
    if (this.#used + bytes.length > BUFFER_LENGTH) this.flush();
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }
}
