/**
 * The public door of the configuration reader: a path in, typed values and every problem out, with the
 * verdict and exit code of `keepalived -t`.
 *
 * keepalived reads its files once in each of its processes, and each minds its own blocks; we pass over the
 * files four times in the same way, so that broken files go wrong in the same way too. Nothing throws on
 * bad input.
 */

import type { RandomSource } from '../base/random.ts';
import { parseAll } from './block-parser.ts';
import { buildGlobal } from './build-global.ts';
import { buildBfd, buildLvs } from './build-lvs.ts';
import { buildVrrp } from './build-vrrp.ts';
import type { DaemonConfig } from './daemon-config.ts';
import type { BuiltIns } from './definitions.ts';
import { remarkOnAddresses, remarkOnComment } from './extra-warnings.ts';
import { finishLvs } from './finish-lvs.ts';
import { checkLifecycleScripts } from './finish-scripts.ts';
import { finishVrrp } from './finish-vrrp.ts';
import { type GlobalDraft, newGlobalDraft } from './global-draft.ts';
import { ALL_CHECKS, absolute, type FileAccess, IncludeStack } from './include-stack.ts';
import { rootRows } from './keywords/root.ts';
import { LineReader } from './line-reader.ts';
import { type BfdDraft, type LvsDraft, newLvsDraft } from './lvs-draft.ts';
import { mergeFindings } from './merge-findings.ts';
import {
  type ConfigInterface,
  type MachineFacts,
  type NotSimulated,
  ParseContext,
  type ScriptFault,
} from './parse-context.ts';
import type { Problem } from './problem.ts';
import { type Finding, type ReaderProcess, Reporter } from './reporter.ts';
import { versionNumber } from './version-number.ts';
import { newVrrpDraft, type VrrpDraft } from './vrrp-draft.ts';

/** What the reader needs. Facts that are absent are not checked. */
export interface LoadOptions extends FileAccess {
  /** The main file; also how messages name it. */
  readonly path: string;
  readonly hostname: string;
  /** What `@id` lines are compared with; by default the host name up to its first dot. */
  readonly configId?: string;
  /** Interfaces of the host, for existence checks and primary addresses. */
  readonly interfaces?: readonly ConfigInterface[];
  readonly isExecutable?: (path: string) => boolean;
  /** Why a script cannot be run, in more detail, where that is known. */
  readonly scriptFault?: (path: string) => ScriptFault | undefined;
  readonly hasUser?: (name: string) => boolean;
  readonly hasGroup?: (name: string) => boolean;
  /** Which keepalived reads it; by default 2.2.7. */
  readonly version?: string;
  /** The daemon's environment, for `${_ENV NAME}` (from 2.4 on). */
  readonly environment?: (name: string) => string | undefined;
  /** Where a relative `path` begins, for `${_PWD}`; without it that stays relative. */
  readonly workingDirectory?: string | undefined;
  /** For `${_RANDOM}`. */
  readonly random: RandomSource;
  /** `-e`: every include demands its files. */
  readonly allFiles?: boolean;
}

/** keepalived's own answer to a configuration. */
export type Verdict = 'accept' | 'accept-with-messages' | 'refuse';

/** What came of it. */
export interface LoadResult {
  readonly config: DaemonConfig;
  /** In file order; those of the whole file first. */
  readonly problems: readonly Problem[];
  readonly verdict: Verdict;
  /** Every line of `keepalived -t`, in the order in which its processes say them. */
  readonly keepalivedLines: readonly string[];
  /** What it says about the file at a start, where it says more; the lines of the processes one after the other. */
  readonly startLines: readonly string[];
  /** Of `keepalived -t`: 0, 2 (a parameter is missing), 5, 6, or 139 where 2.2.7 crashes. */
  readonly exitCode: number;
  /** Exit code of a daemon that does not start with it; absent when it starts, perhaps with nothing to run. */
  readonly refusal?: number;
  readonly notSimulated: readonly NotSimulated[];
}

/** keepalived's exit codes for a bad configuration and for a missing file. Source: measured with 2.2.7. */
const EXIT_CONFIG = 2;
const EXIT_FILE = 6;

interface Drafts {
  readonly global: GlobalDraft;
  readonly vrrp: VrrpDraft;
  readonly lvs: LvsDraft;
  readonly bfd: BfdDraft[];
  readonly notSimulated: NotSimulated[];
}

