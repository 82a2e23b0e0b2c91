/**
 * What tcpdump 4.99 prints for a frame, line for line, names never looked up (`-n`).
 *
 * Pure: bytes and a time stamp's text in, text out. It covers what crosses a LAN of this kind: ARP,
 * IPv4 with ICMP, IGMP, UDP, TCP, VRRP and AH, IPv6 with ICMPv6, 802.1Q; other EtherTypes are
 * dumped in hexadecimal as tcpdump does. Payloads of UDP are not taken apart, of TCP only HTTP's
 * lines. Checked against the real program's output on the recordings (`test/golden/tcpdump`).
 */

import { formatIpv4, readIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { formatMac, readMac } from '../../daemon/wire/mac-address.ts';
import {
  has,
  hex,
  hexDump,
  longWord,
  octet,
  type PrintContext,
  type TcpConversations,
  type TcpdumpOptions,
  truncated,
  word,
} from './tcpdump-context.ts';
import { printIpv4, printIpv6 } from './tcpdump-ip.ts';

export type { TcpConversations, TcpdumpOptions } from './tcpdump-context.ts';

const ETHERTYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [0x0800, 'IPv4'],
  [0x0806, 'ARP'],
  [0x8035, 'Reverse ARP'],
  [0x8100, '802.1Q'],
  [0x86dd, 'IPv6'],
  [0x8847, 'MPLS unicast'],
  [0x8848, 'MPLS multicast'],
  [0x8863, 'PPPoE D'],
  [0x8864, 'PPPoE S'],
  [0x888e, 'EAPOL'],
  [0x88a8, '802.1Q-QinQ'],
  [0x88cc, 'LLDP'],
  [0x8809, 'Slow Protocols'],
  [0x9000, 'Loopback'],
]);

const HARDWARE_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'Ethernet'],
  [6, 'TokenRing'],
  [7, 'ArcNet'],
  [15, 'FrameRelay'],
  [18, 'Strip'],
  [24, 'IEEE 1394'],
  [32, 'InfiniBand'],
]);

const ARP_OPERATIONS: ReadonlyMap<number, string> = new Map([
  [1, 'Request'],
  [2, 'Reply'],
  [3, 'Reverse Request'],
  [4, 'Reverse Reply'],
  [8, 'Inverse Request'],
  [9, 'Inverse Reply'],
  [10, 'NACK Reply'],
]);

const ETHERNET_LENGTH_VALUE_MAX = 1500;
const VLAN_TYPES: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100, 0x9200]);

/**
 * The line, or with `-v` the lines, for one frame; without a line end.
 *
 * `stamp` is what stands first (`10:25:45.425459`), nothing with `-t`.
 */
export function tcpdumpText(frame: Uint8Array, stamp: string, options: TcpdumpOptions): string {
  const context: PrintContext = { bytes: frame, end: frame.length, options };
  const text = printEthernet(context);
  return stamp === '' ? text : `${stamp} ${text}`;
}

/** The memory that one run of tcpdump has: first sequence numbers of the connections seen. */
export function newTcpConversations(): TcpConversations {
  return new Map();
}

/**
 * Time of day as tcpdump prints it, from µs since 1970-01-01 UTC; the twin's machines live in UTC.
 */
