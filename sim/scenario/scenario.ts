/** A scenario that was read and found right: plain data, ready to run. */

import type { DurationUs, TimeUs } from '../../daemon/base/time.ts';
import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import type { LanSpec } from '../topology/lan-spec.ts';
import type { BoundAction } from './actions/action-table.ts';
import type { ExpectationSpec, FinalSpec, InvariantSpec } from './expectations/condition-spec.ts';
import type { Place } from './yaml-source.ts';

/** One scenario file. */
export interface Scenario {
  /** As the user named it; for reports and reproduce lines. */
  readonly file: string;
  /** The text of the file, for the lines around a failure. */
  readonly text: string;
  /** The same as YAML, where the file is a program that made the scenario. */
  readonly rendered?: string;
  readonly name: string;
  /** What it shows, in a sentence or more; printed by `run`. */
  readonly about?: string;
  readonly seed: number;
  readonly lan: LanSpec;
  readonly traffic: readonly TrafficSpec[];
  /** In the order of time; of the same time in file order. */
  readonly steps: readonly Step[];
  readonly always: readonly Located<InvariantSpec>[];
  readonly finally: readonly Located<FinalSpec>[];
  /** The moment at which the run ends. */
  readonly until: TimeUs;
  /** Content of the files that actions need, by the path as written. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Files that only the program that made the scenario has, by the path as written. */
  readonly unwritten?: ReadonlyMap<string, Uint8Array>;
}

/** A part of the file with its place. */
export interface Located<T> {
  readonly spec: T;
  readonly place: Place;
}

/** One item of `steps`. */
export interface Step {
  /** 0-based, in file order. */
  readonly index: number;
  readonly name?: string;
  readonly at: TimeUs;
  readonly place: Place;
  readonly actions: readonly BoundAction[];
  readonly expect: readonly Located<ExpectationSpec>[];
}

/** One entry of `traffic`: requests that a host sends at a steady pace. */
export interface TrafficSpec {
  readonly name: string;
  readonly kind: 'ping' | 'http' | 'tcp' | 'udp';
  readonly from: string;
  readonly to: IpAddress;
  readonly every: DurationUs;
  /** How many requests go out each time, each over a connection of its own; 1 when absent. */
  readonly concurrency?: number;
  /** After that long a request counts as unanswered. */
  readonly timeout: DurationUs;
  readonly start: TimeUs;
  readonly stop?: TimeUs;
  /** Bytes of payload; 0 for HTTP. */
  readonly size: number;
  /** What is asked for, with kind http. */
  readonly http?: HttpTrafficSpec;
  /** Where it goes, with kind tcp and udp; kept alive: all over one connection, or from one port. */
  readonly echo?: { readonly port: number; readonly keepAlive: boolean };
}

/** The requests of a traffic of HTTP. */
export interface HttpTrafficSpec {
  readonly url: string;
  readonly port: number;
  /** Path and query. */
  readonly target: string;
  /** The Host field. */
  readonly authority: string;
  readonly keepAlive: boolean;
  /** Of https. */
  readonly tls?: { readonly serverName?: string; readonly verify: boolean };
  /** The status and (white space around it aside) the page that count as an answer. */
  readonly status: number;
  readonly body?: string;
}
