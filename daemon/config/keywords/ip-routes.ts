/**
 * Lines of virtual_routes and static_routes: the words of ip-route(8), checked and normalised, so that a machine
 * can hand them to `ip` as they are. What each option takes is in `route-options.ts`, next hops in
 * `route-next-hops.ts`, rules in `ip-rules.ts`.
 *
 * Source: `keepalived -t` of 2.2.7 (test/reference/config-diagnostics-own/ip-words.txt; the shipped samples).
 */

import { formatPrefix, type IpFamily } from '../../wire/ip-address.ts';
import type { ParseContext } from '../parse-context.ts';
import type { RouteDraft } from '../vrrp-draft.ts';
import { PROTOCOL_KEEPALIVED, readAnyBase } from './ip-names.ts';
import { readNextHops } from './route-next-hops.ts';
import { isRouteOption, readRouteAddress, readRouteOption } from './route-options.ts';
import { readAddressWord } from './virtual-address.ts';

type Words = readonly string[];

const ROUTE_TYPES = [
  'unicast',
  'local',
  'broadcast',
  'brd',
  'xresolve',
  'multicast',
  'throw',
  'unreachable',
  'prohibit',
  'blackhole',
  'nat',
  'anycast',
];
const ROUTE_FLAGS = ['onlink', 'no_track', 'append'];
const DEPRECATED_ROUTE_WORDS = new Map([
  ['or', 'nexthop'],
  ['gw', 'via'],
]);

interface RouteState {
  readonly words: string[];
  destination?: string;
  /** The destination as it was written, which is how messages name it. */
  written?: string;
  type?: string;
  /** The second address of an old "via A or B". */
  or?: string;
  family?: IpFamily;
  hasDevice: boolean;
  foreignProtocol: boolean;
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
  const state: RouteState = {
    words: [],
    hasDevice: false,
    foreignProtocol: false,
    noTrack: false,
    append: false,
  };
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
  if (!state.noTrack && state.foreignProtocol) {
    const text = `Route cannot be tracked if protocol is not RTPROT_KEEPALIVED(${PROTOCOL_KEEPALIVED}), resetting protocol`;
    context.complain('not-tracked', text, { word: 'protocol' });
    state.words.splice(state.words.indexOf('protocol'), 2);
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
    ...routeWords(state),
  ];
  return {
    family: state.family ?? 'inet',
    words,
    noTrack: state.noTrack,
    append: state.append,
    ...(state.trackGroup === undefined ? {} : { trackGroup: state.trackGroup }),
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
  if (written === 'or') return takeOr(context, state, given);
  const word = newer ?? written;
  if (word === 'inet' || word === 'inet6') {
    if (state.family !== undefined && state.family !== word) {
      const family = state.family === 'inet' ? 'IPv4' : 'IPv6';
      context.complain('bad-route', `${word} specified for ${family} route`, { word });
      return undefined;
    }
    // keepalived passes over the word behind it.
    state.family = word;
    return 1;
  }
  if (word === 'track_group' && given.isStatic) {
    const name = context.word(values, at + 1);
    if (context.reporter.ended) return undefined;
    state.trackGroup = knownTrackGroup(context, name);
    return 1;
  }
  if (ROUTE_FLAGS.includes(word)) {
    if (word === 'no_track') state.noTrack = true;
    else if (word === 'append') state.append = true;
    else state.words.push(word);
    return 0;
  }
  if (word === 'nexthop') {
    const hops = readNextHops(context, { values, at, family: state.family });
    if (hops === undefined) return undefined;
    state.words.push(...hops);
    return values.length;
  }
  if (isRouteOption(word)) {
    if (newer !== undefined) context.word(values, at + 1);
    if (context.reporter.ended) return undefined;
    const renamed = newer === undefined ? values : values.with(at, newer);
    return takeOption(context, state, { values: renamed, at });
  }
  if (ROUTE_TYPES.includes(word) || (readAnyBase(word) ?? 256) < 256) {
    const destination = context.word(values, at + 1);
    if (context.reporter.ended) return undefined;
    state.type = word;
    return routeDestination(context, state, destination) === undefined ? undefined : 1;
  }
  const named = word === 'to';
  const destination = named ? context.word(values, at + 1) : word;
  if (context.reporter.ended || routeDestination(context, state, destination) === undefined) {
    return undefined;
  }
  return named ? 1 : 0;
}

/** The old "via A or B": B becomes a next hop, and A with it when the line is over. */
function takeOr(
  context: ParseContext,
  state: RouteState,
  given: { readonly values: Words; readonly at: number },
): 1 | undefined {
  const word = context.word(given.values, given.at + 1);
  if (context.reporter.ended) return undefined;
  if (state.or !== undefined) {
    const text = '"or" route already specified - ignoring subsequent';
    context.complain('duplicate', text, { word: 'or' });
    return 1;
  }
  if (readRouteAddress(context, word, `Invalid "or" address ${word}`) === undefined) {
    return undefined;
  }
  state.or = word;
  return 1;
}

/** What stands behind the destination, with the next hops of an "or" last. */
function routeWords({ words, or }: RouteState): readonly string[] {
  if (or === undefined) return words;
  const via = words.indexOf('via');
  const first = via < 0 ? [] : ['nexthop', ...words.slice(via, via + 2)];
  const others = via < 0 ? words : words.toSpliced(via, 2);
  return [...others, ...first, 'nexthop', 'via', or];
}

function takeOption(
  context: ParseContext,
  state: RouteState,
  given: { readonly values: Words; readonly at: number },
): number | undefined {
  const option = readRouteOption(context, { ...given, family: state.family });
  if (option === undefined) return undefined;
  const { family } = option;
  if (family !== undefined && !fitsFamily(context, state, { family })) return undefined;
  if (option.device === true) state.hasDevice = true;
  if (option.foreignProtocol === true) state.foreignProtocol = true;
  state.words.push(...option.words);
  return option.taken;
}

/** `shown`: the word that a message of it names, with a blank and brackets. */
function fitsFamily(
  context: ParseContext,
  state: RouteState,
  { family, shown = '' }: { readonly family: IpFamily; readonly shown?: string },
): boolean {
  if (state.family === undefined) state.family = family;
  if (state.family === family) return true;
  context.complain('bad-route', `Cannot mix IPv4 and IPv6 addresses for route${shown}`);
  return false;
}

function routeDestination(
  context: ParseContext,
  state: RouteState,
  word: string,
): true | undefined {
  const any = word === 'default' || word === 'any' || word === 'all';
  const prefix = any || word === 'default6' ? undefined : readAddressWord(context, word);
  if (!any && word !== 'default6' && prefix === undefined) {
    const text = `unknown route keyword ${word}`;
    context.complain('bad-route', text, {
      word,
      message: `'${word}' is neither a destination nor a word of ip-route; the line is left out`,
    });
    return undefined;
  }
  const family = prefix === undefined || typeof prefix.address === 'number' ? 'inet' : 'inet6';
  if (word === 'default6') state.family ??= 'inet6';
  const shown = ` (${word})`;
  if (prefix !== undefined && !fitsFamily(context, state, { family, shown })) return undefined;
  state.destination = prefix === undefined ? 'default' : formatPrefix(prefix);
  state.written = word;
  return true;
}

/** A track_group must stand before what names it. */
export function knownTrackGroup(context: ParseContext, name: string): string | undefined {
  if (context.vrrp.trackGroups.some((group) => group.name === name)) return name;
  context.complain('not-found', `track_group ${name} not found`, { word: name });
  return undefined;
}
