/** Which capabilities this process has, and what it cannot do without them. */

import { readFileSync } from 'node:fs';

/** Bits of the effective set. Source: linux/capability.h. */
const CAPABILITIES = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13 } as const;

/** Name of a capability that the daemon may need. */
export type Capability = keyof typeof CAPABILITIES;

/** Whether the text of /proc/self/status grants a capability. */
export function grants(status: string, capability: Capability): boolean {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  return ((effective >> BigInt(CAPABILITIES[capability])) & 1n) === 1n;
}

/** Those of `wanted` that this process has not got. */
export function missingCapabilities(wanted: readonly Capability[]): readonly Capability[] {
  const status = readFileSync('/proc/self/status', 'utf8');
  return wanted.filter((capability) => !grants(status, capability));
}
