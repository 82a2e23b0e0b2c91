/**
 * `lantwin check FILES…`: located problems of keepalived.conf and scenario files, and what was read
 * of them.
 */

import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DaemonConfig } from '../../daemon/config/daemon-config.ts';
import type { Problem } from '../../daemon/config/problem.ts';
import { keepalivedProblemText, problemCount, problemText } from '../report/problem-text.ts';
import { sarifText } from '../report/sarif-report.ts';
import { runChecks } from '../scenario/checks/run-checks.ts';
import { scenarioNodes } from '../scenario/checks/scenario-nodes.ts';
import { checkConfigFile } from './config-files.ts';
import { configJson } from './config-json.ts';
import { EnvironmentError, type ExitCode, UsageError } from './exit-codes.ts';
import type { Output } from './output.ts';
import { isScenarioName, loadScenarioFile } from './scenario-files.ts';

/** The options of `check`. */
export interface CheckCommandOptions {
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly diagnostics?: string;
  /** SARIF on stdout (true) or into a file. */
  readonly sarif?: string | true;
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
  version = 'unknown',
): ExitCode {
  const form = options.diagnostics ?? 'lantwin';
  if (form !== 'lantwin' && form !== 'keepalived') {
    throw new UsageError(`--diagnostics: expected lantwin or keepalived, read '${form}'`);
  }
  const checked = checkSets(files);
  if (options.sarif !== undefined) {
    writeSarif(checked, { target: options.sarif, output, version });
  } else if (options.json === true) printJson(checked, output);
  else for (const one of checked) printText(one, form, output);
  const isWrong = (problem: Problem) => options.strict === true || problem.severity === 'error';
  return checked.some((one) => one.problems.some(isWrong)) ? 1 : 0;
}

/**
 * Every file alone, then the files against each other: those of a folder among themselves, those
 * named one by one among themselves, those of a scenario's hosts among themselves.
 */
function checkSets(paths: readonly string[]): readonly Checked[] {
  const folders = paths.filter(isFolder);
  const single = paths.filter((path) => !folders.includes(path));
  const sets = [single.filter((path) => !isScenarioName(path)), ...folders.map(configsIn)];
  const confs = new Map(
    sets.flatMap((set) => compared(set.map(checkConf))).map((one) => [one.file, one] as const),
  );
  const order = paths.flatMap((path) => (isFolder(path) ? configsIn(path) : [path]));
  return order.flatMap((file): readonly Checked[] => {
    if (isScenarioName(file)) return [checkScenario(file)];
    const one = confs.get(file);
    return one === undefined ? [] : [one];
  });
}

/** The problems between files, added to those of each. */
function compared(set: readonly CheckedConf[]): readonly Checked[] {
  const nodes = set.map(({ file, config }) => ({ name: nodeName(file), file, config }));
  const sources = new Map(set.flatMap((one) => [...one.sources]));
  const found = runChecks(nodes, { sources });
  return set.map((one) => {
    const own = found.filter((problem) => problem.file === one.file);
    return { ...one, sources, problems: [...one.problems, ...own] };
  });
}

/** Where SARIF goes. */
interface SarifTarget {
  readonly target: string | true;
  readonly output: Output;
  readonly version: string;
}

function writeSarif(checked: readonly Checked[], given: SarifTarget): void {
  const { target, output, version } = given;
  const problems = checked.flatMap((one) => one.problems);
  const text = sarifText(problems, version);
  if (target === true) {
    output.out(text);
    return;
  }
  try {
    writeFileSync(target, text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EnvironmentError(`cannot write the report: ${reason}`, { cause: error });
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The configurations in a folder: `*.conf`, sorted. */
function configsIn(folder: string): readonly string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.conf'));
  return names.toSorted((a, b) => (a < b ? -1 : 1)).map((name) => join(folder, name));
}

/** `srv-1` of `nodes/srv-1.conf`, and of `srv-1/keepalived.conf`. */
export function nodeName(file: string): string {
  const parts = file.split(/[/\\]/);
  const base = (parts.at(-1) ?? file).replace(/\.conf$/, '');
  return base === 'keepalived' ? (parts.at(-2) ?? base) : base;
}

function checkScenario(file: string): Checked {
  const { scenario, problems, sources } = loadScenarioFile(file);
  const facts =
    scenario === undefined ? {} : { name: scenario.name, hosts: scenario.lan.hosts.length };
  const between =
    scenario === undefined
      ? []
      : runChecks(scenarioNodes(scenario, sources), { hosts: scenario.lan.hosts, sources });
  // A scenario may be about just that: what would be an error between files is a warning here.
  const warnings = between.map((one): Problem => ({ ...one, severity: 'warning' }));
  return {
    file,
    problems: [...problems, ...warnings],
    sources,
    ignored: [],
    facts: { kind: 'scenario', ...facts },
  };
}

/** A checked keepalived.conf. */
interface CheckedConf extends Checked {
  readonly config: DaemonConfig;
}

function checkConf(file: string): CheckedConf {
  const { result, sources } = checkConfigFile(file);
  const { verdict, exitCode, notSimulated, config } = result;
  return {
    file,
    problems: result.problems,
    sources,
    config,
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
