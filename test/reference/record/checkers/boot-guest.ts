/** Boots a guest of user-mode-linux (Debian's package) in which this very bundle runs again; `guest-init.sh` is its first process. */

import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { guestCommand } from '../../../interop/guest-command.ts';

/** Records the plans of those names into a folder of the host; the exit code becomes the guest's. */
export function bootGuest(output: string, names: readonly string[]): void {
  mkdirSync(output, { recursive: true });
  const root = process.env['LANTWIN_ROOT'] ?? process.cwd();
  const [program = '', ...before] = guestCommand(root);
  const child = spawn(
    program,
    [
      ...before,
      'mem=900M',
      'root=/dev/root',
      'rootfstype=hostfs',
      'rootflags=/',
      'ro',
      `init=${root}/test/reference/record/checkers/guest-init.sh`,
      'con=null',
      'con0=null,fd:1',
      'quiet',
      // The kernel hands what it does not know to its first process as environment.
      `LANTWIN_ROOT=${root}`,
      `RECORD_NODE=${process.execPath}`,
      `RECORD_BUNDLE=${process.argv[1]}`,
      `RECORD_OUTPUT=${output}`,
      `RECORD_PLANS=${names.join(',')}`,
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  child.on('exit', (code) => {
    process.exitCode = code ?? 70;
  });
}
