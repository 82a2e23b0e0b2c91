/**
 * The rows that the browser lists, as plain JSON values: journal, events, packets with their tree and their way. Types
 * only; times, addresses and views as in `protocol-views.ts`.
 */

import type { Origin } from './protocol-views.ts';

/** One line of a host's journal; `index` counts from the start of the run. */
export interface JournalView {
  readonly index: number;
  readonly at: number;
  readonly identifier: string;
  readonly pid: number;
  readonly level: 'error' | 'warning' | 'notice' | 'info' | 'debug';
  readonly text: string;
}

/** One row of the event list. */
export interface EventRow {
  /** Counts from 0; the same in every replay of a branch. */
  readonly id: number;
  readonly at: number;
  readonly node: string;
  readonly kind: string;
  readonly text: string;
  /** How loud: `state` a VRRP transition, `hand` a step or click, `trouble`, `quiet`. */
  readonly tone: 'state' | 'hand' | 'trouble' | 'good' | 'quiet';
  readonly origin: Origin;
}

/** One cell that an event changed; without `before` it is new, without `after` it is gone. */
export interface EventChange {
  readonly node: string;
  /** `VI_1 (VRID 88) state`, `neighbour 192.168.0.200 dev eth0`. */
  readonly what: string;
  readonly before?: string;
  readonly after?: string;
}

/** Wireshark's colouring rules, by name; the browser has the colours. */
export type PacketColour =
  | 'trouble'
  | 'ttl'
  | 'state'
  | 'arp'
  | 'icmp'
  | 'tcp'
  | 'http'
  | 'udp'
  | 'routing'
  | 'broadcast'
  | 'plain';

/** One row of the packet list: one frame on one cable. */
export interface PacketRow {
  /** Wireshark's frame.number: counts from 1; the same in every replay of a branch. */
  readonly id: number;
  readonly at: number;
  readonly cable: string;
  /** The sending end: `srv-1:eth1`. */
  readonly from: string;
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  readonly info: string;
  readonly length: number;
  readonly colour: PacketColour;
  /** Why it never arrived. */
  readonly lost?: string;
  /** What the cable did to it. */
  readonly changed?: string;
  /** The event that made it be lost; an `EventRow.id`. */
  readonly cause?: number;
}

/** One line of a decoded tree, with the bytes it stands for (offsets into the frame). */
export interface TreeNode {
  readonly label: string;
  /** The filter field, such as `vrrp.prio`, for "apply as filter". */
  readonly field?: string;
  readonly value?: string;
  readonly start: number;
  readonly length: number;
  readonly children: readonly TreeNode[];
  /** A bad checksum and the like. */
  readonly warning?: boolean;
}

/** What one device did with a frame: "sw1: flooded to 4 ports: destination unknown", "srv-2: dropped: arp_ignore". */
export interface HopStory {
  readonly at: number;
  readonly node: string;
  readonly text: string;
  readonly tone: 'sent' | 'forwarded' | 'delivered' | 'dropped';
  readonly packet?: number;
}

/** Everything about one frame. */
export interface PacketDetail {
  readonly id: number;
  readonly row: PacketRow;
  readonly tree: readonly TreeNode[];
  /** The frame, two hexadecimal digits a byte. */
  readonly hex: string;
  /** The same frame's way through the LAN, in order. */
  readonly hops: readonly HopStory[];
  /** From the loss back to its cause: "lost: unplugged", "cable … unplugged at 10 s", "step 1: unplug …". */
  readonly causes: readonly {
    readonly at: number;
    readonly text: string;
    readonly event?: number;
  }[];
  readonly stream?: number;
}

/** A frame on its way, for the animation. `progress` is linear between `at` and `arrivesAt`. */
export interface FlightView {
  readonly packet: number;
  readonly cable: string;
  readonly fromEnd: 'a' | 'b';
  readonly at: number;
  readonly arrivesAt: number;
  readonly colour: PacketColour;
  readonly protocol: string;
  readonly lost: boolean;
}
