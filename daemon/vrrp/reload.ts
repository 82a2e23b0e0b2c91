/**
 * A new configuration under a running machine (SIGHUP).
 *
 * An instance goes on when family, VRID, interface and way of addressing are the same; its name may
 * change. It keeps state, VIPs and counters and takes priority, interval and VIP list from the new
 * file. A MASTER sends its old advert just before and its new one right after (recording S18), and
 * yields only when it hears a higher one. Timers of delayed bursts are lost, as keepalived 2.2.7
 * loses them.
 */

import { durationUs, type TimeUs } from '../base/time.ts';
import { sendAdvert } from './advert.ts';
import { restartRefresh, sendBurst } from './garp-plan.ts';
import { joinGroups, logAssignedAddresses, sayFault, settle } from './initialise.ts';
import { instanceText, trackText } from './log-text.ts';
import { announceStates, notifyDeleted, notifyGroup, notifyInstance } from './notify.ts';
import { indexInstances } from './receive.ts';
import { isSameAddress, removeStaleObjects, replaceStaticObjects } from './reload-lists.ts';
import { startScript } from './scripts.ts';
import { initialiseTracking, setupTracking } from './setup-tracking.ts';
import { logSockets, openSockets } from './sockets.ts';
import { findSource } from './source-address.ts';
import { leastSkewTime, masterDownInterval, restartTimer, setTimer } from './timers.ts';
import { leaveFault, reportState, sendZero } from './transitions.ts';
import { failUnbound, SOURCE_FAULT } from './unbound-sources.ts';
import {
  changeAddress,
  changeRoute,
  changeRule,
  removeVirtualObjects,
  setFirewall,
} from './virtual-objects.ts';
import { createLinks, removeLinks } from './vmac.ts';
import type { VirtualAddress, VrrpConfig, VrrpInstanceConfig } from './vrrp-config.ts';
import {
  type Instance,
  isUnicast,
  log,
  logDetail,
  newInstance,
  type Script,
  type VrrpMachine,
  type VrrpSettings,
} from './vrrp-machine.ts';
import type { VrrpState } from './vrrp-state.ts';

/** The advert of each MASTER before the file is read again. */
export function advertBeforeReload(machine: VrrpMachine, now: TimeUs): void {
  for (const instance of machine.instances) {
    if (instance.state === 'MASTER') sendAdvert(machine, instance, instance.effectivePriority, now);
  }
}

/** Goes over to a new configuration. */
export function reload(
  machine: VrrpMachine,
  next: { readonly config: VrrpConfig; readonly settings: VrrpSettings },
  now: TimeUs,
): void {
  const before = machine.config;
  const old = machine.instances;
  const oldScripts = machine.scripts;
  machine.timers.remove(() => true);
  machine.garpQueueAt = undefined;
  machine.settings = next.settings;
  machine.config = next.config;
  machine.instances = next.config.instances.map(
    (config) => old.find((i) => continues(i.config, config)) ?? newInstance(config, now),
  );
  const gone = old.filter((i) => !machine.instances.includes(i));
  for (const instance of gone) dismiss(machine, instance, now);
  const changes = machine.instances.map((instance, index) =>
    adopt(instance, next.config.instances[index] as VrrpInstanceConfig),
  );
  const groupsBefore = new Map(machine.groups.map((group) => [group.config.name, group.state]));
  joinGroups(machine);
  tellKeptScripts(machine, oldScripts);
  replaceStaticObjects(machine, before);
  logAssignedAddresses(machine);
  for (const { instance, before: old } of changes) {
    if (old !== undefined && instance.vipSet) removeStaleObjects(machine, old, instance.config);
  }
  for (const name of createLinks(machine)) machine.madeLinks.add(name);
  for (const instance of machine.instances) instance.source = findSource(machine, instance);
  setupTracking(machine);
  for (const script of machine.scripts) keepScript(script, oldScripts);
  initialiseTracking(machine);
  for (const change of changes) {
    const announced = applyAddresses(machine, change, now);
    restartRefresh(machine, change.instance, { announced, now });
  }
  openSockets(machine);
  failUnbound(machine, now);
  indexInstances(machine);
  settleKeptGroups(machine, groupsBefore);
  for (const instance of machine.instances) resume(machine, instance, old.includes(instance), now);
  for (const script of machine.scripts) {
    if (script.running === 'idle') startScript(machine, script, now);
  }
  for (const instance of gone) notifyDeleted(machine, instance);
  announceStates(machine);
  logSockets(machine);
}

