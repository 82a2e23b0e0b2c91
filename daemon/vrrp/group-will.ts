/**
 * Whether the group of an instance lets it become MASTER: all members want it, or the group is it
 * already.
 */

import type { Instance } from './vrrp-machine.ts';

/** True without a group. Source: keepalived prefers BACKUP for all over MASTER for some. */
export function groupMayBecomeMaster(instance: Instance): boolean {
  const { group } = instance;
  if (group === undefined || group.state === 'MASTER') return true;
  return group.members.every((member) => member === instance || member.wanted === 'MASTER');
}
