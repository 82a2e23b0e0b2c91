/** A director's frame as it is compared: without what each kernel draws for itself. */

import { formatIp } from '../../../daemon/wire/ip-address.ts';
import { findIpv6Payload } from '../../../daemon/wire/ipv6.ts';
import { makePacketFacts, readPacketFacts } from '../../../sim/kernel/ipvs/packet-facts.ts';

const IP_AT = 14;
const [ICMP, IPIP, UDP, SIT, GRE, FRAGMENT, ICMPV6] = [1, 4, 17, 41, 47, 44, 58];
/** GUE's port in these recordings. */
const GUE_PORT = 5555;
const MLD_TYPES = [130, 131, 132, 143];
const RS_TYPE = 133;
const NS_TYPE = 135;
const OWN_HOPS = 64;
/** Where tunnels begin. */
const OWN_SOURCES = new Set(['10.0.0.254', '10.1.0.254']);
const REDIRECT_TYPE = 137;

/**
 * The frame in hex; `undefined` for MLD and searches for routers, which are not looked at, and for redirects of IPv6, which the twin
 * does not send (docs/differences.md).
 */
export function comparable(frame: Uint8Array): string | undefined {
  const bytes = Uint8Array.from(frame);
  const type = typeOf(bytes);
  if (type === 0x0800) clearIpv4(bytes);
  else if (type === 0x86dd) {
    const payload = findIpv6Payload(bytes, IP_AT);
    if (typeof payload !== 'string' && payload.protocol === ICMPV6 && !payload.fragment) {
      const message = bytes[payload.at] ?? 0;
      if (MLD_TYPES.includes(message) || message === RS_TYPE || message === REDIRECT_TYPE)
        return undefined;
    }
    clearIpv6(bytes);
    clearQuotedPiece(bytes);
  }
  return Buffer.from(bytes).toString('hex');
}

/** Identification (with its checksum) of errors, tunnels and what the director cut. */
function clearIpv4(bytes: Uint8Array): void {
  const protocol = bytes[IP_AT + 9] ?? 0;
  const isOwn = [ICMP, IPIP, SIT, GRE].includes(protocol) || OWN_SOURCES.has(sourceOf(bytes));
  if (isOwn) bytes.fill(0, IP_AT + 4, IP_AT + 6).fill(0, IP_AT + 10, IP_AT + 12);
  if (isGue(bytes, IP_AT + 20, protocol)) bytes.fill(0, IP_AT + 20, IP_AT + 22);
}

/** An error about a piece that the director made quotes the number that it drew, and its checksum is of that. */
function clearQuotedPiece(bytes: Uint8Array): void {
  const [icmpAt, quotedAt] = [IP_AT + 40, IP_AT + 48];
  if (bytes[IP_AT + 6] !== ICMPV6 || (bytes[icmpAt] ?? 0) >= 128) return;
  if (bytes[quotedAt + 6] !== FRAGMENT || bytes[quotedAt + 7] !== OWN_HOPS - 1) return;
  bytes.fill(0, quotedAt + 44, quotedAt + 48).fill(0, icmpAt + 2, icmpAt + 4);
}

/** Flow labels of errors, tunnels and what has passed no hop (resets), numbers of pieces. */
function clearIpv6(bytes: Uint8Array): void {
  const next = bytes[IP_AT + 6] ?? 0;
  const hasOwnLabel = [ICMPV6, IPIP, SIT, GRE].includes(next) || bytes[IP_AT + 7] === OWN_HOPS;
  if (hasOwnLabel) bytes.fill(0, IP_AT + 1, IP_AT + 4);
  if (next === FRAGMENT) bytes.fill(0, IP_AT + 44, IP_AT + 48);
  const isFirst =
    next === FRAGMENT && (((bytes[IP_AT + 42] ?? 0) << 8) | (bytes[IP_AT + 43] ?? 0)) < 8;
  const [at, protocol] = isFirst ? [IP_AT + 48, bytes[IP_AT + 40] ?? 0] : [IP_AT + 40, next];
  if (isGue(bytes, at, protocol)) bytes.fill(0, at, at + 2);
}

const sourceOf = (bytes: Uint8Array) => bytes.subarray(IP_AT + 12, IP_AT + 16).join('.');

function isGue(bytes: Uint8Array, at: number, protocol: number): boolean {
  return protocol === UDP && (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) === GUE_PORT;
}

const typeOf = (frame: Uint8Array) => ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);

/** A frame in words, with its hex. */
export function wordsOf(frame: Uint8Array): string {
  const type = typeOf(frame);
  const hex = Buffer.from(frame.subarray(14, 100)).toString('hex');
  if (type !== 0x0800 && type !== 0x86dd) return `type ${type.toString(16)} ${hex}`;
  const facts = makePacketFacts();
  const family = type === 0x0800 ? 'inet' : 'inet6';
  const at = readPacketFacts(frame, IP_AT, family, facts);
  const hops = frame[IP_AT + (family === 'inet' ? 8 : 7)];
  const ends = `${formatIp(facts.source)} > ${formatIp(facts.destination)}`;
  if (at < 0) return `piece or cut, ${ends} ${frame.length} octets ${hex}`;
  const { protocol, sourcePort, destinationPort, tcpFlags } = facts;
  const isIcmp = protocol === ICMP || protocol === ICMPV6;
  const what = isIcmp
    ? `ICMP ${frame[at]}/${frame[at + 1]}`
    : `protocol ${protocol} ${sourcePort} > ${destinationPort} flags ${tcpFlags}`;
  return `${ends} hops ${hops} ${what}, ${frame.length} octets ${hex}`;
}

/** ARP, a search for a neighbour, or an error that one may have led to ("host unreachable", "address unreachable"). */
export function isByTimer(frame: Uint8Array): boolean {
  const type = typeOf(frame);
  if (type === 0x0806) return true;
  const [protocolAt, icmpAt] = type === 0x0800 ? [IP_AT + 9, IP_AT + 20] : [IP_AT + 6, IP_AT + 40];
  const protocol = frame[protocolAt] ?? 0;
  const [kind, code] = [frame[icmpAt] ?? 0, frame[icmpAt + 1]];
  if (protocol === ICMP) return kind === 3 && code === 1;
  return protocol === ICMPV6 && (kind === NS_TYPE || (kind === 1 && code === 3));
}
