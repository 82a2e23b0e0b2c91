/** `lantwin run` with what only the process knows: modules to import, git, and where it runs. */

import { type RunCommandOptions, runCommand } from './command-run.ts';
import { dependenciesOf } from './dependencies.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Output } from './output.ts';
import { findScenarios, isTypedName, type LoadedFile } from './scenario-files.ts';

/** Runs scenario files; `only` (full paths of changed files) leaves out what does not hang on any of them. */
export async function runFiles(
  paths: readonly string[],
  options: RunCommandOptions,
  given: { readonly output: Output; readonly version: string; readonly only?: ReadonlySet<string> },
): Promise<ExitCode> {
  const { output, version } = given;
  const only =
    given.only ??
    (options.changed === undefined
      ? undefined
      : (await import('./changed-files.ts')).changedFiles(options.changed));
  const modules = await typedModules(paths);
  const isWanted = (file: string, loaded: LoadedFile) =>
    dependenciesOf(file, loaded).some((path) => only?.has(path) === true);
  return runCommand(
    paths,
    {
      ...options,
      onGithub: process.env['GITHUB_ACTIONS'] === 'true',
      inCi: (process.env['CI'] ?? '') !== '' && process.env['CI'] !== 'false',
    },
    { output, version, modules, ...(only === undefined ? {} : { isWanted }) },
  );
}

/** The scenarios of the files that are programs. */
export async function typedModules(
  paths: readonly string[],
): Promise<ReadonlyMap<string, readonly LoadedFile[]>> {
  const typed = findScenarios(paths).filter(isTypedName);
  if (typed.length === 0) return new Map();
  return (await import('./typed-modules.ts')).importTyped(typed);
}
