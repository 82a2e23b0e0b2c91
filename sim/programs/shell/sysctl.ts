/**
 * sysctl of procps: show, write, load a file, show all. The work is done in `sim/host/sysctl-
 * file.ts`.
 */

import { decodeUtf8 } from '../../../daemon/wire/text.ts';
import { cleanPath } from '../../host/disk.ts';
import {
  applySysctlFile,
  type SysctlForm,
  type SysctlOutput,
  showSysctl,
  writeSysctl,
} from '../../host/sysctl-file.ts';
import { type CommandIo, fail, readOptions, type ShellCommand } from './shell-command.ts';

/** The command. */
export const sysctl: ShellCommand = (io) => {
  const parsed = readOptions(io.words, {
    flags: 'aAwnqepXNr',
    valued: '',
    long: ['all', 'write', 'values', 'quiet', 'ignore', 'load', 'system'],
  });
  if (parsed.wrong !== undefined)
    return fail(io, `sysctl: invalid option -- '${parsed.wrong.slice(1)}'`, 1);
  const has = (...names: string[]) => names.some((name) => parsed.flags.has(name));
  const form: SysctlForm = {
    valuesOnly: has('n', 'values'),
    quiet: has('q', 'quiet'),
    ignoreUnknown: has('e', 'ignore'),
  };
  if (has('system')) return loadSystem(io, form);
  if (has('p', 'load'))
    return loadFiles(io, parsed.rest.length > 0 ? parsed.rest : ['/etc/sysctl.conf'], form);
  const { kernel } = io.machine;
  if (has('a', 'A', 'X', 'all')) {
    // Values that cannot be read are left out, as sysctl says "permission denied" only to others.
    for (const name of kernel.sysctlNames()) print(io, showSysctl(kernel, name, form));
    return io.exit(0);
  }
  if (parsed.rest.length === 0)
    return fail(io, "sysctl: no variables specified\nTry `sysctl --help' for more information.", 1);
  let code = 0;
  for (const word of parsed.rest) {
    const equals = word.indexOf('=');
    if (equals < 0 && has('w', 'write')) {
      io.err(`sysctl: "${word}" must be of the form name=value\n`);
      code = 1;
      continue;
    }
    const output =
      equals < 0
        ? showSysctl(kernel, word, form)
        : writeSysctl(kernel, word.slice(0, equals).trim(), word.slice(equals + 1).trim(), form);
    print(io, output);
    if (output.failed) code = 1;
  }
  io.exit(code);
};

function loadFiles(io: CommandIo, files: readonly string[], form: SysctlForm): void {
  let code = 0;
  for (const file of files) {
    const bytes = file === '-' ? undefined : io.machine.readFile(cleanPath(file));
    if (bytes === undefined) {
      io.err(`sysctl: cannot open "${file}": No such file or directory\n`);
      code = 1;
      continue;
    }
    const output = applySysctlFile(io.machine.kernel, decodeUtf8(bytes), {
      ...form,
      fileName: file,
    });
    print(io, output);
    if (output.failed) code = 1;
  }
  io.exit(code);
}

/** `sysctl --system`: the files of /etc/sysctl.d, then /etc/sysctl.conf, each announced. */
function loadSystem(io: CommandIo, form: SysctlForm): void {
  const files = io.machine.disk
    .paths()
    .filter((path) => /^\/etc\/sysctl\.d\/[^/]+\.conf$/.test(path));
  let code = 0;
  for (const file of [...files, '/etc/sysctl.conf']) {
    const bytes = io.machine.readFile(file);
    if (bytes === undefined) continue;
    io.out(`* Applying ${file} ...\n`);
    const output = applySysctlFile(io.machine.kernel, decodeUtf8(bytes), {
      ...form,
      fileName: file,
    });
    print(io, output);
    if (output.failed) code = 1;
  }
  io.exit(code);
}

function print(io: CommandIo, output: SysctlOutput): void {
  if (output.stdout !== '') io.out(output.stdout);
  if (output.stderr !== '') io.err(output.stderr);
}
