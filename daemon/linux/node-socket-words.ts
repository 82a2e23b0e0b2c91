/** What node's sockets call things, in the words of the seam: addresses, and the closed set of failures. */

import { getSystemErrorName } from 'node:util';
import type { NetworkFailure } from '../core/events.ts';
import { formatIp, type IpAddress, isIpv4 } from '../wire/ip-address.ts';
import { isLinkLocalIpv6 } from '../wire/ipv6-address.ts';

/** An address as node takes it; one of the link with its device. */
export function hostText(address: IpAddress, device: string | undefined): string {
  const text = formatIp(address);
  const needsScope = !isIpv4(address) && isLinkLocalIpv6(address) && device !== undefined;
  return needsScope ? `${text}%${device}` : text;
}

/** The same for a number of the kernel. */
export function failureOfErrno(errno: number): NetworkFailure {
  return failureOf(Object.assign(new Error(), { code: getSystemErrorName(-errno) }));
}

/** The closed set of failures for what node calls them. */
export function failureOf(error: Error & { readonly code?: string }): NetworkFailure {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'reset';
    case 'ETIMEDOUT':
      return 'timed-out';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENETDOWN':
      return 'unreachable';
    case 'EADDRNOTAVAIL':
      return 'no-such-address';
    case 'EADDRINUSE':
      return 'address-in-use';
    case 'EMFILE':
    case 'ENOBUFS':
    case 'EACCES':
    case 'EPERM':
      return 'no-resource';
    default:
      return error.code?.startsWith('ERR_SSL') || error.code?.startsWith('ERR_TLS')
        ? 'bad-certificate'
        : 'reset';
  }
}
