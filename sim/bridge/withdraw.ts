/**
 * Takes the virtual routers back from a real network: every keepalived stops as by systemctl, so that its adverts of
 * priority 0 leave and its addresses go, and what it sends on its way out is let out. Synchronous, so that any exit that a
 * process can catch has time for it.
 */

import { later, milliseconds, type TimeUs } from '../../daemon/base/time.ts';
import type { ScenarioRun } from '../scenario/run.ts';

/** keepalived 2.2.7 takes about a second from SIGTERM to its end. */
const STOP_TIME = milliseconds(1500);
/** Engine events that a withdrawal may cost; a looping LAN does not keep anybody from leaving. */
const EVENTS_MAX = 200_000;

/** Withdraws; returns the hosts whose keepalived was stopped. Does nothing for those that run none. */
export function withdraw(run: ScenarioRun): readonly string[] {
  const { engine } = run;
  engine.runUntil(engine.now, EVENTS_MAX);
  const stopped: string[] = [];
  for (const host of run.lan.hosts.values()) {
    if (host.power !== 'on' || host.keepalived() === undefined) continue;
    if (host.unit('stop', 'keepalived').ok) stopped.push(host.name);
  }
  if (stopped.length > 0) engine.runUntil(later(engine.now, STOP_TIME) as TimeUs, EVENTS_MAX);
  return stopped;
}
