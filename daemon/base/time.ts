/**
 * The one internal unit of time: integer microseconds.
 *
 * `TimeUs` counts from the start of the run (virtual LAN) or of the process (real host); `DurationUs`
 * is a difference. A safe integer holds 285 years of microseconds. Seconds, milliseconds and
 * centiseconds exist only at borders: configuration text, packets, reports.
 */

declare const timeBrand: unique symbol;
declare const durationBrand: unique symbol;

/** A moment: integer microseconds since the start. */
export type TimeUs = number & { readonly [timeBrand]: true };

/** A length of time: integer microseconds. */
export type DurationUs = number & { readonly [durationBrand]: true };

/** The start of the run. */
export const TIME_ZERO = 0 as TimeUs;

/** A length of nothing. */
export const NO_DURATION = 0 as DurationUs;

/** Makes a moment of whole microseconds; a fraction is cut off, since nothing happens between two. */
export function timeUs(microseconds: number): TimeUs {
  return Math.trunc(microseconds) as TimeUs;
}

/** Makes a duration of whole microseconds; a fraction is cut off. */
export function durationUs(microseconds: number): DurationUs {
  return Math.trunc(microseconds) as DurationUs;
}

/** Makes a duration of seconds, rounded to the nearest microsecond (configuration text has decimals). */
export function seconds(count: number): DurationUs {
  return Math.round(count * 1_000_000) as DurationUs;
}

/** Makes a duration of milliseconds, rounded to the nearest microsecond. */
export function milliseconds(count: number): DurationUs {
  return Math.round(count * 1000) as DurationUs;
}

/** The moment that lies `by` after `at`. */
export function later(at: TimeUs, by: DurationUs): TimeUs {
  return (at + by) as TimeUs;
}

/** How long after `from` the moment `to` lies; negative when it lies before. */
export function elapsed(from: TimeUs, to: TimeUs): DurationUs {
  return (to - from) as DurationUs;
}

/** Text such as `3.218750`, always with six decimals, so that columns line up. */
export function formatSeconds(value: TimeUs | DurationUs): string {
  const sign = value < 0 ? '-' : '';
  const magnitude = Math.abs(value);
  const whole = Math.trunc(magnitude / 1_000_000);
  return `${sign}${whole}.${String(magnitude % 1_000_000).padStart(6, '0')}`;
}

/** The earlier of two moments that may both be absent. */
export function earliest(a: TimeUs | undefined, b: TimeUs | undefined): TimeUs | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}
