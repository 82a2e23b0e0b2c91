/**
 * The words behind a route's destination: what each takes and what keepalived says of a bad one. A bad one
 * drops the route.
 *
 * Source: `keepalived -t` of 2.2.7 (test/reference/config-diagnostics-own/ip-words.txt).
 */

import { type IpFamily, parsePrefix } from '../../wire/ip-address.ts';
import { readDecimal, readUnsigned, UNSIGNED_MAX } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import { areRealms, ipNumber, PROTOCOL_KEEPALIVED } from './ip-names.ts';

/** Where in a line a reader of options is. */
export interface RouteWords {
  readonly values: readonly string[];
  /** Index of the option's own word. */
  readonly at: number;
}

/** An option that was read: the words for ip(8), and how many of the line were taken behind the first. */
export interface RouteOption {
  readonly words: readonly string[];
  readonly taken: number;
  readonly family?: IpFamily;
  readonly device?: boolean;
  /** The protocol is not keepalived's own: such a route cannot be tracked. */
  readonly foreignProtocol?: boolean;
}

/** Says what is wrong and drops the route. */
type Read = (context: ParseContext, given: RouteWords) => RouteOption | undefined;

const NUMBERS: Readonly<Record<string, (value: string) => string>> = {
  metric: (value) => `Invalid metric ${value} specified for route`,
  priority: (value) => `Invalid metric ${value} specified for route`,
  preference: (value) => `Invalid metric ${value} specified for route`,
  mtu: (value) => `Invalid MTU ${value} specified for route`,
  hoplimit: (value) => `Invalid hoplimit ${value} specified for route`,
  advmss: (value) => `Invalid advmss ${value} specified for route`,
  ...valueTexts('reordering', 'window', 'cwnd', 'ssthresh', 'initcwnd', 'initrwnd'),
  ...valueTexts('quickack', 'fastopen_no_cookie'),
};

function valueTexts(...words: readonly string[]): Record<string, (value: string) => string> {
  return Object.fromEntries(
    words.map((word) => [
      word,
      (value: string) => `Invalid ${word} value ${value} specified for route`,
    ]),
  );
}

/** Numbers with a limit of their own. */
const LIMITS: Readonly<Record<string, number>> = {
  quickack: 1,
  fastopen_no_cookie: 1,
  hoplimit: 255,
};

/** Words behind which `lock` may stand: the kernel then keeps the value. */
const LOCKABLE = [
  ...['mtu', 'advmss', 'rtt', 'rttvar', 'reordering', 'cwnd', 'ssthresh'],
  ...['rto_min', 'congctl'],
];

/** Milliseconds by default; the kernel keeps eighths of rtt and quarters of rttvar. */
const TIMES: Readonly<Record<string, { most: number; text: (value: string) => string }>> = {
  rtt: { most: 960_000, text: (value) => `Invalid rtt ${value} for route` },
  rttvar: { most: 480_000, text: (value) => `Invalid rttvar ${value} for route` },
  rto_min: { most: 120_000, text: (value) => `Invalid rto_min value ${value} specified for route` },
};

/** A value that was told of and is left out; the route stays. */
const SKIPPED: RouteOption = { words: [], taken: 1 };

const READERS: Readonly<Record<string, Read>> = {
  via: readVia,
  src: readSource,
  from: readSource,
  dev: readDevice,
  oif: readDevice,
  tos: readTos,
  dsfield: readTos,
  table: named('rt_tables', (word) => `Routing table ${word} not found for route`),
  scope: named('rt_scopes', (word) => `Scope ${word} not found or invalid for route`),
  protocol: readProtocol,
  realms: readRealms,
  congctl: (_context, given) => plain(given, given.values[given.at + 1] === 'lock' ? 2 : 1),
  features: (context, given) =>
    check(
      context,
      given,
      (value) => value === 'ecn',
      (value) => `feature ${value} not supported`,
    ) ?? SKIPPED,
  'ttl-propagate': (context, given) =>
    check(
      context,
      given,
      (value) => value === 'enabled' || value === 'disabled',
      (value) => `ttl-propagate value ${value} not recognised`,
    ) ?? SKIPPED,
  vrf: (context, given) =>
    check(
      context,
      given,
      (value) => context.machine.interfaces?.some((one) => one.name === value) ?? true,
      (value) => `VRF ${value} not found for route`,
    ),
  as: readAs,
  encap: readEncap,
};

