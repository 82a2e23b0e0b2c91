/**
 * The priority that counts: base plus weights, clamped to 1..254, never applied to an address
 * owner.
 *
 * Each follower contributes by a simple rule: a positive weight is added while its subject is well,
 * a negative one subtracted while it is not; `reverse` turns well and ill around. A BACKUP's
 * running timer moves by the difference, as keepalived 2.2.7 does it.
 */

import { type DurationUs, durationUs, later, type TimeUs } from '../base/time.ts';
import { instanceText } from './log-text.ts';
import { notifyPriority } from './notify.ts';
import { masterDownInterval, OWNER_PRIORITY, setTimer } from './timers.ts';
import { type Follower, type Instance, log, type VrrpMachine } from './vrrp-machine.ts';

/** What one weighted follower adds while its subject is well or ill. */
export function weightOf(follower: Follower, well: boolean): number {
  const sign = follower.reverse ? -1 : 1;
  if (follower.weight > 0) return well ? follower.weight * sign : 0;
  return well ? 0 : follower.weight * sign;
}

/** What a tracked file's value adds: value times weight within -254..253; -254 means fault. */
export function fileStatus(follower: Follower, value: number): number {
  if (follower.weight === 0) return (value !== 0) !== follower.reverse ? -254 : 0;
  const status = value * follower.weight * (follower.reverse ? -1 : 1);
  return Math.min(Math.max(status, -254), 253);
}

/** Adds to the sum of weights and makes the result effective. */
export function addPriority(machine: VrrpMachine, instance: Instance, change: number): void {
  if (instance.basePriority === OWNER_PRIORITY) return;
  instance.totalPriority += change;
  applyPriority(machine, instance);
}

/**
 * Adds to the sum of weights and makes the result effective, without a word and without a timer: into a fault and out of
 * it (test/reference/traces-own/file-weights).
 */
export function setPriority(instance: Instance, change: number): void {
  if (instance.basePriority === OWNER_PRIORITY) return;
  instance.totalPriority += change;
  instance.effectivePriority = clamped(instance.totalPriority);
}

/** Makes the clamped sum effective: log line, report, timer, FIFO. */
export function applyPriority(machine: VrrpMachine, instance: Instance): void {
  if (instance.basePriority === OWNER_PRIORITY) return;
  const to = clamped(instance.totalPriority);
  const from = instance.effectivePriority;
  if (from === to) return;
  log(machine, instanceText.effectivePriority(instance.config.name, from, to));
  instance.effectivePriority = to;
  const { name, vrid } = instance.config;
  machine.actions.push({
    kind: 'report',
    report: { kind: 'priority', instance: name, vrid, from, to },
  });
  moveTimer(machine, instance);
  notifyPriority(machine, instance);
}

function clamped(priority: number): number {
  return Math.min(Math.max(priority, 1), OWNER_PRIORITY - 1);
}

function moveTimer(machine: VrrpMachine, instance: Instance): void {
  const before: DurationUs = instance.masterDownInterval;
  instance.masterDownInterval = masterDownInterval(instance);
  const due: TimeUs | undefined = instance.timerDueAt;
  if (instance.state !== 'BACKUP' || due === undefined) return;
  setTimer(machine, instance, later(due, durationUs(instance.masterDownInterval - before)));
}
