/** What both the play of a recording and its programs need of a run. */

import { parseIp } from '../../../daemon/wire/ip-address.ts';
import type { ScenarioRun } from '../../../sim/scenario/run.ts';
import type { Flow } from './recorded-programs.ts';

/** Recordings begin two seconds after the machines. */
export const BEGIN_S = 2;

/** What became of a connection that a client opened. */
export interface Outcome {
  readonly flow: Flow;
  readonly begun: number;
  ended?: number;
  /** What connect() came to: `ok`, the errno, or `pending`. */
  result: string;
  /** Why it broke later. */
  broken?: string;
  received: string;
}

/** The kernel of a machine. Fails: when it does not run. */
export function kernelOf(run: ScenarioRun, name: string) {
  const kernel = run.lan.hosts.get(name)?.kernel;
  if (kernel === undefined) throw new Error(`${name} does not run`);
  return kernel;
}

/** An address. Fails: when it is none. */
export function ip(text: string) {
  const value = parseIp(text);
  if (value === undefined) throw new Error(text);
  return value;
}
