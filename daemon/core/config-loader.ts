/**
 * The daemon's reader: keepalived's own language, from `daemon/config`, with everything that the machine can
 * tell about itself. The verdict decides whether the daemon starts.
 */

import { type LoadResult, loadConfig } from '../config/load-config.ts';
import type { ConfigLoader } from './loaded-config.ts';
import type { System } from './system.ts';

/** keepalived's exit code for a missing configuration. Source: measured with 2.2.7. */
const EXIT_MISSING = 6;

/** Reads a configuration with every check that this machine allows. */
export function readConfiguration(options: {
  readonly system: System;
  readonly path: string;
  readonly configId: string | undefined;
  readonly allFiles?: boolean;
  readonly version?: string;
  readonly random: { uint32(): number };
}): LoadResult {
  const { system, path, configId, random, version, allFiles = false } = options;
  return loadConfig({
    path,
    hostname: system.hostname(),
    ...(configId === undefined ? {} : { configId }),
    interfaces: system.interfaces(),
    isExecutable: (name) => system.isExecutable(name),
    ...(system.scriptFault === undefined
      ? {}
      : { scriptFault: (name: string) => system.scriptFault?.(name) }),
    hasUser: (name) => system.hasUser(name),
    hasGroup: (name) => system.hasGroup?.(name) ?? true,
    environment: (name) => system.environment?.(name),
    workingDirectory: system.workingDirectory?.(),
    readFile: (name) => system.readFile(name),
    expandPattern: (pattern) => system.expandPattern(pattern),
    random,
    allFiles,
    ...(version === undefined ? {} : { version }),
  });
}

/** keepalived's own lines about a configuration, in its order. */
export function keepalivedLines(result: LoadResult): readonly string[] {
  return result.problems.flatMap((problem) => problem.keepalivedText?.split('\n') ?? []);
}

/** Reads `path` and everything it includes. */
export const loadWithReader: ConfigLoader = (options) => {
  if (options.system.readFile(options.path) === undefined) {
    const messages = [`Config files missing '${options.path}'.`];
    return { config: undefined, messages, refused: true, exitCode: EXIT_MISSING };
  }
  const result = readConfiguration(options);
  return {
    config: result.config,
    messages: result.startLines,
    refused: result.refusal !== undefined,
    exitCode: result.refusal ?? 0,
  };
};
