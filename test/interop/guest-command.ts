/** How to start user-mode-linux on this processor. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The words before the guest's arguments. On a processor with AMX a library is preloaded that is compiled for it first (see
 * `probes/guest-xstate.c`). Fails: without a C compiler on such a processor.
 */
export function guestCommand(repository: string): readonly string[] {
  if (!readFileSync('/proc/cpuinfo', 'latin1').includes(' amx_tile')) return ['linux.uml'];
  const folder = join(repository, 'node_modules', '.cache', 'lantwin');
  const library = join(folder, 'guest-xstate.so');
  const source = join(repository, 'test', 'interop', 'probes', 'guest-xstate.c');
  mkdirSync(folder, { recursive: true });
  // Others may be starting guests with it at this moment: it is there whole, or not yet.
  execFileSync('cc', ['-O2', '-shared', '-fPIC', '-o', `${library}.${process.pid}`, source]);
  renameSync(`${library}.${process.pid}`, library);
  return ['env', `LD_PRELOAD=${library}`, 'linux.uml'];
}
