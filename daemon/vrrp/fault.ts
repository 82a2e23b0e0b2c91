/**
 * Going down with the first cause of fault, coming up when the last is gone.
 *
 * Causes are a set of names ('interface eth0', 'script chk', 'address'), so the same cause never
 * counts twice. A group is down while any member has a cause; it comes up with a full master-down
 * interval for all.
 */

import type { TimeUs } from '../base/time.ts';
import { announceAddress } from './garp-plan.ts';
import { instanceText } from './log-text.ts';
import { addressInterface } from './source-address.ts';
import { syncBackup, syncFault, syncMaster } from './sync-group.ts';
import { masterDownInterval, OWNER_PRIORITY, restartTimer } from './timers.ts';
import { leaveFault, leaveMaster } from './transitions.ts';
import {
  type Group,
  type Instance,
  isUnicast,
  logDetail,
  type VrrpMachine,
} from './vrrp-machine.ts';

/** A cause of fault begins. Nothing but the note happens when there is another one already. */
export function takeDown(
  machine: VrrpMachine,
  instance: Instance,
  fault: { readonly cause: string; readonly now: TimeUs },
): void {
  const wasFaultless = instance.faults.size === 0;
  const groupWasUp = groupFaults(instance.group) === 0;
  instance.faults.add(fault.cause);
  if (!wasFaultless && instance.state !== 'INIT') return;
  const occasion = { now: fault.now, cause: reportCause(fault.cause) };
  instance.wanted = 'FAULT';
  if (instance.state === 'MASTER') {
    leaveMaster(machine, instance, { ...occasion, announce: true });
  } else {
    leaveFault(machine, instance, occasion);
  }
  if (instance.group !== undefined && groupWasUp) syncFault(machine, instance, fault.now);
}

/** A cause of fault ends; the instance comes up when it was the last one of it and of its group. */
export function clearFault(
  machine: VrrpMachine,
  instance: Instance,
  fault: { readonly cause: string; readonly now: TimeUs },
): void {
  if (!instance.faults.delete(fault.cause) || instance.faults.size > 0) return;
  if (instance.scriptsInInit.size > 0) {
    if (instance.group !== undefined) instance.group.state = 'INIT';
    instance.wanted = 'BACKUP';
    return;
  }
  comeUp(machine, instance, { now: fault.now, cause: `${reportCause(fault.cause)}-recovered` });
}

/** The last script that had not answered yet has: the instance may come up. */
export function leaveInit(
  machine: VrrpMachine,
  instance: Instance,
  occasion: { readonly now: TimeUs; readonly cause: string },
): void {
  if (instance.faults.size === 0) comeUp(machine, instance, occasion);
}

/** Members of the group that have a cause of fault of their own. */
export function groupFaults(group: Group | undefined): number {
  if (group === undefined) return 0;
  return group.members.filter((member) => member.faults.size > 0).length;
}

/** Members of the group that wait for the first answer of a script. */
export function groupInits(group: Group | undefined): number {
  if (group === undefined) return 0;
  return group.members.filter((member) => member.scriptsInInit.size > 0).length;
}

function comeUp(
  machine: VrrpMachine,
  instance: Instance,
  occasion: { readonly now: TimeUs; readonly cause: string },
): void {
  const isOwner = instance.wanted === 'MASTER' && instance.basePriority === OWNER_PRIORITY;
  instance.wanted = isOwner ? 'MASTER' : 'BACKUP';
  instance.masterAdvertInterval = instance.config.advertInterval;
  instance.masterDownInterval = masterDownInterval(instance);
  const { group } = instance;
  if (group !== undefined && (groupFaults(group) > 0 || groupInits(group) > 0)) return;
  leaveFault(machine, instance, occasion);
  announceOwnSource(machine, instance, occasion.now);
  restartTimer(machine, instance, occasion.now);
  if (group === undefined) return;
  if (instance.state === 'MASTER') syncMaster(machine, instance, occasion.now);
  else syncBackup(machine, instance, occasion.now);
}

/**
 * A unicast router that comes back refreshes its own entry at the peers, else the first adverts to
 * it would wait for ARP and it would time out meanwhile.
 */
function announceOwnSource(machine: VrrpMachine, instance: Instance, now: TimeUs): void {
  const name = addressInterface(instance);
  if (!isUnicast(instance.config) || instance.source === undefined || name === undefined) return;
  const link = machine.host.interfaceNamed(name);
  if (link === undefined) return;
  const what = instance.config.family === 'inet' ? 'ARP' : 'NA';
  logDetail(machine, instanceText.ownArp(instance.config.name, what, instance.source));
  announceAddress(machine, link, { address: instance.source, now });
}

/** 'interface eth0' -> 'interface'. */
function reportCause(cause: string): string {
  const space = cause.indexOf(' ');
  return space < 0 ? cause : cause.slice(0, space);
}
