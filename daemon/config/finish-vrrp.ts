/**
 * What keepalived does with the VRRP half when all files are read, in its order: script checks, the
 * minimum an instance needs, sync groups, then each instance by itself (`finish-vrrp-instance.ts`), double
 * router ids, then what groups track. True when VRRP can start.
 *
 * Source: order and words as `keepalived -t` of 2.2.7 prints them.
 */

import { groupedBy } from '../base/grouped-by.ts';
import { checkVrrpScripts } from './finish-scripts.ts';
import { finishSyncGroup, finishSyncTracking } from './finish-sync-groups.ts';
import { finishInstance } from './finish-vrrp-instance.ts';
import type { ParseContext } from './parse-context.ts';
import { placeOf } from './place-of.ts';
import type { InstanceDraft } from './vrrp-draft.ts';

/** Applies keepalived's corrections; false when it would not start VRRP. */
export function finishVrrp(context: ParseContext): boolean {
  const { vrrp, reporter } = context;
  if (vrrp.missingInterface) {
    context.complain('unknown-interface', 'Non-existent interface specified in configuration', {
      unplaced: true,
      severity: 'error',
      message:
        'an interface named in the configuration does not exist: keepalived does not start VRRP',
      hint: 'dynamic_interfaces in global_defs allows interfaces that come later',
    });
    return false;
  }
  reporter.location = undefined;
  checkVrrpScripts(context);
  for (const instance of vrrp.instances) if (!hasMinimum(context, instance)) return false;
  vrrp.groups = vrrp.groups.filter((group) => finishSyncGroup(context, group));
  for (const instance of vrrp.instances) if (!finishInstance(context, instance)) return false;
  if (findDoubleIds(context)) return false;
  finishTrackGroups(context);
  for (const group of vrrp.groups) finishSyncTracking(context, group);
  dropIdleScripts(context);
  return true;
}

/** A script that nothing tracks any more, after weights were dropped, does not run. */
function dropIdleScripts({ vrrp }: ParseContext): void {
  const trackers = [...vrrp.instances, ...vrrp.groups];
  vrrp.scripts = vrrp.scripts.filter((script) =>
    trackers.some((one) => one.trackedScripts.some((tracked) => tracked.name === script.name)),
  );
}

function hasMinimum(context: ParseContext, instance: InstanceDraft): boolean {
  if (instance.vrid === 0) {
    context.complain('no-router-id', `(${instance.name}) the virtual router id must be set`, {
      unplaced: true,
      ...placeOf(instance, 'virtual_router_id'),
      severity: 'error',
      message: `vrrp_instance ${instance.name} has no valid virtual_router_id (1 to 255); keepalived does not start VRRP`,
    });
    return false;
  }
  return instance.interface !== undefined || complainOfNoInterface(context, instance);
}

function complainOfNoInterface(context: ParseContext, instance: InstanceDraft): false {
  context.complain('no-interface', `(${instance.name}) Unknown interface!`, {
    unplaced: true,
    ...placeOf(instance, 'interface'),
    severity: 'error',
    message: `vrrp_instance ${instance.name} has no usable interface; keepalived does not start VRRP`,
  });
  return false;
}

/** Whether two instances share a router id where they must not; each is compared with those behind it. */
function findDoubleIds(context: ParseContext): boolean {
  const { instances } = context.vrrp;
  const behind = groupedBy(instances, identityOf);
  let found = false;
  for (const one of instances) {
    const list = behind.get(identityOf(one)) ?? [];
    list.shift();
    for (const other of list) {
      const text =
        one.peers.length > 0 ? unicastConflict(context, one, other) : multicastConflict(one, other);
      if (text === undefined) continue;
      tellDoubleId(context, text, other);
      found = true;
    }
  }
  return found;
}

/** What two instances must have in common to be in each other's way. */
function identityOf(instance: InstanceDraft): string {
  return `${familyOfInstance(instance)} ${instance.vrid} ${instance.peers.length > 0}`;
}

function tellDoubleId(context: ParseContext, text: string, other: InstanceDraft): void {
  context.complain('double-router-id', text, {
    unplaced: true,
    ...placeOf(other, 'virtual_router_id'),
    severity: 'error',
    message: `${text}; keepalived does not start VRRP`,
  });
}

function familyOfInstance(instance: InstanceDraft): 'inet' | 'inet6' {
  return instance.family ?? 'inet';
}

function multicastConflict(one: InstanceDraft, other: InstanceDraft): string | undefined {
  if (one.interface !== other.interface) return undefined;
  if (one.multicastGroup !== other.multicastGroup) return undefined;
  const version = familyOfInstance(one) === 'inet' ? 4 : 6;
  return (
    `${one.name} and ${other.name} both use VRID ${one.vrid} with IPv${version}` +
    ` on interface ${one.interface}`
  );
}

function unicastConflict(
  context: ParseContext,
  one: InstanceDraft,
  other: InstanceDraft,
): string | undefined {
  const apart =
    one.interface !== undefined &&
    other.interface !== undefined &&
    one.interface !== other.interface;
  const left = sourceOf(context, one);
  const right = sourceOf(context, other);
  if (apart || left === undefined || left !== right) return undefined;
  return `(${one.name}) duplicate VRID conflict with ${other.name} VRID ${one.vrid}`;
}

function sourceOf(context: ParseContext, instance: InstanceDraft): number | bigint | undefined {
  if (instance.source !== undefined) return instance.source;
  const facts = context.machine.interfaces?.find((one) => one.name === instance.interface);
  const wanted = familyOfInstance(instance) === 'inet' ? 'number' : 'bigint';
  return facts?.addresses.find((one) => typeof one.address === wanted)?.address;
}

function finishTrackGroups(context: ParseContext): void {
  const { vrrp } = context;
  vrrp.trackGroups = vrrp.trackGroups.filter((group) => {
    if (group.members === undefined) {
      context.remark('track-group', `track_group ${group.name} names no instances`, {
        ...(group.at === undefined ? {} : { at: group.at }),
      });
      return false;
    }
    group.members = group.members.filter((name) => {
      if (vrrp.instances.some((one) => one.name === name)) return true;
      const what = `vrrp instance ${name} specified in track group ${group.name}`;
      context.remark('not-found', `${what} doesn't exist - ignoring`, {
        ...(group.at === undefined ? {} : { at: group.at }),
      });
      return false;
    });
    return group.members.length > 0;
  });
}
