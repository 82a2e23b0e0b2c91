/**
 * The quorum: the sum of weights of live servers, with hysteresis around it, and what a sorry server does.
 *
 * Gained when the sum reaches quorum + hysteresis; lost when it falls below quorum - hysteresis, or to 0.
 * Lost with a sorry server: the live servers leave the table and the sorry server enters; gained: the
 * reverse. Source: recordings k07, k09.
 */

import { kernelWeight } from './ipvs-words.ts';
import { type LvsMachine, log, type Service } from './lvs-machine.ts';
import { notifyService } from './lvs-notify.ts';
import { lvsText, type QuorumSum } from './lvs-text.ts';
import { addServer, addSorry, clearServer, takeSorry } from './pool.ts';

/** Sum of the weights of all live servers. */
function liveWeight(service: Service): number {
  return service.servers.reduce(
    (sum, server) => (server.alive ? sum + kernelWeight(server.weight) : sum),
    0,
  );
}

/** The sum against its threshold: above the quorum on the way up, below it on the way down. */
export function quorumSum(service: Service): QuorumSum {
  const { quorum, hysteresis } = service.config;
  const threshold = quorum + (service.quorumUp ? -hysteresis : hysteresis);
  return { quorum, hysteresis, threshold, weight: liveWeight(service) };
}

/** Whether live servers are in the table, or the sorry server in their place. */
export function poolIsOpen(service: Service): boolean {
  return service.quorumUp || service.sorry?.alive !== true;
}

/** Draws the conclusion from the present weights; `initial` at start and after a reload. */
export function updateQuorum(machine: LvsMachine, service: Service, initial: boolean): void {
  const sum = quorumSum(service);
  const { sorry, quorumUp } = service;
  if (!quorumUp && sum.weight >= sum.threshold) {
    gain(machine, service, sum, initial);
    return;
  }
  const lost = quorumUp && (sum.weight === 0 || sum.weight < sum.threshold);
  const startsDown = initial && !quorumUp && sorry !== undefined && !sorry.alive;
  if (lost || startsDown) lose(machine, service, sum, initial);
}

function gain(machine: LvsMachine, service: Service, sum: QuorumSum, initial: boolean): void {
  const { name, sorry } = service;
  service.quorumUp = true;
  log(machine, lvsText.gained(sum, name));
  if (sorry?.alive === true) {
    const how = { add: false, inhibited: sorry.config.inhibit };
    log(machine, lvsText.sorry(how, sorry.name, name));
    takeSorry(machine, service, sorry);
    setPool(machine, service, true);
  }
  notifyService(machine, service, { sum, initial, stopping: false });
}

function lose(machine: LvsMachine, service: Service, sum: QuorumSum, initial: boolean): void {
  const { name, sorry } = service;
  service.quorumUp = false;
  log(machine, initial ? lvsText.startsDown(sum, name) : lvsText.lost(sum, name));
  if (sorry !== undefined && !sorry.alive) {
    const how = { add: true, inhibited: sorry.config.inhibit };
    log(machine, lvsText.sorry(how, sorry.name, name));
    setPool(machine, service, false);
    addSorry(machine, service, sorry);
  }
  notifyService(machine, service, { sum, initial, stopping: false });
}

/** All live servers enter or leave the table. */
function setPool(machine: LvsMachine, service: Service, add: boolean): void {
  log(machine, lvsText.alivePool(add, service.name));
  for (const server of service.servers) {
    if (!server.alive) continue;
    if (add) addServer(machine, service, server);
    else clearServer(machine, service, server);
  }
}
