/** The calendar of a wall clock in µs, in UTC and English; no calendar of the platform is used. */

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const DAYS = 'Thu Fri Sat Sun Mon Tue Wed'.split(' ');
const US_PER_SECOND = 1_000_000;
const SECONDS_PER_DAY = 86_400;

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
  const inSeconds = Math.floor(wallClockUs / US_PER_SECOND);
  const days = Math.floor(inSeconds / SECONDS_PER_DAY);
  const rest = inSeconds - days * SECONDS_PER_DAY;
  const { year, month, day } = civilDate(days);
  const parts = [rest / 3600, (rest / 60) % 60, rest % 60];
  return {
    weekday: DAYS[((days % 7) + 7) % 7] ?? '',
    day,
    month: MONTHS[month - 1] ?? '',
    year,
    clock: parts.map((part) => twoDigits(Math.floor(part))).join(':'),
  };
}

/** `07` for 7. */
export function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** Days since 1970-01-01 as year, month and day; years begin in March while it counts. */
function civilDate(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const leaps =
    Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}
