/**
 * Unicast instances whose source no interface has when the sockets are opened, at the start or at a reload: bind fails,
 * and they are in FAULT until the next reload. That the address comes, or goes later, changes nothing in keepalived
 * 2.2.7, with track_src_ip or without (seen beside it). Where net.ipv4.ip_nonlocal_bind is set nothing fails.
 */

import type { TimeUs } from '../base/time.ts';
import { groupFaults, takeDown } from './fault.ts';
import { instanceText } from './log-text.ts';
import { removeVirtualObjects } from './virtual-objects.ts';
import { type Instance, log, type VrrpMachine, type VrrpSocket } from './vrrp-machine.ts';

/** Cause of fault of an instance whose socket could not be bound. */
export const SOURCE_FAULT = 'source';

/** Takes down what could not be bound, socket by socket. */
export function failUnbound(machine: VrrpMachine, now: TimeUs): void {
  const unbound = machine.sockets.filter((socket) => !socket.bound);
  const usersOf = (socket: VrrpSocket) =>
    machine.instances.filter((one) => one.socketId === socket.id);
  for (const user of unbound.flatMap(usersOf)) beginAnew(machine, user);
  for (const socket of unbound) {
    if (socket.unicast !== undefined) log(machine, instanceText.bindFailed(socket.unicast));
    for (const user of usersOf(socket)) {
      const { name } = user.config;
      log(machine, instanceText.faultSource(name));
      if (user.state !== 'FAULT') log(machine, instanceText.entering(name, 'FAULT'));
      takeDown(machine, user, { cause: SOURCE_FAULT, now });
    }
  }
}

/**
 * A reload makes new records, so FAULT is entered and told once more. With a MASTER among them 2.2.7 crashes, and its
 * parent starts it anew: the addresses go, and no priority 0 is sent.
 */
function beginAnew(machine: VrrpMachine, instance: Instance): void {
  const { group } = instance;
  const isFirst = group !== undefined && groupFaults(group) === 0;
  for (const one of isFirst ? group.members : [instance]) {
    if (one.vipSet) removeVirtualObjects(machine, one, { force: false });
    one.state = 'INIT';
    one.notifiesSent = false;
  }
  if (isFirst) group.state = 'INIT';
}
