/**
 * Interfaces for virtual MACs (use_vmac) and ipvlans (use_ipvlan): made at start, removed at the
 * end.
 *
 * A VMAC is a private macvlan with the virtual router's MAC. keepalived sets the sysctls that make
 * Linux treat it as a router of its own, and moves IGMP to the base interface with a firewall rule,
 * so that switches do not learn the virtual MAC from it (recording S14).
 */

import { virtualRouterMac } from '../wire/vrrp-header.ts';
import { instanceText } from './log-text.ts';
import { type Instance, log, takeId, type VrrpMachine } from './vrrp-machine.ts';

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
  if (machine.host.interfaceNamed(name) !== undefined) return false;
  const { vrid, family, vmac } = instance.config;
  const mac = vmac?.mac ?? virtualRouterMac(vrid, family);
  const type = { kind: 'macvlan', mac, mode: 'private' } as const;
  machine.actions.push({ kind: 'link-add', id: takeId(machine), name, base, type });
  configureVmac(machine, instance, name, base);
  machine.actions.push({ kind: 'link-up', id: takeId(machine), name });
  log(machine, instanceText.vmacCreated(instance.config.name, name));
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
  if (!exists) log(machine, instanceText.vmacCreated(owner, own.name));
  return exists ? undefined : own.name;
}

/**
 * The sysctls of a VMAC. Without them the base interface would answer ARP for the VIP with its own
 * MAC.
 *
 * Source: what keepalived writes; keepalived.conf(5) "use_vmac".
 */
function configureVmac(machine: VrrpMachine, instance: Instance, name: string, base: string): void {
  const writes: readonly (readonly [string, string])[] = [
    [`net.ipv4.conf.${name}.arp_ignore`, '1'],
    [`net.ipv4.conf.${name}.arp_filter`, '1'],
    [`net.ipv4.conf.${name}.accept_local`, '1'],
    [`net.ipv4.conf.${name}.rp_filter`, '0'],
    [`net.ipv4.conf.${name}.promote_secondaries`, '1'],
    [`net.ipv4.conf.${base}.arp_ignore`, '1'],
    [`net.ipv4.conf.${base}.arp_filter`, '1'],
  ];
  const writes6: readonly (readonly [string, string])[] =
    instance.config.family === 'inet6'
      ? [
          [`net.ipv6.conf.${name}.autoconf`, '0'],
          [`net.ipv6.conf.${name}.accept_ra`, '0'],
        ]
      : [[`net.ipv6.conf.${name}.disable_ipv6`, '1']];
  for (const [sysctl, value] of [...writes, ...writes6]) {
    machine.actions.push({ kind: 'sysctl-write', name: sysctl, value });
  }
  machine.actions.push({
    kind: 'firewall-add',
    rule: { kind: 'igmp-on-base', interface: name, base },
  });
}

function addIpvlanAddress(machine: VrrpMachine, instance: Instance, name: string): void {
  const address = instance.config.ipvlan?.address;
  if (address === undefined) return;
  machine.actions.push({
    kind: 'address-add',
    id: takeId(machine),
    address: {
      interface: name,
      address,
      length: typeof address === 'number' ? 32 : 128,
      scope: 'global',
    },
  });
}
