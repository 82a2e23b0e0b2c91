/** Sysctls whose value is no single number: pairs and lists. Each reads and writes its own text. */

import type { KernelState } from './kernel-state.ts';
import {
  formatPortRange,
  formatReservedPorts,
  setPortRange,
  setReservedPorts,
} from './local-ports.ts';

/** One of them. */
interface TextSysctl {
  /** As sysctl(8) shows it; `undefined` where the kernel has no such thing. */
  read(kernel: KernelState): string | undefined;
  /** `false`, and nothing changed: no such value. */
  write(kernel: KernelState, text: string): boolean;
}

/** By name. */
export const TEXT_SYSCTLS: ReadonlyMap<string, TextSysctl> = new Map<string, TextSysctl>([
  ['net.ipv4.vs.sync_threshold', { read: readSyncThreshold, write: writeSyncThreshold }],
  [
    'net.ipv4.ip_local_port_range',
    {
      read: ({ localPorts }) => formatPortRange(localPorts),
      write: ({ localPorts, settings }, text) =>
        setPortRange(localPorts, text, settings['ipv4.ip_unprivileged_port_start']),
    },
  ],
  [
    'net.ipv4.ip_local_reserved_ports',
    {
      read: ({ localPorts }) => formatReservedPorts(localPorts),
      write: ({ localPorts }, text) => setReservedPorts(localPorts, text),
    },
  ],
]);

/** Packets before the first announcement of a connection, and the period of more. */
function readSyncThreshold({ ipvs }: KernelState): string | undefined {
  if (ipvs === undefined) return undefined;
  const { sync_threshold: threshold, sync_period: period } = ipvs.settings;
  return `${threshold}\t${period}`;
}

/** The first value must be below the second, unless that is 0. */
function writeSyncThreshold({ ipvs }: KernelState, text: string): boolean {
  const match = /^(\d{1,9})\s+(\d{1,9})$/.exec(text);
  if (match === null || ipvs === undefined) return false;
  const [threshold, period] = [Number(match[1]), Number(match[2])];
  if (period !== 0 && threshold >= period) return false;
  ipvs.settings.sync_threshold = threshold;
  ipvs.settings.sync_period = period;
  return true;
}
