/**
 * The run file: everything that a run depends on (scenario, the files beside it, seed, version) in
 * one small JSON document. A run is a function of these, so the file replaces a recording of it.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import type { OutsideInput } from '../bridge/outside-input.ts';
import { readRecording } from '../bridge/recording-reader.ts';
import { type LoadedScenario, loadScenario } from '../scenario/load-scenario.ts';
import type { OutsideJoin } from '../scenario/read-lan.ts';
import { readerOf } from '../scenario/reading.ts';
import type { RunResult } from '../scenario/run.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { EnvironmentError, UsageError } from './exit-codes.ts';
import { makeFolder } from './make-folder.ts';

/** Where run files go, below the current folder. */
export const RUN_FOLDER = '.lantwin';

const TRACE_MODES = ['off', 'on', 'retain-on-failure'] as const;

/** When a run file is kept. */
export type TraceMode = (typeof TRACE_MODES)[number];

/** `--trace MODE`. */
export function readTraceMode(text: string | undefined): TraceMode {
  const mode = TRACE_MODES.find((one) => one === (text ?? 'off'));
  if (mode !== undefined) return mode;
  throw new UsageError(`--trace: expected ${TRACE_MODES.join(', ')}, read '${text}'`);
}

/** Whether a run with this verdict leaves its file. */
export function keepsTrace(mode: TraceMode, verdict: RunResult['verdict']): boolean {
  return mode === 'on' || (mode === 'retain-on-failure' && verdict === 'fail');
}

const runFileSchema = z.strictObject({
  format: z.literal(1),
  lantwin: z.string(),
  file: z.string(),
  seed: z.int().min(0),
  traceHash: z.string(),
  verdict: z.enum(['pass', 'fail', 'unknown']),
  scenario: z.string(),
  files: z.array(z.tuple([z.string(), z.string()])),
  outside: z
    .strictObject({
      joins: z.array(z.strictObject({ name: z.string(), port: z.string() })),
      /** Virtual time at the end, µs; absent while the bridge runs, and when it was killed. */
      end: z.int().min(0).optional(),
    })
    .optional(),
});

/** What `replay` works on. */
export interface RunFile {
  readonly lantwin: string;
  readonly seed: number;
  readonly traceHash: string;
  readonly loaded: LoadedScenario;
  /** Of a run that was joined to real networks: where its inputs are, and when it ended. */
  readonly outside?: {
    readonly joins: readonly OutsideJoin[];
    readonly recording: string;
    readonly end?: number;
  };
}

/** Where the file of a bridged run goes unless told otherwise. */
export function bridgedRunPath(scenarioFile: string): string {
  return join(RUN_FOLDER, `${baseOf(scenarioFile)}-bridged.run.json`);
}

/** The recording that lies beside the file of a bridged run. */
export function recordingOf(path: string): string {
  makeRunFolder(dirname(path));
  return `${path.replace(/\.run\.json$|\.json$/, '')}.pcapng`;
}

/** Writes the file of a bridged run: at its start without a result, at its end with it. */
export function writeBridgedRun(
  path: string,
  run: {
    readonly scenario: Scenario;
    readonly files: ReadonlyMap<string, Uint8Array>;
    readonly outside: readonly OutsideJoin[];
    readonly version: string;
    readonly result?: RunResult;
  },
): void {
  const { scenario, files, outside, version, result } = run;
  writeDocument(path, {
    format: 1,
    lantwin: version,
    file: scenario.file,
    seed: scenario.seed,
    traceHash: result?.traceHash ?? '',
    verdict: result?.verdict ?? 'unknown',
    scenario: scenario.rendered ?? scenario.text,
    files: encodeFiles(files),
    outside: {
      joins: outside.map(({ name, port }) => ({ name, port })),
      ...(result === undefined ? {} : { end: result.end }),
    },
  });
}

/** Writes the file of a run and returns its path. */
export function writeRunFile(run: {
  readonly result: RunResult;
  readonly version: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}): string {
  const { result, version, files } = run;
  const { file, text, rendered } = result.scenario;
  const path = join(RUN_FOLDER, `${baseOf(file)}-seed${result.seed}.run.json`);
  writeDocument(path, {
    format: 1,
    lantwin: version,
    file,
    seed: result.seed,
    traceHash: result.traceHash,
    verdict: result.verdict,
    scenario: rendered ?? text,
    files: encodeFiles(files),
  });
  return path;
}

function baseOf(file: string): string {
  return file.replace(/^.*[/\\]/, '').replace(/\.twin\.\w+$|\.ya?ml$/, '');
}

function encodeFiles(files: ReadonlyMap<string, Uint8Array>): [string, string][] {
  return [...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]);
}

function writeDocument(path: string, document: z.input<typeof runFileSchema>): void {
  makeRunFolder(dirname(path));
  try {
    writeFileSync(path, `${JSON.stringify(document, undefined, 1)}\n`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EnvironmentError(`cannot write the run file: ${reason}`, { cause: error });
  }
}

function makeRunFolder(path: string): void {
  try {
    makeFolder(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EnvironmentError(
      `cannot make the folder of the run file: ${reason} (--record names another place, --no-record needs none)`,
      { cause: error },
    );
  }
}

/** Reads a run file; `undefined` when it is none. Nothing but this one file is read. */
export function readRunFile(path: string): RunFile | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
  const document = runFileSchema.safeParse(parsed);
  if (!document.success) return undefined;
  const { file, scenario, files, lantwin, seed, traceHash, outside } = document.data;
  const contents = new Map(
    files.map(([name, text]) => [name, new Uint8Array(Buffer.from(text, 'base64'))] as const),
  );
  const bytes = new Uint8Array(Buffer.from(scenario, 'utf8'));
  const loaded = loadScenario({
    file,
    bytes,
    readFile: readerOf(contents),
    outside: outside?.joins ?? [],
  });
  if (outside === undefined) return { lantwin, seed, traceHash, loaded };
  const { joins, end } = outside;
  const recording = recordingOf(path);
  const known = { joins, recording, ...(end === undefined ? {} : { end }) };
  return { lantwin, seed, traceHash, loaded, outside: known };
}

/** What the recording beside a run file has; a text says why it cannot be used. */
export function readInputs(
  outside: NonNullable<RunFile['outside']>,
  scenario: Scenario,
): readonly OutsideInput[] | string {
  try {
    return readRecording(readFileSync(outside.recording), scenario.lan.epochUs);
  } catch {
    return 'the recording beside the run file cannot be read';
  }
}
