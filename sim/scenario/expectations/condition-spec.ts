/**
 * What an expectation claims about the LAN, as plain data; `conditions.ts` decides whether it
 * holds.
 */

import type { DurationUs } from '../../../daemon/base/time.ts';
import type { IpAddress } from '../../../daemon/wire/ip-address.ts';
import type { MacAddress } from '../../../daemon/wire/mac-address.ts';
import type { Probability } from '../../lan/lan-api.ts';

/** One claim. */
export type ConditionSpec =
  | {
      /** Exactly these live hosts hold the address on an interface that is up; none for nobody. */
      readonly kind: 'holders';
      readonly address: IpAddress;
      readonly holders: readonly string[];
    }
  | {
      readonly kind: 'state';
      readonly host: string;
      readonly instance?: string;
      readonly vrid?: number;
      /** A state of the virtual router, or `none`: no such instance runs there. */
      readonly is: string;
    }
  | {
      readonly kind: 'neighbour';
      readonly host: string;
      readonly address: IpAddress;
      /** A host, a MAC, or nobody: no usable entry. Absent: any. */
      readonly isAt?: Whose;
      readonly states: readonly string[];
    }
  | { readonly kind: 'traffic'; readonly traffic: string; readonly alive: boolean }
  | { readonly kind: 'log'; readonly pattern: string; readonly host?: string }
  | { readonly kind: 'output'; readonly output: OutputSpec }
  | {
      readonly kind: 'mac-table';
      readonly switch: string;
      readonly mac: Whose;
      /** Absent: the address is not in the table. */
      readonly port?: string;
    }
  | { readonly kind: 'unit'; readonly host: string; readonly unit: string; readonly is: string }
  | {
      readonly kind: 'notification';
      readonly host?: string;
      readonly name?: string;
      readonly state: string;
    }
  | { readonly kind: 'adverts'; readonly vrid: number; readonly from: string | undefined }
  | { readonly kind: 'mail'; readonly host?: string; readonly pattern: string };

/** Whose MAC address is meant. */
export type Whose =
  | { readonly kind: 'host'; readonly host: string }
  | { readonly kind: 'mac'; readonly mac: MacAddress }
  | { readonly kind: 'nobody' };

/** What the output of the step's commands must look like; all given parts must hold. */
export interface OutputSpec {
  readonly contains: readonly string[];
  readonly lacks: readonly string[];
  readonly equals?: string;
  readonly matches?: string;
  readonly exit?: number;
}

/** When a claim must hold, relative to its step. */
export interface Timing {
  /** Must become true in (at, at+within] and stay true until the next step or the end. */
  readonly within?: DurationUs;
  /** Being true already before the step counts. */
  readonly still: boolean;
  /** Must hold right after the step's actions. */
  readonly atOnce: boolean;
  /** Must not hold at any moment from the step's actions until then. */
  readonly neverWithin?: DurationUs;
}

/** One item of a step's `expect`. */
export interface ExpectationSpec {
  readonly timing: Timing;
  readonly condition: ConditionSpec;
}

/** One item of `always`. */
export type InvariantSpec =
  | {
      readonly kind: 'masters-at-most';
      readonly limit: number;
      readonly vrid?: number;
      readonly exceptFor: DurationUs;
      /** Judged from that moment of the run on; absent: from the start. */
      readonly from?: DurationUs;
    }
  | {
      readonly kind: 'owners-at-most';
      readonly limit: number;
      readonly address: IpAddress;
      readonly exceptFor: DurationUs;
      /** Judged from that moment of the run on; absent: from the start. */
      readonly from?: DurationUs;
    }
  | {
      readonly kind: 'answers-at-most';
      readonly limit: number;
      readonly address: IpAddress;
      readonly exceptFor: DurationUs;
      /** Judged from that moment of the run on; absent: from the start. */
      readonly from?: DurationUs;
    }
  | {
      /** Somebody could answer, the way there is sound, and still nobody does. */
      readonly kind: 'black-hole';
      readonly traffic: string;
      readonly exceptFor: DurationUs;
      readonly from?: DurationUs;
    }
  | {
      /** A host's neighbour entry for the address leads to a host that does not hold it. */
      readonly kind: 'wrong-neighbour';
      readonly address: IpAddress;
      readonly exceptFor: DurationUs;
      readonly from?: DurationUs;
    }
  | {
      /** On one host all of these instances are MASTER, or none is: what a sync group promises. */
      readonly kind: 'together';
      readonly instances: readonly string[];
      readonly exceptFor: DurationUs;
      readonly from?: DurationUs;
    }
  | {
      /** Connections in progress that a director resets because it does not know them. */
      readonly kind: 'lost-connections';
      readonly limit: number;
      readonly from?: DurationUs;
    }
  | { readonly kind: 'never'; readonly pattern: string; readonly host?: string };

/** One item of `finally`. */
export type FinalSpec =
  | { readonly kind: 'condition'; readonly condition: ConditionSpec }
  | {
      readonly kind: 'traffic';
      readonly traffic: string;
      readonly longestOutageAtMost?: DurationUs;
      /** No outage goes on, or begins, later than that after the last step. */
      readonly backWithin?: DurationUs;
      readonly lostAtMost?: number;
      readonly lostAtLeast?: number;
      readonly answeredAtLeast?: number;
      /** Each of these answered at least once, and nobody else ever did. */
      readonly answeredBy?: readonly string[];
      /** Each of these gave at least that part of all answers. */
      readonly shareAtLeast?: Readonly<Record<string, Probability>>;
      /** Each of these gave at most that part of all answers. */
      readonly shareAtMost?: Readonly<Record<string, Probability>>;
      /** Requests that failed that way, by the words of reports such as `refused`. */
      readonly failuresAtMost?: Readonly<Record<string, number>>;
      readonly failuresAtLeast?: Readonly<Record<string, number>>;
      /** By percentile, such as `99%`. */
      readonly latencyAtMost?: Readonly<Record<string, DurationUs>>;
    };
