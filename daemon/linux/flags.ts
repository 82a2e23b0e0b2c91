/**
 * The flags of the daemon: all of keepalived 2.2.7's, in the order of its help, and ours behind them. What one has no
 * effect on here is said in its line, and in the log of a daemon that was started with it.
 */

import type { FlagName } from './getopt.ts';

/** A flag with its line of the help. */
export interface Flag extends FlagName {
  /** What its value is called. */
  readonly value?: string;
  readonly text: string;
  /** Why it changes nothing here; logged at the start. */
  readonly withoutEffect?: string;
}

const NO_SNMP = 'there is no SNMP here; --metrics serves the same numbers';

/** Every flag, in the order of the help. */
export const FLAGS: readonly Flag[] = [
  valued('f', 'use-file', 'FILE', 'use this file, not /etc/keepalived/keepalived.conf'),
  plain('P', 'vrrp', 'VRRP without health checkers'),
  plain('C', 'check', 'health checkers without VRRP'),
  plain('B', 'no_bfd', 'no BFD'),
  plain('', 'all', 'VRRP, health checkers and BFD, even without configuration'),
  plain('l', 'log-console', 'log to the console'),
  plain('D', 'log-detail', 'detailed log messages'),
  valued(
    'S',
    'log-facility',
    '[0-7]|local[0-7]|user|daemon',
    'facility of syslog, by default daemon',
  ),
  plain('G', 'no-syslog', 'do not log to syslog'),
  valued('u', 'umask', 'MASK', 'umask for files made, a number'),
  {
    ...plain('X', 'release-vips', 'drop addresses when MASTER is left'),
    withoutEffect: 'addresses are always dropped',
  },
  plain('V', 'dont-release-vrrp', 'keep addresses and routes when the daemon stops'),
  plain('I', 'dont-release-ipvs', 'keep virtual services when the daemon stops'),
  {
    ...plain('R', 'dont-respawn', 'end when a child process dies'),
    withoutEffect: 'there are no child processes; a fault always ends the daemon',
  },
  plain('n', 'dont-fork', 'stay in the foreground'),
  plain('d', 'dump-conf', 'log the configuration'),
  valued('p', 'pid', 'FILE', 'pid file of the daemon'),
  valued('r', 'vrrp_pid', 'FILE', 'pid file of the VRRP part'),
  plain('T', 'genhash', 'refused: curl and openssl dgst -md5 give the digest of a page'),
  valued('c', 'checkers_pid', 'FILE', 'pid file of the health checkers'),
  plain('a', 'address-monitoring', 'log every address that comes or goes'),
  valued('b', 'bfd_pid', 'FILE', 'pid file of the BFD part'),
  { ...plain('x', 'snmp', 'SNMP'), withoutEffect: NO_SNMP },
  {
    ...valued('A', 'snmp-agent-socket', 'FILE', 'socket of the SNMP agent'),
    withoutEffect: NO_SNMP,
  },
  valued('s', 'namespace', 'NAME', 'run in this network namespace, whatever the file says'),
  plain('m', 'core-dump', 'write a core file after a crash'),
  {
    short: 'M',
    long: 'core-dump-pattern',
    argument: 'optional',
    value: 'PATTERN',
    text: "the same, and set the kernel's core_pattern (by default core)",
  },
  plain('e', 'all-config', 'do not start when an included file is missing'),
  valued('i', 'config-id', 'ID', 'lines that begin with @ID are used, those of other @ not'),
  valued('', 'signum', 'NAME', 'print the number of STOP RELOAD DATA STATS STATS_CLEAR JSON'),
  {
    short: 't',
    long: 'config-test',
    argument: 'optional',
    value: 'LOG_FILE',
    text: 'check the configuration, complaints to the file or stderr',
  },
  plain('v', 'version', 'print the version'),
  plain('h', 'help', 'print this'),
  {
    short: 'g',
    long: 'log-file',
    argument: 'optional',
    value: 'FILE',
    text: 'also log to this file, by default /tmp/keepalived.log',
  },
  { ...plain('', 'flush-log-file', 'write each line at once'), withoutEffect: 'it is always so' },
  {
    short: '',
    long: 'metrics',
    argument: 'optional',
    value: '[ADDRESS:]PORT',
    text: 'numbers for Prometheus, by default at 127.0.0.1:9165',
  },
];

/** The flags and what they do, for the manual page: `-f, --use-file VALUE`. */
export function flagLines(): readonly (readonly [flags: string, text: string])[] {
  return FLAGS.map((one) => {
    const short = one.short === '' ? '' : `-${one.short}, `;
    return [`${short}--${one.long}${valueText(one)}`, textOf(one)];
  });
}

/** The text of `--help`. */
export function helpText(): string {
  const lines = FLAGS.map((one) => {
    const names = `${one.short === '' ? '   ' : `-${one.short},`} --${one.long}${valueText(one)}`;
    return `  ${names.padEnd(34)} ${textOf(one)}`;
  });
  return `Usage: lantwin daemon [OPTION...]\n${lines.join('\n')}\n`;
}

function textOf({ text, withoutEffect }: Flag): string {
  return withoutEffect === undefined ? text : `${text}: without effect, ${withoutEffect}`;
}

function valueText({ argument, value = 'VALUE' }: Flag): string {
  return argument === 'none' ? '' : argument === 'required' ? `=${value}` : `[=${value}]`;
}

function plain(short: string, long: string, text: string): Flag {
  return { short, long, argument: 'none', text };
}

function valued(short: string, long: string, value: string, text: string): Flag {
  return { short, long, argument: 'required', value, text };
}
