/**
 * Interfaces, files, processes and BFD sessions that instances follow.
 *
 * Weight 0 means FAULT while the subject is ill, any other weight moves the priority. Interfaces
 * act at once unless interface_up_down_delays hold the news back; processes after fork_delay or
 * terminate_delay.
 */

import { type DurationUs, later, type TimeUs } from '../base/time.ts';
import { decodeLatin1 } from '../wire/text.ts';
import { addPriority, fileStatus, setPriority, weightOf } from './effective-priority.ts';
import { clearFault, takeDown } from './fault.ts';
import { linkFlags, linkIsUp } from './link-state.ts';
import { instanceText, trackText } from './log-text.ts';
import { restoreOnLink } from './static-objects.ts';
import type { ProcessView } from './vrrp-actions.ts';
import {
  type Follower,
  log,
  logDetail,
  type TrackedBfd,
  type TrackedFile,
  type TrackedLink,
  type TrackedProcess,
  type VrrpMachine,
} from './vrrp-machine.ts';

/** An interface changed: look at it, and act or wait as configured. */
export function linkChanged(machine: VrrpMachine, name: string, now: TimeUs): void {
  const link = machine.links.get(name);
  if (link === undefined) return;
  const up = linkIsUp(machine, name);
  if (link.pending !== undefined) {
    // Back to what it was before the delay ran out: nobody hears of it.
    if (up === link.up) dropPending(machine, link);
    return;
  }
  if (up === link.up) {
    link.flags = linkFlags(machine, name);
    return;
  }
  const delay = delayFor(machine, name, up);
  if (delay === 0) {
    applyLink(machine, link, up, now);
    return;
  }
  log(machine, trackText.linkDelayed(name, link.flags, linkFlags(machine, name), delay));
  link.pending = up;
  machine.timers.add(later(now, delay), { kind: 'link', link });
}

/** The delay of interface_up_down_delays has passed. */
export function linkDelayPassed(machine: VrrpMachine, link: TrackedLink, now: TimeUs): void {
  if (link.pending === undefined) return;
  const up = link.pending;
  link.pending = undefined;
  applyLink(machine, link, up, now);
}

/** A tracked file was written, created or removed. */
export function fileChanged(machine: VrrpMachine, path: string, now: TimeUs): void {
  for (const file of machine.files) {
    if (file.config.path !== path) continue;
    const before = file.value;
    file.value = readFileValue(machine, path);
    if (file.value === before) continue;
    for (const follower of file.followers) {
      tellFile(machine, file, follower, { before: fileStatus(follower, before), now });
    }
  }
}

/** The number in a tracked file, -254..254; 0 when it is absent or holds no number. */
export function readFileValue(machine: VrrpMachine, path: string): number {
  const bytes = machine.host.readFile(path);
  if (bytes === undefined) return 0;
  const match = /^\s*([+-]?)(0x[0-9a-f]+|\d+)/i.exec(
    decodeLatin1(bytes, 0, Math.min(127, bytes.length)),
  );
  if (match === null) return 0;
  const digits = match[2] ?? '0';
  const isOctal = /^0[0-7]+$/.test(digits);
  const magnitude = isOctal ? Number.parseInt(digits, 8) : Number(digits);
  const value = match[1] === '-' ? -magnitude : magnitude;
  return Number.isNaN(value) ? 0 : Math.min(Math.max(value, -254), 254);
}

/** A process began or ended. */
export function processChanged(
  machine: VrrpMachine,
  what: ProcessView & { readonly started: boolean },
  now: TimeUs,
): void {
  for (const tracked of machine.processes) {
    if (what.started) {
      if (!matchesProcess(tracked, what)) continue;
      tracked.pids.add(what.pid);
    } else if (!tracked.pids.delete(what.pid)) continue;
    judgeProcess(machine, tracked, now);
  }
}

/** The delay of a process change has passed. */
export function processDelayPassed(
  machine: VrrpMachine,
  tracked: TrackedProcess,
  now: TimeUs,
): void {
  if (tracked.pending === undefined) return;
  tracked.pending = undefined;
  applyProcess(machine, tracked, now);
}

/** Whether enough and not too many such processes run. */
export function hasQuorum(tracked: TrackedProcess): boolean {
  const { quorum, quorumMax } = tracked.config;
  const count = tracked.pids.size;
  return count >= quorum && (quorumMax === undefined || count <= quorumMax);
}

/** Whether a process is one that is tracked. */
export function matchesProcess(tracked: TrackedProcess, candidate: ProcessView): boolean {
  const { command, fullCommand, parameters, parameterMatch } = tracked.config;
  const program = candidate.arguments[0] ?? candidate.name;
  // Without full_command keepalived compares the kernel's short name, 15 characters.
  const base = program.slice(program.lastIndexOf('/') + 1);
  const isSame = fullCommand
    ? program === command
    : candidate.name === command.slice(command.lastIndexOf('/') + 1).slice(0, 15) ||
      base === command;
  if (!isSame) return false;
  if (parameters.length === 0 && parameterMatch === undefined) return true;
  return matchesParameters(tracked, candidate.arguments.slice(1), parameters);
}

