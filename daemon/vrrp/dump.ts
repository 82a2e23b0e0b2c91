/**
 * The texts of keepalived.data (USR1) and keepalived.stats (USR2), with keepalived 2.2.7's content.
 *
 * Source: `keepalived -t -G --dump` recordings in `test/reference/config-diagnostics/dump-vrrp.txt`
 * for the configuration part, keepalived.conf(5) for the rest.
 */

import { calendarOf } from '../base/calendar.ts';
import { elapsed, formatSeconds, type TimeUs } from '../base/time.ts';
import { formatIp, formatPrefix, isIpv4 } from '../wire/ip-address.ts';
import { decodeLatin1 } from '../wire/text.ts';
import type { VirtualAddress } from './vrrp-config.ts';
import { type Instance, isUnicast, type Script, type VrrpMachine } from './vrrp-machine.ts';

/** When a dump is made, on both clocks. */
export interface DumpMoment {
  readonly now: TimeUs;
  readonly wallClockUs: number;
}

/** The content of /tmp/keepalived.stats. */
export function statisticsText(machine: VrrpMachine): string {
  return machine.instances.map(instanceStatistics).join('');
}

/** The content of /tmp/keepalived.data: topology, scripts, groups. */
export function dataText(machine: VrrpMachine, moment: DumpMoment): string {
  const stamp = stampsOf(moment);
  const lines: string[] = ['------< VRRP Topology >------'];
  for (const instance of machine.instances) lines.push(...instanceLines(instance, stamp));
  if (machine.groups.length > 0) {
    lines.push('------< VRRP Sync groups >------');
    for (const group of machine.groups) {
      lines.push(` VRRP Sync Group = ${group.config.name}, ${group.state}`);
      const faulty = group.members.filter((m) => m.faults.size > 0).length;
      const inInit = group.members.filter((m) => m.scriptsInInit.size > 0).length;
      lines.push(`   Num member fault ${faulty}, num member init ${inInit}`);
      lines.push('   VRRP member instances :');
      for (const member of group.members) lines.push(`     ${member.config.name}`);
      lines.push(`   Using smtp notification = ${yesNo(group.config.smtpAlert)}`);
    }
  }
  if (machine.scripts.length > 0) {
    lines.push('------< VRRP Scripts >------');
    for (const script of machine.scripts) lines.push(...scriptLines(script));
  }
  return `${lines.join('\n')}\n`;
}

/** One JSON document as keepalived's `keepalived.json`: an array, one entry an instance. */
export function jsonText(machine: VrrpMachine, moment: DumpMoment): string {
  const stamp = stampsOf(moment);
  return JSON.stringify(machine.instances.map((instance) => instanceJson(instance, stamp)));
}

/** The wall clock of a moment of the machine's own clock, in µs since 1970. */
type Stamps = (at: TimeUs) => number;

function stampsOf({ now, wallClockUs }: DumpMoment): Stamps {
  return (at) => wallClockUs - elapsed(at, now);
}

