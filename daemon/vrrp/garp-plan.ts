/**
 * Gratuitous ARP and unsolicited neighbour advertisements: which are sent when.
 *
 * A burst is `repeat` rounds over all VIPs, then the excluded ones. Without garp_interval
 * everything goes out back to back. With one, a packet that may not go yet marks its VIP as
 * pending; the mark is single, so several rounds that wait become one packet (repeat 2, two VIPs
 * and 0.1 s give 2 + 1 packets: recording S21). The delayed burst counts from the transition and is
 * not cancelled by leaving MASTER (recording S27).
 */

import { type DurationUs, durationUs, later, seconds, type TimeUs } from '../base/time.ts';
import { buildArpFrame } from '../wire/arp.ts';
import type { Ipv4Address } from '../wire/ipv4-address.ts';
import { BROADCAST_MAC, type MacAddress } from '../wire/mac-address.ts';
import { garpText } from './log-text.ts';
import { buildUnsolicitedNa } from './unsolicited-na.ts';
import type { InterfaceView } from './vrrp-actions.ts';
import type { VirtualAddress } from './vrrp-config.ts';
import { type Instance, logDetail, type VrrpMachine } from './vrrp-machine.ts';

/** How late each advert of a MASTER is, and what becoming one costs, in µs. Source: the recordings. */
const ADVERT_LATE = 75;
const MASTER_COST = 70;
const ADDRESS_COST = 65;

/** Sends one burst; nothing happens unless the VIPs are set. */
export function sendBurst(
  machine: VrrpMachine,
  instance: Instance,
  options: { readonly repeat: number; readonly now: TimeUs },
): void {
  if (!instance.vipSet) return;
  for (let round = 0; round < options.repeat; round++) {
    for (const vip of instance.config.addresses) {
      announce(machine, instance, vip, round === 0, options.now);
    }
    for (const vip of instance.config.excludedAddresses) {
      announce(machine, instance, vip, round === 0, options.now);
    }
  }
}

/** The burst on becoming MASTER, and the timer of the second one. */
export function startGarpPlan(
  machine: VrrpMachine,
  instance: Instance,
  { now, isDragged }: { readonly now: TimeUs; readonly isDragged: boolean },
): void {
  const { garp } = instance.config;
  sendBurst(machine, instance, { repeat: garp.repeat, now });
  if (garp.refresh > 0 && machine.settings.hasRefreshTimer) {
    planRefresh(machine, instance, later(later(now, garp.delay), garp.refresh));
  } else if (garp.refresh > 0) {
    const isLate = isDragged && machine.settings.transitionTime > 0 && missesRefresh(instance);
    const half = isLate ? instance.config.advertInterval / 2 : 0;
    instance.garpRefreshAt = later(now, durationUs(garp.refresh + half));
  }
  if (garp.extraInterface > 0) instance.garpExtraAt = later(now, garp.extraInterface);
}

/**
 * A member that its group drags along sends by a timer from before the transition, but its refresh counts from the end of
 * it: with several VIPs two intervals are over with the third advert, four with the fourth, as adverts are late by some
 * microseconds each (test/reference/traces-own/group-refresh, group-refresh-four).
 */
function missesRefresh({ config }: Instance): boolean {
  const intervals = config.garp.refresh / config.advertInterval;
  const addresses = config.addresses.length + config.excludedAddresses.length;
  const cost = MASTER_COST + ADDRESS_COST * addresses;
  return Number.isInteger(intervals) && intervals * ADVERT_LATE < cost;
}

/**
 * A reload makes new records, which have never refreshed: a MASTER does it with the advert that follows at once
 * (test/reference/traces-own/reload-refresh), unless the reload has just announced new VIPs (reload-vip-refresh).
 */
export function restartRefresh(
  machine: VrrpMachine,
  instance: Instance,
  options: { readonly announced: boolean; readonly now: TimeUs },
): void {
  const { refresh, extraInterface } = instance.config.garp;
  const { announced, now } = options;
  if (instance.state !== 'MASTER') return;
  const next = announced ? later(now, refresh) : now;
  if (refresh > 0 && machine.settings.hasRefreshTimer) planRefresh(machine, instance, next);
  else instance.garpRefreshAt = refresh > 0 ? next : undefined;
  instance.garpExtraAt = extraInterface > 0 ? now : undefined;
}

