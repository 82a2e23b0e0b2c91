/**
 * Messages of rtnetlink(7), as far as the daemon reads them: links, addresses, and deleted routes. Decoding
 * is pure; the socket is `native/netlink-socket.ts`, the table of interfaces is `interface-table.ts`.
 *
 * The kernel speaks in the host's byte order; all targets of Node's Linux builds that we know are
 * little-endian except s390x, which is refused at start.
 */

import type { InterfaceAddress, InterfaceFacts } from '../core/system.ts';
import type { AddressScope } from '../wire/address-scope.ts';
import { formatIp, type IpAddress, type IpFamily } from '../wire/ip-address.ts';
import { readIpv4 } from '../wire/ipv4-address.ts';
import { readIpv6 } from '../wire/ipv6-address.ts';
import { readMac, ZERO_MAC } from '../wire/mac-address.ts';

const NLMSG_HEADER_LENGTH = 16;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
const RTM_DELROUTE = 25;
const RTM_DELRULE = 33;
const NLM_F_REQUEST_DUMP = 0x301;

const IFINFO_LENGTH = 16;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;
const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;
const IFF_RUNNING = 0x40;
const IFF_MULTICAST = 0x1000;

const IFADDR_LENGTH = 8;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_LABEL = 3;
const IFA_BROADCAST = 4;
const IFA_FLAGS = 8;
const IFA_F_SECONDARY = 0x01;
const IFA_F_TENTATIVE = 0x40;

const RTMSG_LENGTH = 12;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_TABLE = 15;

/** `struct fib_rule_hdr`: family, lengths of destination and source, TOS, table. */
const RULE_LENGTH = 12;
const FRA_DST = 1;
const FRA_SRC = 2;
const FRA_IIFNAME = 3;
const FRA_PRIORITY = 6;
const FRA_FWMARK = 10;
const FRA_TABLE = 15;
const FRA_OIFNAME = 17;

/** Everything of an interface except its addresses; `baseIndex` is the interface it stands on. */
export interface LinkMessage {
  readonly kind: 'link';
  readonly removed: boolean;
  readonly facts: Omit<InterfaceFacts, 'addresses' | 'base'>;
  readonly baseIndex: number | undefined;
}

/** An address that came or went. */
export interface AddressMessage {
  readonly kind: 'address';
  readonly removed: boolean;
  readonly interfaceIndex: number;
  readonly address: InterfaceAddress;
}

/** A deleted route, in the words of ip-route(8); the interface is still a number. */
export interface RouteMessage {
  readonly kind: 'route-removed';
  readonly family: IpFamily;
  readonly destination: string;
  readonly gateway: string | undefined;
  readonly interfaceIndex: number | undefined;
  readonly table: number;
}

/** A deleted policy rule, in the words of ip-rule(8). */
export interface RuleMessage {
  readonly kind: 'rule-removed';
  readonly family: IpFamily;
  readonly words: readonly string[];
}

/** What a datagram of netlink can say to us; `done` ends a dump. */
export type NetlinkMessage =
  | LinkMessage
  | AddressMessage
  | RouteMessage
  | RuleMessage
  | { readonly kind: 'done' }
  | { readonly kind: 'error'; readonly errno: number };

/** The request for a dump of all links or of all addresses. */
export function encodeDumpRequest(what: 'links' | 'addresses', sequence: number): Uint8Array {
  const bytes = new Uint8Array(NLMSG_HEADER_LENGTH + IFINFO_LENGTH);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, what === 'links' ? RTM_GETLINK : RTM_GETADDR, true);
  view.setUint16(6, NLM_F_REQUEST_DUMP, true);
  view.setUint32(8, sequence, true);
  return bytes;
}

