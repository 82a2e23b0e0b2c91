/**
 * `lantwin check FILES…`: located problems of keepalived.conf and scenario files, and what was read
 * of them.
 */

import { writeFileSync } from 'node:fs';
import type { DaemonConfig } from '../../daemon/config/daemon-config.ts';
import { dumpVrrp } from '../../daemon/config/dump-vrrp.ts';
import type { Problem } from '../../daemon/config/problem.ts';
import { configToJson } from '../../daemon/config/to-json.ts';
import { problemCount, problemPrinter } from '../report/problem-text.ts';
import { sarifText } from '../report/sarif-report.ts';
import { CHECK_TABLE, checkOfCode, checkPage, runChecks } from '../scenario/checks/run-checks.ts';
import { scenarioNodes } from '../scenario/checks/scenario-nodes.ts';
import { type ConfigReader, checkConfigFile } from './config-files.ts';
import { configsIn, isFolder } from './config-folders.ts';
import { EnvironmentError, type ExitCode, UsageError } from './exit-codes.ts';
import { nodeName } from './node-name.ts';
import type { Output } from './output.ts';
import {
  findScenarios,
  isScenarioName,
  type LoadedFile,
  loadScenarioFile,
} from './scenario-files.ts';

/** The options of `check`. */
export interface CheckCommandOptions {
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly diagnostics?: string;
  /** Which keepalived reads configuration files; scenarios say it themselves. */
  readonly keepalivedVersion?: string;
  /** What keepalived -i would say, for all configuration files. */
  readonly configId?: string;
  /** SARIF on stdout (true) or into a file. */
  readonly sarif?: string | true;
  /** Prints the page of a code (or the list of codes) instead of checking. */
  readonly explain?: string | true;
}

/** One checked file. */
interface Checked {
  readonly file: string;
  readonly problems: readonly Problem[];
  readonly sources: ReadonlyMap<string, string>;
  /** What `keepalived -t` would print, line by line; absent for scenarios. */
  readonly keepalivedLines?: readonly string[];
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
  given: {
    readonly version?: string;
    /** Scenarios that are programs, imported beforehand; by file. */
    readonly modules?: ReadonlyMap<string, readonly LoadedFile[]>;
  } = {},
): ExitCode {
  const { version = 'unknown', modules = new Map() } = given;
  if (options.explain !== undefined) return explain(options.explain, output);
  if (files.length === 0) throw new UsageError('check: expected files or folders');
  const form = options.diagnostics ?? 'lantwin';
  if (form !== 'lantwin' && form !== 'keepalived') {
    throw new UsageError(`--diagnostics: expected lantwin or keepalived, read '${form}'`);
  }
  const checked = checkSets(files, { modules, reader: readerOf(options) });
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
function checkSets(
  paths: readonly string[],
  given: {
    readonly modules: ReadonlyMap<string, readonly LoadedFile[]>;
    readonly reader: ConfigReader;
  },
): readonly Checked[] {
  const { modules, reader } = given;
  const folders = paths.filter(isFolder);
  const single = paths.filter((path) => !folders.includes(path));
  const inFolders = new Map(folders.map((folder) => [folder, filesOf(folder)] as const));
  const sets = [single, ...inFolders.values()].map((set) => set.filter(isConf));
  const confs = new Map(
    sets
      .flatMap((set) => compared(set.map((file) => checkConf(file, reader))))
      .map((one) => [one.file, one] as const),
  );
  return paths
    .flatMap((path) => inFolders.get(path) ?? [path])
    .flatMap((file): readonly Checked[] => {
      if (isScenarioName(file)) {
        return (modules.get(file) ?? [loadScenarioFile(file)]).map((one) =>
          checkScenario(file, one),
        );
      }
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

function readerOf({ keepalivedVersion, configId }: CheckCommandOptions): ConfigReader {
  if (keepalivedVersion === undefined || /^\d+(\.\d+){1,2}$/.test(keepalivedVersion)) {
    return {
      ...(keepalivedVersion === undefined ? {} : { version: keepalivedVersion }),
      ...(configId === undefined ? {} : { configId }),
    };
  }
  const text = `--keepalived-version: expected a version such as 2.3.3, read '${keepalivedVersion}'`;
  throw new UsageError(text);
}

const isConf = (path: string) => !isScenarioName(path);

/** Scenarios of a folder, or else its configurations: those beside scenarios belong to them. */
function filesOf(folder: string): readonly string[] {
  const scenarios = findScenarios([folder]);
  const files = scenarios.length > 0 ? scenarios : configsIn(folder);
  if (files.length > 0) return files;
  throw new UsageError(`${folder}: found no *.twin.yml, no *.conf and no NODE/keepalived.conf`);
}

function explain(code: string | true, output: Output): ExitCode {
  if (code === true) {
    for (const one of CHECK_TABLE) output.out(`${one.code.padEnd(32)} ${one.title}\n`);
    return 0;
  }
  const found = checkOfCode(code);
  if (found === undefined) {
    throw new UsageError(`--explain: no page for '${code}'; without a code it lists all`);
  }
  output.out(checkPage(found));
  return 0;
}

function checkScenario(file: string, loaded: LoadedFile): Checked {
  const { scenario, problems, sources } = loaded;
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

function checkConf(file: string, reader: ConfigReader): CheckedConf {
  const { result, sources } = checkConfigFile(file, reader);
  const { verdict, exitCode, notSimulated, config } = result;
  return {
    file,
    problems: result.problems,
    sources,
    config,
    ignored: [...new Set(notSimulated.map((one) => one.keyword))],
    keepalivedLines: result.keepalivedLines,
    facts: {
      kind: 'keepalived',
      verdict,
      exitCode,
      notSimulated,
      config: configToJson(config),
      dump: dumpVrrp(config.vrrp, { interfaces: [] }).split('\n').slice(0, -1),
    },
  };
}

function printText(checked: Checked, form: 'lantwin' | 'keepalived', output: Output): void {
  if (form === 'keepalived' && checked.keepalivedLines !== undefined) {
    printAsKeepalived(checked, checked.keepalivedLines, output);
    return;
  }
  const print = problemPrinter(checked.sources, output.style);
  for (const problem of checked.problems) output.out(`${print(problem)}\n`);
  if (checked.ignored.length > 0) {
    output.out(`${checked.file}: read, but not simulated: ${checked.ignored.join(', ')}\n`);
  }
  output.out(`${checked.file}: ${problemCount(checked.problems)}\n`);
}

/** What keepalived prints and nothing else; that there is more goes to stderr. */
function printAsKeepalived(checked: Checked, lines: readonly string[], output: Output): void {
  for (const line of lines) output.out(`${line}\n`);
  const more = checked.problems.filter((one) => one.keepalivedText === undefined).length;
  if (more === 0) return;
  const what = more === 1 ? '1 problem' : `${more} problems`;
  output.err(`${checked.file}: ${what} that keepalived does not see: lantwin check\n`);
}

function printJson(checked: readonly Checked[], output: Output): void {
  const files = checked.map(({ file, problems, facts }) => ({ file, problems, ...facts }));
  output.out(`${JSON.stringify({ format: 1, files }, undefined, 2)}\n`);
}
