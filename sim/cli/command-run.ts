/**
 * `lantwin run`: finds scenarios, runs them, reports. One wrong file never keeps the others from
 * being run.
 */

import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { FileOutcome, Reporter } from '../report/reporter.ts';
import { reproduceLine } from '../report/reporter.ts';
import { PLAIN_STYLE } from '../report/style.ts';
import { runScenario } from '../scenario/run.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { readSeed, readSeeds, readShard } from './arguments.ts';
import { EnvironmentError, type ExitCode, UsageError, worstExitCode } from './exit-codes.ts';
import type { Output } from './output.ts';
import { PcapFiles } from './pcap-files.ts';
import { type ChosenReporter, chooseReporters } from './reporters.ts';
import { keepsTrace, readTraceMode, type TraceMode, writeRunFile } from './run-file.ts';
import { findScenarios, type LoadedFile, loadScenarioFile } from './scenario-files.ts';
import { writeStepSummary } from './step-summary.ts';

/** The options of `run` as the command line hands them over. */
export interface RunCommandOptions {
  readonly seed?: string;
  readonly seeds?: string;
  readonly json?: boolean;
  readonly pcap?: string;
  readonly testNamePattern?: string;
  readonly bail?: boolean;
  readonly reporter?: readonly string[];
  readonly outputFile?: string;
  /** `off` (default of the function), `on`, `retain-on-failure` (default of the command line). */
  readonly trace?: string;
  /** GITHUB_ACTIONS is true: annotations and step summary come along by themselves. */
  readonly onGithub?: boolean;
  readonly shard?: string;
  readonly quiet?: boolean;
  readonly passWithNoTests?: boolean;
}

/** What was asked for, after reading. */
interface Plan {
  readonly files: readonly string[];
  /** Absent: the seed of each scenario. */
  readonly seeds: readonly (number | undefined)[];
  readonly pattern: string | undefined;
  readonly pcap: string | undefined;
  readonly bail: boolean;
  readonly trace: TraceMode;
  readonly version: string;
}

/** Runs the command and returns its exit code. */
export function runCommand(
  paths: readonly string[],
  options: RunCommandOptions,
  surroundings: { readonly output: Output; readonly version: string },
): ExitCode {
  const { output, version } = surroundings;
  const plan = planOf(paths, options, version);
  const onGithub = options.onGithub ?? false;
  const chosen = chooseReporters({
    values: options.reporter ?? [],
    json: options.json ?? false,
    ...(options.outputFile === undefined ? {} : { outputFile: options.outputFile }),
    onGithub,
  });
  const sinks = chosen.map((one) => new Sink(one, output));
  const many = plan.seeds.length > 1;
  for (const sink of sinks) {
    sink.start({
      style: sink.isFile ? undefined : output.style,
      fileCount: plan.files.length * plan.seeds.length,
      version,
      quiet: many || (options.quiet ?? false),
      surroundings: { hostname: hostname(), timestamp: new Date().toISOString() },
    });
  }
  const outcomes = runAll(plan, output, (outcome) => {
    for (const sink of sinks) sink.onFile(outcome);
  });
  if (outcomes.length === 0 && options.passWithNoTests !== true) {
    throw new UsageError('no scenario found: expected files or folders with *.twin.yml');
  }
  for (const sink of sinks) sink.onEnd(outcomes);
  if (onGithub) writeStepSummary(outcomes, version);
  return worstExitCode(outcomes.map(codeOf));
}

function planOf(paths: readonly string[], options: RunCommandOptions, version: string): Plan {
  if (options.seed !== undefined && options.seeds !== undefined) {
    throw new UsageError('--seed and --seeds cannot be given together');
  }
  const config = paths.find((path) => path.endsWith('.conf'));
  if (config !== undefined) {
    throw new UsageError(
      `${config} is a keepalived.conf: name scenarios or keepalived.conf files, not both`,
    );
  }
  const all = findScenarios(paths);
  const shard = options.shard === undefined ? undefined : readShard(options.shard);
  const seeds =
    options.seeds !== undefined
      ? readSeeds(options.seeds)
      : [options.seed === undefined ? undefined : readSeed(options.seed)];
  return {
    files: all.filter((_, i) => shard === undefined || i % shard.count === shard.index - 1),
    seeds,
    pattern: options.testNamePattern?.toLowerCase(),
    pcap: options.pcap,
    bail: options.bail ?? false,
    trace: readTraceMode(options.trace),
    version,
  };
}