/** What changes for one instance. */
interface AddressChanges {
  readonly instance: Instance;
  readonly before: VrrpInstanceConfig | undefined;
}

function continues(a: VrrpInstanceConfig, b: VrrpInstanceConfig): boolean {
  return (
    a.vrid === b.vrid &&
    a.family === b.family &&
    a.interface === b.interface &&
    isUnicast(a) === isUnicast(b) &&
    (!isUnicast(a) || a.sourceAddress === b.sourceAddress) &&
    (a.vmac === undefined) === (b.vmac === undefined)
  );
}

function dismiss(machine: VrrpMachine, instance: Instance, now: TimeUs): void {
  if (instance.state === 'MASTER') sendZero(machine, instance, now);
  removeVirtualObjects(machine, instance, { force: false });
  setTimer(machine, instance, undefined);
  removeLinks(machine, instance);
}

function adopt(instance: Instance, config: VrrpInstanceConfig): AddressChanges {
  const before = instance.config === config ? undefined : instance.config;
  instance.config = config;
  // keepalived makes a new record for the instance: its adverts are numbered anew (recording S18).
  instance.packetId = 0;
  // So it does not remember whose list of VIPs it has compared (skip_check_adv_addr).
  instance.masterAddress = undefined;
  instance.basePriority = config.priority;
  instance.totalPriority = config.priority;
  // The new priority takes effect without a word; weights are added, and told, afterwards.
  instance.effectivePriority = config.priority;
  if (config.version === 2 || instance.state !== 'BACKUP') {
    instance.masterAdvertInterval = config.advertInterval;
  }
  instance.faults.clear();
  instance.scriptsInInit.clear();
  instance.garpPending.clear();
  instance.group = undefined;
  return { instance, before };
}

/** New VIPs of a MASTER are set, and then all of them are announced; `true` when there were any. */
function applyAddresses(machine: VrrpMachine, change: AddressChanges, now: TimeUs): boolean {
  const { instance, before } = change;
  if (!instance.vipSet || before === undefined) return false;
  const { config } = instance;
  const had = [...before.addresses, ...before.excludedAddresses];
  const isNew = (vip: VirtualAddress): boolean => !had.some((h) => isSameAddress(h, vip));
  const added = [...config.addresses, ...config.excludedAddresses].filter(isNew);
  const { name } = config;
  setFirewall(machine, instance, true);
  logDetail(machine, instanceText.settingVips(name));
  if (config.excludedAddresses.length > 0) logDetail(machine, instanceText.settingExcluded(name));
  if (config.routes.length > 0) logDetail(machine, instanceText.settingRoutes(name));
  if (config.rules.length > 0) logDetail(machine, instanceText.settingRules(name));
  for (const vip of added) changeAddress(machine, 'address-add', vip);
  const routes = before.routes.map((r) => r.words.join(' '));
  for (const route of config.routes) {
    if (!routes.includes(route.words.join(' '))) changeRoute(machine, 'add', route);
  }
  const rules = before.rules.map((r) => r.words.join(' '));
  for (const rule of config.rules) {
    if (!rules.includes(rule.words.join(' '))) changeRule(machine, 'add', rule);
  }
  if (added.length === 0) return false;
  sendBurst(machine, instance, { repeat: config.garp.repeat, now });
  return true;
}

/** One line for each script whose judgement goes on. */
function tellKeptScripts(machine: VrrpMachine, before: readonly Script[]): void {
  for (const { name } of machine.config.scripts) {
    const old = before.find((s) => s.config.name === name);
    if (old?.phase !== 'done') continue;
    log(machine, trackText.scriptKept(name, old.result >= old.config.rise));
  }
}

/**
 * A script that was judged before keeps its judgement, and how far it is from another one (reload-script-midway); a run that is
 * out is forgotten.
 */
function keepScript(script: Script, before: readonly Script[]): void {
  const old = before.find((s) => s.config.name === script.config.name);
  if (old === undefined || old.phase !== 'done') return;
  script.phase = 'done';
  script.lastStatus = old.lastStatus;
  script.result = keptResult(old, script.config);
}

