/**
 * Whether a received advert went to whom it should, carries the own virtual addresses and comes from a peer. Last part of
 * `receive-checks.ts`, which has the order.
 */

import type { IpAddress } from '../wire/ip-address.ts';
import { isMulticastIpv4 } from '../wire/ipv4-address.ts';
import { isMulticastIpv6 } from '../wire/ipv6-address.ts';
import { readVrrpAddressCount, readVrrpIpv4, readVrrpIpv6 } from '../wire/vrrp-header.ts';
import { refuseText } from './log-text.ts';
import { type ReceivedPacket, type Refusal, sayRefusal } from './received-packet.ts';
import { type Instance, isUnicast, type VrrpMachine } from './vrrp-machine.ts';

/** Destination, virtual addresses and sender. */
export function checkAddressing(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
  options: { readonly checkAddresses: boolean },
): Refusal | undefined {
  const { config, statistics } = instance;
  const { destination } = packet;
  const isMulticast =
    typeof destination === 'number' ? isMulticastIpv4(destination) : isMulticastIpv6(destination);
  if (isMulticast === isUnicast(config)) {
    sayRefusal(machine, instance, packet, refuseText.cast(config.name, isUnicast(config)));
    statistics.addressListErrors++;
    return 'cast';
  }
  statistics.advertsReceived++;
  if (!options.checkAddresses) return undefined;
  return checkVips(machine, instance, packet) ?? checkPeer(machine, instance, packet);
}

function checkVips(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
): Refusal | undefined {
  const { config } = instance;
  for (const { address } of config.addresses) {
    if (carries(instance, packet, address)) continue;
    sayRefusal(machine, instance, packet, refuseText.address(config.name, config.vrid, address));
    instance.statistics.addressListErrors++;
    return acceptsMismatch(machine) ? undefined : 'addresses';
  }
  return undefined;
}

function checkPeer(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
): Refusal | undefined {
  const { config } = instance;
  const checksTtl = config.unicastPeers.some(
    (peer) => peer.minTtl !== undefined || peer.maxTtl !== undefined,
  );
  if (!isUnicast(config) || !(config.checkUnicastSource || checksTtl)) return undefined;
  const peer = config.unicastPeers.find((p) => p.address === packet.source);
  if (peer === undefined) {
    if (!config.checkUnicastSource) return undefined;
    sayRefusal(machine, instance, packet, refuseText.notPeer(config.name, packet.source));
    return 'unicast-source';
  }
  const min = peer.minTtl ?? 0;
  const max = peer.maxTtl ?? 255;
  if (packet.ttl >= min && packet.ttl <= max) return undefined;
  instance.statistics.ttlErrors++;
  sayRefusal(machine, instance, packet, refuseText.peerTtl(config.name, packet.ttl, min, max));
  return 'unicast-ttl';
}

function carries(instance: Instance, packet: ReceivedPacket, address: IpAddress): boolean {
  const { bytes, vrrpAt } = packet;
  const count = readVrrpAddressCount(bytes, vrrpAt);
  const isInet = instance.config.family === 'inet';
  for (let i = 0; i < count; i++) {
    const carried = isInet ? readVrrpIpv4(bytes, vrrpAt, i) : readVrrpIpv6(bytes, vrrpAt, i);
    if (carried === address) return true;
  }
  return false;
}

/** From 2.3.3 on another list of addresses is told and accepted. */
export function acceptsMismatch(machine: VrrpMachine): boolean {
  return machine.settings.acceptAddressMismatch;
}
