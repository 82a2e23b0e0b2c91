/**
 * How long a set of configurations may take until one MASTER stands, as arithmetic over timers:
 * what `explore` judges by and what the matrix waits for.
 */

import { type DurationUs, durationUs, seconds } from '../../../daemon/base/time.ts';
import type { DaemonConfig } from '../../../daemon/config/daemon-config.ts';
import type { VrrpInstanceConfig } from '../../../daemon/vrrp/vrrp-config.ts';

const SECOND = 1_000_000;

/** The longest master-down interval: adverts that must be missed, and the skew of priority 1. */
function masterDown(instance: VrrpInstanceConfig): number {
  const whole = instance.version === 3 ? instance.advertInterval : SECOND;
  return instance.downTimerAdverts * instance.advertInterval + (255 * whole) / 256;
}

/** Until a script that changed its answer has changed the state. */
function scriptTime(config: DaemonConfig): number {
  const times = config.vrrp.scripts.map(
    (one) => (Math.max(one.rise, one.fall) + 1) * one.interval + one.timeout,
  );
  return Math.max(0, ...times);
}

/**
 * Upper bound between full repair and one MASTER with its addresses answered: start (1 s of
 * jitter and startup delay), two master-down intervals (one to be heard, one to preempt),
 * preempt_delay, scripts, the second burst of gratuitous ARP, and 2 s of slack.
 */
export function convergenceBound(configs: readonly DaemonConfig[]): DurationUs {
  const all = configs.flatMap((config) => config.vrrp.instances);
  const down = Math.max(0, ...all.map(masterDown));
  const preempt = Math.max(0, ...all.map((one) => one.preemptDelay));
  const garp = Math.max(0, ...all.map((one) => one.garp.delay));
  const startup = Math.max(0, ...configs.map((one) => one.vrrp.globals.startupDelay));
  const script = Math.max(0, ...configs.map(scriptTime));
  const sum = SECOND + startup + 2 * down + preempt + garp + script;
  return durationUs(Math.ceil(sum) + seconds(2));
}