/** garp_master_refresh of 2.3.2 and later: a timer of its own, gone with the state MASTER. */
export function runRefresh(machine: VrrpMachine, instance: Instance, now: TimeUs): void {
  const { refresh, refreshRepeat } = instance.config.garp;
  if (instance.state !== 'MASTER' || refresh === 0) return;
  sendBurst(machine, instance, { repeat: refreshRepeat, now });
  planRefresh(machine, instance, later(now, refresh));
}

function planRefresh(machine: VrrpMachine, instance: Instance, at: TimeUs): void {
  machine.timers.remove((t) => t.kind === 'garp-refresh' && t.instance === instance);
  machine.timers.add(at, { kind: 'garp-refresh', instance });
}

/** The second burst's timer; set after the notifications, as keepalived does. */
export function planSecondBurst(machine: VrrpMachine, instance: Instance, now: TimeUs): void {
  const { delay } = instance.config.garp;
  const done = later(now, machine.settings.transitionTime);
  if (delay > 0) machine.timers.add(later(done, delay), { kind: 'garp', instance });
}

/**
 * The burst that tells everybody who is master after a lower advert was heard, now and once more
 * later.
 */
export function sendLowerPriorityBurst(
  machine: VrrpMachine,
  instance: Instance,
  now: TimeUs,
): void {
  const { lowerPriorityRepeat, lowerPriorityDelay } = instance.config.garp;
  if (lowerPriorityRepeat === 0) return;
  sendBurst(machine, instance, { repeat: lowerPriorityRepeat, now });
  if (lowerPriorityDelay > 0) {
    machine.timers.add(later(now, lowerPriorityDelay), { kind: 'garp-lower-priority', instance });
  }
}

/**
 * garp_master_refresh and garp_extra_if; keepalived 2.2.7 looks only when it sends an advert. Its
 * adverts are always some microseconds late, so a refresh of whole intervals is due with the advert
 * of that time and not one later (test/reference/traces-own/healed-refresh).
 */
export function refreshIfDue(machine: VrrpMachine, instance: Instance, now: TimeUs): void {
  const { garp } = instance.config;
  if (instance.garpRefreshAt !== undefined && garp.refresh > 0 && now >= instance.garpRefreshAt) {
    sendBurst(machine, instance, { repeat: garp.refreshRepeat, now });
    instance.garpRefreshAt = later(now, garp.refresh);
  }
  if (
    instance.garpExtraAt !== undefined &&
    garp.extraInterface > 0 &&
    now >= instance.garpExtraAt
  ) {
    sendExtra(machine, instance, now);
    instance.garpExtraAt = later(now, garp.extraInterface);
  }
}

/**
 * The next packet of each VIP that waited for garp_interval, in the order of the configuration and not of the waiting
 * (test/reference/traces-own/garp-interval: with two VIPs and two rounds the first VIP comes twice, then the second).
 * Of one that is no MASTER any more nothing waits: its queue went with its addresses.
 */
export function runGarpQueue(machine: VrrpMachine, now: TimeUs): void {
  machine.garpQueueAt = undefined;
  for (const instance of machine.instances) {
    if (instance.garpPending.size === 0) continue;
    const { addresses, excludedAddresses } = instance.config;
    const waiting = [...addresses, ...excludedAddresses].filter((vip) =>
      instance.garpPending.has(vip),
    );
    instance.garpPending.clear();
    for (const vip of waiting) sendOrQueue(machine, instance, vip, now);
  }
}

/**
 * One gratuitous packet for any address, at once: a unicast router that comes back announces
 * itself.
 */
export function announceAddress(
  machine: VrrpMachine,
  link: InterfaceView,
  { address, now }: { readonly address: VirtualAddress['address']; readonly now: TimeUs },
): void {
  const frame = gratuitousFrame(machine, link, address);
  if (typeof address !== 'number') noteForwardingCheck(machine, link.base ?? link.name, now);
  machine.actions.push({ kind: 'frame-send', interface: link.name, frame });
}

function announce(
  machine: VrrpMachine,
  instance: Instance,
  vip: VirtualAddress,
  first: boolean,
  now: TimeUs,
): void {
  const link = vip.interface;
  if (first && machine.settings.logDetail) {
    logDetail(machine, garpText.queueing(instance.config.name, link, vip.address));
  }
  sendOrQueue(machine, instance, vip, now);
}

