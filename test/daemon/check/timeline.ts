/** The timelines of `test/reference/ipvs/keepalived-lvs`, read into values. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../reference/ipvs/keepalived-lvs/', import.meta.url));

/** By then all daemons were started for the first time. */
const STARTS_S = 1;

/** One line: seconds since the start, and what kind of observation. */
export interface TimelineEntry {
  readonly at: number;
  readonly kind: 'LOG' | 'IPVS' | 'HTTP' | 'CHECK' | 'EVENT' | Life;
  readonly text: string;
}

/** What happens to a daemon as a whole: SIGTERM, SIGKILL, another start. */
export type Life = 'stop' | 'kill' | 'start';

/** The other director of a pair: when its daemon was ready, told to end, or killed (s). */
export interface PeerDirector {
  readonly config: string;
  readonly life: readonly { readonly at: number; readonly what: Life }[];
}

/** One recording, from the sight of one director. */
export interface Timeline {
  readonly name: string;
  readonly title: string;
  readonly config: string;
  /** Files of SIGHUPs, by the word that an event calls them: `SIGHUP, second file`. */
  readonly others: ReadonlyMap<string, string>;
  readonly entries: readonly TimelineEntry[];
  /** Packets at the first director's port. */
  readonly capture: Uint8Array | undefined;
  /** The capture's time at 0, in seconds, where the recording tells it. */
  readonly begin: number | undefined;
  readonly peer: PeerDirector | undefined;
  /** keepalived's configuration on the first server, which answers BFD. */
  readonly bfdPeer: string | undefined;
  /** How far off moments may be (s) where the recorder's machine was busy, or BFD draws them; then paces are not compared. */
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
  const readyFrom = (from: number) =>
    entries.find((one) => one.at >= from && one.kind === 'LOG' && one.text.startsWith('Startup'))
      ?.at ?? from + 0.5;
  const life: { at: number; what: Life }[] = [{ at: readyFrom(0), what: 'start' }];
  for (const { at, kind } of entries) {
    if (kind === 'start') life.push({ at: readyFrom(at), what: kind });
    else if (kind === 'stop' || kind === 'kill') life.push({ at, what: kind });
  }
  return { ...timeline, peer: { config, life } };
}

/** The file that holds behind each SIGHUP, by the event's moment. */
export function filesOfReloads(timeline: Timeline): Map<number, string> {
  const files = new Map<number, string>();
  let now = timeline.config;
  for (const { at, kind, text } of timeline.entries) {
    if (kind !== 'EVENT' || !text.startsWith('SIGHUP')) continue;
    const named = [...timeline.others].find(([word]) => text.includes(word))?.[1];
    if (named !== undefined) now = named;
    else if (/first|original|old|back/.test(text)) now = timeline.config;
    // Where nothing is said of a file, the only other one is meant at first.
    else if (!/nothing|same|unchanged/.test(text) && files.size === 0) {
      now = [...timeline.others.values()][0] ?? now;
    }
    files.set(at, now);
  }
  return files;
}

/** What an event, or a line of the recorder, says of a daemon's life. */
function lifeOf(text: string): Life | undefined {
  if (!/keepalived|SIGTERM|SIGKILL/.test(text)) return undefined;
  if (/SIGKILL|kill/.test(text)) return 'kill';
  if (/SIGTERM|stop/.test(text)) return 'stop';
  return /start/.test(text) ? 'start' : undefined;
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
  const bfdFile = join(folder, `${file}.rs1.keepalived.conf`);
  const entries: TimelineEntry[] = [];
  for (const line of text.split('\n')) {
    const match = /^ +(-?\d+\.\d+) (\S+) ?(.*)$/.exec(line);
    if (match === null) continue;
    const at = Number(match[1]);
    const [, , kind = '', rest = ''] = match;
    const told = kind === 'director' ? `director ${rest}` : rest;
    const life = kind === 'director' || kind === 'EVENT' ? lifeOf(told) : undefined;
    if (life !== undefined) {
      const isOwn = (/director (\d)/.exec(told)?.[1] ?? '1') === (number ?? '1');
      // Every recording begins with the start of its daemons.
      if (isOwn && (life !== 'start' || at > STARTS_S)) entries.push({ at, kind: life, text: '' });
    } else if (isKind(kind)) {
      const own = kind === 'LOG' || kind === 'IPVS';
      if (own && !rest.startsWith(director)) continue;
      entries.push({ at, kind, text: own ? rest.slice(director.length) : rest });
    }
  }
  for (const [index, { kind, at }] of entries.entries()) {
    // Children that outlive their parent are told to end by the kernel.
    const isOrderly = entries.some(
      (one) => one.kind === 'LOG' && one.text.startsWith('Shutting') && isSoon(at, one.at),
    );
    if (kind === 'kill' && isOrderly) entries[index] = { at, kind: 'stop', text: '' };
  }
  return {
    name,
    title: text.split('\n').slice(0, 2).join(' '),
    config: readFileSync(join(folder, `${conf}keepalived.conf`), 'utf8'),
    others: readOthers(folder, conf),
    entries,
    capture: readMaybe(join(folder, `${file}.pcap`)),
    begin: numberOf('begin'),
    peer: undefined,
    slack: numberOf('slack'),
    bfdPeer: existsSync(bfdFile) ? readFileSync(bfdFile, 'utf8') : undefined,
  };
}

function isSoon(at: number, later: number): boolean {
  return later >= at && later - at < 1;
}

/** `k17-reload.second.keepalived.conf` and the like. */
function readOthers(folder: string, prefix: string): Map<string, string> {
  const end = '.keepalived.conf';
  const words = readdirSync(folder)
    .filter((file) => file.startsWith(prefix) && file.endsWith(end))
    .map((file) => file.slice(prefix.length, -end.length))
    .filter((word) => word !== '' && !word.startsWith('director'))
    .sort((one, other) => (one < other ? -1 : 1));
  const read = (word: string) => readFileSync(join(folder, `${prefix}${word}${end}`), 'utf8');
  return new Map(words.map((word) => [word, read(word)]));
}

function readMaybe(path: string): Buffer | undefined {
  return existsSync(path) ? readFileSync(path) : undefined;
}

function isKind(kind: string): kind is 'LOG' | 'IPVS' | 'HTTP' | 'CHECK' | 'EVENT' {
  return ['LOG', 'IPVS', 'HTTP', 'CHECK', 'EVENT'].includes(kind);
}
