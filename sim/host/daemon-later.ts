/**
 * Commands of the daemon that the virtual machine cannot carry out yet: TCP streams of checkers and
 * mails, and IPVS. Each is refused with a clear reason, once per command. This file is the place
 * that the issues about TCP and load balancing replace.
 */

import type { IpvsCommand, StreamCommand } from '../../daemon/core/commands.ts';

/** Why a command of a later issue fails. */
export function laterReason(command: StreamCommand | IpvsCommand): string {
  return command.kind === 'ipvs'
    ? 'IPVS is not simulated yet'
    : 'TCP connections are not simulated yet';
}
