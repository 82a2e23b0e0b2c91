/**
 * Lines of virtual_routes, static_routes, virtual_rules and static_rules: the words of ip-route(8) and
 * ip-rule(8), checked for form and normalised, so that a machine can hand them to `ip` as they are.
 *
 * Source: `keepalived -t` of 2.2.7 (test/reference/config-diagnostics-own/089, 090; the shipped samples).
 */

import { formatPrefix, type IpFamily, parsePrefix } from '../../wire/ip-address.ts';
import { readUnsigned, UNSIGNED_MAX } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import type { RouteDraft } from '../vrrp-draft.ts';
import { readAddressWord } from './virtual-address.ts';

type Words = readonly string[];

const ROUTE_TYPES = [
  'unicast',
  'local',
  'broadcast',
  'multicast',
  'throw',
  'unreachable',
  'prohibit',
  'blackhole',
  'nat',
  'anycast',
];
const ROUTE_VALUES = [
  'via',
  'dev',
  'oif',
  'src',
  'from',
  'tos',
  'dsfield',
  'table',
  'protocol',
  'scope',
  'metric',
  'priority',
  'preference',
  'expires',
  'mtu',
  'hoplimit',
  'advmss',
  'rtt',
  'rttvar',
  'reordering',
  'window',
  'cwnd',
  'ssthresh',
  'realms',
  'rto_min',
  'initcwnd',
  'initrwnd',
  'features',
  'quickack',
  'congctl',
  'pref',
  'encap',
  'as',
  'ttl-propagate',
  'fastopen_no_cookie',
  'vrf',
];
const ROUTE_FLAGS = ['onlink', 'no_track', 'append'];
const DEPRECATED_ROUTE_WORDS = new Map([
  ['or', 'nexthop'],
  ['gw', 'via'],
]);

/** All that follows belongs to next hops; the old "via A or B" makes a next hop of A too. */
function takeNextHops(state: RouteState, values: Words): void {
  if (values[0] === 'or') {
    const via = state.words.indexOf('via');
    if (via >= 0) state.words.push('nexthop', ...state.words.splice(via, 2));
    const rest = values.flatMap((one) => (one === 'or' ? ['nexthop', 'via'] : [one]));
    state.words.push(...rest);
  } else state.words.push(...values);
}

interface RouteState {
  readonly words: string[];
  destination?: string;
  /** The destination as it was written, when its length had to be mended. */
  written?: string;
  type?: string;
  family?: IpFamily;
  hasDevice: boolean;
  noTrack: boolean;
  append: boolean;
  trackGroup?: string | undefined;
}

/** Parses a route line; `undefined` when keepalived drops it. */
export function readRoute(
  context: ParseContext,
  values: Words,
  options: { readonly isStatic: boolean },
): RouteDraft | undefined {
  const state: RouteState = { words: [], hasDevice: false, noTrack: false, append: false };
  for (let at = 0; at < values.length; at++) {
    const step = routeWord(context, state, { values, at, ...options });
    if (step === undefined) return undefined;
    at += step;
  }
  if (state.destination === undefined) {
    context.complain('bad-route', 'Route must have a destination', {
      message:
        'a route needs a destination: an address with length, or default; the line is left out',
    });
    return undefined;
  }
  if (!state.noTrack && !state.hasDevice) {
    const shown = state.written ?? state.destination;
    const text = `Warning - cannot track route ${shown} with no interface specified, not tracking`;
    context.complain('not-tracked', text, { word: shown });
    state.noTrack = true;
  }
  const words = [
    ...(state.type === undefined ? [] : [state.type]),
    state.destination,
    ...state.words,
  ];
  return {
    family: state.family ?? 'inet',
    words,
    noTrack: state.noTrack,
    append: state.append,
    ...(state.trackGroup === undefined ? {} : { trackGroup: state.trackGroup }),
    dumpText: words.join(' '),
  };
}

