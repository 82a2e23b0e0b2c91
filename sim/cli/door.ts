/**
 * The package's door, `import { scenario } from 'lantwin'`: a scenario as a TypeScript value, run by
 * `lantwin run lan.twin.ts`, or inside vitest, node:test or any other program. Node only; for browsers
 * there is `lantwin/core`.
 */

import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { problemText } from '../report/problem-text.ts';
import { PLAIN_STYLE } from '../report/style.ts';
import { textReporter } from '../report/text-report.ts';
import type { ScenarioDocument } from '../scenario/document/scenario-document.ts';
import type { LoadedScenario, LoadOptions } from '../scenario/load-scenario.ts';
import { readerWith } from '../scenario/reading.ts';
import { type RunResult, runScenario } from '../scenario/run.ts';
import { loadTypedScenario } from '../scenario/typed-scenario.ts';
import { type LoadedFile, loadScenarioFile, readerBeside } from './scenario-files.ts';

export type { Duration } from '../scenario/document/duration.ts';
export type { ScenarioDocument } from '../scenario/document/scenario-document.ts';

/** By this `lantwin run` knows a scenario among the exports of a module, whichever copy of the package made it. */
export const SCENARIO_BRAND: unique symbol = Symbol.for('lantwin.scenario');

/** How a scenario finds the files that it names. */
export interface ScenarioPlace {
  /** `import.meta.url` of the module: relative paths count from there. Without it, from the current folder. */
  readonly from?: string;
  /** Contents of files by the name that the scenario has for them; these come before the disk. */
  readonly files?: Readonly<Record<string, string>>;
}

/** What a run can be told. */
export interface RunChoices {
  /** Instead of the seed of the scenario. */
  readonly seed?: number;
}

/** One expectation of a run. */
export interface ExpectationOutcome {
  /** The expectation in words. */
  readonly claim: string;
  readonly verdict: 'pass' | 'fail' | 'unknown';
  /** When it was decided, in virtual seconds. */
  readonly atSeconds: number;
  /** How long after its step it became true. */
  readonly tookSeconds?: number;
  /** What was seen instead. */
  readonly got?: string;
}

/** What the requests of one traffic met. */
export interface TrafficOutcome {
  readonly name: string;
  readonly sent: number;
  readonly answered: number;
  readonly lost: number;
  readonly longestOutageSeconds: number;
}

/** What came of a run. */
export interface ScenarioResult {
  readonly name: string;
  readonly verdict: 'pass' | 'fail' | 'unknown';
  readonly seed: number;
  /** 16 hexadecimal digits over everything that happened; the same seed gives the same. */
  readonly traceHash: string;
  readonly virtualSeconds: number;
  readonly expectations: readonly ExpectationOutcome[];
  readonly traffic: readonly TrafficOutcome[];
  /** The report as `lantwin run` prints it. */
  readonly report: string;
}

/** A scenario that can be run, as often as wanted. */
export interface RunnableScenario {
  readonly [SCENARIO_BRAND]: true;
  readonly document?: ScenarioDocument;
  readonly place: ScenarioPlace;
  /** Runs it and tells what came of it. Throws `ScenarioError` when the scenario itself is wrong. */
  run(choices?: RunChoices): ScenarioResult;
  /** Runs it and throws `ScenarioError` with the whole report unless everything held: for tests. */
  verify(choices?: RunChoices): ScenarioResult;
}

/** A scenario that is wrong, or expectations that did not hold; the message is the report. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
  /** Absent when nothing was run. */
  readonly result: ScenarioResult | undefined;

  constructor(message: string, result?: ScenarioResult) {
    super(message);
    this.result = result;
  }
}

/** A scenario as a value: the same shape as a `*.twin.yml` file, checked by the compiler and then by the reader. */
export function scenario(document: ScenarioDocument, place: ScenarioPlace = {}): RunnableScenario {
  return runnable(() => loadDocument(document, place), { document, place });
}

/** A scenario of a `*.twin.yml` file, to be run inside a test. */
export function scenarioFile(path: string): RunnableScenario {
  return runnable(() => loadScenarioFile(path), { place: {} });
}

/** Reads and checks a document; `file` is its name in problems and reports, `outside` real networks that it is joined to. */
export function loadDocument(
  document: ScenarioDocument,
  place: ScenarioPlace,
  options: { readonly file?: string; readonly outside?: LoadOptions['outside'] } = {},
): LoadedFile {
  const { file = fileOf(place), outside = [] } = options;
  const source = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const beside = readerBeside(file);
  const given = new Map(Object.entries(place.files ?? {}));
  const files = new Map<string, Uint8Array>();
  const unwritten = new Map<string, Uint8Array>();
  const readFile = readerWith((path) => {
    const text = given.get(path) ?? given.get(`./${path}`);
    const bytes = text === undefined ? beside(path) : new TextEncoder().encode(text);
    if (bytes !== undefined) files.set(path, bytes);
    if (bytes !== undefined && text !== undefined) unwritten.set(path, bytes);
    return bytes;
  }, beside.list);
  const loaded = loadTypedScenario({ file, source, document, readFile, outside });
  if (loaded.scenario === undefined) return { ...loaded, files };
  return { ...loaded, scenario: { ...loaded.scenario, unwritten }, files };
}

function fileOf(place: ScenarioPlace): string {
  if (place.from === undefined) return 'scenario';
  const path = place.from.startsWith('file:') ? fileURLToPath(place.from) : place.from;
  const near = relative('', path);
  return near.startsWith('..') ? path : near;
}

function runnable(
  load: () => LoadedScenario,
  given: { readonly document?: ScenarioDocument; readonly place: ScenarioPlace },
): RunnableScenario {
  let loaded: LoadedScenario | undefined;
  const run = (choices: RunChoices = {}): ScenarioResult => {
    loaded ??= load();
    const { scenario: ready, problems, sources } = loaded;
    if (ready === undefined) {
      const texts = problems.map((one) => problemText(one, sources, PLAIN_STYLE));
      throw new ScenarioError(texts.join('\n'));
    }
    const { seed } = choices;
    return outcomeOf(runScenario(ready, seed === undefined ? {} : { seed }));
  };
  return {
    [SCENARIO_BRAND]: true,
    ...given,
    run,
    verify: (choices) => {
      const result = run(choices);
      if (result.verdict === 'pass') return result;
      throw new ScenarioError(`\n${result.report}`, result);
    },
  };
}

function outcomeOf(result: RunResult): ScenarioResult {
  const { file } = result.scenario;
  const reporter = textReporter({
    style: PLAIN_STYLE,
    fileCount: 2,
    version: '',
    verbose: false,
    quiet: false,
  });
  const parts = { wallMs: 0, written: [], warnings: [], sources: new Map<string, string>() };
  const seconds = (us: number) => us / 1_000_000;
  return {
    name: result.scenario.name,
    verdict: result.verdict,
    seed: result.seed,
    traceHash: result.traceHash,
    virtualSeconds: seconds(result.end),
    expectations: result.expectations.map(({ claim, verdict, at, took, got }) => ({
      claim,
      verdict,
      atSeconds: seconds(at),
      ...(took === undefined ? {} : { tookSeconds: seconds(took) }),
      ...(got === undefined ? {} : { got }),
    })),
    traffic: result.traffic.map(({ name, sent, answered, lost, longestOutage }) => ({
      name,
      sent,
      answered,
      lost,
      longestOutageSeconds: seconds(longestOutage),
    })),
    report: reporter.onFile({ kind: 'ran', file, result, ...parts }),
  };
}
