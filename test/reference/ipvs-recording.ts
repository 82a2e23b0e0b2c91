/**
 * The format of the recordings under `ipvs/schedulers` and of `tcp-states.json`, as far as the replay reads
 * it. What each field means is told in `ipvs/README.md`.
 */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

/** [server, weight, ActiveConn, InActConn] in the kernel's order. */
export type CounterRow = readonly [string, number, number, number];

/** One step of a scheduler recording. */
export interface SchedulerStep {
  readonly op: string;
  readonly client?: string;
  readonly vip?: string;
  readonly chosen?: string | null;
  readonly server?: string;
  readonly state?: string | null;
  readonly weight?: number;
  readonly upper_threshold?: number;
  readonly lower_threshold?: number;
  readonly scheduler?: string;
  readonly flags?: string;
  /** Length of a wait. */
  readonly seconds?: number;
  readonly t: number;
  readonly before?: readonly CounterRow[];
  readonly after?: readonly CounterRow[];
}

/** A recording of one service's scheduling decisions. */
export interface SchedulerRecording {
  readonly name: string;
  readonly scheduler: string;
  readonly flags: string;
  readonly forwarding: string;
  readonly protocol: string;
  readonly service: { readonly vip?: string; readonly fwmark?: number };
  readonly sysctl: { readonly [name: string]: number | string };
  readonly timeouts_tcp_tcpfin_udp?: string | null;
  readonly kernel_service_flags?: string;
  /** `--ops`. */
  readonly one_packet?: boolean;
  /** Of a persistent service: lifetime of templates in seconds, prefix length that they are kept for. */
  readonly persistent?: { readonly timeout: number; readonly prefix: number };
  readonly servers: readonly {
    readonly addr: string;
    readonly port: number;
    readonly weight: number;
    readonly upper_threshold?: number;
    readonly lower_threshold?: number;
  }[];
  readonly kernel_list_order_at_start: readonly string[];
  readonly steps: readonly SchedulerStep[];
  readonly final?: { readonly ipvsadm_Ln?: string };
}

/** One segment and what became of the entry. */
export interface SegmentRow {
  readonly dir: 'in' | 'out';
  readonly segment: string;
  readonly state: string | null;
  readonly expires: number | null;
  readonly counted: string | null;
}

/** The recorded state machine of one forwarding method. */
export interface StateMachine {
  readonly first_segment: { readonly [segment: string]: SegmentRow };
  readonly reached_by: { readonly [state: string]: readonly string[] };
  readonly transitions: readonly {
    readonly from: string;
    readonly dir: 'in' | 'out';
    readonly segment: string;
    readonly to: string | null;
    readonly expires: number | null;
    readonly counted: string | null;
  }[];
  readonly random_sequences: readonly (readonly SegmentRow[])[];
}

/** The file `tcp-states.json`. */
export interface StateRecording {
  /** Settings of `net.ipv4.vs` that are not at their defaults. */
  readonly sysctl?: { readonly [name: string]: number };
  readonly modes: { readonly [mode: string]: StateMachine };
}

/** A recording of either kind, by its path. */
export type IpvsRecording = { readonly file: string; readonly path: string } & (
  | { readonly kind: 'scheduler'; readonly content: SchedulerRecording }
  | { readonly kind: 'states'; readonly content: StateRecording }
);

/** All IPVS recordings below a folder, sorted by path; other JSON files are passed over. */
export function listIpvsRecordings(folder: string): IpvsRecording[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return [];
  const names = readdirSync(folder).sort((a, b) => (a < b ? -1 : 1));
  return names.flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory())
      return name === 'node_modules' ? [] : listIpvsRecordings(path);
    return name.endsWith('.json') ? (readIpvsRecording(path) ?? []) : [];
  });
}

/** Reads one file; `undefined` when it is something else, or broken. */
export function readIpvsRecording(path: string): IpvsRecording | undefined {
  const content = readObject(path);
  if (content === undefined) return undefined;
  const names = { file: basename(path), path };
  if ('modes' in content) return { kind: 'states', ...names, content: content as StateRecording };
  if ('steps' in content && 'scheduler' in content) {
    return { kind: 'scheduler', ...names, content: content as SchedulerRecording };
  }
  return undefined;
}

function readObject(path: string): object | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof content === 'object' && content !== null ? content : undefined;
  } catch {
    return undefined;
  }
}
