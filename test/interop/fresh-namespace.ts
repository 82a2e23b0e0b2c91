/** Moves this thread into a network namespace of its own that nobody else can name; it ends with the thread. */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const CLONE_NEWNET = 0x4000_0000;

/** Enters it; children that are started from here live there too. */
export function enterFreshNamespace(): void {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const unshare = koffi.load(null).func('int unshare(int)');
  if (Number(unshare(CLONE_NEWNET)) !== 0) throw new Error('cannot make a network namespace');
  // Interfaces that come up would greet each other with ND and MLD.
  writeFileSync('/proc/sys/net/ipv6/conf/default/disable_ipv6', '1');
  ip('link set lo up');
}

/** Runs iproute2 there. */
export function ip(words: string): string {
  return execFileSync('ip', words.split(' '), {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
