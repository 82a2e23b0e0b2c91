/**
 * Sockets by system calls, without waiting: a recorder stands in one network namespace after the other, and a socket belongs
 * to the one in which it was made.
 */

import koffi from 'koffi';

const libc = koffi.load(null);
const socket = libc.func('int socket(int, int, int)');
const bind = libc.func('int bind(int, void*, uint)');
const connect = libc.func('int connect(int, void*, uint)');
const listen = libc.func('int listen(int, int)');
const accept = libc.func('int accept4(int, void*, void*, int)');
const recv = libc.func('long recv(int, void*, size_t, int)');
const sendto = libc.func('long sendto(int, void*, size_t, int, void*, uint)');
const shutdown = libc.func('int shutdown(int, int)');
const setsockopt = libc.func('int setsockopt(int, int, int, void*, uint)');
const getsockopt = libc.func('int getsockopt(int, int, int, void*, void*)');
const ioctl = libc.func('int ioctl(int, ulong, void*)');
const clockGettime = libc.func('int clock_gettime(int, void*)');
const closeFd = libc.func('int close(int)');

koffi.struct('EthtoolValue', { cmd: 'uint32', data: 'uint32' });
koffi.struct('EthtoolRequest', { name: koffi.array('char', 16), data: 'EthtoolValue *' });
const ioctlEthtool = libc.func('int ioctl(int, ulong, EthtoolRequest *)');
const SIOCETHTOOL = 0x8946;
/** ETHTOOL_STXCSUM, STSO, SGSO, SGRO. */
const OFFLOADS = [0x17, 0x1f, 0x24, 0x2c];

const AF_INET = 2;
const AF_PACKET = 17;
const NONBLOCK = 0o4000;
const ETH_P_ALL = 0x0003;
const SIOCGSTAMP = 0x8906;
const SIOCGIFINDEX = 0x8933;
const ERRNOS: Readonly<Record<number, string>> = {
  11: 'EAGAIN',
  92: 'ENOPROTOOPT',
  90: 'EMSGSIZE',
  101: 'ENETUNREACH',
  104: 'ECONNRESET',
  110: 'ETIMEDOUT',
  111: 'ECONNREFUSED',
  113: 'EHOSTUNREACH',
  115: 'EINPROGRESS',
};

/** The wall clock in microseconds, as packets are stamped. */
export function wallClockUs(): number {
  const stamp = Buffer.alloc(16);
  clockGettime(0, stamp);
  return Number(stamp.readBigInt64LE(0)) * 1e6 + Number(stamp.readBigInt64LE(8)) / 1000;
}

/** Name of the last error. */
export function errorName(): string {
  const number = koffi.errno();
  return ERRNOS[number] ?? `errno ${number}`;
}

/** `struct sockaddr_in` of `address:port`. */
function endOf(address: string, port: number): Buffer {
  const end = Buffer.alloc(16);
  end.writeUInt16LE(AF_INET, 0);
  end.writeUInt16BE(port, 2);
  Buffer.from(address.split('.').map(Number)).copy(end, 4);
  return end;
}

function checked(result: number, what: string): number {
  if (result < 0) throw new Error(`${what}: ${errorName()}`);
  return result;
}

function option(fd: number, level: number, name: number, value: number): void {
  const word = Buffer.alloc(4);
  word.writeInt32LE(value);
  checked(setsockopt(fd, level, name, word, 4), 'setsockopt');
}

/** A socket that a program made. */
export class PosixSocket {
  readonly fd: number;
  #result: string | undefined;

  constructor(fd: number) {
    this.fd = fd;
  }

  /** TCP or UDP, bound to its own end. */
  static bound(kind: 'tcp' | 'udp', address: string, port: number): PosixSocket {
    const fd = checked(socket(AF_INET, (kind === 'tcp' ? 1 : 2) | NONBLOCK, 0), 'socket');
    option(fd, 1, 2, 1);
    checked(bind(fd, endOf(address, port), 16), `bind ${address}:${port}`);
    return new PosixSocket(fd);
  }

  /** A raw socket that sends packets with their headers. */
  static raw(): PosixSocket {
    return new PosixSocket(checked(socket(AF_INET, 3 | NONBLOCK, 255), 'raw socket'));
  }

  /** Begins to connect; what becomes of it tells `connected`. */
  connect(address: string, port: number): void {
    if (connect(this.fd, endOf(address, port), 16) < 0 && errorName() !== 'EINPROGRESS') {
      throw new Error(`connect: ${errorName()}`);
    }
  }

  /** `undefined` while it is pending, `ok`, or the error. */
  connected(): string | undefined {
    // The error is told once.
    this.#result ??= this.#ask();
    return this.#result;
  }

