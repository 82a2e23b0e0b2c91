/**
 * Reads ipvsadm's command line (version 1.31): short options alone and bundled (`-Lnc`), long ones, and the
 * checks it makes before it asks the kernel, in its order: the first word must be a command, each option is looked at as it
 * comes, then whether the options fit the command (`ipvsadm-options.ts`), then what they say together. What is wrong ends with
 * its own words and exit code 2; what popt, its reader of options, does not know ends with 255.
 */

import { type IpAddress, type IpFamily, isIpv4, parseIp } from '../../daemon/wire/ip-address.ts';
import { isMulticastIpv4, parseIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { isMulticastIpv6 } from '../../daemon/wire/ipv6-address.ts';
import type {
  ForwardMethod,
  ServiceKey,
  TunnelChecksum,
  TunnelType,
} from '../kernel/ipvs/ipvs-state.ts';
import { type OptionName, wrongOptions, wrongTunnelOptions } from './ipvsadm-options.ts';
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
  /** `-M`: an IPv4 mask of any shape, as a number, or a prefix length of IPv6. */
  mask?: number;
  /** `--pe`, a persistence engine. */
  engine?: string;
  onePacket: boolean;
  method?: ForwardMethod;
  weight?: number;
  upperThreshold?: number;
  lowerThreshold?: number;
  tunnel?: TunnelType;
  tunnelPort?: number;
  tunnelChecksum?: TunnelChecksum;
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
]);
/** How messages call what is shown, where the names differ. */
const SHOW_OPTIONS: ReadonlyMap<string, OptionName> = new Map([
  ['connections', 'connection'],
  ['persistent', 'persistent-conn'],
  ['tunnels', 'tun-info'],
  ['timeouts', 'timeout'],
  ['daemons', 'daemon'],
]);
/** Options whose name for messages is not their long form. */
const OPTION_OF: ReadonlyMap<string, OptionName> = new Map<string, OptionName>([
  ['-t', 'service-address'],
  ['--tcp-service', 'service-address'],
  ['-u', 'service-address'],
  ['--udp-service', 'service-address'],
  ['--sctp-service', 'service-address'],
  ['-f', 'service-address'],
  ['--fwmark-service', 'service-address'],
  ['-s', 'scheduler'],
  ['-b', 'sched-flags'],
  ['-o', 'ops'],
  ['-p', 'persistent'],
  ['-M', 'netmask'],
  ['-r', 'real-server'],
  ['-w', 'weight'],
  ['-x', 'u-threshold'],
  ['-y', 'l-threshold'],
]);

const TRY_HELP = "Try `ipvsadm -h' or 'ipvsadm --help' for more information.";
const OF_POPT = 255;
const IPV6_PREFIX_MAX = 128;
const CONFLICTING_VIEWS = ['stats', 'rate', 'thresholds'];
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
  readonly given: Set<OptionName>;
  /** Words that belong to no option. */
  readonly rest: string[];
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
  const reader: Reader = {
    words: unbundle(words),
    at: 0,
    command,
    resolve,
    given: new Set(),
    rest: [],
  };
  if (words.length === 0) return command;
  const failure = readFirst(reader) ?? readOthers(reader) ?? readRest(reader);
  if (failure !== undefined) return failure;
  const message = wrongOptions(command.verb, reader.given);
  return (message === undefined ? undefined : wrong(message)) ?? disagreement(reader) ?? command;
}

/** The first option is the command. */
function readFirst(reader: Reader): IpvsadmFailure | undefined {
  const tryHelp = { code: OF_POPT, message: TRY_HELP };
  while (reader.words[reader.at]?.startsWith('-') === false) reader.rest.push(take(reader) ?? '');
  const verb = VERBS.get(take(reader) ?? '');
  if (verb === undefined) return tryHelp;
  reader.command.verb = verb;
  if (verb !== 'start-daemon' && verb !== 'stop-daemon') return undefined;
  const role = take(reader);
  if (role === undefined) return tryHelp;
  if (role !== 'master' && role !== 'backup') {
    return wrong(`illegal ${verb} parameter specified`);
  }
  reader.command.role = role;
  return undefined;
}

