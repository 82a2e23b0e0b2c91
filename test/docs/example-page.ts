/** The index of the scenarios that come with lantwin: what each proves, in one line. */

import type { ListedScenario } from './scenario-list.ts';
import { scenarioLink } from './seed-page.ts';
import { MADE, table } from './tables.ts';

const TITLES = new Map([
  ['failover', 'Failover: what decides whether the address moves'],
  ['partition', 'Partition: the LAN falls apart and heals'],
  ['config', 'Configuration: what a line of keepalived.conf does'],
  ['load-balancing', 'Load balancing: LVS and its traps'],
  ['seeds', 'The systems of the five articles'],
  ['typescript', 'Programs: scenarios in TypeScript'],
]);

/** The page. */
export function examplePage(scenarios: readonly ListedScenario[]): string {
  const groups = [...new Set(scenarios.map(({ path }) => groupOf(path)))];
  const parts = [
    '# Examples',
    MADE,
    [
      'Every scenario of the repository, with the one thing that it proves. `npx lantwin run scenarios` runs them all; a name leads to',
      'the file, and on the docs site plays it in the browser. Copy the one that is closest to your LAN.',
    ].join('\n'),
  ];
  for (const group of groups) {
    const rows = scenarios
      .filter(({ path }) => groupOf(path) === group)
      .map(({ path, name, claim }) => [`[${name}](${scenarioLink(path)})`, claim, `\`${path}\``]);
    parts.push(`## ${TITLES.get(group) ?? group}`);
    parts.push(table(['scenario', 'proves', 'file'], rows));
  }
  return `${parts.join('\n\n')}\n`;
}

function groupOf(path: string): string {
  return path.split('/')[1] ?? '';
}
