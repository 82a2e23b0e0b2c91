/**
 * Who follows what: built once from the configuration, at start and at every reload.
 *
 * A group's trackers act on all its members. Weighted trackers of a member do nothing inside a
 * group unless sync_group_tracking_weight is set. The own interface is followed without weight,
 * unless dont_track_primary.
 */

import { encodeUtf8 } from '../wire/text.ts';
import { applyPriority, fileStatus, weightOf } from './effective-priority.ts';
import { linkFlags, linkIsUp } from './link-state.ts';
import { instanceText } from './log-text.ts';
import { scriptIsWell } from './scripts.ts';
import { objectLinks, trackGroupLinks } from './static-objects.ts';
import { hasQuorum, matchesProcess, readFileValue } from './tracking.ts';
import type { TrackedInterface, TrackedItem } from './vrrp-config.ts';
import {
  type Follower,
  type Instance,
  log,
  type Script,
  type TrackedLink,
  type VrrpMachine,
} from './vrrp-machine.ts';

/** Cause of fault of an instance whose configuration alone forbids it to run. */
export const CONFIG_FAULT = 'config';

/** Builds links, scripts, files, processes and BFD sessions with their followers. */
export function setupTracking(machine: VrrpMachine): void {
  machine.links = new Map();
  for (const instance of machine.instances) followLinks(machine, instance);
  for (const instance of machine.instances) followGroupLinks(machine, instance);
  machine.scripts = machine.config.scripts
    .map((config): Script => {
      const followers = followersOf(machine, config.name, (c) => c.trackedScripts);
      return {
        config,
        followers,
        result: 0,
        phase: 'init',
        running: 'idle',
        commandId: undefined,
        lastStatus: 0,
      };
    })
    .filter((script) => script.followers.length > 0);
  machine.files = machine.config.files.map((config) => ({
    config,
    followers: followersOf(machine, config.name, (c) => c.trackedFiles),
    value: 0,
  }));
  machine.processes = machine.config.processes.map((config) => ({
    config,
    followers: followersOf(machine, config.name, (c) => c.trackedProcesses),
    pids: new Set<number>(),
    quorum: false,
    pending: undefined,
  }));
  setupBfds(machine);
}

/**
 * Finds what is ill already and adds the weights that hold already, with the log lines of
 * keepalived.
 */
export function initialiseTracking(machine: VrrpMachine): void {
  const links = [...machine.links.values()];
  links.sort((a, b) => placeOf(machine, a.name) - placeOf(machine, b.name));
  for (const link of links) initialiseLink(machine, link);
  initialiseFiles(machine);
  initialiseProcesses(machine);
  for (const instance of machine.instances) {
    if ((instance.config.configFaults ?? 0) > 0) instance.faults.add(CONFIG_FAULT);
    if (instance.source === undefined) {
      const family = instance.config.family === 'inet' ? 4 : 6;
      log(machine, instanceText.faultNoAddress(instance.config.name, family));
      instance.faults.add('address');
    }
    initialiseScripts(machine, instance);
    initialiseBfds(machine, instance);
    applyPriority(machine, instance);
  }
}

/** Interfaces that are not there come behind all others, as they were first named; those that keepalived would make are last. */
function placeOf(machine: VrrpMachine, name: string): number {
  if (machine.host.interfaceNamed(name) !== undefined || machine.madeLinks.has(name)) return -1;
  const { awaitedInterfaces } = machine.config;
  const place = awaitedInterfaces.indexOf(name);
  return place < 0 ? awaitedInterfaces.length : place;
}

/**
 * The own interface, those of addresses, routes and rules that are tracked, then what
 * track_interface names; the first entry of an interface stands.
 */
function followLinks(machine: VrrpMachine, instance: Instance): void {
  const { config } = instance;
  const own = [config.interface, config.vmac?.base, config.ipvlan?.base];
  for (const name of own) {
    if (name === undefined) continue;
    // Its changes are told all the same (test/reference/traces-own/dont-track-primary).
    if (config.dontTrackPrimary) trackedLink(machine, name);
    else follow(machine, name, { instance, ...UNWEIGHTED });
  }
  for (const name of objectLinks(instance)) {
    if (own.includes(name)) continue;
    follow(machine, name, { instance, ...UNWEIGHTED });
  }
  for (const name of trackGroupLinks(machine, instance)) {
    follow(machine, name, { instance, ...UNWEIGHTED });
  }
  const ofGroup = instance.group?.config.trackedInterfaces ?? [];
  for (const tracked of config.trackedInterfaces) {
    if (tracked.weight !== 0 && ignoresWeights(instance)) continue;
    if (ofGroup.some((one) => one.interface === tracked.interface)) continue;
    followTracked(machine, instance, tracked);
  }
}

/** Trackers of the group come last in the list of an interface's followers. */
function followGroupLinks(machine: VrrpMachine, instance: Instance): void {
  for (const tracked of instance.group?.config.trackedInterfaces ?? []) {
    followTracked(machine, instance, tracked);
  }
}

function followTracked(machine: VrrpMachine, instance: Instance, tracked: TrackedInterface): void {
  const { weight, reverse } = tracked;
  follow(machine, tracked.interface, { instance, weight, reverse });
}

const UNWEIGHTED = { weight: 0, reverse: false } as const;

function trackedLink(machine: VrrpMachine, name: string): TrackedLink {
  const known = machine.links.get(name);
  if (known !== undefined) return known;
  const link: TrackedLink = {
    name,
    followers: [],
    up: linkIsUp(machine, name),
    flags: linkFlags(machine, name),
    pending: undefined,
  };
  machine.links.set(name, link);
  return link;
}

