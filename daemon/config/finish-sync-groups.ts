/** Sync groups after reading: members, and what a group's own trackers may do. */

import type { ParseContext } from './parse-context.ts';
import type { GroupDraft, TrackDraft } from './vrrp-draft.ts';

/** Finds the members of a group; false when the group goes. */
export function finishSyncGroup(context: ParseContext, group: GroupDraft): boolean {
  const at = group.at === undefined ? {} : { at: group.at };
  const say = (code: string, text: string) => {
    context.complain(code, text, { unplaced: true, ...at });
  };
  if (group.members === undefined) {
    say('empty-group', `Sync group ${group.name} has no virtual router(s). removing`);
    return false;
  }
  const found: string[] = [];
  for (const name of group.members) {
    const instance = context.vrrp.instances.find((one) => one.name === name);
    if (instance === undefined) {
      const what = `Virtual router ${name} specified in sync group ${group.name}`;
      say('not-found', `${what} doesn't exist - ignoring`);
    } else if (instance.group !== undefined) {
      const what = `Virtual router ${name} cannot exist in more than one sync group`;
      say('duplicate', `${what}; ignoring ${group.name}`);
    } else {
      instance.group = group.name;
      found.push(name);
    }
  }
  group.members = found;
  complainOfOwners(context, group);
  if (found.length === 0) {
    const what = 'no matching virtual router found in group declaration';
    say('empty-group', `Sync group ${group.name}, ${what} - removing`);
    return false;
  }
  if (found.length === 1) {
    const what = `has only 1 virtual router(s) - this probably isn't what you want`;
    say('group-of-one', `Sync group ${group.name} ${what}`);
  }
  return true;
}

function complainOfOwners(context: ParseContext, group: GroupDraft): void {
  const members = context.vrrp.instances.filter((one) => group.members?.includes(one.name));
  const masters = members.filter((one) => one.state === 'MASTER' && one.priority === 255);
  const backups = members.filter((one) => one.state === 'BACKUP');
  const first = members[0];
  if (masters.length === 0 || backups.length === 0 || first !== masters[0]) return;
  const text =
    `Sync group ${group.name} has some member(s) as address owner and some not as address` +
    " owner. This won't work.";
  const at = group.at === undefined ? {} : { at: group.at };
  context.complain('group-owners', text, { unplaced: true, ...at });
}

/** Weights make no sense when a member owns its address, and no interface needs to be tracked twice. */
export function finishSyncTracking(context: ParseContext, group: GroupDraft): void {
  const hasOwner = context.vrrp.instances.some(
    (one) => one.group === group.name && one.priority === 255,
  );
  if (hasOwner) {
    const { trackedScripts, trackedFiles, trackedProcesses, trackedBfds } = group;
    for (const tracked of trackedScripts) clearWeight(context, group, 'script', tracked);
    for (const tracked of trackedFiles) clearWeight(context, group, 'file', tracked);
    for (const tracked of trackedProcesses) clearWeight(context, group, 'process', tracked);
    for (const tracked of trackedBfds) clearWeight(context, group, 'bfd', tracked);
  }
  for (const tracked of group.trackedInterfaces) {
    if (hasOwner) clearWeight(context, group, 'interface', tracked);
    complainOfDoubles(context, group, tracked.name);
  }
}

function clearWeight(
  context: ParseContext,
  group: GroupDraft,
  kind: 'script' | 'file' | 'process' | 'bfd' | 'interface',
  tracked: TrackDraft,
): void {
  if (tracked.weight === 0) return;
  const cleared = kind === 'script' || kind === 'interface';
  const what = cleared ? 'clearing weight' : 'setting weight 0';
  const text =
    `(${group.name}) Cannot have weighted track ${kind} '${tracked.name}' with member` +
    ` having priority 255 - ${what}`;
  const at = group.at === undefined ? {} : { at: group.at };
  context.complain('weight-of-owner', text, { unplaced: true, ...at });
  tracked.weight = 0;
}

/** A member that tracks the interface itself, or stands on it, has it twice. Source: seen with 2.2.7. */
function complainOfDoubles(context: ParseContext, group: GroupDraft, name: string): void {
  for (const member of group.members ?? []) {
    const instance = context.vrrp.instances.find((one) => one.name === member);
    if (instance === undefined) continue;
    const own = instance.interface === name && !instance.dontTrackPrimary;
    if (!own && !instance.trackedInterfaces.some((one) => one.name === name)) continue;
    const text =
      `(${member}) track_interface ${name} is configured on VRRP instance and sync group.` +
      ' Remove vrrp instance or sync group config';
    const at = group.at === undefined ? {} : { at: group.at };
    context.complain('duplicate', text, { unplaced: true, ...at });
  }
}