/** Takes one word and returns how many behind it belong to it; `undefined` drops the line. */
function routeWord(
  context: ParseContext,
  state: RouteState,
  given: { readonly values: Words; readonly at: number; readonly isStatic: boolean },
): number | undefined {
  const { values, at } = given;
  const written = values[at] as string;
  const newer = DEPRECATED_ROUTE_WORDS.get(written);
  if (newer !== undefined) {
    const text = `"${written}" for routes is deprecated. Please use "${newer}"`;
    context.complain('deprecated', text, { word: written });
  }
  const word = newer ?? written;
  const value = values[at + 1];
  if (word === 'inet' || word === 'inet6') {
    state.family = word;
    return 0;
  }
  if (word === 'track_group' && given.isStatic && value !== undefined) {
    state.trackGroup = knownTrackGroup(context, value);
    return 1;
  }
  if (ROUTE_FLAGS.includes(word)) {
    if (word === 'no_track') state.noTrack = true;
    else if (word === 'append') state.append = true;
    else state.words.push(word);
    return 0;
  }
  if (word === 'nexthop') {
    takeNextHops(state, values.slice(at));
    return values.length;
  }
  if (ROUTE_VALUES.includes(word) && value !== undefined) {
    return routeOption(context, state, { word, value, more: values.slice(at + 2) });
  }
  if (ROUTE_TYPES.includes(word)) {
    state.type = word;
    return 0;
  }
  return routeDestination(context, state, { word, value });
}

function routeOption(
  context: ParseContext,
  state: RouteState,
  given: { readonly word: string; readonly value: string; readonly more: Words },
): number | undefined {
  const { word, value, more } = given;
  if (word === 'dev' || word === 'oif') {
    if (!context.interfaceKnown(value)) {
      const text = `WARNING - interface ${value} for VROUTE nexthop doesn't exist`;
      context.complain('unknown-interface', text, { word: value });
      return undefined;
    }
    state.hasDevice = true;
    state.words.push('dev', value);
    return 1;
  }
  if (word === 'metric' || word === 'priority' || word === 'preference') {
    const range = { least: 0, most: UNSIGNED_MAX, lenient: true };
    if (readUnsigned(value, range, context.reporter).complained) {
      context.complain('bad-route', `Invalid metric ${value} specified for route`, { word: value });
      return undefined;
    }
  }
  const family = value === 'inet' || value === 'inet6' ? value : undefined;
  const address = word === 'via' && family !== undefined ? more[0] : value;
  if (word === 'via' || word === 'src' || word === 'from') {
    const prefix = address === undefined ? undefined : parsePrefix(address);
    if (prefix === undefined) {
      context.complain('bad-address', `VRRP parsed invalid IP ${address}. skipping IP...`);
      context.complain('bad-route', `invalid route ${word} address ${address}`, { word: value });
      return undefined;
    }
    state.family ??= typeof prefix.address === 'number' ? 'inet' : 'inet6';
  }
  const both = word === 'via' && family !== undefined;
  state.words.push(word, value, ...(both ? more.slice(0, 1) : []));
  return both ? 2 : 1;
}

function routeDestination(
  context: ParseContext,
  state: RouteState,
  given: { readonly word: string; readonly value: string | undefined },
): number | undefined {
  const named = given.word === 'to' && given.value !== undefined;
  const word = named ? (given.value as string) : given.word;
  const any = word === 'default' || word === 'any' || word === 'all';
  const prefix = any ? undefined : readAddressWord(context, word);
  if (!any && prefix === undefined) {
    const text = `unknown route keyword ${word}`;
    context.complain('bad-route', text, {
      word,
      message: `'${word}' is neither a destination nor a word of ip-route; the line is left out`,
    });
    return undefined;
  }
  if (state.destination !== undefined) {
    const text = `Route has trailing nonsense - ${word}`;
    context.complain('bad-route', text, { word });
    return undefined;
  }
  if (prefix !== undefined) state.family ??= typeof prefix.address === 'number' ? 'inet' : 'inet6';
  state.destination = prefix === undefined ? 'default' : formatPrefix(prefix);
  if (prefix !== undefined && !word.endsWith(`/${prefix.length}`) && word.includes('/')) {
    state.written = word;
  }
  return named ? 1 : 0;
}

const RULE_VALUES = [
  'from',
  'to',
  'table',
  'lookup',
  'tos',
  'dsfield',
  'fwmark',
  'iif',
  'dev',
  'oif',
  'realms',
  'suppress_prefixlength',
  'suppress_prefixlen',
  'sup_pl',
  'suppress_ifgroup',
  'suppress_group',
  'sup_group',
  'tunnel-id',
  'tun_id',
  'uidrange',
  'protocol',
  'ipproto',
  'sport',
  'dport',
  'goto',
  'nat',
  'map-to',
  'type',
];
const RULE_ACTIONS = ['blackhole', 'unreachable', 'prohibit', 'nop', 'l3mdev'];

