/**
 * keepalived's command line, short and long, as getopt_long(3) reads it: grouped short flags (`-nlD`), values
 * glued or apart (`-fFILE`, `-f FILE`, `--use-file=FILE`), long names cut short while they stay unambiguous.
 *
 * Source: `keepalived --help` of 2.2.7. Pure: no file is touched here.
 */

import { type MetricsPlace, parseMetricsPlace } from './metrics-place.ts';

/** What the daemon was asked to do. */
export interface CommandLine {
  readonly file: string;
  readonly vrrp: boolean;
  readonly checkers: boolean;
  readonly bfd: boolean;
  readonly console: boolean;
  readonly logDetail: boolean;
  readonly facility: number;
  readonly syslog: boolean;
  readonly logFile: string | undefined;
  readonly keepAddresses: boolean;
  readonly keepIpvs: boolean;
  readonly fork: boolean;
  readonly dump: boolean;
  readonly pidFile: string | undefined;
  readonly vrrpPidFile: string | undefined;
  readonly checkersPidFile: string | undefined;
  readonly bfdPidFile: string | undefined;
  readonly namespace: string | undefined;
  readonly configId: string | undefined;
  readonly allConfigFiles: boolean;
  readonly umask: number | undefined;
  readonly metrics: MetricsPlace | undefined;
  /** `-a`: every address that comes or goes is told. */
  readonly logAddresses: boolean;
  /** Recognised, without effect here; each is told once at start. */
  readonly withoutEffect: readonly string[];
}

/** What to do instead of running, or what is wrong. */
export type ParsedCommandLine =
  | { readonly kind: 'run'; readonly options: CommandLine }
  | { readonly kind: 'test'; readonly options: CommandLine; readonly logFile: string | undefined }
  | { readonly kind: 'signum'; readonly name: string }
  | { readonly kind: 'version' }
  | { readonly kind: 'help' }
  | { readonly kind: 'usage-error'; readonly message: string };

/** The flags and what they do, for the manual page: `-f, --use-file VALUE`. */
export function flagLines(): readonly (readonly [flags: string, text: string])[] {
  const values = { none: '', required: ' VALUE', optional: '[=VALUE]' };
  return FLAGS.map((one) => {
    const short = one.short === '' ? '' : `-${one.short}, `;
    return [`${short}--${one.long}${values[one.argument]}`, one.text];
  });
}

/** Default of `-f`. */
export const DEFAULT_CONFIG_FILE = '/etc/keepalived/keepalived.conf';

const LOG_DAEMON = 3;
const LOG_LOCAL0 = 16;

type Argument = 'none' | 'required' | 'optional';

interface Flag {
  readonly short: string;
  readonly long: string;
  readonly argument: Argument;
  readonly text: string;
}

function flag(short: string, long: string, argument: Argument, text: string): Flag {
  return { short, long, argument, text };
}

