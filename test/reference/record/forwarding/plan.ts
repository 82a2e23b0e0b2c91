/** What a recording of forwarding is made of. */

import type { Bench } from './bench.ts';

/** A recording to be made. */
export interface ForwardingPlan {
  readonly name: string;
  readonly points: readonly string[];
  /** Lines for ipvsadm before the start. */
  readonly setup: readonly string[];
  readonly settings?: readonly (readonly [name: string, value: string | number])[];
  act(bench: Bench): Promise<void>;
}
