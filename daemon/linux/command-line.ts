/**
 * keepalived's command line: what each flag means, read in order, as `parse_cmdline` of 2.2.7 does. A value that makes no
 * sense and words that are no flags are remarked upon and passed over; an unknown flag ends with code 1.
 *
 * Source: `keepalived --help` and measurements of 2.2.7. Pure: no file is touched here.
 */

import { FLAGS, type Flag } from './flags.ts';
import { readWords } from './getopt.ts';
import { type MetricsPlace, parseMetricsPlace } from './metrics-place.ts';

/** What the daemon was asked to do. */
export interface CommandLine {
  readonly file: string;
  readonly vrrp: boolean;
  readonly checkers: boolean;
  readonly bfd: boolean;
  /** `--all`: these parts run even where the configuration has nothing for them. */
  readonly all: boolean;
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
  /** `-e`: a missing file of any `include` keeps the daemon from starting. */
  readonly allConfigFiles: boolean;
  readonly umask: number | undefined;
  readonly metrics: MetricsPlace | undefined;
  /** `-a`: every address that comes or goes is told. */
  readonly logAddresses: boolean;
  /** `-m`: a crash may write a core file. */
  readonly coreDump: boolean;
  /** `-M`: what to write into the kernel's core_pattern. */
  readonly corePattern: string | undefined;
  /** What is recognised without effect here, with the reason; each is told once at start. */
  readonly withoutEffect: readonly string[];
}

/** What to do, and what keepalived would have remarked on stderr before. */
export type ParsedCommandLine = { readonly remarks: readonly string[] } & (
  | { readonly kind: 'run'; readonly options: CommandLine }
  | {
      readonly kind: 'test';
      readonly options: CommandLine;
      readonly logFile: string | undefined;
      /** An unknown facility counts as a flaw of the configuration. Source: measured with 2.2.7. */
      readonly flawed: boolean;
    }
  | { readonly kind: 'signum'; readonly name: string }
  | { readonly kind: 'version' }
  | { readonly kind: 'help' }
  | { readonly kind: 'usage-error' }
);

/** Default of `-f`. */
export const DEFAULT_CONFIG_FILE = '/etc/keepalived/keepalived.conf';

const LOG_DAEMON = 3;
const LOG_LOCAL0 = 16;

type Draft = { -readonly [Name in keyof CommandLine]: CommandLine[Name] };

interface Reading {
  readonly draft: Draft;
  readonly remarks: string[];
  wrong: boolean;
  flawed: boolean;
  test: { readonly logFile: string | undefined } | undefined;
}

/** Reads the words behind the program's name. */
export function parseCommandLine(words: readonly string[]): ParsedCommandLine {
  const reading: Reading = {
    draft: newDraft(),
    remarks: [],
    wrong: false,
    flawed: false,
    test: undefined,
  };
  const { draft, remarks } = reading;
  const stray: string[] = [];
  for (const given of readWords(words, FLAGS)) {
    if (given.kind === 'stray') {
      stray.push(given.word);
    } else if (given.kind === 'wrong') {
      remarks.push(given.message);
      reading.wrong = true;
    } else {
      const end = endOf(given.flag, given.value);
      if (end !== undefined) return { ...end, remarks };
      apply(reading, given.flag, given.value);
    }
  }
  if (stray.length > 0) remarks.push(`Unexpected argument(s): ${stray.join(' ')}`);
  if (reading.wrong) return { kind: 'usage-error', remarks };
  const { test, flawed } = reading;
  if (test !== undefined) return { kind: 'test', options: draft, ...test, flawed, remarks };
  return { kind: 'run', options: draft, remarks };
}

function newDraft(): Draft {
  return {
    file: DEFAULT_CONFIG_FILE,
    vrrp: true,
    checkers: true,
    bfd: true,
    all: false,
    console: false,
    logDetail: false,
    facility: LOG_DAEMON,
    syslog: true,
    logFile: undefined,
    keepAddresses: false,
    keepIpvs: false,
    fork: true,
    dump: false,
    pidFile: undefined,
    vrrpPidFile: undefined,
    checkersPidFile: undefined,
    bfdPidFile: undefined,
    namespace: undefined,
    configId: undefined,
    allConfigFiles: false,
    umask: undefined,
    metrics: undefined,
    logAddresses: false,
    coreDump: false,
    corePattern: undefined,
    withoutEffect: [],
  };
}

