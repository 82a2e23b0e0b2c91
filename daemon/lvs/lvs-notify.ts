/**
 * Who is told that a server or a service changed: script, FIFOs, mail, in keepalived's order.
 *
 * At the end of the daemon only services with omega tell anybody. Source: recordings k09, k13;
 * keepalived.conf(5).
 */

import { seconds } from '../base/time.ts';
import type { ServiceScript } from './lvs-config.ts';
import type { LvsMachine, Server, Service } from './lvs-machine.ts';
import { gainedSum, type QuorumSum } from './lvs-text.ts';

/** How long a script gets when the daemon stops. Source: keepalived waits one second. */
const STOP_LIMIT = seconds(1);

/** A server came or went; mails are the checkers' affair. */
export function notifyServer(
  machine: LvsMachine,
  service: Service,
  server: Server,
  stopping = false,
): void {
  const { notifyUp, notifyDown } = server.config;
  runScript(machine, server.alive ? notifyUp : notifyDown, { subject: server.name, stopping });
  writeFifos(machine, `RS ${server.name} ${service.name} ${server.alive ? 'UP' : 'DOWN'}`);
}

/** A quorum was gained or lost. */
export function notifyService(
  machine: LvsMachine,
  service: Service,
  how: { readonly sum: QuorumSum; readonly initial: boolean; readonly stopping: boolean },
): void {
  const { config, name, quorumUp } = service;
  const { stopping, initial, sum } = how;
  if (stopping && !config.omega) return;
  const script = quorumUp ? config.quorumUp : config.quorumDown;
  runScript(machine, script, { subject: name, stopping });
  const state = quorumUp ? 'UP' : 'DOWN';
  writeFifos(machine, `VS ${name} ${state}`);
  if (!config.smtpAlert) return;
  const begun = initial ? `Starting with quorum ${quorumUp ? 'up' : 'down'}` : undefined;
  const what = begun ?? `${quorumUp ? 'Gained' : 'Lost'} quorum`;
  const body = stopping ? '=> Shutting down <=' : `=> ${what} ${gainedSum(sum)} <=`;
  sendMail(machine, `Virtualserver ${name} - ${state}`, body);
}

/** A mail about a server. */
export function mailServer(
  machine: LvsMachine,
  service: Service,
  server: Server,
  mail: { readonly up: boolean; readonly body: string },
): void {
  const about = `Realserver ${server.name} of virtual server ${service.name}`;
  sendMail(machine, `${about} - ${mail.up ? 'UP' : 'DOWN'}`, mail.body);
}

function sendMail(machine: LvsMachine, about: string, body: string): void {
  const { mailTo, routerId } = machine.settings;
  if (mailTo.length === 0) return;
  const report = { kind: 'mail', to: mailTo, subject: `[${routerId}] ${about}`, body } as const;
  machine.actions.push({ kind: 'report', report });
}

function writeFifos(machine: LvsMachine, line: string): void {
  for (const path of machine.settings.fifos) {
    machine.actions.push({ kind: 'fifo-write', path, line });
  }
}

function runScript(
  machine: LvsMachine,
  script: ServiceScript | undefined,
  about: { readonly subject: string; readonly stopping: boolean },
): void {
  if (script === undefined) return;
  const { scriptUser, scriptGroup } = machine.settings;
  const user = script.user ?? scriptUser;
  const group = script.user === undefined ? scriptGroup : script.group;
  machine.actions.push({
    kind: 'script-run',
    id: machine.takeId(),
    arguments: script.arguments,
    purpose: 'notify',
    subject: about.subject,
    ...(user === undefined ? {} : { user }),
    ...(group === undefined ? {} : { group }),
    ...(about.stopping ? { limit: STOP_LIMIT } : {}),
  });
}
