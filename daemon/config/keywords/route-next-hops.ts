/**
 * The next hops at the end of a route: `nexthop [via [inet|inet6] ADDRESS] [dev INTERFACE] [weight 1..256] [onlink] …`,
 * one after the other.
 *
 * Source: `keepalived -t` of 2.2.7 (test/reference/config-diagnostics-own/ip-words.txt).
 */

import type { IpFamily } from '../../wire/ip-address.ts';
import { readUnsigned } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import { areRealms } from './ip-names.ts';
import { encapLength, readRouteAddress, routeDeviceKnown } from './route-options.ts';

interface HopWords {
  readonly values: readonly string[];
  at: number;
  readonly family: IpFamily | undefined;
}

/**
 * Reads from `at`, where `nexthop` stands, to the end of the line. A mistake is told of and ends the reading: the
 * route keeps the hops before it. `undefined` when a word is missing.
 */
export function readNextHops(
  context: ParseContext,
  given: {
    readonly values: readonly string[];
    readonly at: number;
    readonly family: IpFamily | undefined;
  },
): readonly string[] | undefined {
  const { values } = given;
  const state: HopWords = { ...given };
  let hop = given.at;
  while (state.at < values.length) {
    const word = values[state.at] as string;
    if (word === 'nexthop') hop = state.at;
    if (!readHopWord(context, state, word)) {
      return context.reporter.ended ? undefined : values.slice(given.at, hop);
    }
    state.at++;
  }
  return values.slice(given.at);
}

/** Takes one word with what belongs to it; false after a mistake. */
function readHopWord(context: ParseContext, state: HopWords, word: string): boolean {
  if (word === 'nexthop' || word === 'onlink') return true;
  if (word === 'via') return readVia(context, state);
  if (word === 'encap') {
    const taken = encapLength(context, state);
    state.at += taken ?? 0;
    return taken !== undefined;
  }
  const complain = (text: string, about = word): false => {
    context.complain('bad-route', text, { word: about });
    return false;
  };
  if (word === 'as') return complain("'as [to]' (nat) not supported");
  if (word !== 'dev' && word !== 'oif' && word !== 'weight' && word !== 'realms') {
    return complain(`Route has trailing nonsense after nexthops - ${word}`);
  }
  const value = context.word(state.values, ++state.at);
  if (context.reporter.ended) return false;
  if (word === 'realms') {
    return areRealms(context, value) || complain(`Invalid realms ${value} for route`, value);
  }
  if (word !== 'weight') return routeDeviceKnown(context, value);
  const result = readUnsigned(value, { least: 0, most: 256 }, context.reporter);
  if (result.usable && result.value > 0) return true;
  return complain(`Invalid weight ${value} specified for route`, value);
}

function readVia(context: ParseContext, state: HopWords): boolean {
  let word = context.word(state.values, ++state.at);
  const spoken = word === 'inet' || word === 'inet6' ? word : undefined;
  if (spoken !== undefined) word = context.word(state.values, ++state.at);
  if (context.reporter.ended) return false;
  if (spoken !== undefined && state.family !== undefined && spoken !== state.family) {
    context.complain('bad-route', 'IPv4/6 mismatch for nexthop', { word: spoken });
    return false;
  }
  const family = readRouteAddress(context, word, `invalid nexthop address ${word}`);
  if (family === undefined) return false;
  if (state.family === undefined || family === state.family) return true;
  context.complain('bad-route', 'Address family mismatch for next hop', { word });
  return false;
}
