/**
 * How tcpdump 4.99 prints IPv4 and IPv6 headers and finds the layer above (`print-ip.c`,
 * `print-ip6.c`).
 */

import { addressSum, internetChecksum } from '../../daemon/wire/checksum.ts';
import { formatIpv4, readIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { formatIpv6, readIpv6 } from '../../daemon/wire/ipv6-address.ts';
import {
  has,
  hex,
  longWord,
  type NetworkLayer,
  octet,
  type PrintContext,
  shouldBeChecksum,
  truncated,
  upTo,
  word,
} from './tcpdump-context.ts';
import { printIcmp, printIgmp } from './tcpdump-icmp.ts';
import { printIcmp6 } from './tcpdump-icmp6.ts';
import { printTcp, printUdp } from './tcpdump-transport.ts';
import { printAh, printVrrp } from './tcpdump-vrrp.ts';

/** `ipproto_values`, as far as a LAN of this kind can meet them. */
const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'Options'],
  [1, 'ICMP'],
  [2, 'IGMP'],
  [4, 'IPIP'],
  [6, 'TCP'],
  [8, 'EGP'],
  [9, 'IGRP'],
  [17, 'UDP'],
  [33, 'DCCP'],
  [41, 'IPv6'],
  [43, 'Routing'],
  [44, 'Fragment'],
  [46, 'RSVP'],
  [47, 'GRE'],
  [50, 'ESP'],
  [51, 'AH'],
  [55, 'Mobile IP'],
  [58, 'ICMPv6'],
  [88, 'EIGRP'],
  [89, 'OSPF'],
  [103, 'PIM'],
  [108, 'Compressed IP'],
  [112, 'VRRP'],
  [113, 'PGM'],
  [132, 'SCTP'],
]);

const ECN_NAMES: readonly string[] = ['', ',ECT(1)', ',ECT(0)', ',CE'];
/** These print addresses and ports together, so the IP layer leaves the addresses to them. */
const PORT_PROTOCOLS: ReadonlySet<number> = new Set([6, 17]);
const NESTING_MAX = 8;

/** An IPv4 packet of `length` octets at `at`; `prefix` is `IP ` or, behind `-e`, nothing. */
export function printIpv4(context: PrintContext, at: number, length: number, nesting = 0): string {
  if (!has(context, at, 1)) return truncated('ip');
  const version = octet(context, at) >>> 4;
  if (version === 6) return 'IP6, wrong link-layer encapsulation (invalid)';
  if (version !== 4) return `IP${version} (invalid)`;
  const prefix = context.options.linkLevel ? '' : 'IP ';
  if (!has(context, at, 20)) return prefix + truncated('ip');
  if (length < 20) return `${prefix}truncated-ip ${length}`;
  const headerLength = (octet(context, at) & 0x0f) * 4;
  if (headerLength < 20) return `${prefix}bad-hlen ${headerLength}`;
  const claimed = word(context, at + 2);
  let text = prefix;
  if (length < claimed) text += `truncated-ip - ${claimed - length} bytes missing! `;
  if (claimed < headerLength) return `${text}bad-len ${claimed}`;
  const inner = upTo(context, at + claimed);
  if (context.options.verbose > 0) text += printIpv4Details(inner, at, headerLength);
  const [source, destination] = [
    readIpv4(context.bytes, at + 12),
    readIpv4(context.bytes, at + 16),
  ];
  const fragmentWord = word(context, at + 6);
  const ends = `${formatIpv4(source)} > ${formatIpv4(destination)}:`;
  const protocol = octet(context, at + 9);
  if ((fragmentWord & 0x1fff) !== 0) return `${text}${ends} ip-proto-${protocol}`;
  const network: NetworkLayer = {
    version: 4,
    source: formatIpv4(source),
    destination: formatIpv4(destination),
    addresses: addressSum(source, destination),
    ttl: octet(context, at + 8),
    fragmented: (fragmentWord & 0x2000) !== 0,
    direct: true,
  };
  if (!PORT_PROTOCOLS.has(protocol)) text += `${ends} `;
  const body = { at: at + headerLength, length: claimed - headerLength };
  return text + printPayload(inner, protocol, body, network, nesting);
}

