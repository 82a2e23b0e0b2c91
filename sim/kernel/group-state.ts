/** Memberships of multicast groups on one link, for IGMP and MLD alike. */

import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import type { KernelTimer } from './kernel-clock.ts';

/** One group that somebody on this host joined. */
export interface Membership {
  readonly group: IpAddress;
  /** How many joined. */
  users: number;
  /** Change records still to be sent. */
  changesLeft: number;
  /** Old versions: reports still to be sent unasked. */
  reportsLeft: number;
  /** Answer to a query, or old versions' unsolicited report, while pending. */
  readonly timer: KernelTimer;
  /** Whether this host was the last to report (old versions send a leave then). */
  lastReporter: boolean;
}

/** A group left behind whose leave is still to be announced. */
export interface LeftGroup {
  readonly group: IpAddress;
  changesLeft: number;
}

/** Groups of one link and what IGMP or MLD remembers of the queriers. */
export interface GroupMemberships {
  /** Newest first, as the kernel's list. */
  readonly joined: Membership[];
  readonly left: LeftGroup[];
  /** State change reports still to be sent. */
  changeReportsLeft: number;
  readonly changeTimer: KernelTimer;
  /** Answer to a general query. */
  readonly generalTimer: KernelTimer;
  /** Kernel times until which old queriers are believed to be there; 0 never heard. */
  version1UntilUs: number;
  version2UntilUs: number;
  /** Robustness heard from a querier; 0 when none spoke. */
  robustness: number;
}
