/**
 * keepalived's own command line on a virtual host: what it says about itself; starting it is the
 * unit's.
 */

import { fail, type ShellCommand } from './shell-command.ts';

const BUILD_DATES = new Map([['2.2.7', '01/16,2022']]);

/** The command: `--version`, `-v`. */
export const keepalived: ShellCommand = (io) => {
  if (io.words.some((word) => word === '-v' || word === '--version')) {
    const version = io.machine.keepalivedVersion;
    const built = BUILD_DATES.get(version);
    // keepalived prints it to stderr.
    io.err(`Keepalived v${version}${built === undefined ? '' : ` (${built})`}\n`);
    return io.exit(0);
  }
  fail(io, 'keepalived: start it with `systemctl start keepalived`', 1);
};
