/** Rules of the firewall model, by hook. */

import type { FirewallRule } from './kernel-api.ts';

/** Rules in order of adding, with their handles. */
export interface FirewallState {
  readonly rules: Map<number, FirewallRule>;
  nextHandle: number;
  /** Whether a hook has rules at all: the packet path asks nothing else when it has none. */
  readonly counts: { prerouting: number; input: number; output: number; forward: number };
}
