/**
 * The sections `Gratuitous ARP delays` and `Interfaces` of keepalived.data: every interface of the
 * host as the VRRP process sees it, and who follows it.
 *
 * Source: dumps of keepalived 2.2.7 (test/reference/dumps). The "Original" values of ARP settings
 * are those that netlink told last, so behind a VMAC they are keepalived's own.
 */

import type { TimeUs } from '../base/time.ts';
import { lateFraction, type Stamps, stampText } from '../vrrp/dump.ts';
import type { Instance, VrrpMachine } from '../vrrp/vrrp-machine.ts';
import { formatIp, isIpv4 } from '../wire/ip-address.ts';
import { formatMac } from '../wire/mac-address.ts';
import type { InterfaceFacts, System } from './system.ts';

/** What the sections are made of. */
export interface InterfaceDumpFacts {
  readonly system: System;
  readonly stamp: Stamps;
}

/** Pauses between gratuitous packets, one entry an interface or a garp_group. */
interface GarpDelay {
  /** Of a garp_group with a block `interfaces`, else 0. */
  readonly number: number;
  readonly garp: number;
  readonly gna: number;
  readonly interfaces: readonly string[];
}

/** `Gratuitous ARP delays`; nothing where packets go back to back. */
export function dumpGarpDelays(machine: VrrpMachine, stamp: Stamps): readonly string[] {
  const delays = garpDelays(machine);
  if (delays.length === 0) return [];
  return [
    '------< Gratuitous ARP delays >------',
    ...delays.flatMap((one) => [
      `------< GARP delay group ${one.number} >------`,
      ...pauseLines('GARP', one.garp, nextAt(machine, one, 'number'), stamp),
      ...pauseLines('GNA', one.gna, nextAt(machine, one, 'bigint'), stamp),
      ' Interfaces',
      ...one.interfaces.map((name) => `  ${name}`),
    ]),
  ];
}

function pauseLines(
  title: string,
  pause: number,
  next: TimeUs | undefined,
  stamp: Stamps,
): readonly string[] {
  if (pause === 0) return [];
  const text = next === undefined ? stampText(0) : stampText(stamp(next));
  return [
    ` ${title} interval = ${Number((pause / 1_000_000).toPrecision(6))}`,
    ` ${title} next time ${text.replace(/ \d{4}\)$/, ')')}`,
  ];
}

function nextAt(machine: VrrpMachine, one: GarpDelay, family: string): TimeUs | undefined {
  let latest: TimeUs | undefined;
  for (const name of one.interfaces) {
    const at = machine.garpNextAt.get(`${name} ${family}`);
    if (at !== undefined && (latest === undefined || at > latest)) latest = at;
  }
  return latest;
}

/** The groups of the configuration, then one for each interface that global intervals hold for. */
function garpDelays(machine: VrrpMachine): readonly GarpDelay[] {
  const delays: GarpDelay[] = machine.config.garpGroups.map((group) => ({
    number: group.aggregation,
    garp: group.garpInterval,
    gna: group.gnaInterval,
    interfaces: group.interfaces,
  }));
  const named = new Set(delays.flatMap((one) => one.interfaces));
  for (const { config } of machine.instances) {
    const { interval: garp, gnaInterval: gna } = config.garp;
    const name = config.vmac?.base ?? config.ipvlan?.base ?? config.interface;
    if (name === undefined || named.has(name) || (garp === 0 && gna === 0)) continue;
    named.add(name);
    delays.push({ number: 0, garp, gna, interfaces: [name] });
  }
  return delays;
}

/** `Interfaces`, in index order. */
export function dumpInterfaces(machine: VrrpMachine, facts: InterfaceDumpFacts): readonly string[] {
  return [
    '------< Interfaces >------',
    ...facts.system.interfaces().flatMap((link) => dumpInterface(machine, link, facts)),
    ...machine.config.awaitedInterfaces.flatMap((name) => dumpMissing(machine, name, facts.system)),
    ...unmadeLinks(machine, facts.system).flatMap((name) =>
      dumpMissing(machine, name, facts.system, ', master down'),
    ),
  ];
}

/** Virtual MACs and ipvlans whose base is not there. */
function unmadeLinks(machine: VrrpMachine, system: System): readonly string[] {
  return machine.instances.flatMap(({ config }) => {
    const own = config.vmac ?? config.ipvlan;
    return own !== undefined && system.interfaceNamed(own.base) === undefined ? [own.name] : [];
  });
}

