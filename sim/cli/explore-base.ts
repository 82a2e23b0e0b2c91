/** What `explore` searches in: a scenario or bare configurations; workers read it by themselves. */

import { problemText } from '../report/problem-text.ts';
import { scenarioNodes } from '../scenario/checks/scenario-nodes.ts';
import { type SearchBase, searchBase } from '../scenario/explore/plan.ts';
import { isBareConfig, readBareConfigs } from './bare-configs.ts';
import type { Output } from './output.ts';
import { loadScenarioFile } from './scenario-files.ts';
import type { LoadScenario } from './scenario-loader.ts';

/** How often the client of bare configurations asks: a search needs many runs, not fine times. */
const BARE_INTERVAL = '100ms';

/** Reads the files; `undefined` when they are invalid, with the problems on stderr. */
export function readSearchBase(
  paths: readonly string[],
  output: Output,
  load: LoadScenario = loadScenarioFile,
): SearchBase | undefined {
  if (paths.every(isBareConfig)) {
    const bare = readBareConfigs(paths, undefined, BARE_INTERVAL);
    const { scenario, problems, sources } = bare.loaded;
    const wrong = bare.errors.length > 0 ? bare.errors : scenario === undefined ? problems : [];
    const texts = new Map([...bare.sources, ...sources]);
    for (const one of wrong) output.err(`${problemText(one, texts, output.style)}\n`);
    return scenario === undefined ? undefined : searchBase(scenario, bare.configs);
  }
  const { scenario, problems, sources } = load(paths[0] ?? '');
  if (scenario === undefined) {
    for (const one of problems) output.err(`${problemText(one, sources, output.style)}\n`);
    return undefined;
  }
  const configs = scenarioNodes(scenario, sources).map((node) => node.config);
  return searchBase(scenario, configs);
}
