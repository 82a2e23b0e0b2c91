/**
 * What a machine does between power and its first program: sysctls, network cards with their
 * addresses, routes. The order is that of Debian: cards appear, sysctls of the boot configuration
 * and of `/etc/sysctl.conf`, then the network is configured.
 */

import { familyOf, type IpAddress, isIpv4 } from '../../daemon/wire/ip-address.ts';
import { ipv4FromNumber, ipv4Mask } from '../../daemon/wire/ipv4-address.ts';
import { decodeUtf8 } from '../../daemon/wire/text.ts';
import type { KernelApi, NetlinkEvent, NewAddress } from '../kernel/kernel-api.ts';
import type { Port } from '../lan/port.ts';
import type { Disk } from './disk.ts';
import type { HostSpec, NicAddressSpec, NicSpec } from './host-spec.ts';
import type { Journal } from './journal.ts';
import { applySysctlFile, writeSysctl } from './sysctl-file.ts';

/** A network card in its slot: the end of its cable, and the switch for its light. */
export interface HostNic {
  readonly spec: NicSpec;
  readonly port: Port;
  setPower(on: boolean): void;
}

/** Configures a fresh kernel. */
export function bootKernel(
  kernel: KernelApi,
  options: {
    readonly spec: HostSpec;
    readonly nics: readonly HostNic[];
    readonly disk: Disk;
    readonly journal: Journal;
  },
): void {
  const { spec, nics } = options;
  for (const { spec: nic, port } of nics) {
    kernel.addEthernet({ name: nic.name, mac: nic.mac, mtu: nic.mtu, port });
  }
  for (const { name } of spec.tunnels ?? []) kernel.addTunnelLink(name);
  applySysctls(kernel, options);
  for (const address of spec.loopbackAddresses ?? []) kernel.addAddress('lo', nicAddress(address));
  for (const { spec: nic } of nics) {
    kernel.setLinkUp(nic.name, true);
    for (const address of nic.addresses) kernel.addAddress(nic.name, nicAddress(address));
  }
  for (const { name, addresses } of spec.tunnels ?? []) {
    kernel.setLinkUp(name, true);
    for (const address of addresses) kernel.addAddress(name, nicAddress(address));
  }
  for (const route of spec.routes) {
    const link =
      route.link ?? (route.via === undefined ? undefined : kernel.routeTo(route.via)?.link);
    const { via } = route;
    const added = kernel.addRoute(
      {
        family: familyOf(route.destination.address),
        destination: route.destination,
        table: 'main',
        type: 'unicast',
        scope: via === undefined ? 'link' : 'global',
        metric: 0,
        protocol: 'boot',
        ...(link === undefined ? {} : { link }),
        ...(via === undefined ? {} : { gateway: via }),
      },
      'add',
    );
    if (added === 'unreachable')
      complain(options.journal, 'ifup', 'RTNETLINK answers: Network is unreachable');
  }
}

/** An address of the boot configuration as ifup sets it: with its subnet's broadcast address. */
export function nicAddress(address: NicAddressSpec): NewAddress {
  const broadcast = broadcastOf(address.address, address.length);
  return {
    address: address.address,
    length: address.length,
    ...(address.label === undefined ? {} : { label: address.label }),
    ...(broadcast === undefined ? {} : { broadcast }),
  };
}

/** The last address of an IPv4 subnet; `undefined` for /31, /32 and IPv6. */
export function broadcastOf(address: IpAddress, length: number): IpAddress | undefined {
  if (!isIpv4(address) || length >= 31) return undefined;
  return ipv4FromNumber((address | ~ipv4Mask(length)) >>> 0);
}

/**
 * `onCarrierLoss: 'ifdown'`: takes alias addresses away when the carrier goes; a replug does not
 * bring them back. Without a delay, so that a short flap shows it too.
 */
export function dropAliasesOnCarrierLoss(kernel: KernelApi, spec: HostSpec): () => void {
  const carrier = new Map(kernel.links().map((link) => [link.name, link.carrier]));
  return kernel.onNetlink((event: NetlinkEvent) => {
    if (event.kind !== 'link-changed') return;
    const link = kernel.link(event.link);
    const had = carrier.get(event.link) ?? false;
    if (link === undefined) return;
    carrier.set(event.link, link.carrier);
    const nic = spec.nics.find((known) => known.name === event.link);
    if (!had || link.carrier || nic === undefined) return;
    for (const alias of nic.addresses.slice(1)) {
      if (familyOf(alias.address) !== familyOf(nic.addresses[0]?.address ?? alias.address))
        continue;
      kernel.deleteAddress(nic.name, { address: alias.address, length: alias.length });
    }
  });
}

function applySysctls(
  kernel: KernelApi,
  options: { readonly spec: HostSpec; readonly disk: Disk; readonly journal: Journal },
): void {
  for (const [name, value] of options.spec.sysctl) {
    const result = writeSysctl(kernel, name, value, {});
    for (const line of lines(result.stderr)) complain(options.journal, 'systemd-sysctl', line);
  }
  const files = options.disk.paths().filter((path) => /^\/etc\/sysctl\.d\/[^/]+\.conf$/.test(path));
  for (const path of [...files, '/etc/sysctl.conf']) {
    const bytes = options.disk.read(path);
    if (bytes === undefined) continue;
    const result = applySysctlFile(kernel, decodeUtf8(bytes), { fileName: path });
    for (const line of lines(result.stderr)) complain(options.journal, 'systemd-sysctl', line);
  }
}

function complain(journal: Journal, identifier: string, text: string): void {
  journal.write({ identifier, pid: 1, level: 'warning', text });
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}
