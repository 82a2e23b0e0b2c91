/**
 * What the verdicts of checkers do to a real server: down with the first checker that is down, up when
 * none is. Weights that checkers give. Source: recordings k01, k11, k15; keepalived.md d.3.
 */

import { kernelWeight } from './ipvs-words.ts';
import { type LvsMachine, log, type Server, type Service } from './lvs-machine.ts';
import { mailServer, notifyServer } from './lvs-notify.ts';
import { lvsText } from './lvs-text.ts';
import { addServer, editServer, takeServer } from './pool.ts';
import { poolIsOpen, updateQuorum } from './quorum.ts';

/** A server with its service. */
export interface Place {
  readonly service: Service;
  readonly server: Server;
}

/** What a checker thinks; the fields of `check/check-machine.ts`. */
export interface CheckerVerdict {
  readonly checker: number;
  readonly up: boolean;
  readonly changed: boolean;
  readonly first: boolean;
  readonly alpha: boolean;
  readonly mail: string;
}

/** Takes a verdict in. */
export function takeVerdict(machine: LvsMachine, place: Place, verdict: CheckerVerdict): void {
  const { service, server } = place;
  const { checker, up } = verdict;
  if (!verdict.changed) {
    if (verdict.first && (verdict.alpha || !up)) notifyServer(machine, service, server);
    return;
  }
  const wasAlive = server.alive;
  if (up) {
    server.failed.delete(checker);
    if (server.failed.size === 0) setAlive(machine, place, true);
  } else {
    const healthy = server.failed.size === 0;
    server.failed.add(checker);
    if (healthy) setAlive(machine, place, false);
  }
  const news = wasAlive !== server.alive || !machine.settings.noCheckerEmails;
  if (server.config.smtpAlert && news) {
    mailServer(machine, service, server, { up, body: verdict.mail });
  }
}

/** The server is good by all checkers, or no longer. */
export function setAlive(machine: LvsMachine, place: Place, alive: boolean): void {
  const { service, server } = place;
  if (server.alive === alive) return;
  const how = { up: alive, inhibited: server.config.inhibitOnFailure };
  log(machine, lvsText.changed(how, server.name, service.name));
  if (poolIsOpen(service)) {
    if (alive) addServer(machine, service, server);
    else takeServer(machine, service, server);
  }
  server.alive = alive;
  notifyServer(machine, service, server);
  updateQuorum(machine, service, false);
}

/** Another weight, in force at once where the server works. */
export function setWeight(machine: LvsMachine, place: Place, weight: number, quorum = true): void {
  const { service, server } = place;
  const from = kernelWeight(server.weight);
  const to = kernelWeight(weight);
  server.weight = weight;
  if (from === to) return;
  const { alive } = server;
  log(machine, lvsText.weight({ from, to, alive }, server.name, service.name));
  if (server.inPool && alive && poolIsOpen(service)) editServer(machine, service, server);
  if (quorum) updateQuorum(machine, service, false);
}
