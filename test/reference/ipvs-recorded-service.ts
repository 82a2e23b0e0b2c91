/**
 * What a scheduler recording says of its service, beyond the scheduler: `--ops` and persistence. Recordings tell it in
 * fields of their own or only in the words of ipvsadm.
 */

import type { SchedulerRecording } from './ipvs-recording.ts';

/** Lifetime of templates in seconds, and the prefix length that they are kept for. */
export interface Persistence {
  readonly timeout: number;
  readonly prefix: number;
}

/**
 * One-packet scheduling is told by the flags, the name, or the line of the service in `ipvsadm -Ln`; and by the counters:
 * a datagram that a server got and that left no entry behind.
 */
export function saysOnePacket(recording: SchedulerRecording): boolean {
  if (recording.protocol !== 'udp') return false;
  if (recording.one_packet !== undefined) return recording.one_packet;
  if (/(^|[-_ ])ops\b/.test(recording.name)) return true;
  const first = recording.steps.find((step) => step.op === 'packet' && step.after !== undefined);
  const entries = first?.after?.reduce((sum, row) => sum + row[2] + row[3], 0);
  if (first !== undefined && typeof first.chosen === 'string' && entries === 0) return true;
  const line = /^(?:UDP|FWM) .*$/m.exec(recording.final?.ipvsadm_Ln ?? '')?.[0] ?? '';
  const told = `${recording.flags} ${recording.kernel_service_flags ?? ''} ${line}`;
  return /(^|[\s,-])ops\b/.test(told) || /(^|\s)-o\b/.test(recording.flags);
}

/** Persistence as the flags of `ipvsadm -A` say it, or the line of the service in `ipvsadm -Ln`. */
export function persistenceOf(recording: SchedulerRecording): Persistence | undefined {
  if (recording.persistent !== undefined) return recording.persistent;
  const line = /^(?:TCP|UDP|FWM) .*$/m.exec(recording.final?.ipvsadm_Ln ?? '')?.[0] ?? '';
  const told = `${recording.flags} ${recording.kernel_service_flags ?? ''} ${line} `;
  const seconds = /(?:persistent|-p) (\d+)/.exec(told)?.[1];
  const isPersistent = seconds !== undefined || /(?:persistent|-p) /.test(told);
  if (!isPersistent) return undefined;
  const mask = /(?:mask|-M) ([\d.]+)/.exec(told)?.[1];
  const bits = mask === undefined ? 32 : [...maskBits(mask)].filter((bit) => bit === '1').length;
  return { timeout: Number(seconds ?? 360), prefix: bits };
}

function maskBits(mask: string): string {
  return mask
    .split('.')
    .map((octet) => Number(octet).toString(2))
    .join('');
}
