/**
 * `global_defs`: process priorities, SNMP, D-Bus, firewall tables, buffers, LVS timeouts and the like. Most of
 * it has no effect on a virtual LAN; the words are checked as keepalived checks them and kept.
 */

import { PROCESS_NAME_MAX } from '../kept-words.ts';
import { type KeywordRow, row } from '../keyword-row.ts';
import { readInteger, readUnsigned, UNSIGNED_MAX } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import { flushOnStop, lvsTimeouts, syncDaemon } from './global-lvs.ts';

type Words = readonly string[];

const PROCESSES = ['vrrp', 'checker', 'bfd'] as const;

/** Rows whose words are only kept. */
const keptRows: readonly KeywordRow[] = [
  'process_names',
  'disable_local_igmp',
  'nftables_ifindex',
  'nftables_counters',
  'vrrp_no_swap',
  'checker_no_swap',
  'bfd_no_swap',
  'enable_traps',
  'enable_snmp_vrrp',
  'enable_snmp_keepalived',
  'enable_snmp_rfc',
  'enable_snmp_rfcv2',
  'enable_snmp_rfcv3',
  'enable_snmp_checker',
  'enable_dbus',
  'reload_check_config [LOG]',
  'reload_repeat',
  'reload_file [PATH]',
].map((spelling) => kept(spelling));

/** Rows of processes and buffers. */
export const globalPlumbingRows: readonly KeywordRow[] = [
  ...keptRows,
  ...['process_name', 'vrrp_process_name', 'checker_process_name', 'lvs_process_name'].map(nameRow),
  nameRow('bfd_process_name'),
  ...PROCESSES.flatMap(processRows),
  kept('max_auto_priority [-1..99]', (context, words) => {
    const word = words[1];
    if (word === undefined) return;
    const range = { least: -1, most: 99, lenient: true };
    if (readInteger(word, range, context.reporter).complained) {
      const text = `max_auto_priority '${word}' must be in [0, 99] (or -1 to disable) - ignoring`;
      context.complain('bad-value', text, { word });
    }
  }),
  kept('min_auto_priority_delay 1..10000000', (context, words) => {
    const text = `min_auto_priority_delay '${words[1]}' must be in [1, 10000000] - ignoring`;
    context.unsigned(words, { least: 1, most: 10_000_000, lenient: true, text });
  }),
  kept('umask MASK', umask),
  kept('random_seed NUMBER', (context, words) => {
    const text = `random_seed ${words[1]} invalid`;
    context.unsigned(words, { least: 0, most: UNSIGNED_MAX, text });
  }),
  kept('snmp_socket ADDRESS', (context, words) => {
    if (words.length > 2) {
      context.complain('extra-words', 'Too many parameters specified for snmp_socket - ignoring');
    } else if (words[1] === undefined) {
      context.complain('bad-value', 'SNMP error : snmp socket name missing');
    } else if (context.global.snmpSocket !== undefined) {
      const text = `SNMP socket already set to ${context.global.snmpSocket} - ignoring`;
      context.complain('duplicate', text, { word: words[1] });
    } else context.global.snmpSocket = words[1];
  }),
  kept('dbus_service_name NAME', (context, words) => {
    if (words[1] === undefined)
      context.complain('bad-value', 'dbus_service_name missing - ignoring');
  }),
  kept('nftables [TABLE]', (context, words) => nftables(context, words, 'nftables')),
  kept('nftables_ipvs [TABLE]', (context, words) => nftables(context, words, 'ipvs nftables')),
  kept('nftables_priority NUMBER', (context, words) => {
    integerOrComplain(context, words, `invalid nftables chain priority '${words[1]}'`);
  }),
  kept('nftables_ipvs_priority NUMBER', (context, words) => {
    integerOrComplain(context, words, `invalid ipvs nftables chain priority '${words[1]}'`);
  }),
  kept('nftables_ipvs_start_fwmark NUMBER', (context, words) => {
    const text = `invalid ipvs nftables start_fwmark priority '${words[1]}'`;
    context.unsigned(words, { least: 1, most: UNSIGNED_MAX, text });
  }),
  kept('vrrp_iptables [IN [OUT]]', (context) => {
    const text =
      'iptables not supported, using nftables instead. Please replace ' +
      "'vrrp_iptables and 'vrrp_ipsets' with 'nftables' config option";
    context.complain('deprecated', text);
    context.global.firewallNamed = true;
  }),
  kept('vrrp_rx_bufs_policy MTU|ADVERT|NUMBER', receiveBufferPolicy),
  kept('vrrp_rx_bufs_multiplier NUMBER', (context, words) => {
    if (words.length !== 2) context.complain('bad-value', 'Invalid vrrp_rx_bufs_multiplier');
    else {
      const text = `Invalid vrrp_rx_bufs_multiplier ${words[1]}`;
      context.unsigned(words, { least: 1, most: UNSIGNED_MAX, text });
    }
  }),
  ...['vrrp_netlink_cmd', 'vrrp_netlink_monitor', 'process_monitor'].flatMap(bufferRows),
  ...['lvs_netlink_cmd', 'lvs_netlink_monitor'].flatMap(bufferRows),
  kept('reload_time_file PATH', (context, words) => {
    if (words.length !== 2) context.complain('bad-value', 'reload_time_file invalid');
  }),
  kept('tmp_config_directory PATH', (context, words) => {
    if (context.global.configDirectory) {
      context.complain('duplicate', 'tmp_config_directory already specified - ignoring');
    } else if (words[1] === undefined) {
      context.complain('bad-value', 'tmp_config_directory missing directory name');
    } else context.global.configDirectory = true;
  }),
  kept('config_save_dir PATH', (context, words) => {
    context.word(words, 1);
  }),
  kept('data_use_instance [BOOL]', (context, words) => {
    const text = `Invalid value '${words[1]}' for global date_use_instance specified`;
    context.boolean(words, text);
  }),
  row('include_check [+|-]NAME…', 'P3', includeCheck),
  row('lvs_sync_daemon INTERFACE [inst NAME] [id ID] …', 'P2', syncDaemon),
  row('lvs_timeouts [tcp N] [tcpfin N] [udp N]', 'P2', lvsTimeouts),
  row('lvs_flush', 'P2', ({ global }) => {
    global.lvsFlush = true;
  }),
  row('lvs_flush_on_stop [VS]', 'P2', flushOnStop),
  row('lvs_flush_onstop [VS]', 'P2', flushOnStop),
];