  #ask(): string | undefined {
    const error = Buffer.alloc(4);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(4);
    getsockopt(this.fd, 1, 4, error, length);
    const number = error.readInt32LE();
    if (number !== 0) return ERRNOS[number] ?? `errno ${number}`;
    // TCP_INFO begins with the state: 1 is ESTABLISHED, 2 SYN_SENT.
    const info = Buffer.alloc(104);
    length.writeUInt32LE(104);
    getsockopt(this.fd, 6, 11, info, length);
    return info[0] === 2 ? undefined : 'ok';
  }

  listen(): void {
    checked(listen(this.fd, 64), 'listen');
  }

  accept(): PosixSocket | undefined {
    const fd = accept(this.fd, null, null, NONBLOCK);
    return fd < 0 ? undefined : new PosixSocket(fd);
  }

  /** What came in; the error's name, or `''` at the end. */
  receive(): Buffer | string {
    const bytes = Buffer.alloc(65_536);
    const length = Number(recv(this.fd, bytes, bytes.length, 0));
    if (length < 0) return errorName();
    return length === 0 ? '' : bytes.subarray(0, length);
  }

  send(bytes: Uint8Array | string, to?: readonly [string, number]): string | undefined {
    const data = Buffer.from(bytes as string);
    const end = to === undefined ? null : endOf(...to);
    const sent = sendto(this.fd, data, data.length, 0x4000, end, end === null ? 0 : 16);
    return Number(sent) < 0 ? errorName() : undefined;
  }

  /** IP_MTU_DISCOVER: 2 sets DF always, 3 without a look at what is known of the path. */
  setDontFragment(how: number): void {
    option(this.fd, 0, 10, how);
  }

  finish(): void {
    shutdown(this.fd, 1);
  }

  /** With a reset instead of a FIN. */
  abort(): void {
    const linger = Buffer.alloc(8);
    linger.writeInt32LE(1);
    setsockopt(this.fd, 1, 13, linger, 8);
    this.close();
  }

  close(): void {
    closeFd(this.fd);
  }
}

/** As `ethtool -K CARD tx off tso off gso off gro off`: the checksums in captures are those of the wire. */
export function switchOffloadsOff(card: string): void {
  const fd = checked(socket(AF_INET, 2, 0), 'socket');
  for (const cmd of OFFLOADS) {
    checked(
      ioctlEthtool(fd, SIOCETHTOOL, { name: card, data: { cmd, data: 0 } }),
      `ethtool ${card}`,
    );
  }
  closeFd(fd);
}

/** Hears all frames of a card, both ways, with the kernel's time stamps. */
export class CardEar {
  readonly #fd: number;

  constructor(card: string, onlyIncoming = false) {
    this.#fd = checked(socket(AF_PACKET, 3 | NONBLOCK, ETH_P_ALL << 8), 'packet socket');
    option(this.#fd, 1, 33, 4_000_000);
    // PACKET_IGNORE_OUTGOING
    if (onlyIncoming) option(this.#fd, 263, 23, 1);
    const request = Buffer.alloc(40);
    request.write(card);
    checked(ioctl(this.#fd, SIOCGIFINDEX, request), `card ${card}`);
    const end = Buffer.alloc(20);
    end.writeUInt16LE(AF_PACKET, 0);
    end.writeUInt16BE(ETH_P_ALL, 2);
    end.writeInt32LE(request.readInt32LE(16), 4);
    checked(bind(this.#fd, end, 20), 'bind to a card');
    // The first call fails, and makes the kernel stamp what comes from then on.
    ioctl(this.#fd, SIOCGSTAMP, Buffer.alloc(16));
  }

  /** What was heard since the last call. */
  drain(): { readonly timeUs: number; readonly bytes: Buffer }[] {
    const heard: { timeUs: number; bytes: Buffer }[] = [];
    for (;;) {
      const bytes = Buffer.alloc(2048);
      const length = Number(recv(this.#fd, bytes, bytes.length, 0));
      if (length <= 0) return heard;
      const stamp = Buffer.alloc(16);
      ioctl(this.#fd, SIOCGSTAMP, stamp);
      const timeUs = Number(stamp.readBigInt64LE(0)) * 1e6 + Number(stamp.readBigInt64LE(8));
      heard.push({ timeUs, bytes: bytes.subarray(0, length) });
    }
  }

  /** Sends a frame from the card. */
  send(frame: Uint8Array): void {
    checked(Number(sendto(this.#fd, frame, frame.length, 0, null, 0)), 'send a frame');
  }

  close(): void {
    closeFd(this.#fd);
  }
}
