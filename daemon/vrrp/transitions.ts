/**
 * The transitions themselves: becoming MASTER, leaving it, entering and leaving FAULT.
 *
 * Order on becoming MASTER (recordings): advert, log line, firewall, VIPs, routes, rules,
 * gratuitous ARP, notifications. The advert goes first, so that the old master drops its VIPs
 * before anybody hears the new ARP. A MASTER that fails by itself sends priority 0 twice (S07a),
 * one that its group drags along once (S10).
 */

import type { TimeUs } from '../base/time.ts';
import { sendAdvert } from './advert.ts';
import { planSecondBurst, refreshIfDue, startGarpPlan } from './garp-plan.ts';
import { groupMayBecomeMaster } from './group-will.ts';
import { instanceText } from './log-text.ts';
import { notifyInstance } from './notify.ts';
import { masterDownInterval, restartTimer, STOP_PRIORITY } from './timers.ts';
import { removeVirtualObjects, setVirtualObjects } from './virtual-objects.ts';
import { type Instance, log, logDetail, type VrrpMachine } from './vrrp-machine.ts';
import type { VrrpState } from './vrrp-state.ts';

/** The cause of what a sync group does to its members. */
export const GROUP_CAUSE = 'sync-group';

/** Why something happens and when; `cause` goes into the report. */
export interface Occasion {
  readonly now: TimeUs;
  readonly cause: string;
}

/**
 * To MASTER, unless the instance's group holds it: then it only remembers that it wants to.
 *
 * A held instance waits a whole master-down interval before it asks again (recording S10).
 */
export function gotoMaster(machine: VrrpMachine, instance: Instance, occasion: Occasion): void {
  instance.wanted = 'MASTER';
  if (!groupMayBecomeMaster(instance)) {
    instance.masterDownInterval = masterDownInterval(instance);
    restartTimer(machine, instance, occasion.now);
    return;
  }
  if (instance.ahCycle) {
    instance.ahCycle = false;
    instance.ahSequence = 0;
  }
  const from = instance.state;
  instance.state = 'MASTER';
  restartTimer(machine, instance, occasion.now);
  masterTimer(machine, instance, { ...occasion, from });
}

/**
 * The advert timer of a MASTER ran out, or it has just become one: send, and set what is not set.
 */
export function masterTimer(
  machine: VrrpMachine,
  instance: Instance,
  occasion: Occasion & { readonly from?: VrrpState },
): void {
  const { now } = occasion;
  sendAdvert(machine, instance, instance.effectivePriority, now);
  if (instance.vipSet) {
    refreshIfDue(machine, instance, now);
    return;
  }
  log(machine, instanceText.enteringMaster(instance.config.name));
  becomeMaster(machine, instance, { now, cause: occasion.cause, from: occasion.from ?? 'BACKUP' });
}

/** Leaves MASTER for `wanted` (BACKUP or FAULT). */
export function leaveMaster(
  machine: VrrpMachine,
  instance: Instance,
  occasion: Occasion & { readonly announce: boolean; readonly from?: VrrpState },
): void {
  const { now } = occasion;
  const from = occasion.from ?? instance.state;
  const { name } = instance.config;
  const to = instance.wanted === 'FAULT' ? 'FAULT' : 'BACKUP';
  log(machine, instanceText.entering(name, to));
  if (to === 'FAULT') sendAdvert(machine, instance, STOP_PRIORITY, now);
  else instance.preemptAt = undefined;
  if (occasion.announce) sendZero(machine, instance, now);
  removeVirtualObjects(machine, instance, { force: false });
  instance.state = to;
  reportState(machine, instance, from, occasion);
  notifyInstance(machine, instance);
  instance.masterDownInterval = masterDownInterval(instance);
  restartTimer(machine, instance, now);
  instance.statistics.releasedMaster++;
}

/** Enters or leaves FAULT from a state without VIPs, as `wanted` says; `silent` without its log line. */
export function leaveFault(
  machine: VrrpMachine,
  instance: Instance,
  occasion: Occasion & { readonly silent?: boolean },
): void {
  const { now } = occasion;
  if (instance.wanted === 'MASTER') {
    gotoMaster(machine, instance, occasion);
  } else {
    const from = instance.state;
    const to = instance.wanted === 'BACKUP' ? 'BACKUP' : 'FAULT';
    // A first answer that is bad is told by its own line alone (recorded).
    const isFirst = from === 'INIT' && to === 'FAULT';
    if (from !== to && !isFirst && occasion.silent !== true) {
      log(machine, instanceText.entering(instance.config.name, to));
    }
    instance.state = to;
    if (from !== to) reportState(machine, instance, from, occasion);
    notifyInstance(machine, instance);
    if (to === 'BACKUP') instance.preemptAt = undefined;
    instance.masterAdvertInterval = instance.config.advertInterval;
  }
  instance.masterDownInterval = masterDownInterval(instance);
  restartTimer(machine, instance, now);
}

/** Priority 0 with its log line. */
export function sendZero(machine: VrrpMachine, instance: Instance, now: TimeUs): void {
  sendAdvert(machine, instance, STOP_PRIORITY, now);
  instance.statistics.priorityZeroSent++;
  logDetail(machine, instanceText.sentZero(instance.config.name));
}

/** Tells the run log of a new state and stamps it. */
export function reportState(
  machine: VrrpMachine,
  instance: Instance,
  from: VrrpState,
  occasion: Occasion,
): void {
  instance.lastTransitionAt = occasion.now;
  instance.refusalsTold.clear();
  instance.ownerAdverts = 0;
  machine.actions.push({
    kind: 'report',
    report: {
      kind: 'vrrp-state',
      instance: instance.config.name,
      vrid: instance.config.vrid,
      interface: instance.config.interface ?? '',
      from,
      to: instance.state,
      priority: instance.effectivePriority,
      cause: occasion.cause,
    },
  });
}

function becomeMaster(
  machine: VrrpMachine,
  instance: Instance,
  occasion: Occasion & { readonly from: VrrpState },
): void {
  const { config } = instance;
  instance.statistics.becameMaster++;
  if (config.version === 3 && instance.masterAdvertInterval !== config.advertInterval) {
    const from = instance.masterAdvertInterval;
    logDetail(machine, instanceText.localInterval(config.name, from, config.advertInterval));
    instance.masterAdvertInterval = config.advertInterval;
  }
  reportState(machine, instance, occasion.from, occasion);
  setVirtualObjects(machine, instance);
  const isDragged = occasion.cause === GROUP_CAUSE;
  startGarpPlan(machine, instance, { now: occasion.now, isDragged });
  notifyInstance(machine, instance);
  planSecondBurst(machine, instance, occasion.now);
}
