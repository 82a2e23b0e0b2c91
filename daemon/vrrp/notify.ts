/**
 * Who is told of a change of state, in keepalived's order: the notify_* script, the script of
 * `notify`, the FIFOs, mail.
 *
 * A group's change is told once by the group; a member that only follows its group stays silent
 * when it was told of the same state before. Arguments of `notify`: INSTANCE or GROUP, name, state,
 * priority (0 for a group).
 */

import { seconds } from '../base/time.ts';
import type { FifoConfig, NotifyConfig, NotifyScript } from './vrrp-config.ts';
import { type Group, type Instance, takeId, type VrrpMachine } from './vrrp-machine.ts';
import type { VrrpState } from './vrrp-state.ts';

/** Tells of the instance's present state. */
export function notifyInstance(machine: VrrpMachine, instance: Instance): void {
  const { group, state } = instance;
  if (instance.notifiesSent && group !== undefined && group.state === state) return;
  instance.notifiesSent = true;
  const name = instance.config.name;
  const what = { scope: 'INSTANCE', name, state, priority: instance.effectivePriority } as const;
  announce(machine, what, tellScripts(machine, instance.config.notify, what));
  mailInstance(machine, instance);
}

/** Tells of the group's present state. */
export function notifyGroup(machine: VrrpMachine, group: Group): void {
  const { name, notify } = group.config;
  const { state } = group;
  machine.actions.push({ kind: 'report', report: { kind: 'group-state', group: name, to: state } });
  const what = { scope: 'GROUP', name, state, priority: 0 } as const;
  announce(machine, what, tellScripts(machine, notify, what));
  mailGroup(machine, group);
}

/**
 * Tells that a MASTER heard a lower advert: the moment at which cloud scripts must move addresses
 * back.
 */
export function notifyLowerAdvert(machine: VrrpMachine, instance: Instance): void {
  const { name, notify } = instance.config;
  const script = notify.masterReceivesLowerPriority;
  run(machine, script, name);
  const what = {
    scope: 'INSTANCE',
    name,
    state: 'MASTER_RX_LOWER_PRI',
    priority: instance.effectivePriority,
  } as const;
  announce(machine, what, script !== undefined);
}

/** FIFO line for a changed priority, where `notify_priority_changes` asks for it. */
export function notifyPriority(machine: VrrpMachine, instance: Instance): void {
  if (!instance.config.notifyPriorityChanges && !machine.config.globals.notifyPriorityChanges) {
    return;
  }
  announce(machine, {
    scope: 'INSTANCE',
    name: instance.config.name,
    state: instance.state === 'MASTER' ? 'MASTER_PRIORITY' : 'BACKUP_PRIORITY',
    priority: instance.effectivePriority,
  });
}

/**
 * FIFO lines for the present states after a reload, where `fifo_write_vrrp_states_on_reload` asks
 * for it.
 */
export function announceStates(machine: VrrpMachine): void {
  if (!machine.config.globals.fifoStatesOnReload) return;
  for (const { config, state, effectivePriority: priority } of machine.instances) {
    announce(machine, { scope: 'INSTANCE', name: config.name, state, priority });
  }
  for (const { config, state } of machine.groups) {
    announce(machine, { scope: 'GROUP', name: config.name, state, priority: 0 });
  }
}

/** Tells that an instance is no longer configured. */
export function notifyDeleted(machine: VrrpMachine, instance: Instance): void {
  instance.state = 'DELETED';
  instance.notifiesSent = false;
  notifyInstance(machine, instance);
}

/** What a notification says. */
interface Announcement {
  readonly scope: 'INSTANCE' | 'GROUP';
  readonly name: string;
  readonly state: string;
  readonly priority: number;
}

/** Runs the script of the state and that of `notify`; whether there is one of them. */
function tellScripts(
  machine: VrrpMachine,
  notify: NotifyConfig,
  what: Announcement & { readonly state: VrrpState },
): boolean {
  const { state, name } = what;
  const own = scriptOf(notify, state);
  run(machine, own, name, state === 'STOP');
  runGeneric(machine, notify.any, what);
  return own !== undefined || notify.any !== undefined;
}

function scriptOf(notify: NotifyConfig, state: VrrpState): NotifyScript | undefined {
  if (state === 'MASTER') return notify.master;
  if (state === 'BACKUP') return notify.backup;
  if (state === 'FAULT') return notify.fault;
  if (state === 'STOP') return notify.stop;
  if (state === 'DELETED') return notify.deleted ?? notify.fault;
  return undefined;
}

