/**
 * The end: every MASTER gives up with priority 0 and removes what it owns, then everybody is told
 * of STOP.
 *
 * The caller closes the sockets afterwards and lets the leave of the group get out before it exits
 * (about one second, recordings S02, S06a).
 */

import type { TimeUs } from '../base/time.ts';
import { notifyGroup, notifyInstance } from './notify.ts';
import { setTimer } from './timers.ts';
import { reportState, sendZero } from './transitions.ts';
import { changeAddress, changeRoute, changeRule, removeVirtualObjects } from './virtual-objects.ts';
import { removeLinks } from './vmac.ts';
import type { VrrpMachine } from './vrrp-machine.ts';

/** Priority 0, VIPs removed, timers off, STOP told. */
export function shutDown(machine: VrrpMachine, now: TimeUs): void {
  machine.timers.remove(() => true);
  for (const instance of machine.instances) {
    if (instance.state !== 'MASTER') continue;
    sendZero(machine, instance, now);
    removeVirtualObjects(machine, instance, { force: false });
  }
  for (const instance of machine.instances) {
    const from = instance.state;
    setTimer(machine, instance, undefined);
    instance.state = 'STOP';
    reportState(machine, instance, from, { now, cause: 'stop' });
    notifyInstance(machine, instance);
  }
  for (const group of machine.groups) {
    group.state = 'STOP';
    notifyGroup(machine, group);
  }
  removeStaticObjects(machine);
}

/** The interfaces that were made for virtual MACs; removed after the wait. */
export function removeAllLinks(machine: VrrpMachine): void {
  for (const instance of machine.instances) removeLinks(machine, instance);
}

function removeStaticObjects(machine: VrrpMachine): void {
  for (const rule of machine.config.staticRules) changeRule(machine, 'delete', rule);
  for (const route of machine.config.staticRoutes) changeRoute(machine, 'delete', route);
  for (const address of machine.config.staticAddresses) {
    changeAddress(machine, 'address-delete', address);
  }
}
