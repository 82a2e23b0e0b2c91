/**
 * Addresses that come and go under the daemon: the interface's own, and VIPs deleted by somebody.
 *
 * A MASTER whose VIP is deleted gives up at once with priority 0 but waits one skew time only, so
 * the same node is usually back first (recording S27). An interface that loses its primary address
 * takes its instances to FAULT.
 */

import type { TimeUs } from '../base/time.ts';
import { familyOf, type IpAddress } from '../wire/ip-address.ts';
import { clearFault, takeDown } from './fault.ts';
import { trackText } from './log-text.ts';
import { addressInterface, findSource } from './source-address.ts';
import { isSameRoute, restoreAddress, restoreRoute } from './static-objects.ts';
import { isSameRule, type RuleWords, restoreRule } from './static-rules.ts';
import { restartTimer, skewTime } from './timers.ts';
import { leaveMaster } from './transitions.ts';
import type { VirtualAddress } from './vrrp-config.ts';
import { type Instance, log, logDetail, type VrrpMachine } from './vrrp-machine.ts';

/** Where an address appeared or went. */
export interface AddressChange {
  readonly interface: string;
  readonly address: IpAddress;
}

/** An address is gone; if it is a VIP that we hold, somebody else did it. */
export function addressRemoved(machine: VrrpMachine, change: AddressChange, now: TimeUs): void {
  for (const instance of machine.instances) {
    if (instance.state === 'MASTER' && instance.vipSet && holds(instance, change)) {
      log(machine, trackText.vipRemoved(change.address, change.interface));
      loseVip(machine, instance, now);
    }
  }
  restoreAddress(machine, change);
  updateSources(machine, change, now);
}

/** An address has appeared. */
export function addressAdded(machine: VrrpMachine, change: AddressChange, now: TimeUs): void {
  updateSources(machine, change, now);
}

/** A route or rule of a MASTER was deleted by somebody else; treated as a lost VIP. */
export function routeRemoved(machine: VrrpMachine, words: readonly string[], now: TimeUs): void {
  restoreRoute(machine, words);
  for (const instance of machine.instances) {
    if (instance.state !== 'MASTER' || !instance.vipSet) continue;
    const lost = instance.config.routes.some((r) => !r.noTrack && isSameRoute(r.words, words));
    if (lost) loseVip(machine, instance, now);
  }
}

/** A rule was deleted by somebody else: a static one comes back, a MASTER's counts as a lost VIP (seen beside 2.2.7). */
export function ruleRemoved(machine: VrrpMachine, gone: RuleWords, now: TimeUs): void {
  restoreRule(machine, gone);
  for (const instance of machine.instances) {
    if (instance.state !== 'MASTER' || !instance.vipSet) continue;
    const lost = instance.config.rules.some((rule) => !rule.noTrack && isSameRule(rule, gone));
    if (lost) loseVip(machine, instance, now);
  }
}

/**
 * The members of its group give up in the same way, one skew time each; nobody is told of the group itself
 * (test/reference/traces-own/group-vip-deleted).
 */
function loseVip(machine: VrrpMachine, instance: Instance, now: TimeUs): void {
  giveUp(machine, instance, now);
  const { group } = instance;
  for (const member of group?.members ?? []) {
    if (member.state !== 'MASTER') continue;
    giveUp(machine, member, now);
    waitForSkew(machine, member, now);
  }
  if (group !== undefined) group.state = 'BACKUP';
  waitForSkew(machine, instance, now);
}

function giveUp(machine: VrrpMachine, instance: Instance, now: TimeUs): void {
  instance.wanted = 'BACKUP';
  leaveMaster(machine, instance, { now, cause: 'vip-deleted', announce: true });
}

function waitForSkew(machine: VrrpMachine, instance: Instance, now: TimeUs): void {
  instance.masterDownInterval = skewTime(instance);
  restartTimer(machine, instance, now);
}

function holds(instance: Instance, change: AddressChange): boolean {
  const { addresses, excludedAddresses } = instance.config;
  const matches = (vip: VirtualAddress): boolean =>
    !vip.noTrack && vip.address === change.address && vip.interface === change.interface;
  return addresses.some(matches) || excludedAddresses.some(matches);
}

function updateSources(machine: VrrpMachine, change: AddressChange, now: TimeUs): void {
  let told = false;
  for (const instance of machine.instances) {
    if (instance.config.family !== familyOf(change.address)) continue;
    if (addressInterface(instance) !== change.interface) continue;
    const before = instance.source;
    const after = isStillThere(machine, change.interface, before)
      ? before
      : findSource(machine, instance);
    if (before === after) continue;
    if (!told) logSource(machine, change, before, after);
    told = true;
    // The last priority 0 still goes out with the old source.
    if (after === undefined) takeDown(machine, instance, { cause: 'address', now });
    instance.source = after;
    if (after !== undefined) clearFault(machine, instance, { cause: 'address', now });
  }
}

/** Another address does not take the place of the one in use, not even that of an owner's own VIP. */
function isStillThere(
  machine: VrrpMachine,
  interfaceName: string,
  source: IpAddress | undefined,
): boolean {
  const link = machine.host.interfaceNamed(interfaceName);
  return (
    source !== undefined &&
    link?.addresses.some((one) => one.address === source && one.tentative !== true) === true
  );
}

function logSource(
  machine: VrrpMachine,
  change: AddressChange,
  before: IpAddress | undefined,
  after: IpAddress | undefined,
): void {
  if (after !== undefined) logDetail(machine, trackText.assigned(after, change.interface));
  else if (before !== undefined) {
    logDetail(machine, trackText.deassigned(before, change.interface));
  }
}
