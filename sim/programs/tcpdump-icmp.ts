/** How tcpdump 4.99 prints ICMP and IGMP (`print-icmp.c`, `print-igmp.c`). */

import { internetChecksum } from '../../daemon/wire/checksum.ts';
import { igmpCodeValue } from '../../daemon/wire/igmp.ts';
import { PROTOCOL_TCP, PROTOCOL_UDP } from '../../daemon/wire/ipv4.ts';
import { formatIpv4, readIpv4 } from '../../daemon/wire/ipv4-address.ts';
import {
  has,
  hex,
  longWord,
  type NetworkLayer,
  octet,
  type PrintContext,
  shouldBeChecksum,
  truncated,
  word,
} from './tcpdump-context.ts';

const ERROR_TYPES: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);

const OTHER_NAMES: ReadonlyMap<number, string> = new Map([
  [4, 'source quench'],
  [9, 'router advertisement'],
  [10, 'router solicitation'],
  [15, 'information request'],
  [16, 'information reply'],
  [17, 'address mask request'],
]);

/** `unreach2str`; `%s` is the destination of the packet that could not be delivered. */
const UNREACHABLE: readonly string[] = [
  'net %s unreachable',
  'host %s unreachable',
  '',
  '',
  '',
  '%s unreachable - source route failed',
  'net %s unreachable - unknown',
  'host %s unreachable - unknown',
  '%s unreachable - source host isolated',
  'net %s unreachable - admin prohibited',
  'host %s unreachable - admin prohibited',
  'net %s unreachable - tos prohibited',
  'host %s unreachable - tos prohibited',
  'host %s unreachable - admin prohibited filter',
  'host %s unreachable - host precedence violation',
  'host %s unreachable - precedence cutoff',
];

const REDIRECTS: readonly string[] = [
  'redirect %s to net ',
  'redirect %s to host ',
  'redirect-tos %s to net ',
  'redirect-tos %s to host ',
];

const RECORD_NAMES: readonly string[] = ['', 'is_in', 'is_ex', 'to_in', 'to_ex', 'allow', 'block'];

/**
 * `ICMP echo request, id 1, seq 1, length 64`; `printQuoted` prints the packet that an error
 * quotes.
 */
export function printIcmp(
  context: PrintContext,
  at: number,
  length: number,
  network: NetworkLayer,
  printQuoted: (at: number) => string,
): string {
  if (!has(context, at, 4)) return truncated('icmp');
  const type = octet(context, at);
  const message = printMessage(context, at);
  if (message === undefined) return truncated('icmp');
  let text = `ICMP ${message}, length ${length}`;
  const { verbose } = context.options;
  if (verbose > 0 && !network.fragmented && has(context, at, length)) {
    const result = internetChecksum(context.bytes, at, length);
    const found = word(context, at + 2);
    if (result !== 0) {
      text += ` (wrong icmp cksum ${hex(found)} (->${hex(shouldBeChecksum(found, result))})!)`;
    }
  }
  if (verbose > 0 && ERROR_TYPES.has(type)) text += `\n\t${printQuoted(at + 8)}`;
  return text;
}

/** `igmp v3 report, 1 group record(s)`. */
export function printIgmp(context: PrintContext, at: number, length: number): string {
  const text = printIgmpMessage(context, at, length);
  if (text === undefined) return truncated('igmp');
  const isChecked = context.options.verbose > 0 && has(context, at, length);
  if (!isChecked || internetChecksum(context.bytes, at, length) === 0) return text;
  return `${text} bad igmp cksum ${hex(word(context, at + 2))}!`;
}

/** The printable form of a group record's type, for IGMPv3 and MLDv2. */
export function groupRecordName(type: number): string {
  return RECORD_NAMES[type] || ` [v3-report-#${type}]`;
}

