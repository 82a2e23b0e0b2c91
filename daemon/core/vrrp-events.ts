/**
 * What happens on the machine, handed to the part of VRRP that it concerns.
 *
 * Only events that VRRP alone answers; packets (`daemon.ts`), streams (`mail-client.ts`) and signals
 * (`state-files.ts`) have their own ways. Nothing is decided here.
 */

import type { TimeUs } from '../base/time.ts';
import { addressAdded, addressRemoved, routeRemoved, ruleRemoved } from '../vrrp/address-watch.ts';
import { scriptExited } from '../vrrp/scripts.ts';
import { loseSockets, openWaitingSockets } from '../vrrp/sockets.ts';
import { fileChanged, linkChanged, processChanged } from '../vrrp/tracking.ts';
import { createLateLinks } from '../vrrp/vmac.ts';
import type { Instance, VrrpMachine } from '../vrrp/vrrp-machine.ts';
import type { SystemEvent } from './events.ts';

/** Tells the VRRP machine. */
export function vrrpEvent(machine: VrrpMachine, event: SystemEvent, now: TimeUs): void {
  switch (event.kind) {
    case 'link-changed':
      noteLink(machine, event.interface);
      machine.madeLinks.delete(event.interface);
      openWaitingSockets(machine, event.interface);
      createLateLinks(machine, event.interface);
      linkChanged(machine, event.interface, now);
      return;
    case 'link-removed':
      machine.madeLinks.delete(event.interface);
      loseSockets(machine, event.interface);
      linkChanged(machine, event.interface, now);
      return;
    case 'address-added':
      addressAdded(machine, { interface: event.interface, address: event.address.address }, now);
      return;
    case 'address-removed':
      addressRemoved(machine, { interface: event.interface, address: event.address.address }, now);
      return;
    case 'route-removed':
      routeRemoved(machine, event.words, now);
      return;
    case 'rule-removed':
      ruleRemoved(machine, event, now);
      return;
    case 'script-exited':
      scriptExited(machine, event.id, event.outcome, now);
      return;
    case 'process-started':
    case 'process-ended': {
      const started = event.kind === 'process-started';
      const { pid, name, arguments: words } = event;
      processChanged(machine, { pid, name, arguments: words, started }, now);
      return;
    }
    case 'file-changed':
      fileChanged(machine, event.path, now);
      return;
    default:
      // Streams, datagrams, signals: nothing of VRRP waits for them.
      return;
  }
}

/** In FAULT and before the first decision adverts are not even looked at. */
export function ignoresPackets(instance: Instance): boolean {
  for (let one: Instance | undefined = instance; one; one = one.sibling) {
    if (one.state === 'BACKUP' || one.state === 'MASTER') return false;
  }
  return true;
}

/** What the dump of interfaces tells: of whom netlink spoke, and who was up. */
function noteLink(machine: VrrpMachine, name: string): void {
  machine.toldLinks.add(name);
  const link = machine.host.interfaceNamed(name);
  if (link?.up && link.running) machine.seenUpLinks.add(name);
}
