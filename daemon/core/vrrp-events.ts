/**
 * What happens on the machine, handed to the part of VRRP that it concerns.
 *
 * Only events that VRRP alone answers; packets (`daemon.ts`), streams (`mail-client.ts`) and signals
 * (`state-files.ts`) have their own ways. Nothing is decided here.
 */

import type { TimeUs } from '../base/time.ts';
import { addressAdded, addressRemoved, routeRemoved } from '../vrrp/address-watch.ts';
import { scriptExited } from '../vrrp/scripts.ts';
import { reopenSockets } from '../vrrp/sockets.ts';
import { fileChanged, linkChanged, processChanged } from '../vrrp/tracking.ts';
import type { Instance, VrrpMachine } from '../vrrp/vrrp-machine.ts';
import type { SystemEvent } from './events.ts';

/** Tells the VRRP machine; `seenDown` remembers interfaces that came into being after the start. */
export function vrrpEvent(
  machine: VrrpMachine,
  event: SystemEvent,
  { seenDown, now }: { readonly seenDown: Set<string>; readonly now: TimeUs },
): void {
  switch (event.kind) {
    case 'link-changed':
      noteLink(machine, event.interface);
      machine.madeLinks.delete(event.interface);
      linkAppeared(machine, event.interface, seenDown);
      linkChanged(machine, event.interface, now);
      return;
    case 'link-removed':
      machine.madeLinks.delete(event.interface);
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

/**
 * An interface that comes into being after the start (dynamic_interfaces) gets its sockets only
 * now.
 */
function linkAppeared(machine: VrrpMachine, name: string, seenDown: Set<string>): void {
  const link = machine.links.get(name);
  if (link === undefined || link.up || seenDown.has(name)) return;
  seenDown.add(name);
  reopenSockets(machine, name);
}
