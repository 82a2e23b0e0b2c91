/** `lantwin check FILES…`: placeholder until the reader of keepalived.conf is there. */

import { problemCount, problemText } from '../report/problem-text.ts';
import { type ExitCode, worstExitCode } from './exit-codes.ts';
import type { Output } from './output.ts';
import { loadScenarioFile } from './scenario-files.ts';

/** The options of `check`. */
export interface CheckCommandOptions {
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly diagnostics?: string;
}

/** Checks files and returns 1 on errors (with --strict on warnings too), else 0. */
export function checkCommand(
  files: readonly string[],
  options: CheckCommandOptions,
  output: Output,
): ExitCode {
  const codes = files.map((file): ExitCode => {
    const { problems, sources } = loadScenarioFile(file);
    for (const one of problems) output.out(`${problemText(one, sources, output.style)}\n`);
    output.out(`${file}: ${problemCount(problems)}\n`);
    const wrong = problems.some((one) => options.strict === true || one.severity === 'error');
    return wrong ? 1 : 0;
  });
  return worstExitCode(codes);
}
