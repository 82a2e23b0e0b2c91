/**
 * Frames on their way out of a link: Ethernet header, copies for AF_PACKET sockets, counters, and
 * the way through the link that a macvlan, ipvlan or vlan stands on. A frame given to `transmit` is
 * given away.
 */

import {
  ETHERNET_HEADER_LENGTH,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  insertVlanTag,
} from '../../daemon/wire/ethernet.ts';
import { writeUint16 } from '../../daemon/wire/integers.ts';
import type { IpFamily } from '../../daemon/wire/ip-address.ts';
import { type MacAddress, writeMac } from '../../daemon/wire/mac-address.ts';
import { drop, type KernelState, type LinkState } from './kernel-state.ts';
import { copyToPacketSockets } from './packet-sockets.ts';

/** Fills the Ethernet header of an IP packet that stands at 14 and sends it. */
export function transmitTo(
  kernel: KernelState,
  link: LinkState,
  mac: MacAddress,
  frame: Uint8Array,
  family: IpFamily,
): void {
  writeMac(mac, frame, 0);
  writeMac(link.mac, frame, 6);
  writeUint16(family === 'inet' ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6, frame, 12);
  transmit(kernel, link, frame);
}

/** Sends a whole frame through a link. */
export function transmit(kernel: KernelState, link: LinkState, frame: Uint8Array): void {
  if (kernel.halted) return;
  if (!link.up) {
    refuse(kernel, link, 'link:down');
    return;
  }
  if (kernel.sockets.packet.length > 0) copyToPacketSockets(kernel, link, frame, 'out');
  if (!link.carrier) {
    refuse(kernel, link, 'link:no-carrier');
    return;
  }
  if (frame.length > link.mtu + ETHERNET_HEADER_LENGTH) {
    refuse(kernel, link, 'link:too-long');
    return;
  }
  link.counters.txPackets++;
  link.counters.txBytes += frame.length;
  if (link.port !== undefined) link.port.send(frame);
  else if (link.baseLink !== undefined) transmitThroughBase(kernel, link, link.baseLink, frame);
  else if (link.kind !== 'dummy') drop(kernel, 'link:no-tunnel-end');
}

function transmitThroughBase(
  kernel: KernelState,
  link: LinkState,
  base: LinkState,
  frame: Uint8Array,
): void {
  if (link.kind === 'vlan') {
    const vlanId = link.vlanId ?? 0;
    transmitTagged(
      kernel,
      base,
      insertVlanTag(frame, { priority: 0, dropEligible: false, vlanId }),
    );
    return;
  }
  if (link.mode === 'bridge') copyToSiblings(kernel, link, base, frame);
  transmit(kernel, base, frame);
}

/** Links in bridge mode hear each other's frames without the switch. */
function copyToSiblings(
  kernel: KernelState,
  link: LinkState,
  base: LinkState,
  frame: Uint8Array,
): void {
  const group = ((frame[0] as number) & 1) === 1;
  if (!group) return;
  for (const sibling of base.children) {
    if (sibling === link || sibling.mode !== 'bridge' || !sibling.up) continue;
    kernel.ops.receive(sibling, frame, 'broadcast');
  }
}

/** A tag is not counted against the MTU. */
function transmitTagged(kernel: KernelState, base: LinkState, frame: Uint8Array): void {
  if (!base.up || !base.carrier) {
    refuse(kernel, base, base.up ? 'link:no-carrier' : 'link:down');
    return;
  }
  if (kernel.sockets.packet.length > 0) copyToPacketSockets(kernel, base, frame, 'out');
  base.counters.txPackets++;
  base.counters.txBytes += frame.length;
  base.port?.send(frame);
}

function refuse(
  kernel: KernelState,
  link: LinkState,
  reason: 'link:down' | 'link:no-carrier' | 'link:too-long',
): void {
  link.counters.txDropped++;
  drop(kernel, reason);
}
