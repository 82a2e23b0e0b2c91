/**
 * Reads ipvsadm's command line (version 1.31): short options alone and bundled (`-Lnc`), long ones, and the
 * checks it makes before it asks the kernel. What is wrong ends with its own words and exit code 2.
 */

import { type IpAddress, isIpv4, parseIp } from '../../daemon/wire/ip-address.ts';
import { isMulticastIpv4, parseIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { isMulticastIpv6 } from '../../daemon/wire/ipv6-address.ts';
import type { ForwardMethod, ServiceKey, TunnelType } from '../kernel/ipvs/ipvs-state.ts';
import { servicePort } from './service-names.ts';

/** What to do, by ipvsadm's own names. */
export type IpvsadmVerb =
  | 'add-service'
  | 'edit-service'
  | 'delete-service'
  | 'add-server'
  | 'edit-server'
  | 'delete-server'
  | 'clear'
  | 'list'
  | 'save'
  | 'restore'
  | 'zero'
  | 'set'
  | 'start-daemon'
  | 'stop-daemon'
  | 'version'
  | 'help';

/** A command line as read; everything that was not given is absent. */
export interface IpvsadmCommand {
  verb: IpvsadmVerb;
  service?: ServiceKey;
  server?: { address: IpAddress; port: number | undefined };
  scheduler?: string;
  schedulerFlags: number;
  persistenceSeconds?: number;
  prefix?: number;
  onePacket: boolean;
  method?: ForwardMethod;
  weight?: number;
  upperThreshold?: number;
  lowerThreshold?: number;
  tunnel?: TunnelType;
  tunnelPort?: number;
  timeouts?: readonly number[];
  role?: 'master' | 'backup';
  link?: string;
  syncId?: number;
  /** `--sync-maxlen` and the `--mcast-…` that were given. */
  sync: { maxLength?: number; group?: IpAddress; port?: number; ttl?: number };
  /** `numeric`, `connections`, `stats`, `rate`, `nosort`, … */
  readonly show: Set<string>;
}

/** Why a command line was refused. */
export interface IpvsadmFailure {
  readonly code: number;
  readonly message: string;
}

/** Looks a host name up, for addresses given by name. */
export type Resolver = (name: string) => IpAddress | undefined;

const VERBS: ReadonlyMap<string, IpvsadmVerb> = new Map<string, IpvsadmVerb>([
  ['-A', 'add-service'],
  ['--add-service', 'add-service'],
  ['-E', 'edit-service'],
  ['--edit-service', 'edit-service'],
  ['-D', 'delete-service'],
  ['--delete-service', 'delete-service'],
  ['-a', 'add-server'],
  ['--add-server', 'add-server'],
  ['-e', 'edit-server'],
  ['--edit-server', 'edit-server'],
  ['-d', 'delete-server'],
  ['--delete-server', 'delete-server'],
  ['-C', 'clear'],
  ['--clear', 'clear'],
  ['-L', 'list'],
  ['-l', 'list'],
  ['--list', 'list'],
  ['-S', 'save'],
  ['--save', 'save'],
  ['-R', 'restore'],
  ['--restore', 'restore'],
  ['-Z', 'zero'],
  ['--zero', 'zero'],
  ['--set', 'set'],
  ['--start-daemon', 'start-daemon'],
  ['--stop-daemon', 'stop-daemon'],
  ['-v', 'version'],
  ['--version', 'version'],
  ['-h', 'help'],
  ['--help', 'help'],
]);

const SHOW_WORDS: ReadonlyMap<string, string> = new Map([
  ['-n', 'numeric'],
  ['--numeric', 'numeric'],
  ['-c', 'connections'],
  ['--connection', 'connections'],
  ['--stats', 'stats'],
  ['--rate', 'rate'],
  ['--thresholds', 'thresholds'],
  ['--persistent-conn', 'persistent'],
  ['--tun-info', 'tunnels'],
  ['--timeout', 'timeouts'],
  ['--daemon', 'daemons'],
  ['--exact', 'exact'],
  ['--nosort', 'nosort'],
  ['--sort', 'sort'],
  ['-6', 'ipv6'],
  ['--ipv6', 'ipv6'],
]);

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
const PERSISTENCE_SECONDS_MAX = 86_400 * 31;
const WEIGHT_MAX = 2 ** 31 - 1;
const PORT_MAX = 65_535;
/** Most octets of a sync datagram: what IPv4 and UDP leave. */
const SYNC_MAX = 65_507;
const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['-t', 6],
  ['--tcp-service', 6],
  ['-u', 17],
  ['--udp-service', 17],
  ['--sctp-service', 132],
]);
/** Options that only say how, and need no value. */
const METHODS: ReadonlyMap<string, ForwardMethod> = new Map<string, ForwardMethod>([
  ['-m', 'nat'],
  ['--masquerading', 'nat'],
  ['-g', 'dr'],
  ['--gatewaying', 'dr'],
  ['-i', 'tun'],
  ['--ipip', 'tun'],
]);

