/**
 * Setting and removing what a virtual router owns: addresses, routes, rules, firewall rules.
 *
 * Order as keepalived 2.2.7: firewall, VIPs, excluded VIPs, routes, rules when set; rules, routes,
 * VIPs, excluded VIPs, firewall when removed (recording S25).
 */

import { isIpv4 } from '../wire/ip-address.ts';
import { instanceText } from './log-text.ts';
import type { AddressAction } from './vrrp-actions.ts';
import type { VirtualAddress, VirtualRoute, VirtualRule } from './vrrp-config.ts';
import { type Instance, logDetail, takeId, type VrrpMachine } from './vrrp-machine.ts';

/** Sets everything the instance owns and marks it as set. */
export function setVirtualObjects(machine: VrrpMachine, instance: Instance): void {
  const { config } = instance;
  setFirewall(machine, instance, true);
  setAddresses(machine, instance, config.addresses);
  setExcluded(machine, instance, config.excludedAddresses);
  instance.vipSet = true;
  setRoutes(machine, instance, config.routes);
  setRules(machine, instance, config.rules);
}

/** Removes everything the instance owns; `force` also what this daemon did not set (left-overs). */
export function removeVirtualObjects(
  machine: VrrpMachine,
  instance: Instance,
  options: { readonly force: boolean },
): void {
  const { config } = instance;
  if (options.force || instance.vipSet) removeVirtualRoutes(machine, instance);
  instance.garpPending.clear();
  if (!options.force && !instance.vipSet) return;
  removeAddresses(machine, instance, config.addresses);
  removeExcluded(machine, instance, config.excludedAddresses);
  setFirewall(machine, instance, false);
  instance.vipSet = false;
}

/** Removes virtual rules and routes, with their log lines. */
export function removeVirtualRoutes(machine: VrrpMachine, instance: Instance): void {
  removeRules(machine, instance, instance.config.rules);
  removeRoutes(machine, instance, instance.config.routes);
}

/** Adds addresses of virtual_ipaddress, with the log line that goes before. */
function setAddresses(
  machine: VrrpMachine,
  instance: Instance,
  addresses: readonly VirtualAddress[],
): void {
  if (addresses.length === 0) return;
  logDetail(machine, instanceText.settingVips(instance.config.name));
  for (const address of addresses) changeAddress(machine, 'address-add', address);
}

/** Adds addresses of virtual_ipaddress_excluded. */
function setExcluded(
  machine: VrrpMachine,
  instance: Instance,
  addresses: readonly VirtualAddress[],
): void {
  if (addresses.length === 0) return;
  logDetail(machine, instanceText.settingExcluded(instance.config.name));
  for (const address of addresses) changeAddress(machine, 'address-add', address);
}

/** One `ip address add|del`. */
export function changeAddress(
  machine: VrrpMachine,
  kind: 'address-add' | 'address-delete',
  address: VirtualAddress,
): void {
  machine.actions.push({ kind, id: takeId(machine), address: addressAction(address) });
}

/** One route added or removed. */
export function changeRoute(
  machine: VrrpMachine,
  kind: 'add' | 'delete',
  route: VirtualRoute,
): void {
  const add = route.append ? 'route-append' : 'route-add';
  machine.actions.push({
    kind: kind === 'add' ? add : 'route-delete',
    id: takeId(machine),
    family: route.family,
    words: route.words,
  });
}

/** One rule added or removed. */
export function changeRule(machine: VrrpMachine, kind: 'add' | 'delete', rule: VirtualRule): void {
  machine.actions.push({
    kind: kind === 'add' ? 'rule-add' : 'rule-delete',
    id: takeId(machine),
    family: rule.family,
    words: rule.words,
  });
}

/** Whether packets to the VIPs are to be dropped: no_accept, or strict mode of a non-owner. */
/** Whether rules drop what goes to its addresses while it is MASTER. */
export function hasFirewall(instance: Instance): boolean {
  return !instance.config.accept && instance.basePriority !== 255;
}

