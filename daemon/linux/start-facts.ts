/**
 * What must be known before a daemon opens anything: which network namespace it lives in, where its pid files are. Both may
 * stand in the configuration (`net_namespace`, `instance`), which is read once for this alone, as keepalived's parent does.
 */

import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { readConfiguration } from '../core/config-loader.ts';
import type { CommandLine } from './command-line.ts';
import { systemRandom, whyNoFile } from './config-test.ts';
import { InterfaceTable } from './interface-table.ts';
import { linuxSystem } from './linux-system.ts';
import { namespacePath } from './native/network-namespace.ts';
import { runningPid } from './pid-file.ts';

/** Where a daemon lives. */
export interface StartFacts {
  readonly namespace: string | undefined;
  readonly pidFile: string;
  /** An included file that must be there is not. */
  readonly includeMissing: boolean;
}

/** Exit code of keepalived when an included file is missing. */
const EXIT_FILE = 6;

/** Reads what the command line leaves open. */
export function startFacts(commandLine: CommandLine): StartFacts {
  const { file, configId, allConfigFiles } = commandLine;
  if (whyNoFile(file) !== undefined) {
    const { namespace } = commandLine;
    return { namespace, pidFile: pidFileOf(commandLine, {}), includeMissing: false };
  }
  const { config, refusal } = readConfiguration({
    // Without interfaces there are complaints; nobody hears them here.
    system: linuxSystem(new InterfaceTable()),
    path: file,
    configId,
    allFiles: allConfigFiles,
    random: systemRandom(),
  });
  const { netNamespace, instanceName } = config.global;
  const namespace = commandLine.namespace ?? netNamespace;
  return {
    namespace,
    pidFile: pidFileOf(commandLine, { namespace, instanceName }),
    includeMissing: refusal === EXIT_FILE,
  };
}

/** Whether a daemon would come to stay; one that does not must end in the foreground, with its exit code. */
export function canStay(commandLine: CommandLine): boolean {
  if (whyNoFile(commandLine.file) !== undefined) return false;
  const { namespace, pidFile, includeMissing } = startFacts(commandLine);
  if (includeMissing) return false;
  if (namespace !== undefined && !existsSync(namespacePath(namespace))) return false;
  return runningPid(pidFile) === undefined && mayWriteBeside(pidFile);
}

/** Source: `KEEPALIVED_PID_DIR` and `make_pidfile_name` of 2.2.7, paths as measured. */
function pidFileOf(
  { pidFile }: CommandLine,
  given: { readonly namespace?: string | undefined; readonly instanceName?: string | undefined },
): string {
  if (pidFile !== undefined) return pidFile;
  const { namespace, instanceName } = given;
  if (instanceName !== undefined) return `/run/keepalived/keepalived_${instanceName}.pid`;
  return namespace === undefined ? '/run/keepalived.pid' : '/run/keepalived/keepalived.pid';
}

function mayWriteBeside(path: string): boolean {
  try {
    accessSync(dirname(path), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
