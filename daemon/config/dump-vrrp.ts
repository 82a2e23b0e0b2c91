/**
 * The VRRP half of a configuration as keepalived dumps it at start with `-d`, line by line, so that it can
 * be compared with a real one. Values that only a running daemon has (effective priority, sockets) are not
 * in this form of the dump.
 *
 * Source: test/reference/config-diagnostics/dump-vrrp.txt and -own.
 */

import type { SyncGroupConfig, VrrpConfig, VrrpInstanceConfig } from '../vrrp/vrrp-config.ts';
import { formatIp, isIpv4 } from '../wire/ip-address.ts';
import { formatMac } from '../wire/mac-address.ts';
import { decodeUtf8 } from '../wire/text.ts';
import { dumpAddress } from './dump-addresses.ts';
import { dumpNotify } from './dump-notify.ts';
import { dumpRoute, dumpRule } from './dump-routes.ts';
import { dumpFiles, dumpProcesses, dumpScript, dumpTracking, list } from './dump-tracking.ts';
import type { ConfigInterface } from './parse-context.ts';
import type { IdsOf } from './user-ids.ts';

/** What the dump needs besides: interfaces of the host, for the source address. */
export interface DumpFacts {
  readonly interfaces: readonly ConfigInterface[];
  /** Numbers of users; without it everybody is root. */
  readonly idsOf?: IdsOf;
}

/** Renders the sections of the VRRP process, each line ended by a line feed; empty without instances. */
export function dumpVrrp(config: VrrpConfig, facts: DumpFacts): string {
  const lines = [
    ...section(
      'Static Addresses',
      config.staticAddresses.map((one) => `${dumpAddress(one, [])} set`),
    ),
    ...section('Static Routes', config.staticRoutes.map(dumpRoute)),
    ...section('Static Rules', config.staticRules.map(dumpRule)),
    ...section(
      'Static Track groups',
      config.trackGroups.flatMap((group) => [
        ` Static Track Group = ${group.name}`,
        '   VRRP member instances :',
        ...group.instances.map((name) => `     ${name}`),
      ]),
    ),
    ...section(
      'VRRP Topology',
      config.instances.flatMap((one) => dumpInstance(one, config, facts)),
    ),
    ...section(
      'VRRP Sync groups',
      config.syncGroups.flatMap((one) => dumpGroup(one, config, facts)),
    ),
    ...section(
      'VRRP Scripts',
      config.scripts.flatMap((one) => dumpScript(one, config, facts.idsOf)),
    ),
    ...section('VRRP Track files', dumpFiles(config)),
    ...section('VRRP Track processes', dumpProcesses(config)),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`------< ${title} >------`, ...lines];
}

function dumpInstance(
  one: VrrpInstanceConfig,
  config: VrrpConfig,
  facts: DumpFacts,
): readonly string[] {
  const group = config.syncGroups.find((other) => other.instances.includes(one.name));
  return [
    ` VRRP Instance = ${one.name}`,
    `   VRRP Version = ${one.version}`,
    ...(group === undefined ? [] : [`   Sync group = ${group.name}`]),
    ...(one.family === 'inet6' ? ['   Using Native IPv6'] : []),
    ...dumpFlags(one),
    `   Wantstate = ${one.wantedState}`,
    `   Number of config faults = ${one.configFaults ?? 0}`,
    ...dumpInterface(one),
    ...(one.dontTrackPrimary ? ['   VRRP interface tracking disabled'] : []),
    ...(one.skipCheckAdvertAddresses ? ['   Skip checking advert IP addresses'] : []),
    ...(one.strict ? ['   Enforcing strict VRRP compliance'] : []),
    `   Using src_ip = ${sourceText(one, facts)}`,
    ...dumpMulticast(one, facts),
    ...dumpTimers(one),
    ...dumpSwitches(one),
    ...dumpAddresses(one),
    ...dumpPeers(one),
    ...list('   Virtual Routes :', one.routes.map(dumpRoute)),
    ...list('   Virtual Rules :', one.rules.map(dumpRule)),
    ...dumpTracking(one, { processes: '   Tracked processes :' }),
    `   Using smtp notification = ${one.smtpAlert ? 'yes' : 'no'}`,
    `   Notify deleted = ${one.notifyDeleted === true ? 'Deleted' : 'Fault'}`,
    ...dumpNotify(one.notify, facts.idsOf),
    `   Notify priority changes = ${one.notifyPriorityChanges}`,
  ];
}

