/** `lantwin events FILE`: the run log as text or JSON lines. */

import { EVENTS_ONLY } from '../engine/run-log.ts';
import { eventJson } from '../report/event-json.ts';
import { eventLine } from '../report/event-text.ts';
import { runScenario } from '../scenario/run.ts';
import { readMoment, readSeed } from './arguments.ts';
import type { ExitCode } from './exit-codes.ts';
import { loadOrComplain } from './load-or-complain.ts';
import type { Output } from './output.ts';
import type { LoadScenario } from './scenario-loader.ts';

/** The options of `events`. */
export interface EventsCommandOptions {
  readonly seed?: string;
  readonly json?: boolean;
  readonly node?: readonly string[];
  readonly kind?: readonly string[];
  readonly from?: string;
  readonly to?: string;
}

/** Prints the log; the verdict does not matter here. */
export function eventsCommand(
  file: string,
  options: EventsCommandOptions,
  output: Output,
  load?: LoadScenario,
): ExitCode {
  const from = options.from === undefined ? 0 : readMoment('--from', options.from);
  const to = options.to === undefined ? Number.MAX_SAFE_INTEGER : readMoment('--to', options.to);
  const scenario = loadOrComplain(file, output, load);
  if (scenario === undefined) return 3;
  const seed = options.seed === undefined ? {} : { seed: readSeed(options.seed) };
  const { log } = runScenario(scenario, { ...seed, log: EVENTS_ONLY });
  const { node, kind } = options;
  const wanted = log.filter(
    (event) =>
      event.at >= from &&
      event.at <= to &&
      (node === undefined || node.includes(event.node)) &&
      (kind === undefined || kind.includes(event.kind)),
  );
  const line = options.json === true ? eventJson : eventLine;
  output.out(wanted.map((event) => `${line(event)}\n`).join(''));
  return 0;
}
