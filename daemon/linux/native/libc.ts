/**
 * The few C library calls that Node does not offer, reached through koffi. koffi is an optional dependency
 * and is loaded on first use; `loadLibc` says what is missing in words a person can act on.
 *
 * Every descriptor made here is non-blocking, and only `pollAsync` ever waits: a blocking call would hold a
 * thread of Node's pool, starve file I/O and keep `process.exit` from returning (measured).
 */

import { createRequire } from 'node:module';
import { textOfErrno } from '../../base/errno.ts';

/** Address families, socket types, options and flags of Linux (asm-generic, all 64-bit targets). */
export const LINUX = {
  AF_INET: 2,
  AF_INET6: 10,
  AF_NETLINK: 16,
  AF_PACKET: 17,
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  SOCK_RAW: 3,
  SOCK_NONBLOCK: 0o4000,
  SOCK_CLOEXEC: 0o2000000,
  SOL_SOCKET: 1,
  SO_ERROR: 4,
  SO_RCVBUF: 8,
  SO_BINDTODEVICE: 25,
  SO_ATTACH_FILTER: 26,
  SO_MARK: 36,
  SOL_PACKET: 263,
  PACKET_IGNORE_OUTGOING: 23,
  IPPROTO_IP: 0,
  IP_HDRINCL: 3,
  IP_TTL: 2,
  IP_RECVTTL: 12,
  IP_MULTICAST_IF: 32,
  IP_MULTICAST_TTL: 33,
  IP_MULTICAST_LOOP: 34,
  IP_ADD_MEMBERSHIP: 35,
  IPPROTO_IPV6: 41,
  IPV6_MULTICAST_IF: 17,
  IPV6_MULTICAST_LOOP: 19,
  IPV6_JOIN_GROUP: 20,
  IPV6_V6ONLY: 26,
  IPV6_RECVHOPLIMIT: 51,
  IPV6_HOPLIMIT: 52,
  IPPROTO_RAW: 255,
  MSG_DONTWAIT: 0x40,
  POLLIN: 1,
  POLLOUT: 4,
  EAGAIN: 11,
  EINTR: 4,
  EINPROGRESS: 115,
} as const;

/** Octets of `struct pollfd`. */
export const POLLFD_LENGTH = 8;

/** A failed call, with the number and the call's name. */
export class SystemCallError extends Error {
  override readonly name = 'SystemCallError';
  readonly errno: number;
  /** Linux' words for the number. */
  readonly reason: string;

  constructor(call: string, errno: number) {
    super(`${call}: ${textOfErrno(errno)}`);
    this.errno = errno;
    this.reason = textOfErrno(errno);
  }
}

/** What the rest of `daemon/linux` may call; failures throw `SystemCallError` unless said otherwise. */
export interface Libc {
  /** Opens a non-blocking socket that children do not inherit. */
  socket(family: number, type: number, protocol: number): number;
  bind(descriptor: number, address: Uint8Array): void;
  /** 0, or minus errno (`-EINPROGRESS`: poll for writing, then ask `socketError`); never waits. */
  connect(descriptor: number, address: Uint8Array): number;
  /** SO_ERROR: errno of what failed since it was last asked, or 0. */
  socketError(descriptor: number): number;
  setOption(descriptor: number, level: number, option: number, value: Uint8Array): void;
  /** Bytes sent, or minus errno; never waits. */
  send(descriptor: number, bytes: Uint8Array, to: Uint8Array | undefined): number;
  /** Bytes received, or minus errno (`-EAGAIN`: nothing there); never waits. */
  receive(descriptor: number, into: Uint8Array): number;
  /** recvmsg(2) with a `struct msghdr` that the caller has written; answers as `receive`. */
  receiveMessage(descriptor: number, header: Uint8Array): number;
  /** Waits in one thread of the pool; `descriptors` must live until `onDone`. */
  pollAsync(
    descriptors: Uint8Array,
    timeoutMs: number,
    onDone: (ready: number | undefined) => void,
  ): void;
  /** Looks and does not wait: how many are ready. */
  pollNow(descriptors: Uint8Array): number;
  /** A counter that wakes a poll: write 8 octets to it. */
  eventDescriptor(): number;
  write(descriptor: number, bytes: Uint8Array): number;
  read(descriptor: number, into: Uint8Array): number;
  close(descriptor: number): void;
  /** Sets a signal to be ignored, as Node cannot for real-time signals. */
  ignoreSignal(signal: number): void;
  /** What ended children have used of the processor (RUSAGE_CHILDREN), in µs. */
  childrenTime(): { readonly userUs: number; readonly systemUs: number };
  /** prctl(2) with two arguments; throws when it fails. */
  prctl(option: number, first: number, second: number): void;
  /** RLIMIT_CORE without limit, or as far as the hard limit lets; false when even that fails. */
  allowCoreFiles(): boolean;
  /** The address of a buffer's first octet, for structures that hold pointers; keep the buffer alive. */
  addressOf(bytes: Uint8Array): bigint;
}