export function tcpdumpStamp(timeUs: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const seconds = Math.floor(timeUs / 1_000_000) % 86_400;
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}`;
  return `${clock}:${two(seconds % 60)}.${String(timeUs % 1_000_000).padStart(6, '0')}`;
}

/** The last lines of a run of tcpdump, on standard error. */
export function tcpdumpSummary(captured: number): string {
  const plural = captured === 1 ? '' : 's';
  const lines = [`${captured} packet${plural} captured`];
  lines.push(`${captured} packet${plural} received by filter`, '0 packets dropped by kernel');
  return lines.join('\n');
}

function printEthernet(context: PrintContext): string {
  const length = context.end;
  if (length < 14) return truncated('ether');
  let type = word(context, 12);
  let text = '';
  if (context.options.linkLevel) text += printHeader(context, type, length);
  let at = 14;
  while (VLAN_TYPES.has(type)) {
    if (!has(context, at, 4)) return text + truncated('vlan');
    type = word(context, at + 2);
    if (context.options.linkLevel) text += `${printTag(word(context, at))}, `;
    if (context.options.linkLevel && type > ETHERNET_LENGTH_VALUE_MAX) {
      text += `ethertype ${typeName(type)}, `;
    }
    at += 4;
  }
  if (type <= ETHERNET_LENGTH_VALUE_MAX) return text + printLlc(context, at, type);
  switch (type) {
    case 0x0800:
      return text + printIpv4(context, at, length - at);
    case 0x86dd:
      return text + printIpv6(context, at, length - at);
    case 0x0806:
    case 0x8035:
      return text + printArp(context, at, length - at);
    default: {
      if (!context.options.linkLevel) text += printHeader(context, type, length);
      return text + hexDump(context, at, length - at, { indent: '\n\t', ascii: true });
    }
  }
}

/** `02:…:11 > ff:…:ff, ethertype ARP (0x0806), length 42: `. */
function printHeader(context: PrintContext, type: number, length: number): string {
  const destination = formatMac(readMac(context.bytes, 0));
  const source = formatMac(readMac(context.bytes, 6));
  if (type <= ETHERNET_LENGTH_VALUE_MAX)
    return `${source} > ${destination}, 802.3, length ${type}: `;
  return `${source} > ${destination}, ethertype ${typeName(type)}, length ${length}: `;
}

function typeName(type: number): string {
  return `${ETHERTYPE_NAMES.get(type) ?? 'Unknown'} (0x${hex(type, 4)})`;
}

function printTag(tag: number): string {
  return `vlan ${tag & 0x0fff}, p ${tag >>> 13}${(tag & 0x1000) === 0 ? '' : ', DEI'}`;
}

/** An 802.3 frame: spanning tree by name, anything else by its service access points. */
function printLlc(context: PrintContext, at: number, length: number): string {
  if (!has(context, at, 3)) return truncated('llc');
  const [dsap, ssap] = [octet(context, at), octet(context, at + 1)];
  const control = octet(context, at + 2);
  if (dsap === 0x42 && ssap === 0x42 && control === 3) {
    const names = 'LLC, dsap STP (0x42) Individual, ssap STP (0x42) Command, ctrl 0x03: ';
    return (context.options.linkLevel ? names : '') + printStp(context, at + 3, length - 3);
  }
  const kind = (ssap & 1) === 0 ? 'Command' : 'Response';
  const group = (dsap & 1) === 0 ? 'Individual' : 'Group';
  const name = (value: number) => `Unknown (0x${hex(value & 0xfe, 2)})`;
  return `LLC, dsap ${name(dsap)} ${group}, ssap ${name(ssap)} ${kind}, ctrl 0x${hex(control, 2)}`;
}

/** A spanning tree configuration message, in tcpdump's short form. */
function printStp(context: PrintContext, at: number, length: number): string {
  if (!has(context, at, 35)) return truncated('stp');
  const id = `${hex(word(context, at + 17), 4)}.${formatMac(readMac(context.bytes, at + 19))}`;
  const flags = octet(context, at + 4);
  const names = (flags & 1) === 0 ? 'none' : 'Topology change';
  const port = hex(word(context, at + 25), 4);
  const head = `STP 802.1d, Config, Flags [${names}], bridge-id ${id}.${port}, length ${length}`;
  if (context.options.verbose === 0) return head;
  const times = ['message-age', 'max-age', 'hello-time', 'forwarding-delay'];
  const ages = times.map((name, i) => `${name} ${stpSeconds(word(context, at + 27 + 2 * i))}s`);
  const root = `${hex(word(context, at + 5), 4)}.${formatMac(readMac(context.bytes, at + 7))}`;
  const cost = longWord(context, at + 13);
  return `${head}\n\t${ages.join(', ')}\n\troot-id ${root}, root-pathcost ${cost}`;
}

/** Spanning tree counts in 1/256 s; tcpdump shows two decimals. */
function stpSeconds(value: number): string {
  return (value / 256).toFixed(2);
}

function printArp(context: PrintContext, at: number, length: number): string {
  if (!has(context, at, 8)) return truncated('arp');
  const [hardware, protocol] = [word(context, at), word(context, at + 2)];
  const [hardwareLength, protocolLength] = [octet(context, at + 4), octet(context, at + 5)];
  if (!has(context, at, 8 + 2 * (hardwareLength + protocolLength))) return truncated('arp');
  const isPlain = protocol === 0x0800 && protocolLength === 4 && hardwareLength > 0;
  const isVerbose = context.options.verbose > 0;
  let text = context.options.linkLevel ? '' : 'ARP, ';
  if (!isPlain || isVerbose) {
    text += `${HARDWARE_NAMES.get(hardware) ?? `Unknown Hardware (${hardware})`} `;
    const name = ETHERTYPE_NAMES.get(protocol) ?? `Unknown Protocol (0x${hex(protocol, 4)})`;
    text += `(len ${hardwareLength}), ${name} (len ${protocolLength})`;
    if (!isVerbose) return `${text}, length ${length}`;
    text += ', ';
  }
  const operation = word(context, at + 6);
  text += `${ARP_OPERATIONS.get(operation) ?? `Unknown (${operation})`} `;
  const body = printArpBody(context, at);
  if (body === undefined) {
    return text + hexDump(context, at, length, { indent: '\n\t', ascii: true });
  }
  return `${text}${body}, length ${length}`;
}

function printArpBody(context: PrintContext, at: number): string | undefined {
  const [hardwareLength, protocolLength] = [octet(context, at + 4), octet(context, at + 5)];
  const senderAt = at + 8;
  const targetAt = senderAt + hardwareLength + protocolLength;
  const senderMac = linkAddress(context, senderAt, hardwareLength);
  const targetMac = linkAddress(context, targetAt, hardwareLength);
  const address = (from: number) => {
    if (word(context, at + 2) !== 0x0800) return '<wrong proto type>';
    return protocolLength === 4 ? formatIpv4(readIpv4(context.bytes, from)) : '<wrong len>';
  };
  const sender = address(senderAt + hardwareLength);
  const target = address(targetAt + hardwareLength);
  switch (word(context, at + 6)) {
    case 1: {
      const asked = context.bytes.subarray(targetAt, targetAt + hardwareLength);
      const guess = asked.some((value) => value !== 0) ? ` (${targetMac})` : '';
      return `who-has ${target}${guess} tell ${sender}`;
    }
    case 2:
      return `${sender} is-at ${senderMac}`;
    case 3:
    case 8:
      return `who-is ${targetMac} tell ${senderMac}`;
    case 4:
      return `${targetMac} at ${target}`;
    case 9:
      return `${senderMac} at ${sender}`;
    default:
      return undefined;
  }
}

function linkAddress(context: PrintContext, at: number, length: number): string {
  if (length === 6) return formatMac(readMac(context.bytes, at));
  const octets = Array.from(context.bytes.subarray(at, at + length));
  return length === 0 ? '<empty>' : octets.map((value) => hex(value, 2)).join(':');
}
