/** The timelines of `test/reference/ipvs/keepalived-lvs`, read into values. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../reference/ipvs/keepalived-lvs/', import.meta.url));

/** One line: seconds since the start, and what kind of observation. */
export interface TimelineEntry {
  readonly at: number;
  readonly kind: 'LOG' | 'IPVS' | 'HTTP' | 'CHECK' | 'EVENT' | 'stop';
  readonly text: string;
}

/** The other director of a pair: when its daemon was ready, and when it was told to end (s). */
export interface PeerDirector {
  readonly config: string;
  readonly begin: number;
  readonly stop: number | undefined;
}

/** One recording, from the sight of one director. */
export interface Timeline {
  readonly name: string;
  readonly title: string;
  readonly config: string;
  readonly second: string | undefined;
  readonly entries: readonly TimelineEntry[];
  /** Packets at the first director's port. */
  readonly capture: Uint8Array | undefined;
  /** The capture's time at 0, in seconds, where the recording tells it. */
  readonly begin: number | undefined;
  readonly peer: PeerDirector | undefined;
  /** How far off moments may be (s) where the recorder's machine was busy; then paces are not compared. */
  readonly slack: number | undefined;
}

/** Names of all recordings with a director of their own: `k01-…`, `v01-…#1`. */
export function recordings(folder: string = FOLDER): string[] {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith('.txt'))
    .map((file) => file.replace(/\.txt$/, ''))
    .filter((name) => hasConfig(folder, name));
  return names.flatMap((name) => (name.startsWith('v') ? [`${name}#1`, `${name}#2`] : [name]));
}

/** Other texts may lie beside recordings. */
function hasConfig(folder: string, name: string): boolean {
  const director = name.startsWith('v') ? '.director1' : '';
  return existsSync(join(folder, `${name}${director}.keepalived.conf`));
}

/** Reads one. */
export function readTimeline(name: string, folder: string = FOLDER): Timeline {
  const [file = '', number] = name.split('#');
  const timeline = readOne(name, folder);
  if (number === undefined) return timeline;
  const { config, entries } = readOne(`${file}#${number === '1' ? '2' : '1'}`, folder);
  const ready = entries.find(({ kind, text }) => kind === 'LOG' && text.startsWith('Startup'));
  const stop = entries.find(({ kind }) => kind === 'stop')?.at;
  return { ...timeline, peer: { config, begin: ready?.at ?? 0.5, stop } };
}

function readOne(name: string, folder: string): Timeline {
  const [file = '', number] = name.split('#');
  const director = number === undefined ? '' : `director ${number} `;
  const text = readFileSync(join(folder, `${file}.txt`), 'utf8');
  const conf = number === undefined ? `${file}.` : `${file}.director${number}.`;
  const numberOf = (what: string): number | undefined => {
    const value = new RegExp(`^# ${what} ([\\d.]+)`, 'm').exec(text)?.[1];
    return value === undefined ? undefined : Number(value);
  };
  const entries: TimelineEntry[] = [];
  for (const line of text.split('\n')) {
    const match = /^ +(-?\d+\.\d+) (\S+) ?(.*)$/.exec(line);
    if (match === null) continue;
    const at = Number(match[1]);
    const [, , kind = '', rest = ''] = match;
    if (kind === 'director') {
      const who = number ?? '1';
      if (rest === `${who}: SIGTERM to keepalived`) entries.push({ at, kind: 'stop', text: '' });
    } else if (isKind(kind)) {
      const own = kind === 'LOG' || kind === 'IPVS';
      if (own && !rest.startsWith(director)) continue;
      entries.push({ at, kind, text: own ? rest.slice(director.length) : rest });
    }
  }
  return {
    name,
    title: text.split('\n').slice(0, 2).join(' '),
    config: readFileSync(join(folder, `${conf}keepalived.conf`), 'utf8'),
    second: readMaybe(join(folder, `${conf}second.keepalived.conf`))?.toString(),
    entries,
    capture: readMaybe(join(folder, `${file}.pcap`)),
    begin: numberOf('begin'),
    peer: undefined,
    slack: numberOf('slack'),
  };
}

function readMaybe(path: string): Buffer | undefined {
  return existsSync(path) ? readFileSync(path) : undefined;
}

function isKind(kind: string): kind is 'LOG' | 'IPVS' | 'HTTP' | 'CHECK' | 'EVENT' {
  return ['LOG', 'IPVS', 'HTTP', 'CHECK', 'EVENT'].includes(kind);
}
