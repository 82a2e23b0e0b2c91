/**
 * What an ICMP error is called where a program hears of it. Knows the codes alone; who hears, and whether a connection ends, is
 * decided by the sockets.
 * Source: Linux net/ipv4/icmp.c (icmp_err_convert, icmp_unreach), net/ipv6/icmp.c (icmpv6_err_convert), udp_err, tcp_v4_err.
 */

import type { IcmpMessage } from '../../daemon/wire/icmp.ts';
import type { Icmpv6Message } from '../../daemon/wire/icmpv6.ts';

/** What a socket hears of an ICMP error; EMSGSIZE, when a router told what fits: the next datagrams are cut to that. */
export type IcmpSocketError =
  | 'ECONNREFUSED'
  | 'EHOSTUNREACH'
  | 'ENETUNREACH'
  | 'ENOPROTOOPT'
  | 'EHOSTDOWN'
  | 'ENONET'
  | 'EOPNOTSUPP'
  | 'EACCES'
  | 'EPROTO'
  | 'EMSGSIZE';

/** By code of "destination unreachable"; Linux passes over codes behind the last. */
const UNREACHABLE: readonly IcmpSocketError[] = [
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENOPROTOOPT',
  'ECONNREFUSED',
  'EMSGSIZE',
  'EOPNOTSUPP',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENONET',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'EHOSTUNREACH',
  'EHOSTUNREACH',
  'EHOSTUNREACH',
];

/** The same of ICMPv6, where an unknown code has a name, too. */
const UNREACHABLE_V6: readonly IcmpSocketError[] = [
  'ENETUNREACH',
  'EACCES',
  'EHOSTUNREACH',
  'EHOSTUNREACH',
  'ECONNREFUSED',
  'EACCES',
  'EACCES',
];

/** Codes of "destination unreachable" behind which the way may yet be found again. Source: `fatal` of the tables above. */
const PASSING: readonly number[] = [0, 1, 5, 11, 12];
const PASSING_V6: readonly number[] = [0, 2, 3];

/** ICMP messages that quote a packet which did not arrive. */
export type IcmpError = Extract<
  IcmpMessage,
  { readonly kind: 'destination-unreachable' | 'time-exceeded' | 'parameter-problem' }
>;

/** The error of an ICMP message; `undefined` for a code that Linux does not know. */
export function icmpErrorName(message: IcmpError): IcmpSocketError | undefined {
  switch (message.kind) {
    case 'destination-unreachable':
      return UNREACHABLE[message.code];
    case 'time-exceeded':
      return 'EHOSTUNREACH';
    default:
      return 'EPROTO';
  }
}

/** The error of an ICMPv6 message. */
export function icmpv6ErrorName(
  message: Extract<Icmpv6Message, { readonly quoted: Uint8Array }>,
): IcmpSocketError {
  switch (message.kind) {
    case 'destination-unreachable':
      return UNREACHABLE_V6[message.code] ?? 'EPROTO';
    case 'packet-too-big':
      return 'EMSGSIZE';
    case 'time-exceeded':
      return 'EHOSTUNREACH';
    default:
      return 'EPROTO';
  }
}

/** An error and whether it passes: UDP sockets hear of such a one only with IP_RECVERR. */
export interface HeardError {
  readonly error: IcmpSocketError;
  readonly passing: boolean;
}

/** Whether an error may pass by itself, as "host unreachable" does; what does not fit is cut next time, and told. */
export function mayPass(
  message: { readonly kind: string; readonly code?: number },
  version: 4 | 6,
): boolean {
  if (message.kind === 'time-exceeded') return true;
  if (message.kind !== 'destination-unreachable') return false;
  return (version === 4 ? PASSING : PASSING_V6).includes(message.code ?? 0);
}
