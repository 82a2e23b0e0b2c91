/** `init CONF…` writes a runnable scenario; `graph FILE` draws its LAN. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { GRAPH_FORMATS, graphText } from '../report/graph.ts';
import { problemText } from '../report/problem-text.ts';
import { shellWord } from '../report/reporter.ts';
import { importContainerlab } from '../scenario/derive/containerlab.ts';
import { deriveDocument } from '../scenario/derive/derive-lan.ts';
import { documentText, SCHEMA_FILE } from '../scenario/derive/document-text.ts';
import { convergenceBound } from '../scenario/matrix/bounds.ts';
import { STANDARD_FAULTS } from '../scenario/matrix/faults.ts';
import { victimsOf } from '../scenario/matrix/matrix.ts';
import { type BareConfigs, isBareConfig, readBareConfigs } from './bare-configs.ts';
import { schemaText } from './command-schema.ts';
import { EnvironmentError, type ExitCode, UsageError } from './exit-codes.ts';
import type { Output } from './output.ts';
import { loadScenarioFile } from './scenario-files.ts';
import type { LoadScenario } from './scenario-loader.ts';

/** The options of `init`. */
export interface InitCommandOptions {
  readonly output?: string;
  readonly force?: boolean;
}

/** Writes the scenario; 3 when a file is invalid. */
export function initCommand(
  paths: readonly string[],
  options: InitCommandOptions,
  output: Output,
): ExitCode {
  const [first] = paths;
  if (paths.length === 1 && first !== undefined && isContainerlab(first)) {
    return importCommand(first, options, output);
  }
  const bare = readBareConfigs(paths, options.output);
  for (const one of bare.errors) output.err(`${problemText(one, bare.sources, output.style)}\n`);
  if (bare.errors.length > 0) return 3;
  writeScenario(bare.file, scenarioText(bare), { options, output });
  return 0;
}

function writeScenario(
  file: string,
  text: string,
  given: { readonly options: InitCommandOptions; readonly output: Output },
): void {
  const { options, output } = given;
  if (existsSync(file) && options.force !== true) {
    throw new EnvironmentError(`${file} exists already; --force overwrites it`);
  }
  const schema = join(dirname(file), SCHEMA_FILE);
  try {
    writeFileSync(file, text);
    writeFileSync(schema, schemaText());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EnvironmentError(`cannot write the scenario: ${reason}`, { cause: error });
  }
  output.out(
    `written: ${file}\nwritten: ${schema} (completion in editors)\nrun it: npx lantwin run ${shellWord(file)}\n`,
  );
}

const isContainerlab = (path: string) => /\.clab\.ya?ml$/.test(path);

/** Writes the scenario of a containerlab topology beside it. */
function importCommand(path: string, options: InitCommandOptions, output: Output): ExitCode {
  if (!existsSync(path)) throw new UsageError(`there is no file ${path}`);
  const imported = importContainerlab(readFileSync(path, 'utf8'));
  if ('refused' in imported) {
    output.err(`${path}: error: no containerlab topology: ${imported.refused} [clab:invalid]\n`);
    return 3;
  }
  for (const remark of imported.remarks) output.err(`${path}: ${remark}\n`);
  const file = options.output ?? path.replace(/\.clab\.ya?ml$/, '.twin.yml');
  writeScenario(file, documentText(imported.document), { options, output });
  return 0;
}

/** The LAN with a power failure of the master as its first steps, a start to write more from. */
function scenarioText(bare: BareConfigs): string {
  const document = deriveDocument(bare.nodes.map((node) => node.name).join(', '), bare.nodes);
  const { scenario } = bare.loaded;
  const bound = convergenceBound(bare.configs);
  const victims = scenario === undefined ? undefined : victimsOf(scenario, scenario.seed, bound);
  const power = STANDARD_FAULTS.find((one) => one.name === 'power');
  const names = Object.keys(document['traffic'] as object);
  if (victims === undefined || power === undefined || names.length === 0) {
    return documentText({ ...document, until: '30s' });
  }
  const start = Math.ceil(bound / 1_000_000);
  const within = `${start}s`;
  const answered = names.map((traffic) => ({ within, traffic, alive: true }));
  const again = names.map((traffic) => ({ within, traffic, alive: true, still: true }));
  const steps = [
    { at: '0s', name: 'everything is powered on', expect: answered },
    { at: `${start}s`, name: power.words, do: power.strike(victims)[0], expect: again },
    { at: `${start * 2 + 5}s`, name: 'it is back', do: power.heal(victims)[0], expect: again },
  ];
  return documentText({ ...document, steps });
}

/** The options of `graph`. */
export interface GraphCommandOptions {
  readonly format?: string;
}

/** Prints the LAN of a scenario, or of keepalived.conf files. */
export function graphCommand(
  paths: readonly string[],
  options: GraphCommandOptions,
  output: Output,
  load: LoadScenario = loadScenarioFile,
): ExitCode {
  const format = GRAPH_FORMATS.find((one) => one === (options.format ?? 'mermaid'));
  if (format === undefined) {
    const known = GRAPH_FORMATS.join(', ');
    throw new UsageError(`--format: expected ${known}, read '${options.format}'`);
  }
  const first = paths[0] ?? '';
  const loaded = paths.every(isBareConfig) ? readBareConfigs(paths).loaded : load(first);
  const { scenario, problems, sources } = loaded;
  if (scenario === undefined) {
    for (const one of problems) output.err(`${problemText(one, sources, output.style)}\n`);
    return 3;
  }
  output.out(graphText(scenario.lan, format));
  return 0;
}
