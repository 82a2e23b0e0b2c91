/** Linux' error numbers that occur here, with the words that its programs write for them: strerror(3) of glibc. */

const ERRORS = {
  EPERM: [1, 'Operation not permitted'],
  ENOENT: [2, 'No such file or directory'],
  EAGAIN: [11, 'Resource temporarily unavailable'],
  EACCES: [13, 'Permission denied'],
  EBUSY: [16, 'Device or resource busy'],
  EEXIST: [17, 'File exists'],
  ENODEV: [19, 'No such device'],
  ENOTDIR: [20, 'Not a directory'],
  EINVAL: [22, 'Invalid argument'],
  EPIPE: [32, 'Broken pipe'],
  ELOOP: [40, 'Too many levels of symbolic links'],
  ENONET: [64, 'Machine is not on the network'],
  EPROTO: [71, 'Protocol error'],
  EMSGSIZE: [90, 'Message too long'],
  ENOPROTOOPT: [92, 'Protocol not available'],
  EPROTONOSUPPORT: [93, 'Protocol not supported'],
  EOPNOTSUPP: [95, 'Operation not supported'],
  EAFNOSUPPORT: [97, 'Address family not supported by protocol'],
  EADDRINUSE: [98, 'Address already in use'],
  EADDRNOTAVAIL: [99, 'Cannot assign requested address'],
  ENETDOWN: [100, 'Network is down'],
  ENETUNREACH: [101, 'Network is unreachable'],
  ECONNRESET: [104, 'Connection reset by peer'],
  ENOBUFS: [105, 'No buffer space available'],
  ENOTCONN: [107, 'Transport endpoint is not connected'],
  ETIMEDOUT: [110, 'Connection timed out'],
  ECONNREFUSED: [111, 'Connection refused'],
  EHOSTDOWN: [112, 'Host is down'],
  EHOSTUNREACH: [113, 'No route to host'],
} as const satisfies Readonly<Record<string, readonly [number: number, words: string]>>;

/** The name of an error, as in errno.h. */
export type ErrnoName = keyof typeof ERRORS;

const WORDS: ReadonlyMap<number, string> = new Map(Object.values(ERRORS));

/** The words for an error. */
export function errnoText(name: ErrnoName): string {
  return ERRORS[name][1];
}

/** The words for what may be an error's name; anything else stays as it is. */
export function textOfErrnoName(name: string): string {
  return Object.hasOwn(ERRORS, name) ? errnoText(name as ErrnoName) : name;
}

/** The number of an error on every machine that Linux' usual numbers hold for. */
export function errnoNumber(name: ErrnoName): number {
  return ERRORS[name][0];
}

/** The words for a number; others by number. */
export function textOfErrno(errno: number): string {
  return WORDS.get(errno) ?? `error ${errno}`;
}
