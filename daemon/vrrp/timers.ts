/**
 * The arithmetic of VRRP's timers, in whole microseconds as keepalived does it.
 *
 * Skew times are cut off, never rounded: 256 steps of a second are no whole number of microseconds.
 * Uses the effective priority everywhere. Read RFC 3768 section 6.1 and RFC 9568 section 6.1.
 */

import { type DurationUs, durationUs, later, type TimeUs } from '../base/time.ts';
import type { Instance, VrrpMachine } from './vrrp-machine.ts';

const SECOND_US = 1_000_000;

/** The priority of the address owner. Source: RFC 9568 section 5.2.4. */
export const OWNER_PRIORITY = 255;

/** The priority of an advert that gives up. Source: RFC 9568 section 5.2.4. */
export const STOP_PRIORITY = 0;

/**
 * Skew_Time: lets the highest priority time out first.
 *
 * v2: (256 - priority) / 256 of a second, whatever the interval. v3: the same part of the master's
 * interval. Source: RFC 3768 section 6.1, RFC 9568 section 6.1.
 */
export function skewTime(instance: Instance): DurationUs {
  return skewOf(instance, instance.effectivePriority);
}

/** The skew time that no priority falls below: an owner's. */
export function leastSkewTime(instance: Instance): DurationUs {
  return skewOf(instance, OWNER_PRIORITY);
}

function skewOf(instance: Instance, priority: number): DurationUs {
  const part = 256 - priority;
  const whole = instance.config.version === 3 ? instance.masterAdvertInterval : SECOND_US;
  return durationUs((part * whole) / 256);
}

/** Master_Down_Interval: `down_timer_adverts` intervals (3) and the skew time. */
export function masterDownInterval(instance: Instance): DurationUs {
  const adverts = instance.config.downTimerAdverts * instance.masterAdvertInterval;
  return durationUs(adverts + skewTime(instance));
}

/** Moves the timer of an instance; every change of a timer goes through here. */
export function setTimer(
  machine: VrrpMachine,
  instance: Instance,
  dueAt: TimeUs | undefined,
): void {
  if (instance.timerDueAt !== dueAt) instance.timerOrder = machine.timersSet++;
  if (
    machine.nextTimerAt !== undefined &&
    !machine.timerStale &&
    instance.timerDueAt !== machine.nextTimerAt &&
    (dueAt === undefined || dueAt >= machine.nextTimerAt)
  ) {
    instance.timerDueAt = dueAt;
    return;
  }
  instance.timerDueAt = dueAt;
  machine.timerStale = true;
}

/**
 * Restarts the timer as the state asks: MASTER by its own interval, BACKUP by `masterDownInterval`,
 * else off.
 *
 * During vrrp_startup_delay a BACKUP's timer only begins at the delay's end.
 */
export function restartTimer(machine: VrrpMachine, instance: Instance, now: TimeUs): void {
  if (instance.state === 'MASTER') {
    const wait = instance.reloadMaster ? 0 : instance.config.advertInterval;
    setTimer(machine, instance, later(now, durationUs(wait)));
  } else if (instance.state === 'BACKUP') {
    const delay = machine.startupDelayUntil;
    const from = delay !== undefined && delay > now ? delay : now;
    setTimer(machine, instance, later(from, instance.masterDownInterval));
  } else {
    setTimer(machine, instance, undefined);
  }
}

/**
 * The earliest timer of all instances; computed anew only after a change that may have moved it.
 */
export function nextInstanceTimer(machine: VrrpMachine): TimeUs | undefined {
  if (!machine.timerStale) return machine.nextTimerAt;
  let first: TimeUs | undefined;
  for (const instance of machine.instances) {
    const due = instance.timerDueAt;
    if (due !== undefined && (first === undefined || due < first)) first = due;
  }
  machine.nextTimerAt = first;
  machine.timerStale = false;
  return first;
}

/** The instance whose timer runs out at `dueAt`; of several the one whose timer was set first. */
export function instanceDueAt(machine: VrrpMachine, dueAt: TimeUs): Instance | undefined {
  let first: Instance | undefined;
  for (const instance of machine.instances) {
    if (instance.timerDueAt !== dueAt) continue;
    if (first === undefined || instance.timerOrder < first.timerOrder) first = instance;
  }
  return first;
}