/** Results that count from the bottom, from the threshold, or from the top stay so where `rise` and `fall` are new. */
function keptResult(old: Script, { rise, fall }: Script['config']): number {
  const { result } = old;
  const top = rise + fall - 1;
  if (result === 0) return 0;
  if (result < old.config.rise) return Math.max(rise - (old.config.rise - result), 0);
  if (result === old.config.rise + old.config.fall - 1) return top;
  return Math.min(rise + (result - old.config.rise), top);
}

/**
 * A group whose members are not all MASTER is BACKUP, whatever it was before: a new member, or a group that is new to a
 * MASTER, makes the masters give up (test/reference/traces-own/reload-group-grows, reload-new-member). It is told of when it
 * was not so before.
 */
function settleKeptGroups(machine: VrrpMachine, before: ReadonlyMap<string, VrrpState>): void {
  for (const group of machine.groups) {
    const masters = group.members.filter((member) => member.state === 'MASTER');
    if (group.members.some((member) => member.faults.size > 0)) continue;
    if (masters.length > 0) {
      group.state = masters.length === group.members.length ? 'MASTER' : 'BACKUP';
    } else if (group.state === 'FAULT') group.state = 'BACKUP';
    const isNews = before.get(group.config.name) !== group.state;
    if (isNews && group.state === 'BACKUP') notifyGroup(machine, group);
  }
}

/** A MASTER whose group is not: BACKUP without a priority 0, for one advert interval and the least skew time. */
function yieldToGroup(machine: VrrpMachine, instance: Instance, now: TimeUs): void {
  removeVirtualObjects(machine, instance, { force: false });
  log(machine, instanceText.enteringInit(instance.config.name, 'BACKUP'));
  instance.state = 'BACKUP';
  instance.wanted = 'BACKUP';
  reportState(machine, instance, 'MASTER', { now, cause: 'reload' });
  // A new record: nothing was told of it yet, so the group does not silence it.
  instance.notifiesSent = false;
  notifyInstance(machine, instance);
  instance.masterDownInterval = durationUs(instance.masterAdvertInterval + leastSkewTime(instance));
  restartTimer(machine, instance, now);
}

/**
 * What a reload finds ill is FAULT from the first: the new record was never MASTER, so its addresses go without a priority 0,
 * and the backup waits a whole master-down interval (test/reference/traces-own/reload-reverse-unweighted).
 */
function failInSilence(machine: VrrpMachine, instance: Instance, now: TimeUs): void {
  const from = instance.state;
  instance.wanted = 'FAULT';
  log(machine, instanceText.enteringFault(instance.config.name));
  removeVirtualObjects(machine, instance, { force: false });
  instance.state = 'FAULT';
  reportState(machine, instance, from, { now, cause: 'reload' });
  notifyInstance(machine, instance);
}

/** The instance goes on in its state, or where its trackers now send it. */
function resume(machine: VrrpMachine, instance: Instance, continued: boolean, now: TimeUs): void {
  if (!continued || instance.state === 'INIT' || instance.faults.has(SOURCE_FAULT)) {
    if (!instance.faults.has(SOURCE_FAULT)) sayFault(machine, instance);
    settle(machine, instance, now);
    return;
  }
  if (instance.state === 'MASTER' && instance.group?.state === 'BACKUP') {
    yieldToGroup(machine, instance, now);
    return;
  }
  const occasion = { now, cause: 'reload' };
  const faulty = instance.faults.size > 0;
  if (faulty && instance.state !== 'FAULT') {
    failInSilence(machine, instance, now);
  } else if (!faulty && instance.state === 'FAULT' && instance.group?.state !== 'FAULT') {
    instance.wanted = 'BACKUP';
    log(machine, instanceText.enteringInit(instance.config.name, 'BACKUP'));
    leaveFault(machine, instance, { ...occasion, silent: true });
  }
  instance.masterDownInterval = masterDownInterval(instance);
  instance.reloadMaster = instance.state === 'MASTER';
  restartTimer(machine, instance, now);
  const { group } = instance;
  if (faulty && group !== undefined && group.state !== 'FAULT') {
    group.state = 'FAULT';
    notifyGroup(machine, group);
  }
}
