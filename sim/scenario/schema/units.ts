/**
 * The values that scenario files are made of: durations with a unit, chances in percent, rates,
 * addresses, names. Each is a parser from text (`undefined` when it is not one) and a zod type with
 * a message that says what was expected.
 */

import * as z from 'zod';
import { type DurationUs, durationUs } from '../../../daemon/base/time.ts';
import {
  type IpAddress,
  type IpPrefix,
  isIpv4,
  parseIp,
  parsePrefix,
} from '../../../daemon/wire/ip-address.ts';
import { isGroupMac, type MacAddress, parseMac } from '../../../daemon/wire/mac-address.ts';
import type { Probability } from '../../lan/lan-api.ts';

// The compiled validators of zod need `new Function`, which a page's content policy forbids.
z.config({ jitless: true });

const UNIT_US = new Map([
  ['us', 1],
  ['ms', 1000],
  ['s', 1_000_000],
  ['m', 60_000_000],
  ['h', 3_600_000_000],
]);

/** Reads `3.7s`, `100ms`, `200us`, `2m`, `1h`; a leading `-` only where the caller allows it. */
export function parseDuration(text: string): DurationUs | undefined {
  const match = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?(us|ms|s|m|h)$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', unit = ''] = match;
  const scale = UNIT_US.get(unit) ?? 1;
  const part = (Number(fraction === '' ? '0' : fraction) * scale) / 10 ** fraction.length;
  const total = Number(whole) * scale + part;
  if (!Number.isInteger(total) || !Number.isSafeInteger(total)) return undefined;
  return durationUs(sign === '-' ? -total : total);
}

/** Reads `1%`, `0.5%`; the exact fraction. */
export function parsePercent(text: string): Probability | undefined {
  const match = /^(\d{1,3})(?:\.(\d{1,6}))?%$/.exec(text);
  if (match === null) return undefined;
  const [, whole = '', fraction = ''] = match;
  const denominator = 100 * 10 ** fraction.length;
  const numerator = Number(whole + fraction);
  return numerator > denominator ? undefined : { numerator, denominator };
}

/** Reads `1Gbit`, `100Mbit`, `64kbit`; bits per second. */
export function parseRate(text: string): number | undefined {
  const match = /^(\d{1,6}(?:\.\d{1,3})?)(bit|kbit|Mbit|Gbit|Tbit)$/.exec(text);
  if (match === null) return undefined;
  const scale = new Map([
    ['bit', 1],
    ['kbit', 1e3],
    ['Mbit', 1e6],
    ['Gbit', 1e9],
    ['Tbit', 1e12],
  ]).get(match[2] ?? '');
  const rate = Math.round(Number(match[1]) * (scale ?? 1));
  return rate > 0 ? rate : undefined;
}

/**
 * Reads `2026-01-31T12:00:00Z` (also with a blank, a fraction, without Z: always UTC); µs since
 * 1970.
 */
export function parseEpoch(text: string): number | undefined {
  const form = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?Z?)?$/;
  const match = form.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((digits) => Number(digits ?? '0'));
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) {
    return undefined;
  }
  const micros = Number((match[7] ?? '').padEnd(6, '0'));
  const inDay = (hour * 3600 + minute * 60 + second) * 1_000_000 + micros;
  return daysSince1970({ year, month, day }) * 86_400_000_000 + inDay;
}

/**
 * Days from 1970-01-01 to a date of the Gregorian calendar. Source: Howard Hinnant,
 * days_from_civil.
 */
function daysSince1970(date: { year: number; month: number; day: number }): number {
  const year = date.month <= 2 ? date.year - 1 : date.year;
  const era = Math.floor(year / 400);
  const yearOfEra = year - era * 400;
  const dayOfYear = Math.floor((153 * ((date.month + 9) % 12) + 2) / 5) + date.day - 1;
  const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  return era * 146_097 + yearOfEra * 365 + leapDays + dayOfYear - 719_468;
}

/** What was read, for messages: `'3'`, `number 3`, `nothing`. */
export function shown(input: unknown): string {
  if (input === undefined) return 'nothing';
  if (input === null) return 'an empty value';
  if (typeof input === 'string') return `'${input.length > 40 ? `${input.slice(0, 40)}…` : input}'`;
  if (Array.isArray(input)) return 'a list';
  return typeof input === 'object' ? 'a mapping' : `${typeof input} ${String(input)}`;
}

/** A zod type that reads a text into a value. */
export type Reader<T> = z.ZodType<T, string>;

/** A text that `parse` understands; anything else is one error that names `expected`. */
export function parsed<T>(options: {
  readonly parse: (text: string) => T | undefined;
  readonly expected: string;
  readonly describe: string;
  /** For editors that read the JSON Schema; the parser alone decides. */
  readonly pattern?: string;
}): Reader<T> {
  const message = (input: unknown) => `expected ${options.expected}, read ${shown(input)}`;
  const reader = z
    .string({ error: (issue) => message(issue.input) })
    .transform((text, context): T => {
      const value = options.parse(text);
      if (value !== undefined) return value;
      context.addIssue({ code: 'custom', message: message(text), input: text });
      return z.NEVER;
    });
  const { describe, pattern } = options;
  const about = pattern === undefined ? {} : { pattern };
  return (reader as unknown as Reader<T>).meta({ description: describe, ...about });
}

const DURATION_FORM = "a duration with a unit such as '3.7s', '100ms', '200us', '2m' or '1h'";