/** The words of a command line, taken one by one. */
interface Reader {
  readonly words: string[];
  at: number;
  readonly command: IpvsadmCommand;
  readonly resolve: Resolver;
}

/** Reads the arguments of ipvsadm. Without any it lists. */
export function parseIpvsadm(
  words: readonly string[],
  resolve: Resolver,
): IpvsadmCommand | IpvsadmFailure {
  const command: IpvsadmCommand = {
    verb: 'list',
    schedulerFlags: 0,
    onePacket: false,
    sync: {},
    show: new Set(),
  };
  const reader: Reader = { words: unbundle(words), at: 0, command, resolve };
  let hasVerb = false;
  while (reader.at < reader.words.length) {
    const word = reader.words[reader.at++] as string;
    const verb = VERBS.get(word);
    if (verb !== undefined) {
      if (hasVerb) return wrong('multiple commands specified');
      hasVerb = true;
      command.verb = verb;
      const failure = readVerb(reader, verb);
      if (failure !== undefined) return failure;
      continue;
    }
    const failure = readOption(reader, word);
    if (failure !== undefined) return failure;
  }
  return missing(command) ?? command;
}

/** `-Lnc` becomes `-L -n -c`; a value may stand right behind its letter. */
function unbundle(words: readonly string[]): string[] {
  return words.flatMap((word) => {
    if (!/^-[A-Za-z6].+$/.test(word)) {
      const equals = /^(--[a-z0-9-]+)=(.*)$/.exec(word);
      return equals === null ? [word] : [equals[1] as string, equals[2] as string];
    }
    const first = word.slice(0, 2);
    if ('tufsrpMwxyb'.includes(word[1] as string)) return [first, word.slice(2)];
    return [...word.slice(1)].map((letter) => `-${letter}`);
  });
}

function readVerb(reader: Reader, verb: IpvsadmVerb): IpvsadmFailure | undefined {
  if (verb === 'start-daemon' || verb === 'stop-daemon') {
    const role = take(reader);
    if (role !== 'master' && role !== 'backup') return wrong('illegal start_daemon parameter');
    reader.command.role = role;
    return undefined;
  }
  if (verb !== 'set') return undefined;
  const timeouts = [take(reader), take(reader), take(reader)].map(Number);
  const isWrong = timeouts.some((value) => !Number.isInteger(value) || value < 0);
  if (isWrong) return wrong('illegal timeout specified');
  reader.command.timeouts = timeouts;
  return undefined;
}

function readOption(reader: Reader, word: string): IpvsadmFailure | undefined {
  const { command } = reader;
  const show = SHOW_WORDS.get(word);
  if (show !== undefined) {
    command.show.add(show);
    return undefined;
  }
  const method = METHODS.get(word);
  if (method !== undefined) {
    command.method = method;
    return undefined;
  }
  const protocol = PROTOCOLS.get(word);
  if (protocol !== undefined) return readService(reader, protocol);
  const handler = HANDLERS.get(word);
  return handler === undefined ? wrong(`${word}: unknown option`) : handler(reader);
}

type Handler = (reader: Reader) => IpvsadmFailure | undefined;

const HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
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
  ['--tun-port', (r) => readNumber(r, 'tunnelPort', 'illegal tunnel port specified', PORT_MAX)],
  ['--tun-nocsum', () => undefined],
  ['--tun-csum', () => undefined],
  ['--tun-remcsum', () => undefined],
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

function readService(reader: Reader, protocol: number): IpvsadmFailure | undefined {
  const place = readEndpoint(take(reader) ?? '', reader.resolve);
  if (place === undefined) return wrong('illegal virtual server address[:port] specified');
  const { address, port = 0 } = place;
  reader.command.service = { kind: 'address', protocol, address, port };
  return undefined;
}

function readMark(reader: Reader): IpvsadmFailure | undefined {
  const mark = Number(take(reader));
  if (!Number.isInteger(mark) || mark < 1 || mark > 0xffffffff) {
    return wrong('illegal virtual server mark specified');
  }
  const family = reader.command.show.has('ipv6') ? 'inet6' : 'inet';
  reader.command.service = { kind: 'mark', mark, family };
  return undefined;
}

function readServer(reader: Reader): IpvsadmFailure | undefined {
  const place = readEndpoint(take(reader) ?? '', reader.resolve);
  if (place === undefined) return wrong('illegal real server address[:port] specified');
  reader.command.server = place;
  return undefined;
}

function readSchedulerFlags(reader: Reader): undefined {
  const names = (take(reader) ?? '').split(',');
  const bits = names.reduce((sum, name) => sum | (SCHEDULER_FLAGS.get(name) ?? 0), 0);
  reader.command.schedulerFlags = bits;
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

/** A dotted mask for IPv4, a prefix length for IPv6. */
function readNetmask(reader: Reader): IpvsadmFailure | undefined {
  const text = take(reader) ?? '';
  const mask = parseIpv4(text);
  const prefix = mask === undefined ? Number(text) : Math.clz32(~mask >>> 0);
  const isMask = mask === undefined || (mask << prefix) >>> 0 === 0 || prefix === 32;
  if (!isMask || !Number.isInteger(prefix) || prefix < 1 || prefix > 128) {
    return wrong('invalid netmask specified');
  }
  reader.command.prefix = prefix;
  return undefined;
}

function readTunnel(reader: Reader): IpvsadmFailure | undefined {
  const type = take(reader);
  if (type !== 'ipip' && type !== 'gue' && type !== 'gre') {
    return wrong('illegal tunnel type specified');
  }
  reader.command.tunnel = type;
  return undefined;
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

/** `ADDRESS`, `ADDRESS:PORT`, `[IPV6]:PORT`, names of hosts and services. */
function readEndpoint(
  text: string,
  resolve: Resolver,
): { address: IpAddress; port: number | undefined } | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::([^:]+))?$/.exec(text);
  const host = match === null ? text : (match[1] ?? match[2] ?? '');
  const address = parseIp(host) ?? resolve(host);
  if (address === undefined) return undefined;
  const portText = match?.[3];
  if (portText === undefined) return { address, port: undefined };
  const port = /^\d+$/.test(portText) ? Number(portText) : servicePort(portText);
  return port === undefined || port > PORT_MAX ? undefined : { address, port };
}

function take(reader: Reader): string | undefined {
  return reader.words[reader.at++];
}

function wrong(message: string): IpvsadmFailure {
  return { code: 2, message };
}

/** What a command cannot do without. */
function missing(command: IpvsadmCommand): IpvsadmFailure | undefined {
  const { verb, service, server } = command;
  const needsService = /-(service|server)$/.test(verb);
  if (needsService && service === undefined) return supply('service-address', verb);
  if (verb.endsWith('-server') && server === undefined) return supply('real-server', verb);
  if (verb !== 'add-service' && verb !== 'edit-service') return undefined;
  const hasNoPort = service?.kind === 'address' && service.port === 0;
  if (hasNoPort && command.persistenceSeconds === undefined) {
    return wrong('Zero port specified for non-persistent service');
  }
  return undefined;
}

function supply(option: string, verb: IpvsadmVerb): IpvsadmFailure {
  return wrong(`You need to supply the '${option}' option for the '${verb}' command`);
}
