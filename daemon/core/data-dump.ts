/**
 * keepalived.data, which USR1 writes: the configuration as `-d` prints it, with what only a running
 * daemon knows put in: states, timers, priorities, sockets; the general settings before it
 * (`dump-global.ts`), the interfaces behind it (`dump-interfaces.ts`).
 *
 * Source: dumps of keepalived 2.2.7, test/reference/dumps and test/golden/keepalived/dump.
 */

import { unreachable } from '../base/assert.ts';
import type { TimeUs } from '../base/time.ts';
import type { DaemonConfig } from '../config/daemon-config.ts';
import { dumpGlobal } from '../config/dump-global.ts';
import { installed } from '../config/dump-routes.ts';
import { dumpVrrp } from '../config/dump-vrrp.ts';
import type { IdsOf } from '../config/user-ids.ts';
import { lateFraction, type Stamps, stampText } from '../vrrp/dump.ts';
import { groupFaults, groupInits } from '../vrrp/fault.ts';
import { scriptIsWell } from '../vrrp/scripts.ts';
import { descriptorsOf } from '../vrrp/sockets.ts';
import { hasFirewall } from '../vrrp/virtual-objects.ts';
import type { VrrpConfig } from '../vrrp/vrrp-config.ts';
import {
  type Group,
  type Instance,
  type Script,
  type TrackedFile,
  type TrackedProcess,
  transmitInterface,
  type VrrpMachine,
  type VrrpSocket,
} from '../vrrp/vrrp-machine.ts';
import { formatIp } from '../wire/ip-address.ts';
import { dumpTrackedBfds } from './dump-bfd.ts';
import { dumpGarpDelays, dumpInterfaces } from './dump-interfaces.ts';
import { receiveBufferBytes } from './receive-buffer.ts';
import type { System } from './system.ts';

/** What the dump needs besides the machine. */
export interface DumpHost {
  readonly config: DaemonConfig;
  readonly system: System;
  readonly stamp: Stamps;
  readonly idsOf: IdsOf;
}

const TOPOLOGY = '------< VRRP Topology >------';
const SOCKPOOL = '------< VRRP Sockpool >------';

/** Whose lines are being read. */
type Owner =
  | { readonly kind: 'instance'; readonly of: Instance }
  | { readonly kind: 'group'; readonly of: Group }
  | { readonly kind: 'script'; readonly of: Script }
  | { readonly kind: 'file'; readonly of: TrackedFile }
  | { readonly kind: 'process'; readonly of: TrackedProcess };

/** The content of keepalived.data. */
export function dataDump(machine: VrrpMachine, host: DumpHost): string {
  const { system, stamp } = host;
  const lines: string[] = [...dumpGlobal(host.config, 'vrrp', host.idsOf)];
  const facts = { interfaces: system.interfaces(), idsOf: host.idsOf };
  const sections = dumpVrrp(usedPart(machine), facts).trimEnd().split('\n');
  const topology = sections.indexOf(TOPOLOGY);
  const end = sections.findIndex((line, at) => at > topology && line.startsWith('------<'));
  const after = topology < 0 ? 0 : end < 0 ? sections.length : end;
  lines.push(...sections.slice(0, Math.max(topology, 0)).map(staticLine));
  lines.push(...dumpGarpDelays(machine, stamp));
  lines.push(...running(machine, sections.slice(Math.max(topology, 0), after), host));
  lines.push(...sockpool(machine, host));
  lines.push(...running(machine, sections.slice(after), host));
  lines.push(...dumpTrackedBfds(machine, host.config));
  lines.push(...dumpInterfaces(machine, { system, stamp }));
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
}

