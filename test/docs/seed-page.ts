/** The table of what the articles show, with the scenario or test that asserts each row. */

import { dirname } from 'node:path';
import type { Marker } from './markers.ts';
import type { ListedScenario } from './scenario-list.ts';
import { SEED_ARTICLES } from './seed-rows.ts';
import { MADE, table } from './tables.ts';

/** What asserts a row: scenarios that name it in a comment, tests marked `proves: seed:ROW`. */
export function proofsOfRows(
  scenarios: readonly ListedScenario[],
  markers: readonly Marker[],
): ReadonlyMap<string, readonly string[]> {
  const proofs = new Map<string, string[]>();
  const add = (row: string, proof: string) => {
    const known = proofs.get(row) ?? [];
    if (!known.includes(proof)) proofs.set(row, [...known, proof]);
  };
  for (const { path, rows } of scenarios) {
    for (const row of rows) add(row, `[${shortName(path)}](${scenarioLink(path)} "${path}")`);
  }
  for (const marker of markers) {
    if (marker.kind === 'seed') add(marker.name, `${marker.title} (\`${marker.file}\`)`);
  }
  return proofs;
}

/** The file, from a page in docs/; the docs site leads to the page that plays it instead (docs/site/.vitepress/config.js). */
export function scenarioLink(path: string): string {
  return `../${path}`;
}

/** The page. */
export function seedPage(scenarios: readonly ListedScenario[], markers: readonly Marker[]): string {
  const proofs = proofsOfRows(scenarios, markers);
  const parts = [
    '# The five articles, row by row',
    MADE,
    [
      'lantwin was asked for with five articles about keepalived in hand. Each row is one thing that an article does or shows; the',
      'scenario or test named asserts it. A scenario runs with `npx lantwin run PATH`; on the docs site its link plays it in the browser.',
    ].join('\n'),
  ];
  for (const article of SEED_ARTICLES) {
    const folder = scenarios.find(({ rows }) => rows.includes(`${article.letter}1`))?.path;
    parts.push(`## ${article.letter}. ${article.title}`);
    if (folder !== undefined) parts.push(`Files: \`${dirname(folder)}\``);
    const rows = article.rows.map(({ row, shows }) => [
      row,
      shows,
      proofs.get(row)?.join('; ') ?? 'not shown yet',
    ]);
    parts.push(table(['row', 'what it shows', 'asserted by'], rows));
  }
  return `${parts.join('\n\n')}\n`;
}

function shortName(path: string): string {
  return path.replace(/^.*\//, '').replace(/\.twin\.yml$/, '');
}
