/**
 * Routing tables as Linux keeps them: several tables by name, longest prefix first, then metric. It
 * knows nothing of addresses or of how routes come to be; see `address-routes.ts`. The listing
 * follows the kernel's trie: by network address, longer prefixes first, then metric.
 */

import { familyOf, type IpAddress, type IpFamily, isIpv4 } from '../../daemon/wire/ip-address.ts';
import { ANY_IPV4, ipv4FromNumber, ipv4Mask } from '../../daemon/wire/ipv4-address.ts';
import { ipv6FromBigint, ipv6Mask } from '../../daemon/wire/ipv6-address.ts';
import type { Route } from './kernel-api.ts';
import { type KernelState, voidPaths } from './kernel-state.ts';
import { announce } from './netlink.ts';
import type { RouteEntry, RoutesByPrefix, RoutingState, RoutingTable } from './route-state.ts';

/** Priorities of the three rules that are always there. Source: net/ipv4/fib_rules.c. */
const LOCAL_RULE = 0;
const MAIN_RULE = 32_766;
const DEFAULT_RULE = 32_767;

/** Routing without routes, with the rules that Linux starts with. */
export function makeRouting(family: IpFamily): RoutingState {
  const rules = [
    { family, priority: LOCAL_RULE, table: 'local' },
    { family, priority: MAIN_RULE, table: 'main' },
  ];
  if (family === 'inet') rules.push({ family, priority: DEFAULT_RULE, table: 'default' });
  return {
    family,
    tables: new Map(),
    rules,
    hasSelectiveRules: false,
    hasMarkRules: false,
    generation: 0,
    lastType: { address: 0, generation: -1, type: 'unicast' },
    lastOutput: { destination: ANY_IPV4, generation: -1, decision: 'no-route' },
    outputCache: new Map(),
    inputCache: new Map(),
  };
}

/** Routing of a family. */
export function routingOf(kernel: KernelState, family: IpFamily): RoutingState {
  return family === 'inet' ? kernel.inet : kernel.inet6;
}

/** Forgets all cached decisions; called after every change that could matter to one. */
export function flushRouteCache(kernel: KernelState): void {
  voidPaths(kernel);
  for (const routing of [kernel.inet, kernel.inet6]) {
    routing.generation++;
    routing.outputCache.clear();
    routing.inputCache.clear();
  }
}

/** The address with the bits behind the prefix cleared. */
export function networkOf(address: IpAddress, length: number): IpAddress {
  if (isIpv4(address)) return ipv4FromNumber(address & ipv4Mask(length));
  return ipv6FromBigint(address & ipv6Mask(length));
}

/** Adds a route; EEXIST and missing links are the caller's to see. Announces it. */
export function insertRoute(
  kernel: KernelState,
  route: Route,
  how: 'add' | 'append' | 'replace',
): 'ok' | 'exists' | 'unreachable' {
  const link = route.link === undefined ? undefined : kernel.linksByName.get(route.link);
  if (route.link !== undefined && link === undefined) return 'unreachable';
  const { length } = route.destination;
  const prefix = networkOf(route.destination.address, length);
  const siblings = siblingsOf(
    tableOf(routingOf(kernel, route.family), route.table),
    prefix,
    length,
  );
  const first = siblings.findIndex((entry) => entry.route.metric === route.metric);
  if (first >= 0 && how === 'add') return 'exists';
  if (siblings.some((entry) => isSameRoute(entry.route, route))) {
    return how === 'replace' ? 'ok' : 'exists';
  }
  const entry: RouteEntry = {
    route:
      route.destination.address === prefix
        ? route
        : { ...route, destination: { address: prefix, length } },
    prefix,
    length,
    link,
  };
  if (how === 'replace' && first >= 0) {
    siblings[first] = entry;
  } else {
    const behind = siblings.findIndex((other) => other.route.metric > route.metric);
    siblings.splice(behind < 0 ? siblings.length : behind, 0, entry);
  }
  flushRouteCache(kernel);
  announce(kernel, { kind: 'route-added', route: entry.route });
  return 'ok';
}