/** An interface that may come later (test/reference/dumps/missing-interface). */
function dumpMissing(
  machine: VrrpMachine,
  name: string,
  system: System,
  more = '',
): readonly string[] {
  if (system.interfaceNamed(name) !== undefined) return [];
  const delays = machine.config.interfaceDelays.find((one) => one.interface === name);
  return [
    ` Name = ${name}`,
    '   index = 0 (deleted)',
    '   IPv4 address = (none)',
    '   IPv6 address = (none)',
    `   State = not UP, not RUNNING, no broadcast, no multicast${more}`,
    `   Seen up = ${Number(machine.seenUpLinks.has(name))}`,
    `   Delayed state change running = ${machine.links.get(name)?.pending !== undefined}`,
    `   Up debounce timer = ${delays?.upDelay ?? 0}us`,
    `   Down debounce timer = ${delays?.downDelay ?? 0}us`,
    '   MTU = 0',
    '   HW Type = UNKNOWN (0)',
    '   NIC netlink status update',
    ...garpLines(machine, name),
    '   Reset ARP config counter 0',
    '   Original arp_ignore 0',
    '   Original arp_filter 0',
    '   rp_filter 0',
    '   Original promote_secondaries 0',
    '   Reset promote_secondaries counter 0',
    ...followerLines(machine, name),
  ];
}

function dumpInterface(
  machine: VrrpMachine,
  link: InterfaceFacts,
  facts: InterfaceDumpFacts,
): readonly string[] {
  const tracked = machine.links.get(link.name);
  const delays = machine.config.interfaceDelays.find((one) => one.interface === link.name);
  return [
    ` Name = ${link.name}`,
    `   index = ${link.index}`,
    ...addressLines(machine, link),
    ...(link.loopback
      ? []
      : [`   MAC = ${formatMac(link.mac)}`, '   MAC broadcast = ff:ff:ff:ff:ff:ff']),
    `   State = ${stateText(link)}`,
    `   Seen up = ${Number(machine.seenUpLinks.has(link.name))}`,
    `   Delayed state change running = ${tracked?.pending !== undefined}`,
    `   Up debounce timer = ${delays?.upDelay ?? 0}us`,
    `   Down debounce timer = ${delays?.downDelay ?? 0}us`,
    ...madeLines(machine, link, facts),
    ...(machine.config.globals.dynamicInterfaces !== 'allow-if-changes' ||
    isOwn(machine, link) ||
    link.loopback
      ? []
      : ['   Interface type/base can be changed']),
    `   MTU = ${link.mtu}`,
    `   HW Type = ${link.loopback ? 'LOOPBACK' : 'ETHERNET'}`,
    '   NIC netlink status update',
    ...garpLines(machine, link.name),
    ...settingLines(machine, link, facts.system),
    ...forwardingLines(machine, link, facts),
    ...followerLines(machine, link.name),
  ];
}

/** First addresses; those of virtual routers and static ones are not the interface's own. */
function addressLines(machine: VrrpMachine, link: InterfaceFacts): readonly string[] {
  const given = new Set(machine.config.staticAddresses.map((one) => one.address));
  for (const { config } of machine.instances) {
    for (const one of [...config.addresses, ...config.excludedAddresses]) given.add(one.address);
  }
  const own = link.addresses.filter((one) => !given.has(one.address));
  const inet = own.filter((one) => isIpv4(one.address));
  // IPv6: the link-local address, which adverts come from; others follow as additional ones.
  const inet6 = own.filter((one) => !isIpv4(one.address) && one.scope === 'link');
  const shown = (one: (typeof own)[number] | undefined) =>
    one === undefined ? '(none)' : formatIp(one.address);
  const others = own.filter((one) => !isIpv4(one.address) && one.scope === 'global');
  return [
    `   IPv4 address = ${shown(inet[0])}`,
    ...additional('IPv4', inet.slice(1).map(shown)),
    `   IPv6 address = ${shown(inet6[0])}`,
    ...additional('IPv6', others.map(shown)),
  ];
}

function additional(family: string, addresses: readonly string[]): readonly string[] {
  if (addresses.length === 0) return [];
  return [`   Additional ${family} addresses :`, ...addresses.map((address) => `     ${address}`)];
}

function stateText(link: InterfaceFacts): string {
  const words = [link.up ? 'UP' : 'not UP', link.running ? 'RUNNING' : 'not RUNNING'];
  if (link.loopback) words.push('no broadcast', 'loopback');
  if (!link.multicast) words.push('no multicast');
  return words.join(', ');
}

/** Whether keepalived made it. */
function isOwn(machine: VrrpMachine, link: InterfaceFacts): boolean {
  return machine.instances.some(({ config }) => {
    const made = config.vmac?.name ?? config.ipvlan?.name;
    const single = [...config.addresses, ...config.excludedAddresses].some(
      (one) => one.vmacBase !== undefined && one.interface === link.name,
    );
    return made === link.name || single;
  });
}

