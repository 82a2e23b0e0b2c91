/**
 * Neighbour discovery that comes in. Source: net/ipv6/ndisc.c (ndisc_recv_ns, ndisc_recv_na); RFC
 * 4861.
 */

import { ALL_NODES_IPV6, type Icmpv6Message, ND_HOP_LIMIT } from '../../daemon/wire/icmpv6.ts';
import { ANY_IPV6, type Ipv6Address, isMulticastIpv6 } from '../../daemon/wire/ipv6-address.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';
import type { NdOption } from '../../daemon/wire/nd-option.ts';
import { failDuplicate } from './ipv6-addresses.ts';
import { type AddressState, drop, type KernelState, type LinkState } from './kernel-state.ts';
import { sendAdvertisement } from './nd-output.ts';
import { neighbourFor, updateNeighbour } from './neighbour-machine.ts';
import { findNeighbour } from './neighbour-table.ts';

/** Addresses of the packet that carried a message. */
export interface NdPacket {
  readonly source: Ipv6Address;
  readonly destination: Ipv6Address;
  readonly hopLimit: number;
}

/** A solicitation or advertisement; anything that came through a router is not believed. */
export function receiveNd(
  kernel: KernelState,
  link: LinkState,
  message: Icmpv6Message,
  packet: NdPacket,
): void {
  if (packet.hopLimit !== ND_HOP_LIMIT || message.code !== 0) {
    drop(kernel, 'nd:bad');
    return;
  }
  if (message.kind === 'neighbour-solicitation') receiveSolicitation(kernel, link, message, packet);
  if (message.kind === 'neighbour-advertisement')
    receiveAdvertisement(kernel, link, message, packet);
}

function receiveSolicitation(
  kernel: KernelState,
  link: LinkState,
  message: Extract<Icmpv6Message, { kind: 'neighbour-solicitation' }>,
  packet: NdPacket,
): void {
  const { target } = message;
  const toGroup = isMulticastIpv6(packet.destination);
  const detects = packet.source === ANY_IPV6;
  const mac = linkAddress(message.options, 'source-link-address');
  if (isMulticastIpv6(target) || (detects && (!toGroup || mac !== undefined))) {
    drop(kernel, 'nd:bad');
    return;
  }
  const own = ownAddress(link, target);
  if (own === undefined) return;
  if (own.tentative) {
    if (detects) failDuplicate(kernel, own);
    return;
  }
  if (detects) {
    sendAdvertisement(kernel, link, {
      target,
      destination: ALL_NODES_IPV6,
      solicited: false,
      override: true,
      withMac: true,
    });
    return;
  }
  const entry =
    toGroup && mac === undefined
      ? findNeighbour(kernel.nd, link, packet.source)
      : neighbourFor(kernel, kernel.nd, link, packet.source);
  if (entry === undefined) return;
  updateNeighbour(kernel, entry, mac, 'STALE', { override: true, weakOverride: true });
  sendAdvertisement(kernel, link, {
    target,
    destination: packet.source,
    solicited: true,
    override: toGroup,
    withMac: toGroup,
  });
}

function receiveAdvertisement(
  kernel: KernelState,
  link: LinkState,
  message: Extract<Icmpv6Message, { kind: 'neighbour-advertisement' }>,
  packet: NdPacket,
): void {
  const { target } = message;
  const toGroup = isMulticastIpv6(packet.destination);
  if (isMulticastIpv6(target) || (toGroup && message.solicited)) {
    drop(kernel, 'nd:bad');
    return;
  }
  const own = ownAddress(link, target);
  if (own !== undefined) {
    if (own.tentative) failDuplicate(kernel, own);
    return;
  }
  const entry = findNeighbour(kernel.nd, link, target);
  if (entry === undefined || entry.state === 'FAILED') return;
  const mac = linkAddress(message.options, 'target-link-address');
  updateNeighbour(kernel, entry, mac, message.solicited ? 'REACHABLE' : 'STALE', {
    override: message.override,
    weakOverride: true,
    router: message.router,
  });
}

function ownAddress(link: LinkState, address: Ipv6Address): AddressState | undefined {
  return link.addresses.find((own) => own.address === address);
}

function linkAddress(
  options: readonly NdOption[],
  kind: 'source-link-address' | 'target-link-address',
): MacAddress | undefined {
  for (const option of options) {
    if (option.kind === kind && 'mac' in option) return option.mac;
  }
  return undefined;
}
