/**
 * The short way of somebody else's ARP request. A request is flooded to every host of a LAN, and all but one have
 * nothing to do with it: with a thousand hosts that start to talk, such requests are a third of all frames that hosts
 * hear. What `arp-input.ts` found out about the last one (that its target is none of this host's addresses, that nothing
 * here listens to every request) holds until `voidPaths`; only the sender must be unknown, each time.
 */

import { ipv4FromNumber } from '../../daemon/wire/ipv4-address.ts';
import type { FrameFacts } from './frame-facts.ts';
import type { Card } from './input-path.ts';
import type { KernelState, LinkState } from './kernel-state.ts';
import { addressType } from './route-lookup.ts';

/** Counts and ignores a request that is none of this host's; `false`, and nothing done, for any other. */
export function ignoreByPath(card: Card, facts: FrameFacts): boolean {
  const path = card.arpPath;
  const { source } = facts;
  if (
    !path.valid ||
    path.target !== facts.destination ||
    path.knownFirst === source ||
    path.knownSecond === source ||
    (path.knownMore && card.link.arpEntries.has(ipv4FromNumber(source)))
  ) {
    return false;
  }
  card.counters.rxPackets++;
  card.counters.rxBytes += (facts.frame as Uint8Array).length;
  return true;
}

/** Keeps that requests for this target concern nobody here, where that is so. */
export function learnArpPath(kernel: KernelState, link: LinkState, facts: FrameFacts): void {
  if (kernel.sockets.packet.length > 0 || link.children.length > 0) return;
  if (link.ipv4.forwarding !== 0) return;
  if (kernel.ipv4All.arp_accept !== 0 || link.ipv4.arp_accept !== 0) return;
  if (addressType(kernel, ipv4FromNumber(facts.destination)) !== 'unicast') return;
  const path = link.arpPath;
  if (!path.valid) kernel.validPaths.push(path);
  path.valid = true;
  path.target = facts.destination;
  const known = link.arpEntries.keys();
  path.knownFirst = (known.next().value ?? 0) | 0;
  path.knownSecond = (known.next().value ?? 0) | 0;
  path.knownMore = link.arpEntries.size > 2;
}
