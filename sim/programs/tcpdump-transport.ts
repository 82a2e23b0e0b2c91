/**
 * How tcpdump 4.99 prints UDP and TCP (`print-udp.c`, `print-tcp.c`), HTTP's first line included.
 */

import { internetChecksum, pseudoHeaderSum } from '../../daemon/wire/checksum.ts';
import { PROTOCOL_TCP, PROTOCOL_UDP } from '../../daemon/wire/ipv4.ts';
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN, TCP_URG } from '../../daemon/wire/tcp.ts';
import { decodeLatin1 } from '../../daemon/wire/text.ts';
import {
  has,
  hex,
  longWord,
  type NetworkLayer,
  octet,
  type PrintContext,
  shouldBeChecksum,
  truncated,
  word,
} from './tcpdump-context.ts';
import { printTcpOptions } from './tcpdump-tcp-options.ts';

const HTTP_PORTS: ReadonlySet<number> = new Set([80, 8080, 3128]);
/** Order and letters of `tcp_flag_values`. */
const FLAG_LETTERS = 'FSRP.UEW';
const RST_TEXT_LENGTH_MAX = 30;
const HTTP_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'PUT',
  'COPY',
  'HEAD',
  'LOCK',
  'MOVE',
  'POLL',
  'POST',
  'BCOPY',
  'BMOVE',
  'MKCOL',
  'TRACE',
  'LABEL',
  'MERGE',
  'DELETE',
  'SEARCH',
  'UNLOCK',
  'REPORT',
  'UPDATE',
  'NOTIFY',
  'BDELETE',
  'CONNECT',
  'OPTIONS',
  'CHECKIN',
  'PROPFIND',
  'CHECKOUT',
  'CCM_POST',
  'SUBSCRIBE',
  'PROPPATCH',
  'BPROPFIND',
  'BPROPPATCH',
  'UNCHECKOUT',
  'MKACTIVITY',
  'MKWORKSPACE',
  'UNSUBSCRIBE',
  'RPC_CONNECT',
  'VERSION-CONTROL',
  'BASELINE-CONTROL',
]);

/** Everything behind `IP ` (and behind the addresses in tunnels) for a datagram. */
export function printUdp(
  context: PrintContext,
  at: number,
  length: number,
  network: NetworkLayer,
): string {
  if (!has(context, at, 4))
    return `${network.source} > ${network.destination}: ${truncated('udp')}`;
  const head = printEnds(context, at, network);
  if (!has(context, at, 8)) return `${head}${truncated('udp')}`;
  const claimed = word(context, at + 4);
  if (claimed < 8) return `${head}truncated-udplength ${claimed}`;
  const covered = Math.min(length, claimed);
  const checksum = printUdpChecksum(context, at, covered, network);
  if (claimed > length) return `${head}${checksum}UDP, bad length ${claimed - 8} > ${length - 8}`;
  return `${head}${checksum}UDP, length ${covered - 8}`;
}

/** Everything behind `IP ` for a segment. */
export function printTcp(
  context: PrintContext,
  at: number,
  length: number,
  network: NetworkLayer,
): string {
  if (!has(context, at, 4))
    return `${network.source} > ${network.destination}: ${truncated('tcp')}`;
  const head = printEnds(context, at, network);
  if (!has(context, at, 20)) return `${head}${truncated('tcp')}`;
  const headerLength = (octet(context, at + 12) >>> 4) * 4;
  if (headerLength < 20) {
    const bad = `[bad hdr length ${headerLength} - too short, < 20]`;
    return `${head} tcp ${length - headerLength} ${bad}`;
  }
  const numbers = relativeNumbers(context, at, network);
  const flags = octet(context, at + 13);
  if (headerLength > length) {
    const letters = printFlags(flags);
    return `${head}Flags [${letters}] [bad hdr length ${headerLength} - too long, > ${length}]`;
  }
  const payload = length - headerLength;
  let text = `${head}Flags [${printFlags(flags)}]`;
  text += printTcpChecksum(context, at, length, network);
  const showSequence =
    context.options.verbose > 1 || payload > 0 || (flags & (TCP_SYN | TCP_FIN | TCP_RST)) !== 0;
  if (showSequence) text += `, seq ${numbers.sequence}`;
  if (payload > 0) text += `:${(numbers.sequence + payload) >>> 0}`;
  if ((flags & TCP_ACK) !== 0) text += `, ack ${numbers.ack}`;
  text += `, win ${word(context, at + 14)}`;
  if ((flags & TCP_URG) !== 0) text += `, urg ${word(context, at + 18)}`;
  const options = printTcpOptions(context, at + 20, at + headerLength, numbers.sackBase);
  text += options.text;
  if (options.stop) return text;
  text += `, length ${payload}`;
  return payload > 0 ? text + printPayload(context, at, headerLength, length) : text;
}

/** `10.0.0.1.5000 > 10.0.0.2.80: `, or only the ports where the addresses stand already. */
function printEnds(context: PrintContext, at: number, network: NetworkLayer): string {
  const [from, to] = [word(context, at), word(context, at + 2)];
  if (!network.direct) return `${from} > ${to}: `;
  return `${network.source}.${from} > ${network.destination}.${to}: `;
}