function kept(
  spelling: string,
  check: (context: ParseContext, words: Words) => void = () => {},
): KeywordRow {
  return row(
    spelling,
    'P3',
    (context, words) => {
      check(context, words);
      context.global.other.push({ keyword: words[0] as string, words: words.slice(1) });
    },
    { status: 'no-effect-here' },
  );
}

function nameRow(keyword: string): KeywordRow {
  return kept(`${keyword} NAME`, (context, words) => {
    const name = context.word(words, 1);
    if (name.length > PROCESS_NAME_MAX) {
      const text = `Process name ${name} more than ${PROCESS_NAME_MAX} characters, truncating`;
      context.complain('too-long', text, { word: name });
    }
  });
}

/** Source: CPU_SETSIZE of glibc. */
const CPU_MAX = 1023;

function processRows(name: (typeof PROCESSES)[number]): readonly KeywordRow[] {
  return [
    kept(`${name}_priority -20..19`, (context, words) => {
      const word = words[1];
      if (word === undefined)
        context.complain('bad-value', `No ${name} process priority specified`);
      else if (readInteger(word, { least: -20, most: 19 }, context.reporter).complained) {
        context.complain('bad-value', `Invalid ${name} process priority specified`, { word });
      }
    }),
    kept(`${name}_rt_priority 1..99`, (context, words) => realtimePriority(context, words, name)),
    kept(`${name}_cpu_affinity CPU…`, (context, words) => {
      if (words[1] === undefined) context.complain('bad-value', `No ${name} cpu_id set specified`);
      for (const word of words.slice(1)) {
        const result = readUnsigned(word, { least: 0, most: CPU_MAX }, context.reporter);
        if (!result.complained) continue;
        context.complain('bad-value', `Invalid cpu_id:0 specified for ${name} process`, { word });
        return;
      }
    }),
    ...['rlimit_rttime', 'rlimit_rtime'].map((keyword) =>
      kept(`${name}_${keyword} NUMBER`, (context, words) => {
        const text = `Invalid ${name} real-time limit - ${words[1]}`;
        context.unsigned(words, { least: 1, most: UNSIGNED_MAX, lenient: true, text });
      }),
    ),
  ];
}

function realtimePriority(context: ParseContext, words: Words, name: string): void {
  const word = words[1];
  if (word === undefined) {
    context.complain('bad-value', `No ${name} process real-time priority specified`);
    return;
  }
  const range = { least: -2_147_483_648, most: 2_147_483_647 };
  const result = readInteger(word, range, context.reporter);
  const what = `${name} process real-time priority`;
  if (result.complained) context.complain('bad-value', `${what} '${word}' invalid`, { word });
  else if (result.value < 1) {
    const text = `${what} ${result.value} less than minimum 1 - setting to minimum`;
    context.complain('bad-value', text, { word });
  } else if (result.value > 99) {
    const text = `${what} ${result.value} greater than maximum 99 - setting to maximum`;
    context.complain('bad-value', text, { word });
  }
}

