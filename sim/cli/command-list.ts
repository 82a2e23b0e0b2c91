/** `lantwin list`: which scenarios there are, without running any. */

import type { ExitCode } from './exit-codes.ts';
import type { Output } from './output.ts';
import { typedModules } from './run-files.ts';
import { findScenarios, type LoadedFile, loadScenarioFile } from './scenario-files.ts';

/** The options of `list`. */
export interface ListCommandOptions {
  readonly json?: boolean;
  readonly testNamePattern?: string;
}

/** Prints them; 3 when one of them is invalid, 0 else. */
export async function listCommand(
  paths: readonly string[],
  options: ListCommandOptions,
  output: Output,
): Promise<ExitCode> {
  const modules = await typedModules(paths);
  const found = findScenarios(paths).flatMap((file) =>
    (modules.get(file) ?? [loadScenarioFile(file)]).map((loaded) => entryOf(file, loaded)),
  );
  const pattern = options.testNamePattern?.toLowerCase() ?? '';
  const shown = found.filter((one) => `${one.file}\n${one.name}`.toLowerCase().includes(pattern));
  if (options.json === true) {
    output.out(`${JSON.stringify({ format: 1, scenarios: shown }, undefined, 2)}\n`);
  } else {
    const width = Math.max(0, ...shown.map((one) => one.file.length));
    for (const one of shown) {
      const name = one.valid ? one.name : output.style.bad('invalid, see lantwin check');
      output.out(`${one.file.padEnd(width)}  ${name}\n`);
    }
  }
  return shown.some((one) => !one.valid) ? 3 : 0;
}

function entryOf(file: string, { scenario }: LoadedFile) {
  if (scenario === undefined) return { file, name: file, valid: false };
  const { name, seed, steps, always, finally: ends } = scenario;
  const expected = steps.reduce((sum, step) => sum + step.expect.length, 0);
  const expectations = expected + always.length + ends.length;
  return { file, name, valid: true, seed, steps: steps.length, expectations };
}
