/**
 * The start of the machine, in keepalived 2.2.7's order (recordings S01, S10, S13, S14).
 *
 * Interfaces and their addresses, VMACs, what is ill already, left-over VIPs removed, sockets
 * opened, groups and instances to BACKUP with the full master-down interval, or at once towards
 * MASTER for an address owner.
 */

import { durationUs, later, type TimeUs } from '../base/time.ts';
import { groupInits } from './fault.ts';
import { instanceText, trackText } from './log-text.ts';
import { notifyGroup, notifyInstance } from './notify.ts';
import { indexInstances } from './receive.ts';
import { startScript } from './scripts.ts';
import { CONFIG_FAULT, createFiles, initialiseTracking, setupTracking } from './setup-tracking.ts';
import { logSockets, openSockets } from './sockets.ts';
import { addressInterface, findSource, primaryAddress } from './source-address.ts';
import { addStaticObjects } from './static-objects.ts';
import { masterDownInterval, OWNER_PRIORITY, restartTimer } from './timers.ts';
import { reportState } from './transitions.ts';
import { failUnbound } from './unbound-sources.ts';
import { removeVirtualObjects, removeVirtualRoutes } from './virtual-objects.ts';
import { createLinks, hasOwnLink } from './vmac.ts';
import {
  type Group,
  type Instance,
  isUnicast,
  log,
  logDetail,
  newInstance,
  type VrrpMachine,
} from './vrrp-machine.ts';

/** Starts everything; the log lines of the configuration have been said already. */
export function initialise(machine: VrrpMachine, now: TimeUs): void {
  machine.instances = machine.config.instances.map((config) => newInstance(config, now));
  for (const link of machine.host.interfaces()) {
    if (link.up && link.running) machine.seenUpLinks.add(link.name);
  }
  joinGroups(machine);
  delayStartup(machine, now);
  logAssignedAddresses(machine);
  for (const name of createLinks(machine)) machine.madeLinks.add(name);
  promoteSecondaries(machine);
  addStaticObjects(machine);
  for (const instance of machine.instances) instance.source = findSource(machine, instance);
  setupTracking(machine);
  createFiles(machine);
  initialiseTracking(machine);
  const groupsToTell = settleGroups(machine);
  for (const instance of machine.instances) sayFault(machine, instance);
  logChannels(machine);
  for (const instance of machine.instances) {
    // An interface that was there before may still hold what a killed keepalived left on it.
    const name = instance.config.interface;
    const isFresh = hasOwnLink(instance) && machine.madeLinks.has(name ?? '');
    const isMissing = name !== undefined && machine.host.interfaceNamed(name) === undefined;
    if (!isFresh && !isMissing) removeVirtualObjects(machine, instance, { force: true });
    // keepalived removes routes and rules a second time (recorded).
    removeVirtualRoutes(machine, instance);
  }
  openSockets(machine);
  failUnbound(machine, now);
  indexInstances(machine);
  for (const group of groupsToTell) notifyGroup(machine, group);
  for (const instance of machine.instances) settle(machine, instance, now);
  for (const script of machine.scripts) startScript(machine, script, now);
  logSockets(machine);
}

/** Puts instances and groups together; a group with fewer than two members is still a group. */
export function joinGroups(machine: VrrpMachine): void {
  const before = machine.groups;
  machine.groups = machine.config.syncGroups.map((config) => {
    const old = before.find((group) => group.config.name === config.name);
    const group = {
      config,
      state: old?.state ?? ('BACKUP' as const),
      members: machine.instances.filter((i) => config.instances.includes(i.config.name)),
      mailedState: old?.mailedState,
    };
    for (const member of group.members) member.group = group;
    return group;
  });
}

/** `Assigned address …`, once for each interface that some instance uses, IPv4 first. */
export function logAssignedAddresses(machine: VrrpMachine): void {
  const told = new Set<string>();
  for (const instance of machine.instances) {
    const { config } = instance;
    if (config.unicastFaultNoPeer && !isUnicast(config)) {
      log(machine, instanceText.faultNoPeer(config.name));
    }
    const name = addressInterface(instance);
    if (name === undefined || told.has(name)) continue;
    told.add(name);
    const link = machine.host.interfaceNamed(name);
    if (link === undefined) continue;
    for (const family of ['inet', 'inet6'] as const) {
      const address = primaryAddress(machine, link, family);
      if (address !== undefined) logDetail(machine, trackText.assigned(address, name));
    }
  }
}

