/** `global_defs`: what the rest of this program reads. Source: keepalived.conf(5), 2.2.7. */

import { isIpv4, parseIp } from '../../wire/ip-address.ts';
import { isMulticastIpv4 } from '../../wire/ipv4-address.ts';
import { isMulticastIpv6 } from '../../wire/ipv6-address.ts';
import { readWordBlock } from '../block-parser.ts';
import type { GlobalDraft } from '../global-draft.ts';
import { isNowhere } from '../host-names.ts';
import { type KeywordRow, row } from '../keyword-row.ts';
import { readDecimal, readInteger, readUnsigned, SECONDS_MAX, UNSIGNED_MAX } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import { globalPlumbingRows } from './global-plumbing.ts';
import { globalScriptRows } from './global-scripts.ts';

type Words = readonly string[];

/** keepalived's interval limit: UINT_MAX µs. */
const INTERVAL_US_MAX = 4_294_967_295;

const mailRows: readonly KeywordRow[] = [
  row('router_id NAME', 'P1', (context, words) => {
    if (words[1] === undefined) context.complain('bad-value', 'routerid name missing - ignoring');
    else context.global.routerId = words[1];
  }),
  row('notification_email { ADDRESS… }', 'P1', (context, words) => {
    const addresses = readWordBlock(context, words);
    if (addresses.length === 0) {
      context.complain('empty-block', 'Warning - empty notification_email block');
    }
    context.global.recipients.push(...addresses);
  }),
  row('notification_email_from ADDRESS', 'P1', (context, words) => {
    if (words[1] === undefined) context.complain('bad-value', 'emailfrom missing - ignoring');
    else context.global.sender = words[1];
  }),
  row('smtp_server HOST [PORT]', 'P1', (context, words) => {
    const host = context.word(words, 1);
    const word = words[2] ?? '25';
    const range = { least: 1, most: 65_535 };
    const result = readUnsigned(word, range, context.reporter);
    // The port is read twice, for either form of address.
    if (result.complained) readUnsigned(word, range, context.reporter);
    if (result.complained || isNowhere(host)) {
      const wrong = result.complained ? word : host;
      context.complain('bad-value', `Invalid smtp server ${host} ${word}`, { word: wrong });
      return;
    }
    context.global.smtpServer = { host, port: result.value };
  }),
  row('smtp_helo_name NAME', 'P1', (context, words) => {
    if (words[1] !== undefined) context.global.heloName = words[1];
  }),
  row('smtp_connect_timeout SECONDS', 'P1', (context, words) => {
    const text = `smtp_connect_timeout '${words[1]}' must be in [0, ${SECONDS_MAX}] - ignoring`;
    const result = context.unsigned(words, { least: 0, most: SECONDS_MAX, lenient: true, text });
    if (!result.usable) return;
    const zero = 'smtp_conect_timeout must be greater than 0, setting to 1';
    context.complainOfZero(result, zero, undefined);
    context.global.smtpTimeoutUs = Math.max(1, result.value) * 1_000_000;
  }),
  alertRow('smtp_alert', 'P2', (global, value) => {
    global.smtpAlert = value;
  }),
  alertRow('smtp_alert_vrrp', 'P2', (global, value) => {
    global.smtpAlertVrrp = value;
  }),
  alertRow('smtp_alert_checker', 'P2', (global, value) => {
    global.smtpAlertChecker = value;
  }),
  row('no_email_faults', 'P3', ({ global }) => {
    global.noEmailFaults = true;
  }),
  alertRow('no_checker_emails', 'P3', (global, value) => {
    global.noCheckerEmails = value;
  }),
  alertRow('rs_init_notifies', 'P3', (global, value) => {
    global.realServerInitNotifies = value;
  }),
  row('checker_log_all_failures [BOOL]', 'P2', (context, words) => {
    const value = context.boolean(words, 'Invalid value for checker_log_all_failures specified');
    if (value !== undefined) context.global.checkerLogAllFailures = value;
  }),
];

