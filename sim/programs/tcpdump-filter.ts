/**
 * The filter expressions of tcpdump, as far as people type them: protocols, hosts, networks, ports,
 * Ethernet addresses, `and`, `or`, `not`, parentheses.
 *
 * Parsed once into a function over a frame. As in libpcap, `and` and `or` bind equally and from the
 * left, a bare value repeats the qualifiers before it (`port 80 or 443`), `vrrp` means IPv4 only
 * while `proto 112` means both families, and `host` looks into ARP too. Byte arithmetic (`tcp[13] &
 * 2`) is refused as a syntax error, which the real program would accept. Read pcap-filter(7).
 */

import { unreachable } from '../../daemon/base/assert.ts';
import { parseIp, parsePrefix } from '../../daemon/wire/ip-address.ts';
import { parseMac } from '../../daemon/wire/mac-address.ts';
import {
  type FrameTest,
  matchesBroadcast,
  matchesEther,
  matchesEtherType,
  matchesLength,
  matchesMulticast,
  matchesNetwork,
  matchesPort,
  matchesProtocol,
  matchesVlan,
} from './tcpdump-filter-tests.ts';

export type { FrameTest } from './tcpdump-filter-tests.ts';

/** An expression that was not understood, in tcpdump's words, `tcpdump: ` included. */
export interface FilterError {
  readonly error: string;
}

/** What the values of a primitive mean; a bare value takes those of the one before. */
interface Qualifiers {
  readonly protocol?: string;
  readonly direction: 'src' | 'dst' | 'either' | 'both';
  readonly type: 'host' | 'net' | 'port' | 'portrange' | 'proto';
}

const PORT_NAMES: ReadonlyMap<string, number> = new Map([
  ['ftp', 21],
  ['ssh', 22],
  ['telnet', 23],
  ['smtp', 25],
  ['domain', 53],
  ['bootps', 67],
  ['bootpc', 68],
  ['tftp', 69],
  ['http', 80],
  ['pop3', 110],
  ['ntp', 123],
  ['imap2', 143],
  ['snmp', 161],
  ['https', 443],
  ['syslog', 514],
  ['mysql', 3306],
  ['http-alt', 8080],
]);

/** Protocols above IP: number, and which families the bare word means. */
const ABOVE_IP: ReadonlyMap<string, readonly [number, boolean, boolean]> = new Map([
  ['icmp', [1, true, false]],
  ['igmp', [2, true, false]],
  ['tcp', [6, true, true]],
  ['udp', [17, true, true]],
  ['esp', [50, true, true]],
  ['ah', [51, true, true]],
  ['icmp6', [58, false, true]],
  ['pim', [103, true, true]],
  ['vrrp', [112, true, false]],
  ['carp', [112, true, false]],
  ['sctp', [132, true, true]],
]);

const ETHER_TYPES: ReadonlyMap<string, number> = new Map([
  ['ip', 0x0800],
  ['arp', 0x0806],
  ['rarp', 0x8035],
  ['ip6', 0x86dd],
]);

const SYNTAX_ERROR = "can't parse filter expression: syntax error";

/** Stops the parse with tcpdump's message; never leaves this file. */
class Refusal {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

type Parsed = FrameTest | Refusal;

/** The test that `expression` stands for; an empty one accepts every frame. */
export function parseTcpdumpFilter(expression: string): FrameTest | FilterError {
  const tokens = expression.match(/\(|\)|&&|\|\||!(?!=)|[^\s()!&|]+|\S/g) ?? [];
  if (tokens.length === 0) return () => true;
  const parser = new FilterParser(tokens);
  const parsed = parser.parseAll();
  return parsed instanceof Refusal ? { error: `tcpdump: ${parsed.message}` } : parsed;
}

/** A walk over the tokens; see the head of the file for the grammar. */
class FilterParser {
  readonly #tokens: readonly string[];
  #next = 0;
  #qualifiers: Qualifiers | undefined;
  /** Where the EtherType stands: moved on by each `vlan`, for all that is written behind it. */
  #typeAt = 12;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  parseAll(): Parsed {
    const test = this.#parseChain();
    if (test instanceof Refusal) return test;
    return this.#next === this.#tokens.length ? test : new Refusal(SYNTAX_ERROR);
  }

