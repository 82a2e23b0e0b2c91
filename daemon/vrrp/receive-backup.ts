/**
 * An advert that reaches a BACKUP.
 *
 * | advert                                              | timer          | told                       |
 * |-----------------------------------------------------|----------------|----------------------------|
 * | refused by the checks                               | runs on        | the refusal                |
 * | priority 0                                          | skew           | priority 0 advertisement   |
 * | priority >= own, or nopreempt                       | master-down    | v3: changed interval       |
 * | lower, preempt_delay configured and not yet over    | master-down    | start preempt delay, once  |
 * | lower otherwise                                     | runs on        | discarding                 |
 *
 * So preemption happens one master-down interval after the last accepted advert. Read RFC 9568
 * section 6.4.2.
 */

import { durationUs, elapsed, later, type TimeUs } from '../base/time.ts';
import { formatIp, type IpAddress } from '../wire/ip-address.ts';
import { readVrrpIntervalCentiseconds, readVrrpPriority } from '../wire/vrrp-header.ts';
import { receiveText } from './log-text.ts';
import { checkAdvert } from './receive-checks.ts';
import type { ReceivedPacket } from './received-packet.ts';
import { reportRefusal } from './refusal.ts';
import { masterDownInterval, skewTime } from './timers.ts';
import { type Instance, log, logDetail, type VrrpMachine } from './vrrp-machine.ts';

/** Applies one advert; the caller restarts the timer with `masterDownInterval` afterwards. */
export function receiveInBackup(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
  now: TimeUs,
): void {
  const { config } = instance;
  const checkAddresses =
    !config.skipCheckAdvertAddresses || instance.masterAddress !== packet.source;
  const refusal = checkAdvert(machine, instance, packet, { checkAddresses, now });
  if (refusal !== undefined) {
    reportRefusal(machine, instance, packet, refusal);
    keepTimer(instance, now);
    return;
  }
  const priority = readVrrpPriority(packet.bytes, packet.vrrpAt);
  if (priority === 0) {
    logDetail(machine, receiveText.backupZero(config.name));
    instance.masterDownInterval = skewTime(instance);
  } else if (isAccepted(instance, priority, now)) {
    accept(machine, instance, packet, priority, now);
  } else {
    log(machine, receiveText.lowerDiscarded(config.name, priority, packet.source));
    followMaster(instance, packet.source);
    keepTimer(instance, now);
  }
}

/** What is left of the running timer becomes what it is restarted with: nothing changes. */
function keepTimer(instance: Instance, now: TimeUs): void {
  const due = instance.timerDueAt;
  const left = due === undefined ? 0 : elapsed(now, due);
  instance.masterDownInterval = durationUs(Math.max(left, 0));
}

function isAccepted(instance: Instance, priority: number, now: TimeUs): boolean {
  const { config } = instance;
  if (!config.preempt || priority >= instance.effectivePriority) return true;
  if (config.preemptDelay === 0) return false;
  return instance.preemptAt === undefined || instance.preemptAt > now;
}

function accept(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
  priority: number,
  now: TimeUs,
): void {
  if (instance.config.version === 3) followInterval(machine, instance, packet);
  instance.masterDownInterval = masterDownInterval(instance);
  const before = instance.masterAddress;
  if (machine.settings.tellsNewMaster && before !== undefined && before !== packet.source) {
    log(machine, receiveText.newMaster(instance.config.name, before, packet.source));
  }
  followMaster(instance, packet.source);
  instance.masterPriority = priority;
  if (instance.config.preemptDelay > 0) runPreemptDelay(machine, instance, priority, now);
  // A group may have held it back after its timer ran out; hearing a master ends that wish.
  instance.wanted = 'BACKUP';
}

/** v3: Master_Adver_Interval follows the master. Source: RFC 9568 section 6.4.2. */
function followInterval(machine: VrrpMachine, instance: Instance, packet: ReceivedPacket): void {
  const centiseconds = readVrrpIntervalCentiseconds(packet.bytes, packet.vrrpAt);
  const interval = durationUs(centiseconds * 10_000);
  const before = instance.masterAdvertInterval;
  if (before === interval) return;
  logDetail(machine, receiveText.intervalByMaster(instance.config.name, before, interval));
  instance.masterAdvertInterval = interval;
}

function runPreemptDelay(
  machine: VrrpMachine,
  instance: Instance,
  priority: number,
  now: TimeUs,
): void {
  const { name, preemptDelay } = instance.config;
  if (priority >= instance.effectivePriority) {
    if (instance.preemptAt === undefined) return;
    logDetail(machine, receiveText.stopPreempt(name));
    instance.preemptAt = undefined;
  } else if (instance.preemptAt === undefined) {
    logDetail(machine, receiveText.startPreempt(name, preemptDelay));
    instance.preemptAt = later(now, preemptDelay);
  }
}

function followMaster(instance: Instance, master: IpAddress): void {
  if (instance.masterAddress !== master) forgetOthers(instance, master);
  instance.masterAddress = master;
}

/** What was told of the new master itself stays told. */
function forgetOthers(instance: Instance, master: IpAddress): void {
  const own = `${formatIp(master)} `;
  for (const kind of instance.refusalsTold) {
    if (!kind.startsWith(own)) instance.refusalsTold.delete(kind);
  }
}