function follow(machine: VrrpMachine, name: string, follower: Follower): void {
  const link = trackedLink(machine, name);
  // Followed already, by the instance itself or its group: the first entry stands.
  if (link.followers.some((f) => f.instance === follower.instance)) return;
  link.followers.push(follower);
}

function ignoresWeights(instance: Instance): boolean {
  return instance.group !== undefined && !instance.group.config.trackingWeight;
}

/** Followers of a named item, the group's entry before the member's own. */
function followersOf(
  machine: VrrpMachine,
  name: string,
  items: (config: {
    readonly trackedScripts: readonly TrackedItem[];
    readonly trackedFiles: readonly TrackedItem[];
    readonly trackedProcesses: readonly TrackedItem[];
    readonly trackedBfds: readonly TrackedItem[];
  }) => readonly TrackedItem[],
): Follower[] {
  const followers: Follower[] = [];
  for (const instance of machine.instances) {
    const ofGroup =
      instance.group === undefined
        ? undefined
        : items(instance.group.config).find((item) => item.name === name);
    const own = items(instance.config).find((item) => item.name === name);
    const ownCounts = own !== undefined && (own.weight === 0 || !ignoresWeights(instance));
    const item = ofGroup ?? (ownCounts ? own : undefined);
    if (item !== undefined) {
      followers.push({ instance, weight: item.weight, reverse: item.reverse });
    }
  }
  return followers;
}

function setupBfds(machine: VrrpMachine): void {
  const names = new Set<string>();
  for (const { config, group } of machine.instances) {
    for (const item of config.trackedBfds) names.add(item.name);
    for (const item of group?.config.trackedBfds ?? []) names.add(item.name);
  }
  const before = machine.bfds;
  machine.bfds = [...names].map((name) => ({
    name,
    followers: followersOf(machine, name, (c) => c.trackedBfds),
    up: before.find((bfd) => bfd.name === name)?.up ?? false,
  }));
}

function initialiseLink(machine: VrrpMachine, link: TrackedLink): void {
  link.up = linkIsUp(machine, link.name);
  for (const follower of link.followers) {
    const { instance } = follower;
    if (follower.weight !== 0) instance.totalPriority += weightOf(follower, link.up);
    else if (link.up === follower.reverse) {
      log(machine, instanceText.faultInterface(instance.config.name, link.name));
      instance.faults.add(`interface ${link.name}`);
    }
  }
}

/**
 * `init_file`: the file is made with its first value, or written over, before anybody reads it.
 * At start only: a reload leaves what the operator wrote since.
 */
export function createFiles(machine: VrrpMachine): void {
  for (const { config } of machine.files) {
    const { initFile, path } = config;
    if (initFile === undefined) continue;
    if (!initFile.overwrite && machine.host.readFile(path) !== undefined) continue;
    machine.actions.push({ kind: 'file-write', path, bytes: encodeUtf8(`${initFile.value}\n`) });
  }
}

function isWrittenAtStart(machine: VrrpMachine, path: string): boolean {
  return machine.actions.some((action) => action.kind === 'file-write' && action.path === path);
}

function initialiseFiles(machine: VrrpMachine): void {
  for (const file of machine.files) {
    const { path, initFile } = file.config;
    const isWritten = initFile !== undefined && isWrittenAtStart(machine, path);
    file.value = isWritten ? initFile.value : readFileValue(machine, path);
    for (const follower of file.followers) {
      const status = fileStatus(follower, file.value);
      const { name } = follower.instance.config;
      if (status === -254) {
        log(machine, instanceText.faultFile(name, file.config.name, status));
        follower.instance.faults.add(`file ${file.config.name}`);
      } else {
        follower.instance.totalPriority += status;
      }
    }
  }
}

function initialiseProcesses(machine: VrrpMachine): void {
  if (machine.processes.length === 0) return;
  const running = machine.host.processes();
  for (const tracked of machine.processes) {
    for (const one of running) {
      if (matchesProcess(tracked, one)) tracked.pids.add(one.pid);
    }
    tracked.quorum = hasQuorum(tracked);
    for (const follower of tracked.followers) {
      const { instance } = follower;
      if (follower.weight !== 0) instance.totalPriority += weightOf(follower, tracked.quorum);
      else if (tracked.quorum === follower.reverse) {
        log(machine, instanceText.faultProcess(instance.config.name, tracked.config.name));
        instance.faults.add(`process ${tracked.config.name}`);
      }
    }
  }
}

function initialiseScripts(machine: VrrpMachine, instance: Instance): void {
  for (const script of machine.scripts) {
    const follower = script.followers.find((f) => f.instance === instance);
    if (follower === undefined) continue;
    const well = scriptIsWell(script);
    const { name } = script.config;
    // 2.2.7 forgets `reverse` here, on a reload (test/reference/traces-own/reload-reverse-succeeds).
    if (follower.weight !== 0) {
      const forward = { ...follower, reverse: false };
      if (script.phase !== 'init') instance.totalPriority += weightOf(forward, well);
    } else if (script.phase !== 'done') {
      instance.scriptsInInit.add(name);
    } else if (!well) {
      log(machine, instanceText.faultScript(instance.config.name, name));
      instance.faults.add(`script ${name}`);
    }
  }
}

function initialiseBfds(machine: VrrpMachine, instance: Instance): void {
  for (const bfd of machine.bfds) {
    const follower = bfd.followers.find((f) => f.instance === instance);
    if (follower === undefined) continue;
    if (follower.weight !== 0) instance.totalPriority += weightOf(follower, bfd.up);
    else if (bfd.up === follower.reverse) instance.faults.add(`bfd ${bfd.name}`);
  }
}
