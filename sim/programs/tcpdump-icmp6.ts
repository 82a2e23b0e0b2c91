/** How tcpdump 4.99 prints ICMPv6 (`print-icmp6.c`): echo, errors, neighbour discovery, MLD. */

import { internetChecksum, pseudoHeaderSum } from '../../daemon/wire/checksum.ts';
import { PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP } from '../../daemon/wire/ipv4.ts';
import { formatIpv6, readIpv6 } from '../../daemon/wire/ipv6-address.ts';
import { formatMac, readMac } from '../../daemon/wire/mac-address.ts';
import {
  has,
  hex,
  hexDump,
  longWord,
  type NetworkLayer,
  octet,
  type PrintContext,
  shouldBeChecksum,
  truncated,
  word,
} from './tcpdump-context.ts';
import { groupRecordName } from './tcpdump-icmp.ts';

const NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'destination unreachable'],
  [2, 'packet too big'],
  [3, 'time exceeded'],
  [4, 'parameter problem'],
  [128, 'echo request'],
  [129, 'echo reply'],
  [130, 'multicast listener query'],
  [131, 'multicast listener report'],
  [132, 'multicast listener done'],
  [133, 'router solicitation'],
  [134, 'router advertisement'],
  [135, 'neighbor solicitation'],
  [136, 'neighbor advertisement'],
  [137, 'redirect'],
  [138, 'router renumbering'],
  [139, 'node information query'],
  [140, 'node information reply'],
  [141, 'inverse neighbor solicitation'],
  [142, 'inverse neighbor advertisement'],
  [143, 'multicast listener report v2'],
  [200, 'mtrace response'],
  [201, 'mtrace message'],
]);

const OPTION_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'source link-address'],
  [2, 'destination link-address'],
  [3, 'prefix info'],
  [4, 'redirected header'],
  [5, 'mtu'],
  [7, 'advertisement interval'],
  [8, 'homeagent information'],
  [24, 'route info'],
  [25, 'rdnss'],
  [31, 'dnssl'],
]);

const PREFERENCES: readonly string[] = ['medium', 'high', 'reserved', 'low'];

/** `ICMP6, neighbor advertisement, tgt is fe80::100, length 32`. */
export function printIcmp6(
  context: PrintContext,
  at: number,
  length: number,
  network: NetworkLayer,
): string {
  if (length === 0) return 'ICMP6, length 0 (invalid)';
  if (!has(context, at, 1)) return truncated('icmp6');
  const { verbose } = context.options;
  const type = octet(context, at);
  let text = `${printChecksum(context, at, length, network)}ICMP6, `;
  text += NAMES.get(type) ?? `unknown icmp6 type (${type})`;
  if (verbose > 0 && type >= 133 && type <= 137) text += `, length ${length}`;
  const body = printBody(context, at, length);
  if (body === undefined) return text + truncated('icmp6');
  if (!body.known) {
    const dump = hexDump(context, at, length, { indent: '\n\t', ascii: false });
    return `${text}${body.text}${verbose <= 1 ? dump : ''}`;
  }
  return `${text}${body.text}${verbose === 0 ? `, length ${length}` : ''}${body.tail ?? ''}`;
}

interface BodyText {
  readonly text: string;
  /** tcpdump knows the type and, of errors, the code. */
  readonly known: boolean;
  readonly tail?: string;
}

function printBody(context: PrintContext, at: number, length: number): BodyText | undefined {
  const type = octet(context, at);
  switch (type) {
    case 1:
      return has(context, at + 8, 40) ? printUnreachable(context, at) : undefined;
    case 2:
      return has(context, at, 8) ? known(`, mtu ${longWord(context, at + 4)}`) : undefined;
    case 3:
      return printExceeded(context, at);
    case 4:
      return has(context, at, 8) ? printParameterProblem(context, at) : undefined;
    case 128:
    case 129:
      if (!has(context, at, 8)) return undefined;
      return known(`, id ${word(context, at + 4)}, seq ${word(context, at + 6)}`);
    case 130:
      if (length >= 28) return printMldQuery(context, at, length);
      return printMld(context, at);
    case 131:
    case 132:
      return printMld(context, at);
    case 143:
      return printMldReport(context, at, length);
    case 133:
    case 134:
    case 135:
    case 136:
    case 137:
      return printDiscovery(context, at, length);
    default:
      return { text: `, length ${length}`, known: false };
  }
}

function known(text: string): BodyText {
  return { text, known: true };
}

