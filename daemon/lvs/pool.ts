/**
 * The kernel's table: services and servers added, changed and removed, one command for each of the
 * kernel's services that a virtual server stands for.
 *
 * With inhibit_on_failure a server that fails stays in the table with weight 0. What is found there already, left by a
 * daemon that was killed, stays as it is: 2.2.7 only tells that it is there (recorded).
 */

import { type Destination, removeServerWords, serverWords, serviceWords } from './ipvs-words.ts';
import type { LvsMachine, Server, Service, Sorry } from './lvs-machine.ts';

/** One ipvsadm call; what the kernel refuses is told by `core`, and changes nothing here. */
export function ipvs(machine: LvsMachine, words: readonly string[]): void {
  machine.actions.push({ kind: 'ipvs', id: machine.takeId(), words });
}

/** Adds the service. */
export function addService(machine: LvsMachine, service: Service): void {
  for (const kernel of service.kernel) {
    ipvs(machine, serviceWords('-A', kernel, service.config));
  }
  service.exists = true;
}

/** Changes scheduler, flags or persistence. */
export function editService(machine: LvsMachine, service: Service): void {
  for (const kernel of service.kernel) {
    ipvs(machine, serviceWords('-E', kernel, service.config));
  }
}

/** Removes the service and all that is in it. */
export function removeService(machine: LvsMachine, service: Service): void {
  for (const kernel of service.kernel) ipvs(machine, ['-D', ...kernel.words]);
  service.exists = false;
}

/** Adds a server, or wakes it up when it is there with weight 0. */
export function addServer(machine: LvsMachine, service: Service, server: Server): void {
  put(machine, service, server, { destination: server.config, weight: server.weight });
}

/** Adds a server that may not get work yet. */
export function addInhibited(machine: LvsMachine, service: Service, server: Server): void {
  put(machine, service, server, { destination: server.config, weight: 0 });
}

/** Takes a server out; an inhibited one stays with weight 0. */
export function takeServer(machine: LvsMachine, service: Service, server: Server): void {
  if (!server.inPool) return;
  if (server.config.inhibitOnFailure) setWeight(machine, service, server.config, 0);
  else dropServer(machine, service, server);
}

/** Takes a live server out for a sorry server's sake; 2.2.7 does not ask whether it is in. Source: recording k61. */
export function clearServer(machine: LvsMachine, service: Service, server: Server): void {
  if (server.inPool) takeServer(machine, service, server);
  else if (!server.config.inhibitOnFailure) remove(machine, service, server.config);
}

/** Takes a server out, whatever its settings. */
export function dropServer(machine: LvsMachine, service: Service, server: Server): void {
  if (server.inPool) remove(machine, service, server.config);
  server.inPool = false;
}

/** The server's present weight, told to the kernel. */
export function editServer(machine: LvsMachine, service: Service, server: Server): void {
  setWeight(machine, service, server.config, server.weight);
}

/** Weight of a sorry server. Source: recording k07. */
const SORRY_WEIGHT = 1;

/** Puts the sorry server to work. */
export function addSorry(machine: LvsMachine, service: Service, sorry: Sorry): void {
  put(machine, service, sorry, { destination: sorry.config, weight: SORRY_WEIGHT });
  sorry.alive = true;
}

/** A sorry server that waits in the table with weight 0. */
export function addSorryInhibited(machine: LvsMachine, service: Service, sorry: Sorry): void {
  put(machine, service, sorry, { destination: sorry.config, weight: 0 });
}

/** The sorry server is no longer needed. */
export function takeSorry(machine: LvsMachine, service: Service, sorry: Sorry): void {
  if (sorry.config.inhibit) setWeight(machine, service, sorry.config, 0);
  else dropSorry(machine, service, sorry);
  sorry.alive = false;
}

/** Takes the sorry server out, whatever its settings. */
export function dropSorry(machine: LvsMachine, service: Service, sorry: Sorry): void {
  if (sorry.inPool) remove(machine, service, sorry.config);
  sorry.inPool = false;
  sorry.alive = false;
}

function put(
  machine: LvsMachine,
  service: Service,
  entry: { inPool: boolean },
  what: { readonly destination: Destination; readonly weight: number },
): void {
  if (entry.inPool) {
    setWeight(machine, service, what.destination, what.weight);
    return;
  }
  for (const kernel of service.kernel) {
    ipvs(machine, serverWords('-a', kernel, what.destination, what.weight));
  }
  entry.inPool = true;
}

function setWeight(
  machine: LvsMachine,
  service: Service,
  destination: Destination,
  weight: number,
): void {
  for (const kernel of service.kernel) {
    ipvs(machine, serverWords('-e', kernel, destination, weight));
  }
}

function remove(machine: LvsMachine, service: Service, destination: Destination): void {
  for (const kernel of service.kernel) ipvs(machine, removeServerWords(kernel, destination));
}
