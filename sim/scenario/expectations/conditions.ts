/**
 * Decides whether a claim holds at this moment, and says what is the case instead. Claims about
 * states are asked again after events that may have changed them; claims about something that
 * happens (a log line, a notification, an output) remember it from the step on.
 */

import { unreachable } from '../../../daemon/base/assert.ts';
import type { InstanceStatus } from '../../../daemon/core/status.ts';
import { formatIp } from '../../../daemon/wire/ip-address.ts';
import { formatMac } from '../../../daemon/wire/mac-address.ts';
import type { RunEvent } from '../../engine/run-log.ts';
import type { HostRunEvent } from '../../host/host-events.ts';
import type { ScenarioRunEvent } from '../run-events.ts';
import type { ConditionSpec, OutputSpec, Whose } from './condition-spec.ts';
import { containsPattern, matchesPattern } from './patterns.ts';
import { holdersOf, isWhose, type World } from './world.ts';

/** A claim that is being watched. */
export interface Condition {
  /** Whether the event may change the answer; happenings remember it here. */
  onEvent(event: RunEvent): boolean;
  holds(world: World): boolean;
  /** What is the case now, in a few words. */
  got(world: World): string;
}

/** Whether a claim is about something that happens, rather than about a state. */
export function isHappening(spec: ConditionSpec): boolean {
  return ['log', 'output', 'notification', 'mail'].includes(spec.kind);
}

/** Starts to watch a claim. */
export function watchCondition(spec: ConditionSpec): Condition {
  switch (spec.kind) {
    case 'holders':
      return stateOfWorld(['address', 'link', 'power'], {
        holds: (world) => sameNames(holdersOf(world.lan, spec.address), spec.holders),
        got: (world) => `held by ${names(holdersOf(world.lan, spec.address))}`,
      });
    case 'state':
      return stateOfWorld(['daemon', 'power', 'program'], {
        holds: (world) => stateOn(world, spec) === spec.is,
        got: (world) => `${spec.host} is ${stateOn(world, spec)}`,
      });
    case 'neighbour':
      return neighbour(spec);
    case 'traffic':
      return stateOfWorld(['traffic'], {
        holds: (world) => world.traffic.get(spec.traffic)?.alive === spec.alive,
        got: (world) =>
          world.traffic.get(spec.traffic)?.alive === true ? 'it is answered' : 'no answer',
      });
    case 'mac-table':
      return macTable(spec);
    case 'unit':
      return stateOfWorld(['program', 'power', 'daemon', 'journal'], {
        holds: (world) => unitState(world, spec) === spec.is,
        got: (world) => `${spec.unit} is ${unitState(world, spec)}`,
      });
    case 'adverts':
      return stateOfWorld([], {
        holds: (world) => world.adverts?.senderOf(spec.vrid) === spec.from,
        got: (world) => `adverts from ${world.adverts?.senderOf(spec.vrid) ?? 'nobody'}`,
      });
    case 'log':
      return logLine(spec);
    case 'notification':
      return notification(spec);
    case 'mail':
      return mail(spec);
    case 'output':
      return output(spec.output);
    default:
      return unreachable(spec);
  }
}

