/**
 * The events of a run that a person wants to hear of, and facts for reports drawn out of the log.
 */

import type { TimeUs } from '../../daemon/base/time.ts';
import { formatIp, type IpAddress, parsePrefix } from '../../daemon/wire/ip-address.ts';
import type { RunEvent } from '../engine/run-log.ts';
import type { HostRunEvent } from '../host/host-events.ts';
import type { LanRunEvent } from '../lan/lan-api.ts';
import type { RunResult } from '../scenario/run.ts';
import type { ScenarioRunEvent } from '../scenario/run-events.ts';
import { eventText } from './event-text.ts';

/** One line of the story. */
export interface StoryLine {
  readonly at: TimeUs;
  readonly node: string;
  readonly text: string;
  /** Something that the scenario did, as opposed to what followed. */
  readonly isStep: boolean;
}

/** A change of state of a virtual router. */
export interface Transition {
  readonly at: TimeUs;
  readonly host: string;
  readonly instance: string;
  readonly vrid: number;
  readonly from: string;
  readonly to: string;
  readonly cause: string;
}

/** An address that keepalived or an operator gave to or took from a host. */
export interface AddressMove {
  readonly at: TimeUs;
  readonly host: string;
  readonly change: 'added' | 'removed';
  readonly address: string;
}

/** What a story is told of: a run that has ended, or one that is under way. */
export type Told = Pick<RunResult, 'log'> & {
  readonly scenario: Pick<RunResult['scenario'], 'lan'>;
};

/** The story in order of time. */
export function storyOf(result: Told): readonly StoryLine[] {
  const boot = bootAddresses(result);
  return result.log.flatMap((event): readonly StoryLine[] => {
    const text = storyText(event, boot);
    if (text === undefined) return [];
    const isStep = event.kind === 'step' || event.kind === 'step-refused';
    return [{ at: event.at, node: event.node, text, isStep }];
  });
}

/** All changes of state. */
export function transitionsOf(result: RunResult): readonly Transition[] {
  return result.log.flatMap((event): readonly Transition[] => {
    if (event.kind !== 'daemon') return [];
    const { report } = event as HostRunEvent & { readonly kind: 'daemon' };
    if (report.kind !== 'vrrp-state') return [];
    const { instance, vrid, from, to, cause } = report;
    return [{ at: event.at, host: event.node, instance, vrid, from, to, cause }];
  });
}

/** All moves of addresses that no boot configuration sets. */
export function addressMovesOf(result: RunResult): readonly AddressMove[] {
  const boot = bootAddresses(result);
  return result.log.flatMap((event): readonly AddressMove[] => {
    const moved = movedAddress(event, boot);
    if (moved === undefined) return [];
    return [{ at: event.at, host: event.node, change: moved.change, address: moved.address }];
  });
}

/** The last changes before a moment on the given nodes (all nodes when none are given). */
export function lastChanges(
  result: RunResult,
  about: { readonly nodes: readonly string[]; readonly until: TimeUs; readonly count: number },
): readonly StoryLine[] {
  const story = storyOf(result).filter(
    (line) =>
      line.at <= about.until &&
      (line.isStep || about.nodes.length === 0 || about.nodes.includes(line.node)),
  );
  return story.slice(-about.count);
}

/** Addresses of boot configurations, `HOST ADDRESS`. */
type BootAddresses = ReadonlySet<string>;

function bootAddresses(result: Told): BootAddresses {
  const known = new Set<string>();
  const add = (host: string, address: IpAddress) => known.add(`${host} ${formatIp(address)}`);
  for (const host of result.scenario.lan.hosts) {
    for (const nic of host.nics) for (const one of nic.addresses) add(host.name, one.address);
    for (const one of host.loopbackAddresses ?? []) add(host.name, one.address);
  }
  return known;
}

function storyText(event: RunEvent, boot: BootAddresses): string | undefined {
  const known = event as LanRunEvent | HostRunEvent | ScenarioRunEvent;
  switch (known.kind) {
    case 'step':
      return known.words === '' ? undefined : known.words;
    case 'step-refused':
      return `could not: ${known.reason}`;
    case 'daemon':
      return daemonText(known);
    case 'address': {
      const moved = movedAddress(event, boot);
      if (moved === undefined) return undefined;
      return moved.change === 'added' ? `takes ${moved.address}` : `gives up ${moved.address}`;
    }
    case 'power':
      return known.state === 'booting' || event.at > 0 ? eventText(event) : undefined;
    case 'program':
      return known.change === 'crashed' || known.change === 'failed' ? eventText(event) : undefined;
    case 'traffic':
    case 'storm':
    case 'exec':
      return known.kind === 'exec' ? `$ ${known.command}` : eventText(event);
    default:
      return undefined;
  }
}

function daemonText(event: HostRunEvent & { readonly kind: 'daemon' }): string | undefined {
  const { report } = event;
  if (report.kind === 'vrrp-state') {
    return `${report.instance} ${report.from} -> ${report.to} (${report.cause})`;
  }
  return report.kind === 'group-state' || report.kind === 'checker' ? eventText(event) : undefined;
}

function movedAddress(
  event: RunEvent,
  boot: BootAddresses,
): { readonly change: 'added' | 'removed'; readonly address: string } | undefined {
  if (event.kind !== 'address') return undefined;
  const { change, prefix, link } = event as HostRunEvent & { readonly kind: 'address' };
  const parsed = parsePrefix(prefix);
  if (parsed === undefined || link === 'lo') return undefined;
  const address = formatIp(parsed.address);
  const isLinkLocal = address.startsWith('fe80:');
  return isLinkLocal || boot.has(`${event.node} ${address}`) ? undefined : { change, address };
}
