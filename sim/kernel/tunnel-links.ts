/**
 * The receiving end of tunnels: the devices that Linux' tunnel modules bring with them, which take what is
 * wrapped for any address of this host and bears no end of its own (`modprobe ipip` makes `tunl0`). That is
 * what a real server in TUN mode has: the virtual address on `tunl0`, and rp_filter off there. Nothing can
 * be sent through them, since they know no other end. Source: net/ipv4/ipip.c, net/ipv4/ip_gre.c,
 * net/ipv6/sit.c, net/ipv6/ip6_tunnel.c. FOU and GUE ports are in `fou-ports.ts`. Left out: ECN.
 */

import {
  ETHERNET_HEADER_LENGTH,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
} from '../../daemon/wire/ethernet.ts';
import { UNREACHABLE_PORT } from '../../daemon/wire/icmp.ts';
import { readUint16, writeUint16 } from '../../daemon/wire/integers.ts';
import type { IpFamily } from '../../daemon/wire/ip-address.ts';
import { familyOf } from '../../daemon/wire/ip-address.ts';
import { PROTOCOL_GRE, PROTOCOL_IPIP, PROTOCOL_IPV6 } from '../../daemon/wire/ipv4.ts';
import { ZERO_MAC } from '../../daemon/wire/mac-address.ts';
import { newFrame } from '../lan/frame-memory.ts';
import { sendIcmpError } from './icmp-errors.ts';
import { sendIcmpv6Error } from './icmpv6-output.ts';
import { drop, type KernelState, type ProtocolHandler, voidPaths } from './kernel-state.ts';
import { makeLink, registerLink } from './link-table.ts';

/** Names that the modules give; nothing else is made. */
export type TunnelName = 'tunl0' | 'sit0' | 'gre0' | 'ip6tnl0';

interface TunnelKind {
  readonly mtu: number;
  /** Family of the outer header, and what it may say to be inside. */
  readonly outer: IpFamily;
  readonly protocols: readonly number[];
}

/** MTU as the modules set it on Ethernet: 1500 without the outer header. */
const KINDS: ReadonlyMap<string, TunnelKind> = new Map<TunnelName, TunnelKind>([
  ['tunl0', { mtu: 1480, outer: 'inet', protocols: [PROTOCOL_IPIP] }],
  ['sit0', { mtu: 1480, outer: 'inet', protocols: [PROTOCOL_IPV6] }],
  ['gre0', { mtu: 1476, outer: 'inet', protocols: [PROTOCOL_GRE] }],
  ['ip6tnl0', { mtu: 1452, outer: 'inet6', protocols: [PROTOCOL_IPV6, PROTOCOL_IPIP] }],
]);

/** All of them. */
export const TUNNEL_NAMES: readonly string[] = [...KINDS.keys()];

const GRE_HEADER_LENGTH = 4;
const ICMPV6_PORT_UNREACHABLE = 4;
const IP_AT = ETHERNET_HEADER_LENGTH;

/** Loads a tunnel module: its device is there, down. `false` when it is, or no module makes it. */
export function addTunnelLink(kernel: KernelState, name: string): boolean {
  const kind = KINDS.get(name);
  if (kind === undefined || kernel.linksByName.has(name)) return false;
  const spec = { name, kind: 'tunnel', mac: ZERO_MAC, mtu: kind.mtu } as const;
  registerLink(
    kernel,
    makeLink(kernel, spec, () => kernel),
  );
  for (const protocol of kind.protocols) {
    kernel.protocolHandlers.set(protocol, (packet) => unwrap(kernel, protocol, packet));
  }
  voidPaths(kernel);
  return true;
}

/** Takes the outer header off; what was inside comes in through the tunnel's device. */
function unwrap(
  kernel: KernelState,
  protocol: number,
  packet: Parameters<ProtocolHandler>[0],
): void {
  const taken = receiveInTunnel(kernel, protocol, familyOf(packet.source), packet);
  if (!taken) refuse(kernel, packet);
}

/** Hands what stood behind an outer header to the tunnel of its protocol; `false` when none is up. */
export function receiveInTunnel(
  kernel: KernelState,
  protocol: number,
  outer: IpFamily,
  inner: { readonly bytes: Uint8Array; readonly at: number; readonly end: number },
): boolean {
  const { bytes, at, end } = inner;
  const link = tunnelFor(kernel, protocol, outer);
  if (link === undefined) {
    drop(kernel, 'tunnel:no-device');
    return false;
  }
  const innerAt = protocol === PROTOCOL_GRE ? at + GRE_HEADER_LENGTH : at;
  const etherType = innerEtherType(protocol, bytes, at);
  if (innerAt >= end || etherType === undefined) {
    drop(kernel, 'tunnel:malformed');
    return true;
  }
  const frame = newFrame(IP_AT + end - innerAt);
  frame.fill(0, 0, IP_AT);
  writeUint16(etherType, frame, IP_AT - 2);
  frame.set(bytes.subarray(innerAt, end), IP_AT);
  kernel.ops.receive(link, frame, 'host');
  return true;
}

function tunnelFor(kernel: KernelState, protocol: number, outer: IpFamily) {
  for (const [name, kind] of KINDS) {
    if (kind.outer !== outer || !kind.protocols.includes(protocol)) continue;
    const link = kernel.linksByName.get(name);
    return link?.up ? link : undefined;
  }
  return undefined;
}

/** What is inside; GRE says so itself, and with checksum, key or sequence number it is not ours. */
function innerEtherType(protocol: number, bytes: Uint8Array, at: number): number | undefined {
  if (protocol === PROTOCOL_IPIP) return ETHERTYPE_IPV4;
  if (protocol === PROTOCOL_IPV6) return ETHERTYPE_IPV6;
  if (at + GRE_HEADER_LENGTH > bytes.length || readUint16(bytes, at) !== 0) return undefined;
  const told = readUint16(bytes, at + 2);
  return told === ETHERTYPE_IPV4 || told === ETHERTYPE_IPV6 ? told : undefined;
}

function refuse(kernel: KernelState, packet: Parameters<ProtocolHandler>[0]): void {
  const { bytes, headerAt, link } = packet;
  const kind = 'destination-unreachable';
  if (familyOf(packet.source) === 'inet') {
    sendIcmpError(kernel, bytes, headerAt, { kind, code: UNREACHABLE_PORT });
    return;
  }
  const code = ICMPV6_PORT_UNREACHABLE;
  sendIcmpv6Error(kernel, bytes, headerAt, link, { kind, code, parameter: 0 });
}
