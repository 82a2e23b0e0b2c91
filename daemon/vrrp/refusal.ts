/** The typed report of a refused advert, beside keepalived's log line. */

import type { ReceivedPacket, Refusal } from './received-packet.ts';
import type { Instance, VrrpMachine } from './vrrp-machine.ts';

/** Tells the run log who was refused and why. */
export function reportRefusal(
  machine: VrrpMachine,
  instance: Instance,
  packet: ReceivedPacket,
  reason: Refusal,
): void {
  const { name, vrid } = instance.config;
  machine.actions.push({
    kind: 'report',
    report: { kind: 'advert-refused', instance: name, vrid, source: packet.source, reason },
  });
}
