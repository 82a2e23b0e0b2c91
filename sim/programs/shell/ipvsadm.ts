/** ipvsadm on a virtual host. The work is done in `sim/host/ipvsadm-run.ts`, which the daemon uses too. */

import { runIpvsadm } from '../../host/ipvsadm-run.ts';
import type { CommandIo, ShellCommand } from './shell-command.ts';

/** The command, and `ipvsadm-save` and `ipvsadm-restore`. */
export const ipvsadm: ShellCommand = (io) => {
  const { kernel } = io.machine;
  const isRestore = io.name === 'ipvsadm-restore';
  // The script leaves comments out and empties the table first.
  if (isRestore) kernel.ipvs.flush();
  const result = runIpvsadm(kernel.ipvs, wordsOf(io), {
    stdin: isRestore ? io.stdin.replace(/^#.*\n?/gm, '') : io.stdin,
    resolve: (name) => io.machine.resolve(name)[0],
  });
  if (result.out !== '') io.out(result.out);
  if (result.err !== '') io.err(result.err);
  io.exit(result.code);
};

function wordsOf(io: CommandIo): readonly string[] {
  if (io.name === 'ipvsadm-save') return ['-S', ...io.words];
  return io.name === 'ipvsadm-restore' ? ['-R'] : io.words;
}
