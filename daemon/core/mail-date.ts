/** The date line of a mail, from a wall clock in µs; no calendar of the platform is used. */

import { calendarOf, twoDigits } from '../base/calendar.ts';

/**
 * `Fri, 20 Nov 2026 14:05:17 +0000`.
 *
 * Units: wallClockUs in µs since 1970-01-01 UTC. Source: RFC 5322 section 3.3; recorded from
 * keepalived 2.2.7.
 */
export function mailDate(wallClockUs: number): string {
  const { weekday, day, month, year, clock } = calendarOf(wallClockUs);
  return `${weekday}, ${twoDigits(day)} ${month} ${year} ${clock} +0000`;
}
