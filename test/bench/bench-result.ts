/** What one run of a workload measured, and how it is measured. */

/** Counts that a workload hands back. */
export interface BenchCounts {
  readonly events: number;
  /** Frames completely sent over one cable. */
  readonly linkFrames: number;
  /** Frames that a host's NIC handed up. */
  readonly hostFrames: number;
  /** Datagrams that reached an application. */
  readonly messages: number;
}

/** One line of the bench, ours or a peer's. */
export interface BenchResult extends BenchCounts {
  readonly workload: string;
  readonly simulatedSeconds: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakRssMiB: number;
  /** What the heap gained after the first virtual day, after collections; of long runs alone. */
  readonly heapGrowthMiB?: number;
}

/** What the last `measure` of this process has allocated; only a measure where nothing is freed in between. */
const allocated = { bytes: 0 };

/** Runs a workload and adds what its `measure` has seen allocated, the building of its LAN left out. */
export function countingAllocations<T>(run: () => T): T & { readonly allocatedBytes: number } {
  const result = run();
  return { ...result, allocatedBytes: allocated.bytes };
}

function bytesInUse(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Runs once and measures wall and CPU time of the simulation alone, not of building the LAN. */
export function measure(options: {
  readonly workload: string;
  readonly simulatedSeconds: number;
  readonly run: () => BenchCounts;
}): BenchResult {
  const before = bytesInUse();
  const cpuBefore = process.cpuUsage();
  const wallBefore = process.hrtime.bigint();
  const counts = options.run();
  const wallSeconds = Number(process.hrtime.bigint() - wallBefore) / 1e9;
  const cpu = process.cpuUsage(cpuBefore);
  allocated.bytes = bytesInUse() - before;
  return {
    workload: options.workload,
    simulatedSeconds: options.simulatedSeconds,
    ...counts,
    wallSeconds,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    peakRssMiB: process.resourceUsage().maxRSS / 1024,
  };
}
