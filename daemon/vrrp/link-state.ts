/** Whether interfaces are up, as instances and static objects ask. */

import type { VrrpMachine } from './vrrp-machine.ts';

/** Whether an interface can carry adverts: switched on and with a carrier. */
export function linkIsUp(machine: VrrpMachine, name: string): boolean {
  const link = machine.host.interfaceNamed(name);
  if (link === undefined) return machine.madeLinks.has(name);
  return link.up && link.running;
}

const IFF_UP = 0x1;
const IFF_BROADCAST = 0x2;
const IFF_RUNNING = 0x40;
const IFF_MULTICAST = 0x1000;
const IFF_LOWER_UP = 0x1_0000;

/** The flags of an Ethernet interface as netlink tells them. Source: linux/if.h. */
export function linkFlags(machine: VrrpMachine, name: string): number {
  const link = machine.host.interfaceNamed(name);
  const up = link?.up === true ? IFF_UP : 0;
  const running = link?.up === true && link.running ? IFF_RUNNING | IFF_LOWER_UP : 0;
  return IFF_BROADCAST | IFF_MULTICAST | up | running;
}
