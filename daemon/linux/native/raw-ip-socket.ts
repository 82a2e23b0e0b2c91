/**
 * Raw IPv4 sockets with two drivers: the raw-socket package where it is built, else the same system calls
 * through koffi. Both hear whole packets, header included, and send packets whose header is ours (IP_HDRINCL).
 * IPv6 is sent here too, received in `packet-socket.ts`.
 */

import { createRequire } from 'node:module';
import type * as RawSocketPackage from 'raw-socket';
import type { IpAddress } from '../../wire/ip-address.ts';
import { formatIpv4, type Ipv4Address, readIpv4 } from '../../wire/ipv4-address.ts';
import { readIpv6 } from '../../wire/ipv6-address.ts';
import type { DescriptorPoller } from './descriptor-poller.ts';
import { LINUX, type Libc, SystemCallError } from './libc.ts';
import { int32 } from './netlink-socket.ts';
import { watchPackets } from './packet-socket.ts';
import { interfaceName, ipv4Membership, socketAddress } from './socket-address.ts';

/** Which way raw IPv4 sockets are made. */
export type RawDriver = 'raw-socket' | 'koffi';

/** What a raw socket needs to know of its place. */
export interface RawSocketPlace {
  readonly libc: Libc;
  readonly poller: DescriptorPoller;
  readonly interface: string;
  readonly interfaceIndex: number;
  readonly onError: (text: string) => void;
}

/** How to hear. */
export interface RawReceiverOptions extends RawSocketPlace {
  readonly protocol: number;
  readonly group: Ipv4Address | undefined;
  /** A view that is valid until the call returns. */
  readonly onPacket: (packet: Uint8Array) => void;
}

/** Sends whole IP packets through one interface. */
export interface RawSender {
  /** `onDone` follows when the kernel has taken or refused the packet, perhaps before this returns. */
  send(packet: Uint8Array, onDone: (failure: string | undefined) => void): void;
  close(): void;
}

/** The raw-socket package, or `undefined` where it is not built. */
export function loadRawSocketPackage(): typeof RawSocketPackage | undefined {
  try {
    return createRequire(import.meta.url)('raw-socket') as typeof RawSocketPackage;
  } catch {
    return undefined;
  }
}

/** Hears IPv4 packets of one protocol on one interface; returns how to close. Needs CAP_NET_RAW. */
export function openRawReceiver(
  rawSockets: typeof RawSocketPackage | undefined,
  options: RawReceiverOptions,
): () => void {
  const device = interfaceName(options.interface);
  const membership =
    options.group === undefined ? undefined : ipv4Membership(options.group, options.interfaceIndex);
  if (rawSockets === undefined) {
    const { libc, poller } = options;
    const descriptor = libc.socket(LINUX.AF_INET, LINUX.SOCK_RAW, options.protocol);
    libc.setOption(descriptor, LINUX.SOL_SOCKET, LINUX.SO_BINDTODEVICE, device);
    if (membership !== undefined) {
      libc.setOption(descriptor, LINUX.IPPROTO_IP, LINUX.IP_ADD_MEMBERSHIP, membership);
    }
    watchPackets({ libc, poller, descriptor, onPacket: options.onPacket });
    return () => poller.release(descriptor);
  }
  const socket = createSocket(rawSockets, options.protocol);
  setOption(socket, LINUX.SOL_SOCKET, LINUX.SO_BINDTODEVICE, device);
  if (membership !== undefined) {
    setOption(socket, LINUX.IPPROTO_IP, LINUX.IP_ADD_MEMBERSHIP, membership);
  }
  socket.on('message', (message) => options.onPacket(message));
  socket.on('error', (error) => options.onError(`raw socket: ${error.message}`));
  return () => socket.close();
}

/** A sender for one interface and family. Multicast leaves through it and is not heard by ourselves. */
export function openRawSender(
  rawSockets: typeof RawSocketPackage | undefined,
  family: 'inet' | 'inet6',
  place: RawSocketPlace,
): RawSender {
  if (family === 'inet' && rawSockets !== undefined) return packageSender(rawSockets, place);
  return nativeSender(family, place);
}

function packageSender(rawSockets: typeof RawSocketPackage, place: RawSocketPlace): RawSender {
  const socket = createSocket(rawSockets, LINUX.IPPROTO_RAW);
  for (const [level, option, value] of senderOptions('inet', place)) {
    setOption(socket, level, option, value);
  }
  // A socket of IPPROTO_RAW hears nothing; without the pause its poll would still be armed.
  socket.pauseRecv();
  socket.on('error', (error) => place.onError(`raw socket: ${error.message}`));
  return {
    send(packet, onDone) {
      const buffer = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength);
      const to = formatIpv4(destinationOf(packet) as Ipv4Address);
      socket.send(buffer, 0, buffer.length, to, (error) => {
        onDone(error === null ? undefined : error.message);
      });
    },
    close: () => socket.close(),
  };
}

function nativeSender(family: 'inet' | 'inet6', place: RawSocketPlace): RawSender {
  const { libc } = place;
  const domain = family === 'inet' ? LINUX.AF_INET : LINUX.AF_INET6;
  const descriptor = libc.socket(domain, LINUX.SOCK_RAW, LINUX.IPPROTO_RAW);
  for (const [level, option, value] of senderOptions(family, place)) {
    libc.setOption(descriptor, level, option, value);
  }
  return {
    send(packet, onDone) {
      const to = socketAddress(destinationOf(packet), place.interfaceIndex);
      const sent = libc.send(descriptor, packet, to);
      onDone(sent < 0 ? new SystemCallError('send', -sent).message : undefined);
    },
    close: () => libc.close(descriptor),
  };
}

function senderOptions(
  family: 'inet' | 'inet6',
  place: RawSocketPlace,
): readonly (readonly [level: number, option: number, value: Uint8Array])[] {
  const bind = [LINUX.SOL_SOCKET, LINUX.SO_BINDTODEVICE, interfaceName(place.interface)] as const;
  if (family === 'inet6') {
    return [
      bind,
      [LINUX.IPPROTO_IPV6, LINUX.IPV6_MULTICAST_IF, int32(place.interfaceIndex)],
      [LINUX.IPPROTO_IPV6, LINUX.IPV6_MULTICAST_LOOP, int32(0)],
    ];
  }
  const outInterface = ipv4Membership(0 as Ipv4Address, place.interfaceIndex);
  return [
    bind,
    [LINUX.IPPROTO_IP, LINUX.IP_HDRINCL, int32(1)],
    [LINUX.IPPROTO_IP, LINUX.IP_MULTICAST_IF, outInterface],
    [LINUX.IPPROTO_IP, LINUX.IP_MULTICAST_TTL, int32(255)],
    [LINUX.IPPROTO_IP, LINUX.IP_MULTICAST_LOOP, int32(0)],
  ];
}

function createSocket(
  rawSockets: typeof RawSocketPackage,
  protocol: number,
): RawSocketPackage.Socket {
  return rawSockets.createSocket({ addressFamily: rawSockets.AddressFamily.IPv4, protocol });
}

function setOption(
  socket: RawSocketPackage.Socket,
  level: number,
  option: number,
  value: Uint8Array,
): void {
  socket.setOption(level, option, Buffer.from(value), value.length);
}

/** The destination that an IP header names. */
export function destinationOf(packet: Uint8Array): IpAddress {
  return (packet[0] ?? 0) >> 4 === 4 ? readIpv4(packet, 16) : readIpv6(packet, 24);
}