/** Takes out every route that `matches`; returns how many. Announces each. */
export function removeRoutes(
  kernel: KernelState,
  family: IpFamily,
  matches: (entry: RouteEntry) => boolean,
  limit = Number.POSITIVE_INFINITY,
): number {
  let removed = 0;
  for (const table of routingOf(kernel, family).tables.values()) {
    for (const { byPrefix } of table.lengths) {
      for (const [prefix, entries] of byPrefix) {
        for (let i = 0; i < entries.length && removed < limit; ) {
          const entry = entries[i] as RouteEntry;
          if (!matches(entry)) {
            i++;
            continue;
          }
          entries.splice(i, 1);
          removed++;
          announce(kernel, { kind: 'route-removed', route: entry.route });
        }
        if (entries.length === 0) byPrefix.delete(prefix);
      }
    }
  }
  if (removed > 0) flushRouteCache(kernel);
  return removed;
}

/**
 * Whether a route is what `ip route del` with these words means: every given field must be equal.
 */
export function routeMatches(route: Route, match: Partial<Route>): boolean {
  const { destination } = match;
  if (destination !== undefined) {
    if (route.destination.length !== destination.length) return false;
    if (route.destination.address !== networkOf(destination.address, destination.length)) {
      return false;
    }
  }
  return (
    (match.table ?? 'main') === route.table &&
    (match.type === undefined || match.type === route.type) &&
    (match.link === undefined || match.link === route.link) &&
    (match.gateway === undefined || match.gateway === route.gateway) &&
    (match.source === undefined || match.source === route.source) &&
    (match.scope === undefined || match.scope === route.scope) &&
    (match.metric === undefined || match.metric === route.metric) &&
    (match.protocol === undefined || match.protocol === route.protocol)
  );
}

/** Routes in the order of `ip route show`; of one table, or of all in order of their first use. */
export function listRoutes(
  kernel: KernelState,
  family: IpFamily,
  table?: string,
): readonly Route[] {
  const routes: Route[] = [];
  for (const [name, { lengths }] of routingOf(kernel, family).tables) {
    if (table !== undefined && name !== table) continue;
    const entries = lengths.flatMap(({ byPrefix }) => [...byPrefix.values()].flat());
    entries.sort(byTrieOrder);
    for (const entry of entries) routes.push(entry.route);
  }
  return routes;
}

/**
 * The routes that match an address, longest prefix first and by metric within; stops when `visit`
 * says so.
 */
export function findRoute(
  table: RoutingTable,
  destination: IpAddress,
  visit: (entry: RouteEntry) => boolean,
): RouteEntry | undefined {
  for (const { length, byPrefix } of table.lengths) {
    const entries = byPrefix.get(networkOf(destination, length));
    const found = entries?.find(visit);
    if (found !== undefined) return found;
  }
  return undefined;
}

function tableOf(routing: RoutingState, name: string): RoutingTable {
  let table = routing.tables.get(name);
  if (table === undefined) {
    table = { name, lengths: [] };
    routing.tables.set(name, table);
  }
  return table;
}

function siblingsOf(table: RoutingTable, prefix: IpAddress, length: number): RouteEntry[] {
  let level = table.lengths.find((item) => item.length === length);
  if (level === undefined) {
    level = { length, byPrefix: new Map() as RoutesByPrefix };
    table.lengths.push(level);
    table.lengths.sort((a, b) => b.length - a.length);
  }
  let entries = level.byPrefix.get(prefix);
  if (entries === undefined) {
    entries = [];
    level.byPrefix.set(prefix, entries);
  }
  return entries;
}

function isSameRoute(a: Route, b: Route): boolean {
  return (
    a.metric === b.metric &&
    a.type === b.type &&
    a.link === b.link &&
    a.gateway === b.gateway &&
    a.source === b.source &&
    a.scope === b.scope &&
    a.protocol === b.protocol
  );
}

function byTrieOrder(a: RouteEntry, b: RouteEntry): number {
  if (a.prefix !== b.prefix) return a.prefix < b.prefix ? -1 : 1;
  return b.length - a.length || a.route.metric - b.route.metric;
}

/** Whether two prefixes of one family are the same network. */
export function isInPrefix(address: IpAddress, network: IpAddress, length: number): boolean {
  return (
    familyOf(address) === familyOf(network) &&
    networkOf(address, length) === networkOf(network, length)
  );
}