function dumpFlags(one: VrrpInstanceConfig): readonly string[] {
  const unicast = one.unicastPeers.length > 0;
  const lost = one.unicastWithoutPeers === true;
  const flagged =
    unicast ||
    lost ||
    one.unicastFaultNoPeer ||
    one.skipCheckAdvertAddresses ||
    !one.preempt ||
    one.dontTrackPrimary ||
    one.promoteSecondaries ||
    one.trackSourceAddress ||
    one.garp.extraAll ||
    one.vmac !== undefined ||
    one.ipvlan !== undefined;
  if (!flagged) return ['   Flags: none'];
  return [
    '   Flags:',
    ...(unicast ? ['     Using unicast'] : []),
    ...(lost ? ['     Unicast config option specified but using multicast'] : []),
    ...(one.unicastFaultNoPeer ? ['     If unicast go to fault state if no peers'] : []),
  ];
}

function dumpInterface(one: VrrpInstanceConfig): readonly string[] {
  const { vmac, ipvlan } = one;
  const lines: string[] = [];
  if (vmac !== undefined) {
    lines.push(
      `   Use VMAC, i/f name ${vmac.name}, is_up = true, xmit_base = ${vmac.transmitOnBase}`,
    );
    const standard = 0x0000_5e00_0100 + (one.family === 'inet6' ? 0x100 : 0) + one.vrid;
    if (vmac.mac !== standard) lines.push(`     MAC = ${formatMac(vmac.mac)}`);
    if (vmac.addresses) lines.push('   Use VMAC for VIPs on other interfaces');
    const base = vmac.transmitOnBase ? ', xmit base i/f' : '';
    return [...lines, `   Interface = ${vmac.name}, vmac on ${vmac.base}${base}`];
  }
  if (ipvlan !== undefined) {
    const own = ipvlan.address === undefined ? '' : `, i/f address = ${formatIp(ipvlan.address)}`;
    const length = ipvlan.length === undefined || own === '' ? '' : `/${ipvlan.length}`;
    return [
      `   Use IPVLAN, i/f ${ipvlan.name}, is_up = false${own}${length}, type ${ipvlan.mode}`,
      `   Interface = ${ipvlan.name}, ipvlan on ${ipvlan.base}`,
    ];
  }
  return [`   Interface = ${one.interface ?? 'not configured'}`];
}

function sourceText(one: VrrpInstanceConfig, facts: DumpFacts): string {
  if (one.sourceAddress !== undefined) {
    return `${formatIp(one.sourceAddress)} (from configuration)`;
  }
  const name = one.configuredInterface ?? one.interface;
  const own = new Set([...one.addresses, ...one.excludedAddresses].map((other) => other.address));
  const found = facts.interfaces
    .find((other) => other.name === name)
    ?.addresses.find((other) => {
      return isIpv4(other.address) === (one.family === 'inet') && !own.has(other.address);
    });
  return found === undefined ? '(none)' : formatIp(found.address);
}

function dumpMulticast(one: VrrpInstanceConfig, facts: DumpFacts): readonly string[] {
  if (one.unicastPeers.length > 0) return [];
  const name = one.configuredInterface ?? one.interface;
  const index = facts.interfaces.find((other) => other.name === name)?.index;
  const tail = one.family === 'inet6' && index !== undefined ? `, ifindex ${index}` : '';
  return [`   Multicast address ${formatIp(one.multicastGroup)}${tail}`];
}

function dumpTimers(one: VrrpInstanceConfig): readonly string[] {
  const { garp } = one;
  const v2 = one.version === 2;
  const interval = one.advertInterval / (v2 ? 1_000_000 : 1000);
  return [
    `   Gratuitous ARP delay = ${Math.trunc(garp.delay / 1_000_000)}`,
    `   Gratuitous ARP repeat = ${garp.repeat}`,
    `   Gratuitous ARP refresh = ${Math.trunc(garp.refresh / 1_000_000)}`,
    `   Gratuitous ARP refresh repeat = ${garp.refreshRepeat}`,
    `   Gratuitous ARP lower priority delay = ${Math.trunc(garp.lowerPriorityDelay / 1_000_000)}`,
    `   Gratuitous ARP lower priority repeat = ${garp.lowerPriorityRepeat}`,
    `   Down timer adverts = ${one.downTimerAdverts}`,
    `   Send advert after receive lower priority advert = ${!one.lowerPriorityNoAdvert}`,
    `   Send advert after receive higher priority advert = ${one.higherPrioritySendAdvert}`,
    `   Virtual Router ID = ${one.vrid}`,
    `   Priority = ${one.priority}`,
    `   Advert interval = ${interval} ${v2 ? 'sec' : 'milli-sec'}`,
  ];
}

