/**
 * Prints how much code runs for a connection and for a datagram through a DR director over 2 and over 64 real servers. Counted,
 * not timed: V8 counts every entry of every block of ours, so that a loop over all servers anywhere on the way shows, whatever
 * the machine does meanwhile. What a longer run counts beyond a shorter one is what they cost once ARP and start are over.
 * Run by `work.test.ts` as `NODE_ARGS=--no-opt node tools/run-built.mjs test/bench/counted-work.ts`: compiled code counts nothing.
 */

import { Session } from 'node:inspector';
import { fileURLToPath } from 'node:url';
import type { BenchCounts } from './bench-result.ts';
import { runConnections, runDatagrams } from './lvs-workloads.ts';

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[];
  }[];
}

const session = new Session();
session.connect();
const self = fileURLToPath(import.meta.url);
post('Profiler.enable');
post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

const perMessage = {
  connections: [2, 64].map((servers) => cost(runConnections, servers, 100)),
  datagrams: [2, 64].map((servers) => cost(runDatagrams, servers, 1000)),
};
console.log(JSON.stringify(perMessage));

/** Blocks entered per page or datagram. */
function cost(run: typeof runConnections, servers: number, rate: number): number {
  const [short, long] = [2, 4].map((seconds) => counted(() => run({ servers, rate, seconds })));
  if (short === undefined || long === undefined) throw new Error('nothing was counted');
  return (long.blocks - short.blocks) / (long.messages - short.messages);
}

function counted(run: () => BenchCounts): { readonly blocks: number; readonly messages: number } {
  post('Profiler.takePreciseCoverage');
  const { messages } = run();
  const { result } = post('Profiler.takePreciseCoverage') as Coverage;
  const scripts = result.filter(({ url }) => url.endsWith(self));
  const ranges = scripts.flatMap(({ functions }) => functions.flatMap((one) => one.ranges));
  return { blocks: ranges.reduce((sum, { count }) => sum + count, 0), messages };
}

function post(method: string, parameters: object = {}): unknown {
  let answer: unknown;
  session.post(method, parameters, (error, result) => {
    if (error !== null) throw new Error(method, { cause: error });
    answer = result;
  });
  return answer;
}