/** Every flag of keepalived 2.2.7; `log-file` and `no-syslog` as users expect them. */
const FLAGS: readonly Flag[] = [
  flag('f', 'use-file', 'required', 'use this configuration file'),
  flag('P', 'vrrp', 'none', 'only VRRP'),
  flag('C', 'check', 'none', 'only health checkers'),
  flag('B', 'no_bfd', 'none', 'no BFD'),
  flag('', 'all', 'none', 'all subsystems, even without configuration'),
  flag('l', 'log-console', 'none', 'log to the console'),
  flag('D', 'log-detail', 'none', 'detailed log messages'),
  flag('S', 'log-facility', 'required', 'facility of syslog: 0..7, local0..local7, user, daemon'),
  flag('g', 'log-file', 'optional', 'also log to this file'),
  flag('', 'flush-log-file', 'none', 'recognised, always so here'),
  flag('G', 'no-syslog', 'none', 'do not log via syslog'),
  flag('u', 'umask', 'required', 'umask for files made, a number'),
  flag('X', 'release-vips', 'none', 'recognised: addresses are always dropped'),
  flag('V', 'dont-release-vrrp', 'none', 'keep addresses and routes when the daemon stops'),
  flag('I', 'dont-release-ipvs', 'none', 'keep the IPVS topology when the daemon stops'),
  flag('R', 'dont-respawn', 'none', 'recognised: there are no child processes here'),
  flag('n', 'dont-fork', 'none', 'stay in the foreground'),
  flag('d', 'dump-conf', 'none', 'log the configuration'),
  flag('p', 'pid', 'required', 'pid file of the daemon'),
  flag('r', 'vrrp_pid', 'required', 'pid file of the VRRP part'),
  flag('c', 'checkers_pid', 'required', 'pid file of the checkers'),
  flag('b', 'bfd_pid', 'required', 'pid file of the BFD part'),
  flag('a', 'address-monitoring', 'none', 'log every address that comes or goes'),
  flag('T', 'genhash', 'none', 'not offered'),
  flag('x', 'snmp', 'none', 'recognised: there is no SNMP here'),
  flag('A', 'snmp-agent-socket', 'required', 'recognised: there is no SNMP here'),
  flag('s', 'namespace', 'required', 'run in this network namespace'),
  flag('m', 'core-dump', 'none', 'recognised without effect'),
  flag('M', 'core-dump-pattern', 'optional', 'recognised without effect'),
  flag('e', 'all-config', 'none', 'recognised without effect'),
  flag('i', 'config-id', 'required', 'lines beginning with @ID are used, others of the kind not'),
  flag('', 'signum', 'required', 'print the number of STOP RELOAD DATA STATS STATS_CLEAR JSON'),
  flag(
    '',
    'metrics',
    'optional',
    'numbers for Prometheus at [ADDRESS:]PORT, by default 127.0.0.1:9165',
  ),
  flag('t', 'config-test', 'optional', 'check the configuration, complaints to the file or stderr'),
  flag('v', 'version', 'none', 'print the version'),
  flag('h', 'help', 'none', 'print this'),
];

interface GivenFlag {
  readonly flag: Flag;
  readonly value: string | undefined;
}

/** Reads the words behind the program's name. */
export function parseCommandLine(words: readonly string[]): ParsedCommandLine {
  const given: GivenFlag[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    const next = words[at + 1];
    const read = word.startsWith('--') ? readLong(word, next) : readShort(word, next);
    if (typeof read === 'string') return { kind: 'usage-error', message: read };
    given.push(...read.given);
    if (read.tookNext) at++;
  }
  return meaningOf(given);
}

/** The text of `--help`. */
export function helpText(): string {
  const lines = FLAGS.map(({ short, long, argument, text }) => {
    const value = argument === 'required' ? '=VALUE' : argument === 'optional' ? '[=VALUE]' : '';
    const names = `${short === '' ? '   ' : `-${short},`} --${long}${value}`;
    return `  ${names.padEnd(34)} ${text}`;
  });
  return `Usage: lantwin daemon [OPTION...]\n${lines.join('\n')}\n`;
}

type Read = { readonly given: readonly GivenFlag[]; readonly tookNext: boolean };

function readLong(word: string, next: string | undefined): Read | string {
  const equals = word.indexOf('=');
  const name = word.slice(2, equals < 0 ? undefined : equals);
  const exact = FLAGS.find((candidate) => candidate.long === name);
  const similar = FLAGS.filter((candidate) => candidate.long.startsWith(name));
  const found = exact ?? (similar.length === 1 ? similar[0] : undefined);
  if (found === undefined) {
    const how = similar.length > 1 ? `is ambiguous: ${similar.map((f) => f.long).join(', ')}` : '';
    return `option '--${name}' ${how || 'is not known'}`;
  }
  const value = equals < 0 ? undefined : word.slice(equals + 1);
  if (found.argument === 'none' && value !== undefined) return `option '--${name}' takes no value`;
  if (found.argument !== 'required' || value !== undefined) {
    return { given: [{ flag: found, value }], tookNext: false };
  }
  if (next === undefined) return `option '--${name}' needs a value`;
  return { given: [{ flag: found, value: next }], tookNext: true };
}

function readShort(word: string, next: string | undefined): Read | string {
  if (!word.startsWith('-') || word === '-') return `'${word}' was not expected`;
  const given: GivenFlag[] = [];
  for (let at = 1; at < word.length; at++) {
    const letter = word[at] as string;
    const found = FLAGS.find((candidate) => candidate.short === letter);
    if (found === undefined) return `option '-${letter}' is not known`;
    if (found.argument === 'none') {
      given.push({ flag: found, value: undefined });
      continue;
    }
    const rest = word.slice(at + 1);
    if (rest !== '' || found.argument === 'optional') {
      given.push({ flag: found, value: rest === '' ? undefined : rest.replace(/^=/, '') });
      return { given, tookNext: false };
    }
    if (next === undefined) return `option '-${letter}' needs a value`;
    given.push({ flag: found, value: next });
    return { given, tookNext: true };
  }
  return { given, tookNext: false };
}

