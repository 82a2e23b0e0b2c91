/** What the daemon tells about itself at any moment: for verdicts, tables of the browser, dumps and metrics. */

import type { DurationUs, TimeUs } from '../base/time.ts';
import type { VrrpState } from '../vrrp/vrrp-state.ts';
import type { BfdState } from '../wire/bfd.ts';
import type { IpAddress, IpPrefix } from '../wire/ip-address.ts';

/** A snapshot of the whole daemon. */
export interface DaemonStatus {
  readonly phase: 'starting' | 'running' | 'stopping' | 'stopped';
  readonly instances: readonly InstanceStatus[];
  readonly groups: readonly { readonly name: string; readonly state: VrrpState }[];
  /** Virtual services; absent where the checkers' process does not run. */
  readonly services?: readonly ServiceStatus[];
  /** BFD sessions; absent where the BFD process does not run. */
  readonly bfd?: readonly BfdStatus[];
}

/** A snapshot of one BFD session; states as in RFC 5880 section 6.2. */
export interface BfdStatus {
  readonly name: string;
  readonly neighbor: IpAddress;
  readonly state: BfdState;
  /** What the peer said of itself last. */
  readonly remoteState: BfdState;
  /** Silence after which the peer counts as dead; 0 before it spoke. */
  readonly detectTime: DurationUs;
}

/** A snapshot of one virtual service, with keepalived's names such as `[10.0.0.1]:tcp:80`. */
export interface ServiceStatus {
  readonly name: string;
  readonly quorumUp: boolean;
  readonly sorryActive: boolean;
  readonly servers: readonly {
    readonly name: string;
    /** Good by all of its checkers. */
    readonly alive: boolean;
    /** In the kernel's table, be it with weight 0. */
    readonly inPool: boolean;
    readonly weight: number;
  }[];
}

/** A snapshot of one virtual router. */
export interface InstanceStatus {
  readonly name: string;
  readonly vrid: number;
  readonly interface: string;
  readonly state: VrrpState;
  readonly basePriority: number;
  readonly effectivePriority: number;
  readonly addresses: readonly IpPrefix[];
  /** When the master-down timer (BACKUP) or the advert timer (MASTER) runs out. */
  readonly timerDueAt?: TimeUs;
  /** How long that timer runs from its start: the advert interval, or the master-down interval. */
  readonly timerLengthUs?: DurationUs;
  readonly lastTransitionAt: TimeUs;
  readonly statistics: InstanceStatistics;
}

/** Counters of one virtual router, as keepalived's statistics dump names them. */
export interface InstanceStatistics {
  readonly advertsReceived: number;
  readonly advertsSent: number;
  readonly becameMaster: number;
  readonly releasedMaster: number;
  readonly packetLengthErrors: number;
  readonly advertIntervalErrors: number;
  readonly ttlErrors: number;
  readonly invalidTypeReceived: number;
  readonly addressListErrors: number;
  readonly invalidAuthType: number;
  readonly authTypeMismatch: number;
  readonly authFailures: number;
  readonly priorityZeroReceived: number;
  readonly priorityZeroSent: number;
}