/** Parses a rule line; `undefined` when keepalived drops it. */
export function readRule(
  context: ParseContext,
  values: Words,
  options: { readonly isStatic: boolean },
): RouteDraft | undefined {
  const words: string[] = [];
  let family: IpFamily | undefined;
  let preference: number | undefined;
  let hasAction = false;
  let noTrack = false;
  let trackGroup: string | undefined;
  for (let at = 0; at < values.length; at++) {
    const word = values[at] as string;
    const value = values[at + 1];
    if (word === 'not') words.push(word);
    else if (word === 'inet' || word === 'inet6') family = word;
    else if (word === 'no_track') noTrack = true;
    else if (RULE_ACTIONS.includes(word)) {
      hasAction = true;
      words.push(word);
    } else if (value !== undefined && /^(preference|order|priority|pref)$/.test(word)) {
      const range = { least: 0, most: UNSIGNED_MAX, lenient: true };
      const result = readUnsigned(value, range, context.reporter);
      if (result.complained) {
        context.complain('bad-rule', `Invalid rule preference ${word} specified`, { word: value });
      }
      if (result.usable) preference = result.value;
      at++;
    } else if (value !== undefined && word === 'track_group' && options.isStatic) {
      trackGroup = knownTrackGroup(context, value);
      at++;
    } else if (value !== undefined && RULE_VALUES.includes(word)) {
      const prefix = ruleAddress(context, word, value);
      if (prefix === 'bad') return undefined;
      if (prefix !== undefined) family ??= prefix;
      if (word === 'table' || word === 'lookup' || word === 'goto') hasAction = true;
      words.push(word === 'lookup' ? 'table' : word, value);
      at++;
    } else {
      context.complain('bad-rule', `Unknown rule option ${word}`, {
        word,
        message: `'${word}' is no word of ip-rule; the line is left out`,
      });
      return undefined;
    }
  }
  if (!hasAction) {
    context.complain('bad-rule', 'No action specified for rule - ignoring');
    return undefined;
  }
  const goto = words.indexOf('goto');
  if (preference === undefined && goto >= 0) {
    const text = `Invalid rule - goto target ${words[goto + 1]} specified without preference`;
    context.complain('bad-rule', text);
    return undefined;
  }
  if (preference === undefined) {
    preference = context.vrrp.rulePreference--;
    const text =
      `Rule has no preference specified - setting to ${preference}.` +
      ' This is probably not what you want.';
    context.complain('no-preference', text);
  }
  words.push('priority', String(preference));
  return {
    family: family ?? 'inet',
    words,
    noTrack,
    append: false,
    ...(trackGroup === undefined ? {} : { trackGroup }),
    dumpText: words.join(' '),
  };
}

function ruleAddress(
  context: ParseContext,
  word: string,
  value: string,
): IpFamily | 'bad' | undefined {
  if (word !== 'from' && word !== 'to') {
    const device = word === 'iif' || word === 'oif' || word === 'dev';
    if (!device || context.interfaceKnown(value)) return undefined;
    const text = `WARNING - interface ${value} for rule doesn't exist`;
    context.complain('unknown-interface', text, { word: value });
    return 'bad';
  }
  if (value === 'all' || value === 'any' || value === 'default') return undefined;
  const prefix = parsePrefix(value);
  if (prefix === undefined) {
    context.complain('bad-address', `VRRP parsed invalid IP ${value}. skipping IP...`, {
      word: value,
    });
    context.complain('bad-rule', `Invalid rule ${word} address ${value}`, { word: value });
    return 'bad';
  }
  return typeof prefix.address === 'number' ? 'inet' : 'inet6';
}

/** A track_group must stand before what names it. */
function knownTrackGroup(context: ParseContext, name: string): string | undefined {
  if (context.vrrp.trackGroups.some((group) => group.name === name)) return name;
  context.complain('not-found', `track_group ${name} not found`, { word: name });
  return undefined;
}
