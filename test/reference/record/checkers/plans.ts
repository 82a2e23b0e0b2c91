/** All that is recorded of keepalived's checkers. */

import type { CheckerPlan } from './plan.ts';
import { IPV6_PLANS } from './plans-ipv6.ts';
import { PACE_PLANS } from './plans-paces.ts';
import { POOL_PLANS } from './plans-pools.ts';
import { LIFE_PLANS } from './plans-pools-life.ts';
import { PROBE_PLANS } from './plans-probes.ts';
import { RELOAD_PLANS } from './plans-reloads.ts';

export const PLANS: readonly CheckerPlan[] = [
  ...PROBE_PLANS,
  ...POOL_PLANS,
  ...PACE_PLANS,
  ...LIFE_PLANS,
  ...RELOAD_PLANS,
  ...IPV6_PLANS,
];
