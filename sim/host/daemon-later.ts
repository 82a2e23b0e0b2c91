/**
 * Commands of the daemon that the virtual machine cannot carry out yet: IPVS. Each is refused with a clear
 * reason, once per command. This file is the place that the issue about load balancing replaces.
 */

import type { IpvsCommand } from '../../daemon/core/commands.ts';

/** Why a command of a later issue fails. */
export function laterReason(_command: IpvsCommand): string {
  return 'IPVS is not simulated yet';
}
