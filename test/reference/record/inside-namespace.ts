/** Lets this process act in a named network namespace for a moment: what it makes there, sockets above all, stays there. */

import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

const CLONE_NEWNET = 0x40000000;
const setns = koffi.load(null).func('int setns(int, int)');

/** Does something in the namespace; it must be over when it returns. */
export function insideNamespace<T>(namespace: string, act: () => T): T {
  const own = openSync('/proc/self/ns/net', 'r');
  const other = openSync(`/run/netns/${namespace}`, 'r');
  setns(other, CLONE_NEWNET);
  try {
    return act();
  } finally {
    setns(own, CLONE_NEWNET);
    closeSync(own);
    closeSync(other);
  }
}