function readOthers(reader: Reader): IpvsadmFailure | undefined {
  while (reader.at < reader.words.length) {
    const word = take(reader) ?? '';
    if (!word.startsWith('-') || word === '-') {
      reader.rest.push(word);
      continue;
    }
    if (VERBS.has(word)) return wrong(`invalid option \`${word}'`);
    const failure = readOption(reader, word);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

/** What is left behind the options: the three times of `--set`, and nothing else. */
function readRest(reader: Reader): IpvsadmFailure | undefined {
  const { rest, command } = reader;
  if (command.verb === 'set') {
    const texts = rest.splice(0, 3);
    if (texts.length < 3) return wrong('--set option requires 3 timeout values');
    for (const text of texts) {
      const isRight = /^\d+$/.test(text) && Number(text) <= PERSISTENCE_SECONDS_MAX;
      if (!isRight) return wrong(`invalid timeout value \`${text}' specified`);
    }
    command.timeouts = texts.map(Number);
  }
  return rest[0] === undefined ? undefined : wrong(`unexpected argument ${rest[0]}`);
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

function readOption(reader: Reader, word: string): IpvsadmFailure | undefined {
  const { command } = reader;
  const show = SHOW_WORDS.get(word);
  if (show !== undefined) {
    command.show.add(show);
    return show === 'sort'
      ? undefined
      : note(reader, SHOW_OPTIONS.get(show) ?? (show as OptionName));
  }
  const method = METHODS.get(word);
  if (method !== undefined) {
    command.method = method;
    return note(reader, 'forwarding-method');
  }
  if (word === '-6' || word === '--ipv6') return readFamily(reader);
  const protocol = PROTOCOLS.get(word);
  const handler = protocol === undefined ? HANDLERS.get(word) : undefined;
  if (protocol === undefined && handler === undefined) return ofPopt(word, 'unknown option');
  const name = OPTION_OF.get(word) ?? (word.slice(2) as OptionName);
  const needsValue = !VALUELESS.has(name);
  if (needsValue && reader.at >= reader.words.length) return ofPopt(word, 'missing argument');
  const twice = note(reader, name);
  if (twice !== undefined) return twice;
  return protocol === undefined ? handler?.(reader) : readService(reader, protocol);
}

/** No option may come twice. */
function note({ given }: Reader, name: OptionName): IpvsadmFailure | undefined {
  if (given.has(name)) return wrong(`multiple '${name}' options specified`);
  given.add(name);
  return undefined;
}

function ofPopt(word: string, message: string): IpvsadmFailure {
  return { code: OF_POPT, message: `${word}: ${message}` };
}

/** `-6` behind a firewall mark. */
function readFamily({ command }: Reader): IpvsadmFailure | undefined {
  if (command.service?.kind !== 'mark') return wrong('-6 used before -f\n');
  command.service = { ...command.service, family: 'inet6' };
  command.mask = IPV6_PREFIX_MAX;
  return undefined;
}

const VALUELESS: ReadonlySet<OptionName> = new Set<OptionName>([
  'ops',
  'persistent',
  'tun-nocsum',
  'tun-csum',
  'tun-remcsum',
]);

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

function readService(reader: Reader, protocol: number): IpvsadmFailure | undefined {
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
function familyOf(service: ServiceKey | undefined): IpFamily {
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

function take(reader: Reader): string | undefined {
  return reader.words[reader.at++];
}

function wrong(message: string): IpvsadmFailure {
  return { code: 2, message };
}

/** What the options say together. */
function disagreement({ command, given }: Reader): IpvsadmFailure | undefined {
  const { verb, service, show } = command;
  if (verb === 'add-service' || verb === 'edit-service') {
    if (service?.kind !== 'address') return undefined;
    if (service.port === 0 && command.persistenceSeconds === undefined) {
      return wrong('Zero port specified for non-persistent service');
    }
    if (command.onePacket && service.protocol !== PROTOCOLS.get('-u')) {
      return wrong('One-Packet Scheduling is only for UDP virtual services');
    }
  }
  if (verb === 'add-server' || verb === 'edit-server') return serverDisagreement(command, given);
  if (verb !== 'list') return undefined;
  const isState = show.has('timeouts') || show.has('daemons');
  const isView = CONFLICTING_VIEWS.some((name) => show.has(name));
  const isWrong =
    (isView && (isState || show.has('connections'))) || (isState && show.has('persistent'));
  return isWrong ? wrong('options conflicts in the list command') : undefined;
}

function serverDisagreement(
  command: IpvsadmCommand,
  given: ReadonlySet<OptionName>,
): IpvsadmFailure | undefined {
  const { service, server, method } = command;
  if (service === undefined || server === undefined) return undefined;
  const family = familyOf(service);
  const serverFamily = isIpv4(server.address) ? 'inet' : 'inet6';
  if (family !== serverFamily && method !== 'tun') {
    return wrong('Different address family is allowed only for tunneling servers');
  }
  const hasTunnel = [...given].some((name) => name.startsWith('tun-'));
  if (hasTunnel && method !== 'tun') return wrong('Tunnel options conflict with forward method');
  const message =
    method === 'tun' ? wrongTunnelOptions(command.tunnel ?? 'ipip', given) : undefined;
  return message === undefined ? undefined : wrong(message);
}