/** Flags that are answered on the spot, whatever stands behind them. */
function endOf(
  { long }: Flag,
  value: string | undefined,
): { readonly kind: 'help' | 'version' } | { kind: 'signum'; name: string } | undefined {
  if (long === 'help' || long === 'version') return { kind: long };
  return long === 'signum' ? { kind: 'signum', name: value ?? '' } : undefined;
}

type Setting = (draft: Draft, value: string) => void;

/** What each flag does; those that may be refused stand in `apply`. */
const SETTINGS: ReadonlyMap<string, Setting> = new Map<string, Setting>([
  ['use-file', (draft, value) => set(draft, { file: value })],
  ['vrrp', (draft) => set(draft, { checkers: false })],
  ['check', (draft) => set(draft, { vrrp: false })],
  ['no_bfd', (draft) => set(draft, { bfd: false })],
  ['all', (draft) => set(draft, { all: true, vrrp: true, checkers: true, bfd: true })],
  ['log-console', (draft) => set(draft, { console: true })],
  ['log-detail', (draft) => set(draft, { logDetail: true })],
  ['log-file', (draft, value) => set(draft, { logFile: value || '/tmp/keepalived.log' })],
  ['no-syslog', (draft) => set(draft, { syslog: false })],
  ['dont-release-vrrp', (draft) => set(draft, { keepAddresses: true })],
  ['dont-release-ipvs', (draft) => set(draft, { keepIpvs: true })],
  ['dont-fork', (draft) => set(draft, { fork: false })],
  ['dump-conf', (draft) => set(draft, { dump: true })],
  ['pid', (draft, value) => set(draft, { pidFile: value })],
  ['vrrp_pid', (draft, value) => set(draft, { vrrpPidFile: value })],
  ['checkers_pid', (draft, value) => set(draft, { checkersPidFile: value })],
  ['bfd_pid', (draft, value) => set(draft, { bfdPidFile: value })],
  ['address-monitoring', (draft) => set(draft, { logAddresses: true })],
  ['namespace', (draft, value) => set(draft, { namespace: value })],
  ['core-dump', (draft) => set(draft, { coreDump: true })],
  [
    'core-dump-pattern',
    (draft, value) => set(draft, { coreDump: true, corePattern: value || 'core' }),
  ],
  ['all-config', (draft) => set(draft, { allConfigFiles: true })],
  ['config-id', (draft, value) => set(draft, { configId: value })],
]);

function set(draft: Draft, values: Partial<CommandLine>): void {
  Object.assign(draft, values);
}

function apply(reading: Reading, flag: Flag, value: string | undefined): void {
  const { draft, remarks } = reading;
  const { long, withoutEffect } = flag;
  if (withoutEffect !== undefined) {
    const text = `--${long} has no effect: ${withoutEffect}`;
    draft.withoutEffect = [...new Set([...draft.withoutEffect, text])];
    return;
  }
  switch (long) {
    case 'log-facility': {
      const facility = facilityNumber(value ?? '');
      if (facility !== undefined) {
        draft.facility = facility;
        return;
      }
      remarks.push(`Invalid log facility '${value}'`);
      reading.flawed = true;
      return;
    }
    case 'umask': {
      const mask = umaskOf(value ?? '');
      if (mask === undefined) remarks.push(`Invalid --umask option ${value}`);
      else draft.umask = mask;
      return;
    }
    case 'config-test':
      reading.test = { logFile: value === '' ? undefined : value };
      return;
    case 'genhash':
      remarks.push('--genhash is not offered: curl and openssl dgst -md5 give the same digest');
      reading.wrong = true;
      return;
    case 'metrics':
      draft.metrics = parseMetricsPlace(value);
      if (draft.metrics !== undefined) return;
      remarks.push(`'${value}' is not [ADDRESS:]PORT for --metrics`);
      reading.wrong = true;
      return;
    default:
      SETTINGS.get(long)?.(draft, value ?? '');
  }
}

function facilityNumber(text: string): number | undefined {
  if (text === 'daemon') return LOG_DAEMON;
  if (text === 'user') return 1;
  const digit = /^(?:local)?([0-7])$/.exec(text)?.[1];
  return digit === undefined ? undefined : LOG_LOCAL0 + Number(digit);
}

/** As strtoul(3) with base 0 reads it (`022` is octal); only permission bits. */
function umaskOf(text: string): number | undefined {
  if (!/^(0[0-7]*|0x[0-9a-f]+|[1-9]\d*)$/i.test(text)) return undefined;
  const mask = /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text);
  return mask > 0o777 ? undefined : mask;
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