/** `1795977837.347269 (Sun Nov 29 18:43:57.347269 2026)`. */
function stampText(wallClockUs: number): string {
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

function instanceLines(instance: Instance, stamp: Stamps): string[] {
  const { config } = instance;
  const lines = [
    ` VRRP Instance = ${config.name}`,
    `   VRRP Version = ${config.version}`,
    ...(instance.group === undefined ? [] : [`   Sync group = ${instance.group.config.name}`]),
    `   State = ${instance.state}`,
    ...flagLines(instance),
    `   Wantstate = ${instance.wanted}`,
    `   Number of config faults = 0`,
    `   Number of interface and track script faults = ${instance.faults.size}`,
    `   Number of track scripts init = ${instance.scriptsInInit.size}`,
    `   Last transition = ${stampText(stamp(instance.lastTransitionAt))}`,
    ...(instance.timerDueAt === undefined
      ? []
      : [`   Read timeout = ${stampText(stamp(instance.timerDueAt))}`]),
    ...(instance.state === 'BACKUP' || instance.state === 'MASTER'
      ? [`   Master down timer = ${instance.masterDownInterval} usecs`]
      : []),
    ...interfaceLines(instance),
    ...garpLines(instance),
    `   Down timer adverts = ${config.downTimerAdverts}`,
    `   Send advert after receive lower priority advert = ${!config.lowerPriorityNoAdvert}`,
    `   Send advert after receive higher priority advert = ${config.higherPrioritySendAdvert}`,
    `   Virtual Router ID = ${config.vrid}`,
    `   Priority = ${instance.basePriority}`,
    `   Effective priority = ${instance.effectivePriority}`,
    `   Total priority = ${instance.totalPriority}`,
    `   Advert interval = ${intervalText(instance)}`,
    `   Accept = ${enabled(config.accept)}`,
    `   Preempt = ${enabled(config.preempt)}`,
    ...(config.preemptDelay > 0
      ? [`   Preempt delay = ${formatSeconds(config.preemptDelay)} secs`]
      : []),
    `   Promote_secondaries = ${enabled(config.promoteSecondaries)}`,
    ...authLines(instance),
    ...addressLines(`Virtual IP (${config.addresses.length}):`, config.addresses, instance.vipSet),
    ...addressLines('Virtual IP Excluded :', config.excludedAddresses, instance.vipSet),
    ...unicastLines(instance),
  ];
  if (config.trackedScripts.length > 0) {
    lines.push('   Tracked scripts :');
    for (const item of config.trackedScripts) {
      lines.push(`     ${item.name} weight ${item.weight}${item.reverse ? ' reverse' : ''}`);
    }
  }
  lines.push(`   Using smtp notification = ${yesNo(config.smtpAlert)}`);
  lines.push(`   Notify deleted = ${config.notifyDeleted === true ? 'Deleted' : 'Fault'}`);
  lines.push(`   Notify priority changes = ${config.notifyPriorityChanges}`);
  return lines;
}

function flagLines(instance: Instance): string[] {
  if (!isUnicast(instance.config)) return ['   Flags: none'];
  return ['   Flags:', '     Using unicast'];
}

function interfaceLines(instance: Instance): string[] {
  const { config } = instance;
  const lines: string[] = [];
  if (config.interface !== undefined) {
    const vmac = config.vmac === undefined ? '' : `, vmac on ${config.vmac.base}`;
    const transmit = config.vmac?.transmitOnBase === true ? ', xmit base i/f' : '';
    lines.push(`   Interface = ${config.interface}${vmac}${transmit}`);
  }
  if (instance.source !== undefined) {
    const from = config.sourceAddress === undefined ? '' : ' (from configuration)';
    lines.push(`   Using src_ip = ${formatIp(instance.source)}${from}`);
  }
  if (!isUnicast(config)) lines.push(`   Multicast address ${formatIp(config.multicastGroup)}`);
  return lines;
}

function unicastLines({ config, oldUnicastChecksum }: Instance): string[] {
  if (!isUnicast(config)) return [];
  const peers = config.unicastPeers.map(
    ({ address, minTtl, maxTtl }) =>
      `     ${formatIp(address)} min_ttl ${minTtl ?? 0} max_ttl ${maxTtl ?? 255}`,
  );
  return [
    `   Unicast TTL = ${config.unicastTtl}`,
    `   Check unicast src : ${yesNo(config.checkUnicastSource)}`,
    '   Unicast Peer :',
    ...peers,
    `   Unicast checksum compatibility = ${yesNo(oldUnicastChecksum)}`,
  ];
}

function garpLines(instance: Instance): string[] {
  const { garp } = instance.config;
  return [
    `   Gratuitous ARP delay = ${wholeSeconds(garp.delay)}`,
    `   Gratuitous ARP repeat = ${garp.repeat}`,
    `   Gratuitous ARP refresh = ${wholeSeconds(garp.refresh)}`,
    `   Gratuitous ARP refresh repeat = ${garp.refreshRepeat}`,
    `   Gratuitous ARP lower priority delay = ${wholeSeconds(garp.lowerPriorityDelay)}`,
    `   Gratuitous ARP lower priority repeat = ${garp.lowerPriorityRepeat}`,
  ];
}

function addressLines(title: string, addresses: readonly VirtualAddress[], set: boolean): string[] {
  if (addresses.length === 0) return [];
  return [`   ${title}`, ...addresses.map((vip) => `     ${addressText(vip, set)}`)];
}

/** As exporters take it apart: address, `dev`, interface. The length of a host address is left out. */
function addressText(vip: VirtualAddress, set: boolean): string {
  const isHost = vip.length === (isIpv4(vip.address) ? 32 : 128);
  const words = [isHost ? formatIp(vip.address) : formatPrefix(vip), 'dev', vip.interface];
  words.push('scope', vip.scope);
  if (vip.label !== undefined) words.push('label', vip.label);
  if (set) words.push('set');
  return words.join(' ');
}

const RUNNING_TEXTS = {
  idle: 'idle',
  running: 'running',
  terminating: 'requested termination',
  killing: 'forcing termination',
} as const;

function scriptLines(script: Script): string[] {
  const { config } = script;
  return [
    ` VRRP Script = ${config.name}`,
    `   Command = ${config.arguments.map((word) => `'${word}'`).join(' ')}`,
    `   Interval = ${wholeSeconds(config.interval)} sec`,
    `   Timeout = ${wholeSeconds(config.timeout)} sec`,
    `   Weight = ${config.weight}${config.reverse ? ' reverse' : ''}`,
    `   Rise = ${config.rise}`,
    `   Fall = ${config.fall}`,
    `   Result = ${script.result}`,
    `   Init state = ${script.phase === 'init' ? 'INIT' : script.phase === 'done' ? 'GOOD' : 'FAILED'}`,
    `   Status = ${script.result >= config.rise ? 'GOOD' : 'BAD'}`,
    '   Tracking instances :',
    ...script.followers.map((f) => `     ${f.instance.config.name}, weight ${f.weight}`),
    `   State = ${RUNNING_TEXTS[script.running]}`,
  ];
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

function wholeSeconds(duration: number): string {
  return String(duration / 1_000_000);
}

function intervalText(instance: Instance): string {
  const { advertInterval, version } = instance.config;
  if (version === 2) return `${wholeSeconds(advertInterval)} sec`;
  return `${Math.trunc(advertInterval / 1000)} milli-sec`;
}

/** The key without its zero padding. */
function passwordText(key: Uint8Array): string {
  const end = key.indexOf(0);
  return decodeLatin1(end < 0 ? key : key.subarray(0, end));
}

/** Version 3 has none and says nothing of it. */
function authLines({ config }: Instance): string[] {
  if (config.version === 3) return [];
  const type = config.authentication?.type;
  const text = { none: 'none', PASS: 'SIMPLE_PASSWORD', AH: 'IPSEC_AH' }[type ?? 'none'];
  const lines = [`   Authentication type = ${text}`];
  const { authentication } = config;
  if (authentication !== undefined) lines.push(`   Password = ${passwordText(authentication.key)}`);
  return lines;
}

function enabled(value: boolean): string {
  return value ? 'enabled' : 'disabled';
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
