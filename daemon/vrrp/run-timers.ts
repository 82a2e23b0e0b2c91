/**
 * What has fallen due: the instances' own timers and the rest, in the order of their times.
 *
 * Of two that are due at the same moment the deadlines go first: keepalived's loop runs expired
 * timers before it looks at the sockets whose timeouts carry the adverts (recording S01, the second
 * burst precedes the advert). A daemon that slept too long says so once, then handles everything
 * with the present time.
 */

import { elapsed, formatSeconds, later, seconds, type TimeUs } from '../base/time.ts';
import { runGarpQueue, runRefresh, sendBurst } from './garp-plan.ts';
import { instanceText } from './log-text.ts';
import { scriptLimit, scriptTick } from './scripts.ts';
import { syncAfter } from './sync-group.ts';
import { instanceDueAt, nextInstanceTimer, restartTimer } from './timers.ts';
import { linkDelayPassed, processDelayPassed } from './tracking.ts';
import { gotoMaster, leaveMaster, masterTimer } from './transitions.ts';
import { type Instance, log, logDetail, type VrrpMachine, type VrrpTimer } from './vrrp-machine.ts';

/** keepalived complains from this lateness on. Source: min_auto_priority_delay, 1000000 µs. */
const LATE = seconds(1);

/** Upper bound on timers handled in one call, far above any real configuration: a loop is a bug. */
const STEPS_MAX = 100_000;

/** When the machine must be woken next; `undefined` when nothing waits. */
export function nextDue(machine: VrrpMachine): TimeUs | undefined {
  const own = nextInstanceTimer(machine);
  const other = machine.timers.nextDueAt();
  if (own === undefined) return other;
  return other === undefined || own < other ? own : other;
}

/** Handles everything that is due at `now`. */
export function runTimers(machine: VrrpMachine, now: TimeUs): void {
  const first = nextDue(machine);
  if (first !== undefined && elapsed(first, now) >= LATE) {
    log(machine, `A thread timer expired ${formatSeconds(elapsed(first, now))} seconds ago`);
  }
  for (let step = 0; step < STEPS_MAX; step++) {
    const own = nextInstanceTimer(machine);
    const other = machine.timers.nextDueAt();
    if (other !== undefined && other <= now && (own === undefined || other <= own)) {
      const deadline = machine.timers.takeDue(now);
      if (deadline !== undefined) fire(machine, deadline.value, deadline.dueAt, now);
    } else if (own !== undefined && own <= now) {
      const instance = instanceDueAt(machine, own);
      if (instance === undefined) return;
      instanceTimer(machine, instance, now);
    } else {
      return;
    }
  }
}

function fire(machine: VrrpMachine, timer: VrrpTimer, dueAt: TimeUs, now: TimeUs): void {
  switch (timer.kind) {
    case 'garp':
      sendBurst(machine, timer.instance, { repeat: timer.instance.config.garp.repeat, now });
      return;
    case 'garp-lower-priority': {
      const { lowerPriorityRepeat: repeat } = timer.instance.config.garp;
      sendBurst(machine, timer.instance, { repeat, now });
      return;
    }
    case 'garp-refresh':
      runRefresh(machine, timer.instance, now);
      return;
    case 'garp-queue':
      runGarpQueue(machine, now);
      return;
    case 'script':
      scriptTick(machine, timer.script, dueAt, now);
      return;
    case 'script-limit':
      scriptLimit(machine, timer.script, timer.commandId, now);
      return;
    case 'link':
      linkDelayPassed(machine, timer.link, now);
      return;
    case 'process':
      processDelayPassed(machine, timer.process, now);
      return;
  }
}

/**
 * timer_expired_backup (2.2.8, with nopreempt): the process was not scheduled for so long that
 * another router has become MASTER: it was silent for `down_timer_adverts` intervals. Where exactly
 * 2.2.8 draws the line is not known.
 */
function sleptThroughElection(instance: Instance, now: TimeUs): boolean {
  const { timerExpiredBackup, preempt, advertInterval, downTimerAdverts } = instance.config;
  if (timerExpiredBackup !== true || preempt || instance.timerDueAt === undefined) return false;
  const silent = elapsed(instance.timerDueAt, now) + advertInterval;
  return silent >= downTimerAdverts * advertInterval;
}

function instanceTimer(machine: VrrpMachine, instance: Instance, now: TimeUs): void {
  const from = instance.state;
  if (from === 'BACKUP') {
    logDetail(machine, instanceText.timeout(instance.config.name));
    gotoMaster(machine, instance, { now, cause: 'advert-timeout' });
  } else if (from === 'MASTER' && sleptThroughElection(instance, now)) {
    log(machine, instanceText.timerExpired(instance.config.name));
    instance.wanted = 'BACKUP';
    leaveMaster(machine, instance, { now, cause: 'timer-expired', announce: false });
  } else if (from === 'MASTER') {
    masterTimer(machine, instance, { now, cause: 'advert-timeout' });
  }
  syncAfter(machine, instance, { from, now });
  instance.reloadMaster = false;
  const became = from !== 'MASTER' && instance.state === 'MASTER';
  restartTimer(machine, instance, became ? later(now, machine.settings.transitionTime) : now);
}