function sendOrQueue(
  machine: VrrpMachine,
  instance: Instance,
  vip: VirtualAddress,
  now: TimeUs,
): void {
  const { interval, key } = paceOf(machine, instance, vip);
  if (interval === 0) {
    sendNow(machine, vip, now);
    return;
  }
  const nextAt = machine.garpNextAt.get(key);
  if (nextAt === undefined || now >= nextAt) {
    sendNow(machine, vip, now);
    machine.garpNextAt.set(key, later(now, interval));
    return;
  }
  instance.garpPending.add(vip);
  if (machine.garpQueueAt === undefined || nextAt < machine.garpQueueAt) {
    machine.timers.remove((timer) => timer.kind === 'garp-queue');
    machine.timers.add(nextAt, { kind: 'garp-queue' });
    machine.garpQueueAt = nextAt;
  }
}

/**
 * How far apart, and who shares the pace: all interfaces with a virtual MAC on one base (test/reference/traces-own/garp-interval-vmacs),
 * and all of one garp_group, which wins over the instance's and the global interval.
 */
function paceOf(
  machine: VrrpMachine,
  instance: Instance,
  vip: VirtualAddress,
): { readonly interval: DurationUs; readonly key: string } {
  const base = machine.host.interfaceNamed(vip.interface)?.base ?? vip.interface;
  const family = typeof vip.address;
  const isV4 = family === 'number';
  const group = machine.config.garpGroups.find((one) => one.interfaces.includes(base));
  if (group === undefined) {
    const { interval, gnaInterval } = instance.config.garp;
    return { interval: isV4 ? interval : gnaInterval, key: `${base} ${family}` };
  }
  const { garpInterval, gnaInterval } = group;
  const key = `${group.interfaces[0]} ${family}`;
  return { interval: isV4 ? garpInterval : gnaInterval, key };
}

function sendNow(machine: VrrpMachine, vip: VirtualAddress, now: TimeUs): void {
  const link = machine.host.interfaceNamed(vip.interface);
  if (link === undefined) return;
  if (machine.settings.logDetail) logDetail(machine, garpText.sending(link.name, vip.address));
  announceAddress(machine, link, { address: vip.address, now });
}

function gratuitousFrame(
  machine: VrrpMachine,
  link: InterfaceView,
  address: VirtualAddress['address'],
): Uint8Array {
  if (typeof address === 'number') return gratuitousArp(link.mac, address);
  const base = (link.base ?? link.name).replaceAll('.', '/');
  const forwarding = machine.host.sysctl(`net.ipv6.conf.${base}.forwarding`);
  return buildUnsolicitedNa({ mac: link.mac, address, router: forwarding === '1' });
}

/** keepalived looks again when its knowledge is older than this; only the dump tells of it. */
const FORWARDING_CHECK = seconds(5);

function noteForwardingCheck(machine: VrrpMachine, base: string, now: TimeUs): void {
  const before = machine.forwardingCheckedAt.get(base);
  if (before === undefined || now >= later(before, FORWARDING_CHECK)) {
    machine.forwardingCheckedAt.set(base, now);
  }
}

/** keepalived's form: broadcast request, sender and target are the VIP, target MAC all ones. */
function gratuitousArp(mac: MacAddress, address: Ipv4Address): Uint8Array {
  return buildArpFrame({
    destination: BROADCAST_MAC,
    source: mac,
    packet: {
      operation: 1,
      senderHardwareAddress: mac,
      senderProtocolAddress: address,
      targetHardwareAddress: BROADCAST_MAC,
      targetProtocolAddress: address,
    },
  });
}

/**
 * garp_extra_if: one packet for each further interface that VIPs stand on; without `all` only for
 * virtual MACs. Source: 2.2.7 (test/reference/dumps/garp-extra).
 */
function sendExtra(machine: VrrpMachine, instance: Instance, now: TimeUs): void {
  if (!instance.vipSet) return;
  const done = new Set<string>();
  const { config } = instance;
  const { vmac, garp } = config;
  for (const vip of [...config.addresses, ...config.excludedAddresses]) {
    const isVmac = vip.interface === vmac?.name || vip.vmacBase !== undefined;
    const isAdvertInterface = vip.interface === config.interface && vmac?.transmitOnBase !== true;
    if (isAdvertInterface || done.has(vip.interface) || !(isVmac || garp.extraAll)) continue;
    done.add(vip.interface);
    announce(machine, instance, vip, true, now);
  }
}
