/**
 * Which recordings of the real keepalived use which keyword: found by reading their configurations,
 * block by block.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where recordings stand, and what their names mean in a page. */
const FOLDERS = [
  'test/reference/traces',
  'test/reference/traces-own',
  'test/reference/ipvs/keepalived-lvs',
  'test/reference/ipvs/keepalived-lvs-own',
  'test/golden/keepalived/start',
] as const;

/** Names of recordings by path of the keyword (`vrrp_instance/nopreempt`). */
export function keywordsInRecordings(root: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const folder of FOLDERS) {
    const at = join(root, folder);
    if (!existsSync(at)) continue;
    const files = readdirSync(at, { recursive: true }).map(String).toSorted();
    for (const file of files.filter((name) => name.endsWith('.conf'))) {
      const recording =
        file.split('/')[0]?.replace(/(?:\.\w+)?(?:\.keepalived)?\.conf$/, '') ?? file;
      for (const path of keywordPaths(readFileSync(join(at, file), 'utf8'))) {
        const list = found.get(path) ?? [];
        if (!list.includes(recording)) list.push(recording);
        found.set(path, list);
      }
    }
  }
  return found;
}

/** First words of all lines with the blocks around them. */
export function keywordPaths(text: string): ReadonlySet<string> {
  const paths = new Set<string>();
  const blocks: string[] = [];
  for (const line of text.split('\n')) {
    const bare = line.replace(/[#!].*$/, '').trim();
    const [word] = bare.split(/[\s{]+/);
    if (word !== undefined && /^[A-Za-z_]/.test(word)) paths.add([...blocks, word].join('/'));
    for (const character of bare) {
      if (character === '{') blocks.push(word ?? '');
      else if (character === '}') blocks.pop();
    }
  }
  return paths;
}

/** What an action is called in the events of a recording. */
const RECORDED_AS: ReadonlyMap<string, (event: RecordedEvent) => boolean> = new Map([
  ['unplug', (event: RecordedEvent) => event.do === 'carrier' && event.up === false],
  ['replug', (event: RecordedEvent) => event.do === 'carrier' && event.up === true],
  ['mute', (event: RecordedEvent) => event.do === 'port-detach'],
  ['unmute', (event: RecordedEvent) => event.do === 'port-attach'],
  ['start', (event: RecordedEvent) => event.do === 'start'],
  ['stop', (event: RecordedEvent) => event.signal === 'TERM'],
  ['kill', (event: RecordedEvent) => event.signal === 'KILL'],
  ['reload', (event: RecordedEvent) => event.signal === 'HUP'],
  ['freeze', (event: RecordedEvent) => event.signal === 'STOP'],
  ['resume', (event: RecordedEvent) => event.signal === 'CONT'],
  ['script', (event: RecordedEvent) => event.do === 'script'],
  ['address-del', (event: RecordedEvent) => event.do === 'address-del'],
  ['port-block', (event: RecordedEvent) => event.do === 'port-block'],
  ['port-forward', (event: RecordedEvent) => event.do === 'port-forward'],
  ['mcast-filter', (event: RecordedEvent) => event.do === 'mcast-flood'],
  ['exec', (event: RecordedEvent) => event.do === 'neigh-flush'],
]);

interface RecordedEvent {
  readonly do: string;
  readonly signal?: string;
  readonly up?: boolean;
}

/** Names of the recordings in which the real thing suffered what an action does. */
export function actionsInRecordings(root: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const folder of ['test/reference/traces', 'test/reference/traces-own']) {
    if (!existsSync(join(root, folder))) continue;
    for (const recording of readdirSync(join(root, folder)).toSorted()) {
      const file = join(root, folder, recording, 'events.json');
      if (!existsSync(file)) continue;
      const { events } = JSON.parse(readFileSync(file, 'utf8')) as { events: RecordedEvent[] };
      for (const [action, fits] of RECORDED_AS) {
        if (events.some(fits)) found.set(action, [...(found.get(action) ?? []), recording]);
      }
    }
  }
  return found;
}
