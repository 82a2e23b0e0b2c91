/**
 * A UDP socket that also tells how far a datagram has come (IP_RECVTTL, IPV6_RECVHOPLIMIT), which
 * node's own sockets keep to themselves. BFD needs it: what was forwarded must not count.
 * Source: recvmsg(2), cmsg(3), ip(7), ipv6(7); the layouts are those of 64-bit Linux.
 */

import type { IpAddress, IpFamily } from '../../wire/ip-address.ts';
import { ANY_IPV4, readIpv4 } from '../../wire/ipv4-address.ts';
import { ANY_IPV6, readIpv6 } from '../../wire/ipv6-address.ts';
import type { DescriptorPoller } from './descriptor-poller.ts';
import { LINUX, type Libc } from './libc.ts';
import { int32 } from './netlink-socket.ts';
import { socketAddressWithPort } from './socket-address.ts';

/** Longest datagram that is taken in; what is longer is cut. */
const DATAGRAM_BYTES_MAX = 9216;
/** `struct msghdr`: name, its length, vectors, their number, control, its length, flags. */
const MESSAGE_HEADER_LENGTH = 56;
/** Octets of `struct cmsghdr` before its data. */
const CONTROL_HEADER_LENGTH = 16;
const NAME_LENGTH = 28;
const CONTROL_LENGTH = 64;

/** A datagram with the TTL or hop limit it came with; 0 when the kernel did not say. */
export interface HeardDatagram {
  readonly bytes: Uint8Array;
  readonly from: { readonly address: IpAddress; readonly port: number };
  readonly ttl: number;
}

/** Listens on a port of all addresses of one family; the answer closes it. Throws as `Libc` does. */
export function listenUdp(options: {
  readonly libc: Libc;
  readonly poller: DescriptorPoller;
  readonly family: IpFamily;
  readonly port: number;
  readonly onDatagram: (datagram: HeardDatagram) => void;
}): () => void {
  const { libc, poller, family } = options;
  const isInet = family === 'inet';
  const descriptor = libc.socket(isInet ? LINUX.AF_INET : LINUX.AF_INET6, LINUX.SOCK_DGRAM, 0);
  try {
    if (isInet) libc.setOption(descriptor, LINUX.IPPROTO_IP, LINUX.IP_RECVTTL, int32(1));
    else {
      libc.setOption(descriptor, LINUX.IPPROTO_IPV6, LINUX.IPV6_V6ONLY, int32(1));
      libc.setOption(descriptor, LINUX.IPPROTO_IPV6, LINUX.IPV6_RECVHOPLIMIT, int32(1));
    }
    const address = isInet ? ANY_IPV4 : ANY_IPV6;
    const { port } = options;
    libc.bind(descriptor, socketAddressWithPort({ address, port, interfaceIndex: 0 }));
  } catch (error) {
    libc.close(descriptor);
    throw error;
  }
  const message = newMessage(libc);
  poller.watch(descriptor, () => {
    for (;;) {
      message.reset();
      const length = libc.receiveMessage(descriptor, message.header);
      if (length < 0) return;
      options.onDatagram({
        bytes: message.data.slice(0, length),
        from: senderOf(message.name, isInet),
        ttl: ttlOf(message.control, message.controlLength()),
      });
    }
  });
  return () => poller.release(descriptor);
}

/** The buffers of recvmsg; kept together, since the header points at the others. */
function newMessage(libc: Libc) {
  const header = new Uint8Array(MESSAGE_HEADER_LENGTH);
  const name = new Uint8Array(NAME_LENGTH);
  const control = new Uint8Array(CONTROL_LENGTH);
  const data = new Uint8Array(DATAGRAM_BYTES_MAX);
  const vector = new Uint8Array(16);
  const view = new DataView(header.buffer);
  const vectorView = new DataView(vector.buffer);
  vectorView.setBigUint64(0, libc.addressOf(data), true);
  vectorView.setBigUint64(8, BigInt(data.length), true);
  return {
    header,
    name,
    control,
    data,
    // Only to keep it alive: the kernel reads it through the header.
    vector,
    /** The kernel writes lengths back, so each call needs them anew. */
    reset(): void {
      view.setBigUint64(0, libc.addressOf(name), true);
      view.setUint32(8, NAME_LENGTH, true);
      view.setBigUint64(16, libc.addressOf(vector), true);
      view.setBigUint64(24, 1n, true);
      view.setBigUint64(32, libc.addressOf(control), true);
      view.setBigUint64(40, BigInt(CONTROL_LENGTH), true);
      view.setUint32(48, 0, true);
    },
    controlLength: (): number => Number(view.getBigUint64(40, true)),
  };
}

function senderOf(name: Uint8Array, isInet: boolean): HeardDatagram['from'] {
  const port = new DataView(name.buffer).getUint16(2, false);
  return { address: isInet ? readIpv4(name, 4) : readIpv6(name, 8), port };
}

/** The TTL among the control messages; each begins at a multiple of 8 octets. */
function ttlOf(control: Uint8Array, length: number): number {
  const view = new DataView(control.buffer);
  for (let at = 0; at + CONTROL_HEADER_LENGTH + 4 <= length; ) {
    const size = Number(view.getBigUint64(at, true));
    const level = view.getInt32(at + 8, true);
    const type = view.getInt32(at + 12, true);
    const isTtl =
      (level === LINUX.IPPROTO_IP && type === LINUX.IP_TTL) ||
      (level === LINUX.IPPROTO_IPV6 && type === LINUX.IPV6_HOPLIMIT);
    if (isTtl) return view.getInt32(at + CONTROL_HEADER_LENGTH, true);
    if (size < CONTROL_HEADER_LENGTH) return 0;
    at += Math.ceil(size / 8) * 8;
  }
  return 0;
}