/** What a duration looks like, for editors and for the types of TypeScript scenarios. */
export const DURATION_PATTERN = '^[0-9]+(\\.[0-9]+)?(us|ms|s|m|h)$';

/** A duration of zero or more. */
export function duration(describe: string): Reader<DurationUs> {
  const parse = (text: string) => (text.startsWith('-') ? undefined : parseDuration(text));
  return parsed({ parse, expected: DURATION_FORM, describe, pattern: DURATION_PATTERN });
}

/** A duration that may be negative (a clock that jumps back). */
export function signedDuration(describe: string): Reader<DurationUs> {
  return parsed({ parse: parseDuration, expected: DURATION_FORM, describe });
}

/** A chance in percent. */
export function percent(describe: string): Reader<Probability> {
  return parsed({ parse: parsePercent, expected: "a chance such as '1%' or '0.5%'", describe });
}

/** A line rate. */
export function rate(describe: string): Reader<number> {
  return parsed({ parse: parseRate, expected: "a rate such as '1Gbit' or '100Mbit'", describe });
}

/** An address without a prefix length. */
export function address(describe: string): Reader<IpAddress> {
  return parsed<IpAddress>({
    parse: parseIp,
    expected: "an address such as '192.168.0.200' or 'fd00::1'",
    describe,
  });
}

/** An address with the length of its prefix, which must be written. */
export function prefix(describe: string): Reader<IpPrefix> {
  return parsed<IpPrefix>({
    parse: (text) => (text.includes('/') ? parsePrefix(text) : undefined),
    expected: "an address with its prefix length such as '192.168.0.101/24'",
    describe,
  });
}

/** The destination of a route: `default` or a prefix. */
export function destination(describe: string): Reader<IpPrefix> {
  return parsed<IpPrefix>({ parse: parseDestination, expected: "'default' or a prefix", describe });
}

function parseDestination(text: string): IpPrefix | undefined {
  return text === 'default' ? parsePrefix('0.0.0.0/0') : parsePrefix(text);
}

/** An Ethernet address of one station. */
export function mac(describe: string): Reader<MacAddress> {
  return parsed<MacAddress>({
    parse: (text) => {
      const value = parseMac(text);
      return value === undefined || value === 0 || isGroupMac(value) ? undefined : value;
    },
    expected: "the MAC address of a station such as '02:00:00:00:01:01'",
    describe,
  });
}

/** Widens the default route of IPv4 to the family of its gateway. */
export function inFamilyOf(route: IpPrefix, via: IpAddress | undefined): IpPrefix {
  if (via === undefined || isIpv4(via) || !isIpv4(route.address)) return route;
  return route.length === 0 ? (parsePrefix('::/0') ?? route) : route;
}

/** Text with a message that says what was read instead. */
export function text(describe: string, expected = 'text') {
  return z
    .string({ error: (issue) => `expected ${expected}, read ${shown(issue.input)}` })
    .describe(describe);
}

/** A whole number within bounds. */
export function whole(describe: string, bounds: { readonly min: number; readonly max: number }) {
  const error = (issue: { input?: unknown }) =>
    `expected a whole number from ${bounds.min} to ${bounds.max}, read ${shown(issue.input)}`;
  return z.int({ error }).min(bounds.min, { error }).max(bounds.max, { error }).describe(describe);
}

/** Yes or no. */
export function flag(describe: string) {
  return z
    .boolean({ error: (issue) => `expected true or false, read ${shown(issue.input)}` })
    .describe(describe);
}

/** One of a closed list of words. */
export function oneOf<const T extends readonly [string, ...string[]]>(words: T, describe: string) {
  const error = (issue: { input?: unknown }) =>
    `expected one of ${words.join(', ')}, read ${shown(issue.input)}`;
  return z.enum(words, { error }).describe(describe);
}

/** One value or a list of them, always read as a list. */
export function oneOrMore<T extends z.ZodType>(item: T, describe: string) {
  return z
    .union([
      item,
      z
        .array(item, { error: (issue) => `expected a list, read ${shown(issue.input)}` })
        .min(1, { error: 'expected at least one item' }),
    ])
    .transform((value): z.output<T>[] => (Array.isArray(value) ? value : [value as z.output<T>]))
    .describe(describe);
}

/** A mapping with exactly these keys; `known` travels in the message so that hints can be made. */
export function table<T extends z.core.$ZodLooseShape>(shape: T, describe: string) {
  const known = Object.keys(shape).join(',');
  return z
    .strictObject(shape, {
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? `known:${known}`
          : `expected a mapping, read ${shown(issue.input)}`,
    })
    .describe(describe);
}

/** A mapping from names of the user's choice; `expected` says what names there are, where that is a short list. */
export function named<T extends z.ZodType>(
  value: T,
  describe: string,
  form = NAME_FORM,
  expected?: string,
) {
  const key = z.string().regex(form, {
    error: ({ input }) =>
      expected === undefined
        ? `'${String(input)}' cannot be a name here`
        : `expected ${expected}, read '${String(input)}'`,
  });
  return z.record(key, value, { error: (issue) => recordMessage(issue) }).describe(describe);
}

function recordMessage(issue: { code?: string | undefined; input?: unknown }): string | undefined {
  if (issue.code === 'invalid_key') return undefined;
  return `expected a mapping of names, read ${shown(issue.input)}`;
}

/**
 * Names of hosts, switches, interfaces and the like: a letter, then letters, digits, `-`, `_`, `.`.
 */
const NAME_FORM = /^[A-Za-z][A-Za-z0-9._-]{0,62}$/;