/** Words that only an IPv6 route may have; they are asked for before their value is. */
const IPV6_ONLY = ['expires', 'pref'];

/** Whether a word is an option of a route. */
export function isRouteOption(word: string): boolean {
  return word in NUMBERS || word in TIMES || word in READERS || IPV6_ONLY.includes(word);
}

/** Reads the option that begins at `at`; `undefined` after a complaint, and the route is dropped. */
export function readRouteOption(
  context: ParseContext,
  given: RouteWords & { readonly family: IpFamily | undefined },
): RouteOption | undefined {
  const { values, at } = given;
  const word = values[at] as string;
  if (IPV6_ONLY.includes(word)) {
    if (given.family === 'inet6') return plain(given, 1);
    return drop(context, `${word} is only valid for IPv6`, word);
  }
  if (word !== 'encap') context.word(values, at + 1);
  if (context.reporter.ended) return undefined;
  const number = NUMBERS[word];
  if (number !== undefined) return readNumber(context, given, number);
  return TIMES[word] === undefined ? READERS[word]?.(context, given) : readTime(context, given);
}

/** An address behind `via`, `src`, `from` or a next hop's `via`. */
export function readRouteAddress(
  context: ParseContext,
  word: string,
  text: string,
): IpFamily | undefined {
  const prefix = parsePrefix(word);
  if (prefix !== undefined) return typeof prefix.address === 'number' ? 'inet' : 'inet6';
  context.complain('bad-address', `VRRP parsed invalid IP ${word}. skipping IP...`, { word });
  drop(context, text, word);
  return undefined;
}

/** Whether the interface of a route or next hop is there. */
export function routeDeviceKnown(context: ParseContext, name: string): boolean {
  if (context.interfaceKnown(name)) return true;
  const text = `WARNING - interface ${name} for VROUTE nexthop doesn't exist`;
  context.complain('unknown-interface', text, { word: name });
  return false;
}

/** The words behind `encap`: its type and what belongs to that; `undefined` after a complaint. */
export function encapLength(context: ParseContext, given: RouteWords): number | undefined {
  const { values, at } = given;
  const type = values[at + 1];
  if (type === undefined) return drop(context, 'Missing encap type', 'encap');
  if (type === 'mpls' || type === 'ila') return 2;
  if (type !== 'ip' && type !== 'ip6') {
    return drop(context, `Unknown encap type - ${type}`, type);
  }
  const parts = ['id', 'dst', 'src', 'tos', 'tc', 'ttl', 'hoplimit', 'flags'];
  let taken = 1;
  while (parts.includes(values[at + taken + 1] ?? '')) taken += 2;
  return taken;
}

function drop(context: ParseContext, text: string, word: string): undefined {
  context.complain('bad-route', text, { word });
  return undefined;
}

/** The word and `taken` more, as they are. */
function plain({ values, at }: RouteWords, taken: number): RouteOption {
  return { words: values.slice(at, at + 1 + taken), taken };
}

function check(
  context: ParseContext,
  given: RouteWords,
  fits: (value: string) => boolean,
  text: (value: string) => string,
): RouteOption | undefined {
  const value = given.values[given.at + 1] as string;
  return fits(value) ? plain(given, 1) : drop(context, text(value), value);
}

function named(kind: 'rt_tables' | 'rt_scopes', text: (word: string) => string): Read {
  return (context, given) =>
    check(
      context,
      given,
      (word) => {
        // A table may be any number that C reads, even a negative one.
        if (kind === 'rt_tables' && /^-?\d+$/.test(word)) return true;
        const most = kind === 'rt_tables' ? UNSIGNED_MAX : 255;
        return ipNumber(context, kind, { word, most }) !== undefined;
      },
      text,
    );
}