function printUnreachable(context: PrintContext, at: number): BodyText {
  const inner = at + 8;
  const target = addressText(context, inner + 24);
  const code = octet(context, at + 1);
  switch (code) {
    case 0:
      return known(`, unreachable route ${target}`);
    case 1:
      return known(`,  unreachable prohibited ${target}`);
    case 2:
      return known(`, beyond scope ${target}, source address ${addressText(context, inner + 8)}`);
    case 3:
      return known(`, unreachable address ${target}`);
    case 4: {
      const protocol = octet(context, inner + 6);
      const port = has(context, inner + 40, 4) ? word(context, inner + 42) : 0;
      if (protocol === PROTOCOL_TCP) return known(`, unreachable port, ${target} tcp port ${port}`);
      if (protocol === PROTOCOL_UDP) return known(`, unreachable port, ${target} udp port ${port}`);
      return known(`, unreachable port, ${target} protocol ${protocol} port ${port} unreachable`);
    }
    default:
      return { text: `, unknown unreach code (${code})`, known: false };
  }
}

function printExceeded(context: PrintContext, at: number): BodyText | undefined {
  if (!has(context, at + 8, 40)) return undefined;
  const code = octet(context, at + 1);
  if (code === 0) return known(` in-transit for ${addressText(context, at + 32)}`);
  if (code === 1) return known(' in-transit (reassembly)');
  return { text: `, unknown code (${code})`, known: false };
}

function printParameterProblem(context: PrintContext, at: number): BodyText {
  const code = octet(context, at + 1);
  const names = ['erroneous', 'next header', 'option'];
  const name = names[code];
  if (name === undefined) return { text: `, code-#${code}`, known: false };
  return known(`, ${name} - octet ${longWord(context, at + 4)}`);
}

function printMld(context: PrintContext, at: number): BodyText | undefined {
  if (!has(context, at, 24)) return undefined;
  const delay = word(context, at + 4);
  return known(`max resp delay: ${delay} addr: ${addressText(context, at + 8)}`);
}

function printMldQuery(context: PrintContext, at: number, length: number): BodyText | undefined {
  if (!has(context, at, 28)) return undefined;
  const { verbose } = context.options;
  const code = word(context, at + 4);
  const delay = code < 32_768 ? code : ((code & 0x0fff) | 0x1000) << (((code & 0x7000) >>> 12) + 3);
  let text = ' v2';
  if (verbose > 0) text += ` [max resp delay=${delay}]`;
  text += ` [gaddr ${addressText(context, at + 8)}`;
  if (verbose > 0) {
    const flags = octet(context, at + 24);
    if ((flags & 0x08) !== 0) text += ' sflag';
    if ((flags & 0x07) !== 0) text += ` robustness=${flags & 0x07}`;
    const interval = octet(context, at + 25);
    const value =
      interval < 128 ? interval : ((interval & 0x0f) | 0x10) << (((interval & 0x70) >>> 4) + 3);
    text += ` qqi=${value}`;
  }
  const count = word(context, at + 26);
  if (count > 0) {
    if (28 + 16 * count > length) text += ` [invalid number of sources ${count}]`;
    else
      text += verbose > 1 ? ` {${addressList(context, at + 28, count)} }` : `, ${count} source(s)`;
  }
  return known(`${text}]`);
}

function printMldReport(context: PrintContext, at: number, length: number): BodyText | undefined {
  if (length < 16) return { text: ` [invalid len ${length}]`, known: true };
  if (!has(context, at, 8)) return undefined;
  const count = word(context, at + 6);
  let text = `, ${count} group record(s)`;
  if (context.options.verbose === 0) return known(text);
  let next = at + 8;
  for (let i = 0; i < count; i++) {
    if (next + 20 > at + length) return known(`${text} [invalid number of groups]`);
    if (!has(context, next, 20)) return undefined;
    const group = addressText(context, next + 4);
    text += ` [gaddr ${group} ${groupRecordName(octet(context, next))}`;
    const sources = word(context, next + 2);
    if (next + 20 + 16 * sources > at + length) {
      return known(`${text} [invalid number of sources ${sources}]`);
    }
    const short = `, ${sources} source(s)`;
    text +=
      context.options.verbose === 1 ? short : ` {${addressList(context, next + 20, sources)} }`;
    text += ']';
    next += 20 + 16 * sources;
  }
  return known(text);
}

/** The five messages of neighbour discovery; their options only with `-v`. */
function printDiscovery(context: PrintContext, at: number, length: number): BodyText | undefined {
  const type = octet(context, at);
  const fixed = type === 133 ? 8 : type === 134 ? 16 : type === 137 ? 40 : 24;
  if (!has(context, at, fixed)) return undefined;
  const isVerbose = context.options.verbose > 0;
  let text = '';
  if (type === 134 && isVerbose) text = printRouterAdvertisement(context, at);
  if (type === 135) text = `, who has ${addressText(context, at + 8)}`;
  if (type === 136) {
    text = `, tgt is ${addressText(context, at + 8)}`;
    if (isVerbose) text += `, Flags [${flagNames(octet(context, at + 4), NA_FLAGS)}]`;
  }
  if (type === 137) {
    text = `, ${addressText(context, at + 24)} to ${addressText(context, at + 8)}`;
  }
  if (isVerbose) text += printDiscoveryOptions(context, at + fixed, at + length);
  return known(text);
}

