/**
 * How long a set of configurations may take until one MASTER stands, as arithmetic over timers:
 * what `explore` judges by and what the matrix waits for.
 */

import { type DurationUs, durationUs, seconds } from '../../../daemon/base/time.ts';
import type { DaemonConfig } from '../../../daemon/config/daemon-config.ts';
import type { VrrpInstanceConfig } from '../../../daemon/vrrp/vrrp-config.ts';
import type { LanSpec } from '../../topology/lan-spec.ts';

const SECOND = 1_000_000;
/** How long a checker may wait for its server by default (keepalived.conf(5) connect_timeout), µs. */
const CONNECT_TIME = 5 * SECOND;

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

/** Until a checker that failed while its machine was cut off has found its server again. */
function checkerTime(config: DaemonConfig): number {
  const times = config.check.checkers.map(
    (one) => one.warmup + one.delayLoop + (one.retry + 1) * one.delayBeforeRetry + CONNECT_TIME,
  );
  return Math.max(0, ...times);
}

/** Until machines have booted and ports of switches forward. */
function hardwareTime(lan: LanSpec): number {
  const boot = Math.max(0, ...lan.hosts.map((host) => host.bootTime));
  return boot + Math.max(0, ...lan.switches.map((one) => one.forwardDelay));
}

/**
 * Upper bound of a black hole: a healthy router takes over within its master-down interval, of a
 * gratuitous ARP the first burst may be lost and the second comes `garp_master_delay` later, a director is of use once
 * its checkers have looked. Then 2 s of slack.
 */
export function blackHoleBound(configs: readonly DaemonConfig[], lan: LanSpec): DurationUs {
  const all = configs.flatMap((config) => config.vrrp.instances);
  const garp = Math.max(0, ...all.map((one) => one.garp.delay));
  const forwardDelay = Math.max(0, ...lan.switches.map((one) => one.forwardDelay));
  const slow = Math.max(
    0,
    ...configs.flatMap((config) => [checkerTime(config), scriptTime(config)]),
  );
  const down = Math.max(0, ...all.map(masterDown));
  const preempt = Math.max(0, ...all.map((one) => one.preemptDelay));
  const startup = Math.max(0, ...configs.map((one) => one.vrrp.globals.startupDelay));
  const sum = startup + down + preempt + garp + forwardDelay + slow;
  return durationUs(Math.ceil(sum) + seconds(2));
}

/**
 * Upper bound between full repair and one MASTER with its addresses answered: start (1 s of
 * jitter and startup delay), two master-down intervals (one to be heard, one to preempt),
 * preempt_delay, scripts, checkers, the second burst of gratuitous ARP, boot time and forwarding
 * delay of switches, and 2 s of slack.
 */
export function convergenceBound(configs: readonly DaemonConfig[], lan?: LanSpec): DurationUs {
  const all = configs.flatMap((config) => config.vrrp.instances);
  const down = Math.max(0, ...all.map(masterDown));
  const preempt = Math.max(0, ...all.map((one) => one.preemptDelay));
  const garp = Math.max(0, ...all.map((one) => one.garp.delay));
  const startup = Math.max(0, ...configs.map((one) => one.vrrp.globals.startupDelay));
  const script = Math.max(0, ...configs.map(scriptTime));
  const checks = Math.max(0, ...configs.map(checkerTime));
  const sum =
    (lan === undefined ? 0 : hardwareTime(lan)) +
    SECOND +
    startup +
    2 * down +
    preempt +
    garp +
    Math.max(script, checks);
  return durationUs(Math.ceil(sum) + seconds(2));
}
