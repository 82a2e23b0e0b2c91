/** The reference pages that are made of the code's own tables and of the tests' markers. */

import type { KeywordRow } from '../../daemon/config/keyword-row.ts';
import { rootRows } from '../../daemon/config/keywords/root.ts';
import { ACTION_TABLE } from '../../sim/scenario/actions/action-table.ts';
import { commandPage } from './command-page.ts';
import { examplePage } from './example-page.ts';
import { knownPage } from './known-page.ts';
import { findMarkers, type Marker } from './markers.ts';
import { proofPage } from './proof-page.ts';
import { actionsInRecordings, keywordsInRecordings } from './recordings.ts';
import { listedPrograms, listedScenarios } from './scenario-list.ts';
import { scenarioPage } from './scenario-page.ts';
import { seedPage } from './seed-page.ts';
import { MADE, table } from './tables.ts';

/** A keyword with the blocks around it. */
export interface KeywordEntry {
  readonly path: string;
  readonly row: KeywordRow;
}

/** All keywords of all blocks, in the order of the tables; a path appears once. */
export function allKeywords(): readonly KeywordEntry[] {
  const entries = new Map<string, KeywordEntry>();
  const walk = (rows: readonly KeywordRow[], block: string): void => {
    for (const row of rows) {
      const path = `${block}${row.keyword}`;
      if (!entries.has(path)) entries.set(path, { path, row });
      if (row.block !== undefined) walk(row.block, `${path}/`);
    }
  };
  walk(rootRows, '');
  return [...entries.values()];
}

/** Pages by path inside the repository. */
export function renderPages(root: string): ReadonlyMap<string, string> {
  const markers = findMarkers(root);
  const recordings = keywordsInRecordings(root);
  const scenarios = listedScenarios(root);
  return new Map([
    ['docs/keepalived-keywords.md', keywordPage(markers, recordings)],
    ['docs/known-behaviours.md', knownPage()],
    ['docs/actions.md', actionPage(markers, actionsInRecordings(root))],
    [
      'docs/proofs.md',
      proofPage({ root, markers, recordings, keywords: allKeywords().map(({ path }) => path) }),
    ],
    ['docs/commands.md', commandPage()],
    ['docs/scenario-file.md', scenarioPage()],
    ['docs/examples.md', examplePage([...scenarios, ...listedPrograms(root)])],
    ['docs/seeds.md', seedPage(scenarios, markers)],
  ]);
}

const STATUS = {
  supported: 'supported',
  'no-effect-here': 'no effect here',
} as const;

function keywordPage(
  markers: readonly Marker[],
  recordings: ReadonlyMap<string, readonly string[]>,
): string {
  const proofs = proofsOf(markers, 'keyword');
  const sections = new Map<string, KeywordEntry[]>();
  for (const entry of allKeywords()) {
    const block = entry.path.slice(0, Math.max(0, entry.path.lastIndexOf('/')));
    sections.set(block, [...(sections.get(block) ?? []), entry]);
  }
  const parts = [
    '# keepalived.conf keywords',
    MADE,
    [
      'What this program does with every keyword that keepalived 2.2.7 knows. P1: typical users',
      'write it, P2: advanced ones, P3: hardly anybody. "No effect here": accepted, but a virtual',
      'LAN has no such thing (CPU affinity, SNMP, D-Bus, …). The test named proves the keyword: it',
      'fails when the keyword is ignored. The recordings named are those of the real daemon whose',
      'configuration uses it; "unverified": none does.',
    ].join('\n'),
  ];
  for (const [block, entries] of sections) {
    parts.push(`## ${block === '' ? 'Top level' : block.split('/').join(' › ')}`);
    parts.push(
      table(
        ['keyword', 'values', '', 'here', 'proved by', 'recording'],
        entries.map(({ path, row }) => [
          `\`${row.keyword}\``,
          row.arguments === '' ? '' : `\`${row.arguments}\``,
          row.importance,
          STATUS[row.status],
          proofs.get(path)?.join('; ') ?? '',
          shortList(recordings.get(path) ?? []),
        ]),
      ),
    );
  }
  return `${parts.join('\n\n')}\n`;
}

function actionPage(
  markers: readonly Marker[],
  recordings: ReadonlyMap<string, readonly string[]>,
): string {
  const proofs = proofsOf(markers, 'action');
  const rows = [...ACTION_TABLE.values()].map((row) => [
    `\`${row.name}\``,
    row.summary,
    proofs.get(row.name)?.join('; ') ?? '',
    shortList(recordings.get(row.name) ?? []),
  ]);
  const parts = [
    '# Actions',
    MADE,
    [
      'Everything that `do:` of a step can say, the test that fails when it is broken, and the recordings in which a real machine',
      'suffered the same; "unverified": none does.',
    ].join('\n'),
    table(['action', 'does', 'proved by', 'recording'], rows),
  ];
  return `${parts.join('\n\n')}\n`;
}

function proofsOf(
  markers: readonly Marker[],
  kind: string,
): ReadonlyMap<string, readonly string[]> {
  const proofs = new Map<string, string[]>();
  for (const marker of markers) {
    if (marker.kind !== kind || marker.title === undefined) continue;
    const titles = proofs.get(marker.name) ?? [];
    if (!titles.includes(marker.title)) proofs.set(marker.name, [...titles, marker.title]);
  }
  return proofs;
}

/** How many recordings a row names. */
const NAMED = 4;

function shortList(names: readonly string[]): string {
  if (names.length === 0) return 'unverified';
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return names.slice(0, NAMED).join(', ') + more;
}
