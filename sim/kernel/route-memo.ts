/**
 * The last routing decisions, kept where the next packet of the same kind finds them: on a link one for packets to a
 * group and one for packets to a host. The caches by address (`route-lookup.ts`) are hash tables in hash tables; on a
 * LAN with a thousand hosts none of that is in the processor's cache, and it was a tenth of a run. A
 * decision is kept only where the source cannot change it, so a server with a thousand clients needs one, not a
 * thousand. Any change of addresses, routes, rules, links or sysctls makes all of them void (`generation`).
 */

import { type Ipv4Address, isMulticastIpv4 } from '../../daemon/wire/ipv4-address.ts';
import type { KernelState, LinkState } from './kernel-state.ts';
import type { ArpPath, InputDecision, InputMemo, InputPath } from './route-state.ts';

const LOOPBACK_OCTET = 127;
/** Class D and above: no source of a packet. */
const FIRST_GROUP_OCTET = 224;

/** A memo without a decision. */
export function makeInputMemo(): InputMemo {
  return { destination: 0, generation: -1, decision: undefined };
}

/** A way into the host that nothing takes yet; see `input-path.ts`. */
export function makeInputPath(): InputPath {
  return {
    valid: false,
    macHigh: 0,
    macLow: 0,
    destination: 0,
    protocol: 0,
    ownFirst: 0,
    ownSecond: 0,
    ownMore: false,
    toGroup: false,
    sockets: [],
    endsAtSockets: false,
    port: 0,
    receiver: undefined,
  };
}

/** What is known of others' ARP requests: nothing yet; see `arp-path.ts`. */
export function makeArpPath(): ArpPath {
  return { valid: false, target: 0, knownFirst: 0, knownSecond: 0, knownMore: false };
}

/** The decision for a packet that came in, if the last one of its kind was for the same address. */
export function recallInput(
  kernel: KernelState,
  link: LinkState,
  destination: Ipv4Address,
  source: Ipv4Address,
): InputDecision | undefined {
  const memo = memoFor(link, destination);
  return memo.destination === destination &&
    memo.generation === kernel.inet.generation &&
    isForeignHost(kernel, source)
    ? memo.decision
    : undefined;
}

/** Keeps a decision for packets of this host or its groups, where any other host may be the source. */
export function rememberInput(
  kernel: KernelState,
  link: LinkState,
  packet: { readonly destination: Ipv4Address; readonly source: Ipv4Address },
  decision: InputDecision,
): void {
  const { kind } = decision;
  if (kind !== 'local' && kind !== 'multicast' && kind !== 'broadcast') return;
  // With rp_filter or rules by source, the source decides as well.
  if (kernel.inet.hasSelectiveRules) return;
  if (kernel.ipv4All.rp_filter !== 0 || link.ipv4.rp_filter !== 0) return;
  if (!isForeignHost(kernel, packet.source)) return;
  const memo = memoFor(link, packet.destination);
  memo.destination = packet.destination;
  memo.generation = kernel.inet.generation;
  memo.decision = decision;
}

function memoFor(link: LinkState, destination: Ipv4Address): InputMemo {
  return isMulticastIpv4(destination) ? link.groupInput : link.hostInput;
}

/** A source that no check of martians can stumble over. */
function isForeignHost(kernel: KernelState, source: Ipv4Address): boolean {
  const top = source >>> 24;
  if (top === 0 || top === LOOPBACK_OCTET || top >= FIRST_GROUP_OCTET) return false;
  return !kernel.localAddresses.has(source);
}
