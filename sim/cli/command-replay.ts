/**
 * `lantwin replay RUN`: the run of a retained run file again, to its end or to a moment. To a
 * moment it tells the story up to there and what every host then is and holds.
 */

import type { TimeUs } from '../../daemon/base/time.ts';
import { formatPrefix } from '../../daemon/wire/ip-address.ts';
import { InputPlayer } from '../bridge/outside-input.ts';
import { problemText } from '../report/problem-text.ts';
import { storyOf } from '../report/story.ts';
import { textReporter } from '../report/text-report.ts';
import { momentWords } from '../scenario/expectations/verdict.ts';
import { type RunResult, type ScenarioRun, startRun } from '../scenario/run.ts';
import type { LivingLan } from '../topology/living-lan.ts';
import { readMoment } from './arguments.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Output } from './output.ts';
import { type RunFile, readInputs, readRunFile } from './run-file.ts';

/** The options of `replay`. */
export interface ReplayCommandOptions {
  readonly until?: string;
}

/** Replays; 3 when the file is no run file, 70 when the run went another way than it did. */
export function replayCommand(
  path: string,
  options: ReplayCommandOptions,
  surroundings: { readonly output: Output; readonly version: string },
): ExitCode {
  const { output, version } = surroundings;
  const until = options.until === undefined ? undefined : readMoment('--until', options.until);
  const run = readRunFile(path);
  if (run === undefined) {
    output.err(`${path}: error: this is no run file of lantwin [run:unreadable]\n`);
    return 3;
  }
  const { scenario, problems, sources } = run.loaded;
  if (scenario === undefined) {
    for (const one of problems) output.err(`${problemText(one, sources, output.style)}\n`);
    return 3;
  }
  const started = startRun(scenario, { seed: run.seed });
  const again = run.outside === undefined ? undefined : playerOf(run.outside, started);
  if (typeof again === 'string') {
    output.err(`${run.outside?.recording}: error: ${again} [run:recording]\n`);
    return 3;
  }
  if (until !== undefined) {
    again?.playTo(until);
    started.advanceTo(until);
    tellMoment(started.lan, output);
    return 0;
  }
  again?.playTo(Number.POSITIVE_INFINITY);
  if (again !== undefined) started.advanceTo(again.end);
  const result = again === undefined ? started.finish() : started.finishNow();
  const reporter = textReporter({
    style: output.style,
    fileCount: 1,
    version,
    verbose: true,
    quiet: false,
  });
  const repeat = again === undefined ? {} : { repeat: `npx lantwin replay ${path}` };
  const about = { file: scenario.file, wallMs: 0, written: [], warnings: [], sources };
  const outcome = { ...about, result, ...repeat };
  output.out(reporter.onFile({ kind: 'ran', ...outcome }));
  return judge(result, run, { output, version });
}

/** The inputs of a bridged run, ready to be carried out on a run that stands at its start. */
function playerOf(
  outside: NonNullable<RunFile['outside']>,
  run: ScenarioRun,
): { readonly end: TimeUs; playTo(at: number): void } | string {
  const inputs = readInputs(outside, run.scenario);
  if (typeof inputs === 'string') return inputs;
  const player = new InputPlayer(
    run,
    outside.joins.map(({ name }) => ({ node: name })),
  );
  // A run that was killed has no end: it is known up to its last input.
  const end = (outside.end ?? inputs.at(-1)?.at ?? 0) as TimeUs;
  let next = 0;
  return {
    end,
    playTo: (at) => {
      for (
        let input = inputs[next];
        input !== undefined && input.at <= at;
        input = inputs[++next]
      ) {
        player.apply(input);
      }
    },
  };
}

function judge(
  result: RunResult,
  run: RunFile,
  surroundings: { readonly output: Output; readonly version: string },
): ExitCode {
  const isKnown = run.outside === undefined || run.outside.end !== undefined;
  if (!isKnown) surroundings.output.err('this run was cut off: played up to its last input\n');
  if (isKnown && result.traceHash !== run.traceHash) {
    const { output, version } = surroundings;
    const other =
      run.lantwin === version ? '' : ` (recorded by ${run.lantwin}, this is ${version})`;
    output.err(`the run went another way than it did${other}: `);
    output.err(`trace ${result.traceHash} instead of ${run.traceHash}\n`);
    return run.lantwin === version ? 70 : 4;
  }
  return result.verdict === 'pass' ? 0 : result.verdict === 'fail' ? 1 : 2;
}

function tellMoment(lan: LivingLan, output: Output): void {
  const now = lan.engine.now;
  const { spec } = lan;
  for (const line of storyOf({ scenario: { lan: spec }, log: lan.engine.log.events })) {
    const mark = line.isStep ? '▸ ' : '  ';
    output.out(
      `${momentWords(line.at).padStart(12)}  ${mark}${line.node.padEnd(10)} ${line.text}\n`,
    );
  }
  output.out(`\nat ${momentWords(now)}:\n`);
  for (const host of lan.hosts.values()) {
    const routers = (host.keepalived()?.instances ?? []).map(
      (one) => `${one.name} (VRID ${one.vrid}) ${one.state}`,
    );
    const addresses = (host.kernel?.links() ?? [])
      .filter((link) => link.kind !== 'loopback')
      .flatMap((link) => link.addresses.map((one) => formatPrefix(one)));
    const parts = [`power ${host.power}`, ...routers, ...addresses];
    output.out(`  ${host.name.padEnd(10)} ${parts.join(', ')}\n`);
  }
}