/** The claim in words: `192.168.0.200 is held by srv-2`. */
export function conditionWords(spec: ConditionSpec): string {
  switch (spec.kind) {
    case 'holders':
      return `${formatIp(spec.address)} is held by ${names(spec.holders)}`;
    case 'state': {
      const which = spec.instance ?? (spec.vrid === undefined ? '' : `VRID ${spec.vrid}`);
      return `${spec.host} is ${spec.is}${which === '' ? '' : ` in ${which}`}`;
    }
    case 'neighbour': {
      const isAt = spec.isAt === undefined ? '' : ` at ${whoseWords(spec.isAt)}`;
      const states = spec.states.length === 0 ? '' : ` in state ${spec.states.join(' or ')}`;
      return `${spec.host} has ${formatIp(spec.address)}${isAt}${states} among its neighbours`;
    }
    case 'traffic':
      return `${spec.traffic} ${spec.alive ? 'is answered' : 'is not answered'}`;
    case 'mac-table':
      return `${spec.switch} has ${whoseWords(spec.mac)} at port ${spec.port ?? 'none'}`;
    case 'unit':
      return `${spec.unit} is ${spec.is} on ${spec.host}`;
    case 'adverts':
      return `adverts of VRID ${spec.vrid} come from ${spec.from ?? 'nobody'}`;
    case 'log':
      return `the journal${onHost(spec.host)} says '${spec.pattern}'`;
    case 'notification':
      return `keepalived${onHost(spec.host)} notifies ${spec.name ?? ''} ${spec.state}`.replace(
        '  ',
        ' ',
      );
    case 'mail':
      return `a mail${onHost(spec.host)} says '${spec.pattern}'`;
    case 'output':
      return `the output ${outputWords(spec.output)}`;
    default:
      return unreachable(spec);
  }
}

function stateOfWorld(
  kinds: readonly string[],
  look: { holds(world: World): boolean; got(world: World): string },
): Condition {
  return { onEvent: (event) => kinds.includes(event.kind), ...look };
}

/** Happenings: true from the first matching event on. */
function happening(
  matches: (event: RunEvent) => boolean,
  got: (seen: boolean) => string,
): Condition {
  let seen = false;
  return {
    onEvent: (event) => {
      if (seen || !matches(event)) return false;
      seen = true;
      return true;
    },
    holds: () => seen,
    got: () => got(seen),
  };
}

function neighbour(spec: ConditionSpec & { readonly kind: 'neighbour' }): Condition {
  const entries = (world: World) =>
    (world.lan.hosts.get(spec.host)?.kernel?.neighbours() ?? []).filter(
      (entry) => entry.address === spec.address,
    );
  const { isAt, states } = spec;
  return stateOfWorld(['neighbour', 'power', 'link'], {
    holds: (world) => {
      const usable = entries(world).filter((entry) => entry.mac !== undefined);
      if (isAt?.kind === 'nobody') return usable.length === 0;
      const among = isAt === undefined ? entries(world) : usable;
      return among.some((entry) => {
        const isThere = isAt === undefined || isWhose(world.lan, isAt, entry.mac ?? (0 as never));
        return isThere && (states.length === 0 || states.includes(entry.state));
      });
    },
    got: (world) => {
      const found = entries(world).map((entry) => {
        const mac = entry.mac === undefined ? 'no MAC' : formatMac(entry.mac);
        return `${mac} ${entry.state}`;
      });
      return found.length === 0 ? 'no entry' : found.join(', ');
    },
  });
}

function macTable(spec: ConditionSpec & { readonly kind: 'mac-table' }): Condition {
  const ports = (world: World) =>
    (world.lan.switches.get(spec.switch)?.table() ?? [])
      .filter((entry) => isWhose(world.lan, spec.mac, entry.mac))
      .map((entry) => entry.port);
  return {
    onEvent: () => true,
    holds: (world) => {
      const found = ports(world);
      return spec.port === undefined ? found.length === 0 : found.includes(spec.port);
    },
    got: (world) => {
      const found = ports(world);
      return found.length === 0 ? 'not in the table' : `at port ${found.join(', ')}`;
    },
  };
}

function logLine(spec: ConditionSpec & { readonly kind: 'log' }): Condition {
  return happening(
    (event) => {
      if (event.kind !== 'journal' || (spec.host ?? event.node) !== event.node) return false;
      const line = (event as HostRunEvent & { readonly kind: 'journal' }).line;
      return containsPattern(line.text, spec.pattern);
    },
    (seen) => (seen ? 'it was logged' : 'no such line'),
  );
}

