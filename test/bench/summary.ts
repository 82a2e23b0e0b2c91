/** What a bench comes to: for each workload what was to be reached, what was, and whether that is enough. */

import { aligned, type ComparedCase, ratioOf } from './table.ts';

const HEAD = [
  'workload',
  'to reach',
  'wall',
  'by cpu',
  'per frame',
  'ns-3 optimised',
  'verdict',
] as const;

/**
 * One line per workload: how many times faster than ns-3 by wall time, by processor time (steadier where others use
 * the machine), per link frame (ns-3 sends more ARP), and than an optimised build of ns-3, as far as that is known.
 */
export function formatSummary(cases: readonly ComparedCase[], nodeRssMiB: number): string {
  return aligned([HEAD, ...cases.flatMap((one) => linesOf(one, nodeRssMiB))], 2);
}

function linesOf(one: ComparedCase, nodeRssMiB: number): string[][] {
  const lines = [speedLine(one)];
  if (one.memoryTarget === true && one.ns3 !== undefined) {
    const most = 2 * one.ns3.peakRssMiB + nodeRssMiB;
    const reached = one.ours.peakRssMiB;
    lines.push(
      alone(
        `${one.id} memory`,
        `${most.toFixed(0)} MiB`,
        `${reached.toFixed(0)} MiB`,
        reached <= most,
      ),
    );
  }
  return lines;
}

function speedLine(one: ComparedCase): string[] {
  const { ours, ns3, target, targetRealTime, growthMaxMiB } = one;
  if (growthMaxMiB !== undefined && ours.heapGrowthMiB !== undefined) {
    const grown = `+${ours.heapGrowthMiB.toFixed(2)} MiB`;
    return alone(one.id, `+${growthMaxMiB} MiB`, grown, ours.heapGrowthMiB <= growthMaxMiB);
  }
  if (targetRealTime !== undefined) {
    const reached = ours.simulatedSeconds / ours.wallSeconds;
    return alone(
      one.id,
      `${targetRealTime}x real`,
      `${reached.toFixed(0)}x`,
      reached >= targetRealTime,
    );
  }
  if (one.flat !== undefined) {
    const { most, reached } = one.flat;
    return alone(one.id, `${most}x of 2`, times(reached), reached <= most);
  }
  const ratio = ratioOf(one);
  if (ratio === undefined || ns3 === undefined) return [one.id, '-', '', '', '', '', ''];
  const byCpu = ns3.cpuSeconds / ours.cpuSeconds;
  const { optimisedFactor } = one;
  return [
    one.id,
    target === undefined ? '-' : `${target}x`,
    times(ratio),
    times(byCpu),
    ours.linkFrames === 0 ? '-' : times((ratio * ours.linkFrames) / ns3.linkFrames),
    optimisedFactor === undefined ? '-' : times(ratio / optimisedFactor),
    target === undefined ? '' : verdictOf(ratio >= target),
  ];
}

function alone(id: string, wanted: string, reached: string, isEnough: boolean): string[] {
  return [id, wanted, reached, '', '', '', verdictOf(isEnough)];
}

function times(ratio: number): string {
  return `${ratio.toFixed(ratio < 10 ? 2 : 1)}x`;
}

function verdictOf(isEnough: boolean): string {
  return isEnough ? 'reached' : 'MISSED';
}
