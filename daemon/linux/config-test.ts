/**
 * `-t`: reads a configuration as the daemon would and says what keepalived would say, without privilege. Exit codes
 * are those that the 2.2.7 binary gives (its manual differs), except that a missing file is never a success.
 */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { keepalivedLines, readConfiguration } from '../core/config-loader.ts';
import { InterfaceTable } from './interface-table.ts';
import { linuxSystem } from './linux-system.ts';
import { loadLibc } from './native/libc.ts';
import { dumpNetlink } from './native/netlink-socket.ts';

/** keepalived answers 0 to a missing file, which no script that asks would want. */
const EXIT_MISSING = 6;

/** What `-t` found. */
export interface ConfigTestResult {
  readonly lines: readonly string[];
  readonly exitCode: number;
}

/** Reads and judges one file. */
export function checkConfiguration(options: {
  readonly file: string;
  readonly configId: string | undefined;
}): ConfigTestResult {
  const { file, configId } = options;
  try {
    readFileSync(file);
  } catch {
    return { lines: [`Config files missing '${file}'.`], exitCode: EXIT_MISSING };
  }
  const table = new InterfaceTable();
  // Asking netlink needs no privilege.
  const libc = loadLibc();
  table.resynchronise([...dumpNetlink(libc, 'links'), ...dumpNetlink(libc, 'addresses')]);
  const result = readConfiguration({
    system: linuxSystem(table),
    path: file,
    configId,
    random: { uint32: () => randomBytes(4).readUInt32LE(0) },
  });
  return { lines: keepalivedLines(result), exitCode: result.exitCode };
}