function notification(spec: ConditionSpec & { readonly kind: 'notification' }): Condition {
  const told: string[] = [];
  return happening(
    (event) => {
      if (event.kind !== 'daemon' || (spec.host ?? event.node) !== event.node) return false;
      const { report } = event as HostRunEvent & { readonly kind: 'daemon' };
      if (report.kind !== 'notification') return false;
      told.push(`${event.node} ${report.name} ${report.state}`);
      return report.state === spec.state && (spec.name ?? report.name) === report.name;
    },
    () => (told.length === 0 ? 'no notification' : `notified: ${told.slice(-4).join(', ')}`),
  );
}

function mail(spec: ConditionSpec & { readonly kind: 'mail' }): Condition {
  return happening(
    (event) => {
      if (event.kind !== 'daemon' || (spec.host ?? event.node) !== event.node) return false;
      const { report } = event as HostRunEvent & { readonly kind: 'daemon' };
      if (report.kind !== 'mail') return false;
      return containsPattern(`${report.subject}\n${report.body}`, spec.pattern);
    },
    (seen) => (seen ? 'it was sent' : 'no such mail'),
  );
}

/** The outputs of all commands of the step, one after another. */
function output(spec: OutputSpec): Condition {
  let text = '';
  let exitCode: number | undefined;
  return {
    onEvent: (event) => {
      if (event.kind !== 'exec') return false;
      const ended = event as ScenarioRunEvent & { readonly kind: 'exec' };
      text += ended.stdout + ended.stderr;
      exitCode = ended.exitCode;
      return true;
    },
    holds: () => exitCode !== undefined && fits(spec, text, exitCode),
    got: () => {
      if (exitCode === undefined) return 'the command has not ended';
      const shown = text.trimEnd().split('\n').slice(0, 12).join('\n');
      return `exit code ${exitCode}, output:\n${shown}`;
    },
  };
}

function fits(spec: OutputSpec, text: string, exitCode: number): boolean {
  if (spec.exit !== undefined && spec.exit !== exitCode) return false;
  if (!spec.contains.every((part) => text.includes(part))) return false;
  if (spec.lacks.some((part) => text.includes(part))) return false;
  if (spec.equals !== undefined && spec.equals.trim() !== text.trim()) return false;
  const pattern = spec.matches;
  return pattern === undefined || text.split('\n').some((line) => matchesPattern(line, pattern));
}

function outputWords(spec: OutputSpec): string {
  const parts = [
    ...spec.contains.map((part) => `contains '${part}'`),
    ...spec.lacks.map((part) => `lacks '${part}'`),
  ];
  if (spec.equals !== undefined) parts.push(`equals '${spec.equals.trim()}'`);
  if (spec.matches !== undefined) parts.push(`has a line like '${spec.matches}'`);
  if (spec.exit !== undefined) parts.push(`comes with exit code ${spec.exit}`);
  return parts.length === 0 ? 'is there' : parts.join(' and ');
}

function stateOn(world: World, spec: ConditionSpec & { readonly kind: 'state' }): string {
  const host = world.lan.hosts.get(spec.host);
  const instances = host?.keepalived()?.instances ?? [];
  const isMeant = (one: InstanceStatus) =>
    (spec.instance ?? one.name) === one.name && (spec.vrid ?? one.vrid) === one.vrid;
  return instances.find(isMeant)?.state ?? 'none';
}

function unitState(world: World, spec: ConditionSpec & { readonly kind: 'unit' }): string {
  return world.lan.hosts.get(spec.host)?.unitState(spec.unit)?.active ?? 'inactive';
}

function whoseWords(whose: Whose): string {
  if (whose.kind === 'nobody') return 'nobody';
  return whose.kind === 'host' ? whose.host : formatMac(whose.mac);
}

function onHost(host: string | undefined): string {
  return host === undefined ? '' : ` of ${host}`;
}

function names(hosts: readonly string[]): string {
  return hosts.length === 0 ? 'nobody' : hosts.join(' and ');
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}