/** Reads a configuration. */
export function loadConfig(options: LoadOptions): LoadResult {
  const drafts: Drafts = {
    global: newGlobalDraft(),
    vrrp: newVrrpDraft(),
    lvs: newLvsDraft(),
    bfd: [],
    notSimulated: [],
  };
  const run = runPasses(options, drafts);
  const something = run.vrrpRuns && drafts.vrrp.instances.length > 0;
  const config = buildConfig(options, drafts, run);
  const serves = config.lvs.virtualServers.length > 0 || config.bfd.sessions.length > 0;
  const runs = !run.stopped && (something || serves);
  const problems = mergeFindings(run.findings, options.path);
  if (!runs) explainNothing(problems, { path: options.path, stopped: run.stopped });
  const exitCode = exitCodeOf(run, drafts);
  const verdict = !runs ? 'refuse' : exitCode === 0 ? 'accept' : 'accept-with-messages';
  const keepalivedLines = linesOfTest(run.findings);
  const startLines = linesOfStart(run);
  const { notSimulated } = drafts;
  const refusal = !run.stopped ? {} : { refusal: run.includeFailed ? EXIT_FILE : EXIT_CONFIG };
  const said = { keepalivedLines, startLines };
  return { config, problems, verdict, ...said, exitCode, notSimulated, ...refusal };
}

/** The order in which `keepalived -t` reads for its processes. */
const TEST_ORDER: readonly ReaderProcess[] = ['parent', 'checkers', 'vrrp', 'bfd'];

/** `-t` is one process: after a missing parameter it reads no further. */
function linesOfTest(findings: readonly Finding[]): readonly string[] {
  const said: string[] = [];
  for (const process of TEST_ORDER) {
    const own = findings.filter((one) => one.process === process);
    said.push(...own.flatMap((one) => one.keepalivedLines));
    if (own.some((one) => one.code === 'config:missing-parameter' && one.level === 'fatal')) break;
  }
  return said;
}

/** What the parent must have seen for a child to be started (measured with 2.2.7). */
const CALLS_FOR: ReadonlyMap<string, ReaderProcess> = new Map([
  ['vrrp_instance', 'vrrp'],
  ['static_ipaddress', 'vrrp'],
  ['static_routes', 'vrrp'],
  ['static_rules', 'vrrp'],
  ['virtual_server', 'checkers'],
  ['bfd_instance', 'bfd'],
]);

/** A start says more; its processes, which are those that something calls for, read at the same time, here one after the other. */
function linesOfStart({ findings, topKeywords }: Run): readonly string[] {
  const started = new Set<ReaderProcess | undefined>(['parent']);
  for (const keyword of topKeywords) started.add(CALLS_FOR.get(keyword));
  return TEST_ORDER.filter((process) => started.has(process)).flatMap((process) =>
    findings
      .filter((one) => one.process === process)
      .flatMap(({ startText, startLines, keepalivedLines }) => [
        ...(startText === undefined ? [] : [startText]),
        ...(startLines ?? keepalivedLines),
      ]),
  );
}

interface Run {
  readonly findings: readonly Finding[];
  /** What the parent met at the top level. */
  readonly topKeywords: ReadonlySet<string>;
  /** keepalived does not start at all. */
  readonly stopped: boolean;
  readonly vrrpRuns: boolean;
  readonly includeFailed: boolean;
  /** A process met a missing parameter. */
  readonly parameterMissing: boolean;
}

function runPasses(options: LoadOptions, drafts: Drafts): Run {
  const findings: Finding[] = [];
  const draws = memoryOf(options.random);
  const parent = runPass(options, drafts, { process: 'parent', draws });
  const { topKeywords } = parent.context;
  const includeFailed = parent.includes.failed || !parent.opened;
  if (!includeFailed && !parent.reporter.ended) checkLifecycleScripts(parent.context);
  findings.push(...parent.reporter.findings);
  const stop = (parameterMissing: boolean): Run => {
    return {
      findings,
      topKeywords,
      stopped: true,
      vrrpRuns: false,
      includeFailed,
      parameterMissing,
    };
  };
  if (includeFailed) return stop(false);
  if (parent.reporter.ended) return stop(true);
  let vrrpRuns = true;
  let parameterMissing = false;
  for (const process of ['bfd', 'checkers', 'vrrp'] as const) {
    const pass = runPass(options, drafts, { process, draws });
    const ended = pass.reporter.ended;
    if (ended && !(process === 'checkers' && drafts.lvs.crash)) parameterMissing = true;
    if (process === 'checkers' && !ended) finishLvs(pass.context);
    if (process === 'vrrp' && !ended) {
      vrrpRuns = finishVrrp(pass.context);
      if (vrrpRuns) remarkOnAddresses(pass.context);
    }
    findings.push(...pass.reporter.findings);
  }
  if (drafts.lvs.crash) return stop(parameterMissing);
  const vrrpFails = !vrrpRuns && drafts.vrrp.instances.length > 0;
  return {
    findings,
    topKeywords,
    stopped: parameterMissing || vrrpFails,
    vrrpRuns,
    includeFailed,
    parameterMissing,
  };
}

