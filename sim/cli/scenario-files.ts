/** Which files a command line means, and how the scenario reader gets at the files beside them. */

import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import type { Problem } from '../../daemon/config/problem.ts';
import { type LoadedScenario, type LoadOptions, loadScenario } from '../scenario/load-scenario.ts';
import { type ReadScenarioFile, readerWith } from '../scenario/reading.ts';

/** Names that a folder is searched for. */
const SCENARIO_NAME = /\.twin\.(ya?ml|m?[jt]s)$/;
/** Folders that are never searched. */
const SKIPPED = new Set(['node_modules', 'dist']);

/** Whether a name is one of a scenario. */
export function isScenarioName(path: string): boolean {
  return /\.ya?ml$/.test(path) || isTypedName(path);
}

/** Whether a name is one of a scenario that is a program. */
export function isTypedName(path: string): boolean {
  return /\.twin\.m?[jt]s$/.test(path);
}

/** Files as given, folders searched recursively; sorted within each folder, each file once. */
export function findScenarios(paths: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const path of paths.length === 0 ? ['.'] : paths) {
    if (!isFolder(path)) found.add(path);
    else for (const file of searchFolder(path)) found.add(file);
  }
  return [...found];
}

function searchFolder(folder: string): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = folder === '.' ? entry.name : join(folder, entry.name);
    if (entry.isDirectory()) {
      return SKIPPED.has(entry.name) || entry.name.startsWith('.') ? [] : searchFolder(path);
    }
    return SCENARIO_NAME.test(entry.name) ? [path] : [];
  });
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** A scenario file with the content of every file beside it that was read. */
export interface LoadedFile extends LoadedScenario {
  /** By the path as the scenario names it; kept in run files. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Reads and checks a scenario file; a file that cannot be read is a problem like any other. */
export function loadScenarioFile(
  file: string,
  /** Real networks that the command line joins. */
  outside: LoadOptions['outside'] = [],
): LoadedFile {
  const files = new Map<string, Uint8Array>();
  if (isTypedName(file)) {
    const message = 'this scenario is a program: it is imported, not read';
    const problem: Problem = { ...unreadable(file, undefined), code: 'scenario:program', message };
    return { problems: [problem], sources: new Map(), files };
  }
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    return { problems: [unreadable(file, error)], sources: new Map(), files };
  }
  const beside = readerBeside(file);
  const readFile = readerWith((path) => {
    const content = beside(path);
    if (content !== undefined) files.set(path, content);
    return content;
  }, beside.list);
  return { ...loadScenario({ file, bytes, readFile, outside }), files };
}

/** The problem of a file that cannot be read at all. */
export function unreadable(file: string, error: unknown): Problem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reasons = new Map([
    ['ENOENT', 'there is no such file'],
    ['EACCES', 'permission denied'],
    ['EISDIR', 'this is a folder'],
  ]);
  const message = `cannot read the file: ${reasons.get(code) ?? code}`;
  return { code: 'file:unreadable', severity: 'error', file, line: 0, column: 0, message };
}

/** Reads files of the scenario's folder; links that lead out of it are refused. */
export function readerBeside(file: string): ReadScenarioFile {
  const folder = dirname(file);
  return readerWith(
    (path) => insideOf(folder, path, (real) => readFileSync(real)),
    (path) => insideOf(folder, path, (real) => readdirSync(real)) ?? [],
  );
}

function insideOf<T>(folder: string, path: string, read: (real: string) => T): T | undefined {
  try {
    const root = realpathSync(folder);
    const real = realpathSync(join(folder, path));
    if (real !== root && !real.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined;
    return read(real);
  } catch {
    return undefined;
  }
}
