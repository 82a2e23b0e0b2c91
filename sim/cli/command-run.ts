/**
 * `lantwin run`: finds scenarios, runs them, reports. One wrong file never keeps the others from
 * being run.
 */

import { hostname } from 'node:os';
import { EVENTS_ONLY, FULL_LOG, type RunLogOptions } from '../engine/run-log.ts';
import type { FileOutcome } from '../report/reporter.ts';
import { reproduceLine } from '../report/reporter.ts';
import { runScenario } from '../scenario/run.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { readSeed, readSeeds, readShard } from './arguments.ts';
import { EnvironmentError, type ExitCode, UsageError, worstExitCode } from './exit-codes.ts';
import { compareGolden, updateGolden } from './golden-traces.ts';
import type { Output } from './output.ts';
import { PacketLines } from './packet-lines.ts';
import { PcapFiles } from './pcap-files.ts';
import { ReportSink } from './report-sink.ts';
import { chooseReporters } from './reporters.ts';
import { keepsTrace, readTraceMode, type TraceMode, writeRunFile } from './run-file.ts';
import { findScenarios, type LoadedFile, loadScenarioFile } from './scenario-files.ts';
import { writeStepSummary } from './step-summary.ts';
import { giveYoungRoom } from './young-room.ts';

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
  /** Writes golden traces instead of comparing with them. */
  readonly update?: boolean;
  /** CI is set: golden traces are not written. */
  readonly inCi?: boolean;
  /** Only what changed since that commit; true: since the last one. */
  readonly changed?: string | true;
}

/** What a run needs besides its options. */
export interface RunSurroundings {
  readonly output: Output;
  readonly version: string;
  /** Scenarios that are programs, imported beforehand; by file. */
  readonly modules?: ReadonlyMap<string, readonly LoadedFile[]>;
  /** Asked before a loaded scenario is run; false leaves it out without a word. */
  readonly isWanted?: (file: string, loaded: LoadedFile) => boolean;
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
  readonly update: boolean;
  /** A reporter shows packets. */
  readonly wantsPackets: boolean;
  readonly log: RunLogOptions;
  readonly load: (file: string) => readonly LoadedFile[];
  readonly isChosen: (file: string, loaded: LoadedFile) => boolean;
}

/** Runs the command and returns its exit code. */
export function runCommand(
  paths: readonly string[],
  options: RunCommandOptions,
  surroundings: RunSurroundings,
): ExitCode {
  const { output, version } = surroundings;
  const onGithub = options.onGithub ?? false;
  const chosen = chooseReporters({
    values: options.reporter ?? [],
    json: options.json ?? false,
    ...(options.outputFile === undefined ? {} : { outputFile: options.outputFile }),
    onGithub,
  });
  const wantsPackets = chosen.some((one) => one.name === 'html');
  const asked = planOf(paths, options, surroundings);
  const log = logFor(
    asked.trace,
    chosen.map(({ name }) => name),
  );
  const plan = { ...asked, wantsPackets, log };
  const sinks = chosen.map((one) => new ReportSink(one, output));
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
    if (surroundings.isWanted === undefined) {
      const { testNamePattern: pattern } = options;
      throw new UsageError(
        pattern === undefined
          ? 'no scenario found: expected files or folders with *.twin.yml'
          : `no scenario found whose name or file contains '${pattern}'`,
      );
    }
    output.err('no scenario changed\n');
  }
  for (const sink of sinks) sink.onEnd(outcomes);
  if (onGithub) writeStepSummary(outcomes, version);
  return worstExitCode(outcomes.map(codeOf));
}

/** What a run writes down: frames are hashed only where a report or a run file shows the hash. */
export function logFor(trace: TraceMode, reporters: readonly string[]): RunLogOptions {
  const isShown = reporters.some((name) => ['json', 'junit', 'html'].includes(name));
  return trace === 'off' && !isShown ? EVENTS_ONLY : FULL_LOG;
}

function planOf(
  paths: readonly string[],
  options: RunCommandOptions,
  surroundings: RunSurroundings,
): Omit<Plan, 'wantsPackets' | 'log'> {
  const { version, modules, isWanted: isChosen = () => true } = surroundings;
  if (options.update === true && options.inCi === true) {
    throw new UsageError('--update: golden traces are accepted by people, not where CI is set');
  }
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
    update: options.update ?? false,
    load: (file) => modules?.get(file) ?? [loadScenarioFile(file)],
    isChosen,
  };
}

function runAll(
  plan: Plan,
  output: Output,
  onOutcome: (outcome: FileOutcome) => void,
): readonly FileOutcome[] {
  const outcomes: FileOutcome[] = [];
  const all = plan.files.flatMap((file) => plan.load(file).map((loaded) => ({ file, loaded })));
  giveYoungRoom();
  for (const { file, loaded } of all) {
    if (!isWanted(file, loaded.scenario, plan.pattern) || !plan.isChosen(file, loaded)) continue;
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
    const ran = judgeGolden(runOne(scenario, seed, plan, output), plan);
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
  const packets = plan.wantsPackets ? new PacketLines() : undefined;
  const start = performance.now();
  try {
    const result = runScenario(scenario, {
      ...(seed === undefined ? {} : { seed }),
      log: plan.log,
      onStart: (lan) => {
        pcap?.start(lan);
        packets?.start(lan);
      },
    });
    const wallMs = performance.now() - start;
    const base = scenario.file.replace(/^.*[/\\]/, '').replace(/\.twin\.\w+$|\.ya?ml$/, '');
    const name = plan.seeds.length > 1 ? `${base}-seed${result.seed}` : base;
    const application = `lantwin ${plan.version}`;
    const written =
      pcap === undefined || plan.pcap === undefined
        ? []
        : pcap.write({ folder: plan.pcap, name, application });
    const seen = packets === undefined ? {} : { packets: packets.list() };
    return { kind: 'ran', file: scenario.file, result, wallMs, written, ...seen };
  } catch (error) {
    if (!(error instanceof EnvironmentError)) {
      const shown = { scenario, seed: seed ?? scenario.seed };
      output.err(`while running: ${reproduceLine(shown as never)}\n`);
    }
    throw error;
  }
}

type Ran = ReturnType<typeof runOne>;

/** The verdict with the golden trace taken into account, or that trace written. */
function judgeGolden(ran: Ran, plan: Plan): Ran {
  if (!plan.update) return { ...ran, result: compareGolden(ran.result) };
  const path = updateGolden(ran.result);
  return path === undefined ? ran : { ...ran, written: [...ran.written, path] };
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