function run(
  machine: VrrpMachine,
  script: NotifyScript | undefined,
  subject: string,
  stopping: boolean = false,
  extra: readonly string[] = [],
): void {
  if (script === undefined) return;
  machine.actions.push({
    kind: 'script-run',
    id: takeId(machine),
    arguments: [...script.arguments, ...extra],
    ...scriptOwner(machine, script),
    purpose: 'notify',
    subject,
    // keepalived gives STOP scripts one second before it goes on stopping.
    ...(stopping ? { limit: seconds(1) } : {}),
  });
}

/** The user of the script, or that of `script_user`, which comes with its own group. */
function scriptOwner(
  machine: VrrpMachine,
  script: NotifyScript,
): { readonly user?: string; readonly group?: string } {
  const { scriptUser, scriptGroup } = machine.config.globals;
  const user = script.user ?? scriptUser;
  const group = script.user === undefined ? scriptGroup : script.group;
  return { ...(user === undefined ? {} : { user }), ...(group === undefined ? {} : { group }) };
}

function runGeneric(
  machine: VrrpMachine,
  script: NotifyScript | undefined,
  what: Announcement,
): void {
  run(machine, script, what.name, what.state === 'STOP', [
    what.scope,
    what.name,
    what.state,
    String(what.priority),
  ]);
}

/** Writes to the FIFOs, and reports what scripts or FIFOs were told: without either nobody is notified. */
function announce(machine: VrrpMachine, what: Announcement, isTold = false): void {
  const { notifyFifo, vrrpNotifyFifo } = machine.config.globals;
  writeFifo(machine, notifyFifo, what);
  writeFifo(machine, vrrpNotifyFifo, what);
  if (!isTold && notifyFifo === undefined && vrrpNotifyFifo === undefined) return;
  machine.actions.push({
    kind: 'report',
    report: {
      kind: 'notification',
      scope: what.scope,
      name: what.name,
      state: what.state,
      priority: what.priority,
    },
  });
}

function writeFifo(machine: VrrpMachine, fifo: FifoConfig | undefined, what: Announcement): void {
  if (fifo === undefined) return;
  const line = `${what.scope} "${what.name}" ${what.state} ${what.priority}`;
  machine.actions.push({ kind: 'fifo-write', path: fifo.path, line });
}

const INSTANCE_MAILS: ReadonlyMap<VrrpState, readonly [string, string]> = new Map([
  ['MASTER', ['Entering MASTER state', '=> VRRP Instance is now owning VRRP VIPs <=']],
  ['BACKUP', ['Entering BACKUP state', '=> VRRP Instance is no longer owning VRRP VIPs <=']],
  ['FAULT', ['Entering FAULT state', '=> VRRP Instance is no longer owning VRRP VIPs <=']],
  ['STOP', ['Stopping', '=> VRRP Instance stopping <=']],
]);

const GROUP_MAILS: ReadonlyMap<VrrpState, readonly [string, string]> = new Map([
  ['MASTER', ['Entering MASTER state', '=> All VRRP group instances are now in MASTER state <=']],
  ['BACKUP', ['Entering BACKUP state', '=> All VRRP group instances are now in BACKUP state <=']],
  ['FAULT', ['Entering FAULT state', '=> All VRRP group instances are now in FAULT state <=']],
  ['STOP', ['Stopping', '=> All VRRP group instances are now stopping <=']],
]);

function mailInstance(machine: VrrpMachine, instance: Instance): void {
  const { state } = instance;
  if (!instance.config.smtpAlert || instance.mailedState === state) return;
  if (state === 'FAULT' && machine.settings.noEmailFaults) return;
  const mail = INSTANCE_MAILS.get(state);
  if (mail === undefined) return;
  instance.mailedState = state;
  sendMail(machine, `VRRP Instance ${instance.config.name}`, mail);
}

function mailGroup(machine: VrrpMachine, group: Group): void {
  if (!group.config.smtpAlert || group.mailedState === group.state) return;
  if (group.state === 'FAULT' && machine.settings.noEmailFaults) return;
  const mail = GROUP_MAILS.get(group.state);
  if (mail === undefined) return;
  group.mailedState = group.state;
  sendMail(machine, `VRRP Group ${group.config.name}`, mail);
}

function sendMail(machine: VrrpMachine, about: string, mail: readonly [string, string]): void {
  const { mailTo, routerId } = machine.settings;
  if (mailTo.length === 0) return;
  const [subject, body] = mail;
  machine.actions.push({
    kind: 'report',
    report: { kind: 'mail', to: mailTo, subject: `[${routerId}] ${about} - ${subject}`, body },
  });
}
