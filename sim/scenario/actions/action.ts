/**
 * What an action of a scenario is: one row of the closed table, with its arguments' shape, what it
 * names (so that unknown hosts and ports are found before the run) and what it does to a living
 * LAN.
 */

import type * as z from 'zod';
import type { DurationUs } from '../../../daemon/base/time.ts';
import type { ExecResult, HostApi } from '../../host/host-api.ts';
import type { CableApi, Direction, SwitchApi } from '../../lan/lan-api.ts';
import type { LivingLan } from '../../topology/living-lan.ts';
import { oneOf, oneOrMore, text } from '../schema/units.ts';
import type { PathPart } from '../yaml-source.ts';

/** Something an action or expectation names; `path` leads to it inside the item's value. */
export interface Target {
  readonly kind: 'host' | 'cable' | 'switch' | 'switch-port' | 'nic';
  readonly name: string;
  readonly path: readonly PathPart[];
}

/** A file of the scenario's folder that an action needs. */
export interface NeededFile {
  readonly path: string;
  readonly key: readonly PathPart[];
  /** The host whose keepalived.conf it is, if it is one. */
  readonly configOf?: string;
}

/** What an action may use while it is carried out. */
export interface ActionContext {
  readonly lan: LivingLan;
  /** Content of the files that actions need, by the path as written. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Runs something later in virtual time. */
  after(delay: DurationUs, what: () => void): void;
  /** A shell command ended; its step's expectations may look at the output. */
  onOutput(host: string, command: string, result: ExecResult): void;
  /** Something could not be done (the host is off, the unit did not start): for the run log. */
  refused(reason: string): void;
}

/** One row of the table; `A` is the arguments after reading. */
export interface ActionRow<A> {
  readonly name: string;
  /** One line for `--help`, the schema and the reference page. */
  readonly summary: string;
  readonly schema: z.ZodType<A>;
  targets(args: A): readonly Target[];
  files?(args: A): readonly NeededFile[];
  perform(context: ActionContext, args: A): void;
  /** Words for reports: `srv-1`, `srv-1:eth1 1%`. */
  words(args: A): string;
}

/** Arguments that are one or more hosts, nothing else. */
export interface HostsArguments {
  readonly hosts: readonly string[];
}

/** `srv-1` or `[srv-1, srv-2]`. */
export function hostsSchema(): z.ZodType<HostsArguments> {
  return oneOrMore(text('A host.', 'the name of a host'), 'Host or hosts.').transform((hosts) => ({
    hosts,
  }));
}

/** Targets of a list of names. */
export function named(kind: Target['kind'], names: readonly string[], key?: string): Target[] {
  const root: PathPart[] = key === undefined ? [] : [key];
  return names.map((name, index) => ({
    kind,
    name,
    path: names.length === 1 ? root : [...root, index],
  }));
}

/** A row whose arguments are hosts alone. */
export function hostRow(
  name: string,
  summary: string,
  perform: (host: HostApi, context: ActionContext) => void,
): ActionRow<HostsArguments> {
  return {
    name,
    summary,
    schema: hostsSchema(),
    targets: (args) => named('host', args.hosts),
    perform: (context, args) => {
      for (const host of args.hosts) perform(hostOf(context, host), context);
    },
    words: (args) => args.hosts.join(', '),
  };
}

/** The living host of that name; the loader has checked that it exists. */
export function hostOf(context: ActionContext, name: string): HostApi {
  const host = context.lan.hosts.get(name);
  if (host === undefined) throw new Error(`no host ${name}`);
  return host;
}

/** The living switch of that name. */
export function switchOf(context: ActionContext, name: string): SwitchApi {
  const found = context.lan.switches.get(name);
  if (found === undefined) throw new Error(`no switch ${name}`);
  return found;
}

/** A cable and which of its ends was named. */
export interface NamedEnd {
  readonly cable: CableApi;
  readonly end: 'a' | 'b';
}

/** The cable at a port; a bare node name stands for its only cable. */
export function cableOf(context: ActionContext, name: string): NamedEnd {
  const { node, port } = splitPort(name);
  const isAt = (id: string) => (port === undefined ? id.startsWith(`${node}:`) : id === name);
  for (const cable of context.lan.cables) {
    if (isAt(cable.a.id)) return { cable, end: 'a' };
    if (isAt(cable.b.id)) return { cable, end: 'b' };
  }
  throw new Error(`no cable at ${name}`);
}

/** `srv-1:eth1` in its two parts; the port is absent in a bare node name. */
export function splitPort(name: string): { readonly node: string; readonly port?: string } {
  const colon = name.indexOf(':');
  if (colon < 0) return { node: name };
  return { node: name.slice(0, colon), port: name.slice(colon + 1) };
}

/** `out`: frames sent by the named end; `in`: frames towards it; `both` by default. */
const DIRECTIONS = ['both', 'out', 'in'] as const;

/** The schema of a direction seen from the named port. */
export function directionSchema() {
  return oneOf(
    DIRECTIONS,
    "Seen from the named port: 'out' is what it sends, 'in' what it hears; 'both' by default.",
  ).optional();
}

/** Turns a direction seen from an end into one of the cable. */
export function directionOf(end: NamedEnd, seen: (typeof DIRECTIONS)[number]): Direction {
  if (seen === 'both') return 'both';
  return (end.end === 'a') === (seen === 'out') ? 'a-to-b' : 'b-to-a';
}