/** All messages of one datagram, in order; unknown ones and cut-off rests are left out. */
export function decodeNetlink(datagram: Uint8Array): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  let at = 0;
  while (at + NLMSG_HEADER_LENGTH <= datagram.length) {
    const length = view.getUint32(at, true);
    if (length < NLMSG_HEADER_LENGTH || at + length > datagram.length) break;
    const body = datagram.subarray(at + NLMSG_HEADER_LENGTH, at + length);
    const message = decodeMessage(view.getUint16(at + 4, true), body);
    if (message !== undefined) messages.push(message);
    at += align4(length);
  }
  return messages;
}

function decodeMessage(type: number, body: Uint8Array): NetlinkMessage | undefined {
  switch (type) {
    case NLMSG_DONE:
      return { kind: 'done' };
    case NLMSG_ERROR:
      return body.length < 4 ? undefined : { kind: 'error', errno: -readInt32(body, 0) };
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return decodeLink(type === RTM_DELLINK, body);
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return decodeAddress(type === RTM_DELADDR, body);
    case RTM_DELROUTE:
      return decodeRoute(body);
    case RTM_DELRULE:
      return decodeRule(body);
    default:
      return undefined;
  }
}

function decodeLink(removed: boolean, body: Uint8Array): LinkMessage | undefined {
  if (body.length < IFINFO_LENGTH) return undefined;
  // Bridges tell of their ports with the family AF_BRIDGE; those messages carry only half the facts.
  if (body[0] !== 0) return undefined;
  const flags = readUint32(body, 8);
  const attributes = readAttributes(body, IFINFO_LENGTH);
  const mac = attributes.get(IFLA_ADDRESS);
  const name = attributes.get(IFLA_IFNAME);
  const mtu = attributes.get(IFLA_MTU);
  const base = attributes.get(IFLA_LINK);
  if (name === undefined) return undefined;
  return {
    kind: 'link',
    removed,
    baseIndex: base?.length === 4 ? readUint32(base, 0) : undefined,
    facts: {
      name: readText(name),
      index: readInt32(body, 4),
      mac: mac?.length === 6 ? readMac(mac, 0) : ZERO_MAC,
      mtu: mtu?.length === 4 ? readUint32(mtu, 0) : 0,
      up: (flags & IFF_UP) !== 0,
      running: (flags & IFF_RUNNING) !== 0,
      multicast: (flags & IFF_MULTICAST) !== 0,
      loopback: (flags & IFF_LOOPBACK) !== 0,
      kind: (flags & IFF_LOOPBACK) !== 0 ? 'loopback' : linkKind(attributes.get(IFLA_LINKINFO)),
    },
  };
}

function linkKind(info: Uint8Array | undefined): InterfaceFacts['kind'] {
  const kind = info === undefined ? undefined : readAttributes(info, 0).get(IFLA_INFO_KIND);
  const text = kind === undefined ? '' : readText(kind);
  return text === 'macvlan' || text === 'ipvlan' || text === 'vlan' ? text : 'physical';
}

function decodeAddress(removed: boolean, body: Uint8Array): AddressMessage | undefined {
  if (body.length < IFADDR_LENGTH) return undefined;
  const family = body[0] as number;
  const attributes = readAttributes(body, IFADDR_LENGTH);
  const far = readAddress(family, attributes.get(IFA_ADDRESS));
  const local = readAddress(family, attributes.get(IFA_LOCAL)) ?? far;
  if (local === undefined) return undefined;
  const wide = attributes.get(IFA_FLAGS);
  const flags = wide?.length === 4 ? readUint32(wide, 0) : (body[2] as number);
  const label = attributes.get(IFA_LABEL);
  const broadcast = readAddress(family, attributes.get(IFA_BROADCAST));
  return {
    kind: 'address',
    removed,
    interfaceIndex: readInt32(body, 4),
    address: {
      address: local,
      length: body[1] as number,
      scope: scopeName(body[3] as number),
      secondary: family === AF_INET && (flags & IFA_F_SECONDARY) !== 0,
      ...(label === undefined ? {} : { label: readText(label) }),
      ...(broadcast === undefined ? {} : { broadcast }),
      ...(far === undefined || far === local ? {} : { peer: far }),
      ...((flags & IFA_F_TENTATIVE) === 0 ? {} : { tentative: true }),
    },
  };
}

