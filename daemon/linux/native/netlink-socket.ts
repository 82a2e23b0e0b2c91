/**
 * A rtnetlink socket: one for the dumps at start, one that listens for changes. Only reading; whatever is
 * changed goes through iproute2 (`ip-batch.ts`).
 */

import { decodeNetlink, encodeDumpRequest, type NetlinkMessage } from '../rtnetlink.ts';
import type { DescriptorPoller } from './descriptor-poller.ts';
import { LINUX, type Libc, SystemCallError } from './libc.ts';

/** RTMGRP_LINK, _IPV4_IFADDR, _IPV4_ROUTE, _IPV4_RULE, _IPV6_IFADDR, _IPV6_ROUTE, and RTNLGRP_IPV6_RULE. Source: linux/rtnetlink.h. */
const GROUPS = 0x1 | 0x10 | 0x40 | 0x80 | 0x100 | 0x400 | 0x40000;

/** Large enough for any datagram of a dump. Source: NLMSG_GOODSIZE, 32 KiB in libmnl's advice. */
const RECEIVE_BYTES = 65_536;

/** Of the listening socket: a burst of changes must not be lost while the daemon is busy. */
const RECEIVE_QUEUE_BYTES = 1_048_576;

const ENOBUFS = 105;

/** All links, or all addresses, as the kernel knows them now. */
export function dumpNetlink(libc: Libc, what: 'links' | 'addresses'): NetlinkMessage[] {
  const descriptor = open(libc, 0);
  try {
    const sent = libc.send(descriptor, encodeDumpRequest(what, 1), undefined);
    if (sent < 0) throw new SystemCallError('netlink send', -sent);
    const messages: NetlinkMessage[] = [];
    const buffer = new Uint8Array(RECEIVE_BYTES);
    // A dump is made while we ask for it: recv never finds the queue empty before its end.
    for (;;) {
      const length = libc.receive(descriptor, buffer);
      if (length < 0) throw new SystemCallError('netlink receive', -length);
      for (const message of decodeNetlink(buffer.slice(0, length))) {
        if (message.kind === 'done') return messages;
        if (message.kind === 'error') throw new SystemCallError('netlink dump', message.errno);
        messages.push(message);
      }
    }
  } finally {
    libc.close(descriptor);
  }
}

/** Listens for changes. `onOverrun` tells that some were lost: dump again. */
export function listenNetlink(options: {
  readonly libc: Libc;
  readonly poller: DescriptorPoller;
  readonly onMessage: (message: NetlinkMessage) => void;
  readonly onOverrun: () => void;
}): () => void {
  const { libc, poller } = options;
  const descriptor = open(libc, GROUPS);
  libc.setOption(descriptor, LINUX.SOL_SOCKET, LINUX.SO_RCVBUF, int32(RECEIVE_QUEUE_BYTES));
  const buffer = new Uint8Array(RECEIVE_BYTES);
  poller.watch(descriptor, () => {
    for (;;) {
      const length = libc.receive(descriptor, buffer);
      if (length === -ENOBUFS) options.onOverrun();
      else if (length < 0) return;
      else decodeNetlink(buffer.slice(0, length)).forEach(options.onMessage);
    }
  });
  return () => poller.release(descriptor);
}

/** A C `int`, as setsockopt takes it. */
export function int32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}

function open(libc: Libc, groups: number): number {
  const descriptor = libc.socket(LINUX.AF_NETLINK, LINUX.SOCK_RAW, 0);
  const address = new Uint8Array(12);
  const view = new DataView(address.buffer);
  view.setUint16(0, LINUX.AF_NETLINK, true);
  view.setUint32(8, groups, true);
  libc.bind(descriptor, address);
  return descriptor;
}
