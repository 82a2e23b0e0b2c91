/**
 * `-t`: reads a configuration as the daemon would and says what keepalived would say, without privilege. Exit codes
 * are those that the 2.2.7 binary gives (its manual differs), a missing file's 0 included: `lantwin check` is stricter.
 */

import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { RandomSource } from '../base/random.ts';
import { readConfiguration } from '../core/config-loader.ts';
import { InterfaceTable } from './interface-table.ts';
import { linuxSystem } from './linux-system.ts';
import { loadLibc } from './native/libc.ts';
import { dumpNetlink } from './native/netlink-socket.ts';

/** What `-t` found. */
export interface ConfigTestResult {
  readonly lines: readonly string[];
  readonly exitCode: number;
}

/** Reads and judges one file. */
export function checkConfiguration(options: {
  readonly file: string;
  readonly configId: string | undefined;
  readonly allConfigFiles: boolean;
}): ConfigTestResult {
  const { file, configId, allConfigFiles } = options;
  const missing = whyNoFile(file);
  if (missing !== undefined) return { lines: [missing], exitCode: 0 };
  const table = new InterfaceTable();
  // Asking netlink needs no privilege.
  const libc = loadLibc();
  table.resynchronise([...dumpNetlink(libc, 'links'), ...dumpNetlink(libc, 'addresses')]);
  const result = readConfiguration({
    system: linuxSystem(table),
    path: file,
    configId,
    allFiles: allConfigFiles,
    random: systemRandom(),
  });
  return { lines: result.keepalivedLines, exitCode: result.exitCode };
}

/** keepalived's words for a configuration file that is none; `undefined`: it can be read. */
export function whyNoFile(file: string): string | undefined {
  try {
    if (statSync(file).isDirectory()) {
      return `Configuration file '${file}/' is a directory - skipping`;
    }
    readFileSync(file);
    return undefined;
  } catch {
    return `Config files missing '${file}'.`;
  }
}

/** Chance of a real host: the system's own, four octets a draw. */
export function systemRandom(): RandomSource {
  return { uint32: () => randomBytes(4).readUInt32LE(0) };
}
