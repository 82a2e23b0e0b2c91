/** `lantwin events FILE`: the run log as text or JSON lines. */

import { EVENTS_ONLY, type RunEvent } from '../engine/run-log.ts';
import { eventJson } from '../report/event-json.ts';
import { eventLine } from '../report/event-text.ts';
import { runScenario } from '../scenario/run.ts';
import { didYouMean } from '../scenario/schema/did-you-mean.ts';
import type { LanSpec } from '../topology/lan-spec.ts';
import { readMoment, readSeed } from './arguments.ts';
import { type ExitCode, UsageError } from './exit-codes.ts';
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
  refuseUnknownNodes(node ?? [], scenario.lan, log);
  complainOfAbsentKinds(kind ?? [], log, output);
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

/** Cables have the names of their ends, as far as they have events; every other node is known by name. */
function refuseUnknownNodes(
  asked: readonly string[],
  lan: LanSpec,
  log: readonly RunEvent[],
): void {
  const ends = lan.cables.flatMap(({ a, b }) => [`${a.node}:${a.port}`, `${b.node}:${b.port}`]);
  const names = [...lan.hosts, ...lan.switches].map((one) => one.name);
  const known = new Set([...names, ...ends, ...log.map((event) => event.node)]);
  for (const name of asked) {
    if (known.has(name)) continue;
    const hint = didYouMean(name, names);
    throw new UsageError(`--node: there is no '${name}'${hint === undefined ? '' : `, ${hint}`}`);
  }
}

/** A kind that does not occur may be right in another run, so this is a remark and no error. */
function complainOfAbsentKinds(
  asked: readonly string[],
  log: readonly RunEvent[],
  output: Output,
): void {
  const kinds = new Set(log.map((event) => event.kind));
  for (const kind of asked) {
    if (kinds.has(kind)) continue;
    const there = [...kinds].toSorted((a, b) => (a < b ? -1 : 1)).join(', ');
    output.err(`no event is of kind '${kind}'; there are: ${there}\n`);
  }
}