const vrrpRows: readonly KeywordRow[] = [
  row('vrrp_version 2|3', 'P1', (context, words) => {
    const word = context.word(words, 1);
    const result = readInteger(word, { least: 2, most: 3, lenient: true }, context.reporter);
    if (result.complained) {
      context.complain('bad-value', 'VRRP Error: Version must be either 2 or 3', { word });
    }
    if (result.usable) context.global.version = result.value === 3 ? 3 : 2;
  }),
  row('vrrp_strict', 'P1', ({ global }) => {
    global.strict = true;
  }),
  row('vrrp_skip_check_adv_addr', 'P1', ({ global }) => {
    global.skipCheckAdvertAddresses = true;
  }),
  row(
    'v3_checksum_as_v2 [BOOL]',
    'P3',
    (context, words) => {
      const text = `Invalid value '${words[1]}' for global v3_checksum_as_v2 specified`;
      const { global } = context;
      global.v3ChecksumAsV2 = context.boolean(words, text) ?? global.v3ChecksumAsV2;
    },
    { since: '2.2.8' },
  ),
  row(
    'vrrp_owner_ignore_adverts',
    'P3',
    ({ global }) => {
      global.ownerIgnoreAdverts = true;
    },
    { since: '2.3.3' },
  ),
  row('vrrp_check_unicast_src', 'P2', ({ global }) => {
    global.checkUnicastSource = true;
  }),
  row('vrrp_mcast_group4 ADDRESS', 'P2', (context, words) => multicastGroup(context, words, 4)),
  row('vrrp_mcast_group6 ADDRESS', 'P2', (context, words) => multicastGroup(context, words, 6)),
  secondsRow('vrrp_garp_master_delay', 'P1', (global, seconds) => {
    global.garpDelayUs = seconds * 1_000_000;
  }),
  repeatRow('vrrp_garp_master_repeat', 'P1', (global, count) => {
    global.garpRepeat = count;
  }),
  row('vrrp_garp_master_refresh SECONDS', 'P1', (context, words) => {
    const text = `Invalid vrrp_garp_master_refresh '${words[1]}' - ignoring`;
    const result = context.unsigned(words, { least: 0, most: UNSIGNED_MAX, lenient: true, text });
    context.global.garpRefreshS = result.usable ? result.value : 0;
  }),
  repeatRow('vrrp_garp_master_refresh_repeat', 'P2', (global, count) => {
    global.garpRefreshRepeat = count;
  }),
  secondsRow('vrrp_garp_lower_prio_delay', 'P2', (global, seconds) => {
    global.garpLowerDelayUs = seconds * 1_000_000;
  }),
  row('vrrp_garp_lower_prio_repeat COUNT', 'P2', (context, words) => {
    const text = `Invalid vrrp_garp_lower_prio_repeat '${words[1]}'`;
    const result = context.unsigned(words, { least: 0, most: 2_147_483_647, lenient: true, text });
    if (result.usable) context.global.garpLowerRepeat = result.value;
  }),
  intervalRow('vrrp_garp_interval', (global, us) => {
    global.garpIntervalUs = us;
  }),
  intervalRow('vrrp_gna_interval', (global, us) => {
    global.gnaIntervalUs = us;
  }),
  row('vrrp_min_garp [BOOL]', 'P2', (context, words) => {
    const value = context.boolean(words, 'Invalid value for vrrp_min_garp specified');
    if (value === true) minimalGarp(context.global);
  }),
  row('vrrp_garp_extra_if [all] SECONDS', 'P3', extraInterfaceGarp),
  row('vrrp_vmac_garp_intvl [all] SECONDS', 'P3', extraInterfaceGarp),
  row('vrrp_lower_prio_no_advert [BOOL]', 'P2', (context, words) => {
    const text = 'Invalid value for vrrp_lower_prio_no_advert specified';
    const value = context.boolean(words, text);
    if (value !== undefined) context.global.lowerPriorityNoAdvert = value;
  }),
  row('vrrp_higher_prio_send_advert [BOOL]', 'P2', (context, words) => {
    const text = 'Invalid value for vrrp_higher_prio_send_advert specified';
    const value = context.boolean(words, text);
    if (value !== undefined) context.global.higherPrioritySendAdvert = value;
  }),
  row('vrrp_down_timer_adverts 1..100', 'P2', (context, words) => {
    const text = `Invalid vrrp_down_timer_adverts [1:100] '${words[1]}'`;
    const result = context.unsigned(words, { least: 1, most: 100, lenient: true, text });
    if (result.usable) context.global.downTimerAdverts = result.value;
  }),
  row('vrrp_startup_delay SECONDS', 'P2', (context, words) => {
    const us = interval(context, words, 'vrrp_startup_delay', 1000);
    if (us !== undefined) context.global.startupDelayUs = us;
  }),
  row(
    'vrrp_delay_after_boot SECONDS',
    'P2',
    (context, words) => {
      const us = interval(context, words, 'vrrp_delay_after_boot', 1000);
      if (us !== undefined) context.global.delayAfterBootUs = us;
    },
    { since: '2.4.0' },
  ),
  row('log_unknown_vrids', 'P3', ({ global }) => {
    global.logUnknownVrids = true;
  }),
  row('default_interface NAME', 'P2', (context, words) => {
    if (words[1] === undefined) {
      context.complain('bad-value', 'default_interface requires interface name');
    } else context.global.defaultInterface = words[1];
  }),
  row('dynamic_interfaces [allow_if_changes]', 'P2', (context, words) => {
    context.global.dynamicInterfaces = 'yes';
    const option = words[1];
    if (option === 'allow_if_changes') context.global.dynamicInterfaces = 'allow-if-changes';
    else if (option !== undefined) {
      const text = `Unknown dynamic_interfaces option '${option}'`;
      context.complain('unknown-option', text, { word: option });
    }
  }),
  row('vmac_prefix PREFIX', 'P3', (context, words) => {
    const prefix = context.word(words, 1);
    if (context.global.vmacPrefix !== undefined) {
      const text = `vmac prefix has already been specified - ignoring ${prefix}`;
      context.complain('duplicate', text, { word: prefix });
    } else context.global.vmacPrefix = prefix;
  }),
  row('vmac_addr_prefix PREFIX', 'P3', (context, words) => {
    const prefix = context.word(words, 1);
    if (context.global.vmacAddrPrefix !== undefined) {
      const text = `vmac_addr prefix has already been specified - ignoring ${prefix}`;
      context.complain('duplicate', text, { word: prefix });
    } else context.global.vmacAddrPrefix = prefix;
  }),
];