function meaningOf(given: readonly GivenFlag[]): ParsedCommandLine {
  const last = (long: string): GivenFlag | undefined =>
    given.findLast((item) => item.flag.long === long);
  const has = (long: string): boolean => last(long) !== undefined;
  if (has('help')) return { kind: 'help' };
  if (has('version')) return { kind: 'version' };
  const signum = last('signum');
  if (signum !== undefined) return { kind: 'signum', name: signum.value ?? '' };
  if (has('genhash')) return { kind: 'usage-error', message: 'genhash is not offered' };
  const facility = facilityNumber(last('log-facility')?.value);
  if (facility === undefined) {
    return { kind: 'usage-error', message: `unknown facility '${last('log-facility')?.value}'` };
  }
  const umaskText = last('umask')?.value;
  if (umaskText !== undefined && !/^(0[0-7]*|0x[0-9a-f]+|[1-9]\d*)$/i.test(umaskText)) {
    return { kind: 'usage-error', message: `umask '${umaskText}' is not a number` };
  }
  const metrics = has('metrics') ? parseMetricsPlace(last('metrics')?.value) : undefined;
  if (has('metrics') && metrics === undefined) {
    const value = last('metrics')?.value;
    return { kind: 'usage-error', message: `'${value}' is not [ADDRESS:]PORT for --metrics` };
  }
  const only = has('vrrp') || has('check');
  const options: CommandLine = {
    file: last('use-file')?.value ?? DEFAULT_CONFIG_FILE,
    vrrp: !only || has('vrrp') || has('all'),
    checkers: !only || has('check') || has('all'),
    bfd: !only && !has('no_bfd'),
    console: has('log-console'),
    logDetail: has('log-detail'),
    facility,
    syslog: !has('no-syslog'),
    logFile: has('log-file') ? (last('log-file')?.value ?? '/tmp/keepalived.log') : undefined,
    keepAddresses: has('dont-release-vrrp'),
    keepIpvs: has('dont-release-ipvs'),
    fork: !has('dont-fork'),
    dump: has('dump-conf'),
    pidFile: last('pid')?.value,
    vrrpPidFile: last('vrrp_pid')?.value,
    checkersPidFile: last('checkers_pid')?.value,
    bfdPidFile: last('bfd_pid')?.value,
    namespace: last('namespace')?.value,
    configId: last('config-id')?.value,
    allConfigFiles: has('all-config'),
    metrics,
    logAddresses: has('address-monitoring'),
    umask: umaskText === undefined ? undefined : numberOf(umaskText),
    withoutEffect: given.map((item) => item.flag.long).filter((long) => WITHOUT_EFFECT.has(long)),
  };
  const test = last('config-test');
  return test === undefined
    ? { kind: 'run', options }
    : { kind: 'test', options, logFile: test.value };
}

const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'snmp',
  'snmp-agent-socket',
  'core-dump',
  'core-dump-pattern',
  'release-vips',
  'all-config',
]);

function facilityNumber(text: string | undefined): number | undefined {
  if (text === undefined || text === 'daemon') return LOG_DAEMON;
  if (text === 'user') return 1;
  const digit = /^(?:local)?([0-7])$/.exec(text)?.[1];
  return digit === undefined ? undefined : LOG_LOCAL0 + Number(digit);
}

/** As strtol(3) with base 0 reads it: `022` is octal. */
function numberOf(text: string): number {
  return /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text);
}

/**
 * What `--signum=NAME` answers. keepalived puts JSON and STATS_CLEAR on real-time signals (36 and 63), which end
 * a node process; ours are signals that node can hear. `undefined`: no such function.
 */
export function signalNumber(name: string): number | undefined {
  return SIGNAL_NUMBERS.get(name);
}

const SIGNAL_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['STOP', 15],
  ['RELOAD', 1],
  ['DATA', 10],
  ['STATS', 12],
  // SIGURG and SIGIO: nobody sends them by accident (WINCH would come with every resized terminal).
  ['STATS_CLEAR', 23],
  ['JSON', 29],
]);