function madeLines(
  machine: VrrpMachine,
  link: InterfaceFacts,
  { system }: InterfaceDumpFacts,
): readonly string[] {
  if (link.base === undefined || (link.kind !== 'macvlan' && link.kind !== 'ipvlan')) return [];
  const base = system.interfaceNamed(link.base);
  const state = base === undefined ? 'not UP, not RUNNING' : stateText(base);
  const what = link.kind === 'macvlan' ? 'VMAC type private' : 'IPVLAN';
  return [
    `   ${what}, underlying interface = ${link.base}, state = ${state}`,
    ...(isOwn(machine, link) ? ['   I/f created by keepalived'] : []),
  ];
}

function garpLines(machine: VrrpMachine, name: string): readonly string[] {
  const delay = garpDelays(machine).find((one) => one.interfaces.includes(name));
  if (delay === undefined) return [];
  const pause = (title: string, us: number) =>
    us === 0 ? [] : [`   Gratuitous ${title} interval ${Math.trunc(us / 1000)}ms`];
  return [
    ...pause('ARP', delay.garp),
    ...pause('NA', delay.gna),
    ...(delay.number === 0 ? [] : [`   Gratuitous ARP aggregation group ${delay.number}`]),
  ];
}

/** Sysctls that keepalived changes, and how many virtual routers need each. */
function settingLines(
  machine: VrrpMachine,
  link: InterfaceFacts,
  system: System,
): readonly string[] {
  const name = link.name.replaceAll('.', '/');
  const value = (setting: string) => system.sysctl(`net.ipv4.conf.${name}.${setting}`) ?? '0';
  const promoting = machine.instances.filter(
    ({ config }) => config.promoteSecondaries && config.interface === link.name,
  ).length;
  const told = machine.toldLinks.has(link.name) || promoting > 0 || isVmacOrBase(machine, link);
  return [
    `   Reset ARP config counter ${vmacsOn(machine, link.name)}`,
    `   Original arp_ignore ${value('arp_ignore')}`,
    `   Original arp_filter ${value('arp_filter')}`,
    ...(told ? ['   rp_filter 0'] : []),
    `   Original promote_secondaries ${value('promote_secondaries')}`,
    `   Reset promote_secondaries counter ${promoting}`,
  ];
}

function isVmacOrBase(machine: VrrpMachine, link: InterfaceFacts): boolean {
  return isOwn(machine, link) || machine.instances.some((one) => basesOf(one).has(link.name));
}

/** Interfaces below the virtual MACs of an instance. */
function basesOf({ config }: Instance): ReadonlySet<string> {
  const bases = new Set<string>();
  if (config.vmac !== undefined) bases.add(config.vmac.base);
  for (const one of [...config.addresses, ...config.excludedAddresses]) {
    if (one.vmacBase !== undefined) bases.add(one.vmacBase);
  }
  return bases;
}

/** How many IPv4 virtual routers have a virtual MAC on the interface. */
function vmacsOn(machine: VrrpMachine, name: string): number {
  return machine.instances.filter((one) => one.config.family === 'inet' && basesOf(one).has(name))
    .length;
}

/** Written where a neighbour advertisement went out: its router flag was looked up. */
function forwardingLines(
  machine: VrrpMachine,
  link: InterfaceFacts,
  { system, stamp }: InterfaceDumpFacts,
): readonly string[] {
  const at = machine.forwardingCheckedAt.get(link.name);
  if (at === undefined) return [];
  const name = link.name.replaceAll('.', '/');
  const forwards = system.sysctl(`net.ipv6.conf.${name}.forwarding`) === '1';
  const when = lateFraction(stamp(at));
  return [`   ${forwards ? '' : 'Not '}IPv6 forwarding. Last checked ${when}`];
}

function followerLines(machine: VrrpMachine, name: string): readonly string[] {
  const followers = (machine.links.get(name)?.followers ?? []).map((one) => ({
    instance: one.instance,
    text: `${one.weight}${one.reverse ? ' reverse' : ''}`,
  }));
  for (const instance of machine.instances) {
    // An instance that does not follow its own interface is listed with a weight of its own.
    const { config } = instance;
    if (!config.dontTrackPrimary || config.interface !== name) continue;
    if (followers.some((one) => one.instance === instance)) continue;
    const place = followers.findIndex((one) => isBefore(machine, instance, one.instance));
    const at = place < 0 ? followers.length : place;
    followers.splice(at, 0, { instance, text: '255' });
  }
  if (followers.length === 0) return [];
  return [
    '   Tracking VRRP instances :',
    ...followers.map((one) => `     ${one.instance.config.name}, weight ${one.text}`),
  ];
}

function isBefore(machine: VrrpMachine, one: Instance, other: Instance): boolean {
  return machine.instances.indexOf(one) < machine.instances.indexOf(other);
}
