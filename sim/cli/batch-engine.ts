/**
 * V8 for `run`, which computes and answers at the end. Nobody waits between two events, so V8 need not collect garbage
 * little by little, which makes each write to an object cost more: a run takes 5 to 7 % less time (docs/performance.md).
 * The daemon, the bridge and the browser view answer others meanwhile, and explore's short runs gained nothing.
 */

import { setFlagsFromString } from 'node:v8';

/** Called when everything is loaded: V8 takes no code cache that was made under other flags. */
export function collectInOneGo(): void {
  setFlagsFromString('--no-incremental-marking');
}