/** Loads the library; throws an `Error` that names the package to install when koffi is not there. */
export function loadLibc(): Libc {
  const koffi = requireKoffi();
  const library = koffi.load(null);
  const socket = library.func('int socket(int, int, int)');
  const bind = library.func('int bind(int, const void *, uint32_t)');
  const connect = library.func('int connect(int, const void *, uint32_t)');
  const getsockopt = library.func('int getsockopt(int, int, int, void *, void *)');
  const setsockopt = library.func('int setsockopt(int, int, int, const void *, uint32_t)');
  const sendto = library.func(
    'intptr_t sendto(int, const void *, size_t, int, const void *, uint32_t)',
  );
  const recv = library.func('intptr_t recv(int, void *, size_t, int)');
  const recvmsg = library.func('intptr_t recvmsg(int, void *, int)');
  const poll = library.func('int poll(void *, unsigned long, int)');
  const eventfd = library.func('int eventfd(unsigned int, int)');
  const write = library.func('intptr_t write(int, const void *, size_t)');
  const read = library.func('intptr_t read(int, void *, size_t)');
  const close = library.func('int close(int)');
  const signal = library.func('intptr_t signal(int, intptr_t)');
  const prctl = library.func(
    'int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)',
  );
  const getrusage = library.func('int getrusage(int, void *)');
  const getrlimit = library.func('int getrlimit(int, void *)');
  const setrlimit = library.func('int setrlimit(int, const void *)');
  const failure = (call: string): SystemCallError => new SystemCallError(call, koffi.errno());
  const orErrno = (result: number | bigint): number =>
    Number(result) < 0 ? -koffi.errno() : Number(result);
  return {
    socket(family, type, protocol) {
      const flags = LINUX.SOCK_NONBLOCK | LINUX.SOCK_CLOEXEC;
      const descriptor = Number(socket(family, type | flags, protocol));
      if (descriptor < 0) throw failure('socket');
      return descriptor;
    },
    bind(descriptor, address) {
      if (Number(bind(descriptor, address, address.length)) < 0) throw failure('bind');
    },
    connect: (descriptor, address) => orErrno(connect(descriptor, address, address.length)),
    socketError(descriptor) {
      const value = new Int32Array(1);
      const { SOL_SOCKET, SO_ERROR } = LINUX;
      const length = Uint32Array.of(value.byteLength);
      if (Number(getsockopt(descriptor, SOL_SOCKET, SO_ERROR, value, length)) < 0) {
        return koffi.errno();
      }
      return value[0] ?? 0;
    },
    setOption(descriptor, level, option, value) {
      if (Number(setsockopt(descriptor, level, option, value, value.length)) < 0) {
        throw failure(`setsockopt(${level}, ${option})`);
      }
    },
    send: (descriptor, bytes, to) =>
      orErrno(
        sendto(descriptor, bytes, bytes.length, LINUX.MSG_DONTWAIT, to ?? null, to?.length ?? 0),
      ),
    receive: (descriptor, into) => orErrno(recv(descriptor, into, into.length, LINUX.MSG_DONTWAIT)),
    receiveMessage: (descriptor, header) =>
      orErrno(recvmsg(descriptor, header, LINUX.MSG_DONTWAIT)),
    pollAsync(descriptors, timeoutMs, onDone) {
      const count = descriptors.length / POLLFD_LENGTH;
      poll.async(descriptors, count, timeoutMs, (error: unknown, ready: number) => {
        onDone(error === null || error === undefined ? ready : undefined);
      });
    },
    pollNow: (descriptors) => poll(descriptors, descriptors.length / POLLFD_LENGTH, 0),
    eventDescriptor() {
      const descriptor = Number(eventfd(0, LINUX.SOCK_NONBLOCK | LINUX.SOCK_CLOEXEC));
      if (descriptor < 0) throw failure('eventfd');
      return descriptor;
    },
    write: (descriptor, bytes) => orErrno(write(descriptor, bytes, bytes.length)),
    read: (descriptor, into) => orErrno(read(descriptor, into, into.length)),
    close(descriptor) {
      close(descriptor);
    },
    ignoreSignal(number) {
      signal(number, SIG_IGN);
    },
    childrenTime() {
      // struct rusage begins with two struct timeval of 64-bit seconds and microseconds.
      const usage = new BigInt64Array(18);
      if (Number(getrusage(RUSAGE_CHILDREN, usage)) < 0) throw failure('getrusage');
      const at = (index: number): number => Number(usage[index] ?? 0n);
      return { userUs: at(0) * 1e6 + at(1), systemUs: at(2) * 1e6 + at(3) };
    },
    prctl(option, first, second) {
      if (Number(prctl(option, first, second, 0, 0)) < 0) throw failure(`prctl(${option})`);
    },
    allowCoreFiles() {
      const unlimited = BigUint64Array.of(RLIM_INFINITY, RLIM_INFINITY);
      if (Number(setrlimit(RLIMIT_CORE, unlimited)) === 0) return true;
      const limit = new BigUint64Array(2);
      if (Number(getrlimit(RLIMIT_CORE, limit)) !== 0) return false;
      return Number(setrlimit(RLIMIT_CORE, limit.fill(limit[1] ?? 0n))) === 0;
    },
    addressOf: (bytes) => koffi.address(bytes),
  };
}

/** Of getrusage(2). */
const RUSAGE_CHILDREN = -1;

/** Of setrlimit(2). */
const RLIMIT_CORE = 4;
const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;

/** `SIG_IGN` of signal(2). */
const SIG_IGN = 1;

function requireKoffi(): typeof import('koffi') {
  try {
    return createRequire(import.meta.url)('koffi') as typeof import('koffi');
  } catch (cause) {
    throw new Error(
      'the package "koffi" is not installed or does not load here; it is needed for netlink and for ' +
        'gratuitous ARP: npm install koffi',
      { cause },
    );
  }
}
