/** For commands over one scenario: the scenario, or its problems on stderr and exit code 3. */

import { problemText } from '../report/problem-text.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { Output } from './output.ts';
import { loadScenarioFile } from './scenario-files.ts';

/** Prints every problem; `undefined` when one of them is an error. */
export function loadOrComplain(file: string, output: Output): Scenario | undefined {
  const { scenario, problems, sources } = loadScenarioFile(file);
  for (const problem of problems) output.err(`${problemText(problem, sources, output.style)}\n`);
  return scenario;
}
