/**
 * AF_PACKET sockets (packet(7)): whole frames out (gratuitous ARP, neighbour advertisements), and IPv6 packets
 * in, since IPv6 raw sockets hide the header that VRRP must check.
 */

import type { DescriptorPoller } from './descriptor-poller.ts';
import { LINUX, type Libc, SystemCallError } from './libc.ts';
import { int32 } from './netlink-socket.ts';
import { packetAddress } from './socket-address.ts';

const ETHERTYPE_IPV6 = 0x86dd;

/** Longest packet that is taken in; VRRP fits in any MTU. */
const PACKET_BYTES_MAX = 9216;

/** Sends whole frames through any interface. */
export interface FrameSender {
  /** Hands one frame to the kernel; throws `SystemCallError` when it refuses (link down: ENETDOWN). */
  send(interfaceIndex: number, frame: Uint8Array): void;
  close(): void;
}

/** A socket that only sends: protocol 0 hears nothing. Needs CAP_NET_RAW. */
export function openFrameSender(libc: Libc): FrameSender {
  const descriptor = libc.socket(LINUX.AF_PACKET, LINUX.SOCK_RAW, 0);
  return {
    send(interfaceIndex, frame) {
      const etherType = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
      const to = packetAddress({ interfaceIndex, etherType });
      const sent = libc.send(descriptor, frame, to);
      if (sent < 0) throw new SystemCallError('frame send', -sent);
    },
    close: () => libc.close(descriptor),
  };
}

/**
 * Hears IPv6 packets of one next header on one interface, from their IPv6 header on. A filter in the kernel
 * lets nothing else through, so a busy LAN costs nothing. Sees packets before the host's firewall does.
 */
export function openIpv6Receiver(options: {
  readonly libc: Libc;
  readonly poller: DescriptorPoller;
  readonly interfaceIndex: number;
  readonly protocol: number;
  readonly onPacket: (packet: Uint8Array) => void;
}): () => void {
  const { libc, poller } = options;
  // Protocol 0 at first: nothing is heard before the filter is in place.
  const descriptor = libc.socket(LINUX.AF_PACKET, LINUX.SOCK_DGRAM, 0);
  const program = nextHeaderFilter(options.protocol);
  libc.setOption(
    descriptor,
    LINUX.SOL_SOCKET,
    LINUX.SO_ATTACH_FILTER,
    filterProgram(libc, program),
  );
  libc.setOption(descriptor, LINUX.SOL_PACKET, LINUX.PACKET_IGNORE_OUTGOING, int32(1));
  const { interfaceIndex } = options;
  libc.bind(descriptor, packetAddress({ interfaceIndex, etherType: ETHERTYPE_IPV6 }));
  watchPackets({ libc, poller, descriptor, onPacket: options.onPacket });
  return () => poller.release(descriptor);
}

/** Reads a descriptor until it is empty, each time it becomes readable; the buffer is used again. */
export function watchPackets(options: {
  readonly libc: Libc;
  readonly poller: DescriptorPoller;
  readonly descriptor: number;
  readonly onPacket: (packet: Uint8Array) => void;
}): void {
  const buffer = new Uint8Array(PACKET_BYTES_MAX);
  options.poller.watch(options.descriptor, () => {
    for (;;) {
      const length = options.libc.receive(options.descriptor, buffer);
      if (length < 0) return;
      options.onPacket(buffer.subarray(0, length));
    }
  });
}

/** Classic BPF: `ldb [6]; jeq #protocol; ret #262144; ret #0`. Source: Linux networking/filter.rst. */
function nextHeaderFilter(protocol: number): Uint8Array {
  const bytes = new Uint8Array(4 * 8);
  const view = new DataView(bytes.buffer);
  const instructions = [
    [0x30, 0, 0, 6],
    [0x15, 0, 1, protocol],
    [0x06, 0, 0, 262_144],
    [0x06, 0, 0, 0],
  ] as const;
  for (const [index, [code, whenTrue, whenFalse, operand]] of instructions.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, whenTrue);
    view.setUint8(index * 8 + 3, whenFalse);
    view.setUint32(index * 8 + 4, operand, true);
  }
  return bytes;
}

/** `struct sock_fprog`: the number of instructions and where they are. */
function filterProgram(libc: Libc, instructions: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, instructions.length / 8, true);
  view.setBigUint64(8, libc.addressOf(instructions), true);
  return bytes;
}