  #parseChain(): Parsed {
    let left = this.#parseUnary();
    while (!(left instanceof Refusal)) {
      const joiner = this.#peek();
      const isAnd = joiner === 'and' || joiner === '&&';
      if (!isAnd && joiner !== 'or' && joiner !== '||') return left;
      this.#next++;
      const right = this.#parseUnary();
      if (right instanceof Refusal) return right;
      left = join(left, right, isAnd);
    }
    return left;
  }

  #parseUnary(): Parsed {
    const token = this.#peek();
    if (token === 'not' || token === '!') {
      this.#next++;
      const inner = this.#parseUnary();
      return inner instanceof Refusal ? inner : (frame) => !inner(frame);
    }
    if (token !== '(') return this.#parsePrimitive();
    this.#next++;
    const inner = this.#parseChain();
    if (inner instanceof Refusal) return inner;
    return this.#take() === ')' ? inner : new Refusal(SYNTAX_ERROR);
  }

  #parsePrimitive(): Parsed {
    const word = this.#peek();
    if (word === undefined) return new Refusal(SYNTAX_ERROR);
    if (word === 'vlan') return this.#parseVlan();
    if (word === 'less' || word === 'greater') return this.#parseLength();
    if (word === 'broadcast' || word === 'multicast') return this.#parseGroup('ether');
    const start = this.#next;
    const protocol = isProtocol(word) ? this.#take() : undefined;
    const group = this.#peek();
    if (protocol !== undefined && (group === 'broadcast' || group === 'multicast')) {
      return this.#parseGroup(protocol);
    }
    const direction = this.#parseDirection();
    const type = this.#parseType();
    if (this.#next === start) return this.#parseBareValue();
    if (direction === undefined && type === undefined) {
      const isAlone = protocol !== undefined && !this.#isValueNext();
      if (isAlone) return this.#protocolTest(protocol);
    }
    const qualifiers: Qualifiers = {
      direction: direction ?? 'either',
      type: type ?? 'host',
      ...(protocol === undefined ? {} : { protocol }),
    };
    this.#qualifiers = qualifiers;
    return this.#parseValue(qualifiers);
  }

  #parseBareValue(): Parsed {
    return this.#qualifiers === undefined || !this.#isValueNext()
      ? new Refusal(SYNTAX_ERROR)
      : this.#parseValue(this.#qualifiers);
  }

  #parseDirection(): Qualifiers['direction'] | undefined {
    const first = this.#peek();
    if (first !== 'src' && first !== 'dst') return undefined;
    this.#next++;
    const joiner = this.#peek();
    const second = this.#tokens[this.#next + 1];
    const isPair = (joiner === 'or' || joiner === 'and') && (second === 'src' || second === 'dst');
    if (!isPair || second === first) return first;
    this.#next += 2;
    return joiner === 'or' ? 'either' : 'both';
  }

  #parseType(): Qualifiers['type'] | undefined {
    const type = this.#peek();
    switch (type) {
      case 'host':
      case 'net':
      case 'port':
      case 'portrange':
      case 'proto':
        this.#next++;
        return type;
      default:
        return undefined;
    }
  }

  #parseValue(qualifiers: Qualifiers): Parsed {
    if (!this.#isValueNext()) return new Refusal(SYNTAX_ERROR);
    const text = (this.#take() as string).replace(/^\\/, '');
    switch (qualifiers.type) {
      case 'port':
      case 'portrange':
        return this.#portTest(text, qualifiers);
      case 'proto':
        return this.#numberedProtocolTest(text, qualifiers);
      case 'host':
      case 'net':
        return qualifiers.protocol === 'ether'
          ? etherTest(text, qualifiers)
          : this.#networkTest(text, qualifiers);
      default:
        return unreachable(qualifiers.type);
    }
  }

  #portTest(text: string, qualifiers: Qualifiers): Parsed {
    const isRange = qualifiers.type === 'portrange' && text.includes('-');
    const bounds = isRange ? text.split('-') : [text, text];
    if (bounds.length !== 2) return new Refusal(`unknown port in range '${text}'`);
    const ports = bounds.map(parsePort);
    const bad = ports.find((port) => port instanceof Refusal);
    if (bad instanceof Refusal) return bad;
    const [low, high] = ports as [number, number];
    const { protocol, direction } = qualifiers;
    const above = protocol === undefined ? undefined : ABOVE_IP.get(protocol);
    if (protocol !== undefined && (above === undefined || ![6, 17, 132].includes(above[0]))) {
      return new Refusal(`illegal qualifier of 'port'`);
    }
    const numbers = above === undefined ? [6, 17, 132] : [above[0]];
    return matchesPort({ typeAt: this.#typeAt, direction, low, high, protocols: numbers });
  }

  #networkTest(text: string, qualifiers: Qualifiers): Parsed {
    const isNet = qualifiers.type === 'net';
    const prefix = isNet ? parseNetwork(text) : parseHost(text);
    if (prefix === undefined) {
      if (/^\d+(\.\d+){3}$/.test(text)) return new Refusal(`invalid IPv4 address '${text}'`);
      return new Refusal(isNet ? `unknown network '${text}'` : `unknown host '${text}'`);
    }
    const { protocol, direction } = qualifiers;
    const isKnown = protocol === undefined || ETHER_TYPES.has(protocol);
    if (!isKnown) return new Refusal(`'${protocol}' modifier applied to host`);
    const onlyType = protocol === undefined ? undefined : ETHER_TYPES.get(protocol);
    return matchesNetwork({ typeAt: this.#typeAt, direction, prefix, onlyType });
  }

  #numberedProtocolTest(text: string, qualifiers: Qualifiers): Parsed {
    const named = ABOVE_IP.get(text)?.[0] ?? (text === 'ip' ? 4 : text === 'ip6' ? 41 : undefined);
    const number = parseNumber(text);
    if (qualifiers.protocol === 'ether') {
      const type = ETHER_TYPES.get(text) ?? number;
      if (type === undefined) return new Refusal(`unknown ether proto '${text}'`);
      return matchesEtherType(this.#typeAt, type);
    }
    const protocol = named ?? number;
    if (protocol === undefined) return new Refusal(`unknown ip proto '${text}'`);
    const inet = qualifiers.protocol !== 'ip6';
    const inet6 = qualifiers.protocol !== 'ip';
    return matchesProtocol({ typeAt: this.#typeAt, protocol, inet, inet6 });
  }

  #protocolTest(word: string): Parsed {
    const type = ETHER_TYPES.get(word);
    if (type !== undefined) return matchesEtherType(this.#typeAt, type);
    const above = ABOVE_IP.get(word);
    if (above === undefined) return new Refusal(SYNTAX_ERROR);
    const [protocol, inet, inet6] = above;
    return matchesProtocol({ typeAt: this.#typeAt, protocol, inet, inet6 });
  }

  #parseGroup(protocol: string): Parsed {
    const isBroadcast = this.#take() === 'broadcast';
    if (protocol !== 'ether' && protocol !== 'ip' && protocol !== 'ip6') {
      return new Refusal(SYNTAX_ERROR);
    }
    if (isBroadcast) {
      return protocol === 'ether' ? matchesBroadcast() : new Refusal('netmask not known');
    }
    return matchesMulticast(this.#typeAt, protocol);
  }

  #parseVlan(): Parsed {
    this.#next++;
    const number = this.#isValueNext() ? parseNumber(this.#peek() as string) : undefined;
    if (number !== undefined) this.#next++;
    const test = matchesVlan(this.#typeAt, number);
    this.#typeAt += 4;
    return test;
  }

  #parseLength(): Parsed {
    const isLess = this.#take() === 'less';
    const number = parseNumber(this.#take() ?? '');
    return number === undefined ? new Refusal(SYNTAX_ERROR) : matchesLength(number, isLess);
  }

  #isValueNext(): boolean {
    const token = this.#peek();
    if (token === undefined) return false;
    return !isReserved(token) && /^[\\\w.:/-]+$/.test(token);
  }

  #peek(): string | undefined {
    return this.#tokens[this.#next];
  }

  #take(): string | undefined {
    return this.#tokens[this.#next++];
  }
}

function join(left: FrameTest, right: FrameTest, isAnd: boolean): FrameTest {
  return isAnd ? (frame) => left(frame) && right(frame) : (frame) => left(frame) || right(frame);
}

/** Words that are values only behind a backslash. */
function isReserved(token: string): boolean {
  if (isProtocol(token)) return true;
  return /^(and|or|not|src|dst|host|net|port|portrange|proto|vlan|less|greater)$/.test(token);
}

function isProtocol(word: string): boolean {
  return word === 'ether' || ETHER_TYPES.has(word) || ABOVE_IP.has(word);
}

function parseNumber(text: string): number | undefined {
  if (/^0x[0-9a-f]+$/i.test(text)) return Number.parseInt(text.slice(2), 16);
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

function parsePort(text: string): number | Refusal {
  const number = parseNumber(text) ?? PORT_NAMES.get(text);
  if (number === undefined) return new Refusal(`unknown port '${text}'`);
  return number > 65_535 ? new Refusal(`illegal port number ${number} > 65535`) : number;
}

function parseHost(text: string): ReturnType<typeof parsePrefix> {
  return parseIp(text) === undefined ? undefined : parsePrefix(text);
}

/** `10.0.0.0/8`, and `10.1` for 10.1.0.0/16 as libpcap reads it. */
function parseNetwork(text: string): ReturnType<typeof parsePrefix> {
  if (!/^\d+(\.\d+){0,2}$/.test(text)) return parsePrefix(text);
  const parts = text.split('.');
  return parsePrefix(`${[...parts, '0', '0', '0'].slice(0, 4).join('.')}/${8 * parts.length}`);
}

function etherTest(text: string, qualifiers: Qualifiers): Parsed {
  const mac = parseMac(text);
  if (mac === undefined) return new Refusal(`unknown ether host '${text}'`);
  return matchesEther(mac, qualifiers.direction);
}
