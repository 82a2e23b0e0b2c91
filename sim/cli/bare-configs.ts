/**
 * keepalived.conf files without a scenario: which files are meant, and the LAN derived from them.
 * The LAN is written as a scenario document and read back by the ordinary reader, so that what
 * `run a.conf b.conf` runs is what `init a.conf b.conf` writes.
 */

import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { DaemonConfig } from '../../daemon/config/daemon-config.ts';
import type { Problem } from '../../daemon/config/problem.ts';
import { type DerivedNode, deriveDocument } from '../scenario/derive/derive-lan.ts';
import { documentText } from '../scenario/derive/document-text.ts';
import { type LoadedScenario, loadScenario } from '../scenario/load-scenario.ts';
import { checkConfigFile } from './config-files.ts';
import { configsIn, isFolder } from './config-folders.ts';
import { UsageError } from './exit-codes.ts';
import { nodeName } from './node-name.ts';
import { findScenarios, readerBeside } from './scenario-files.ts';

/** What came of a set of configurations. */
export interface BareConfigs {
  /** Where the scenario would lie; nothing is there. */
  readonly file: string;
  readonly text: string;
  readonly nodes: readonly DerivedNode[];
  readonly configs: readonly DaemonConfig[];
  readonly loaded: LoadedScenario;
  /** Errors of the files themselves; then there is nothing to run. */
  readonly errors: readonly Problem[];
  readonly sources: ReadonlyMap<string, string>;
}

/** Whether a path of the command line means configurations: a `.conf`, or a folder of them alone. */
export function isBareConfig(path: string): boolean {
  if (path.endsWith('.conf')) return true;
  if (!isFolder(path)) return false;
  return findScenarios([path]).length === 0 && configsIn(path).length > 0;
}

/** Reads the files (folders stand for the `*.conf` in them) and builds their LAN. */
export function readBareConfigs(
  paths: readonly string[],
  file?: string,
  every?: string,
): BareConfigs {
  const files = paths.flatMap(configsOf);
  if (files.length === 0) throw new UsageError('no keepalived.conf found');
  const folder = file === undefined ? commonFolder(files) : dirname(file);
  const target = file ?? join(folder, 'lan.twin.yml');
  const sources = new Map<string, string>();
  const errors: Problem[] = [];
  const taken = new Set<string>();
  const nodes = files.map((path): DerivedNode => {
    const { result, sources: texts } = checkConfigFile(path);
    for (const [name, text] of texts) sources.set(name, text);
    errors.push(...result.problems.filter((one) => one.severity === 'error'));
    const beside = relative(resolve(folder), resolve(path)).replaceAll('\\', '/');
    if (beside.startsWith('..')) throw new UsageError(`${path} is not below ${folder}`);
    return { name: uniqueName(path, taken), path: `./${beside}`, config: result.config };
  });
  const name = `${nodes.map((node) => node.name).join(', ')}`;
  const text = documentText(deriveDocument(name, nodes, every));
  const bytes = new TextEncoder().encode(text);
  const loaded = loadScenario({ file: target, bytes, readFile: readerBeside(target) });
  const configs = nodes.map((node) => node.config);
  return { file: target, text, nodes, configs, loaded, errors, sources };
}

/** The configurations that a path of the command line stands for: itself, or those of a folder. */
function configsOf(path: string): readonly string[] {
  if (isFolder(path)) return configsIn(path);
  if (path.endsWith('.conf')) return [path];
  throw new UsageError(
    existsSync(path)
      ? `${path} is no folder, and its name does not end with .conf`
      : `there is no file or folder ${path}`,
  );
}

function commonFolder(files: readonly string[]): string {
  let folder = dirname(files[0] ?? '.');
  const isBelow = (file: string) => !relative(resolve(folder), resolve(file)).startsWith('..');
  while (!files.every(isBelow)) folder = dirname(resolve(folder));
  return folder;
}

/** A host name that the scenario takes, each once. */
function uniqueName(path: string, taken: Set<string>): string {
  const base =
    nodeName(path)
      .replaceAll(/[^A-Za-z0-9-]/g, '-')
      .replace(/^-+/, '') || 'node';
  let name = base === 'client' || /^web-\d+$|^sw\d+$/.test(base) ? `node-${base}` : base;
  for (let number = 2; taken.has(name); number++) name = `${base}-${number}`;
  taken.add(name);
  return name;
}