/** promote_secondaries: a VIP does not go with the primary address of its subnet. */
function promoteSecondaries(machine: VrrpMachine): void {
  for (const { config } of machine.instances) {
    if (!config.promoteSecondaries || config.interface === undefined) continue;
    const link = config.interface.replaceAll('.', '/');
    const name = `net.ipv4.conf.${link}.promote_secondaries`;
    machine.actions.push({ kind: 'sysctl-write', name, value: '1' });
  }
}

/** The first state of one instance, with its timer. */
export function settle(machine: VrrpMachine, instance: Instance, now: TimeUs): void {
  const { config, group } = instance;
  instance.masterDownInterval = masterDownInterval(instance);
  const isOwner = instance.basePriority === OWNER_PRIORITY && config.wantedState === 'MASTER';
  instance.wanted = isOwner ? 'MASTER' : 'BACKUP';
  const groupFaulty = group?.state === 'FAULT';
  const from = instance.state;
  if (instance.faults.size > 0 || groupFaulty) {
    instance.wanted = 'FAULT';
    instance.state = 'FAULT';
    if (from !== 'FAULT') reportState(machine, instance, from, { now, cause: 'startup' });
    notifyInstance(machine, instance);
  } else if (instance.scriptsInInit.size === 0 && groupInits(group) === 0) {
    instance.state = 'BACKUP';
    if (!isOwner) {
      log(machine, instanceText.enteringInit(config.name, 'BACKUP'));
      reportState(machine, instance, from, { now, cause: 'startup' });
      notifyInstance(machine, instance);
    } else {
      // An owner times out of BACKUP after one microsecond; nobody is told of that BACKUP.
      instance.masterDownInterval = 1 as typeof instance.masterDownInterval;
    }
  }
  restartTimer(machine, instance, now);
}

/**
 * `(N) entering FAULT state` at start or when a reload brings the instance: after the causes, before
 * its first state. An instance that only its configuration or a script keeps down says nothing.
 *
 * Source: recordings under test/golden/keepalived.
 */
export function sayFault(machine: VrrpMachine, instance: Instance): void {
  if (!hasVisibleFault(instance) && instance.group?.state !== 'FAULT') return;
  log(machine, instanceText.enteringFault(instance.config.name));
}

function hasVisibleFault(instance: Instance): boolean {
  return [...instance.faults].some((f) => f !== CONFIG_FAULT && !f.startsWith('script '));
}

/** First states of the groups; returns those that are told of it. */
function settleGroups(machine: VrrpMachine): readonly Group[] {
  for (const group of machine.groups) {
    const faulty = group.members.find(hasVisibleFault);
    if (faulty !== undefined) {
      group.state = 'FAULT';
      log(machine, trackText.syncInit(group.config.name, faulty.config.name));
    } else group.state = groupInits(group) > 0 ? 'INIT' : 'BACKUP';
  }
  return machine.groups.filter((group) => group.state !== 'INIT');
}

function logChannels(machine: VrrpMachine): void {
  const all = machine.instances.flatMap((i) => [
    ...i.config.addresses,
    ...i.config.excludedAddresses,
  ]);
  if (all.some((vip) => typeof vip.address === 'number')) {
    log(machine, 'Registering gratuitous ARP shared channel');
  }
  if (all.some((vip) => typeof vip.address === 'bigint')) {
    log(machine, 'Registering gratuitous NDISC shared channel');
  }
}

/** The longer one of vrrp_startup_delay and what is left of vrrp_delay_after_boot. */
function delayStartup(machine: VrrpMachine, now: TimeUs): void {
  const { startupDelay, delayAfterBoot } = machine.config.globals;
  const left = (delayAfterBoot ?? 0) - (machine.host.uptimeUs?.(now) ?? 0);
  const delay = durationUs(Math.max(startupDelay, left));
  if (delay === 0) return;
  machine.startupDelayUntil = later(now, delay);
  log(machine, trackText.startupDelay(delay));
}
