/**
 * Dates without `Date`: the civil calendar of UTC as arithmetic, in English, so that stamps are the same on every machine and
 * in the browser. Hosts of the twin live in UTC.
 */

/** By number of the weekday, from Sunday. */
export const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
/** By number of the month, less one. */
export const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const DAY_US = 86_400_000_000;

/** A moment of the civil calendar. */
export interface CivilTime {
  readonly year: number;
  /** 1..12 */
  readonly month: number;
  /** 1..31 */
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0..999999 */
  readonly microsecond: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

/**
 * The civil time of microseconds since 1970-01-01 UTC. Source: days-to-civil, proleptic Gregorian.
 */
export function civilTime(epochUs: number): CivilTime {
  const days = Math.floor(epochUs / DAY_US);
  const rest = epochUs - days * DAY_US;
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthIndex = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthIndex + 2) / 5) + 1,
    hour: Math.floor(rest / 3_600_000_000),
    minute: Math.floor(rest / 60_000_000) % 60,
    second: Math.floor(rest / 1_000_000) % 60,
    microsecond: rest % 1_000_000,
    weekday: (((days + 4) % 7) + 7) % 7,
  };
}

/** A moment in words. */
export interface CalendarMoment {
  /** `Fri`. */
  readonly weekday: string;
  readonly day: number;
  /** `Nov`. */
  readonly month: string;
  readonly year: number;
  /** `14:05:17`. */
  readonly clock: string;
}

/**
 * The moment in words.
 *
 * Units: wallClockUs in µs since 1970-01-01 UTC.
 */
export function calendarOf(wallClockUs: number): CalendarMoment {
  const time = civilTime(wallClockUs);
  const { year, day } = time;
  return {
    weekday: WEEKDAYS[time.weekday] as string,
    day,
    month: MONTHS[time.month - 1] as string,
    year,
    clock: clockOf(time),
  };
}

/** `14:05:17`. */
export function clockOf({ hour, minute, second }: CivilTime): string {
  return `${twoDigits(hour)}:${twoDigits(minute)}:${twoDigits(second)}`;
}

/** `07` for 7. */
export function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
