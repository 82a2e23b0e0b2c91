/** The options of ipvsadm that bear a value: how each is read, and its own words when it is wrong. */

import { type IpAddress, type IpFamily, isIpv4, parseIp } from '../../daemon/wire/ip-address.ts';
import { isMulticastIpv4, parseIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { isMulticastIpv6 } from '../../daemon/wire/ipv6-address.ts';
import type { ServiceKey } from '../kernel/ipvs/ipvs-state.ts';
import { type IpvsadmFailure, type Reader, take, wrong } from './ipvsadm-command.ts';
import { servicePort } from './service-names.ts';

const SCHEDULER_FLAGS: ReadonlyMap<string, number> = new Map([
  ['flag-1', 1],
  ['sh-fallback', 1],
  ['mh-fallback', 1],
  ['flag-2', 2],
  ['sh-port', 2],
  ['mh-port', 2],
  ['flag-3', 4],
]);
const DEFAULT_PERSISTENCE_SECONDS = 360;
/** Longest time of a persistent service and of `--set`, in seconds. */
export const PERSISTENCE_SECONDS_MAX = 86_400 * 31;
const WEIGHT_MAX = 2 ** 31 - 1;
const PORT_MAX = 65_535;
/** Most octets of a sync datagram: what IPv4 and UDP leave. */
const SYNC_MAX = 65_507;
/** Longest prefix of IPv6. */
export const IPV6_PREFIX_MAX = 128;
/** Options that name a service, and its protocol. */
export const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['-t', 6],
  ['--tcp-service', 6],
  ['-u', 17],
  ['--udp-service', 17],
  ['--sctp-service', 132],
]);

type Handler = (reader: Reader) => IpvsadmFailure | undefined;

/** How each option is read. */
export const HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['-f', readMark],
  ['--fwmark-service', readMark],
  ['-s', (reader) => keep(() => (reader.command.scheduler = take(reader) ?? ''))],
  ['--scheduler', (reader) => keep(() => (reader.command.scheduler = take(reader) ?? ''))],
  ['-b', readSchedulerFlags],
  ['--sched-flags', readSchedulerFlags],
  ['-o', (reader) => keep(() => (reader.command.onePacket = true))],
  ['--ops', (reader) => keep(() => (reader.command.onePacket = true))],
  ['-p', readPersistence],
  ['--persistent', readPersistence],
  ['--pe', (reader) => keep(() => (reader.command.engine = take(reader) ?? ''))],
  ['-M', readNetmask],
  ['--netmask', readNetmask],
  ['-r', readServer],
  ['--real-server', readServer],
  ['-w', (reader) => readNumber(reader, 'weight', 'illegal weight specified', WEIGHT_MAX)],
  ['--weight', (reader) => readNumber(reader, 'weight', 'illegal weight specified', WEIGHT_MAX)],
  ['-x', (reader) => readNumber(reader, 'upperThreshold', 'illegal u_threshold specified')],
  ['--u-threshold', (r) => readNumber(r, 'upperThreshold', 'illegal u_threshold specified')],
  ['-y', (reader) => readNumber(reader, 'lowerThreshold', 'illegal l_threshold specified')],
  ['--l-threshold', (r) => readNumber(r, 'lowerThreshold', 'illegal l_threshold specified')],
  ['--tun-type', readTunnel],
  ['--tun-port', readTunnelPort],
  ['--tun-nocsum', (reader) => keep(() => (reader.command.tunnelChecksum = 'none'))],
  ['--tun-csum', (reader) => keep(() => (reader.command.tunnelChecksum = 'full'))],
  ['--tun-remcsum', (reader) => keep(() => (reader.command.tunnelChecksum = 'remote'))],
  ['--mcast-interface', (reader) => keep(() => (reader.command.link = take(reader) ?? ''))],
  ['--syncid', (reader) => readNumber(reader, 'syncId', 'illegal syncid specified', 255)],
  ['--sync-maxlen', (reader) => readSyncNumber(reader, 'maxLength', 'sync-maxlen', SYNC_MAX)],
  ['--mcast-group', readGroup],
  ['--mcast-port', (reader) => readSyncNumber(reader, 'port', 'mcast-port', PORT_MAX)],
  ['--mcast-ttl', (reader) => readSyncNumber(reader, 'ttl', 'mcast-ttl', 255)],
]);

function keep(action: () => unknown): undefined {
  action();
  return undefined;
}

/** `-t`, `-u`, `--sctp-service`. */
export function readService(reader: Reader, protocol: number): IpvsadmFailure | undefined {
  const place = readEndpoint(take(reader) ?? '', reader, protocol);
  if (place === undefined) return wrong('illegal virtual server address[:port] specified');
  const { address, port = 0 } = place;
  reader.command.service = { kind: 'address', protocol, address, port };
  return undefined;
}

function readMark(reader: Reader): IpvsadmFailure | undefined {
  const text = take(reader) ?? '';
  const mark = Number(text);
  if (!/^\d+$/.test(text) || mark < 1 || mark > 0xffffffff) {
    return wrong(`invalid fwmark value \`${text}' specified`);
  }
  reader.command.service = { kind: 'mark', mark, family: 'inet' };
  return undefined;
}

function readServer(reader: Reader): IpvsadmFailure | undefined {
  const place = readEndpoint(take(reader) ?? '', reader);
  if (place === undefined) return wrong('illegal real server address[:port] specified');
  reader.command.server = place;
  return undefined;
}

