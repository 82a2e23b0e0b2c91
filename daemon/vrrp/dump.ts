/**
 * The texts of keepalived.stats (USR2) and keepalived.json, with keepalived 2.2.7's content; that of
 * keepalived.data is `daemon/core/data-dump.ts`.
 */

import { calendarOf } from '../base/calendar.ts';
import { elapsed, type TimeUs } from '../base/time.ts';
import { formatIp, formatPrefix, isIpv4 } from '../wire/ip-address.ts';
import { decodeLatin1 } from '../wire/text.ts';
import type { VirtualAddress } from './vrrp-config.ts';
import type { Instance, VrrpMachine } from './vrrp-machine.ts';

/** When a dump is made, on both clocks. */
export interface DumpMoment {
  readonly now: TimeUs;
  readonly wallClockUs: number;
}

/** The content of /tmp/keepalived.stats. */
export function statisticsText(machine: VrrpMachine): string {
  return machine.instances.map(instanceStatistics).join('');
}

/** One JSON document as keepalived's `keepalived.json`: an array, one entry an instance. */
export function jsonText(machine: VrrpMachine, moment: DumpMoment): string {
  const stamp = stampsOf(moment);
  return JSON.stringify(machine.instances.map((instance) => instanceJson(instance, stamp)));
}

/** The wall clock of a moment of the machine's own clock, in µs since 1970. */
export type Stamps = (at: TimeUs) => number;

/** Stamps of all moments, from one that is known on both clocks. */
export function stampsOf({ now, wallClockUs }: DumpMoment): Stamps {
  return (at) => wallClockUs - elapsed(at, now);
}

/** `1795977837.347269 (Sun Nov 29 18:43:57.347269 2026)`. */
export function stampText(wallClockUs: number): string {
  const fraction = String(wallClockUs % 1_000_000).padStart(6, '0');
  const { weekday, month, day, clock, year } = calendarOf(wallClockUs);
  const date = `${weekday} ${month} ${String(day).padStart(2)} ${clock}.${fraction} ${year}`;
  return `${Math.floor(wallClockUs / 1_000_000)}.${fraction} (${date})`;
}

function instanceStatistics(instance: Instance): string {
  const s = instance.statistics;
  return [
    `VRRP Instance: ${instance.config.name}`,
    '  Advertisements:',
    `    Received: ${s.advertsReceived}`,
    `    Sent: ${s.advertsSent}`,
    `  Became master: ${s.becameMaster}`,
    `  Released master: ${s.releasedMaster}`,
    '  Packet Errors:',
    `    Length: ${s.packetLengthErrors}`,
    `    TTL: ${s.ttlErrors}`,
    `    Invalid Type: ${s.invalidTypeReceived}`,
    `    Advertisement Interval: ${s.advertIntervalErrors}`,
    `    Address List: ${s.addressListErrors}`,
    '  Authentication Errors:',
    `    Invalid Type: ${s.invalidAuthType}`,
    `    Type Mismatch: ${s.authTypeMismatch}`,
    `    Failure: ${s.authFailures}`,
    '  Priority Zero:',
    `    Received: ${s.priorityZeroReceived}`,
    `    Sent: ${s.priorityZeroSent}`,
    '',
  ].join('\n');
}

function instanceJson(instance: Instance, stamp: Stamps): object {
  const { config, statistics: s } = instance;
  const { garp } = config;
  const vips = (addresses: readonly VirtualAddress[]) =>
    addresses.map((vip) => addressText(vip, instance.vipSet));
  return {
    data: {
      iname: config.name,
      dont_track_primary: Number(config.dontTrackPrimary),
      skip_check_adv_addr: Number(config.skipCheckAdvertAddresses),
      strict_mode: Number(config.strict),
      vmac_ifname: config.vmac === undefined ? '' : (config.interface ?? ''),
      ifp_ifname: config.configuredInterface ?? config.interface ?? '',
      master_priority: instance.masterPriority,
      last_transition: stamp(instance.lastTransitionAt) / 1_000_000,
      garp_delay: garp.delay / 1_000_000,
      garp_refresh: garp.refresh / 1_000_000,
      garp_rep: garp.repeat,
      garp_refresh_rep: garp.refreshRepeat,
      garp_lower_prio_delay: garp.lowerPriorityDelay / 1_000_000,
      garp_lower_prio_rep: garp.lowerPriorityRepeat,
      lower_prio_no_advert: Number(config.lowerPriorityNoAdvert),
      higher_prio_send_advert: Number(config.higherPrioritySendAdvert),
      vrid: config.vrid,
      base_priority: instance.basePriority,
      effective_priority: instance.effectivePriority,
      vipset: instance.vipSet,
      promote_secondaries: config.promoteSecondaries,
      adver_int: config.advertInterval / 1_000_000,
      master_adver_int: instance.masterAdvertInterval / 1_000_000,
      accept: Number(config.accept),
      nopreempt: !config.preempt,
      preempt_delay: config.preemptDelay / 1_000_000,
      state: ['INIT', 'BACKUP', 'MASTER', 'FAULT'].indexOf(instance.state),
      wantstate: ['INIT', 'BACKUP', 'MASTER', 'FAULT'].indexOf(instance.wanted),
      version: config.version,
      smtp_alert: config.smtpAlert,
      notify_deleted: config.notifyDeleted === true,
      // What an instance has none of is not there at all.
      ...(config.addresses.length === 0 ? {} : { vips: vips(config.addresses) }),
      ...(config.excludedAddresses.length === 0 ? {} : { evips: vips(config.excludedAddresses) }),
      auth_type: AUTH_NUMBERS[config.authentication?.type ?? 'none'],
      ...(config.authentication === undefined
        ? {}
        : { auth_data: passwordText(config.authentication.key) }),
    },
    stats: {
      advert_rcvd: s.advertsReceived,
      advert_sent: s.advertsSent,
      become_master: s.becameMaster,
      release_master: s.releasedMaster,
      packet_len_err: s.packetLengthErrors,
      advert_interval_err: s.advertIntervalErrors,
      ip_ttl_err: s.ttlErrors,
      invalid_type_rcvd: s.invalidTypeReceived,
      addr_list_err: s.addressListErrors,
      invalid_authtype: s.invalidAuthType,
      authtype_mismatch: s.authTypeMismatch,
      auth_failure: s.authFailures,
      pri_zero_rcvd: s.priorityZeroReceived,
      pri_zero_sent: s.priorityZeroSent,
    },
  };
}

const AUTH_NUMBERS = { none: 0, PASS: 1, AH: 2 } as const;

function passwordText(key: Uint8Array): string {
  const end = key.indexOf(0);
  return decodeLatin1(end < 0 ? key : key.subarray(0, end));
}

function addressText(vip: VirtualAddress, set: boolean): string {
  const isHost = vip.length === (isIpv4(vip.address) ? 32 : 128);
  const words = [isHost ? formatIp(vip.address) : formatPrefix(vip), 'dev', vip.interface];
  words.push('scope', vip.scope);
  if (vip.label !== undefined) words.push('label', vip.label);
  if (set) words.push('set');
  return words.join(' ');
}