function runPass(
  options: LoadOptions,
  drafts: Drafts,
  given: { readonly process: ReaderProcess; readonly draws: Draws },
): {
  readonly reporter: Reporter;
  readonly includes: IncludeStack;
  readonly context: ParseContext;
  readonly opened: boolean;
} {
  const { process } = given;
  const reporter = new Reporter();
  reporter.process = process;
  const includes = new IncludeStack(options, reporter);
  if (options.allFiles === true) includes.standing = ALL_CHECKS;
  const opened = includes.openMain(options.path, options.path);
  const reader = new LineReader({
    includes,
    reporter,
    builtIns: {
      directory: () => absolute(includes.current?.directory ?? '', options.workingDirectory),
      instance: options.configId ?? firstLabel(options.hostname),
      random: given.draws.replay(),
      ...environmentOf(options),
    },
    configId: options.configId ?? firstLabel(options.hostname),
    mainPath: options.path,
    copied: process !== 'parent',
    labelOf: (label, included) => (process === 'parent' && !included ? '' : label),
    ...(process === 'parent'
      ? { onComment: (line: string, at: number) => remarkOnComment(reporter, line, at) }
      : {}),
  });
  const machine: MachineFacts = options;
  const context = new ParseContext({ process, reporter, reader, includes, machine, ...drafts });
  if (opened) parseAll(context, rootRows);
  else complainOfNoFile(reporter, options.path);
  return { reporter, includes, context, opened };
}

function complainOfNoFile(reporter: Reporter, path: string): void {
  if (reporter.process !== 'parent') return;
  reporter.report({
    code: 'config:unreadable',
    text: `Unable to find configuration file ${path}`,
    message: `${path} cannot be read; keepalived does not start`,
    at: { file: path, label: '', line: 0, reportedLine: 0, text: '' },
    severity: 'error',
    level: 'file',
  });
}

function buildConfig(options: LoadOptions, drafts: Drafts, run: Run): DaemonConfig {
  const { global } = drafts;
  const { hostname } = options;
  const vrrp = run.stopped ? emptied(drafts.vrrp) : drafts.vrrp;
  const lvs = run.stopped ? newLvsDraft() : drafts.lvs;
  return {
    global: buildGlobal(global, hostname),
    vrrp: buildVrrp(vrrp, global, hostname),
    ...buildLvs(lvs, global),
    bfd: buildBfd(run.stopped ? [] : drafts.bfd, drafts.vrrp.bfds),
  };
}

/** A daemon that does not start has no instances. */
function emptied(_draft: VrrpDraft): VrrpDraft {
  return newVrrpDraft();
}

function exitCodeOf(run: Run, drafts: Drafts): number {
  if (drafts.lvs.crash) return 139;
  if (run.parameterMissing) return 2;
  const levels = new Set(run.findings.map((one) => one.level));
  if (levels.has('security') || levels.has('file')) return 6;
  if (levels.has('general')) return 5;
  return levels.has('fatal') ? 4 : 0;
}

/** Makes sure that a configuration that runs nothing has an error that says so. */
function explainNothing(
  problems: Problem[],
  given: { readonly path: string; readonly stopped: boolean },
): void {
  if (problems.some((one) => one.severity === 'error')) return;
  const suspect = problems.findIndex((one) => one.code === 'config:unknown-keyword' && one.hint);
  const found = problems[suspect];
  const message = given.stopped
    ? 'keepalived would not start with this configuration'
    : 'the configuration has no vrrp_instance and no virtual_server that can run';
  if (found !== undefined) {
    problems[suspect] = {
      ...found,
      severity: 'error',
      message: `${found.message}; ${message}`,
    };
    return;
  }
  problems.unshift({
    code: 'config:nothing-to-run',
    severity: 'error',
    file: given.path,
    line: 0,
    column: 0,
    message,
  });
}

function firstLabel(hostname: string): string {
  return hostname.split('.')[0] ?? hostname;
}

/** Random numbers that each pass sees again from the first. */
interface Draws {
  replay(): RandomSource;
}

function memoryOf(random: RandomSource): Draws {
  const drawn: number[] = [];
  return {
    replay: () => {
      let at = 0;
      return {
        uint32: () => {
          const known = drawn[at++];
          if (known !== undefined) return known;
          const value = random.uint32();
          drawn.push(value);
          return value;
        },
      };
    },
  };
}

/** `_ENV` is known from 2.4 on. */
function environmentOf({ environment, version }: MachineFacts): Pick<BuiltIns, 'environment'> {
  const isKnown = version !== undefined && versionNumber(version) >= versionNumber('2.4.0');
  return environment !== undefined && isKnown ? { environment } : {};
}
