/**
 * `lantwin exec FILE --at T HOST COMMAND`: what a command prints on a virtual host at a moment of a
 * scenario.
 */

import { later, seconds, type TimeUs } from '../../daemon/base/time.ts';
import { EVENTS_ONLY } from '../engine/run-log.ts';
import type { ExecResult } from '../host/host-api.ts';
import { startRun } from '../scenario/run.ts';
import { didYouMean } from '../scenario/schema/did-you-mean.ts';
import { readMoment, readSeed } from './arguments.ts';
import { type ExitCode, UsageError } from './exit-codes.ts';
import { loadOrComplain } from './load-or-complain.ts';
import type { Output } from './output.ts';
import type { LoadScenario } from './scenario-loader.ts';

/** The options of `exec`. */
export interface ExecCommandOptions {
  readonly at: string;
  readonly seed?: string;
  readonly for?: string;
}

/** A command that has not ended then gets Ctrl+C. */
const DEFAULT_PATIENCE = seconds(30);

/** Runs the command and returns its exit code: 1 when the virtual command failed. */
export function execCommand(
  target: { readonly file: string; readonly host: string; readonly command: string },
  options: ExecCommandOptions,
  output: Output,
  load?: LoadScenario,
): ExitCode {
  const at = readMoment('--at', options.at);
  const scenario = loadOrComplain(target.file, output, load);
  if (scenario === undefined) return 3;
  const seed = options.seed === undefined ? {} : { seed: readSeed(options.seed) };
  const run = startRun(scenario, { ...seed, log: EVENTS_ONLY });
  const host = run.lan.hosts.get(target.host);
  if (host === undefined) {
    const hint = didYouMean(target.host, run.lan.hosts.keys());
    throw new UsageError(
      `there is no host '${target.host}'${hint === undefined ? '' : `, ${hint}`}`,
    );
  }
  run.advanceTo(at);
  if (host.power !== 'on') {
    output.err(`${target.host} is ${host.power} at ${options.at}, it runs no commands\n`);
    return 1;
  }
  let ended: ExecResult | undefined;
  const handle = host.exec(target.command, (result) => {
    ended = result;
  });
  const patience = options.for === undefined ? undefined : readMoment('--for', options.for);
  const limit = later(at, (patience ?? DEFAULT_PATIENCE) as number as typeof DEFAULT_PATIENCE);
  while (ended === undefined && run.engine.now < limit) {
    const next = run.engine.queue.nextTime();
    if (next === undefined || next > limit) break;
    run.advanceTo(Math.min(next, limit) as TimeUs);
  }
  if (ended === undefined) {
    handle.cancel();
    run.advanceTo(later(run.engine.now, seconds(1)));
  }
  const result = ended as ExecResult | undefined;
  output.out(result?.stdout ?? '');
  output.err(result?.stderr ?? '');
  return result?.exitCode === 0 ? 0 : 1;
}