function printUdpChecksum(
  context: PrintContext,
  at: number,
  length: number,
  network: NetworkLayer,
): string {
  const least = network.version === 4 ? 2 : 1;
  if (context.options.verbose < least || network.fragmented) return '';
  const found = word(context, at + 6);
  if (found === 0 && network.version === 4) return '[no cksum] ';
  if (!has(context, at, length)) return '';
  const { addresses } = network;
  const pseudo = pseudoHeaderSum({ addresses, protocol: PROTOCOL_UDP, length });
  const result = internetChecksum(context.bytes, at, length, pseudo);
  if (result === 0) return '[udp sum ok] ';
  const right = shouldBeChecksum(found, result);
  return `[bad udp cksum 0x${hex(found, 4)} -> 0x${hex(right, 4)}!] `;
}

function printTcpChecksum(
  context: PrintContext,
  at: number,
  length: number,
  network: NetworkLayer,
): string {
  if (context.options.verbose === 0 || network.fragmented || !has(context, at, length)) return '';
  const { addresses } = network;
  const pseudo = pseudoHeaderSum({ addresses, protocol: PROTOCOL_TCP, length });
  const result = internetChecksum(context.bytes, at, length, pseudo);
  const found = word(context, at + 16);
  if (result === 0) return `, cksum 0x${hex(found, 4)} (correct)`;
  return `, cksum 0x${hex(found, 4)} (incorrect -> 0x${hex(shouldBeChecksum(found, result), 4)})`;
}

function printFlags(flags: number): string {
  let letters = '';
  for (let bit = 0; bit < 8; bit++) {
    if ((flags & (1 << bit)) !== 0) letters += FLAG_LETTERS[bit];
  }
  return letters === '' ? 'none' : letters;
}

/**
 * Sequence numbers counted from the first ones of the connection, once both ends were seen.
 *
 * As tcpdump does: the entry is made by the first segment with ACK (or any SYN with ACK), and that
 * one segment is printed with absolute numbers.
 */
function relativeNumbers(
  context: PrintContext,
  at: number,
  network: NetworkLayer,
): { readonly sequence: number; readonly ack: number; readonly sackBase: number } {
  const sequence = longWord(context, at + 4);
  const ack = longWord(context, at + 8);
  const flags = octet(context, at + 13);
  const { conversations } = context.options;
  if (conversations === undefined || (flags & TCP_ACK) === 0) return { sequence, ack, sackBase: 0 };
  const [from, to] = [word(context, at), word(context, at + 2)];
  const reversed = from > to || (from === to && network.source > network.destination);
  const ends = [`${network.source}.${from}`, `${network.destination}.${to}`];
  const key = (reversed ? ends.reverse() : ends).join('>');
  const known = conversations.get(key);
  if (known === undefined || (flags & TCP_SYN) !== 0) {
    const before = (ack - 1) >>> 0;
    const entry = reversed ? { sequence: before, ack: sequence } : { sequence, ack: before };
    conversations.set(key, entry);
    return { sequence, ack, sackBase: reversed ? entry.sequence : entry.ack };
  }
  const [ours, theirs] = reversed ? [known.ack, known.sequence] : [known.sequence, known.ack];
  return { sequence: (sequence - ours) >>> 0, ack: (ack - theirs) >>> 0, sackBase: theirs };
}

function printPayload(
  context: PrintContext,
  at: number,
  headerLength: number,
  length: number,
): string {
  const from = at + headerLength;
  const end = Math.min(at + length, context.end);
  if ((octet(context, at + 13) & TCP_RST) !== 0) {
    if (context.options.verbose === 0) return '';
    const shown = context.bytes.subarray(from, Math.min(end, from + RST_TEXT_LENGTH_MAX));
    const mark = length - headerLength > RST_TEXT_LENGTH_MAX ? '+' : '';
    return ` [RST${mark} ${decodeLatin1(shown.filter((v) => v >= 0x20 && v < 0x7f))}]`;
  }
  const isHttp = HTTP_PORTS.has(word(context, at)) || HTTP_PORTS.has(word(context, at + 2));
  return isHttp ? `: ${printHttp(context, decodeLatin1(context.bytes, from, end))}` : '';
}

/**
 * The first line of a request or response; with `-v` all lines up to the first that is not text.
 */
function printHttp(context: PrintContext, payload: string): string {
  const [first = '', second = ''] = payload.slice(0, 128).split(/[ \t\r\n]+/);
  const isMessage = HTTP_METHODS.has(first.toUpperCase()) || /^\d{3}$/.test(second);
  if (!isMessage) return 'HTTP';
  if (context.options.verbose === 0) {
    const line = textLine(payload, 0);
    return line === undefined ? 'HTTP' : `HTTP: ${line.text}`;
  }
  let text = `HTTP, length: ${payload.length}`;
  let next = 0;
  while (next < payload.length) {
    const line = textLine(payload, next);
    if (line === undefined) break;
    text += `\n\t${line.text}`;
    if (line.next === next) break;
    next = line.next;
  }
  return text;
}

/**
 * One line of printable ASCII from `at`, without its end; `undefined` when it holds anything else.
 */
function textLine(
  payload: string,
  at: number,
): { readonly text: string; readonly next: number } | undefined {
  for (let i = at; i < payload.length; i++) {
    const code = payload.charCodeAt(i);
    if (code === 0x0a) return { text: payload.slice(at, i), next: i + 1 };
    if (code === 0x0d) {
      const isEnd = i + 1 >= payload.length || payload.charCodeAt(i + 1) === 0x0a;
      return isEnd ? { text: payload.slice(at, i), next: i + 2 } : undefined;
    }
    if ((code < 0x20 || code > 0x7e) && code !== 0x09) return undefined;
  }
  return { text: payload.slice(at), next: payload.length };
}