/** What nobody tracks has no place in a running daemon. */
function usedPart(machine: VrrpMachine): VrrpConfig {
  const used = (all: readonly { config: { name: string }; followers: readonly unknown[] }[]) =>
    new Set(all.filter((one) => one.followers.length > 0).map((one) => one.config.name));
  const scripts = used(machine.scripts);
  const files = used(machine.files);
  const processes = used(machine.processes);
  const { config } = machine;
  return {
    ...config,
    scripts: config.scripts.filter((one) => scripts.has(one.name)),
    files: config.files.filter((one) => files.has(one.name)),
    processes: config.processes.filter((one) => processes.has(one.name)),
  };
}

/** Static routes are set all the time. */
function staticLine(line: string): string {
  return installed(line, true);
}

/** Lines with what only the running daemon knows put in. */
function running(
  machine: VrrpMachine,
  section: readonly string[],
  host: DumpHost,
): readonly string[] {
  const lines: string[] = [];
  let owner: Owner | undefined;
  let formatted = formatIp(host.config.global.vrrpDefaults.multicastGroup6);
  for (const line of section) {
    owner = line.startsWith('------<') ? undefined : (ownerNamed(machine, line) ?? owner);
    const made = runningLine(machine, owner, { line, host, formatted });
    lines.push(...made);
    formatted = lastFormatted(line) ?? formatted;
  }
  return lines;
}

/** Addresses that keepalived formats into one buffer, which a line without an address shows again. */
function lastFormatted(line: string): string | undefined {
  return /^ {3}(?:Using src_ip =|Multicast address) ([\da-f.:]+)/.exec(line)?.[1];
}

interface DumpedLine {
  readonly line: string;
  readonly host: DumpHost;
  /** The address that was formatted last. */
  readonly formatted: string;
}

function ownerNamed(machine: VrrpMachine, line: string): Owner | undefined {
  const found = /^ (?:VRRP )?(Instance|Sync Group|Script|Track file|Track process) = ([^,]*)/.exec(
    line,
  );
  const name = found?.[2];
  const named = <T extends { config: { name: string } }>(all: readonly T[]): T | undefined =>
    all.find((one) => one.config.name === name);
  switch (found?.[1]) {
    case 'Instance': {
      const of = named(machine.instances);
      return of && { kind: 'instance', of };
    }
    case 'Sync Group': {
      const of = named(machine.groups);
      return of && { kind: 'group', of };
    }
    case 'Script': {
      const of = named(machine.scripts);
      return of && { kind: 'script', of };
    }
    case 'Track file': {
      const of = named(machine.files);
      return of && { kind: 'file', of };
    }
    case 'Track process': {
      const of = named(machine.processes);
      return of && { kind: 'process', of };
    }
    default:
      return undefined;
  }
}

function runningLine(
  machine: VrrpMachine,
  owner: Owner | undefined,
  dumped: DumpedLine,
): readonly string[] {
  if (owner === undefined) return [dumped.line];
  switch (owner.kind) {
    case 'instance':
      return instanceLine(machine, owner.of, dumped);
    case 'group':
      return [groupLine(owner.of, dumped.line)];
    case 'script':
      return [scriptLine(owner.of, dumped.line)];
    case 'file':
      return [fileLine(owner.of, dumped.line)];
    case 'process':
      return processLines(owner.of, dumped.line);
    default:
      return unreachable(owner);
  }
}

function groupLine(group: Group, line: string): string {
  if (line.startsWith(' VRRP Sync Group')) {
    return ` VRRP Sync Group = ${group.config.name}, ${group.state}`;
  }
  if (!line.startsWith('   Num member fault')) return line;
  return `   Num member fault ${groupFaults(group)}, num member init ${groupInits(group)}`;
}

function scriptLine(script: Script, line: string): string {
  if (line.startsWith('   Result = ')) return `   Result = ${script.result}`;
  // The name of the state "done" is not in keepalived's table.
  if (line.startsWith('   Init state = ') && script.phase === 'done')
    return '   Init state = unknown';
  if (line.startsWith('   Status = ')) {
    return `   Status = ${scriptIsWell(script) ? 'GOOD' : 'BAD'}`;
  }
  return line.startsWith('   State = ') ? `   State = ${script.running}` : line;
}

