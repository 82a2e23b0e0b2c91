/**
 * Orders for a bridge that runs, one a line: the name of an action and its arguments as in a scenario's `do:`
 * (`unplug r1:eth0`, `exec { host: r1, command: ip address }`). They are recorded like everything that comes from outside.
 */

import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { parse } from 'yaml';
import type { BridgeLoop } from '../bridge/bridge-loop.ts';
import { tableAction } from '../session/hand-actions.ts';
import type { ActionName } from '../session/protocol.ts';
import type { LivingLan } from '../topology/living-lan.ts';
import type { Output } from './output.ts';

/** Reads orders until the stream ends; what cannot be done is said on stderr, and nothing else happens. */
export function listenToOrders(
  input: Readable,
  lan: LivingLan,
  loop: Pick<BridgeLoop, 'act'>,
  output: Output,
): void {
  createInterface({ input }).on('line', (line) => {
    const problem = carryOut(line.trim(), lan, loop);
    if (problem !== undefined) output.err(`cannot do '${line.trim()}': ${problem}\n`);
  });
}

function carryOut(line: string, lan: LivingLan, loop: Pick<BridgeLoop, 'act'>): string | undefined {
  if (line === '') return undefined;
  const match = /^([a-z-]+):?\s+(.+)$/.exec(line);
  if (match === null) return "expected an action and its arguments, such as 'unplug r1:eth0'";
  const args = yamlOf(match[2] ?? '');
  if (args === undefined) return 'the arguments are no YAML';
  const action = tableAction(match[1] as ActionName, args as never, lan);
  if ('code' in action) return action.message;
  loop.act(action);
  return undefined;
}

function yamlOf(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
