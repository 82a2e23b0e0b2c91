/**
 * What happens to a daemon. `receive(now, event)` takes one of these; a machine may reuse one object for
 * packet events, since calls run to completion and the daemon keeps no reference to it.
 */

import type { IpAddress, IpFamily } from '../wire/ip-address.ts';
import type { CommandId } from './commands.ts';
import type { InterfaceAddress } from './system.ts';

/** Everything a machine can tell its daemon. */
export type SystemEvent =
  | VrrpPacketEvent
  | LinkEvent
  | AddressEvent
  | RouteEvent
  | RuleEvent
  | StreamEvent
  | DatagramEvent
  | AnswerEvent
  | ProcessEvent
  | FileEvent
  | SignalEvent;

/** An IP packet of protocol 112 or 51 that an open VRRP socket heard. */
export interface VrrpPacketEvent {
  readonly kind: 'vrrp-packet';
  readonly interface: string;
  /** The whole IP packet, header included, starting at offset `at`; never written to. */
  readonly packet: Uint8Array;
  readonly at: number;
}

/** An interface appeared, changed its flags, or went. The new facts are read from `System`. */
export interface LinkEvent {
  readonly kind: 'link-changed' | 'link-removed';
  readonly interface: string;
}

/** An address came or went, by whomever. */
export interface AddressEvent {
  readonly kind: 'address-added' | 'address-removed';
  readonly interface: string;
  readonly address: InterfaceAddress;
}

/** A route was deleted by somebody else. The words are those of ip-route(8). */
export interface RouteEvent {
  readonly kind: 'route-removed';
  readonly words: readonly string[];
}

/** A policy rule was deleted by somebody else. The words are those of ip-rule(8). */
export interface RuleEvent {
  readonly kind: 'rule-removed';
  readonly family: IpFamily;
  readonly words: readonly string[];
}

/** Why a connection or datagram failed. */
export type NetworkFailure =
  | 'refused'
  | 'reset'
  | 'timed-out'
  | 'unreachable'
  | 'bad-certificate'
  /** The address or port to speak from is not there, or taken. */
  | 'no-such-address'
  | 'address-in-use'
  | 'no-resource';

/** What happens on a stream opened with 'stream-open'. */
export type StreamEvent =
  | { readonly kind: 'stream-connected'; readonly id: CommandId }
  | { readonly kind: 'stream-data'; readonly id: CommandId; readonly bytes: Uint8Array }
  | { readonly kind: 'stream-closed'; readonly id: CommandId }
  /** A close that SO_LINGER keeps from returning, and its return; machines that know of no such thing say neither. */
  | { readonly kind: 'stream-lingers' | 'stream-lingered'; readonly id: CommandId }
  | { readonly kind: 'stream-failed'; readonly id: CommandId; readonly failure: NetworkFailure };

/** What happens on a socket opened with 'datagram-open'. */
export type DatagramEvent =
  | {
      readonly kind: 'datagram-received';
      readonly id: CommandId;
      readonly bytes: Uint8Array;
      readonly from: { readonly address: IpAddress; readonly port: number };
      readonly ttl: number;
    }
  | { readonly kind: 'datagram-failed'; readonly id: CommandId; readonly failure: NetworkFailure };

/** Answers to commands. */
export type AnswerEvent =
  | { readonly kind: 'command-failed'; readonly id: CommandId; readonly reason: string }
  | { readonly kind: 'resolved'; readonly id: CommandId; readonly addresses: readonly IpAddress[] }
  | {
      readonly kind: 'script-exited';
      readonly id: CommandId;
      readonly outcome:
        | { readonly kind: 'exit'; readonly code: number }
        | { readonly kind: 'signal'; readonly signal: string }
        | { readonly kind: 'not-run'; readonly reason: string };
    };

/** A process of the machine began or ended, for `vrrp_track_process`. */
export interface ProcessEvent {
  readonly kind: 'process-started' | 'process-ended';
  readonly pid: number;
  readonly name: string;
  readonly arguments: readonly string[];
}

/** A tracked file was written, created or removed. */
export interface FileEvent {
  readonly kind: 'file-changed';
  readonly path: string;
}

/** A signal other than those with a method of their own (HUP: `reload`, TERM: `stop`). */
export interface SignalEvent {
  readonly kind: 'signal';
  readonly signal: 'USR1' | 'USR2' | 'JSON' | 'STATS_CLEAR';
}