/** An IPv6 packet of `length` octets at `at`. */
export function printIpv6(context: PrintContext, at: number, length: number, nesting = 0): string {
  if (!has(context, at, 40)) return truncated('ip6');
  const version = octet(context, at) >>> 4;
  if (version === 4) return 'IP, wrong link-layer encapsulation (invalid)';
  if (version !== 6) return `IP${version} (invalid)`;
  const payload = word(context, at + 4);
  let text = context.options.linkLevel ? '' : 'IP6 ';
  if (length < payload + 40) text += `truncated-ip6 - ${payload + 40 - length} bytes missing!`;
  const first = octet(context, at + 6);
  if (context.options.verbose > 0) text += printIpv6Details(context, at);
  const inner = upTo(context, at + 40 + payload);
  const [source, destination] = [readIpv6(context.bytes, at + 8), readIpv6(context.bytes, at + 24)];
  const network: NetworkLayer = {
    version: 6,
    source: formatIpv6(source),
    destination: formatIpv6(destination),
    addresses: addressSum(source, destination),
    ttl: octet(context, at + 7),
    fragmented: false,
    direct: PORT_PROTOCOLS.has(first),
  };
  if (!network.direct) text += `${network.source} > ${network.destination}: `;
  const body = { at: at + 40, length: payload };
  return text + printPayload(inner, first, body, network, nesting);
}

interface Body {
  readonly at: number;
  readonly length: number;
}

/** What stands behind an IP header or behind an extension header. */
function printPayload(
  context: PrintContext,
  protocol: number,
  body: Body,
  network: NetworkLayer,
  nesting: number,
): string {
  const { at, length } = body;
  switch (protocol) {
    case 0:
    case 60:
      if (network.version === 6) return printOptions(context, protocol, body, network, nesting);
      break;
    case 44:
      if (network.version === 6) return printFragment(context, body, network, nesting);
      break;
    case 1:
      if (network.version === 4) {
        return printIcmp(context, at, length, network, (inner) => printQuoted(context, inner));
      }
      break;
    case 2:
      if (network.version === 4) return printIgmp(context, at, length);
      break;
    case 6:
      return printTcp(context, at, length, network);
    case 17:
      return printUdp(context, at, length, network);
    case 4:
      return nesting < NESTING_MAX ? printIpv4(context, at, length, nesting + 1) : '[too deep]';
    case 41:
      return nesting < NESTING_MAX ? printIpv6(context, at, length, nesting + 1) : '[too deep]';
    case 50:
      return printEncrypted(context, body);
    case 51:
      return printAuthenticated(context, body, network, nesting);
    case 58:
      if (network.version === 6) return printIcmp6(context, at, length, network);
      break;
    case 59:
      if (network.version === 6) return 'no next header';
      break;
    case 112:
      return printVrrp(context, at, length, network);
    default:
  }
  return ` ip-proto-${protocol} ${length}`;
}

function printEncrypted(context: PrintContext, body: Body): string {
  if (!has(context, body.at, 8)) return truncated('esp');
  const spi = hex(longWord(context, body.at), 8);
  return `ESP(spi=0x${spi},seq=0x${hex(longWord(context, body.at + 4))}), length ${body.length}`;
}

function printAuthenticated(
  context: PrintContext,
  body: Body,
  network: NetworkLayer,
  nesting: number,
): string {
  const header = printAh(context, body.at);
  if (header.length < 0 || nesting === NESTING_MAX) return header.text;
  const rest = { at: body.at + header.length, length: body.length - header.length };
  const next = octet(context, body.at);
  const inside = { ...network, direct: false };
  return header.text + printPayload(context, next, rest, inside, nesting + 1);
}

/** The packet that an ICMP error quotes, with the length that it claims itself. */
function printQuoted(context: PrintContext, at: number): string {
  return printIpv4(context, at, has(context, at, 4) ? word(context, at + 2) : 0);
}

function printIpv4Details(context: PrintContext, at: number, headerLength: number): string {
  const tos = octet(context, at + 1);
  const ttl = octet(context, at + 8);
  const fragmentWord = word(context, at + 6);
  const protocol = octet(context, at + 9);
  let text = `(tos 0x${hex(tos)}${ECN_NAMES[tos & 3]}${ttl > 0 ? `, ttl ${ttl}` : ''}`;
  text += `, id ${word(context, at + 4)}, offset ${(fragmentWord & 0x1fff) * 8}`;
  text += `, flags [${printFlags(fragmentWord)}]`;
  text += `, proto ${PROTOCOL_NAMES.get(protocol) ?? 'unknown'} (${protocol})`;
  text += `, length ${word(context, at + 2)}`;
  if (headerLength > 20)
    text += `, options (${printIpOptions(context, at + 20, at + headerLength)})`;
  if (has(context, at, headerLength)) {
    const result = internetChecksum(context.bytes, at, headerLength);
    const found = word(context, at + 10);
    if (result !== 0) {
      text += `, bad cksum ${hex(found)} (->${hex(shouldBeChecksum(found, result))})!`;
    }
  }
  return `${text})\n    `;
}

