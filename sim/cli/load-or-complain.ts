/**
 * For commands over one scenario: the scenario, or its problems on stderr and exit code 3. Warnings are only
 * counted here: whoever asks a host something has seen them in `run` or `check`.
 */

import { problemCount, problemText } from '../report/problem-text.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { Output } from './output.ts';
import { loadScenarioFile } from './scenario-files.ts';
import type { LoadScenario } from './scenario-loader.ts';

/** Prints every problem when one of them is an error, and is `undefined` then. */
export function loadOrComplain(
  file: string,
  output: Output,
  load: LoadScenario = loadScenarioFile,
): Scenario | undefined {
  const { scenario, problems, sources } = load(file);
  if (scenario === undefined) {
    for (const problem of problems) output.err(`${problemText(problem, sources, output.style)}\n`);
  } else if (problems.length > 0) {
    output.err(output.style.faint(`${problemCount(problems)}: lantwin check ${file}\n`));
  }
  return scenario;
}
