/**
 * A port to a network outside of the twin: a TAP, a network card, a VXLAN tunnel, a recorded capture. It keeps the
 * contract of every port (`sim/lan/port.ts`); what it adds is how it is served. Read `bridge-loop.ts` for who does.
 */

import type { Port } from '../lan/port.ts';

/** What kinds of ports there are. */
export type OutsideKind = 'tap' | 'packet' | 'vxlan' | 'pcap';

/** What passed a port, and what did not. */
export interface OutsideCounters {
  received: number;
  sent: number;
  /** Frames shorter than an Ethernet header, or longer than any MTU: not handed on. */
  malformed: number;
  /** Frames whose checksum the sender left to hardware: filled in here, and labelled. */
  offloaded: number;
  /** Large segments that the sender left to hardware, cut into frames here. */
  segmented: number;
  /** Frames for which the real side had no room or no signal. */
  refused: number;
  /** Datagrams from others than the peer, or of another network (VXLAN). */
  foreign: number;
}

/** A port that somebody outside serves; see the head of the file. */
export interface OutsidePort extends Port {
  readonly kind: OutsideKind;
  /** The interface or peer in the user's words. */
  readonly label: string;
  readonly counters: OutsideCounters;
  /** To be polled for input; absent for ports that the event loop serves. */
  readonly descriptor?: number;
  /**
   * Hands what has arrived to the receiver, at most `budget` frames; `true` when there may be more.
   */
  drain(budget: number): boolean;
  /** When the next frame is due by itself, in µs of the bridge's clock (captures). */
  nextDueUs?(): number | undefined;
  /** Something has arrived between two calls of `drain`; ports of the event loop call it. */
  onArrival?: () => void;
  close(): void;
}

/** All counters at zero. */
export function newCounters(): OutsideCounters {
  return {
    received: 0,
    sent: 0,
    malformed: 0,
    offloaded: 0,
    segmented: 0,
    refused: 0,
    foreign: 0,
  };
}

/** Ethernet header; what is shorter is no frame. */
export const FRAME_LENGTH_MIN = 14;