function fileLine(file: TrackedFile, line: string): string {
  return line.startsWith('   Status = ') ? `   Status = ${file.value}` : line;
}

function processLines(tracked: TrackedProcess, line: string): readonly string[] {
  if (line.startsWith('   Current processes = ')) {
    return [`   Current processes = ${tracked.pids.size}`];
  }
  if (line.startsWith('   Have quorum = ')) return [`   Have quorum = ${tracked.quorum}`];
  if (!line.startsWith('   Full command = ')) return [line];
  const runs = (what: 'gain' | 'loss') => (tracked.pending === what ? '' : 'not ');
  return [
    `   Fork delay timer ${runs('gain')}running`,
    `   Terminate delay timer ${runs('loss')}running`,
    line,
  ];
}

/** A line of an instance as it is while the daemon runs; the dumped one tells where it stands. */
function instanceLine(
  machine: VrrpMachine,
  instance: Instance,
  dumped: DumpedLine,
): readonly string[] {
  const { line, host } = dumped;
  if (line.startsWith('   Flags')) return [...stateLines(instance, dumped.formatted), line];
  const own = instance.config.vmac ?? instance.config.ipvlan;
  if (own !== undefined && host.system.interfaceNamed(own.name) === undefined) {
    if (line.startsWith('   Use VMAC, ')) return [line.replace('is_up = true', 'is_up = false')];
    if (line.startsWith('   Interface = ')) return [`   Interface = ${own.name}`];
  }
  if (line.startsWith('   Wantstate = ')) return [`   Wantstate = ${instance.wanted}`];
  if (line.startsWith('   Number of config faults')) {
    return [line, ...timerLines(instance, host)];
  }
  if (line.startsWith('   Priority = ')) {
    return [
      `   Priority = ${instance.basePriority}`,
      `   Effective priority = ${instance.effectivePriority}`,
      `   Total priority = ${instance.totalPriority}`,
    ];
  }
  if (line.startsWith('   Down timer adverts = ')) return [line, ...extraGarp(instance, host)];
  if (line.startsWith('   Using src_ip = ') && instance.config.sourceAddress === undefined) {
    const { source } = instance;
    return [`   Using src_ip = ${source === undefined ? '(none)' : formatIp(source)}`];
  }
  if (line.startsWith('   Multicast address ')) return [multicastLine(instance, dumped)];
  if (line.startsWith('   Advert interval = ')) return [line, ...masterInterval(instance)];
  if (/^ {5}(prepend|append|add) /.test(line)) return [installed(line, instance.vipSet)];
  if (isAddress(line)) return [`${line}${setMark(instance)}`];
  return line === descriptorsBefore(instance) ? [...descriptors(machine, instance), line] : [line];
}

/** The first line behind addresses and peers; the descriptors stand before it. */
function descriptorsBefore(instance: Instance): string {
  const { config } = instance;
  if (config.routes.length > 0) return '   Virtual Routes :';
  if (config.rules.length > 0) return '   Virtual Rules :';
  if (config.trackedInterfaces.length > 0) return '   Tracked interfaces :';
  if (config.trackedScripts.length > 0) return '   Tracked scripts :';
  if (config.trackedFiles.length > 0) return '   Tracked files :';
  if (config.trackedProcesses.length > 0) return '   Tracked processes :';
  if (config.trackedBfds.length > 0) return '   Tracked BFDs :';
  return `   Using smtp notification = ${config.smtpAlert ? 'yes' : 'no'}`;
}

/** Behind a virtual address that is on its interface. */
export function setMark(instance: Instance): string {
  if (!instance.vipSet) return '';
  return hasFirewall(instance) ? ' set nftable_set' : ' set';
}

function isAddress(line: string): boolean {
  return /^ {5}[\da-f.:]+(\/\d+)? (brd \S+ )?dev \S+ scope /.test(line);
}