/** All rows of global_defs. */
export const globalDefsRows: readonly KeywordRow[] = [
  ...mailRows,
  ...vrrpRows,
  ...globalScriptRows,
  ...globalPlumbingRows,
];

function alertRow(
  keyword: string,
  importance: 'P2' | 'P3',
  set: (global: GlobalDraft, value: boolean) => void,
): KeywordRow {
  return row(`${keyword} [BOOL]`, importance, (context, words) => {
    const text = `Invalid value '${words[1]}' for global ${keyword} specified`;
    const value = context.boolean(words, text);
    if (value !== undefined) set(context.global, value);
  });
}

function secondsRow(
  keyword: string,
  importance: 'P1' | 'P2',
  set: (global: GlobalDraft, seconds: number) => void,
): KeywordRow {
  return row(`${keyword} SECONDS`, importance, (context, words) => {
    const text = `${keyword} '${words[1]}' invalid - ignoring`;
    const result = context.unsigned(words, { least: 0, most: SECONDS_MAX, lenient: true, text });
    if (result.usable) set(context.global, result.value);
  });
}

function repeatRow(
  keyword: string,
  importance: 'P1' | 'P2',
  set: (global: GlobalDraft, count: number) => void,
): KeywordRow {
  return row(`${keyword} COUNT`, importance, (context, words) => {
    const text = `${keyword} '${words[1]}' invalid - ignoring`;
    const result = context.unsigned(words, { least: 0, most: UNSIGNED_MAX, lenient: true, text });
    if (!result.usable) return;
    context.complainOfZero(result, `${keyword} must be greater than 0, setting to 1`, undefined);
    set(context.global, Math.max(1, result.value));
  });
}

function intervalRow(keyword: string, set: (global: GlobalDraft, us: number) => void): KeywordRow {
  return row(`${keyword} SECONDS`, 'P2', (context, words) => {
    const us = interval(context, words, keyword);
    if (us !== undefined) set(context.global, us);
  });
}

function interval(
  context: ParseContext,
  words: Words,
  keyword: string,
  least = 1,
): number | undefined {
  const word = context.word(words, 1);
  const range = { least, most: INTERVAL_US_MAX, lenient: true, decimals: 6 };
  const result = readDecimal(word, range, context.reporter);
  if (!result.usable) context.complain('bad-value', `${keyword} '${word}' is invalid`, { word });
  return result.usable ? result.value : undefined;
}

function multicastGroup(context: ParseContext, words: Words, version: 4 | 6): void {
  const word = context.word(words, 1);
  const keyword = `vrrp_mcast_group${version}`;
  const address = parseIp(word);
  const problem = (text: string) => {
    context.complain('bad-address', text, { word });
  };
  if (address === undefined) {
    problem(`Can't parse ${keyword} [${word}]. Skipping`);
  } else if (isIpv4(address) !== (version === 4)) {
    problem(`${keyword} [${word}] is not IPv${version}. Skipping`);
  } else if (!(isIpv4(address) ? isMulticastIpv4(address) : isMulticastIpv6(address))) {
    problem(`${keyword} [${word}] is not multicast. Skipping`);
  } else if (version === 4) context.global.multicastGroup4 = address;
  else context.global.multicastGroup6 = address;
}

function minimalGarp(global: GlobalDraft): void {
  if (global.garpRepeat === 5) global.garpRepeat = 1;
  if (global.garpRefreshRepeat === 1) global.garpRefreshRepeat = 0;
  if (global.garpDelayUs === 5_000_000) global.garpDelayUs = 0;
}

function extraInterfaceGarp(context: ParseContext, words: Words): void {
  const keyword = words[0] as string;
  if (keyword === 'vrrp_vmac_garp_intvl') {
    const text = `Keyword "${keyword}" is deprecated - please use "vrrp_garp_extra_if"`;
    context.complain('deprecated', text, { word: keyword });
  }
  let seconds = 0;
  for (const word of words.slice(1)) {
    if (word === 'all') {
      context.global.garpExtraAll = true;
      continue;
    }
    const range = { least: 1, most: 86_400, lenient: true };
    const result = readUnsigned(word, range, context.reporter);
    if (result.complained) {
      context.complain('bad-value', `${keyword} '${word}' invalid - ignoring`, { word });
    }
    if (!result.usable) return;
    seconds = result.value;
  }
  if (seconds === 0) {
    context.complain('bad-value', `${keyword} specified without time - ignoring`);
    return;
  }
  context.global.garpExtraS = seconds;
}
