/** `net_namespace` and `--namespace`: moves the daemon into a network namespace before it opens anything. */

import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';

const CLONE_NEWNET = 0x4000_0000;

/** The file that stands for a namespace. */
export function namespacePath(name: string): string {
  return name.includes('/') ? name : `/run/netns/${name}`;
}

/** The file of the namespace in which this process is now; stays open, so that it is still known after `joinNetworkNamespace`. */
export function ownNamespacePath(): string {
  return `/proc/${process.pid}/fd/${openSync('/proc/self/ns/net', 'r')}`;
}

/** `net_namespace_ipvs`: without a name it is the namespace that the daemon was started in; `undefined`: the daemon's own. */
export function ipvsNamespacePath(name: string | undefined, start: string): string | undefined {
  if (name === undefined) return undefined;
  return name === '' ? start : namespacePath(name);
}

/**
 * Joins a namespace that `ip netns add` made. Only this thread moves, and threads and children started later;
 * so it must be called before the first file is read asynchronously. Returns the text of the failure, if any.
 */
export function joinNetworkNamespace(name: string): string | undefined {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const setns = koffi.load(null).func('int setns(int, int)');
  let descriptor: number;
  try {
    descriptor = openSync(namespacePath(name), 'r');
  } catch {
    return `Failed to open ${namespacePath(name)}`;
  }
  const failed = Number(setns(descriptor, CLONE_NEWNET)) < 0;
  const errno = koffi.errno();
  closeSync(descriptor);
  return failed ? `setns: error ${errno}` : undefined;
}