function printFlags(fragmentWord: number): string {
  const names: string[] = [];
  if ((fragmentWord & 0x2000) !== 0) names.push('+');
  if ((fragmentWord & 0x4000) !== 0) names.push('DF');
  if ((fragmentWord & 0x8000) !== 0) names.push('rsvd');
  return names.length === 0 ? 'none' : names.join(', ');
}

const IP_OPTION_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'EOL'],
  [1, 'NOP'],
  [7, 'RR'],
  [68, 'timestamp'],
  [82, 'traceroute'],
  [130, 'security'],
  [131, 'LSRR'],
  [137, 'SSRR'],
  [148, 'RA'],
]);

/**
 * The options by name, router alert with its value; recorded routes and times are not taken apart.
 */
function printIpOptions(context: PrintContext, at: number, end: number): string {
  const parts: string[] = [];
  for (let next = at; next < end && has(context, next, 1); ) {
    const code = octet(context, next);
    const length = code <= 1 ? 1 : has(context, next, 2) ? octet(context, next + 1) : 0;
    let text = IP_OPTION_NAMES.get(code) ?? `unknown ${code}`;
    const isBad = length < (code <= 1 ? 1 : 2) || next + length > end;
    if (isBad) text += ` [bad length ${length}]`;
    else if (code === 148 && length >= 4 && has(context, next, 4)) {
      const value = word(context, next + 2);
      if (value !== 0) text += ` value ${value}`;
    }
    parts.push(text);
    if (isBad || code === 0) break;
    next += length;
  }
  return parts.join(',');
}

function printIpv6Details(context: PrintContext, at: number): string {
  const first = longWord(context, at);
  const trafficClass = (first >>> 20) & 0xff;
  const flow = first & 0xf_ffff;
  const protocol = octet(context, at + 6);
  let text = '(';
  if (trafficClass !== 0) text += `class 0x${hex(trafficClass, 2)}, `;
  if (flow !== 0) text += `flowlabel 0x${hex(flow, 5)}, `;
  text += `hlim ${octet(context, at + 7)}, next-header `;
  text += `${PROTOCOL_NAMES.get(protocol) ?? 'unknown'} (${protocol})`;
  return `${text} payload length: ${word(context, at + 4)}) `;
}

/** Hop-by-hop and destination options; with `-v` the options one by one. */
function printOptions(
  context: PrintContext,
  protocol: number,
  body: Body,
  network: NetworkLayer,
  nesting: number,
): string {
  const name = protocol === 0 ? 'HBH' : 'DSTOPT';
  if (!has(context, body.at, 2)) return truncated('ip6');
  const length = (octet(context, body.at + 1) + 1) * 8;
  if (!has(context, body.at, length) || nesting === NESTING_MAX)
    return `${name} ${truncated('ip6')}`;
  let text = `${name} `;
  if (context.options.verbose > 0) {
    text += printOptionList(context, body.at + 2, body.at + length);
  }
  const rest = { at: body.at + length, length: body.length - length };
  const inside = { ...network, direct: false };
  return text + printPayload(context, octet(context, body.at), rest, inside, nesting + 1);
}

function printOptionList(context: PrintContext, at: number, end: number): string {
  let text = '';
  for (let next = at; next < end; ) {
    const type = octet(context, next);
    const length = type === 0 ? 1 : next + 1 < end ? octet(context, next + 1) + 2 : end - next + 1;
    if (next + length > end)
      return `${text}(header length ${end - next} is too small for type ${type}) `;
    if (type === 0) text += '(pad1) ';
    else if (type === 1) text += '(padn) ';
    else if (type === 5) text += `(rtalert: 0x${hex(word(context, next + 2), 4)}) `;
    else text += `(opt_type 0x${hex(type, 2)}: len=${length - 2}) `;
    next += length;
  }
  return text;
}

function printFragment(
  context: PrintContext,
  body: Body,
  network: NetworkLayer,
  nesting: number,
): string {
  if (!has(context, body.at, 8)) return `frag ${truncated('ip6')}`;
  const offset = word(context, body.at + 2) & 0xfff8;
  const size = body.length - 8;
  const identification = longWord(context, body.at + 4);
  const id = context.options.verbose > 0 ? `0x${hex(identification, 8)}:` : '';
  const text = `frag (${id}${offset}|${size})`;
  if (offset !== 0 || nesting === NESTING_MAX) return text;
  const inside = { ...network, direct: false, fragmented: true };
  const rest = { at: body.at + 8, length: size };
  return `${text} ${printPayload(context, octet(context, body.at), rest, inside, nesting + 1)}`;
}
