/** `run a.conf b.conf` (the standard matrix of faults) and `diff OLD NEW` (two sets of files). */

import { existsSync } from 'node:fs';
import { matrixDiff, matrixJson, matrixNotes, matrixText } from '../report/matrix-report.ts';
import { problemText } from '../report/problem-text.ts';
import { shellWord } from '../report/reporter.ts';
import { type Matrix, runMatrix } from '../scenario/matrix/matrix.ts';
import { readSeed, readSeeds } from './arguments.ts';
import { readBareConfigs } from './bare-configs.ts';
import { type ExitCode, UsageError } from './exit-codes.ts';
import type { Output } from './output.ts';

/** The options that the matrix understands. */
export interface MatrixOptions {
  readonly seed?: string;
  readonly seeds?: string;
  readonly json?: boolean;
}

/**
 * Runs the matrix: 0 when in the end every address is answered and held by one node, 1 else, 2 when there was
 * nothing to strike, 3 on invalid files.
 */
export function matrixCommand(
  paths: readonly string[],
  options: MatrixOptions,
  output: Output,
): ExitCode {
  const matrices = matricesOf(paths, options, output);
  if (matrices === undefined) return 3;
  if (options.json === true) {
    const all = matrices.map(matrixJson);
    output.out(`${JSON.stringify({ format: 1, files: paths, matrices: all }, undefined, 2)}\n`);
  } else {
    for (const matrix of matrices) tell(matrix, paths, output);
  }
  if (matrices.some((matrix) => matrix.rows.length === 0)) return 2;
  return matrices.some((matrix) => matrix.rows.some((row) => row.dead || row.astray)) ? 1 : 0;
}

/** Prints what changes for the client; 0 when nothing does, 1 else. */
export function diffCommand(
  before: string,
  after: string,
  options: MatrixOptions,
  output: Output,
): ExitCode {
  const [old, fresh] = [before, after].map((path) => matricesOf([path], options, output));
  if (old === undefined || fresh === undefined) return 3;
  const lines = fresh.flatMap((matrix, index) => {
    const was = old[index];
    if (was === undefined) return [];
    const found = matrixDiff(was, matrix);
    return fresh.length === 1 ? found : found.map((line) => `seed ${matrix.seed}: ${line}`);
  });
  if (options.json === true) output.out(`${JSON.stringify({ format: 1, changes: lines })}\n`);
  else if (lines.length === 0) output.out('nothing changes for the client\n');
  else output.out(lines.map((line) => `${line}\n`).join(''));
  return lines.length === 0 ? 0 : 1;
}

function matricesOf(
  paths: readonly string[],
  options: MatrixOptions,
  output: Output,
): readonly Matrix[] | undefined {
  const missing = paths.find((path) => !existsSync(path));
  if (missing !== undefined) throw new UsageError(`there is no file or folder ${missing}`);
  const bare = readBareConfigs(paths);
  const { scenario, problems, sources } = bare.loaded;
  // What is derived from a wrong file has problems that are only echoes of its own.
  const derived = scenario === undefined ? problems : [];
  const wrong = bare.errors.length > 0 ? bare.errors : derived;
  const texts = new Map([...bare.sources, ...sources]);
  for (const one of wrong) output.err(`${problemText(one, texts, output.style)}\n`);
  if (wrong.length > 0 || scenario === undefined) return undefined;
  const seeds =
    options.seeds !== undefined
      ? readSeeds(options.seeds)
      : [options.seed === undefined ? scenario.seed : readSeed(options.seed)];
  return seeds.map((seed) => runMatrix(scenario, bare.configs, { seed }));
}

function tell(matrix: Matrix, paths: readonly string[], output: Output): void {
  const files = paths.map(shellWord).join(' ');
  if (matrix.victims === undefined) {
    output.out('nobody became MASTER, so no fault was tried; see lantwin check\n');
  } else {
    output.out(`${matrix.victims.master} is MASTER; faults from a healthy start, times in s\n\n`);
    output.out(matrixText(matrix, output.style));
    output.out(matrixNotes(matrix, output.style));
  }
  output.out(`\nthe LAN as a scenario: npx lantwin init ${files}\n`);
  output.out(`repeat: npx lantwin run ${files} --seed ${matrix.seed}\n`);
}
