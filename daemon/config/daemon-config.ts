/**
 * A whole keepalived.conf as typed values. The parts own their own types; this page only puts them together.
 * The list of located problems travels beside it (`problem.ts`).
 */

import type { BfdConfig } from '../bfd/bfd-config.ts';
import type { CheckConfig } from '../check/checker-config.ts';
import type { LvsConfig } from '../lvs/lvs-config.ts';
import type { VrrpConfig } from '../vrrp/vrrp-config.ts';
import type { GlobalConfig } from './global-config.ts';

/** Everything the daemon runs on. */
export interface DaemonConfig {
  readonly global: GlobalConfig;
  readonly vrrp: VrrpConfig;
  readonly lvs: LvsConfig;
  readonly check: CheckConfig;
  readonly bfd: BfdConfig;
}
