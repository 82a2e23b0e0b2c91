/**
 * `why RUN`: in words, which event made a failure inevitable: the run rewound to one moment after
 * another, with other luck from there on. Takes a run file or a scenario that fails.
 */

import { performance } from 'node:perf_hooks';
import { eventText } from '../report/event-text.ts';
import { problemText } from '../report/problem-text.ts';
import { shellWord } from '../report/reporter.ts';
import { actionWords } from '../scenario/actions/action-table.ts';
import { scenarioNodes } from '../scenario/checks/scenario-nodes.ts';
import { momentWords } from '../scenario/expectations/verdict.ts';
import { KNOWN_BEHAVIOUR } from '../scenario/explore/known-behaviour.ts';
import {
  explainFailure,
  type Rewind,
  type Why,
  type WithoutStep,
} from '../scenario/explore/why.ts';
import type { LoadedScenario } from '../scenario/load-scenario.ts';
import type { Step } from '../scenario/scenario.ts';
import { readSeed } from './arguments.ts';
import { type ExitCode, UsageError } from './exit-codes.ts';
import type { Output } from './output.ts';
import { readRunFile } from './run-file.ts';
import { loadScenarioFile } from './scenario-files.ts';
import type { LoadScenario } from './scenario-loader.ts';

/** The options of `why`. */
export interface WhyCommandOptions {
  readonly seed?: string;
  readonly replays?: string;
  readonly json?: boolean;
}

const DEFAULT_REPLAYS = 12;
const REPLAYS_MAX = 1000;

/** Explains; 0 when there is a failure to explain, 2 when the run does not fail. */
export function whyCommand(
  path: string,
  options: WhyCommandOptions,
  output: Output,
  load: LoadScenario = loadScenarioFile,
): ExitCode {
  const replays = readReplays(options.replays);
  const given = options.seed === undefined ? undefined : readSeed(options.seed);
  const loaded = loadedFrom(path, load);
  if (loaded === undefined) {
    output.err(`${path}: error: this is no run file of lantwin [run:unreadable]\n`);
    return 3;
  }
  const { scenario, problems, sources } = loaded;
  if (scenario === undefined) {
    for (const one of problems) output.err(`${problemText(one, sources, output.style)}\n`);
    return 3;
  }
  const seed = given ?? loaded.seed ?? scenario.seed;
  const configs = scenarioNodes(scenario, sources).map((node) => node.config);
  const begun = performance.now();
  const why = explainFailure(scenario, { seed, replays, configs });
  if (why === undefined) {
    output.out(`${path} does not fail with seed ${seed}\n`);
    return 2;
  }
  if (options.json === true) output.out(`${JSON.stringify(jsonOf(why, seed), undefined, 2)}\n`);
  else tell(why, output);
  const runs = [...why.rewinds, ...why.without].reduce((sum, one) => sum + one.tried, 0);
  const took = ((performance.now() - begun) / 1000).toFixed(1);
  output.err(`${runs} replays in ${took} s\n`);
  const repeat = path.endsWith('.json')
    ? `replay ${shellWord(path)}`
    : `run ${shellWord(path)} --seed ${seed}`;
  if (options.json !== true) output.out(`repeat: npx lantwin ${repeat}\n`);
  return 0;
}

function loadedFrom(
  path: string,
  load: LoadScenario,
): (LoadedScenario & { readonly seed?: number }) | undefined {
  if (!path.endsWith('.json')) return load(path);
  const run = readRunFile(path);
  return run === undefined ? undefined : { ...run.loaded, seed: run.seed };
}

function tell(why: Why, output: Output): void {
  const { style } = output;
  output.out(`${style.bad('✗')} ${why.failed.claim}\n  ${why.failed.got ?? ''}\n\n`);
  output.out('Rewound to that moment, with other luck from there on:\n');
  for (const one of why.rewinds) {
    const mark = one === why.decisive ? style.strong('◂ inevitable from here on') : '';
    const rate = `${one.failed} of ${one.tried} fail`;
    output.out(
      `  ${momentWords(one.at).padStart(10)}  ${rate.padEnd(16)} ${wordsOf(one)} ${mark}`.trimEnd(),
    );
    output.out('\n');
  }
  output.out(`\n${verdictOf(why)}\n`);
  for (const one of why.without) output.out(`${withoutWords(one)}\n`);
  const known = KNOWN_BEHAVIOUR.find((row) => row.code === why.known);
  if (known !== undefined) {
    output.out(
      `\n${style.unsure('~')} keepalived is known for it: ${known.title} [${known.code}]\n`,
    );
    output.out(`  ${known.words}\n`);
  }
  output.out('\n');
}

function verdictOf(why: Why): string {
  const { decisive, before } = why;
  if (decisive === undefined) {
    return 'Nothing made it inevitable: up to the end some replays with other luck go well.';
  }
  if (before === undefined) {
    return 'It was inevitable from the start: with any luck these steps end like this.';
  }
  const rate = `${Math.round((100 * before.failed) / before.tried)} %`;
  return (
    `At ${momentWords(decisive.at)} it became inevitable: ${wordsOf(decisive)}. ` +
    `Rewound to before it (${momentWords(before.at)}), ${rate} of the replays fail; from then on all do.`
  );
}

function withoutWords({ step, failed, tried }: WithoutStep): string {
  const what = `Without step ${step.index + 1} (${stepWords(step)})`;
  if (failed === 0) return `${what} none of ${tried} replays fails: it is needed.`;
  if (failed === tried) return `${what} all ${tried} replays still fail: it is no cause.`;
  return `${what} ${failed} of ${tried} replays fail.`;
}

function stepWords(step: Step): string {
  return step.name ?? step.actions.map(actionWords).join(', ');
}

function wordsOf({ events }: Rewind): string {
  const [first] = events;
  if (first === undefined) return 'the start';
  const more = events.length > 1 ? `, and ${events.length - 1} more` : '';
  return `${first.node} ${eventText(first)}`.trim() + more;
}

function jsonOf(why: Why, seed: number): unknown {
  const rewind = (one: Rewind | undefined) =>
    one === undefined
      ? undefined
      : { at: one.at / 1_000_000, event: wordsOf(one), failed: one.failed, tried: one.tried };
  return {
    format: 1,
    seed,
    claim: why.failed.claim,
    got: why.failed.got,
    rewinds: why.rewinds.map(rewind),
    decisive: rewind(why.decisive),
    before: rewind(why.before),
    known: why.known,
    without: why.without.map(({ step, failed, tried }) => {
      return { step: step.index, words: stepWords(step), failed, tried };
    }),
  };
}

function readReplays(text: string | undefined): number {
  if (text === undefined) return DEFAULT_REPLAYS;
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= REPLAYS_MAX) return count;
  throw new UsageError(`--replays: expected 1 to ${REPLAYS_MAX}, read '${text}'`);
}
