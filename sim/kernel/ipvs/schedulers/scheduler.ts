/**
 * What a scheduling algorithm is to the rest of IPVS: it picks a real server for a packet that begins a
 * connection, and hears of changes in the service's list. Each algorithm is one file beside this one, made
 * so that its picks equal the kernel's step by step. Source: include/net/ip_vs.h, struct ip_vs_scheduler.
 */

import type { IpvsState, PacketFacts, RealServer, VirtualService } from '../ipvs-state.ts';

/** Scheduler flag 1: sh-fallback, mh-fallback. */
export const FLAG_FALLBACK = 1;
/** Scheduler flag 2: sh-port, mh-port. */
export const FLAG_PORT = 2;

/** Names as in `ipvsadm -s`. */
export type SchedulerName =
  | 'rr'
  | 'wrr'
  | 'lc'
  | 'wlc'
  | 'sed'
  | 'nq'
  | 'dh'
  | 'sh'
  | 'mh'
  | 'fo'
  | 'ovf'
  | 'lblc'
  | 'lblcr'
  | 'twos';

/** One service's scheduler with what it remembers. */
export interface SchedulerInstance {
  readonly name: SchedulerName;
  /** The server for a new connection; `undefined` when none is usable. */
  schedule(packet: PacketFacts): RealServer | undefined;
  /** A server has entered the list. */
  readonly added?: (server: RealServer) => void;
  /** A server has left the list; `previous` stood before it, `undefined` is the list's head. */
  readonly removed?: (server: RealServer, previous: RealServer | undefined) => void;
  /** A server's weight or thresholds have changed. */
  readonly updated?: (server: RealServer) => void;
  /** The service gets another scheduler or goes away. */
  readonly stopped?: () => void;
}

/** Makes an instance for a service; its list may already have servers. */
export type SchedulerMaker = (state: IpvsState, service: VirtualService) => SchedulerInstance;

/** May get new connections: has a weight and is below its threshold. */
export function isUsable(server: RealServer): boolean {
  return server.weight > 0 && !server.overloaded;
}

/** Cost of a server for lc, wlc, lblc and lblcr: an active connection weighs 256 inactive ones. */
export function connectionOverhead(server: RealServer): number {
  return server.activeConnections * 256 + server.inactiveConnections;
}
