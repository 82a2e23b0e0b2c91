/**
 * How many ICMP messages a host sends: a bucket for the whole host (`icmp_msgs_per_sec`, `icmp_msgs_burst`), from which both
 * families take, and behind it one per destination (`icmp_ratelimit`). What was taken from the first stays taken when the
 * second says no. Source: net/ipv4/icmp.c (icmp_global_allow, icmpv4_xrlim_allow), net/ipv6/icmp.c of Linux 6.1.
 */

import { randomBelow } from '../../daemon/base/random.ts';
import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import type { RandomStream } from '../engine/random-streams.ts';
import { HZ, JIFFY_US } from './kernel-clock.ts';
import type { KernelState } from './kernel-state.ts';

/**
 * Errors that may be sent at once after a silence. Source: XRLIM_BURST_FACTOR, net/ipv4/inetpeer.c.
 */
const BURST = 6;
/** How often the host's bucket is filled at most, ticks: HZ/50. */
const REFILL_TICKS = HZ / 50;
/** A message takes one on average, but nobody can count along: 0, 1 or 2. */
const TAKEN_MAX = 3;
const UNREACHABLE = 3;
const FRAGMENTATION_NEEDED = 4;
const PACKET_TOO_BIG = 2;
/** ICMPv6 types from here on are no errors; they are never limited (icmpv6_ratemask). */
const FIRST_INFORMATIONAL = 128;

/** The bucket of a whole host. */
export interface IcmpCredit {
  left: number;
  /** When it was last filled, ticks; before the first message long ago. */
  filledAt: number;
  readonly random: RandomStream;
}

/** A bucket that has never been used: the first message finds it full. */
export function makeIcmpCredit(random: RandomStream): IcmpCredit {
  return { left: 0, filledAt: Number.NEGATIVE_INFINITY, random };
}

/** Whether a message of IPv4 may leave for another host now; takes its tokens. */
export function mayTellIpv4(
  kernel: KernelState,
  destination: IpAddress,
  type: number,
  code: number,
): boolean {
  if (type === UNREACHABLE && code === FRAGMENTATION_NEEDED) return true;
  if (((kernel.settings['ipv4.icmp_ratemask'] >>> type) & 1) === 0) return true;
  if (!takeCredit(kernel)) return false;
  return takeToken(kernel, destination, kernel.settings['ipv4.icmp_ratelimit']);
}

/** The same for ICMPv6, where only "packet too big" and what is no error always leave. */
export function mayTellIpv6(kernel: KernelState, destination: IpAddress, type: number): boolean {
  if (type === PACKET_TOO_BIG || type >= FIRST_INFORMATIONAL) return true;
  if (!takeCredit(kernel)) return false;
  return takeToken(kernel, destination, kernel.settings['ipv6.icmp.ratelimit']);
}

function takeCredit(kernel: KernelState): boolean {
  const { icmpCredit: bucket, settings } = kernel;
  const now = Math.floor(kernel.clock.now / JIFFY_US);
  const passed = Math.min(now - bucket.filledAt, HZ);
  if (passed >= REFILL_TICKS) {
    const more = Math.floor((settings['ipv4.icmp_msgs_per_sec'] * passed) / HZ);
    if (more > 0) bucket.filledAt = now;
    bucket.left += more;
  }
  bucket.left = Math.min(bucket.left, settings['ipv4.icmp_msgs_burst']);
  if (bucket.left === 0) return false;
  bucket.left = Math.max(0, bucket.left - randomBelow(bucket.random, TAKEN_MAX));
  return true;
}

/** Takes a token of a destination: six at once, then one per `limitMs`. Source: inet_peer_xrlim_allow. */
function takeToken(kernel: KernelState, destination: IpAddress, limitMs: number): boolean {
  const { now } = kernel.clock;
  const limitUs = limitMs * 1000;
  if (limitUs === 0) return true;
  let bucket = kernel.icmpBuckets.get(destination);
  if (bucket === undefined) {
    bucket = { tokensUs: BURST * limitUs, lastUs: now };
    kernel.icmpBuckets.set(destination, bucket);
  }
  bucket.tokensUs = Math.min(BURST * limitUs, bucket.tokensUs + now - bucket.lastUs);
  bucket.lastUs = now;
  if (bucket.tokensUs < limitUs) return false;
  bucket.tokensUs -= limitUs;
  return true;
}
