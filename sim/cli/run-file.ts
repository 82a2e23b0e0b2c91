/**
 * The run file: everything that a run depends on (scenario, the files beside it, seed, version) in
 * one small JSON document. A run is a function of these, so the file replaces a recording of it.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { type LoadedScenario, loadScenario } from '../scenario/load-scenario.ts';
import type { RunResult } from '../scenario/run.ts';
import { EnvironmentError, UsageError } from './exit-codes.ts';

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
});

/** What `replay` works on. */
export interface RunFile {
  readonly lantwin: string;
  readonly seed: number;
  readonly traceHash: string;
  readonly loaded: LoadedScenario;
}

/** Writes the file of a run and returns its path. */
export function writeRunFile(run: {
  readonly result: RunResult;
  readonly version: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}): string {
  const { result, version, files } = run;
  const { file, text } = result.scenario;
  const base = file.replace(/^.*[/\\]/, '').replace(/\.twin\.ya?ml$|\.ya?ml$/, '');
  const path = join(RUN_FOLDER, `${base}-seed${result.seed}.run.json`);
  const document: z.input<typeof runFileSchema> = {
    format: 1,
    lantwin: version,
    file,
    seed: result.seed,
    traceHash: result.traceHash,
    verdict: result.verdict,
    scenario: text,
    files: [...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]),
  };
  try {
    mkdirSync(RUN_FOLDER, { recursive: true });
    writeFileSync(path, `${JSON.stringify(document, undefined, 1)}\n`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EnvironmentError(`cannot write the run file: ${reason}`, { cause: error });
  }
  return path;
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
  const { file, scenario, files, lantwin, seed, traceHash } = document.data;
  const contents = new Map(
    files.map(([name, text]) => [name, new Uint8Array(Buffer.from(text, 'base64'))] as const),
  );
  const bytes = new Uint8Array(Buffer.from(scenario, 'utf8'));
  const loaded = loadScenario({ file, bytes, readFile: (name) => contents.get(name) });
  return { lantwin, seed, traceHash, loaded };
}