function dumpSwitches(one: VrrpInstanceConfig): readonly string[] {
  const delay = one.preemptDelay / 1_000_000;
  return [
    `   Accept = ${enabled(one.accept)}`,
    `   Preempt = ${enabled(one.preempt)}`,
    ...(delay === 0 ? [] : [`   Preempt delay = ${Number(delay.toPrecision(6))} secs`]),
    `   Promote_secondaries = ${enabled(one.promoteSecondaries)}`,
    ...dumpAuthentication(one),
    ...(one.kernelReceiveBufferBytes === undefined
      ? []
      : [`   Kernel rx buffer size = ${one.kernelReceiveBufferBytes}`]),
    ...(one.debugLevel === undefined ? [] : [`   Debug level = ${one.debugLevel}`]),
  ];
}

function enabled(value: boolean): string {
  return value ? 'enabled' : 'disabled';
}

function dumpAuthentication(one: VrrpInstanceConfig): readonly string[] {
  const { authentication } = one;
  if (authentication === undefined) {
    return one.version === 2 ? ['   Authentication type = none'] : [];
  }
  if (authentication.type === 'AH') return ['   Authentication type = IPSEC_AH'];
  const end = authentication.key.indexOf(0);
  const password = decodeUtf8(authentication.key, 0, end < 0 ? undefined : end);
  return ['   Authentication type = SIMPLE_PASSWORD', `   Password = ${password}`];
}

function dumpAddresses(one: VrrpInstanceConfig): readonly string[] {
  const made = one.vmac ?? one.ipvlan;
  const bases = made === undefined ? [] : [made];
  const count = one.addresses.length;
  return [
    ...list(
      `   Virtual IP (${count}):`,
      one.addresses.map((address) => dumpAddress(address, bases)),
    ),
    ...list(
      '   Virtual IP Excluded :',
      one.excludedAddresses.map((address) => dumpAddress(address, bases)),
    ),
  ];
}

function dumpPeers(one: VrrpInstanceConfig): readonly string[] {
  if (one.unicastPeers.length === 0) return [];
  const ttl = one.family === 'inet' ? [`   Unicast TTL = ${one.unicastTtl}`] : [];
  return [
    ...ttl,
    `   Check unicast src : ${one.checkUnicastSource ? 'yes' : 'no'}`,
    '   Unicast Peer :',
    ...one.unicastPeers.map((peer) => {
      const limits = `min_ttl ${peer.minTtl ?? 0} max_ttl ${peer.maxTtl ?? 255}`;
      return `     ${formatIp(peer.address)} ${limits}`;
    }),
    `   Unicast checksum compatibility = ${one.oldUnicastChecksum ?? 'no'}`,
  ];
}

function dumpGroup(
  group: SyncGroupConfig,
  config: VrrpConfig,
  facts: DumpFacts,
): readonly string[] {
  const members = config.instances.filter((one) => group.instances.includes(one.name));
  const failing = members.filter((one) => sourceText(one, facts) === '(none)').length;
  const scripted = group.trackedScripts.some((one) => one.weight === 0);
  const own = members.filter((one) => one.trackedScripts.some((item) => item.weight === 0)).length;
  const waiting = scripted ? members.length : own;
  const owner = members.every((one) => one.wantedState === 'MASTER' && one.priority === 255);
  const calm = owner ? 'MASTER' : 'BACKUP';
  const state = failing > 0 ? 'FAULT' : waiting > 0 ? 'INIT' : calm;
  return [
    ` VRRP Sync Group = ${group.name}, ${state}`,
    `   Num member fault ${failing}, num member init ${failing > 0 ? 0 : waiting}`,
    '   VRRP member instances :',
    ...group.instances.map((name) => `     ${name}`),
    ...(group.trackingWeight ? ['   sync group tracking weight set'] : []),
    `   Using smtp notification = ${group.smtpAlert ? 'yes' : 'no'}`,
    ...(group.notifyPriorityChanges ? ['   Notify priority changes = yes'] : []),
    ...dumpTracking(group, { processes: '   Tracked process :' }),
    ...dumpNotify(group.notify, facts.idsOf),
  ];
}