const NA_FLAGS: readonly (readonly [number, string])[] = [
  [0x80, 'router'],
  [0x40, 'solicited'],
  [0x20, 'override'],
];
const RA_FLAGS: readonly (readonly [number, string])[] = [
  [0x80, 'managed'],
  [0x40, 'other stateful'],
  [0x20, 'home agent'],
];
const PREFIX_FLAGS: readonly (readonly [number, string])[] = [
  [0x80, 'onlink'],
  [0x40, 'auto'],
  [0x20, 'router'],
];

function flagNames(flags: number, names: readonly (readonly [number, string])[]): string {
  const set = names.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  return set.length === 0 ? 'none' : set.join(', ');
}

function printRouterAdvertisement(context: PrintContext, at: number): string {
  const flags = octet(context, at + 5);
  let text = `\n\thop limit ${octet(context, at + 4)}, Flags [${flagNames(flags, RA_FLAGS)}]`;
  text += `, pref ${PREFERENCES[(flags >>> 3) & 3]}, router lifetime ${word(context, at + 6)}s`;
  text += `, reachable time ${longWord(context, at + 8)}ms`;
  return `${text}, retrans timer ${longWord(context, at + 12)}ms`;
}

function printDiscoveryOptions(context: PrintContext, at: number, end: number): string {
  let text = '';
  for (let next = at; next < end; ) {
    if (!has(context, next, 2)) return text + truncated('icmp6');
    const type = octet(context, next);
    const units = octet(context, next + 1);
    const length = units * 8;
    text += `\n\t  ${OPTION_NAMES.get(type) ?? 'unknown'} option (${type}), `;
    text += `length ${length} (${units}): `;
    if (units === 0 || !has(context, next, length)) return text + truncated('icmp6');
    text += printOption(context, next, length);
    if (context.options.verbose > 1) {
      text += hexDump(context, next + 2, length - 2, { indent: '\n\t    ', ascii: false });
    } else if (!OPTION_NAMES.has(type)) {
      // tcpdump gives up on the list behind an option that it does not know.
      return text + hexDump(context, next + 2, length - 2, { indent: '\n\t  ', ascii: false });
    }
    next += length;
  }
  return text;
}

function printOption(context: PrintContext, at: number, length: number): string {
  switch (octet(context, at)) {
    case 1:
    case 2:
      return length === 8 ? formatMac(readMac(context.bytes, at + 2)) : '';
    case 3: {
      if (length < 32) return '';
      const prefix = `${addressText(context, at + 16)}/${octet(context, at + 2)}`;
      const flags = flagNames(octet(context, at + 3), PREFIX_FLAGS);
      const valid = lifetime(longWord(context, at + 4));
      const preferred = lifetime(longWord(context, at + 8));
      const comma = length === 32 ? '' : 'badlen,';
      return `${prefix}${comma}, Flags [${flags}], valid time ${valid}, pref. time ${preferred}`;
    }
    case 5:
      return ` ${longWord(context, at + 4)}`;
    default:
      return '';
  }
}

function lifetime(seconds: number): string {
  return seconds === 0xffff_ffff ? 'infinity' : `${seconds}s`;
}

function printChecksum(
  context: PrintContext,
  at: number,
  length: number,
  network: NetworkLayer,
): string {
  if (context.options.verbose === 0 || network.fragmented || !has(context, at, length)) return '';
  const { addresses } = network;
  const pseudo = pseudoHeaderSum({ addresses, protocol: PROTOCOL_ICMPV6, length });
  const result = internetChecksum(context.bytes, at, length, pseudo);
  if (result === 0) return '[icmp6 sum ok] ';
  const found = word(context, at + 2);
  const right = shouldBeChecksum(found, result);
  return `[bad icmp6 cksum 0x${hex(found, 4)} -> 0x${hex(right, 4)}!] `;
}

function addressText(context: PrintContext, at: number): string {
  return formatIpv6(readIpv6(context.bytes, at));
}

function addressList(context: PrintContext, at: number, count: number): string {
  let text = '';
  for (let i = 0; i < count && has(context, at + 16 * i, 16); i++) {
    text += ` ${addressText(context, at + 16 * i)}`;
  }
  return text;
}
