/**
 * Services from their beginning to their end: into the kernel at start, out of it at stop.
 *
 * Without alpha every server is put into the table before any check; with alpha none, unless it is
 * inhibited. Source: recordings k01, k11 (start), k13 (omega at the end).
 */

import { type LvsMachine, log, type Server, type Service } from './lvs-machine.ts';
import { mailServer, notifyServer, notifyService } from './lvs-notify.ts';
import { lvsText } from './lvs-text.ts';
import {
  addInhibited,
  addServer,
  addService,
  addSorryInhibited,
  dropServer,
  dropSorry,
  ipvs,
  removeService,
} from './pool.ts';
import { quorumSum, updateQuorum } from './quorum.ts';

/** All services into the kernel. */
export function startServices(machine: LvsMachine): void {
  for (const service of machine.services) startService(machine, service);
}

/** One service with the servers it begins with; after a reload only what is new. */
export function startService(machine: LvsMachine, service: Service): void {
  if (!service.exists) addService(machine, service);
  for (const server of service.servers) {
    if (!server.kept) startServer(machine, service, server);
  }
  updateQuorum(machine, service, true);
  const { sorry } = service;
  if (sorry?.config.inhibit && !sorry.inPool) addSorryInhibited(machine, service, sorry);
}

function startServer(machine: LvsMachine, service: Service, server: Server): void {
  if (server.failed.size > 0) {
    if (server.config.inhibitOnFailure && !server.inPool) addInhibited(machine, service, server);
    return;
  }
  if (server.alive) return;
  addServer(machine, service, server);
  server.alive = true;
  if (machine.settings.initNotifies) notifyServer(machine, service, server);
}

/** All services out of the kernel, at the end of the daemon. */
export function stopServices(machine: LvsMachine): void {
  const { flushOnStop } = machine.settings;
  if (flushOnStop === 'all') {
    ipvs(machine, ['-C']);
    for (const service of machine.services) tellEnd(machine, service, true);
    return;
  }
  for (const service of machine.services) {
    endService(machine, service, { stopping: true, flush: flushOnStop === 'services' });
  }
}

/** One service out of the kernel; without `flush` its servers are named one by one. */
export function endService(
  machine: LvsMachine,
  service: Service,
  how: { readonly stopping: boolean; readonly flush: boolean },
): void {
  if (!how.flush) {
    const { sorry } = service;
    if (sorry?.inPool) dropSorry(machine, service, sorry);
    for (const server of service.servers) endServer(machine, service, server, how.stopping);
  }
  tellEnd(machine, service, how.stopping);
  removeService(machine, service);
}

/** One server out of the kernel. */
export function endServer(
  machine: LvsMachine,
  service: Service,
  server: Server,
  stopping: boolean,
): void {
  if (server.inPool || stopping) {
    const inhibited = server.config.inhibitOnFailure && !server.alive;
    log(machine, lvsText.removing({ stopping, inhibited }, server.name, service.name));
  }
  if (!server.inPool) return;
  dropServer(machine, service, server);
  if (!server.alive) return;
  server.alive = false;
  if (stopping && !service.config.omega) return;
  notifyServer(machine, service, server, stopping);
  if (!server.config.smtpAlert) return;
  const body = stopping ? '=> Shutting down <=' : '=> Removing <=';
  mailServer(machine, service, server, { up: false, body });
}

/** The quorum goes with the service. */
export function tellEnd(machine: LvsMachine, service: Service, stopping: boolean): void {
  const { quorum, hysteresis } = service.config;
  const sum = { ...quorumSum(service), threshold: quorum - hysteresis };
  const lost = service.quorumUp && (sum.weight === 0 || sum.weight < sum.threshold);
  if (!stopping && !lost) return;
  service.quorumUp = false;
  notifyService(machine, service, { sum, initial: false, stopping });
}