function decodeRule(body: Uint8Array): RuleMessage | undefined {
  if (body.length < RULE_LENGTH) return undefined;
  const family = body[0] as number;
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const attributes = readAttributes(body, RULE_LENGTH);
  const prefix = (what: number, length: number) => {
    const address = readAddress(family, attributes.get(what));
    return address === undefined ? undefined : `${formatIp(address)}/${length}`;
  };
  const text = (what: number) => {
    const bytes = attributes.get(what);
    return bytes === undefined ? undefined : readText(bytes);
  };
  const number = (what: number) => {
    const bytes = attributes.get(what);
    return bytes?.length === 4 ? String(readUint32(bytes, 0)) : undefined;
  };
  const parts = [
    ['from', prefix(FRA_SRC, body[2] as number)],
    ['to', prefix(FRA_DST, body[1] as number)],
    ['iif', text(FRA_IIFNAME)],
    ['oif', text(FRA_OIFNAME)],
    ['fwmark', number(FRA_FWMARK)],
    ['table', number(FRA_TABLE) ?? String(body[4])],
    ['priority', number(FRA_PRIORITY)],
  ] as const;
  const words = parts.flatMap(([key, value]) => (value === undefined ? [] : [key, value]));
  return { kind: 'rule-removed', family: family === AF_INET ? 'inet' : 'inet6', words };
}

function decodeRoute(body: Uint8Array): RouteMessage | undefined {
  if (body.length < RTMSG_LENGTH) return undefined;
  const family = body[0] as number;
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const attributes = readAttributes(body, RTMSG_LENGTH);
  const destination = readAddress(family, attributes.get(RTA_DST));
  const gateway = readAddress(family, attributes.get(RTA_GATEWAY));
  const out = attributes.get(RTA_OIF);
  const table = attributes.get(RTA_TABLE);
  return {
    kind: 'route-removed',
    family: family === AF_INET ? 'inet' : 'inet6',
    destination: destination === undefined ? 'default' : `${formatIp(destination)}/${body[1]}`,
    gateway: gateway === undefined ? undefined : formatIp(gateway),
    interfaceIndex: out?.length === 4 ? readInt32(out, 0) : undefined,
    table: table?.length === 4 ? readUint32(table, 0) : (body[4] as number),
  };
}

const AF_INET = 2;
const AF_INET6 = 10;

function readAddress(family: number, bytes: Uint8Array | undefined): IpAddress | undefined {
  if (bytes === undefined) return undefined;
  if (family === AF_INET && bytes.length === 4) return readIpv4(bytes, 0);
  if (family === AF_INET6 && bytes.length === 16) return readIpv6(bytes, 0);
  return undefined;
}

/** Names of /etc/iproute2/rt_scopes. */
function scopeName(scope: number): AddressScope {
  switch (scope) {
    case 0:
      return 'global';
    case 200:
      return 'site';
    case 253:
      return 'link';
    case 254:
      return 'host';
    case 255:
      return 'nowhere';
    default:
      return `${scope}`;
  }
}

function readAttributes(bytes: Uint8Array, from: number): Map<number, Uint8Array> {
  const attributes = new Map<number, Uint8Array>();
  let at = from;
  while (at + 4 <= bytes.length) {
    const length = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    if (length < 4 || at + length > bytes.length) break;
    // The two top bits say "nested" and "network byte order".
    const type = ((bytes[at + 2] as number) | ((bytes[at + 3] as number) << 8)) & 0x3fff;
    attributes.set(type, bytes.subarray(at + 4, at + length));
    at += align4(length);
  }
  return attributes;
}

function align4(length: number): number {
  return (length + 3) & ~3;
}

function readText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function readInt32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(at, true);
}

function readUint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}
