/** Trackers of an instance after reading: weights that a sync group or priority 255 forbids. */

import type { ParseContext } from './parse-context.ts';
import { placeOf } from './place-of.ts';
import type { InstanceDraft, TrackDraft } from './vrrp-draft.ts';

/** Drops or clears what may not have a weight. */
export function finishInstanceTracking(context: ParseContext, instance: InstanceDraft): void {
  const group = context.vrrp.groups.find((one) => one.name === instance.group);
  const grouped = group !== undefined && !group.trackingWeight;
  if (!grouped && instance.priority !== 255) return;
  const say = (text: string, keyword: string) => {
    context.complain('weight-ignored', `(${instance.name}) ${text}`, {
      unplaced: true,
      ...placeOf(instance, keyword),
      hint: grouped
        ? 'sync_group_tracking_weight in the group allows weights'
        : 'an address owner (priority 255) cannot change its priority',
    });
  };
  instance.trackedInterfaces = instance.trackedInterfaces.filter((one) => {
    if (one.weight === 0) return true;
    const reason = grouped ? 'weight due to SYNC group' : 'due to address owner';
    say(`ignoring ${one.name} tracked interface ${reason}`, 'track_interface');
    one.weight = 0;
    return grouped;
  });
  const reason = grouped ? 'SYNC group' : 'address_owner';
  instance.trackedScripts = instance.trackedScripts.filter((one) => {
    if (one.weight === 0) return true;
    say(`ignoring tracked script ${one.name} with weights due to ${reason}`, 'track_script');
    return false;
  });
  instance.trackedFiles = instance.trackedFiles.filter((one) => keepFile(one, reason, say));
  instance.trackedBfds = instance.trackedBfds.filter((one) => {
    if (one.weight === 0) return true;
    const text = `ignoring tracked bfd ${one.name} with weight ${one.weight} due to ${reason}`;
    say(text, 'track_bfd');
    return false;
  });
}

function keepFile(
  one: TrackDraft,
  reason: string,
  say: (text: string, keyword: string) => void,
): boolean {
  if (one.weight === 0) return true;
  if (one.weight === 1) {
    const text = `ignoring weight from tracked file ${one.name} due to ${reason}. specify weight 0`;
    say(text, 'track_file');
    one.weight = 0;
    return true;
  }
  const text = `ignoring tracked file ${one.name} with weight ${one.weight} due to ${reason}`;
  say(text, 'track_file');
  return false;
}

/** An instance follows its own interface anyway. */
export function dropOwnInterface(context: ParseContext, instance: InstanceDraft): void {
  instance.trackedInterfaces = instance.trackedInterfaces.filter((one) => {
    if (one.name !== instance.interface) return true;
    const text = `(${instance.name}) Ignoring track_interface ${one.name} since own interface`;
    context.complain('own-interface', text, {
      unplaced: true,
      ...placeOf(instance, 'track_interface'),
      message: `vrrp_instance ${instance.name} tracks its own interface ${one.name} anyway: the line is left out`,
    });
    return false;
  });
}
