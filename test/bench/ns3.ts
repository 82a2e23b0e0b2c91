/** Builds and runs the peer programs in ns-3, where Debian's libns3-dev is installed. */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { BenchResult } from './bench-result.ts';

const PROGRAMS = ['b1_echo', 'b2_vrrp', 'b3_tree', 'b4_hold'];

/** Where the built programs are; `undefined`, with the reason, when ns-3 or a compiler is missing. */
export function buildNs3(root: string): { readonly folder: string } | { readonly missing: string } {
  const makes = spawnSync('make', ['--version']).status === 0;
  const compiles = spawnSync('g++', ['--version']).status === 0;
  if (!makes || !compiles) return { missing: 'g++ and make are not installed' };
  const found = spawnSync('g++', ['-E', '-x', 'c++', '-'], {
    input: '#include "ns3/core-module.h"\n',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  if (found.status !== 0) return { missing: 'libns3-dev is not installed' };
  // Outside of the repository, and kept: make builds only what has changed.
  const folder = join(tmpdir(), `lantwin-bench-ns3-${userInfo().uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const sources = join(root, 'test/bench/peers/ns3');
  if (!existsSync(sources)) return { missing: `${sources} does not exist` };
  const targets = PROGRAMS.map((program) => join(folder, program));
  const built = spawnSync('make', ['-s', `OUT=${folder}`, ...targets], {
    cwd: sources,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return built.status === 0 ? { folder } : { missing: 'the programs did not compile' };
}

/** Runs one program and reads its line of JSON. */
export function runNs3(
  folder: string,
  workload: string,
  command: readonly [program: string, ...options: string[]],
): BenchResult {
  const [program, ...options] = command;
  const output = execFileSync(join(folder, program), options, { encoding: 'utf8' });
  const line = JSON.parse(output) as Record<string, number>;
  const number = (key: string) => line[key] ?? 0;
  return {
    workload,
    simulatedSeconds: program === 'b4_hold' ? 0 : number('sim_s'),
    events: number('events'),
    linkFrames: number('link_frames'),
    hostFrames: number('host_frames'),
    messages: number('app_msgs'),
    wallSeconds: number('run_s'),
    cpuSeconds: number('run_cpu_s'),
    peakRssMiB: number('rss_mib'),
  };
}
