/**
 * The recordings under `ipvs/forwarding` that are a merged text beside one capture a vantage point: `NAME.txt` begins with
 * `# NAME: merged view of POINT, …`, and `NAME.POINT.pcap` stands beside it. The frames come from the captures (they know
 * microseconds and payloads), what people did and saw from the text's `----` lines.
 */

import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { readUint16 } from '../../../daemon/wire/integers.ts';
import { readCapture } from '../../../sim/report/pcap-read.ts';

/** A frame at a vantage point; seconds from the start of the recording. */
export interface SeenFrame {
  readonly at: number;
  readonly point: string;
  readonly frame: Uint8Array;
}

/** A `----` line: what was done or seen, the connection table told beside it, and the lines below that belong to it. */
export interface ToldLine {
  readonly at: number;
  readonly text: string;
  /** After `director:`, one entry a line of `ipvsadm -Lnc`; `[]` for `(no entry)`, absent when nothing is told. */
  readonly entries?: readonly string[];
  readonly below: readonly string[];
}

/** One recording. */
export interface ForwardingRecording {
  readonly name: string;
  readonly points: readonly string[];
  readonly frames: readonly SeenFrame[];
  readonly lines: readonly ToldLine[];
}

const TITLE = /^# (\S+): merged view of (.+) \(times/;
const TOLD = /^ *(\d+\.\d+) ---- (.*)$/;
const FRAME = /^ *(\d+\.\d+) ([a-z]\w*) .* id 0x([0-9a-f]{4})/;
const IDENTIFICATION_AT = 18;

/** Whether a file is the text of such a recording. */
export function isForwardingRecording(path: string): boolean {
  return path.endsWith('.txt') && TITLE.test(readFileSync(path, 'utf8').slice(0, 300));
}

/** Reads `NAME.txt` and the captures beside it. Fails: without a capture, or when text and captures share no frame. */
export function readForwardingRecording(path: string): ForwardingRecording {
  const text = readFileSync(path, 'utf8');
  const title = TITLE.exec(text);
  if (title === null) throw new Error('not a merged view');
  const points = (title[2] ?? '').split(', ').filter((point) => existsSync(captureOf(path, point)));
  if (points.length === 0) throw new Error('no capture beside the text');
  const captured = points.flatMap((point) =>
    readCapture(readFileSync(captureOf(path, point))).packets.map(({ timeUs, bytes }) => ({
      at: timeUs / 1e6,
      point,
      frame: bytes,
    })),
  );
  const begin = beginOf(text, captured);
  const frames = captured
    .map((each) => ({ ...each, at: each.at - begin }))
    .sort((one, other) => one.at - other.at);
  return { name: basename(path, '.txt'), points, frames, lines: toldLines(text) };
}

const captureOf = (path: string, point: string) => path.replace(/\.txt$/, `.${point}.pcap`);

/** The epoch second of the text's zero: a frame that both know tells it. */
function beginOf(text: string, captured: readonly SeenFrame[]): number {
  for (const line of text.split('\n')) {
    const match = FRAME.exec(line);
    if (match === null) continue;
    const [, at, point, id] = match;
    const known = captured.find(
      (each) =>
        each.point === point &&
        readUint16(each.frame, 12) === 0x0800 &&
        readUint16(each.frame, IDENTIFICATION_AT) === Number.parseInt(id ?? '', 16),
    );
    if (known !== undefined) return known.at - Number(at);
  }
  throw new Error('no frame stands in the text and in a capture');
}

function toldLines(text: string): ToldLine[] {
  const lines: { at: number; text: string; entries?: string[]; below: string[] }[] = [];
  for (const line of text.split('\n').slice(2)) {
    const match = TOLD.exec(line);
    if (match !== null) {
      const [what = '', told] = (match[2] ?? '').split(/ +director: /);
      const entries = told === undefined ? {} : { entries: entriesOf(told) };
      lines.push({ at: Number(match[1]), text: what.trim(), ...entries, below: [] });
    } else if (line.trim() !== '' && !/^ *\d+\.\d{4} \w/.test(line)) {
      lines.at(-1)?.below.push(line.trimEnd());
    }
  }
  return lines;
}

function entriesOf(told: string): string[] {
  if (told.startsWith('(no entry)')) return [];
  return told.split(/ ; | *(?=(?:TCP|UDP) \d\d:\d\d )/).filter((entry) => entry.trim() !== '');
}
