/**
 * The words of ip-route(8) and ip-rule(8) as values: for the daemon's virtual routes and rules and
 * for the shell. A wrong word is a value, the text that iproute2 would print.
 */

import type { AddressScope } from '../../daemon/wire/address-scope.ts';
import {
  familyOf,
  type IpAddress,
  type IpFamily,
  type IpPrefix,
  parseIp,
  parsePrefix,
} from '../../daemon/wire/ip-address.ts';
import { ANY_IPV4 } from '../../daemon/wire/ipv4-address.ts';
import { ANY_IPV6 } from '../../daemon/wire/ipv6-address.ts';
import type { KernelApi, PolicyRule, Route } from '../kernel/kernel-api.ts';

/** Parsed words, or what is wrong with them. */
export type Parsed<T> = { readonly value: T } | { readonly error: string };

const TYPES = ['unicast', 'local', 'broadcast', 'blackhole', 'unreachable', 'prohibit'] as const;
/** Words of a route that take one value which the kernel model has no use for. */
const IGNORED_WITH_VALUE = [
  'mtu',
  'advmss',
  'pref',
  'tos',
  'dsfield',
  'realm',
  'window',
  'rtt',
  'hoplimit',
  'weight',
] as const;
const TABLE_NAMES = new Map([
  ['255', 'local'],
  ['254', 'main'],
  ['253', 'default'],
]);

/** The least of a route that a delete matches by. */
export type RouteWords = Route & { readonly given: ReadonlySet<string> };

/** Parses a route as `ip route add` takes it; the family follows from the addresses. */
export function parseRoute(
  words: readonly string[],
  options: { readonly family: IpFamily; readonly protocol: string; readonly kernel: KernelApi },
): Parsed<RouteWords> {
  const state = newRoute(options);
  const queue = [...words];
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    const problem = takeRouteWord(state, word, queue);
    if (problem !== undefined) return { error: problem };
  }
  if (state.destination === undefined) return { error: 'Error: inet prefix is expected.' };
  return { value: finishRoute(state, options) };
}

/** Parses a rule as `ip rule add` takes it. */
export function parseRule(
  words: readonly string[],
  options: { readonly family: IpFamily; readonly nextPriority: number },
): Parsed<PolicyRule> {
  let rule: PolicyRule = {
    family: options.family,
    priority: options.nextPriority,
    table: 'main',
  };
  for (let i = 0; i < words.length; i += 2) {
    const key = words[i] as string;
    const value = words[i + 1];
    if (value === undefined) return { error: 'Error: argument is missing.' };
    const next = takeRuleWord(rule, key, value);
    if (next === undefined)
      return { error: `Error: argument "${key}" is wrong: Failed to parse rule type` };
    rule = next;
  }
  return { value: rule };
}

/** The table's name as `ip rule` shows it. */
export function tableName(word: string): string {
  return TABLE_NAMES.get(word) ?? word;
}

/** `default`, `all` and `any` are the whole family. */
export function parseDestination(word: string, family: IpFamily): IpPrefix | undefined {
  if (word === 'default' || word === 'all' || word === 'any') {
    return { address: family === 'inet' ? ANY_IPV4 : ANY_IPV6, length: 0 };
  }
  return parsePrefix(word);
}

interface RouteState {
  family: IpFamily;
  destination: IpPrefix | undefined;
  type: Route['type'];
  table: string;
  link: string | undefined;
  gateway: IpAddress | undefined;
  source: IpAddress | undefined;
  scope: AddressScope | undefined;
  metric: number;
  protocol: string;
  onLink: boolean;
  readonly given: Set<string>;
}

function newRoute(options: { family: IpFamily; protocol: string }): RouteState {
  return {
    family: options.family,
    destination: undefined,
    type: 'unicast',
    table: 'main',
    link: undefined,
    gateway: undefined,
    source: undefined,
    scope: undefined,
    metric: 0,
    protocol: options.protocol,
    onLink: false,
    given: new Set(),
  };
}

function takeRouteWord(state: RouteState, word: string, queue: string[]): string | undefined {
  const type = TYPES.find((known) => known === word);
  if (type !== undefined) {
    state.type = type;
    return undefined;
  }
  if (word === 'onlink') {
    state.onLink = true;
    return undefined;
  }
  if (word === 'to') return takeDestination(state, queue.shift() ?? '');
  if (isRouteKey(word)) {
    const value = queue.shift();
    if (value === undefined) return 'Command line is not complete. Try option "help"';
    state.given.add(word);
    return takeRouteValue(state, word, value, queue);
  }
  if (state.destination !== undefined) {
    return `Error: either "to" is duplicate, or "${word}" is a garbage.`;
  }
  return takeDestination(state, word);
}

