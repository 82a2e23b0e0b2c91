/**
 * The state of all health checkers of one daemon: plain objects, mutated only by functions of this folder.
 *
 * A checker is up or down by its own attempts (`judge.ts`); whether its real server is in the pool is not
 * known here. Each change of mind goes to `CheckHost.verdict`, and the load balancer draws its conclusions.
 */

import { Deadlines } from '../base/deadlines.ts';
import type { RandomSource } from '../base/random.ts';
import { type DurationUs, later, type TimeUs } from '../base/time.ts';
import type { CheckAction } from './check-actions.ts';
import type { CheckConfig, CheckerConfig } from './checker-config.ts';
import type { HttpAttempt } from './http-probe.ts';
import type { ScriptAttempt } from './script-probe.ts';
import type { SmtpAttempt } from './smtp-probe.ts';

/** A checker's opinion of its server; `changed` when it differs from the one before. */
export interface Verdict {
  /** Index into `CheckConfig.checkers`. */
  readonly checker: number;
  readonly up: boolean;
  readonly changed: boolean;
  /** Nothing had been decided before. */
  readonly first: boolean;
  readonly alpha: boolean;
  /** What a mail about it would say. */
  readonly mail: string;
}

/** What the checkers tell and ask, carried out at once. */
export interface CheckHost {
  verdict(verdict: Verdict): void;
  /** Another weight for the checker's server; `undefined` is the configured one. */
  weight(checker: number, weight: number | undefined): void;
  /** The server lost what a script had given it, without a word, since it is out of the pool. */
  forgetWeight(checker: number): void;
  /** A tracked file adds to the weight. */
  addWeight(checker: number, difference: number): void;
  readFile(path: string): Uint8Array | undefined;
}

/** How the server and the service of a checker are called in the log. */
export interface CheckerNames {
  readonly server: string;
  readonly service: string;
}

/** The probe of one attempt. */
export type ProbeState =
  | { readonly kind: 'plain' }
  | { readonly kind: 'http'; readonly attempt: HttpAttempt }
  | { readonly kind: 'smtp'; readonly attempt: SmtpAttempt }
  | { readonly kind: 'dns' | 'echo'; readonly number: number }
  | { readonly kind: 'script'; readonly attempt: ScriptAttempt };

/** An attempt that is under way. */
export interface Attempt {
  /** Id of its socket or script, 0 while it has none. */
  id: number;
  open: 'stream' | 'datagram' | 'script' | undefined;
  readonly probe: ProbeState;
}

/** One checker. */
export interface Checker {
  readonly index: number;
  readonly config: CheckerConfig;
  readonly names: CheckerNames;
  up: boolean;
  hasRun: boolean;
  /** Switched off by ha_suspend. */
  enabled: boolean;
  /** Failures in a row that were followed by a retry. */
  retries: number;
  /** HTTP: the url of the next attempt, and the one that must come back first. */
  url: number;
  failedUrl: number | undefined;
  /** HTTP: by url, how far an answer was from its Content-Length when that was told last. */
  readonly lengthTold: Map<number, number>;
  /** MISC: when the last run began, and how it ended. */
  lastRunAt: TimeUs;
  lastCode: number;
  /** FILE: what it adds to the weight now. */
  fileWeight: number;
  attempt: Attempt | undefined;
  /** The attempt before: its socket, and how long after it the next one was to begin. */
  ended: { readonly id: number; readonly delay: DurationUs } | undefined;
}

/** What falls due for a checker. */
export interface CheckTimer {
  readonly kind: 'start' | 'timeout';
  readonly checker: Checker;
}

/** All of it. */
export interface CheckMachine {
  checkers: Checker[];
  /** Owners of open sockets and running scripts. */
  readonly owners: Map<number, Checker>;
  readonly timers: Deadlines<CheckTimer>;
  actions: CheckAction[];
  readonly host: CheckHost;
  readonly random: RandomSource;
  readonly takeId: () => number;
  /** Echo requests sent so far. */
  echoes: number;
  now: TimeUs;
}

/** Checkers as the configuration has them, none started. */
export function newCheckers(
  config: CheckConfig,
  options: {
    readonly namesOf: (config: CheckerConfig) => CheckerNames;
    readonly enabledOf: (config: CheckerConfig) => boolean;
    /** At a start one failure is enough before the first success; what a reload brings has all its retries (recording k238). */
    readonly atStart: boolean;
  },
): Checker[] {
  return config.checkers.map((checker, index) => ({
    index,
    config: checker,
    names: options.namesOf(checker),
    up: !checker.alpha || checker.kind === 'FILE_CHECK',
    hasRun: false,
    enabled: options.enabledOf(checker),
    retries: options.atStart ? retriesDone(checker) : 0,
    url: 0,
    failedUrl: undefined,
    lengthTold: new Map(),
    lastRunAt: 0 as TimeUs,
    lastCode: 0,
    fileWeight: 0,
    attempt: undefined,
    ended: undefined,
  }));
}

/** Lets a checker's first failure decide, as at a start. */
export function oneFailureIsEnough(checker: Checker): void {
  checker.retries = retriesDone(checker.config);
}

/** So many that one failure decides; SMTP alone counts from nothing (recording k19). */
function retriesDone({ kind, retry }: CheckerConfig): number {
  return kind === 'SMTP_CHECK' ? 0 : retry;
}

/** A machine with these checkers. */
export function newCheckMachine(options: {
  readonly checkers: Checker[];
  readonly host: CheckHost;
  readonly random: RandomSource;
  readonly takeId: () => number;
  readonly actions: CheckAction[];
}): CheckMachine {
  return {
    ...options,
    owners: new Map(),
    timers: new Deadlines<CheckTimer>(),
    echoes: 0,
    now: 0 as TimeUs,
  };
}

/** Says one line in the log of the checkers' process. */
export function log(machine: CheckMachine, text: string): void {
  machine.actions.push({ kind: 'log', process: 'checkers', level: 'info', text });
}

/** Sets the only timer of this kind that a checker has. */
export function setTimer(machine: CheckMachine, timer: CheckTimer, after: DurationUs): void {
  clearTimer(machine, timer.checker, timer.kind);
  machine.timers.add(later(machine.now, after), timer);
}

/** Drops a checker's timer of one kind. */
export function clearTimer(
  machine: CheckMachine,
  checker: Checker,
  kind: CheckTimer['kind'],
): void {
  machine.timers.remove((timer) => timer.checker === checker && timer.kind === kind);
}

/** Passes an opinion on, and remembers it. */
export function decide(machine: CheckMachine, checker: Checker, up: boolean, mail: string): void {
  const first = !checker.hasRun;
  const changed = checker.up !== up;
  checker.hasRun = true;
  checker.up = up;
  const { index, config, names } = checker;
  if (first || changed) {
    const report = { kind: 'checker', server: names.server, checker: config.kind, up } as const;
    machine.actions.push({ kind: 'report', report });
  }
  machine.host.verdict({ checker: index, up, changed, first, alpha: config.alpha, mail });
}