function removeAddresses(
  machine: VrrpMachine,
  instance: Instance,
  addresses: readonly VirtualAddress[],
): void {
  if (addresses.length === 0) return;
  logDetail(machine, instanceText.removingVips(instance.config.name));
  for (const address of addresses) changeAddress(machine, 'address-delete', address);
}

function removeExcluded(
  machine: VrrpMachine,
  instance: Instance,
  addresses: readonly VirtualAddress[],
): void {
  if (addresses.length === 0) return;
  logDetail(machine, instanceText.removingExcluded(instance.config.name));
  for (const address of addresses) changeAddress(machine, 'address-delete', address);
}

function setRoutes(
  machine: VrrpMachine,
  instance: Instance,
  routes: readonly VirtualRoute[],
): void {
  if (routes.length === 0) return;
  logDetail(machine, instanceText.settingRoutes(instance.config.name));
  for (const route of routes) changeRoute(machine, 'add', route);
}

function removeRoutes(
  machine: VrrpMachine,
  instance: Instance,
  routes: readonly VirtualRoute[],
): void {
  if (routes.length === 0) return;
  logDetail(machine, instanceText.removingRoutes(instance.config.name));
  for (const route of routes) changeRoute(machine, 'delete', route);
}

function setRules(machine: VrrpMachine, instance: Instance, rules: readonly VirtualRule[]): void {
  if (rules.length === 0) return;
  logDetail(machine, instanceText.settingRules(instance.config.name));
  for (const rule of rules) changeRule(machine, 'add', rule);
}

function removeRules(
  machine: VrrpMachine,
  instance: Instance,
  rules: readonly VirtualRule[],
): void {
  if (rules.length === 0) return;
  logDetail(machine, instanceText.removingRules(instance.config.name));
  for (const rule of rules) changeRule(machine, 'delete', rule);
}

/**
 * Sets or removes the drop rules of the VIPs, where the configuration wants such. A MASTER that a reload takes `no_accept`
 * from keeps them, and they outlive it (test/reference/traces-own/reload-no-accept).
 */
export function setFirewall(machine: VrrpMachine, instance: Instance, add: boolean): void {
  if (!hasFirewall(instance)) return;
  const { config } = instance;
  const all = [...config.addresses, ...config.excludedAddresses];
  if (all.length === 0) return;
  const text = add ? instanceText.settingFirewall : instanceText.removingFirewall;
  logDetail(machine, text(config.name));
  for (const { address } of all) {
    machine.actions.push({
      kind: add ? 'firewall-add' : 'firewall-delete',
      // IPv6 link-local addresses exist once per interface, so the rule names it.
      rule:
        typeof address === 'bigint' && address >> 118n === 0x3fan && config.interface !== undefined
          ? { kind: 'drop-address', address, interface: config.interface }
          : { kind: 'drop-address', address },
    });
  }
}

function addressAction(address: VirtualAddress): AddressAction {
  return {
    interface: address.interface,
    address: address.address,
    length: address.length,
    scope: address.scope,
    ...(address.label === undefined ? {} : { label: address.label }),
    ...(address.broadcast === undefined ? {} : { broadcast: address.broadcast }),
    ...(address.peer === undefined ? {} : { peer: address.peer }),
    // keepalived adds every IPv6 address without duplicate detection (recording S13).
    ...(address.noDad || !isIpv4(address.address) ? { noDad: true } : {}),
    ...(address.home ? { home: true } : {}),
    ...(address.manageTemporary ? { manageTemporary: true } : {}),
    ...(address.noPrefixRoute ? { noPrefixRoute: true } : {}),
    ...(address.autojoin ? { autojoin: true } : {}),
    ...(address.preferredLifetimeSeconds === undefined
      ? {}
      : { preferredLifetimeSeconds: address.preferredLifetimeSeconds }),
  };
}
