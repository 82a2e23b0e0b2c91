/**
 * keepalived.conf files of the real disk for `check`: reading, and the shell patterns of include.
 */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expandInFolders } from '../../daemon/base/file-pattern.ts';
import { type LoadResult, loadConfig } from '../../daemon/config/load-config.ts';
import { decodeUtf8 } from '../../daemon/wire/text.ts';
import { nodeName } from './node-name.ts';

/** Most files that one pattern may mean. */
const MATCH_LIMIT = 1000;

/** What came of one file; `sources` has the texts that problems point into. */
export interface CheckedConfig {
  readonly result: LoadResult;
  readonly sources: ReadonlyMap<string, string>;
}

/** Who reads a configuration. */
export interface ConfigReader {
  /** Which keepalived; 2.2.7 by default. */
  readonly version?: string;
  /** What its option -i says; by default the host name. */
  readonly configId?: string;
}

/**
 * Reads a configuration as keepalived would, with its includes. The machine it is for is not known,
 * so interfaces, users and scripts are not checked; its host name, which conditions (`@srv-1`) are compared with, is that of
 * the node that the path names.
 */
export function checkConfigFile(file: string, reader: ConfigReader = {}): CheckedConfig {
  const { version, configId } = reader;
  const sources = new Map<string, string>();
  const readFile = (path: string): Uint8Array | undefined => {
    const bytes = readIfFile(path);
    if (bytes !== undefined) sources.set(path, decodeUtf8(bytes));
    return bytes;
  };
  const result = loadConfig({
    path: file,
    readFile,
    expandPattern: (pattern) => expandOnDisk(pattern, dirname(file)),
    hostname: nodeName(file),
    workingDirectory: process.cwd(),
    ...(version === undefined ? {} : { version }),
    ...(configId === undefined ? {} : { configId }),
    random: { uint32: () => 0 },
  });
  return { result, sources };
}

function readIfFile(path: string): Uint8Array | undefined {
  try {
    return statSync(path).isFile() ? readFileSync(path) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The files that a pattern (`*`, `?`, `[]`, `{a,b}`) means, in glob's order; relative ones below `folder`.
 */
export function expandOnDisk(pattern: string, folder: string): readonly string[] {
  const place = (path: string) => (path.startsWith('/') ? path : join(folder, path));
  const found = expandInFolders(pattern, (at) => namesIn(place(at))).map(place);
  return found.filter((path) => readIfFile(path) !== undefined).slice(0, MATCH_LIMIT);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(resolve(folder));
  } catch {
    return [];
  }
}
