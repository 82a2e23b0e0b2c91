/**
 * Routing decisions: for packets of this host, and for packets that came in. Decisions are cached
 * by destination (and source, for incoming ones) until anything about addresses, routes or rules
 * changes.
 * Source: net/ipv4/route.c (ip_route_output_key_hash, ip_route_input_slow, fib_validate_source).
 */

import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import { ANY_IPV4, type Ipv4Address, isMulticastIpv4 } from '../../daemon/wire/ipv4-address.ts';
import { scopeNumber, selectSource } from './address-selection.ts';
import type { DropReason } from './drop-reasons.ts';
import type { KernelState, LinkState } from './kernel-state.ts';
import { type RuleQuestion, ruleMatches } from './policy-rules.ts';
import { recallInput, rememberInput } from './route-memo.ts';
import type {
  InputDecision,
  RouteDecision,
  RouteEntry,
  RouteFailure,
  RoutingState,
} from './route-state.ts';
import { findRoute } from './route-table.ts';

/** Most cached decisions per family before the cache is thrown away; far above any LAN. */
const CACHE_LIMIT = 65_536;
const LIMITED_BROADCAST = 0xffff_ffff;
const LOOPBACK_OCTET = 127;

const LOCAL: InputDecision = { kind: 'local' };
const BROADCAST: InputDecision = { kind: 'broadcast' };
const MULTICAST: InputDecision = { kind: 'multicast' };

/** The way of a packet of this host. `link` is SO_BINDTODEVICE or the device of a multicast, `mark` SO_MARK or the firewall's. */
export function routeOutput(
  kernel: KernelState,
  destination: Ipv4Address,
  source?: Ipv4Address,
  link?: LinkState,
  mark = 0,
): RouteDecision | RouteFailure {
  const { inet } = kernel;
  if (mark !== 0 && inet.hasMarkRules) {
    return decideOutput(kernel, destination, source, link, mark);
  }
  if (link !== undefined || (inet.hasSelectiveRules && source !== undefined)) {
    return decideOutput(kernel, destination, source, link);
  }
  const { lastOutput } = inet;
  if (lastOutput.destination === destination && lastOutput.generation === inet.generation) {
    return lastOutput.decision;
  }
  let decision = inet.outputCache.get(destination);
  if (decision === undefined) {
    decision = decideOutput(kernel, destination, undefined, undefined);
    if (inet.outputCache.size >= CACHE_LIMIT) inet.outputCache.clear();
    inet.outputCache.set(destination, decision);
  }
  lastOutput.destination = destination;
  lastOutput.generation = inet.generation;
  lastOutput.decision = decision;
  return decision;
}

/**
 * The same for a question that will hardly be asked again (somebody else's ARP request): nothing is
 * kept, or a large LAN would fill every host's cache with all the others.
 */
export function routeOutputOnce(
  kernel: KernelState,
  destination: Ipv4Address,
): RouteDecision | RouteFailure {
  const cached = kernel.inet.outputCache.get(destination);
  return cached ?? decideOutput(kernel, destination, undefined, undefined);
}

/** What to do with a packet that came in through `link`. */
export function routeInput(
  kernel: KernelState,
  link: LinkState,
  destination: Ipv4Address,
  source: Ipv4Address,
): InputDecision {
  const recalled = recallInput(kernel, link, destination, source);
  if (recalled !== undefined) return recalled;
  const cache = kernel.inet.inputCache;
  let byDestination = cache.get(link.index);
  if (byDestination === undefined) {
    byDestination = new Map();
    cache.set(link.index, byDestination);
  }
  let bySource = byDestination.get(destination);
  if (bySource === undefined) {
    if (byDestination.size >= CACHE_LIMIT) byDestination.clear();
    bySource = new Map();
    byDestination.set(destination, bySource);
  }
  const cached = bySource.get(source);
  const decision = cached ?? decideInput(kernel, link, destination, source);
  rememberInput(kernel, link, { destination, source }, decision);
  if (cached !== undefined) return cached;
  if (bySource.size >= CACHE_LIMIT) bySource.clear();
  bySource.set(source, decision);
  return decision;
}

/** The same for a packet that the firewall has marked; nothing is kept of it. */
export function routeMarkedInput(
  kernel: KernelState,
  link: LinkState,
  ends: { readonly destination: Ipv4Address; readonly source: Ipv4Address },
  mark: number,
): InputDecision {
  return decideInput(kernel, link, ends.destination, ends.source, mark);
}

