/**
 * `-m` and `-M`: a core file after a crash. Most bugs of ours end in order and leave none; what is left is a crash of Node
 * itself or of native code.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import type { CommandLine } from './command-line.ts';
import type { LogOutput } from './log-output.ts';
import type { Libc } from './native/libc.ts';

/** The kernel's name for core files; of the whole machine. Source: core(5). */
const CORE_PATTERN = '/proc/sys/kernel/core_pattern';

/** Allows core files and sets their name; returns what puts the name back. */
export function prepareCoreDumps(
  { coreDump, corePattern }: Pick<CommandLine, 'coreDump' | 'corePattern'>,
  { libc, log }: { readonly libc: Libc; readonly log: LogOutput },
): () => void {
  const tell = (text: string): void =>
    log.write({ kind: 'log', process: 'parent', level: 'info', text });
  if (!coreDump) return () => {};
  if (!libc.allowCoreFiles()) tell('Failed to set core file size limit');
  if (corePattern === undefined) return () => {};
  try {
    const before = readFileSync(CORE_PATTERN, 'utf8');
    writeFileSync(CORE_PATTERN, corePattern);
    return () => writeFileSync(CORE_PATTERN, before);
  } catch (error) {
    tell(`Unable to set core_pattern: ${error instanceof Error ? error.message : error}`);
    return () => {};
  }
}
