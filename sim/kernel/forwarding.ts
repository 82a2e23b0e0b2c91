/**
 * Forwarding of IPv4 packets between links: TTL, redirects, MTU. Source: net/ipv4/ip_forward.c,
 * route.c.
 */

import { ETHERNET_HEADER_LENGTH } from '../../daemon/wire/ethernet.ts';
import {
  EXCEEDED_TTL,
  REDIRECT_HOST,
  UNREACHABLE_FRAGMENTATION_NEEDED,
} from '../../daemon/wire/icmp.ts';
import {
  decrementTtl,
  hasDontFragment,
  isIpv4Fragment,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  readIpv4Protocol,
  readIpv4Source,
  readIpv4TotalLength,
  readIpv4Ttl,
} from '../../daemon/wire/ipv4.ts';
import type { Ipv4Address } from '../../daemon/wire/ipv4-address.ts';
import { newFrame } from '../lan/frame-memory.ts';
import { areInOneSubnet } from './address-selection.ts';
import { whileGathered } from './gathered-packet.ts';
import { sendIcmpError } from './icmp-errors.ts';
import { collectFragment } from './ipv4-fragments.ts';
import { passIpv4 } from './ipv4-output.ts';
import { drop, type KernelState, type LinkState, type PacketType } from './kernel-state.ts';
import { isPacketDropped } from './packet-question.ts';
import type { RouteDecision } from './route-state.ts';

/** What IPVS looks into; the last is SCTP. */
const GATHERED_PROTOCOLS: ReadonlySet<number> = new Set([
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  132,
]);
/** Redirects to one source: at most nine, each after twice the pause; forgotten after a silence. */
const REDIRECTS_MAX = 9;
const REDIRECT_PAUSE_US = 20_000;
const REDIRECT_SILENCE_US = REDIRECT_PAUSE_US * 2 ** (REDIRECTS_MAX + 1);

/** Sends the packet at `at` on its way. The frame is shared, so one copy is made. */
export function forwardIpv4(
  kernel: KernelState,
  link: LinkState,
  bytes: Uint8Array,
  at: number,
  way: RouteDecision,
  type: PacketType,
): void {
  if (type !== 'host') {
    drop(kernel, 'ipv4:other-host');
    return;
  }
  if (readIpv4Ttl(bytes, at) <= 1) {
    drop(kernel, 'ipv4:ttl-exceeded');
    sendIcmpError(kernel, bytes, at, { kind: 'time-exceeded', code: EXCEEDED_TTL });
    return;
  }
  const totalLength = readIpv4TotalLength(bytes, at);
  const isTooBig = totalLength > way.link.mtu;
  if (isTooBig && hasDontFragment(bytes, at)) {
    refuseTooBig(kernel, bytes, at, way.link.mtu);
    return;
  }
  if (
    kernel.firewall.counts.forward > 0 &&
    isPacketDropped(kernel, 'forward', {
      bytes,
      at,
      family: 'inet',
      link: way.link,
      inputLink: link,
    })
  ) {
    drop(kernel, 'ipv4:firewall');
    return;
  }
  if (way.link === link) redirect(kernel, link, bytes, at, way);
  const frame = newFrame(ETHERNET_HEADER_LENGTH + totalLength);
  frame.set(bytes.subarray(at, at + totalLength), ETHERNET_HEADER_LENGTH);
  decrementTtl(frame, ETHERNET_HEADER_LENGTH);
  if (!mustGather(kernel, frame)) {
    passOn(kernel, frame, way);
    return;
  }
  const gathered = collectFragment(kernel, frame, ETHERNET_HEADER_LENGTH, 'forwarded');
  if (gathered === undefined) return;
  whileGathered(kernel, gathered, (whole) => passOn(kernel, whole, way));
}

/** A director puts together what it may have to translate. Source: net/netfilter/ipvs/ip_vs_core.c, ip_vs_gather_frags. */
function mustGather(kernel: KernelState, frame: Uint8Array): boolean {
  return (
    (kernel.ipvs?.servicesOfIpv4 ?? 0) > 0 &&
    isIpv4Fragment(frame, ETHERNET_HEADER_LENGTH) &&
    GATHERED_PROTOCOLS.has(readIpv4Protocol(frame, ETHERNET_HEADER_LENGTH))
  );
}

function passOn(kernel: KernelState, frame: Uint8Array, way: RouteDecision): void {
  for (const hook of kernel.forwardHooks) {
    if (hook(frame, 'inet')) return;
  }
  passIpv4(kernel, frame, way, way.link.mtu);
}

function refuseTooBig(kernel: KernelState, bytes: Uint8Array, at: number, mtu: number): void {
  drop(kernel, 'ipv4:too-big');
  sendIcmpError(kernel, bytes, at, {
    kind: 'destination-unreachable',
    code: UNREACHABLE_FRAGMENTATION_NEEDED,
    nextHopMtu: mtu,
  });
}

/** Tells a sender of the same link about the better first hop. */
function redirect(
  kernel: KernelState,
  link: LinkState,
  bytes: Uint8Array,
  at: number,
  way: RouteDecision,
): void {
  if (kernel.ipv4All.send_redirects === 0 && link.ipv4.send_redirects === 0) return;
  const source = readIpv4Source(bytes, at);
  const gateway = way.nextHop as Ipv4Address;
  const shared = kernel.ipv4All.shared_media !== 0 || link.ipv4.shared_media !== 0;
  if (!shared && !areInOneSubnet(link, source, gateway)) return;
  const { now } = kernel.clock;
  let sent = kernel.redirects.get(source);
  if (sent === undefined || now > sent.lastUs + REDIRECT_SILENCE_US)
    sent = { count: 0, lastUs: now };
  kernel.redirects.set(source, sent);
  if (sent.count >= REDIRECTS_MAX) {
    sent.lastUs = now;
    return;
  }
  if (sent.count > 0 && now <= sent.lastUs + REDIRECT_PAUSE_US * 2 ** sent.count) return;
  sent.count++;
  sent.lastUs = now;
  sendIcmpError(kernel, bytes, at, { kind: 'redirect', code: REDIRECT_HOST, gateway });
}
