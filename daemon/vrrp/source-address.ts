/**
 * Which address adverts come from: the configured one, else the interface's primary address of the
 * family.
 *
 * keepalived takes the first IPv4 address of the interface, or its link-local IPv6 address; with
 * use_vmac those of the interface below. Virtual addresses never count: one may be left from a
 * killed daemon.
 */

import { familyOf, type IpAddress } from '../wire/ip-address.ts';
import { isLinkLocalIpv6 } from '../wire/ipv6-address.ts';
import type { AddressView, InterfaceView } from './vrrp-actions.ts';
import { type Instance, transmitInterface, type VrrpMachine } from './vrrp-machine.ts';

/** The interface whose address is used: below a VMAC or ipvlan, its base. */
export function addressInterface(instance: Instance): string | undefined {
  const { config } = instance;
  return config.vmac?.base ?? config.ipvlan?.base ?? config.interface;
}

/** The address adverts come from now; `undefined` when the interface has none of the family. */
export function findSource(machine: VrrpMachine, instance: Instance): IpAddress | undefined {
  const { config } = instance;
  if (config.sourceAddress !== undefined) return config.sourceAddress;
  if (config.ipvlan?.address !== undefined) return config.ipvlan.address;
  const name = addressInterface(instance);
  const link = name === undefined ? undefined : machine.host.interfaceNamed(name);
  if (link === undefined) return undefined;
  return primaryAddress(machine, link, config.family);
}

/** The primary address of an interface: first IPv4, or the oldest IPv6 link-local one, else any IPv6. */
export function primaryAddress(
  machine: VrrpMachine,
  link: InterfaceView,
  family: 'inet' | 'inet6',
): IpAddress | undefined {
  const own = link.addresses.filter(
    (a) => familyOf(a.address) === family && !isVirtual(machine, a.address),
  );
  if (family === 'inet') return (own.find((a) => !a.secondary) ?? own[0])?.address;
  return (own.findLast(isUsableLinkLocal) ?? own.find((a) => a.tentative !== true))?.address;
}

/**
 * The interface that packets leave through; without a configured one, that of the source address.
 */
export function outInterface(machine: VrrpMachine, instance: Instance): string {
  const name = transmitInterface(instance.config);
  if (name !== '' || instance.source === undefined) return name;
  const { source } = instance;
  const holder = machine.host
    .interfaces()
    .find((link) => link.addresses.some((a) => a.address === source));
  return holder?.name ?? '';
}

function isUsableLinkLocal(address: AddressView): boolean {
  return (
    typeof address.address === 'bigint' &&
    isLinkLocalIpv6(address.address) &&
    address.tentative !== true
  );
}

function isVirtual(machine: VrrpMachine, address: IpAddress): boolean {
  return machine.instances.some(
    (instance) =>
      instance.config.priority !== 255 &&
      (instance.config.addresses.some((v) => v.address === address) ||
        instance.config.excludedAddresses.some((v) => v.address === address)),
  );
}