/** A BFD session went up or down. */
export function bfdChanged(machine: VrrpMachine, bfd: TrackedBfd, up: boolean, now: TimeUs): void {
  if (bfd.up === up) return;
  bfd.up = up;
  for (const follower of bfd.followers) {
    log(machine, instanceText.bfd(follower.instance.config.name, bfd.name, up));
    tellFollower(machine, follower, { cause: `bfd ${bfd.name}`, well: up, now });
  }
}

function dropPending(machine: VrrpMachine, link: TrackedLink): void {
  link.pending = undefined;
  machine.timers.remove((timer) => timer.kind === 'link' && timer.link === link);
}

function delayFor(machine: VrrpMachine, name: string, up: boolean): DurationUs | 0 {
  const delays = machine.config.interfaceDelays.find((d) => d.interface === name);
  if (delays === undefined) return 0;
  return up ? delays.upDelay : delays.downDelay;
}

function applyLink(machine: VrrpMachine, link: TrackedLink, up: boolean, now: TimeUs): void {
  log(machine, trackText.link(link.name, up));
  link.up = up;
  link.flags = linkFlags(machine, link.name);
  for (const follower of link.followers) {
    tellFollower(machine, follower, { cause: `interface ${link.name}`, well: up, now });
  }
  if (up) restoreOnLink(machine, link.name);
}

/** Tells one follower that its subject turned well or ill. */
function tellFollower(
  machine: VrrpMachine,
  follower: Follower,
  news: { readonly cause: string; readonly well: boolean; readonly now: TimeUs },
): void {
  const { instance } = follower;
  if (follower.weight !== 0) {
    const change = weightOf(follower, news.well) - weightOf(follower, !news.well);
    addPriority(machine, instance, change);
  } else if (news.well === follower.reverse) {
    takeDown(machine, instance, news);
  } else {
    clearFault(machine, instance, news);
  }
}

function tellFile(
  machine: VrrpMachine,
  file: TrackedFile,
  follower: Follower,
  change: { readonly before: number; readonly now: TimeUs },
): void {
  const after = fileStatus(follower, file.value);
  const { instance } = follower;
  const { name } = file.config;
  const { before, now } = change;
  if (after === before) return;
  const cause = `file ${name}`;
  if (after === -254) {
    logDetail(machine, instanceText.fileFault(instance.config.name, name));
    setPriority(instance, -before);
    takeDown(machine, instance, { cause, now });
    return;
  }
  if (before === -254) {
    logDetail(machine, instanceText.fileRecovered(instance.config.name, name));
    setPriority(instance, after);
    if (after !== 0) {
      log(machine, instanceText.prioritySet(instance.config.name, instance.effectivePriority));
    }
    clearFault(machine, instance, { cause, now });
    return;
  }
  addPriority(machine, instance, after - before);
}

function judgeProcess(machine: VrrpMachine, tracked: TrackedProcess, now: TimeUs): void {
  const has = hasQuorum(tracked);
  const news = has ? 'gain' : 'loss';
  if (tracked.pending !== undefined) {
    if (has === tracked.quorum) {
      tracked.pending = undefined;
      machine.timers.remove((timer) => timer.kind === 'process' && timer.process === tracked);
    }
    return;
  }
  if (has === tracked.quorum) return;
  const delay = has ? tracked.config.forkDelay : tracked.config.terminateDelay;
  if (delay === 0) {
    applyProcess(machine, tracked, now);
    return;
  }
  tracked.pending = news;
  machine.timers.add(later(now, delay), { kind: 'process', process: tracked });
}

function applyProcess(machine: VrrpMachine, tracked: TrackedProcess, now: TimeUs): void {
  const has = hasQuorum(tracked);
  if (has === tracked.quorum) return;
  tracked.quorum = has;
  log(machine, trackText.quorum(tracked.config.name, has));
  for (const follower of tracked.followers) {
    tellFollower(machine, follower, { cause: `process ${tracked.config.name}`, well: has, now });
  }
}

function matchesParameters(
  tracked: TrackedProcess,
  actual: readonly string[],
  wanted: readonly string[],
): boolean {
  const how = tracked.config.parameterMatch ?? 'exact';
  if (how === 'exact' && actual.length !== wanted.length) return false;
  if (actual.length < wanted.length) return false;
  return wanted.every((word, index) => {
    const isLast = index === wanted.length - 1;
    const have = actual[index] ?? '';
    return how === 'partial' && isLast ? have.startsWith(word) : have === word;
  });
}
