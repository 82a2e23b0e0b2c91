/**
 * Reads ipvsadm's command line (version 1.31): short options alone and bundled (`-Lnc`), long ones, and the
 * checks it makes before it asks the kernel, in its order: the first word must be a command, each option is looked at as it
 * comes, then whether the options fit the command (`ipvsadm-options.ts`), then what they say together. What is wrong ends with
 * its own words and exit code 2; what popt, its reader of options, does not know ends with 255.
 */

import { isIpv4 } from '../../daemon/wire/ip-address.ts';
import type { ForwardMethod } from '../kernel/ipvs/ipvs-state.ts';
import {
  type IpvsadmCommand,
  type IpvsadmFailure,
  type IpvsadmVerb,
  type Reader,
  type Resolver,
  take,
  wrong,
} from './ipvsadm-command.ts';
import { type OptionName, wrongOptions, wrongTunnelOptions } from './ipvsadm-options.ts';
import {
  familyOf,
  HANDLERS,
  IPV6_PREFIX_MAX,
  PERSISTENCE_SECONDS_MAX,
  PROTOCOLS,
  readService,
} from './ipvsadm-values.ts';

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

/** What ipvsadm says to words that it cannot make out. */
export const TRY_HELP = "Try `ipvsadm -h' or 'ipvsadm --help' for more information.";
const OF_POPT = 255;
const CONFLICTING_VIEWS = ['stats', 'rate', 'thresholds'];

/** Options that only say how, and need no value. */
const METHODS: ReadonlyMap<string, ForwardMethod> = new Map<string, ForwardMethod>([
  ['-m', 'nat'],
  ['--masquerading', 'nat'],
  ['-g', 'dr'],
  ['--gatewaying', 'dr'],
  ['-i', 'tun'],
  ['--ipip', 'tun'],
]);

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
