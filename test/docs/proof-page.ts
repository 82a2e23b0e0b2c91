/** What proves each entry of the lists that are no keywords: checks, checkers, schedulers, reporters. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { REPORTER_NAMES } from '../../sim/cli/reporter-names.ts';
import { SCHEDULER_NAMES } from '../../sim/kernel/ipvs/schedulers/registry.ts';
import { CHECK_TABLE } from '../../sim/scenario/checks/run-checks.ts';
import type { Marker } from './markers.ts';
import { MADE, table } from './tables.ts';

/** What the page is made of. */
export interface ProofSources {
  readonly root: string;
  readonly markers: readonly Marker[];
  /** Names of recordings by path of the keyword. */
  readonly recordings: ReadonlyMap<string, readonly string[]>;
  /** Paths of all keywords. */
  readonly keywords: readonly string[];
}

const CHECKER = /^virtual_server\/real_server\/(\w+_(?:CHECK|GET))$/;

/** The entries of each list, for the page and for the test that looks for gaps. */
export function provableEntries(keywords: readonly string[]): ReadonlyMap<string, Set<string>> {
  return new Map([
    ['check', new Set(CHECK_TABLE.map(({ code }) => shortCode(code)))],
    ['checker', new Set(keywords.flatMap((path) => CHECKER.exec(path)?.[1] ?? []))],
    ['scheduler', new Set(SCHEDULER_NAMES)],
    ['reporter', new Set(REPORTER_NAMES)],
  ]);
}

/** The page. */
export function proofPage(sources: ProofSources): string {
  const entries = provableEntries(sources.keywords);
  const rowsOf = (kind: string, recordingOf: (name: string) => string) =>
    [...(entries.get(kind) ?? [])].map((name) => [
      `\`${name}\``,
      titlesOf(sources.markers, kind, name),
      recordingOf(name),
    ]);
  const head = ['entry', 'proved by', 'recording'];
  const parts = [
    '# What proves what',
    MADE,
    [
      'For each entry the test that fails when it is broken, and the recording of the real thing behind it; "unverified": there is none.',
      'Keywords and faults have pages of their own: [keywords](./keepalived-keywords.md), [actions](./actions.md).',
    ].join('\n'),
    '## Health checkers',
    table(
      head,
      rowsOf('checker', (name) => {
        const path = `virtual_server/real_server/${name}`;
        return sources.recordings.get(path)?.join(', ') ?? 'unverified';
      }),
    ),
    '## IPVS schedulers',
    'Every pick and every counter of a recording is compared, by `test/reference/ipvs-reference.test.ts`.',
    table(
      head,
      rowsOf('scheduler', (name) => schedulerRecordings(sources.root, name)),
    ),
    '## Checks',
    'keepalived itself sees none of the `check` findings, so no recording can exist for them.',
    table(
      ['entry', 'proved by'],
      rowsOf('check', () => '').map((cells) => cells.slice(0, 2)),
    ),
    '## Reporters',
    table(
      ['entry', 'proved by'],
      rowsOf('reporter', () => '').map((cells) => cells.slice(0, 2)),
    ),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** A checker is proved as the keyword that it is. */
function titlesOf(markers: readonly Marker[], kind: string, name: string): string {
  const wanted =
    kind === 'checker'
      ? { kind: 'keyword', name: `virtual_server/real_server/${name}` }
      : { kind, name };
  const titles = markers
    .filter((marker) => marker.kind === wanted.kind && shortCode(marker.name) === wanted.name)
    .flatMap((marker) => marker.title ?? []);
  if (kind === 'scheduler' && titles.length === 0) return 'its recordings';
  return [...new Set(titles)].join('; ');
}

function schedulerRecordings(root: string, name: string): string {
  const folder = join(root, 'test/reference/ipvs/schedulers', name);
  if (!existsSync(folder)) return 'unverified: it draws lots';
  return `${readdirSync(folder).filter((file) => file.endsWith('.json')).length} recordings`;
}

function shortCode(code: string): string {
  return code.replace(/^(?:check|config):/, '');
}