function stateLines(instance: Instance, formatted: string): readonly string[] {
  const lines = [`   State = ${instance.state}`];
  if (instance.state !== 'BACKUP') return lines;
  const master = instance.masterAddress;
  // Without a master keepalived shows whatever address it formatted last.
  lines.push(`   Master router = ${master === undefined ? formatted : formatIp(master)}`);
  lines.push(`   Master priority = ${instance.masterPriority}`);
  if (instance.config.version === 3) {
    const seconds = (instance.masterAdvertInterval / 1_000_000).toFixed(2);
    lines.push(`   Master advert int = ${seconds} sec`);
  }
  return lines;
}

function timerLines(instance: Instance, host: DumpHost): readonly string[] {
  const due = instance.timerDueAt;
  const faults = [...instance.faults].filter((fault) => fault !== 'config').length;
  return [
    `   Number of interface and track script faults = ${faults}`,
    `   Number of track scripts init = ${instance.scriptsInInit.size}`,
    `   Last transition = ${moment(host, instance.lastTransitionAt)}`,
    `   Read timeout = ${due === undefined ? 'DISABLED' : moment(host, due)}`,
    `   Master down timer = ${instance.masterDownInterval} usecs`,
  ];
}

/** garp_extra_if, once it runs. */
function extraGarp(instance: Instance, host: DumpHost): readonly string[] {
  const { garpExtraAt: at, config } = instance;
  if (at === undefined || config.garp.extraInterface === 0) return [];
  const what = config.garp.extraAll ? 'i/f' : 'VMAC';
  return [
    `   Gratuitous ARP for each secondary ${what} = ${config.garp.extraInterface / 1_000_000}`,
    `   Next gratuitous ARP for such secondary = ${lateFraction(host.stamp(at))}`,
  ];
}

/** IPv6 groups are joined on the interface that adverts leave through. */
function multicastLine({ config }: Instance, { line, host }: DumpedLine): string {
  if (config.family === 'inet') return line;
  const index = host.system.interfaceNamed(transmitInterface(config))?.index ?? 0;
  return line.replace(/, ifindex \d+$/, `, ifindex ${index}`);
}

function moment(host: DumpHost, at: TimeUs): string {
  return stampText(host.stamp(at));
}

function masterInterval(instance: Instance): readonly string[] {
  if (instance.config.version !== 3 || instance.state !== 'BACKUP') return [];
  return [
    `   Master advert interval = ${Math.trunc(instance.masterAdvertInterval / 1000)} milli-sec`,
  ];
}

function descriptors(machine: VrrpMachine, instance: Instance): readonly string[] {
  const socket = machine.sockets.find((one) => one.id === instance.socketId);
  if (socket === undefined) return [];
  const [input, output] = descriptorsOf(machine, socket);
  return [`   fd_in ${input}, fd_out ${output}`];
}

function sockpool(machine: VrrpMachine, host: DumpHost): readonly string[] {
  if (machine.sockets.length === 0) return [];
  return [SOCKPOOL, ...machine.sockets.flatMap((one) => socketLines(machine, one, host))];
}

function socketLines(machine: VrrpMachine, socket: VrrpSocket, host: DumpHost): readonly string[] {
  const [input, output] = descriptorsOf(machine, socket);
  const users = machine.instances.filter((one) => one.socketId === socket.id);
  return [
    ` fd_in ${input} fd_out = ${output}`,
    `   Interface = ${socket.interface}`,
    `   Family = ${socket.family === 'inet' ? 'IPv4' : 'IPv6'}`,
    `   Protocol = ${socket.protocol === 51 ? 'AH' : 'VRRP'}`,
    `   Type = ${socket.unicast === undefined ? 'Multicast' : 'Unicast'}`,
    ...(socket.unicast === undefined ? [] : [`   Address = ${formatIp(socket.unicast)}`]),
    `   Rx buf size = ${receiveBufferBytes(users, host)}`,
    '   VRRP instances',
    ...users.map((one) => `     ${one.config.name} vrid ${one.config.vrid}`),
  ];
}
