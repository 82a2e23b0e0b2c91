/**
 * The texts of keepalived.data (USR1) and keepalived.stats (USR2), with keepalived 2.2.7's content.
 *
 * Source: `keepalived -t -G --dump` recordings in `test/reference/config-diagnostics/dump-vrrp.txt`
 * for the configuration part, keepalived.conf(5) for the rest.
 */

import { formatSeconds } from '../base/time.ts';
import { formatIp, formatPrefix } from '../wire/ip-address.ts';
import type { VirtualAddress } from './vrrp-config.ts';
import { type Instance, isUnicast, type Script, type VrrpMachine } from './vrrp-machine.ts';

/** The content of /tmp/keepalived.stats. */
export function statisticsText(machine: VrrpMachine): string {
  return machine.instances.map(instanceStatistics).join('');
}

/** The content of /tmp/keepalived.data: topology, scripts, groups. */
export function dataText(machine: VrrpMachine): string {
  const lines: string[] = ['------< VRRP Topology >------'];
  for (const instance of machine.instances) lines.push(...instanceLines(instance));
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
export function jsonText(machine: VrrpMachine): string {
  return JSON.stringify(machine.instances.map(instanceJson));
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

function instanceLines(instance: Instance): string[] {
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
    `   Last transition = ${formatSeconds(instance.lastTransitionAt)}`,
    ...(instance.timerDueAt === undefined
      ? []
      : [`   Read timeout = ${formatSeconds(instance.timerDueAt)}`]),
    ...(instance.state === 'BACKUP'
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
    `   Authentication type = ${authText(instance)}`,
    ...addressLines('Virtual IP', config.addresses),
    ...addressLines('Virtual IP Excluded', config.excludedAddresses),
  ];
  if (config.trackedScripts.length > 0) {
    lines.push('   Tracked scripts :');
    for (const item of config.trackedScripts) {
      lines.push(`     ${item.name} weight ${item.weight}${item.reverse ? ' reverse' : ''}`);
    }
  }
  lines.push(`   Using smtp notification = ${yesNo(config.smtpAlert)}`);
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
  if (instance.source !== undefined) lines.push(`   Using src_ip = ${formatIp(instance.source)}`);
  if (!isUnicast(config)) {
    lines.push(`   Multicast address ${formatIp(config.multicastGroup)}`);
    return lines;
  }
  lines.push('   Unicast Peer :');
  for (const peer of config.unicastPeers) lines.push(`     ${formatIp(peer.address)}`);
  return lines;
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

function addressLines(title: string, addresses: readonly VirtualAddress[]): string[] {
  if (addresses.length === 0) return [];
  const lines = [`   ${title} (${addresses.length}):`];
  for (const vip of addresses) {
    const label = vip.label === undefined ? '' : ` label ${vip.label}`;
    lines.push(`     ${formatPrefix(vip)} dev ${vip.interface} scope ${vip.scope}${label}`);
  }
  return lines;
}

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
    `   State = ${script.running}`,
  ];
}

function instanceJson(instance: Instance): object {
  const { config, statistics: s } = instance;
  return {
    data: {
      iname: config.name,
      state: ['INIT', 'BACKUP', 'MASTER', 'FAULT'].indexOf(instance.state),
      wantstate: ['INIT', 'BACKUP', 'MASTER', 'FAULT'].indexOf(instance.wanted),
      vrid: config.vrid,
      base_priority: instance.basePriority,
      effective_priority: instance.effectivePriority,
      vipset: instance.vipSet,
      adver_int: Math.trunc(config.advertInterval / 1_000_000),
      vips: config.addresses.map((vip) => formatPrefix(vip)),
      evips: config.excludedAddresses.map((vip) => formatPrefix(vip)),
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

function wholeSeconds(duration: number): string {
  return String(duration / 1_000_000);
}

function intervalText(instance: Instance): string {
  const { advertInterval, version } = instance.config;
  if (version === 2) return `${wholeSeconds(advertInterval)} sec`;
  return `${Math.trunc(advertInterval / 1000)} milli-sec`;
}

function authText(instance: Instance): string {
  const type = instance.config.authentication?.type;
  if (type === undefined) return 'none';
  return type === 'AH' ? 'IPSEC_AH' : 'SIMPLE_PASSWORD';
}

function enabled(value: boolean): string {
  return value ? 'enabled' : 'disabled';
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
