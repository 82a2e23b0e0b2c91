/**
 * SYN cookies: with no place left among its requests a listener puts all that it must know of a client into the first sequence
 * number (a checked hash, the minute, a rounded MSS) and into the low bits of the timestamp (window scale, SACK), and remembers
 * nothing. The third segment brings both back. A client without timestamps so loses window scale and SACK, and a SYN-ACK that is
 * lost is not sent again. Linux' hash is another one; only its owner can tell.
 * Source: net/ipv4/syncookies.c, tcp_input.c (tcp_conn_request) of Linux 6.1; RFC 4987.
 */

import { type IpAddress, isIpv4 } from '../../../daemon/wire/ip-address.ts';
import { TCP_ACK, TCP_SYN, type TcpSegment } from '../../../daemon/wire/tcp.ts';
import type { TcpOption } from '../../../daemon/wire/tcp-option.ts';
import { type SegmentOrigin, synOptionsOf } from './tcp-arrival.ts';
import { sendSyn } from './tcp-output.ts';
import { makeRequest } from './tcp-request.ts';
import { wrap } from './tcp-sequence.ts';
import type { TcpConnection, TcpListenerState, TcpState } from './tcp-state.ts';
import { addConnection } from './tcp-table.ts';

/** What a cookie can say of the peer's MSS: the largest that is not above it. Source: msstab of both families. */
const SEGMENT_SIZES = { inet: [536, 1300, 1440, 1460], inet6: [1220, 1420, 1440, 8940] } as const;
/** A cookie counts these, and is good for two: COOKIE_PERIOD, MAX_SYNCOOKIE_AGE. */
const PERIOD_US = 60_000_000;
const AGE_MAX = 2;
/** Low bits for hash and MSS; above them is the period's number. */
const DATA_BITS = 24;
const DATA_MASK = 2 ** DATA_BITS - 1;
/** Low bits of the timestamp. Source: TSBITS, TS_OPT_WSCALE_MASK, TS_OPT_SACK. */
const OPTION_VALUES = 64;
const SCALE_MASK = 0xf;
const SACK_BIT = 0x10;
/** Hashes that stand beside each other must not be alike. */
const OF_PEER = 1;
const OF_PERIOD = 2;
const OF_TIMESTAMPS = 3;

/** Answers a SYN and keeps nothing but the moment: cookies are only looked at for a while after one was sent. */
export function answerByCookie(
  tcp: TcpState,
  listener: TcpListenerState,
  origin: SegmentOrigin,
  segment: TcpSegment,
): void {
  listener.lastCookieAt = tcp.kernel.clock.now;
  const sizes = sizesFor(origin.source);
  const offered = synOptionsOf(segment).mss ?? (sizes[0] as number);
  const fitting = sizes.findLastIndex((size) => size <= offered);
  const cookie = makeCookie(tcp, origin, segment, segment.sequence, Math.max(0, fitting));
  const request = makeRequest(tcp, listener, origin, segment, cookie);
  if (request.timestamps) {
    const now = Math.floor(tcp.kernel.clock.now / 1000);
    const options = optionBits(request);
    const below = now - (now % OPTION_VALUES) + options;
    const told = below > now ? below - OPTION_VALUES : below;
    request.timestampOffset = (told - now + timestampOffset(tcp, origin, segment)) >>> 0;
  } else {
    request.sackPermitted = false;
    request.sendScale = 0;
    request.receiveScale = 0;
  }
  sendSyn(request, TCP_SYN | TCP_ACK);
}

/** The request that a third segment's cookie tells of, entered as if it had waited; `undefined` when it is none. */
export function takeCookie(
  tcp: TcpState,
  listener: TcpListenerState,
  origin: SegmentOrigin,
  segment: TcpSegment,
): TcpConnection | undefined {
  const { settings, clock } = tcp.kernel;
  const { lastCookieAt } = listener;
  if (settings['ipv4.tcp_syncookies'] === 0 || (segment.flags & TCP_SYN) !== 0) return undefined;
  if (lastCookieAt === undefined || clock.now - lastCookieAt > AGE_MAX * PERIOD_US)
    return undefined;
  const cookie = wrap(segment.acknowledgement - 1);
  const sequence = wrap(segment.sequence - 1);
  const size = checkCookie(tcp, origin, segment, sequence, cookie);
  if (size === undefined) return undefined;
  const offset = timestampOffset(tcp, origin, segment);
  const options = optionsOf(segment, size, offset);
  const syn = { ...segment, sequence, flags: TCP_SYN, options };
  const request = makeRequest(tcp, listener, origin, syn, cookie);
  request.timestampOffset = offset;
  // As if the SYN-ACK had been sent twice: its round trip is not known (snt_synack is 0).
  const sent = {
    sequence: cookie,
    end: cookie + 1,
    flags: TCP_SYN | TCP_ACK,
    payload: new Uint8Array(0),
    sentAt: clock.now,
    retransmissions: 1,
    sacked: false,
    lost: false,
  };
  request.sent.push(sent);
  request.sendNext = sent.end;
  addConnection(tcp, request);
  listener.requests.add(request);
  return request;
}

