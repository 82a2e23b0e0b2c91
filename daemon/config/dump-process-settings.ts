/**
 * The part of `Global definitions` about processes, SNMP, D-Bus, scripts and buffers. Most of it has
 * no effect on a virtual LAN and is printed as it was written.
 */

import type { GlobalConfig } from './global-config.ts';
import { type KeptSettings, keptWord, keptWords } from './kept-words.ts';
import { type IdsOf, scriptUserOf } from './user-ids.ts';

/** keepalived's default for `*_rlimit_rttime`, µs. */
const REALTIME_LIMIT = '10000';

const PROCESSES = [
  ['vrrp', 'VRRP'],
  ['checker', 'Checker'],
  ['bfd', 'BFD'],
] as const;

const BUFFERS = [
  'vrrp_netlink_cmd',
  'vrrp_netlink_monitor',
  'process_monitor',
  'lvs_netlink_cmd',
  'lvs_netlink_monitor',
];

/** The lines from `Max auto priority` to `umask`, and what holds for the process itself. */
export function dumpProcessSettings(
  global: GlobalConfig,
  { isVrrp, idsOf }: { readonly isVrrp: boolean; readonly idsOf: IdsOf },
): readonly string[] {
  const { other } = global;
  const most = keptWord(other, 'max_auto_priority') ?? '0';
  const delay = keptWord(other, 'min_auto_priority_delay') ?? '1000000';
  return [
    ` Max auto priority = ${most === '-1' ? 'Disabled' : most}`,
    ` Min auto priority delay = ${delay} usecs`,
    ...PROCESSES.flatMap(([keyword, title]) => dumpProcess(other, keyword, title)),
    ...dumpAgents(other),
    ` Script security ${global.enableScriptSecurity ? 'enabled' : 'disabled'}`,
    ` Default script uid:gid ${idsOf(scriptUserOf(global))}`,
    ...BUFFERS.flatMap((one) => [
      ` ${one}_rcv_bufs = ${keptWord(other, `${one}_rcv_bufs`) ?? '0'}`,
      ` ${one}_rcv_bufs_force = ${Number(isOn(keptWords(other, `${one}_rcv_bufs_force`)))}`,
    ]),
    ` rs_init_notifies = ${Number(global.realServerInitNotifies)}`,
    ` no_checker_emails = ${Number(global.mail.noCheckerEmails)}`,
    ...dumpReceiveBuffers(other),
    ` umask = ${octal(keptWord(other, 'umask'))}`,
    ...(isVrrp ? dumpRealtime(other) : []),
  ];
}

function isOn(words: readonly string[] | undefined): boolean {
  return words !== undefined && !/^(off|false|no)$/.test(words[0] ?? '');
}

function dumpProcess(other: KeptSettings, keyword: string, title: string): readonly string[] {
  const affinity = keptWords(other, `${keyword}_cpu_affinity`);
  // CPU 0 is printed without its digit (seen with 2.2.7).
  const cpus = affinity?.map((cpu) => `${cpu === '0' ? '' : cpu} `).join('');
  const limit =
    keptWord(other, `${keyword}_rlimit_rttime`) ?? keptWord(other, `${keyword}_rlimit_rtime`);
  return [
    ` ${title} process priority = ${keptWord(other, `${keyword}_priority`) ?? '0'}`,
    ` ${title} don't swap = ${keptWords(other, `${keyword}_no_swap`) !== undefined}`,
    ` ${title} realtime priority = ${keptWord(other, `${keyword}_rt_priority`) ?? '0'}`,
    ...(cpus === undefined ? [] : [` ${title} CPU Affinity = ${cpus}`]),
    ` ${title} realtime limit = ${limit ?? REALTIME_LIMIT}`,
  ];
}

/** SNMP and D-Bus. */
function dumpAgents(other: KeptSettings): readonly string[] {
  const has = (...keywords: string[]) => keywords.some((one) => keptWords(other, one));
  const state = (on: boolean) => (on ? 'enabled' : 'disabled');
  const rfc = has('enable_snmp_rfc');
  return [
    ` SNMP vrrp ${state(has('enable_snmp_vrrp', 'enable_snmp_keepalived'))}`,
    ` SNMP checker ${state(has('enable_snmp_checker'))}`,
    ` SNMP RFCv2 ${state(rfc || has('enable_snmp_rfcv2'))}`,
    ` SNMP RFCv3 ${state(rfc || has('enable_snmp_rfcv3'))}`,
    ` SNMP traps ${state(has('enable_traps'))}`,
    ` SNMP socket = ${keptWord(other, 'snmp_socket') ?? 'default (unix:/var/agentx/master)'}`,
    ` DBus ${state(has('enable_dbus'))}`,
    ` DBus service name = ${keptWord(other, 'dbus_service_name') ?? ''}`,
  ];
}

function dumpReceiveBuffers(other: KeptSettings): readonly string[] {
  const policy = keptWord(other, 'vrrp_rx_bufs_policy');
  const multiplier = keptWord(other, 'vrrp_rx_bufs_multiplier') ?? '3';
  const lines: string[] = [];
  if (policy !== undefined) {
    const isNumber = /^\d/.test(policy);
    lines.push(isNumber ? ` rx_bufs_size = ${policy}` : ` rx_bufs_policy = ${policy}`);
  }
  return [...lines, ` rx_bufs_multiples = ${multiplier}`];
}

/** The mask in octal; keepalived's own is 0177. */
function octal(word: string | undefined): string {
  if (word === undefined) return '0177';
  return /^\d+$/.test(word) ? `0${Number.parseInt(word, 8).toString(8)}` : word;
}

function dumpRealtime(other: KeptSettings): readonly string[] {
  const priority = keptWord(other, 'vrrp_rt_priority');
  if (priority === undefined) return [];
  const limit = keptWord(other, 'vrrp_rlimit_rttime') ?? REALTIME_LIMIT;
  return [` current realtime priority = ${priority}`, ` current realtime time limit = ${limit}`];
}
