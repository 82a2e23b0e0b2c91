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
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly {
        readonly startOffset: number;
        readonly endOffset: number;
        readonly count: number;
      }[];
    }[];
  }[];
}

/** Entries of each block of ours, by its place. */
type Blocks = ReadonlyMap<string, number>;

const session = new Session();
session.connect();
const self = fileURLToPath(import.meta.url);
post('Profiler.enable');
post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

const perMessage = {
  connections: compared(runConnections, 100),
  datagrams: compared(runDatagrams, 1000),
};
console.log(JSON.stringify(perMessage));

/**
 * Blocks entered per page or datagram over few and many servers, and the block whose entries grow most: a walk over all servers
 * is small beside all else that a connection needs, but stands out there.
 */
function compared(run: typeof runConnections, rate: number) {
  const [few, many] = [2, 64].map((servers) => cost(run, servers, rate));
  if (few === undefined || many === undefined) throw new Error('nothing was counted');
  let steepest = { block: '', growth: 0 };
  for (const [block, count] of many) {
    const growth = count - (few.get(block) ?? 0);
    if (growth > steepest.growth) steepest = { block, growth };
  }
  return { totals: [few, many].map(sum), steepest };
}

/** Entries per page or datagram. */
function cost(run: typeof runConnections, servers: number, rate: number): Blocks {
  const [short, long] = [2, 4].map((seconds) => counted(() => run({ servers, rate, seconds })));
  if (short === undefined || long === undefined) throw new Error('nothing was counted');
  const messages = long.messages - short.messages;
  const perMessage = new Map<string, number>();
  for (const [block, count] of long.blocks) {
    perMessage.set(block, (count - (short.blocks.get(block) ?? 0)) / messages);
  }
  return perMessage;
}

function counted(run: () => BenchCounts): { readonly blocks: Blocks; readonly messages: number } {
  post('Profiler.takePreciseCoverage');
  const { messages } = run();
  const { result } = post('Profiler.takePreciseCoverage') as Coverage;
  const blocks = new Map<string, number>();
  for (const { functions } of result.filter(({ url }) => url.endsWith(self))) {
    for (const { functionName, ranges } of functions) {
      for (const { startOffset, endOffset, count } of ranges) {
        const block = `${functionName} ${startOffset}-${endOffset}`;
        blocks.set(block, (blocks.get(block) ?? 0) + count);
      }
    }
  }
  return { blocks, messages };
}

function sum(blocks: Blocks): number {
  return [...blocks.values()].reduce((all, count) => all + count, 0);
}

function post(method: string, parameters: object = {}): unknown {
  let answer: unknown;
  session.post(method, parameters, (error, result) => {
    if (error !== null) throw new Error(method, { cause: error });
    answer = result;
  });
  return answer;
}
