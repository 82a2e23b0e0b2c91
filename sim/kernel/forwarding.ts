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
  readIpv4Source,
  readIpv4TotalLength,
  readIpv4Ttl,
} from '../../daemon/wire/ipv4.ts';
import type { Ipv4Address } from '../../daemon/wire/ipv4-address.ts';
import { newFrame } from '../lan/frame-memory.ts';
import { areInOneSubnet } from './address-selection.ts';
import { sendIcmpError } from './icmp-errors.ts';
import { passInPieces, passToLink } from './ipv4-output.ts';
import { drop, type KernelState, type LinkState, type PacketType } from './kernel-state.ts';
import { isPacketDropped } from './packet-question.ts';
import type { RouteDecision } from './route-state.ts';

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
  for (const hook of kernel.forwardHooks) {
    if (hook(frame, 'inet')) return;
  }
  if (isTooBig) passInPieces(kernel, frame, way, way.link.mtu);
  else passToLink(kernel, frame, way);
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
