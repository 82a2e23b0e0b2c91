/** The types of `finally` of a scenario. Generated: UPDATE_GOLDEN=1 writes it. */

import type { Duration } from './duration.ts';

/** The state of a virtual router on a host. */
export interface FinalState {
  /** The host. */
  readonly host: string;
  /** Name of the vrrp_instance. */
  readonly instance?: string;
  /** Virtual router id. */
  readonly vrid?: number;
  /** The state; 'none': no such instance runs there. */
  readonly is: 'MASTER' | 'BACKUP' | 'FAULT' | 'INIT' | 'STOP' | 'none';
}

/** What a host's neighbour table says. */
export interface FinalNeighbour {
  /** The host that looks. */
  readonly host: string;
  /** The address looked for. */
  readonly address: string;
  /** A host, a MAC address, or 'nobody'. */
  readonly 'is-at'?: string;
  /** State or states. */
  readonly state?:
    | 'INCOMPLETE'
    | 'REACHABLE'
    | 'STALE'
    | 'DELAY'
    | 'PROBE'
    | 'FAILED'
    | 'NOARP'
    | 'PERMANENT'
    | readonly ('INCOMPLETE'
    | 'REACHABLE'
    | 'STALE'
    | 'DELAY'
    | 'PROBE'
    | 'FAILED'
    | 'NOARP'
    | 'PERMANENT')[];
}

/** What the output looks like. */
export interface FinalOutput {
  /** Texts that the output contains. */
  readonly contains?: string | readonly string[];
  /** Texts that the output does not contain. */
  readonly lacks?: string | readonly string[];
  /** The whole output, but for blanks at the ends. */
  readonly equals?: string;
  /** A pattern that one line matches: * and ? stand for any text, any character. */
  readonly matches?: string;
  /** The exit code. */
  readonly exit?: number;
}

/** Where a switch has learned a MAC address. */
export interface FinalMacTable {
  /** The switch. */
  readonly switch: string;
  /** A host or a MAC address. */
  readonly mac: string;
  /** Its port, or 'none'. */
  readonly port: string;
}

/** A notification by a script or a FIFO that the configuration names. */
export interface FinalNotification {
  /** Name of the instance or group. */
  readonly name?: string;
  /** The state told, such as MASTER. */
  readonly state: string;
}

/** What must hold at the end. */
export interface Final {
  /** An address, usually a virtual one; goes with owner or holders. */
  readonly vip?: string;
  /** The one live host that holds it, or 'nobody'. */
  readonly owner?: string;
  /** All live hosts that hold it. */
  readonly holders?: readonly string[];
  /** The state of a virtual router on a host. */
  readonly state?: FinalState;
  /** What a host's neighbour table says. */
  readonly neighbour?: FinalNeighbour;
  /** Name of a traffic; goes with alive. */
  readonly traffic?: string;
  /** Whether it is answered. */
  readonly alive?: boolean;
  /** A text that a journal line contains (* and ? as in a shell). */
  readonly log?: string;
  /** The output of the step's exec. */
  readonly output?: string | FinalOutput;
  /** Where a switch has learned a MAC address. */
  readonly 'mac-table'?: FinalMacTable;
  /** Name of a unit; goes with host and is. */
  readonly unit?: string;
  /** The state of the unit. */
  readonly is?: 'active' | 'inactive' | 'failed';
  /** A notification by a script or a FIFO that the configuration names. */
  readonly notification?: FinalNotification;
  /** A text that the subject or body of a mail contains. */
  readonly mail?: string;
  /** Who sent the last advert, or 'nobody'; goes with vrid. */
  readonly 'adverts-from'?: string;
  /** Virtual router id. */
  readonly vrid?: number;
  /** The host; with log, notification and mail: on that host only. */
  readonly host?: string;
  /** From the last answer before it to the next. */
  readonly 'longest-outage-at-most'?: Duration;
  /** No outage goes on, or begins, later than that after the last step. */
  readonly 'back-within'?: Duration;
  /** Most requests without an answer. */
  readonly 'lost-at-most'?: number;
  /** Least number of requests without an answer. */
  readonly 'lost-at-least'?: number;
  /** Least number of answers. */
  readonly 'answered-at-least'?: number;
  /** Exactly the hosts (of http: the pages) that answered. */
  readonly 'answered-by'?: string | readonly string[];
  /** Least part of the answers by host (of http: by page). */
  readonly 'share-at-least'?: Readonly<Record<string, string>>;
  /** Largest part of the answers by host (of http: by page). */
  readonly 'share-at-most'?: Readonly<Record<string, string>>;
  /**
   * Most requests that failed so: refused, reset, timed-out, unreachable, no-port, status 503,
   * wrong-body …
   */
  readonly 'failures-at-most'?: Readonly<Record<string, number>>;
  /** Least number of requests that failed so. */
  readonly 'failures-at-least'?: Readonly<Record<string, number>>;
  /** Longest time by percentile of the answers: 50%, 90%, 95%, 99%, 99.9%, 100%. */
  readonly 'latency-at-most'?: Readonly<Record<string, Duration>>;
}
