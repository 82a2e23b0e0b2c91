/**
 * keepalived.data, which USR1 writes: the configuration as `-d` prints it, with what only a running
 * daemon knows put in: states, timers, priorities, sockets. The general part (`Global definitions`)
 * and the list of interfaces are left out: they tell of the build and the host, not of VRRP.
 *
 * Source: dumps of keepalived 2.2.7, test/golden/keepalived/dump.
 */

import { unreachable } from '../base/assert.ts';
import type { TimeUs } from '../base/time.ts';
import { dumpVrrp } from '../config/dump-vrrp.ts';
import type { ConfigInterface } from '../config/parse-context.ts';
import { type Stamps, stampText } from '../vrrp/dump.ts';
import { groupFaults, groupInits } from '../vrrp/fault.ts';
import { scriptIsWell } from '../vrrp/scripts.ts';
import type { Group, Instance, Script, VrrpMachine, VrrpSocket } from '../vrrp/vrrp-machine.ts';
import { formatIp } from '../wire/ip-address.ts';

/** What the dump needs besides the machine. */
export interface DumpHost {
  readonly interfaces: readonly ConfigInterface[];
  readonly stamp: Stamps;
}

/** Descriptors that a recorded daemon's first socket had; they go on in pairs. */
const FIRST_DESCRIPTOR = 13;
const SOCKPOOL = '------< VRRP Sockpool >------';

/** Whose lines are being read. */
type Owner =
  | { readonly kind: 'instance'; readonly of: Instance }
  | { readonly kind: 'group'; readonly of: Group }
  | { readonly kind: 'script'; readonly of: Script };

/** The content of keepalived.data. */
export function dataDump(machine: VrrpMachine, host: DumpHost): string {
  const lines: string[] = [];
  let owner: Owner | undefined;
  let isTopology = false;
  const dumped = dumpVrrp(machine.config, host).trimEnd();
  for (const line of dumped === '' ? [] : dumped.split('\n')) {
    if (line.startsWith('------<')) {
      if (isTopology) lines.push(...sockpool(machine));
      isTopology = line === '------< VRRP Topology >------';
      owner = undefined;
    } else owner = ownerNamed(machine, line) ?? owner;
    lines.push(...runningLine(machine, owner, { line, host }));
  }
  if (isTopology) lines.push(...sockpool(machine));
  return `${lines.join('\n')}\n`;
}

interface DumpedLine {
  readonly line: string;
  readonly host: DumpHost;
}

function ownerNamed(machine: VrrpMachine, line: string): Owner | undefined {
  const found = /^ VRRP (Instance|Sync Group|Script) = ([^,]*)/.exec(line);
  if (found === null) return undefined;
  const [, what, name] = found;
  const instance = machine.instances.find((one) => one.config.name === name);
  if (what === 'Instance') return instance && { kind: 'instance', of: instance };
  const group = machine.groups.find((one) => one.config.name === name);
  if (what === 'Sync Group') return group && { kind: 'group', of: group };
  const script = machine.scripts.find((one) => one.config.name === name);
  return script && { kind: 'script', of: script };
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

/** A line of an instance as it is while the daemon runs; the dumped one tells where it stands. */
function instanceLine(
  machine: VrrpMachine,
  instance: Instance,
  dumped: DumpedLine,
): readonly string[] {
  const { line, host } = dumped;
  if (line.startsWith('   Flags')) return [...stateLines(instance), line];
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
  if (line.startsWith('   Advert interval = ')) return [line, ...masterInterval(instance)];
  if (isAddress(line)) return [`${line}${instance.vipSet ? ' set' : ''}`];
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
  return `   Using smtp notification = ${config.smtpAlert ? 'yes' : 'no'}`;
}

function isAddress(line: string): boolean {
  return /^ {5}[\da-f.:]+(\/\d+)? dev \S+ scope /.test(line);
}

function stateLines(instance: Instance): readonly string[] {
  const lines = [`   State = ${instance.state}`];
  if (instance.state !== 'BACKUP') return lines;
  const master = instance.masterAddress;
  lines.push(`   Master router = ${master === undefined ? '0.0.0.0' : formatIp(master)}`);
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
  const place = machine.sockets.findIndex((socket) => socket.id === instance.socketId);
  if (place < 0) return [];
  const first = FIRST_DESCRIPTOR + 2 * place;
  return [`   fd_in ${first}, fd_out ${first + 1}`];
}

function sockpool(machine: VrrpMachine): readonly string[] {
  if (machine.sockets.length === 0) return [];
  return [SOCKPOOL, ...machine.sockets.flatMap((socket, at) => socketLines(machine, socket, at))];
}

function socketLines(machine: VrrpMachine, socket: VrrpSocket, at: number): readonly string[] {
  const first = FIRST_DESCRIPTOR + 2 * at;
  const users = machine.instances.filter((one) => one.socketId === socket.id);
  return [
    ` fd_in ${first} fd_out = ${first + 1}`,
    `   Interface = ${socket.interface}`,
    `   Family = ${socket.family === 'inet' ? 'IPv4' : 'IPv6'}`,
    `   Protocol = ${socket.protocol === 51 ? 'AH' : 'VRRP'}`,
    `   Type = ${socket.unicast === undefined ? 'Multicast' : 'Unicast'}`,
    ...(socket.unicast === undefined ? [] : [`   Address = ${formatIp(socket.unicast)}`]),
    '   Rx buf size = 0',
    '   VRRP instances',
    ...users.map((one) => `     ${one.config.name} vrid ${one.config.vrid}`),
  ];
}
