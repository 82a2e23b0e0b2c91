/**
 * What steps, verdicts and the browser may do with cables and switches, and the events they leave in the run log.
 * Both directions of a cable are named by their sending end: `a` sends towards `b` and the other way round.
 */

import type { DurationUs, TimeUs } from '../../daemon/base/time.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';
import type { RunEvent } from '../engine/run-log.ts';
import type { Port, PortId } from './port.ts';

/** A chance as an exact fraction: 1 % is { numerator: 1, denominator: 100 }. */
export interface Probability {
  readonly numerator: number;
  readonly denominator: number;
}

/** Which way: frames sent by end `a`, by end `b`, or both. */
export type Direction = 'a-to-b' | 'b-to-a' | 'both';

/** What a cable can do to frames, per direction; absent means not at all. */
export interface Impairments {
  /** Nothing gets through, the carrier stays. */
  readonly muted?: boolean;
  readonly loss?: Probability;
  readonly corrupt?: Probability;
  readonly duplicate?: Probability;
  readonly reorder?: Probability;
  readonly extraDelay?: DurationUs;
  /** Uniform over 0..jitter on top of the delay. */
  readonly jitter?: DurationUs;
}

/** A cable with its two ends. */
export interface CableApi {
  /** `srv-1:eth1-sw1:1`. */
  readonly name: string;
  readonly a: Port;
  readonly b: Port;
  readonly plugged: boolean;
  readonly impairments: { readonly aToB: Impairments; readonly bToA: Impairments };
  /** Pulls the cable: both ends lose their carrier and hear of it; frames on the way are lost. */
  unplug(): void;
  replug(): void;
  /** Changes what is given and leaves the rest; `undefined` values take an impairment away. */
  impair(
    direction: Direction,
    change: { readonly [K in keyof Impairments]: Impairments[K] | undefined },
  ): void;
  /** Whether a device at an end has power: without it the other end has no carrier. */
  setEndPower(end: 'a' | 'b', powered: boolean): void;
  /** Hears every frame of the cable at the moment it is sent and says what became of it. Returns how to stop. */
  tap(listener: CableListener): () => void;
}

/**
 * Called per frame: who sent it, and why it was lost if it was. A frame that was on its way when the carrier
 * went is told a second time, then as lost, at the time at which it would have arrived.
 */
export type CableListener = (event: {
  readonly at: TimeUs;
  readonly from: PortId;
  readonly frame: Uint8Array;
  /** Absent when the frame is going to arrive. */
  readonly lost?: LossReason;
  readonly arrivesAt?: TimeUs;
  /** What an impairment made of it; `frame` is always as it was sent. */
  readonly change?: FrameChange;
  /** The second word about a frame, which was on its way when the carrier went. */
  readonly late?: true;
}) => void;

/** What a cable did to a frame that arrives. */
export type FrameChange = 'corrupted' | 'duplicated' | 'reordered';

/** Why a cable lost a frame. */
export type LossReason = 'unplugged' | 'no-carrier' | 'muted' | 'loss' | 'queue-full' | 'too-long';

/** A switch or hub. */
export interface SwitchApi {
  readonly name: string;
  readonly kind: 'switch' | 'hub';
  readonly powered: boolean;
  readonly ports: readonly SwitchPortFacts[];
  /** The learned addresses, in order of learning. */
  table(): readonly ForwardingEntry[];
  setPower(on: boolean): void;
  /** Port off: its far end loses the carrier. */
  setPortUp(port: string, up: boolean): void;
  /** Spanning tree: a blocked port passes nothing either way, its carrier stays. */
  setPortForwarding(port: string, forwarding: boolean): void;
  /** A detached port is none of the switch's: as blocked, and its learned addresses are forgotten. */
  setPortDetached(port: string, detached: boolean): void;
  /** Whether multicast is delivered out of this port. */
  setMulticastDelivery(port: string, delivered: boolean): void;
  flushTable(): void;
}

/** One port of a switch. */
export interface SwitchPortFacts {
  readonly name: string;
  readonly up: boolean;
  readonly carrier: boolean;
  readonly forwarding: boolean;
  readonly detached: boolean;
  readonly multicastDelivered: boolean;
}

/** One line of a MAC table. */
export interface ForwardingEntry {
  readonly mac: MacAddress;
  readonly port: string;
  readonly learnedAt: TimeUs;
  readonly lastSeenAt: TimeUs;
}

/** What cables and switches record. */
export type LanRunEvent = RunEvent &
  (
    | {
        readonly kind: 'cable';
        readonly change: 'unplugged' | 'replugged' | 'impaired' | 'healed';
        readonly detail: string;
      }
    | { readonly kind: 'carrier'; readonly port: string; readonly up: boolean }
    | { readonly kind: 'switch'; readonly change: string; readonly port?: string }
    | {
        readonly kind: 'mac-moved';
        readonly mac: MacAddress;
        readonly from: string;
        readonly to: string;
      }
    | { readonly kind: 'storm'; readonly detail: string }
  );