function printMessage(context: PrintContext, at: number): string | undefined {
  const type = octet(context, at);
  switch (type) {
    case 0:
    case 8: {
      if (!has(context, at, 8)) return undefined;
      const name = type === 8 ? 'request' : 'reply';
      return `echo ${name}, id ${word(context, at + 4)}, seq ${word(context, at + 6)}`;
    }
    case 3:
      return has(context, at + 8, 20) ? printUnreachable(context, at) : undefined;
    case 5:
      return has(context, at + 8, 20) ? printRedirect(context, at) : undefined;
    case 11:
      return has(context, at + 8, 20) ? printExceeded(octet(context, at + 1)) : undefined;
    case 12: {
      const code = octet(context, at + 1);
      if (code !== 0) return `parameter problem - code ${code}`;
      return has(context, at, 5)
        ? `parameter problem - octet ${octet(context, at + 4)}`
        : undefined;
    }
    case 13:
    case 14:
    case 18:
      return printClockOrMask(context, at);
    default:
      return OTHER_NAMES.get(type) ?? `type-#${type}`;
  }
}

function printUnreachable(context: PrintContext, at: number): string | undefined {
  const code = octet(context, at + 1);
  const inner = at + 8;
  const target = formatIpv4(readIpv4(context.bytes, inner + 16));
  const protocol = octet(context, inner + 9);
  if (code === 2) return `${target} protocol ${protocol} unreachable`;
  if (code === 3) {
    const ports = inner + (octet(context, inner) & 0x0f) * 4;
    if (!has(context, ports, 4)) return undefined;
    const port = word(context, ports + 2);
    if (protocol === PROTOCOL_TCP) return `${target} tcp port ${port} unreachable`;
    if (protocol === PROTOCOL_UDP) return `${target} udp port ${port} unreachable`;
    return `${target} protocol ${protocol} port ${port} unreachable`;
  }
  if (code === 4) {
    const mtu = word(context, at + 6);
    return `${target} unreachable - need to frag${mtu === 0 ? '' : ` (mtu ${mtu})`}`;
  }
  return UNREACHABLE[code]?.replace('%s', target) ?? `${target} unreachable - #${code}`;
}

function printRedirect(context: PrintContext, at: number): string {
  const target = formatIpv4(readIpv4(context.bytes, at + 24));
  const gateway = formatIpv4(readIpv4(context.bytes, at + 4));
  const code = octet(context, at + 1);
  const known = REDIRECTS[code]?.replace('%s', target);
  return (known ?? `redirect-#${code} ${target} to `) + gateway;
}

function printExceeded(code: number): string {
  if (code === 0) return 'time exceeded in-transit';
  return code === 1 ? 'ip reassembly time exceeded' : `time exceeded-#${code}`;
}

function printClockOrMask(context: PrintContext, at: number): string | undefined {
  const type = octet(context, at);
  if (type === 18) {
    if (!has(context, at, 12)) return undefined;
    return `address mask is 0x${hex(longWord(context, at + 8), 8)}`;
  }
  if (!has(context, at, type === 13 ? 8 : 20)) return undefined;
  const ends = `id ${word(context, at + 4)} seq ${word(context, at + 6)}`;
  if (type === 13) return `time stamp query ${ends}`;
  const clock = (offset: number) => printMilliseconds(longWord(context, at + offset));
  return `time stamp reply ${ends}: org ${clock(8)}, recv ${clock(12)}, xmit ${clock(16)}`;
}

