/**
 * The text of keepalived.stats (USR2) with keepalived 2.2.7's content, and stamps as its dumps have
 * them; keepalived.data and keepalived.json are made in `daemon/core`.
 */

import { calendarOf } from '../base/calendar.ts';
import { elapsed, type TimeUs } from '../base/time.ts';
import type { Instance, VrrpMachine } from './vrrp-machine.ts';

/** When a dump is made, on both clocks. */
export interface DumpMoment {
  readonly now: TimeUs;
  readonly wallClockUs: number;
}

/** The content of /tmp/keepalived.stats. */
export function statisticsText(machine: VrrpMachine): string {
  return machine.instances.map(instanceStatistics).join('');
}

/** The wall clock of a moment of the machine's own clock, in µs since 1970. */
export type Stamps = (at: TimeUs) => number;

/** Stamps of all moments, from one that is known on both clocks. */
export function stampsOf({ now, wallClockUs }: DumpMoment): Stamps {
  return (at) => wallClockUs - elapsed(at, now);
}

/** `1795977837.347269 (Sun Nov 29 18:43:57.347269 2026)`. */
export function stampText(wallClockUs: number): string {
  const fraction = String(wallClockUs % 1_000_000).padStart(6, '0');
  const { weekday, month, day, clock, year } = calendarOf(wallClockUs);
  const date = `${weekday} ${month} ${String(day).padStart(2)} ${clock}.${fraction} ${year}`;
  return `${Math.floor(wallClockUs / 1_000_000)}.${fraction} (${date})`;
}

/** `1795977837.347269 (Sun Nov 29 18:43:57 2026.347269)`: some lines have the fraction last. */
export function lateFraction(wallClockUs: number): string {
  return stampText(wallClockUs).replace(/(\.\d{6}) (\d{4})\)$/, ' $2$1)');
}

function instanceStatistics(instance: Instance): string {
  const s = instance.statistics;
  return [
    `VRRP Instance: ${instance.config.name}`,
    '  Advertisements:',
    `    Received: ${s.advertsReceived}`,
    `    Sent: ${s.advertsSent}`,
    `  Became master: ${s.becameMaster}`,
    `  Released master: ${s.releasedMaster}`,
    '  Packet Errors:',
    `    Length: ${s.packetLengthErrors}`,
    `    TTL: ${s.ttlErrors}`,
    `    Invalid Type: ${s.invalidTypeReceived}`,
    `    Advertisement Interval: ${s.advertIntervalErrors}`,
    `    Address List: ${s.addressListErrors}`,
    '  Authentication Errors:',
    `    Invalid Type: ${s.invalidAuthType}`,
    `    Type Mismatch: ${s.authTypeMismatch}`,
    `    Failure: ${s.authFailures}`,
    '  Priority Zero:',
    `    Received: ${s.priorityZeroReceived}`,
    `    Sent: ${s.priorityZeroSent}`,
    '',
  ].join('\n');
}