function bufferRows(type: string): readonly KeywordRow[] {
  return [
    kept(`${type}_rcv_bufs NUMBER`, (context, words) => {
      if (words[1] === undefined) {
        context.complain('bad-value', `${type}_rcv_bufs size missing`);
        return;
      }
      const text = `${type}_rcv_bufs size (${words[1]}) invalid`;
      context.unsigned(words, { least: 0, most: UNSIGNED_MAX, text });
    }),
    kept(`${type}_rcv_bufs_force [BOOL]`, (context, words) => {
      const text = `Invalid value '${words[1]}' for global ${type}_rcv_bufs_force specified`;
      context.boolean(words, text);
    }),
  ];
}

function integerOrComplain(context: ParseContext, words: Words, text: string): void {
  const word = context.word(words, 1);
  const range = { least: -2_147_483_648, most: 2_147_483_647 };
  if (readInteger(word, range, context.reporter).complained) {
    context.complain('bad-value', text, { word });
  }
}

/** NFT_TABLE_MAXNAMELEN. */
const TABLE_NAME_MAX = 255;

function nftables(context: ParseContext, words: Words, what: 'nftables' | 'ipvs nftables'): void {
  const named = what === 'nftables' ? 'firewallNamed' : 'ipvsTableNamed';
  if (context.global[named]) {
    context.complain('duplicate', `${what} already specified - ignoring`);
  } else if ((words[1]?.length ?? 0) > TABLE_NAME_MAX) {
    context.complain('too-long', `${what} table name too long - ignoring`);
  } else context.global[named] = true;
}

function umask(context: ParseContext, words: Words): void {
  const mask = context.word(words, 1);
  if (/^\d/.test(mask)) {
    if (words.length !== 2) context.complain('extra-words', 'Extra parameter(s) to umask option');
    else if (!/^(0[0-7]*|[1-9]\d*|0x[0-9a-f]+)$/i.test(mask) || Number(mask) > 0o777) {
      context.complain('bad-value', `invalid umask value ${mask}`, { word: mask });
    }
    return;
  }
  const bits = words.slice(1).join('');
  const bad = bits.split('|').find((bit) => !/^I[RWX](USR|GRP|OTH)$/.test(bit));
  if (bad !== undefined) context.complain('bad-value', `Unknown umask bit ${bad}`, { word: bad });
}

function receiveBufferPolicy(context: ParseContext, words: Words): void {
  if (words[1] === undefined) {
    context.complain('bad-value', 'vrrp_rx_bufs_policy missing');
    return;
  }
  const policies = words.filter((word) => /^(mtu|advert)$/i.test(word));
  let sized = false;
  for (const word of words.slice(1)) {
    if (policies.includes(word)) continue;
    // 2.2.7 reads the first word as the number, whichever word it is at.
    const range = { least: 0, most: UNSIGNED_MAX };
    if (!readUnsigned(words[1], range, context.reporter).complained) sized = true;
    else context.complain('bad-value', `Invalid vrrp_rx_bufs_policy ${word}`, { word });
  }
  if (sized && policies.length > 0) {
    const text = 'Cannot set vrrp_rx_bufs_policy size and policy, ignoring policy';
    context.complain('conflict', text);
  } else if (policies.length > 1) {
    const text = 'Cannot set both vrrp_rx_bufs_policy MTU and ADVERT, ignoring ADVERT';
    context.complain('conflict', text);
  }
}

const INCLUDE_CHECKS = new Map<string, 'match' | 'wildcard' | 'brace'>([
  ['match', 'match'],
  ['wildcard_match', 'wildcard'],
  ['brace_match', 'brace'],
]);

function includeCheck(context: ParseContext, words: Words): void {
  let checks = { readable: false, match: false, wildcard: false, brace: false };
  if (words.length === 1) checks = { readable: true, match: true, wildcard: true, brace: true };
  else if (/^[+-]/.test(words[1] as string)) checks = { ...context.includes.standing };
  for (const word of words.slice(1)) {
    const name = word.replace(/^[+-]/, '');
    const add = !word.startsWith('-');
    const field = INCLUDE_CHECKS.get(name);
    if (field !== undefined) checks[field] = add;
    else {
      const text = `Unknown include_check type '${name}' - ignoring`;
      context.complain('unknown-option', text, { word });
      continue;
    }
    if (add) checks.readable = true;
  }
  context.includes.standing = checks;
}