/** Milliseconds since midnight as `00:00:00.001`. */
function printMilliseconds(value: number): string {
  const two = (number: number) => String(number).padStart(2, '0');
  const seconds = Math.floor(value / 1000);
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}`;
  return `${clock}:${two(seconds % 60)}.${String(value % 1000).padStart(3, '0')}`;
}

function printIgmpMessage(context: PrintContext, at: number, length: number): string | undefined {
  if (!has(context, at, 1)) return undefined;
  const type = octet(context, at);
  if (type === 0x22) return printReport(context, at, length);
  const needsGroup = type === 0x11 || type === 0x12 || type === 0x16 || type === 0x17;
  if (!needsGroup) return `igmp-${type}`;
  if (!has(context, at, 8)) return undefined;
  const group = formatIpv4(readIpv4(context.bytes, at + 4));
  if (type === 0x11) return printQuery(context, at, length, group);
  if (type === 0x16) return `igmp v2 report ${group}`;
  if (type === 0x17) return `igmp leave ${group}`;
  return `igmp v1 report ${group}${length === 8 ? '' : ` [len ${length}]`}`;
}

function printQuery(
  context: PrintContext,
  at: number,
  length: number,
  group: string,
): string | undefined {
  const code = octet(context, at + 1);
  if (length >= 12) return printQueryV3(context, at, length, group);
  let text = code === 0 ? 'igmp query v1' : 'igmp query v2';
  if (code !== 0 && code !== 100) text += ` [max resp time ${code}]`;
  if (longWord(context, at + 4) !== 0) text += ` [gaddr ${group}]`;
  return length === 8 ? text : `${text} [len ${length}]`;
}

function printQueryV3(
  context: PrintContext,
  at: number,
  length: number,
  group: string,
): string | undefined {
  if (length % 4 !== 0) return `igmp query v3 [invalid len ${length}]`;
  const code = octet(context, at + 1);
  let text = 'igmp query v3';
  if (code !== 100) text += ` [max resp time ${printTenths(igmpCodeValue(code))}]`;
  if (longWord(context, at + 4) === 0) return text;
  if (!has(context, at, 12)) return undefined;
  text += ` [gaddr ${group}`;
  const count = word(context, at + 10);
  if (count > 0) text += printSources(context, at + 12, count, at + length);
  return `${text}]`;
}

function printSources(context: PrintContext, at: number, count: number, end: number): string {
  if (at + 4 * count > end) return ' [invalid number of sources]';
  if (context.options.verbose < 2) return `, ${count} source(s)`;
  return ` {${addressList(context, at, count)} }`;
}

/** Tenths of a second below a minute, else days, hours, minutes and seconds. */
function printTenths(tenths: number): string {
  if (tenths < 600) return `${Math.floor(tenths / 10)}.${tenths % 10}s`;
  let rest = Math.floor(tenths / 10);
  let text = '';
  for (const [letter, size] of [
    ['w', 604_800],
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
  ] as const) {
    if (rest >= size) text += `${Math.floor(rest / size)}${letter}`;
    rest %= size;
  }
  return rest > 0 ? `${text}${rest}s` : text;
}

function printReport(context: PrintContext, at: number, length: number): string | undefined {
  if (length < 16 || length % 4 !== 0) return `igmp v3 report [invalid len ${length}]`;
  if (!has(context, at, 8)) return undefined;
  const count = word(context, at + 6);
  let text = `igmp v3 report, ${count} group record(s)`;
  if (context.options.verbose === 0) return text;
  let next = at + 8;
  for (let i = 0; i < count; i++) {
    if (next + 8 > at + length) return `${text} [invalid number of groups]`;
    if (!has(context, next, 8)) return undefined;
    const group = formatIpv4(readIpv4(context.bytes, next + 4));
    text += ` [gaddr ${group} ${groupRecordName(octet(context, next))}`;
    const sources = word(context, next + 2);
    if (next + 8 + 4 * sources > at + length) {
      return `${text} [invalid number of sources ${sources}]`;
    }
    const short = `, ${sources} source(s)`;
    text +=
      context.options.verbose === 1 ? short : ` {${addressList(context, next + 8, sources)} }`;
    text += ']';
    next += 8 + 4 * sources;
  }
  return text;
}

function addressList(context: PrintContext, at: number, count: number): string {
  let text = '';
  for (let i = 0; i < count && has(context, at + 4 * i, 4); i++) {
    text += ` ${formatIpv4(readIpv4(context.bytes, at + 4 * i))}`;
  }
  return text;
}
