/**
 * The filter of the packet list: a subset of Wireshark's display filters, with Wireshark's names.
 *
 *     filter     = or
 *     or         = and { ("or" | "||") and }
 *     and        = not { ("and" | "&&") not }
 *     not        = ("not" | "!") not | "(" or ")" | test
 *     test       = FIELD [ ("==" | "eq" | "!=" | "ne" | "<" | "lt" | ">" | "gt" | "<=" | "le" | ">=" | "ge"
 *                | "contains") VALUE ]
 *     VALUE      = number | 0xHEX | "text" | address | address/length | MAC | word
 *
 * A field alone asks whether the packet has it. As in Wireshark a test with several values (`ip.addr`) holds when any of
 * them satisfies it; `!=` holds when all differ and there is one (Wireshark since 4.0). Text compares with letter case;
 * `contains` looks for a part of text. Nothing of a filter ever becomes a regular expression or code.
 */

import {
  formatIp,
  type IpAddress,
  isIpv4,
  parseIp,
  parsePrefix,
} from '../../daemon/wire/ip-address.ts';
import { ipv6Mask } from '../../daemon/wire/ipv6-address.ts';
import { formatMac, parseMac } from '../../daemon/wire/mac-address.ts';
import { FILTER_FIELDS } from './filter-fields.ts';
import type { FieldValue } from './packet-builder.ts';

/** Why a filter is not one, with its place. */
export interface FilterProblem {
  readonly message: string;
  /** Offset in characters. */
  readonly at: number;
  readonly length: number;
}

/** What a filter looks at. */
export type PacketFields = ReadonlyMap<string, readonly FieldValue[]>;

/** A filter that was read; asks one packet. */
export type PacketFilter = (fields: PacketFields) => boolean;

/** A filter, or what is wrong with it. The empty filter lets everything through. */
export function parsePacketFilter(
  text: string,
): { readonly filter: PacketFilter } | { readonly problem: FilterProblem } {
  const tokens = tokenize(text);
  if (!Array.isArray(tokens)) return { problem: tokens as FilterProblem };
  if (tokens.length === 0) return { filter: () => true };
  const parser = new Parser(tokens as Token[], text.length);
  const filter = parser.parseAll();
  return filter === undefined ? { problem: parser.problem } : { filter };
}

type Comparison = '==' | '!=' | '<' | '>' | '<=' | '>=' | 'contains';

interface Token {
  readonly kind: 'word' | 'text' | 'symbol';
  readonly text: string;
  readonly at: number;
  readonly length: number;
}

const COMPARISONS: ReadonlyMap<string, Comparison> = new Map([
  ['==', '=='],
  ['eq', '=='],
  ['!=', '!='],
  ['ne', '!='],
  ['<', '<'],
  ['lt', '<'],
  ['>', '>'],
  ['gt', '>'],
  ['<=', '<='],
  ['le', '<='],
  ['>=', '>='],
  ['ge', '>='],
  ['contains', 'contains'],
]);

const SYMBOLS = ['==', '!=', '<=', '>=', '&&', '||', '<', '>', '!', '(', ')'] as const;
/** Parentheses and `not` inside each other: no deeper than that. */
const DEPTH_MAX = 50;

function tokenize(text: string): readonly Token[] | FilterProblem {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const letter = text[at] as string;
    if (letter === ' ' || letter === '\t' || letter === '\n') {
      at++;
      continue;
    }
    if (letter === '"') {
      const close = text.indexOf('"', at + 1);
      if (close < 0) return { message: 'the closing " is missing', at, length: text.length - at };
      const length = close + 1 - at;
      tokens.push({ kind: 'text', text: text.slice(at + 1, close), at, length });
      at = close + 1;
      continue;
    }
    const symbol = SYMBOLS.find((one) => text.startsWith(one, at));
    if (symbol !== undefined) {
      tokens.push({ kind: 'symbol', text: symbol, at, length: symbol.length });
      at += symbol.length;
      continue;
    }
    let end = at;
    while (end < text.length && /[\w.:/-]/.test(text[end] as string)) end++;
    if (end === at) return { message: `'${letter}' means nothing here`, at, length: 1 };
    tokens.push({ kind: 'word', text: text.slice(at, end), at, length: end - at });
    at = end;
  }
  return tokens;
}

