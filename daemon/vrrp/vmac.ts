/**
 * Interfaces for virtual MACs (use_vmac) and ipvlans (use_ipvlan): made at start, removed at the
 * end.
 *
 * A VMAC is a private macvlan with the virtual router's MAC. keepalived sets the sysctls that make
 * Linux treat it as a router of its own, and moves IGMP to the base interface with a firewall rule,
 * so that switches do not learn the virtual MAC from it (recording S14).
 */

import { virtualRouterMac } from '../wire/vrrp-header.ts';
import { instanceText, trackText } from './log-text.ts';
import { findSource } from './source-address.ts';
import { type Instance, log, logDetail, takeId, type VrrpMachine } from './vrrp-machine.ts';

/** Makes the interfaces that the instances need and that do not exist; returns the names made. */
export function createLinks(machine: VrrpMachine): ReadonlySet<string> {
  const made = new Set<string>();
  for (const instance of machine.instances) {
    const name = createLink(machine, instance, made);
    if (name !== undefined) made.add(name);
    for (const [link, base] of addressLinks(instance)) {
      if (!made.has(link) && createAddressLink(machine, instance, link, base)) made.add(link);
    }
  }
  return made;
}

/**
 * An interface has come into being (dynamic_interfaces): what stands on it is made now. Source: the log of 2.2.7 in a
 * namespace, the interface added while it ran.
 */
export function createLateLinks(machine: VrrpMachine, base: string): void {
  const present = machine.host.interfaceNamed(base);
  if (present === undefined) return;
  for (const instance of machine.instances) {
    const own = instance.config.vmac ?? instance.config.ipvlan;
    if (own?.base === base && !isThere(machine, own.name)) {
      const isUp = present.up && present.running;
      if (!isUp) log(machine, instanceText.interfaceDown(instance.config.name, base));
      createLink(machine, instance, new Set());
      machine.madeLinks.add(own.name);
    }
    for (const [link, below] of addressLinks(instance)) {
      if (below !== base || !createAddressLink(machine, instance, link, base)) continue;
      machine.madeLinks.add(link);
    }
  }
}

function isThere(machine: VrrpMachine, name: string): boolean {
  return machine.host.interfaceNamed(name) !== undefined || machine.madeLinks.has(name);
}

/** Removes the interfaces of one instance. */
export function removeLinks(machine: VrrpMachine, instance: Instance): void {
  const { vmac, ipvlan } = instance.config;
  if (vmac !== undefined) removeLink(machine, instance, vmac.name, vmac.base);
  else if (ipvlan !== undefined) removeLink(machine, instance, ipvlan.name, undefined);
  for (const [link, base] of addressLinks(instance)) removeLink(machine, instance, link, base);
}

function removeLink(
  machine: VrrpMachine,
  instance: Instance,
  link: string,
  base: string | undefined,
): void {
  if (base !== undefined) {
    machine.actions.push({
      kind: 'firewall-delete',
      rule: { kind: 'igmp-on-base', interface: link, base },
    });
  }
  machine.actions.push({ kind: 'link-delete', id: takeId(machine), name: link });
  log(machine, instanceText.vmacRemoved(instance.config.name, link));
}

/** Names and bases of the VMACs that single addresses stand on (use_vmac_addr, use_vmac). */
function addressLinks(instance: Instance): ReadonlyMap<string, string> {
  const links = new Map<string, string>();
  const { addresses, excludedAddresses } = instance.config;
  for (const vip of [...addresses, ...excludedAddresses]) {
    if (vip.vmacBase !== undefined) links.set(vip.interface, vip.vmacBase);
  }
  return links;
}

/** The virtual MAC of the address is that of its instance, on another interface. */
function createAddressLink(
  machine: VrrpMachine,
  instance: Instance,
  name: string,
  base: string,
): boolean {
  if (isThere(machine, name) || !isThere(machine, base)) return false;
  const { vrid, family, vmac } = instance.config;
  const mac = vmac?.mac ?? virtualRouterMac(vrid, family);
  const type = { kind: 'macvlan', mac, mode: 'private' } as const;
  machine.actions.push({ kind: 'link-add', id: takeId(machine), name, base, type });
  configureVmac(machine, instance, name, base);
  machine.actions.push({ kind: 'link-up', id: takeId(machine), name });
  log(machine, instanceText.linkCreated(instance.config.name, 'VMAC', name));
  return true;
}