function readNumber(
  context: ParseContext,
  given: RouteWords,
  text: (value: string) => string,
): RouteOption | undefined {
  const { values, at } = given;
  const word = values[at] as string;
  const lock = LOCKABLE.includes(word) && values[at + 1] === 'lock' ? 1 : 0;
  const value = context.word(values, at + 1 + lock);
  const range = { least: 0, most: LIMITS[word] ?? UNSIGNED_MAX };
  if (readUnsigned(value, range, context.reporter).complained) {
    return drop(context, text(value), value);
  }
  return plain(given, 1 + lock);
}

function readTime(context: ParseContext, given: RouteWords): RouteOption | undefined {
  const { values, at } = given;
  const time = TIMES[values[at] as string] as { most: number; text: (value: string) => string };
  const lock = values[at + 1] === 'lock' ? 1 : 0;
  const value = context.word(values, at + 1 + lock);
  const bare = value.endsWith('ms') ? value.slice(0, -2) : value.replace(/s$/, '');
  const scale = value.endsWith('s') && !value.endsWith('ms') ? 3 : 0;
  // With an exponent it is read as a float, which says nothing of a bad one.
  if (/e/i.test(bare)) {
    const isGood = /^\d+(\.\d*)?e[-+]?\d+$/i.test(bare) && Number(bare) * 10 ** scale <= time.most;
    return isGood ? plain(given, 1 + lock) : drop(context, time.text(value), value);
  }
  const range = { least: 0, most: time.most, decimals: scale };
  const { usable } = readDecimal(bare, range, context.reporter);
  return usable ? plain(given, 1 + lock) : drop(context, time.text(value), value);
}

function readVia(context: ParseContext, given: RouteWords): RouteOption | undefined {
  const { values, at } = given;
  const spoken = values[at + 1] === 'inet' || values[at + 1] === 'inet6' ? 1 : 0;
  const word = context.word(values, at + 1 + spoken);
  const family = readRouteAddress(context, word, `invalid route via address ${word}`);
  return family === undefined ? undefined : { ...plain(given, 1 + spoken), family };
}

function readSource(context: ParseContext, given: RouteWords): RouteOption | undefined {
  const { values, at } = given;
  const word = values[at + 1] as string;
  const family = readRouteAddress(context, word, `invalid route ${values[at]} address ${word}`);
  if (values[at] === 'from' && family === 'inet') {
    return drop(context, `route from address only supported with IPv6 (${word})`, word);
  }
  return family === undefined ? undefined : { ...plain(given, 1), family };
}

function readDevice(context: ParseContext, given: RouteWords): RouteOption | undefined {
  const name = given.values[given.at + 1] as string;
  if (!routeDeviceKnown(context, name)) return undefined;
  return { words: ['dev', name], taken: 1, device: true };
}

function readTos(context: ParseContext, given: RouteWords): RouteOption | undefined {
  return check(
    context,
    given,
    (word) => ipNumber(context, 'rt_dsfield', { word, most: 255 }) !== undefined,
    (word) => `TOS value ${word} is invalid`,
  );
}

function readProtocol(context: ParseContext, given: RouteWords): RouteOption | undefined {
  const word = given.values[given.at + 1] as string;
  const protocol = ipNumber(context, 'rt_protos', { word, most: 255 });
  if (protocol === undefined) {
    return drop(context, `Protocol ${word} not found or invalid for route`, word);
  }
  return { ...plain(given, 1), foreignProtocol: protocol !== PROTOCOL_KEEPALIVED };
}

function readRealms(context: ParseContext, given: RouteWords): RouteOption | undefined {
  return check(
    context,
    given,
    (word) => areRealms(context, word),
    (word) => `Invalid realms ${word} for route`,
  );
}

/** `as [to] ADDRESS` is for MPLS, which keepalived does not do. */
function readAs(context: ParseContext, given: RouteWords): RouteOption {
  context.complain('bad-route', '"as to" for MPLS only - ignoring', { word: 'as' });
  return { words: [], taken: given.values[given.at + 1] === 'to' ? 2 : 1 };
}

function readEncap(context: ParseContext, given: RouteWords): RouteOption | undefined {
  const taken = encapLength(context, given);
  return taken === undefined ? undefined : plain(given, taken);
}