/** The SYN's options, as far as a cookie keeps them. */
function optionsOf(segment: TcpSegment, sizeBytes: number, offset: number): TcpOption[] {
  const options: TcpOption[] = [{ kind: 'maximum-segment-size', sizeBytes }];
  const timestamps = segment.options.find((option) => option.kind === 'timestamps');
  if (timestamps === undefined) return options;
  options.push(timestamps);
  const bits = (timestamps.echoReply - offset) & (OPTION_VALUES - 1);
  if ((bits & SACK_BIT) !== 0) options.push({ kind: 'sack-permitted' });
  const shift = bits & SCALE_MASK;
  if (shift !== SCALE_MASK) options.push({ kind: 'window-scale', shift });
  return options;
}

function optionBits(request: TcpConnection): number {
  const scale = request.receiveScale > 0 ? request.sendScale : SCALE_MASK;
  return scale | (request.sackPermitted ? SACK_BIT : 0);
}

function sizesFor(source: IpAddress): readonly number[] {
  return SEGMENT_SIZES[isIpv4(source) ? 'inet' : 'inet6'];
}

/** Source: secure_tcp_syn_cookie. */
function makeCookie(
  tcp: TcpState,
  origin: SegmentOrigin,
  segment: TcpSegment,
  sequence: number,
  data: number,
): number {
  const period = periodOf(tcp);
  const hashed = hashOf(tcp, origin, segment, OF_PERIOD, period) + data;
  const low = hashed & DATA_MASK;
  const base = hashOf(tcp, origin, segment, OF_PEER, 0) + sequence;
  return (base + (period << DATA_BITS) + low) >>> 0;
}

/** The MSS that a cookie tells; `undefined`: no cookie of this host, or too old. Source: check_tcp_syn_cookie. */
function checkCookie(
  tcp: TcpState,
  origin: SegmentOrigin,
  segment: TcpSegment,
  sequence: number,
  cookie: number,
): number | undefined {
  const rest = (cookie - hashOf(tcp, origin, segment, OF_PEER, 0) - sequence) >>> 0;
  const period = periodOf(tcp);
  const age = (period - (rest >>> DATA_BITS)) & 0xff;
  if (age >= AGE_MAX) return undefined;
  const hashed = hashOf(tcp, origin, segment, OF_PERIOD, period - age);
  return sizesFor(origin.source)[(rest - hashed) & DATA_MASK];
}

function periodOf(tcp: TcpState): number {
  return Math.floor(tcp.kernel.clock.now / PERIOD_US);
}

function timestampOffset(tcp: TcpState, origin: SegmentOrigin, segment: TcpSegment): number {
  return hashOf(tcp, origin, segment, OF_TIMESTAMPS, 0);
}

/** 32 bits that nobody guesses who does not know this host's secret. */
function hashOf(
  tcp: TcpState,
  origin: SegmentOrigin,
  segment: TcpSegment,
  purpose: number,
  period: number,
): number {
  tcp.cookieSecret ??= tcp.random().uint32();
  let value = tcp.cookieSecret ^ purpose;
  for (const address of [origin.source, origin.destination]) {
    for (const word of wordsOf(address)) value = mix(value, word);
  }
  value = mix(value, segment.sourcePort * 65_536 + segment.destinationPort);
  return mix(value, period) >>> 0;
}

function wordsOf(address: IpAddress): readonly number[] {
  if (isIpv4(address)) return [address];
  return [96n, 64n, 32n, 0n].map((shift) => Number((address >> shift) & 0xffff_ffffn));
}

/** Rounds of murmur3. */
function mix(value: number, word: number): number {
  let mixed = Math.imul(value ^ word, 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
}