/** Whether the instance brings its own interface. */
export function hasOwnLink(instance: Instance): boolean {
  return instance.config.vmac !== undefined || instance.config.ipvlan !== undefined;
}

function createLink(
  machine: VrrpMachine,
  instance: Instance,
  made: ReadonlySet<string>,
): string | undefined {
  const { vmac, ipvlan, name: owner } = instance.config;
  const own = vmac ?? ipvlan;
  if (own === undefined || made.has(own.name)) return undefined;
  const exists = machine.host.interfaceNamed(own.name) !== undefined;
  // Its base may come later, under dynamic_interfaces.
  if (!exists && !isThere(machine, own.base)) return undefined;
  if (!exists) {
    machine.actions.push({
      kind: 'link-add',
      id: takeId(machine),
      name: own.name,
      base: own.base,
      type:
        vmac !== undefined
          ? { kind: 'macvlan', mac: vmac.mac, mode: 'private' }
          : { kind: 'ipvlan', mode: ipvlan?.mode ?? 'bridge' },
    });
  }
  if (vmac !== undefined) configureVmac(machine, instance, vmac.name, vmac.base);
  if (ipvlan?.address !== undefined) addIpvlanAddress(machine, instance, ipvlan.name);
  machine.actions.push({ kind: 'link-up', id: takeId(machine), name: own.name });
  if (vmac !== undefined) addLinkLocal(machine, instance, vmac.name);
  const what = vmac === undefined ? 'ipvlan' : 'VMAC';
  if (!exists) log(machine, instanceText.linkCreated(owner, what, own.name));
  // Its own address is known before the kernel tells of it (recorded in a guest).
  if (!exists && ipvlan?.address !== undefined) {
    logDetail(machine, trackText.assigned(ipvlan.address, own.name));
  }
  return exists ? undefined : own.name;
}

/**
 * The sysctls of a VMAC. Without them the base interface would answer ARP for the VIP with its own
 * MAC, and the VMAC would not hear the other router, whose packets bear its own MAC. A dot in the
 * name of an interface is a `/` in that of a sysctl, as for sysctl(8).
 *
 * Source: /proc/sys before and after a start of keepalived 2.2.7.
 */
function configureVmac(machine: VrrpMachine, instance: Instance, name: string, base: string): void {
  const [own, below] = [name.replaceAll('.', '/'), base.replaceAll('.', '/')];
  const writes: readonly (readonly [string, string])[] =
    instance.config.family === 'inet6'
      ? [
          // No link-local address of the virtual MAC; RFC 9568 section 7.4.
          [`net.ipv6.conf.${own}.addr_gen_mode`, '1'],
        ]
      : [
          [`net.ipv6.conf.${own}.addr_gen_mode`, '1'],
          [`net.ipv6.conf.${own}.disable_ipv6`, '1'],
          [`net.ipv4.conf.${own}.arp_ignore`, '1'],
          [`net.ipv4.conf.${own}.accept_local`, '1'],
          [`net.ipv4.conf.${own}.rp_filter`, '0'],
          [`net.ipv4.conf.${own}.promote_secondaries`, '1'],
          [`net.ipv4.conf.${below}.arp_ignore`, '1'],
          [`net.ipv4.conf.${below}.arp_filter`, '1'],
        ];
  for (const [sysctl, value] of writes) {
    machine.actions.push({ kind: 'sysctl-write', name: sysctl, value });
  }
  machine.actions.push({
    kind: 'firewall-add',
    rule: { kind: 'igmp-on-base', interface: name, base },
  });
}

/**
 * An IPv6 VMAC gets the link-local address of its base, so that adverts do not come from a VIP
 * although they bear the virtual MAC.
 */
function addLinkLocal(machine: VrrpMachine, instance: Instance, name: string): void {
  if (instance.config.family !== 'inet6') return;
  const address = findSource(machine, instance);
  if (address === undefined) return;
  machine.actions.push({
    kind: 'address-add',
    id: takeId(machine),
    address: { interface: name, address, length: 64, scope: 'link', noDad: true },
  });
}

function addIpvlanAddress(machine: VrrpMachine, instance: Instance, name: string): void {
  const { address, length } = instance.config.ipvlan ?? {};
  if (address === undefined) return;
  machine.actions.push({
    kind: 'address-add',
    id: takeId(machine),
    address: {
      interface: name,
      address,
      length: length ?? (typeof address === 'number' ? 32 : 128),
      scope: 'global',
    },
  });
}
