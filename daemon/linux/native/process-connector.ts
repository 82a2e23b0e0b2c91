/**
 * The kernel's process connector: a netlink socket that tells of every fork, exec, change of name and exit on this machine.
 * keepalived's track_process listens to it, too. It exists in the machine's first network namespace only, and wants
 * CAP_NET_ADMIN. Source: linux/cn_proc.h, linux/connector.h.
 */

import type { DescriptorPoller } from './descriptor-poller.ts';
import { LINUX, type Libc, SystemCallError } from './libc.ts';
import { int32 } from './netlink-socket.ts';

const NETLINK_CONNECTOR = 11;
/** CN_IDX_PROC, CN_VAL_PROC: who speaks, and the group of those who listen. */
const CN_IDX_PROC = 1;
const CN_VAL_PROC = 1;
const PROC_CN_MCAST_LISTEN = 1;
const NLMSG_DONE = 3;

/** Octets before `struct proc_event`: `struct nlmsghdr` and `struct cn_msg`. */
const HEADERS_LENGTH = 16 + 20;
/** Octets of an event before its data: what, processor, time stamp. */
const EVENT_HEAD_LENGTH = 16;

const PROC_EVENT_FORK = 0x1;
const PROC_EVENT_EXEC = 0x2;
const PROC_EVENT_COMM = 0x200;
const PROC_EVENT_EXIT = 0x8000_0000;

/** Bursts of a busy machine must not be lost. */
const RECEIVE_QUEUE_BYTES = 1_048_576;
const RECEIVE_BYTES = 4096;
const ENOBUFS = 105;

/** What happened to a process; threads are passed over. */
export type ProcessEvent =
  | { readonly kind: 'forked'; readonly pid: number; readonly parent: number }
  /** Another program, or another name: whoever wants to know looks at /proc. */
  | { readonly kind: 'changed'; readonly pid: number }
  | { readonly kind: 'ended'; readonly pid: number };

/**
 * Listens; returns how to stop.
 *
 * Fails: throws `SystemCallError` where there is no connector (ECONNREFUSED: another network namespace) or no permission.
 */
export function listenProcesses(options: {
  readonly libc: Libc;
  readonly poller: DescriptorPoller;
  readonly onEvent: (event: ProcessEvent) => void;
  /** Some were lost: look at all. */
  readonly onOverrun: () => void;
}): () => void {
  const { libc, poller } = options;
  const descriptor = libc.socket(LINUX.AF_NETLINK, LINUX.SOCK_DGRAM, NETLINK_CONNECTOR);
  try {
    libc.bind(descriptor, groupAddress());
    const sent = libc.send(descriptor, listenRequest(), undefined);
    if (sent < 0) throw new SystemCallError('process connector', -sent);
    libc.setOption(descriptor, LINUX.SOL_SOCKET, LINUX.SO_RCVBUF, int32(RECEIVE_QUEUE_BYTES));
  } catch (error) {
    libc.close(descriptor);
    throw error;
  }
  const buffer = new Uint8Array(RECEIVE_BYTES);
  poller.watch(descriptor, () => {
    for (;;) {
      const length = libc.receive(descriptor, buffer);
      if (length === -ENOBUFS) options.onOverrun();
      else if (length < 0) return;
      else {
        const event = decodeProcessEvent(buffer.subarray(0, length));
        if (event !== undefined) options.onEvent(event);
      }
    }
  });
  return () => poller.release(descriptor);
}

/** One datagram of the connector; `undefined` for threads and for what nobody tracks (uids, sessions, its own answers). */
export function decodeProcessEvent(bytes: Uint8Array): ProcessEvent | undefined {
  const data = HEADERS_LENGTH + EVENT_HEAD_LENGTH;
  if (bytes.length < data + 16) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(16, true) !== CN_IDX_PROC) return undefined;
  const first = view.getInt32(data, true);
  const second = view.getInt32(data + 4, true);
  switch (view.getUint32(HEADERS_LENGTH, true)) {
    case PROC_EVENT_FORK: {
      const pid = view.getInt32(data + 8, true);
      const isProcess = pid === view.getInt32(data + 12, true);
      return isProcess ? { kind: 'forked', pid, parent: second } : undefined;
    }
    case PROC_EVENT_EXEC:
      return { kind: 'changed', pid: second };
    case PROC_EVENT_COMM:
      return first === second ? { kind: 'changed', pid: first } : undefined;
    case PROC_EVENT_EXIT:
      return first === second ? { kind: 'ended', pid: first } : undefined;
    default:
      return undefined;
  }
}

/** `struct sockaddr_nl`: any port, the processes' group. */
function groupAddress(): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, LINUX.AF_NETLINK, true);
  view.setUint32(8, CN_IDX_PROC, true);
  return bytes;
}

/** `struct nlmsghdr`, `struct cn_msg`, `enum proc_cn_mcast_op`. */
function listenRequest(): Uint8Array {
  const bytes = new Uint8Array(HEADERS_LENGTH + 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, NLMSG_DONE, true);
  view.setUint32(16, CN_IDX_PROC, true);
  view.setUint32(20, CN_VAL_PROC, true);
  view.setUint16(32, 4, true);
  view.setUint32(HEADERS_LENGTH, PROC_CN_MCAST_LISTEN, true);
  return bytes;
}
