/**
 * Ambient capabilities of the systemd unit must reach `ip`, `nft` and `ipvsadm`, which need them, and not the scripts of a
 * configuration, which keepalived runs with none. A child has those that its parent's thread has at the moment of the fork,
 * and Node forks in the thread that calls: so they are laid down around it.
 *
 * Source: capabilities(7) "Transformation of capabilities during execve()", prctl(2) PR_CAP_AMBIENT.
 */

import { readFileSync } from 'node:fs';
import type { Libc } from './libc.ts';

const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_RAISE = 2;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;

/** Numbers of the capabilities in the ambient set that the text of /proc/self/status shows. */
function ambientSet(status: string): readonly number[] {
  const mask = BigInt(`0x${/^CapAmb:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const numbers = Array.from({ length: 64 }, (_, at) => at);
  return numbers.filter((at) => ((mask >> BigInt(at)) & 1n) === 1n);
}

/** Runs `action`, which starts a program; the program has no capabilities but those of its own file or of root. */
export function withoutAmbientCapabilities<T>(libc: Libc, action: () => T): T {
  // The main thread's: the only one that this daemon starts programs from.
  const ambient = ambientSet(readFileSync('/proc/self/status', 'utf8'));
  if (ambient.length === 0) return action();
  libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0);
  try {
    return action();
  } finally {
    for (const number of ambient) libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number);
  }
}
