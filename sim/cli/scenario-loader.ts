/**
 * How a command gets at one scenario, whichever kind of file it is in: a `*.twin.yml` is read, a `*.twin.ts` has been
 * imported before the command began. A program that exports several scenarios is named `FILE#EXPORT`.
 */

import type { Problem } from '../../daemon/config/problem.ts';
import type { LoadOptions } from '../scenario/load-scenario.ts';
import { isTypedName, type LoadedFile, loadScenarioFile, unreadable } from './scenario-files.ts';
import type { ExportedScenario } from './typed-modules.ts';

/** Reads and checks a scenario; problems are told, never thrown. `outside`: real networks that are joined. */
export type LoadScenario = (path: string, outside?: LoadOptions['outside']) => LoadedFile;

/** A loader for these paths of a command line; programs among them are imported now. */
export async function scenarioLoader(paths: readonly string[]): Promise<LoadScenario> {
  const programs = new Set(paths.map(fileOf).filter(isTypedName));
  if (programs.size === 0) return loadScenarioFile;
  const { exportedScenarios } = await import('./typed-modules.ts');
  const exported = new Map<string, readonly ExportedScenario[]>();
  for (const file of programs) exported.set(file, await exportedScenarios(file));
  return (path, outside) => {
    const all = exported.get(fileOf(path));
    return all === undefined ? loadScenarioFile(path, outside) : chosen(path, all, outside);
  };
}

function chosen(
  path: string,
  all: readonly ExportedScenario[],
  outside: LoadOptions['outside'],
): LoadedFile {
  const file = fileOf(path);
  const wanted = path === file ? undefined : path.slice(file.length + 1);
  const [only, second] =
    wanted === undefined ? all : all.filter((one) => one.names.includes(wanted));
  if (only !== undefined && second === undefined) return only.load(outside);
  const names = all.map((one) => `${file}#${one.names[0]}`).join(' or ');
  const message =
    wanted === undefined
      ? `it exports several scenarios, name one: ${names}`
      : `it exports no scenario '${wanted}', only ${names}`;
  const problem: Problem = { ...unreadable(file, undefined), code: 'scenario:which', message };
  return { problems: [problem], sources: new Map(), files: new Map() };
}

/** The file of `FILE#EXPORT`; any other path is itself. */
function fileOf(path: string): string {
  const file = path.replace(/#[\w$]+$/, '');
  return isTypedName(file) ? file : path;
}

/** The scenarios that these files offer, each as a path that the loader takes. */
export async function offeredScenarios(files: readonly string[]): Promise<readonly string[]> {
  const { exportedScenarios } = await import('./typed-modules.ts');
  const offered: string[] = [];
  for (const file of files) {
    const all = isTypedName(file) ? await exportedScenarios(file) : [];
    if (all.length < 2) offered.push(file);
    else offered.push(...all.map(({ names }) => `${file}#${names[0]}`));
  }
  return offered;
}