function runAll(
  plan: Plan,
  output: Output,
  onOutcome: (outcome: FileOutcome) => void,
): readonly FileOutcome[] {
  const outcomes: FileOutcome[] = [];
  for (const file of plan.files) {
    const loaded = loadScenarioFile(file);
    if (!isWanted(file, loaded.scenario, plan.pattern)) continue;
    for (const outcome of outcomesOf(file, loaded, plan, output)) {
      outcomes.push(outcome);
      onOutcome(outcome);
      if (plan.bail && codeOf(outcome) !== 0) return outcomes;
    }
  }
  return outcomes;
}

function* outcomesOf(
  file: string,
  loaded: LoadedFile,
  plan: Plan,
  output: Output,
): Generator<FileOutcome> {
  const { scenario, problems, sources } = loaded;
  if (scenario === undefined) {
    yield { kind: 'invalid', file, problems, sources };
    return;
  }
  for (const [index, seed] of plan.seeds.entries()) {
    const warnings = index === 0 ? problems : [];
    const ran = runOne(scenario, seed, plan, output);
    const kept = keepsTrace(plan.trace, ran.result.verdict)
      ? [writeRunFile({ result: ran.result, version: plan.version, files: loaded.files })]
      : [];
    yield { ...ran, written: [...ran.written, ...kept], warnings, sources };
  }
}

function runOne(
  scenario: Scenario,
  seed: number | undefined,
  plan: Plan,
  output: Output,
): Omit<FileOutcome & { readonly kind: 'ran' }, 'warnings' | 'sources'> {
  const pcap = plan.pcap === undefined ? undefined : new PcapFiles();
  const start = performance.now();
  try {
    const result = runScenario(scenario, {
      ...(seed === undefined ? {} : { seed }),
      ...(pcap === undefined ? {} : { onStart: (lan) => pcap.start(lan) }),
    });
    const wallMs = performance.now() - start;
    const base = scenario.file.replace(/^.*[/\\]/, '').replace(/\.twin\.ya?ml$|\.ya?ml$/, '');
    const name = plan.seeds.length > 1 ? `${base}-seed${result.seed}` : base;
    const application = `lantwin ${plan.version}`;
    const written =
      pcap === undefined || plan.pcap === undefined
        ? []
        : pcap.write({ folder: plan.pcap, name, application });
    return { kind: 'ran', file: scenario.file, result, wallMs, written };
  } catch (error) {
    if (!(error instanceof EnvironmentError)) {
      const shown = { scenario, seed: seed ?? scenario.seed };
      output.err(`while running: ${reproduceLine(shown as never)}\n`);
    }
    throw error;
  }
}

function isWanted(file: string, scenario: Scenario | undefined, pattern?: string): boolean {
  if (pattern === undefined) return true;
  return `${file}\n${scenario?.name ?? ''}`.toLowerCase().includes(pattern);
}

function codeOf(outcome: FileOutcome): ExitCode {
  if (outcome.kind === 'invalid') return 3;
  const { verdict } = outcome.result;
  return verdict === 'pass' ? 0 : verdict === 'fail' ? 1 : 2;
}

/** A reporter and its destination. */
class Sink {
  readonly #chosen: ChosenReporter;
  readonly #output: Output;
  #reporter: Reporter | undefined;
  #text = '';

  constructor(chosen: ChosenReporter, output: Output) {
    this.#chosen = chosen;
    this.#output = output;
  }

  get isFile(): boolean {
    return this.#chosen.file !== undefined;
  }

  start(context: {
    readonly style: Output['style'] | undefined;
    readonly fileCount: number;
    readonly version: string;
    readonly quiet: boolean;
    readonly surroundings: { readonly hostname: string; readonly timestamp: string };
  }): void {
    const style = context.style ?? PLAIN_STYLE;
    this.#reporter = this.#chosen.factory({ ...context, style, verbose: false });
  }

  onFile(outcome: FileOutcome): void {
    this.#write(this.#reporter?.onFile(outcome) ?? '');
  }

  onEnd(outcomes: readonly FileOutcome[]): void {
    this.#write(this.#reporter?.onEnd(outcomes) ?? '');
    const { file } = this.#chosen;
    if (file === undefined) return;
    try {
      writeFileSync(file, this.#text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new EnvironmentError(`cannot write the report: ${reason}`, { cause: error });
    }
  }

  #write(text: string): void {
    if (this.isFile) this.#text += text;
    else if (text !== '') this.#output.out(text);
  }
}