class Parser {
  problem: FilterProblem = { message: '', at: 0, length: 0 };
  readonly #tokens: readonly Token[];
  readonly #end: number;
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], end: number) {
    this.#tokens = tokens;
    this.#end = end;
  }

  parseAll(): PacketFilter | undefined {
    const filter = this.#or();
    const left = this.#tokens[this.#next];
    if (filter === undefined || left === undefined) return filter;
    return this.#fail(`expected 'and', 'or' or the end, read '${left.text}'`, left);
  }

  #or(): PacketFilter | undefined {
    let left = this.#and();
    while (left !== undefined && this.#take('or', '||')) {
      const right = this.#and();
      if (right === undefined) return undefined;
      const first = left;
      left = (fields) => first(fields) || right(fields);
    }
    return left;
  }

  #and(): PacketFilter | undefined {
    let left = this.#not();
    while (left !== undefined && this.#take('and', '&&')) {
      const right = this.#not();
      if (right === undefined) return undefined;
      const first = left;
      left = (fields) => first(fields) && right(fields);
    }
    return left;
  }

  #not(): PacketFilter | undefined {
    const token = this.#tokens[this.#next];
    if (++this.#depth > DEPTH_MAX) return this.#fail('too many parentheses', token);
    const filter = this.#inner(token);
    this.#depth--;
    return filter;
  }

  #inner(token: Token | undefined): PacketFilter | undefined {
    if (this.#take('not', '!')) {
      const inner = this.#not();
      return inner === undefined ? undefined : (fields) => !inner(fields);
    }
    if (this.#take('(', '(')) {
      const inner = this.#or();
      if (inner === undefined) return undefined;
      if (this.#take(')', ')')) return inner;
      return this.#fail("expected ')'", this.#tokens[this.#next]);
    }
    return this.#test(token);
  }

  #test(token: Token | undefined): PacketFilter | undefined {
    if (token === undefined) return this.#fail('expected a field such as vrrp or ip.addr', token);
    // As in Wireshark names are of small letters, and VRRP turns the field red.
    const field = token.text;
    const type = token.kind === 'word' ? FILTER_FIELDS.get(field) : undefined;
    if (type === undefined) {
      const small = field.toLowerCase();
      const hint = FILTER_FIELDS.has(small) ? `: write ${small}` : '';
      return this.#fail(`'${field}' is no field or protocol that is known here${hint}`, token);
    }
    this.#next++;
    const sign = this.#tokens[this.#next];
    const comparison = sign?.kind === 'text' ? undefined : COMPARISONS.get(sign?.text ?? '');
    if (comparison === undefined) {
      // As in Wireshark a flag alone asks whether it is there, a protocol whether the packet has it.
      return (fields) => fields.has(field);
    }
    this.#next++;
    if (type === 'protocol') {
      return this.#fail(`'${field}' is a protocol and has no value to compare`, sign);
    }
    const value = this.#tokens[this.#next];
    if (value === undefined || value.kind === 'symbol') {
      return this.#fail(`expected a value behind '${sign?.text}'`, value);
    }
    const test = valueTest(type, comparison, value.text);
    if (typeof test === 'string') return this.#fail(test, value);
    this.#next++;
    if (comparison === '!=') {
      return (fields) => fields.get(field)?.every(test) === true;
    }
    return (fields) => fields.get(field)?.some(test) === true;
  }

  #take(word: string, symbol: string): boolean {
    const token = this.#tokens[this.#next];
    const isIt =
      (token?.kind === 'word' && token.text === word) ||
      (token?.kind === 'symbol' && token.text === symbol);
    if (isIt) this.#next++;
    return isIt;
  }

  #fail(message: string, token: Token | undefined): undefined {
    this.problem = { message, at: token?.at ?? this.#end, length: token?.length ?? 1 };
    return undefined;
  }
}

/** The test of one value, or what is wrong with the wanted value. */
function valueTest(
  type: 'number' | 'text' | 'address' | 'mac',
  comparison: Comparison,
  wanted: string,
): ((value: FieldValue) => boolean) | string {
  if (comparison === 'contains') {
    return type === 'text' ? (value) => String(value).includes(wanted) : "'contains' is for text";
  }
  if (type === 'number') {
    const number = readNumber(wanted);
    if (number === undefined) return `expected a number, read '${wanted}'`;
    return (value) => compare(Number(value), number, comparison);
  }
  if (type === 'address') return addressTest(comparison, wanted);
  if (type === 'mac') {
    const mac = parseMac(wanted.replaceAll('-', ':'));
    if (mac === undefined) return `expected a MAC address, read '${wanted}'`;
    const text = formatMac(mac);
    return (value) => compare(String(value), text, comparison);
  }
  return (value) => compare(String(value), wanted, comparison);
}

function addressTest(
  comparison: Comparison,
  wanted: string,
): ((value: FieldValue) => boolean) | string {
  if (!wanted.includes('/')) {
    const address = parseIp(wanted);
    if (address === undefined) return `expected an address, read '${wanted}'`;
    const text = formatIp(address);
    if (comparison === '==') return (value) => value === text;
    if (comparison === '!=') return (value) => value !== text;
    return (value) => {
      const own = parseIp(String(value));
      if (own === undefined || isIpv4(own) !== isIpv4(address)) return false;
      return compare(BigInt(own), BigInt(address), comparison);
    };
  }
  const prefix = parsePrefix(wanted);
  if (prefix === undefined) return `expected a network, read '${wanted}'`;
  if (comparison !== '==' && comparison !== '!=') return 'networks compare with == and != only';
  const { address, length } = prefix;
  const inside = (value: FieldValue): boolean => {
    const own = parseIp(String(value));
    return own !== undefined && isInside(own, address, length);
  };
  return comparison === '==' ? inside : (value) => !inside(value);
}

function isInside(address: IpAddress, network: IpAddress, length: number): boolean {
  if (isIpv4(address) !== isIpv4(network)) return false;
  const mask = isIpv4(network)
    ? (0xffff_ffffn << BigInt(32 - length)) & 0xffff_ffffn
    : ipv6Mask(length);
  return (BigInt(address) & mask) === (BigInt(network) & mask);
}

function readNumber(text: string): number | undefined {
  const lower = text.toLowerCase();
  if (lower === 'true') return 1;
  if (lower === 'false') return 0;
  if (/^0x[0-9a-f]{1,12}$/.test(lower)) return Number(lower);
  return /^-?\d{1,15}(\.\d{1,9})?$/.test(lower) ? Number(lower) : undefined;
}

function compare<T extends number | string | bigint>(a: T, b: T, comparison: Comparison): boolean {
  switch (comparison) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '>':
      return a > b;
    case '<=':
      return a <= b;
    case '>=':
      return a >= b;
    default:
      return false;
  }
}
