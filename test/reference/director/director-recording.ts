/**
 * Recordings of a director alone: what was typed on it, every frame that came to its two cards, every frame that it sent, and
 * its tables. One text file each, a line an event, behind the title `# director NAME`:
 *
 *     0.100000 do ipvsadm -A -t 10.0.0.100:80 -s rr
 *     0.200000 in eth0 0200…78(*1400)
 *     0.200031 out eth1 0200…
 *     0.400000 entry TCP 00:59 SYN_RECV 10.0.0.1:1000 10.0.0.100:80 10.1.0.11:8080
 *     0.400000 list TCP 10.0.0.100:80 rr
 *
 * `XX(*N)` stands for the octet XX N times. A table is told by `looked`, then its lines.
 */

import { readFileSync } from 'node:fs';
import type { Nic } from './director-lan.ts';

/** A frame at one of the cards; seconds from the start. */
export interface DirectorFrame {
  readonly at: number;
  readonly nic: Nic;
  readonly frame: Uint8Array;
}

/** The tables at a moment. */
export interface DirectorTables {
  readonly at: number;
  readonly entries: string[];
  readonly list: string[];
}

/** One recording. */
export interface DirectorRecording {
  readonly commands: readonly { readonly at: number; readonly line: string }[];
  readonly received: readonly DirectorFrame[];
  readonly sent: readonly DirectorFrame[];
  readonly tables: readonly DirectorTables[];
}

const TITLE = '# director ';
const LINE = /^ *(\d+\.\d+) (\w+) ?(.*)$/;
const RUN_LEAST = 12;

/** Whether a file is such a recording. */
export function isDirectorRecording(path: string): boolean {
  return path.endsWith('.txt') && readFileSync(path, 'utf8').startsWith(TITLE);
}

/** Reads one. */
export function readDirectorRecording(path: string): DirectorRecording {
  const commands: { at: number; line: string }[] = [];
  const received: DirectorFrame[] = [];
  const sent: DirectorFrame[] = [];
  const tables: DirectorTables[] = [];
  for (const text of readFileSync(path, 'utf8').split('\n')) {
    const [, stamp, kind, rest = ''] = LINE.exec(text) ?? [];
    const at = Number(stamp);
    if (kind === 'do') commands.push({ at, line: rest });
    else if (kind === 'looked') tables.push({ at, entries: [], list: [] });
    else if (kind === 'entry') tables.at(-1)?.entries.push(rest);
    else if (kind === 'list') tables.at(-1)?.list.push(rest);
    else if (kind === 'in' || kind === 'out') {
      const [nic = 'eth0', hex = ''] = rest.split(' ');
      const frame = { at, nic: nic as Nic, frame: unfolded(hex) };
      (kind === 'in' ? received : sent).push(frame);
    }
  }
  return { commands, received, sent, tables };
}

/** The title line of a recording. */
export const titleOf = (name: string): string => `${TITLE}${name}`;

/** Octets in hex, long runs of one octet shortened. */
export function folded(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  const run = new RegExp(`^(..)\\1{${RUN_LEAST - 1},}`);
  let text = '';
  for (let at = 0; at < hex.length; ) {
    const found = run.exec(hex.slice(at))?.[0];
    text +=
      found === undefined
        ? hex.slice(at, at + 2)
        : `${hex.slice(at, at + 2)}(*${found.length / 2})`;
    at += found?.length ?? 2;
  }
  return text;
}

function unfolded(text: string): Uint8Array {
  const hex = text.replace(/(..)\(\*(\d+)\)/g, (_, octet: string, count: string) =>
    octet.repeat(Number(count)),
  );
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}
