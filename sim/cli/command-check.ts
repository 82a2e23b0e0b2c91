/**
 * `lantwin check FILES…`: located problems of keepalived.conf and scenario files, and what was read
 * of them.
 */

import type { Problem } from '../../daemon/config/problem.ts';
import { keepalivedProblemText, problemCount, problemText } from '../report/problem-text.ts';
import { checkConfigFile } from './config-files.ts';
import { configJson } from './config-json.ts';
import { type ExitCode, UsageError } from './exit-codes.ts';
import type { Output } from './output.ts';
import { isScenarioName, loadScenarioFile } from './scenario-files.ts';

/** The options of `check`. */
export interface CheckCommandOptions {
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly diagnostics?: string;
}

/** One checked file. */
interface Checked {
  readonly file: string;
  readonly problems: readonly Problem[];
  readonly sources: ReadonlyMap<string, string>;
  /** Keywords that were accepted and do nothing in the twin. */
  readonly ignored: readonly string[];
  /** What `--json` shows besides the problems. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Checks all files; 1 on errors (with --strict on warnings too), else 0. */
export function checkCommand(
  files: readonly string[],
  options: CheckCommandOptions,
  output: Output,
): ExitCode {
  const form = options.diagnostics ?? 'lantwin';
  if (form !== 'lantwin' && form !== 'keepalived') {
    throw new UsageError(`--diagnostics: expected lantwin or keepalived, read '${form}'`);
  }
  const checked = files.map((file) =>
    isScenarioName(file) ? checkScenario(file) : checkConf(file),
  );
  if (options.json === true) printJson(checked, output);
  else for (const one of checked) printText(one, form, output);
  const isWrong = (problem: Problem) => options.strict === true || problem.severity === 'error';
  return checked.some((one) => one.problems.some(isWrong)) ? 1 : 0;
}

function checkScenario(file: string): Checked {
  const { scenario, problems, sources } = loadScenarioFile(file);
  const facts =
    scenario === undefined ? {} : { name: scenario.name, hosts: scenario.lan.hosts.length };
  return { file, problems, sources, ignored: [], facts: { kind: 'scenario', ...facts } };
}

function checkConf(file: string): Checked {
  const { result, sources } = checkConfigFile(file);
  const { verdict, exitCode, notSimulated, config } = result;
  return {
    file,
    problems: result.problems,
    sources,
    ignored: [...new Set(notSimulated.map((one) => one.keyword))],
    facts: { kind: 'keepalived', verdict, exitCode, notSimulated, ...configJson(config) },
  };
}

function printText(checked: Checked, form: 'lantwin' | 'keepalived', output: Output): void {
  for (const problem of checked.problems) {
    const text =
      form === 'keepalived'
        ? keepalivedProblemText(problem)
        : problemText(problem, checked.sources, output.style);
    output.out(`${text}\n`);
  }
  if (checked.ignored.length > 0) {
    output.out(`${checked.file}: read, but not simulated: ${checked.ignored.join(', ')}\n`);
  }
  output.out(`${checked.file}: ${problemCount(checked.problems)}\n`);
}

function printJson(checked: readonly Checked[], output: Output): void {
  const files = checked.map(({ file, problems, facts }) => ({ file, problems, ...facts }));
  output.out(`${JSON.stringify({ format: 1, files }, undefined, 2)}\n`);
}
