/** Whether interfaces are up, as instances and static objects ask. */

import type { VrrpMachine } from './vrrp-machine.ts';

/** Whether an interface can carry adverts: switched on and with a carrier. */
export function linkIsUp(machine: VrrpMachine, name: string): boolean {
  const link = machine.host.interfaceNamed(name);
  if (link === undefined) return machine.madeLinks.has(name);
  return link.up && link.running;
}