function isRouteKey(word: string): boolean {
  return (
    [
      'via',
      'dev',
      'oif',
      'src',
      'from',
      'table',
      'metric',
      'priority',
      'preference',
      'scope',
      'proto',
      'protocol',
      'nexthop',
    ].includes(word) || (IGNORED_WITH_VALUE as readonly string[]).includes(word)
  );
}

function takeDestination(state: RouteState, word: string): string | undefined {
  const destination = parseDestination(word, state.family);
  if (destination === undefined) {
    return `Error: ${state.family} prefix is expected rather than "${word}".`;
  }
  state.family = familyOf(destination.address);
  state.destination = destination;
  return undefined;
}

function takeRouteValue(
  state: RouteState,
  key: string,
  value: string,
  queue: string[],
): string | undefined {
  switch (key) {
    case 'via': {
      const word = value === 'inet' || value === 'inet6' ? (queue.shift() ?? '') : value;
      return takeAddress(state, 'gateway', word);
    }
    case 'src':
    case 'from':
      return takeAddress(state, 'source', value.replace(/\/\d+$/, ''));
    case 'dev':
    case 'oif':
      state.link = value;
      return undefined;
    case 'table':
      state.table = tableName(value);
      return undefined;
    case 'metric':
    case 'priority':
    case 'preference':
      if (!/^\d+$/.test(value))
        return `Error: argument "${value}" is wrong: "metric" value is invalid`;
      state.metric = Number(value);
      return undefined;
    case 'scope':
      state.scope = value as AddressScope;
      return undefined;
    case 'proto':
    case 'protocol':
      state.protocol = value;
      return undefined;
    case 'nexthop':
      return 'Error: multipath routes are not simulated.';
    default:
      return undefined;
  }
}

function takeAddress(
  state: RouteState,
  field: 'gateway' | 'source',
  word: string,
): string | undefined {
  const address = parseIp(word);
  if (address === undefined) return `Error: inet address is expected rather than "${word}".`;
  state[field] = address;
  if (state.destination?.length === 0) {
    state.family = familyOf(address);
    state.destination = parseDestination('default', state.family);
  }
  return undefined;
}

function finishRoute(state: RouteState, options: { readonly kernel: KernelApi }): RouteWords {
  const gateway = state.gateway;
  const link =
    state.link ?? (gateway === undefined ? undefined : options.kernel.routeTo(gateway)?.link);
  const needsLink = state.type === 'unicast' || state.type === 'local';
  const scope =
    state.scope ??
    (state.type === 'local' ? 'host' : gateway === undefined && needsLink ? 'link' : 'global');
  return {
    family: state.family,
    destination: state.destination as IpPrefix,
    table: state.table,
    type: state.type,
    scope: state.family === 'inet6' ? 'global' : scope,
    metric: state.metric === 0 && state.family === 'inet6' ? 1024 : state.metric,
    protocol: state.protocol,
    given: state.given,
    ...(link === undefined ? {} : { link }),
    ...(gateway === undefined ? {} : { gateway }),
    ...(state.source === undefined ? {} : { source: state.source }),
    ...(state.onLink ? { onLink: true } : {}),
  };
}

/** What of a parsed route a delete must match: only what was written. */
export function routeMatch(route: RouteWords): Partial<Route> & { readonly family: IpFamily } {
  const { given } = route;
  const has = (...keys: string[]) => keys.some((key) => given.has(key));
  return {
    family: route.family,
    destination: route.destination,
    table: route.table,
    ...(has('dev', 'oif') && route.link !== undefined ? { link: route.link } : {}),
    ...(route.gateway === undefined ? {} : { gateway: route.gateway }),
    ...(route.source === undefined ? {} : { source: route.source }),
    ...(has('metric', 'priority', 'preference') ? { metric: route.metric } : {}),
    ...(has('proto', 'protocol') ? { protocol: route.protocol } : {}),
    ...(route.type === 'unicast' ? {} : { type: route.type }),
  };
}

function takeRuleWord(rule: PolicyRule, key: string, value: string): PolicyRule | undefined {
  switch (key) {
    case 'from':
    case 'to': {
      const prefix = parseDestination(value, rule.family);
      if (prefix === undefined) return undefined;
      const family = prefix.length === 0 ? rule.family : familyOf(prefix.address);
      return { ...rule, family, ...(prefix.length === 0 ? {} : { [key]: prefix }) };
    }
    case 'iif':
      return { ...rule, inputLink: value };
    case 'oif':
      return { ...rule, outputLink: value };
    case 'fwmark':
      return { ...rule, mark: Number(value.split('/')[0]) };
    case 'priority':
    case 'preference':
    case 'pref':
    case 'order':
      return /^\d+$/.test(value) ? { ...rule, priority: Number(value) } : undefined;
    case 'table':
    case 'lookup':
      return { ...rule, table: tableName(value) };
    case 'tos':
    case 'protocol':
      return rule;
    default:
      return undefined;
  }
}