/**
 * The first route that the rules lead to; a rule's table without a match lets the next rule speak.
 */
export function lookupRoute(
  routing: RoutingState,
  question: RuleQuestion,
  usable: (entry: RouteEntry) => boolean,
): RouteEntry | undefined {
  for (const rule of routing.rules) {
    if (!ruleMatches(rule, question)) continue;
    const table = routing.tables.get(rule.table);
    if (table === undefined) continue;
    const found = findRoute(table, question.destination, usable);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The failure that a route of that type stands for, if any. */
export function failureOf(entry: RouteEntry): RouteFailure | undefined {
  const { type } = entry.route;
  return type === 'blackhole' || type === 'unreachable' || type === 'prohibit' ? type : undefined;
}

/**
 * Whether routes over a link may be used now; a link without carrier counts unless the sysctl says
 * no.
 */
export function isRouteUsable(kernel: KernelState, entry: RouteEntry): boolean {
  const { link } = entry;
  if (link === undefined) return true;
  if (entry.route.type === 'local') return true;
  if (!link.up) return false;
  const ignore =
    kernel.ipv4All.ignore_routes_with_linkdown !== 0 || link.ipv4.ignore_routes_with_linkdown !== 0;
  return link.carrier || !ignore;
}

/** The type that an address has for this host: what inet_addr_type answers. */
export function addressType(
  kernel: KernelState,
  address: Ipv4Address,
): 'local' | 'broadcast' | 'multicast' | 'unicast' {
  if (address === ANY_IPV4 || address === LIMITED_BROADCAST) return 'broadcast';
  if (isMulticastIpv4(address)) return 'multicast';
  const { lastType, generation } = kernel.inet;
  if (lastType.address === address && lastType.generation === generation) return lastType.type;
  const type = typeByTable(kernel, address);
  lastType.address = address;
  lastType.generation = generation;
  lastType.type = type;
  return type;
}

function typeByTable(kernel: KernelState, address: Ipv4Address): 'local' | 'broadcast' | 'unicast' {
  const local = kernel.inet.tables.get('local');
  const entry = local === undefined ? undefined : findRoute(local, address, () => true);
  if (entry?.route.type === 'local') return 'local';
  return entry?.route.type === 'broadcast' ? 'broadcast' : 'unicast';
}

function decideOutput(
  kernel: KernelState,
  destination: Ipv4Address,
  source: Ipv4Address | undefined,
  link: LinkState | undefined,
  mark = 0,
): RouteDecision | RouteFailure {
  const group = isMulticastIpv4(destination);
  if (link !== undefined && (group || destination === LIMITED_BROADCAST)) {
    return {
      neighbour: undefined,
      kind: group ? 'multicast' : 'broadcast',
      link,
      nextHop: destination,
      source: source ?? selectSource(kernel, link, ANY_IPV4, 253),
      gateway: false,
    };
  }
  const entry = lookupRoute(
    kernel.inet,
    { destination, source, outputLink: link?.name, mark },
    (each) =>
      isRouteUsable(kernel, each) &&
      (link === undefined || each.link === link || each.route.type === 'local'),
  );
  if (entry === undefined) {
    // A device that was asked for by name is used even without a route: everything is on link
    // there.
    if (link === undefined || link === kernel.loopback) return 'no-route';
    const chosen = source ?? selectSource(kernel, link, destination, 0);
    return {
      neighbour: undefined,
      kind: 'unicast',
      link,
      nextHop: destination,
      source: chosen,
      gateway: false,
    };
  }
  return decisionOf(kernel, entry, destination, source, group);
}

function decisionOf(
  kernel: KernelState,
  entry: RouteEntry,
  destination: Ipv4Address,
  source: Ipv4Address | undefined,
  group: boolean,
): RouteDecision | RouteFailure {
  const failure = failureOf(entry);
  if (failure !== undefined) return failure;
  const { route } = entry;
  if (entry.link === undefined) return 'no-route';
  const gateway = route.gateway as Ipv4Address | undefined;
  if (route.type === 'local') {
    const from = source ?? (route.source as Ipv4Address | undefined) ?? destination;
    return {
      neighbour: undefined,
      kind: 'local',
      link: kernel.loopback,
      nextHop: destination,
      source: from,
      gateway: false,
    };
  }
  const chosen =
    source ??
    (route.source as Ipv4Address | undefined) ??
    selectSource(kernel, entry.link, gateway ?? destination, scopeNumber(route.scope));
  const broadcast = route.type === 'broadcast' || destination === LIMITED_BROADCAST;
  const kind = group ? 'multicast' : broadcast ? 'broadcast' : 'unicast';
  const direct = gateway === undefined || kind !== 'unicast';
  return {
    neighbour: undefined,
    kind,
    link: entry.link,
    nextHop: direct ? destination : gateway,
    source: chosen,
    gateway: !direct,
  };
}

function decideInput(
  kernel: KernelState,
  link: LinkState,
  destination: Ipv4Address,
  source: Ipv4Address,
  mark = 0,
): InputDecision {
  const martian = martianReason(kernel, link, destination, source);
  if (martian !== undefined) return { kind: 'drop', reason: martian };
  if (isMulticastIpv4(destination)) {
    const invalid = source === ANY_IPV4 ? undefined : validateSource(kernel, link, source);
    return invalid === undefined ? MULTICAST : { kind: 'drop', reason: invalid };
  }
  if (destination === LIMITED_BROADCAST) {
    const invalid = source === ANY_IPV4 ? undefined : validateSource(kernel, link, source);
    return invalid === undefined ? BROADCAST : { kind: 'drop', reason: invalid };
  }
  const question = { destination, source, inputLink: link.name, mark };
  const entry = lookupRoute(kernel.inet, question, (each) => isRouteUsable(kernel, each));
  if (entry?.route.type === 'broadcast') {
    const invalid = source === ANY_IPV4 ? undefined : validateSource(kernel, link, source);
    return invalid === undefined ? BROADCAST : { kind: 'drop', reason: invalid };
  }
  if (entry?.route.type === 'local') {
    const invalid = validateSource(kernel, link, source);
    return invalid === undefined ? LOCAL : { kind: 'drop', reason: invalid };
  }
  if (link.ipv4.forwarding === 0) return { kind: 'drop', reason: 'ipv4:not-forwarding' };
  if (entry === undefined) return { kind: 'fail', failure: 'no-route' };
  const decision = decisionOf(kernel, entry, destination, source, false);
  if (typeof decision === 'string') return { kind: 'fail', failure: decision };
  const invalid = validateSource(kernel, link, source);
  return invalid === undefined
    ? { kind: 'forward', to: decision }
    : { kind: 'drop', reason: invalid };
}

function martianReason(
  kernel: KernelState,
  link: LinkState,
  destination: Ipv4Address,
  source: Ipv4Address,
): DropReason | undefined {
  if (isMulticastIpv4(source) || source === LIMITED_BROADCAST) return 'ipv4:martian-source';
  const group = isMulticastIpv4(destination) || destination === LIMITED_BROADCAST;
  if (source === ANY_IPV4) return group ? undefined : 'ipv4:martian-source';
  if (source >>> 24 === 0) return 'ipv4:martian-source';
  if (destination >>> 24 === 0) return 'ipv4:martian-destination';
  if (link === kernel.loopback) return undefined;
  const localnet = kernel.ipv4All.route_localnet !== 0 || link.ipv4.route_localnet !== 0;
  if (localnet) return undefined;
  if (destination >>> 24 === LOOPBACK_OCTET) return 'ipv4:martian-destination';
  return source >>> 24 === LOOPBACK_OCTET ? 'ipv4:martian-source' : undefined;
}

/** rp_filter and "nobody else may use my address". Source: fib_validate_source. */
function validateSource(
  kernel: KernelState,
  link: LinkState,
  source: Ipv4Address,
): DropReason | undefined {
  if (link === kernel.loopback) return undefined;
  const acceptLocal = kernel.ipv4All.accept_local !== 0 || link.ipv4.accept_local !== 0;
  if (!acceptLocal && kernel.localAddresses.has(source)) return 'ipv4:martian-source';
  const mode = Math.max(kernel.ipv4All.rp_filter, link.ipv4.rp_filter);
  if (mode === 0) return undefined;
  const back = lookupRoute(
    kernel.inet,
    { destination: source as IpAddress, inputLink: link.name },
    (each) => isRouteUsable(kernel, each),
  );
  if (back === undefined || back.route.type !== 'unicast') return 'ipv4:reverse-path';
  return mode === 1 && back.link !== link ? 'ipv4:reverse-path' : undefined;
}
