/**
 * Sync groups: all members MASTER, or none.
 *
 * Each function brings the other members to the state that one of them has reached, then tells of
 * the group. A member's wish counts, not its state: the group becomes MASTER when the last member's
 * timer has run out (recording S10). Source: keepalived 2.2.7; the RFCs know no groups.
 */

import type { TimeUs } from '../base/time.ts';
import { groupMayBecomeMaster } from './group-will.ts';
import { trackText } from './log-text.ts';
import { notifyGroup } from './notify.ts';
import { GROUP_CAUSE, gotoMaster, leaveFault, leaveMaster } from './transitions.ts';
import { type Instance, log, type VrrpMachine } from './vrrp-machine.ts';
import type { VrrpState } from './vrrp-state.ts';

/** After an event at `instance`: carry a change of its state over to its group. */
export function syncAfter(
  machine: VrrpMachine,
  instance: Instance,
  change: { readonly from: VrrpState; readonly now: TimeUs },
): void {
  if (instance.group === undefined) return;
  if (instance.state === 'MASTER') syncMaster(machine, instance, change.now);
  else if (instance.state === 'BACKUP' && change.from === 'MASTER') {
    syncBackup(machine, instance, change.now);
  }
}

/** All members to MASTER, if all want it. */
export function syncMaster(machine: VrrpMachine, instance: Instance, now: TimeUs): void {
  const { group } = instance;
  if (group === undefined || group.state === 'MASTER') return;
  if (!groupMayBecomeMaster(instance)) return;
  log(machine, trackText.sync(group.config.name, 'MASTER'));
  for (const member of group.members) {
    if (member === instance || member.state === 'MASTER') continue;
    gotoMaster(machine, member, { now, cause: GROUP_CAUSE });
  }
  group.state = 'MASTER';
  notifyGroup(machine, group);
}

/** All members to BACKUP. */
export function syncBackup(machine: VrrpMachine, instance: Instance, now: TimeUs): void {
  const { group } = instance;
  if (group === undefined || group.state === 'BACKUP') return;
  log(machine, trackText.sync(group.config.name, 'BACKUP'));
  for (const member of group.members) {
    if (member === instance || member.state === 'BACKUP') continue;
    member.wanted = 'BACKUP';
    if (member.state === 'MASTER') {
      leaveMaster(machine, member, { now, cause: GROUP_CAUSE, announce: false });
    } else {
      leaveFault(machine, member, { now, cause: GROUP_CAUSE });
    }
  }
  group.state = 'BACKUP';
  notifyGroup(machine, group);
}

/** All members to FAULT; of one that was no MASTER no line tells (test/reference/traces-own/group-backup-fault). */
export function syncFault(machine: VrrpMachine, instance: Instance, now: TimeUs): void {
  const { group } = instance;
  if (group === undefined || group.state === 'FAULT') return;
  log(machine, trackText.sync(group.config.name, 'FAULT'));
  for (const member of group.members) {
    if (member === instance || member.state === 'FAULT') continue;
    member.wanted = 'FAULT';
    if (member.state === 'MASTER') {
      leaveMaster(machine, member, { now, cause: GROUP_CAUSE, announce: false });
    } else {
      leaveFault(machine, member, { now, cause: GROUP_CAUSE, silent: true });
    }
  }
  group.state = 'FAULT';
  notifyGroup(machine, group);
}