/** Flags with a scheduler's name want that scheduler, which must stand in front of them. */
function readSchedulerFlags(reader: Reader): IpvsadmFailure | undefined {
  const { command } = reader;
  for (const name of (take(reader) ?? '').split(',')) {
    const bits = SCHEDULER_FLAGS.get(name);
    if (bits === undefined) return wrong(`invalid scheduler flag \`${name}'`);
    const [scheduler = ''] = name.split('-');
    if (scheduler !== 'flag' && scheduler !== (command.scheduler ?? 'wlc')) {
      return wrong(`incompatible scheduler flag \`${name}'`);
    }
    command.schedulerFlags |= bits;
  }
  return undefined;
}

/** The value may be left out: then six minutes. */
function readPersistence(reader: Reader): IpvsadmFailure | undefined {
  const next = reader.words[reader.at];
  if (next === undefined || next.startsWith('-')) {
    reader.command.persistenceSeconds = DEFAULT_PERSISTENCE_SECONDS;
    return undefined;
  }
  reader.at++;
  const seconds = Number(next);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > PERSISTENCE_SECONDS_MAX) {
    return wrong(`invalid timeout value \`${next}' specified`);
  }
  reader.command.persistenceSeconds = seconds;
  return undefined;
}

/** For IPv4 an address, also in inet_aton's short forms and with holes; for IPv6 a prefix length, which may end in anything. */
function readNetmask(reader: Reader): IpvsadmFailure | undefined {
  const text = take(reader) ?? '';
  if (familyOf(reader.command.service) === 'inet') {
    const mask = /^\d+$/.test(text) && Number(text) <= 0xffffffff ? Number(text) : parseIpv4(text);
    if (mask === undefined) return wrong('illegal virtual server persistent mask specified');
    reader.command.mask = mask;
    return undefined;
  }
  const prefix = Number.parseInt(text, 10);
  if (!(prefix >= 1 && prefix <= IPV6_PREFIX_MAX)) return wrong('illegal ipv6 netmask specified');
  reader.command.mask = prefix;
  return undefined;
}

/** What `-M` means depends on the service, as far as it has been read. */
export function familyOf(service: ServiceKey | undefined): IpFamily {
  if (service === undefined) return 'inet';
  if (service.kind === 'mark') return service.family;
  return isIpv4(service.address) ? 'inet' : 'inet6';
}

function readTunnel(reader: Reader): IpvsadmFailure | undefined {
  const type = take(reader);
  if (type !== 'ipip' && type !== 'gue' && type !== 'gre') {
    return wrong('illegal tunnel type specified');
  }
  reader.command.tunnel = type;
  return undefined;
}

function readTunnelPort(reader: Reader): IpvsadmFailure | undefined {
  const message = 'illegal tunnel port specified';
  const failure = readNumber(reader, 'tunnelPort', message, PORT_MAX);
  return failure ?? (reader.command.tunnelPort === 0 ? wrong(message) : undefined);
}

function readNumber(
  reader: Reader,
  field: 'weight' | 'upperThreshold' | 'lowerThreshold' | 'tunnelPort' | 'syncId',
  message: string,
  max = WEIGHT_MAX,
): IpvsadmFailure | undefined {
  const text = take(reader) ?? '';
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > max) return wrong(message);
  reader.command[field] = value;
  return undefined;
}

function readSyncNumber(
  reader: Reader,
  field: 'maxLength' | 'port' | 'ttl',
  option: string,
  max: number,
): IpvsadmFailure | undefined {
  const text = take(reader) ?? '';
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > max) return wrong(`illegal ${option} specified`);
  reader.command.sync[field] = value;
  return undefined;
}

function readGroup(reader: Reader): IpvsadmFailure | undefined {
  const text = take(reader) ?? '';
  const group = parseIp(text);
  const isGroup =
    group !== undefined && (isIpv4(group) ? isMulticastIpv4(group) : isMulticastIpv6(group));
  const version = text.includes(':') ? 'IPv6' : 'IPv4';
  if (!isGroup) return wrong(`invalid ${version} mcast-group \`${text}'`);
  reader.command.sync.group = group;
  return undefined;
}

/** `ADDRESS`, `ADDRESS:PORT`, `[IPV6]:PORT` (never without a port), names of hosts and services. */
function readEndpoint(
  text: string,
  { resolve, command }: Reader,
  protocol = command.service?.kind === 'address' ? command.service.protocol : 0,
): { address: IpAddress; port: number | undefined } | undefined {
  if (/^\d+$/.test(text)) return undefined;
  const bracketed = /^\[([^\]]+)\]:(.*)$/.exec(text);
  const whole = bracketed === null ? parseIp(text) : undefined;
  if (whole !== undefined) return { address: whole, port: undefined };
  const colon = text.lastIndexOf(':');
  const host = bracketed?.[1] ?? (colon < 0 ? text : text.slice(0, colon));
  const address = parseIp(host) ?? resolve(host);
  if (address === undefined) return undefined;
  if (bracketed === null && colon < 0) return { address, port: undefined };
  const portText = bracketed?.[2] ?? text.slice(colon + 1);
  const port = /^\d+$/.test(portText)
    ? Number(portText)
    : servicePort(portText, protocol === PROTOCOLS.get('-u') ? 'udp' : 'tcp');
  return port === undefined || port > PORT_MAX ? undefined : { address, port };
}
