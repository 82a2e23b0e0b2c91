/**
 * An advert that reaches a MASTER.
 *
 * | advert                                   | sends                                  | becomes |
 * |------------------------------------------|----------------------------------------|---------|
 * | refused by the checks                    | nothing                                | MASTER  |
 * | priority 0                               | advert at once                         | MASTER  |
 * | lower, or equal from a lower address     | advert at once, GARP burst, later again | MASTER  |
 * | equal from the own address               | nothing, a warning                     | MASTER  |
 * | higher, or equal from a higher address   | nothing (higher_prio_send_advert: one) | BACKUP  |
 *
 * lower_prio_no_advert suppresses the advert of row three. Two owners (255) are a mistake that
 * keepalived 2.2.7 answers by lowering itself to 254. Read RFC 9568 section 6.4.3.
 */

import { durationUs, type TimeUs } from '../base/time.ts';
import { readAhSequence } from '../wire/ah.ts';
import { readVrrpIntervalCentiseconds, readVrrpPriority } from '../wire/vrrp-header.ts';
import { sendAdvert } from './advert.ts';
import { sendLowerPriorityBurst } from './garp-plan.ts';
import { receiveText } from './log-text.ts';
import { notifyLowerAdvert } from './notify.ts';
import { checkAdvert } from './receive-checks.ts';
import type { ReceivedPacket } from './received-packet.ts';
import { reportRefusal } from './refusal.ts';
import { OWNER_PRIORITY } from './timers.ts';
import { leaveMaster } from './transitions.ts';
import { type Instance, log, logDetail, type VrrpMachine } from './vrrp-machine.ts';

/** Applies one advert; the caller restarts the advert timer afterwards. */
export function receiveInMaster(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
  now: TimeUs,
): void {
  const refusal = checkAdvert(machine, instance, packet, { checkAddresses: true, now });
  if (refusal !== undefined) {
    reportRefusal(machine, instance, packet, refusal);
    return;
  }
  const { name } = instance.config;
  const priority = readVrrpPriority(packet.bytes, packet.vrrpAt);
  if (priority === 0) {
    sendAdvert(machine, instance, instance.effectivePriority, now);
    logDetail(machine, receiveText.masterZero(name));
    return;
  }
  const order = compareAddresses(instance, packet);
  if (lets(machine, instance, priority, order)) return;
  if (instance.config.higherPrioritySendAdvert && outranks(instance, priority, order)) {
    sendAdvert(machine, instance, instance.effectivePriority, now);
  }
  if (priority === instance.effectivePriority) judgeEqual(machine, instance, order);
  if (isOutranked(instance, priority, order)) {
    resist(machine, instance, packet, priority, now);
  } else if (outranks(instance, priority, order)) {
    yieldTo(machine, instance, packet, priority, now);
  }
}

/** How many adverts of an owner with a lower address go by before it is answered. */
const OWNER_ADVERTS_LET = 2;

/**
 * From 2.3.3 on an owner of the higher address waits two adverts: the other one yields as soon as it
 * hears this one. Not verified by a recording.
 */
function lets(machine: VrrpMachine, instance: Instance, priority: number, order: number): boolean {
  const isConflict =
    machine.settings.ownersKeepPriority &&
    priority === OWNER_PRIORITY &&
    instance.effectivePriority === OWNER_PRIORITY &&
    order < 0;
  instance.ownerAdverts = isConflict ? instance.ownerAdverts + 1 : 0;
  return isConflict && instance.ownerAdverts <= OWNER_ADVERTS_LET;
}

function compareAddresses(instance: Instance, packet: ReceivedPacket): number {
  const own = instance.source;
  if (own === undefined || packet.source === own) return 0;
  return packet.source > own ? 1 : -1;
}

function outranks(instance: Instance, priority: number, order: number): boolean {
  const own = instance.effectivePriority;
  return priority > own || (priority === own && order > 0);
}

function isOutranked(instance: Instance, priority: number, order: number): boolean {
  const own = instance.effectivePriority;
  return priority < own || (priority === own && order < 0);
}

function judgeEqual(machine: VrrpMachine, instance: Instance, order: number): void {
  const { name } = instance.config;
  if (order === 0) {
    log(machine, receiveText.ownAddress(name));
  } else if (instance.effectivePriority === OWNER_PRIORITY) {
    log(machine, receiveText.twoOwners(name));
    // From 2.3.3 on the addresses alone decide.
    if (machine.settings.ownersKeepPriority) return;
    instance.effectivePriority = OWNER_PRIORITY - 1;
    instance.totalPriority = OWNER_PRIORITY - 1;
    instance.basePriority = OWNER_PRIORITY - 1;
  }
}

function resist(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
  priority: number,
  now: TimeUs,
): void {
  const { config, effectivePriority, group } = instance;
  const forcing = !config.lowerPriorityNoAdvert;
  const text = receiveText.lower(config.name, packet.source, priority, effectivePriority, forcing);
  log(machine, text);
  if (packet.ahAt !== undefined) {
    log(machine, receiveText.ahSync(config.name));
    instance.ahSequence = readAhSequence(packet.bytes, packet.ahAt) + 1;
    instance.ahCycle = false;
  }
  if (forcing) sendAdvert(machine, instance, effectivePriority, now);
  sendLowerPriorityBurst(machine, instance, now);
  for (const member of group?.members ?? []) {
    if (member !== instance) sendLowerPriorityBurst(machine, member, now);
  }
  notifyLowerAdvert(machine, instance);
}

function yieldTo(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
  priority: number,
  now: TimeUs,
): void {
  const { config, effectivePriority } = instance;
  const isHigher = priority > effectivePriority;
  const { source } = packet;
  log(
    machine,
    isHigher
      ? receiveText.higher(config.name, source, priority, effectivePriority)
      : receiveText.higherAddress(config.name, source, priority),
  );
  if (packet.ahAt !== undefined) instance.ahCycle = false;
  if (config.version === 3) {
    const centiseconds = readVrrpIntervalCentiseconds(packet.bytes, packet.vrrpAt);
    const interval = durationUs(centiseconds * 10_000);
    const before = instance.masterAdvertInterval;
    if (before !== interval) {
      logDetail(machine, receiveText.intervalByMaster(config.name, before, interval));
      instance.masterAdvertInterval = interval;
    }
  }
  instance.masterPriority = priority;
  instance.wanted = 'BACKUP';
  const cause = isHigher ? 'higher-priority' : 'higher-address';
  leaveMaster(machine, instance, { now, cause, announce: false });
}
