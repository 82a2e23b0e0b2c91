/**
 * The system calls that ports to real interfaces need beyond `daemon/linux/native/libc.ts`: ioctl on network
 * interfaces, read and write without a copy, and a poll with microseconds. Loaded on first use, through koffi.
 *
 * All calls are direct, not asynchronous: descriptors are non-blocking, and only `poll` ever waits, for a bounded
 * time, in the thread that runs the bridge. Nothing here occupies a thread of Node's pool (which starves file
 * I/O, and keeps `process.exit` from returning).
 */

import { closeSync, constants, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { LINUX, type Libc, loadLibc, SystemCallError } from '../../daemon/linux/native/libc.ts';
import { type BatchRing, openBatchRing, type RingCalls } from './batch-ring.ts';
import { BridgeError } from './bridge-error.ts';

/** Flags and requests of linux/if_tun.h, linux/sockios.h and linux/if_packet.h (all 64-bit little-endian targets). */
export const LINK = {
  TUNSETIFF: 0x400454ca,
  TUNGETIFF: 0x800454d2,
  TUNSETCARRIER: 0x400454e2,
  IFF_TAP: 0x0002,
  IFF_NO_PI: 0x1000,
  SIOCGIFFLAGS: 0x8913,
  SIOCSIFFLAGS: 0x8914,
  SIOCGIFMTU: 0x8921,
  SIOCSIFMTU: 0x8922,
  SIOCSIFHWADDR: 0x8924,
  SIOCGIFHWADDR: 0x8927,
  SIOCGIFINDEX: 0x8933,
  AF_UNIX: 1,
  IFF_UP: 0x1,
  IFF_RUNNING: 0x40,
  ARPHRD_ETHER: 1,
  PACKET_ADD_MEMBERSHIP: 1,
  PACKET_VNET_HDR: 15,
  PACKET_MR_PROMISC: 1,
  ETH_P_ALL: 3,
  POLLIN: 1,
} as const;

/** Error numbers that mean something to a port. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  EAGAIN: 11,
  EACCES: 13,
  EBUSY: 16,
  ENODEV: 19,
  EINVAL: 22,
  EBADFD: 77,
  EOPNOTSUPP: 95,
  ENETDOWN: 100,
  ENOBUFS: 105,
} as const;

const IFREQ_LENGTH = 40;
const IFREQ_VALUE = 16;
const NAME_LENGTH_MAX = 15;
/** Longest wait of `poll`. */
const POLL_MAX_US = 999_999;

/** The calls; results below 0 are minus errno. */
export interface LinkCalls {
  readonly libc: Libc;
  /** Octets read, or minus errno. */
  read(descriptor: number, into: Uint8Array, length: number): number;
  write(descriptor: number, bytes: Uint8Array, length: number): number;
  /** Waits until a descriptor of the table is readable, at most `timeoutUs` (below a second); how many are. */
  poll(table: Uint8Array, count: number, timeoutUs: number): number;
  /** An interface request on any descriptor that takes it; throws `SystemCallError`. */
  interfaceRequest(descriptor: number, request: number, interfaceRequest: Uint8Array): void;
  /** Two ends of a line that keeps datagrams apart; non-blocking. Throws `SystemCallError`. */
  socketPair(): readonly [number, number];
  /** An ioctl with a pointer to a C int. */
  intRequest(descriptor: number, request: number, value: number): void;
  close(descriptor: number): void;
  /** Many reads or writes by one call; absent where the kernel has no such thing for us. */
  readonly ring?: BatchRing;
}

/** Loads the calls. Fails: `BridgeError` that says what to install and which other way there is. */
export function loadLinkCalls(): LinkCalls {
  if (process.platform !== 'linux') {
    throw new BridgeError(
      'TAP and AF_PACKET ports exist on Linux only; --vxlan needs no native code',
    );
  }
  let libc: Libc;
  try {
    libc = loadLibc();
  } catch (cause) {
    throw new BridgeError(
      'the package "koffi" is not installed or does not load here, and TAP and AF_PACKET ports need it: ' +
        'npm install koffi (or join the network with --vxlan, which needs no native code)',
      { cause },
    );
  }
  return bindCalls(libc);
}

function bindCalls(libc: Libc): LinkCalls {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const library = koffi.load(null);
  const read = library.func('intptr_t read(int, void *, size_t)');
  const write = library.func('intptr_t write(int, const void *, size_t)');
  const ppoll = library.func('int ppoll(void *, unsigned long, const void *, const void *)');
  const socketpair = library.func('int socketpair(int, int, int, void *)');
  // Variadic in C; this is the form that the kernel sees.
  const ioctl = library.func('int ioctl(int, unsigned long, void *)');
  // `struct timespec`; waits are below a second, so the low half of the nanoseconds is all that changes.
  const timespec = new Int32Array(4);
  return {
    libc,
    read(descriptor, into, length) {
      const result = Number(read(descriptor, into, length));
      return result < 0 ? -koffi.errno() : result;
    },
    write(descriptor, bytes, length) {
      const result = Number(write(descriptor, bytes, length));
      return result < 0 ? -koffi.errno() : result;
    },
    poll(table, count, timeoutUs) {
      timespec[2] = Math.min(timeoutUs, POLL_MAX_US) * 1000;
      return Number(ppoll(table, count, timespec, null));
    },
    interfaceRequest(descriptor, request, bytes) {
      if (Number(ioctl(descriptor, request, bytes)) < 0) {
        throw new SystemCallError('ioctl', koffi.errno());
      }
    },
    socketPair() {
      const ends = new Int32Array(2);
      const type = LINUX.SOCK_DGRAM | LINUX.SOCK_NONBLOCK | LINUX.SOCK_CLOEXEC;
      if (Number(socketpair(LINK.AF_UNIX, type, 0, ends)) < 0) {
        throw new SystemCallError('socketpair', koffi.errno());
      }
      return [ends[0] as number, ends[1] as number];
    },
    intRequest(descriptor, request, value) {
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setInt32(0, value, true);
      if (Number(ioctl(descriptor, request, bytes)) < 0) {
        throw new SystemCallError('ioctl', koffi.errno());
      }
    },
    close: (descriptor) => libc.close(descriptor),
    ...bindRing(libc, koffi, library),
  };
}

/** Numbers of system calls that are the same on all 64-bit machines. */
const SYSCALL = { ioUringSetup: 425, ioUringEnter: 426 } as const;
const PROT_READ_WRITE = 3;
const MAP_SHARED_POPULATE = 0x8001;

function bindRing(
  libc: Libc,
  koffi: typeof import('koffi'),
  library: ReturnType<typeof import('koffi').load>,
): { readonly ring?: BatchRing } {
  // Variadic in C as well.
  const setup = library.func('intptr_t syscall(intptr_t, unsigned int, void *)');
  const enter = library.func(
    'intptr_t syscall(intptr_t, int, unsigned int, unsigned int, unsigned int, void *, size_t)',
  );
  const mmap = library.func('void *mmap(void *, size_t, int, int, int, intptr_t)');
  const calls: RingCalls = {
    libc,
    setup: (entries, params) => Number(setup(SYSCALL.ioUringSetup, entries, params)),
    enter: (ring, submit, complete, flags) =>
      Number(enter(SYSCALL.ioUringEnter, ring, submit, complete, flags, null, 0)),
    map(length, ring, offset) {
      const memory = mmap(null, length, PROT_READ_WRITE, MAP_SHARED_POPULATE, ring, offset);
      const isMapped = BigInt.asIntN(64, koffi.address(memory)) !== -1n;
      return isMapped ? koffi.view(memory, length) : undefined;
    },
  };
  const ring = openBatchRing(calls);
  return ring === undefined ? {} : { ring };
}

/** A `struct ifreq` with a name in it. */
export function interfaceRequest(name: string): Uint8Array {
  const bytes = new Uint8Array(IFREQ_LENGTH);
  bytes.set(new TextEncoder().encode(name).subarray(0, NAME_LENGTH_MAX));
  return bytes;
}

/** The value part of a `struct ifreq`. */
export function requestValue(request: Uint8Array): DataView {
  return new DataView(request.buffer, IFREQ_VALUE);
}

/** What a name of an interface may not be; `undefined` when it is fine. Source: dev_valid_name in Linux. */
export function interfaceNameProblem(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') return 'an interface needs a name';
  if (new TextEncoder().encode(name).length > NAME_LENGTH_MAX) {
    return `'${name}' is longer than ${NAME_LENGTH_MAX} characters, which is the most Linux takes`;
  }
  if (/[\s/:]/.test(name)) return `'${name}' is no name that Linux takes for an interface`;
  return undefined;
}

/** Flags, index, MTU and MAC of an interface, asked from a socket. Fails: `SystemCallError` (19: there is none). */
export interface InterfaceFacts {
  readonly index: number;
  readonly up: boolean;
  readonly running: boolean;
  readonly mtu: number;
  /** Six octets. */
  readonly mac: Uint8Array;
  /** ARPHRD_ETHER and the like. */
  readonly hardware: number;
}

/** Asks the kernel for an interface by name. */
export function readInterface(calls: LinkCalls, socket: number, name: string): InterfaceFacts {
  const ask = (request: number): DataView => {
    const bytes = interfaceRequest(name);
    calls.interfaceRequest(socket, request, bytes);
    return requestValue(bytes);
  };
  const flags = ask(LINK.SIOCGIFFLAGS).getUint16(0, true);
  const hardware = ask(LINK.SIOCGIFHWADDR);
  return {
    index: ask(LINK.SIOCGIFINDEX).getInt32(0, true),
    up: (flags & LINK.IFF_UP) !== 0,
    running: (flags & LINK.IFF_RUNNING) !== 0,
    mtu: ask(LINK.SIOCGIFMTU).getInt32(0, true),
    hardware: hardware.getUint16(0, true),
    mac: new Uint8Array(hardware.buffer.slice(IFREQ_VALUE + 2, IFREQ_VALUE + 8)),
  };
}

/** Opens the clone device non-blocking; `undefined` plus errno words are the caller's. */
export function openCloneDevice(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
}

/** Closes what `openCloneDevice` opened. */
export function closeCloneDevice(descriptor: number): void {
  closeSync(descriptor);
}
