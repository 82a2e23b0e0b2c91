/**
 * Counters of services and servers, and the rates that a timer makes of them every two seconds. What
 * `ipvsadm --stats` shows is the state of the last such moment, not of now.
 * Source: net/netfilter/ipvs/ip_vs_est.c; forwarding/cli of the recordings.
 */

/** Period of the estimator in µs. */
export const ESTIMATION_PERIOD_US = 2_000_000;

/** The five counted things, in the order of `ipvsadm --stats`. */
export interface Counters {
  connections: number;
  inPackets: number;
  outPackets: number;
  inBytes: number;
  outBytes: number;
}

/** Counters that run, what the estimator last saw, and the rates in fixed point. */
export interface Statistics extends Counters {
  readonly seen: Counters;
  /** What `ipvsadm -Z` last subtracted. */
  readonly zero: Counters;
  /** Per second; packets and connections times 2^10, octets times 2^5. */
  readonly rates: Counters;
}

/** Counters at 0. */
export function makeStatistics(): Statistics {
  return { ...noCounters(), seen: noCounters(), zero: noCounters(), rates: noCounters() };
}

function noCounters(): Counters {
  return { connections: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 };
}

/** Moves the rates a quarter of the way to what the last two seconds say, and takes the counters over. */
export function estimate(statistics: Statistics): void {
  const { seen, rates } = statistics;
  rates.connections += step(statistics.connections - seen.connections, 512, rates.connections);
  rates.inPackets += step(statistics.inPackets - seen.inPackets, 512, rates.inPackets);
  rates.outPackets += step(statistics.outPackets - seen.outPackets, 512, rates.outPackets);
  rates.inBytes += step(statistics.inBytes - seen.inBytes, 16, rates.inBytes);
  rates.outBytes += step(statistics.outBytes - seen.outBytes, 16, rates.outBytes);
  copyCounters(statistics, seen);
}

/** Half of the scale, because the period is two seconds; the shift rounds down as the kernel's does. */
function step(count: number, halfScale: number, rate: number): number {
  return Math.floor((count * halfScale - rate) / 4);
}

function copyCounters(from: Counters, to: Counters): void {
  to.connections = from.connections;
  to.inPackets = from.inPackets;
  to.outPackets = from.outPackets;
  to.inBytes = from.inBytes;
  to.outBytes = from.outBytes;
}

/** `ipvsadm -Z`: counters start again from what the estimator last saw; rates fall to 0. */
export function zeroStatistics(statistics: Statistics): void {
  copyCounters(statistics.seen, statistics.zero);
  copyCounters(noCounters(), statistics.rates);
}

/** The counters as `--stats` shows them. */
export function shownCounters(statistics: Statistics): Counters {
  const { seen, zero } = statistics;
  return {
    connections: seen.connections - zero.connections,
    inPackets: seen.inPackets - zero.inPackets,
    outPackets: seen.outPackets - zero.outPackets,
    inBytes: seen.inBytes - zero.inBytes,
    outBytes: seen.outBytes - zero.outBytes,
  };
}

/** The rates per second as `--rate` shows them, rounded as the kernel does. */
export function shownRates(statistics: Statistics): Counters {
  const { rates } = statistics;
  return {
    connections: Math.floor((rates.connections + 0x1ff) / 1024),
    inPackets: Math.floor((rates.inPackets + 0x1ff) / 1024),
    outPackets: Math.floor((rates.outPackets + 0x1ff) / 1024),
    inBytes: Math.floor((rates.inBytes + 0xf) / 32),
    outBytes: Math.floor((rates.outBytes + 0xf) / 32),
  };
}
