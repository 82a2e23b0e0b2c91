/** The calls of `KernelApi` over a kernel's state that are about sockets and the machine as a whole. */

import { ETHERNET_HEADER_LENGTH } from '../../daemon/wire/ethernet.ts';
import { insertFirewallRule, removeFirewallRule, removeThisRule } from './firewall.ts';
import type { FirewallRule } from './firewall-state.ts';
import { sendRawIpv6 } from './ipv6-output.ts';
import type { NetlinkEvent } from './kernel-api.ts';
import { type KernelState, type LinkState, voidPaths } from './kernel-state.ts';
import { drainRing } from './link-input.ts';
import { transmit } from './link-output.ts';
import { followCarrier } from './network-card.ts';
import { openPacketSocket } from './packet-sockets.ts';
import { sendRawIpv4 } from './raw-output.ts';
import { openRawSocket } from './raw-sockets.ts';
import type { PacketOptions, RawOptions, SocketError, UdpOptions } from './socket-api.ts';
import { listSysctls, readSysctl, writeSysctl } from './sysctl-registry.ts';
import { openUdpSocket } from './udp-sockets.ts';

/** Half of a kernel's calls; see the head of the file. */
export class MachineCalls {
  readonly state: KernelState;
  readonly node: string;

  constructor(state: KernelState) {
    this.state = state;
    this.node = state.node;
  }

  // Sockets, and what is sent without one.

  openUdp(options: UdpOptions) {
    return openUdpSocket(this.state, options);
  }

  openRaw(options: RawOptions) {
    return openRawSocket(this.state, options);
  }

  openPacket(options: PacketOptions) {
    return openPacketSocket(this.state, options);
  }

  sendIp(packet: Uint8Array, name?: string, mayBeCut = false): SocketError | undefined {
    const link = name === undefined ? undefined : this.linkNamed(name);
    if (name !== undefined && link === undefined) return 'ENODEV';
    const version = (packet[0] ?? 0) >>> 4;
    if (version === 4) return sendRawIpv4(this.state, packet, link, mayBeCut);
    return version === 6 ? sendRawIpv6(this.state, packet, link, mayBeCut) : 'EINVAL';
  }

  sendFrame(name: string, frame: Uint8Array): SocketError | undefined {
    const link = this.linkNamed(name);
    if (link === undefined) return 'ENODEV';
    if (!link.up) return 'ENETDOWN';
    if (frame.length < ETHERNET_HEADER_LENGTH) return 'EINVAL';
    if (frame.length > link.mtu + ETHERNET_HEADER_LENGTH) return 'EMSGSIZE';
    transmit(this.state, link, frame);
    return undefined;
  }

  // The machine: sysctls, firewall, news, death and sleep.

  sysctl(name: string) {
    return readSysctl(this.state, name);
  }

  setSysctl(name: string, value: string) {
    return writeSysctl(this.state, name, value);
  }

  sysctlNames() {
    return listSysctls(this.state);
  }

  addFirewallRule(rule: FirewallRule): number {
    voidPaths(this.state);
    return insertFirewallRule(this.state.firewall, rule);
  }

  deleteFirewallRule(handle: number): void {
    voidPaths(this.state);
    removeFirewallRule(this.state.firewall, handle);
  }

  removeFirewallRule(rule: FirewallRule): void {
    voidPaths(this.state);
    removeThisRule(this.state.firewall, rule);
  }

  firewallRules() {
    return [...this.state.firewall.rules.values()];
  }

  onNetlink(listener: (event: NetlinkEvent) => void): () => void {
    const { netlinkListeners } = this.state;
    netlinkListeners.push(listener);
    return () => {
      const at = netlinkListeners.indexOf(listener);
      if (at >= 0) netlinkListeners.splice(at, 1);
    };
  }

  dropCounters() {
    return this.state.drops;
  }

  halt(): void {
    const kernel = this.state;
    kernel.halted = true;
    voidPaths(kernel);
    kernel.clock.stop();
    kernel.netlinkListeners.length = 0;
    kernel.ring.length = 0;
  }

  setFrozen(frozen: boolean): void {
    const kernel = this.state;
    if (kernel.halted || kernel.frozen === frozen) return;
    kernel.frozen = frozen;
    voidPaths(kernel);
    kernel.clock.setFrozen(frozen);
    if (frozen) return;
    for (const link of kernel.links) if (link.port !== undefined) followCarrier(kernel, link);
    drainRing(kernel);
  }

  protected linkNamed(name: string): LinkState | undefined {
    return this.state.linksByName.get(name);
  }
}
