/**
 * Dates without `Date`: the civil calendar of UTC as arithmetic, so that stamps are the same on
 * every machine and in the browser. Hosts of the twin live in UTC.
 */

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

const DAY_US = 86_400_000_000;
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MONTHS = [
  'Jan',
  'Feb',
  'Mar',
  'Apr',
  'May',
  'Jun',
  'Jul',
  'Aug',
  'Sep',
  'Oct',
  'Nov',
  'Dec',
] as const;

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

/** `Nov 20 12:31:09`, as journalctl and syslog stamp lines. */
export function formatSyslogStamp(epochUs: number): string {
  const t = civilTime(epochUs);
  return `${MONTHS[t.month - 1]} ${two(t.day)} ${clock(t)}`;
}

/** `Fri 2026-11-20 12:31:09 UTC`, as systemctl stamps. */
export function formatSystemdStamp(epochUs: number): string {
  const t = civilTime(epochUs);
  return `${WEEKDAYS[t.weekday]} ${t.year}-${two(t.month)}-${two(t.day)} ${clock(t)} UTC`;
}

/** `Fri Nov 20 12:31:09 UTC 2026`, as date(1) prints in the C locale. */
export function formatDateStamp(epochUs: number): string {
  const t = civilTime(epochUs);
  const day = String(t.day).padStart(2, ' ');
  return `${WEEKDAYS[t.weekday]} ${MONTHS[t.month - 1]} ${day} ${clock(t)} UTC ${t.year}`;
}

/** `12:31:09.123456`, as tcpdump stamps packets. */
export function formatClockStamp(epochUs: number): string {
  const t = civilTime(epochUs);
  return `${clock(t)}.${String(t.microsecond).padStart(6, '0')}`;
}

/** date(1)'s `+FORMAT` for the common letters; unknown letters stay as they are. */
export function formatDate(epochUs: number, format: string): string {
  const t = civilTime(epochUs);
  return format.replaceAll(
    /%(.)/g,
    (whole, letter: string) => dateField(t, epochUs, letter) ?? whole,
  );
}

/** systemd's words for a span, the two largest units: `4s`, `1min 30s`, `2h 5min`. */
export function formatTimespan(spanUs: number): string {
  const secondsLeft = Math.floor(spanUs / 1_000_000);
  if (secondsLeft <= 0) return `${Math.max(0, Math.floor(spanUs / 1000))}ms`;
  const parts = [
    [Math.floor(secondsLeft / 86_400), ' days'],
    [Math.floor(secondsLeft / 3600) % 24, 'h'],
    [Math.floor(secondsLeft / 60) % 60, 'min'],
    [secondsLeft % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => (count === 1 && unit === ' days' ? '1 day' : `${count}${unit}`))
    .join(' ');
}

function dateField(t: CivilTime, epochUs: number, letter: string): string | undefined {
  const fields = new Map<string, string>([
    ['Y', String(t.year)],
    ['m', two(t.month)],
    ['d', two(t.day)],
    ['H', two(t.hour)],
    ['M', two(t.minute)],
    ['S', two(t.second)],
    ['s', String(Math.floor(epochUs / 1_000_000))],
    ['N', `${String(t.microsecond).padStart(6, '0')}000`],
    ['F', `${t.year}-${two(t.month)}-${two(t.day)}`],
    ['T', clock(t)],
    ['a', WEEKDAYS[t.weekday] as string],
    ['b', MONTHS[t.month - 1] as string],
    ['Z', 'UTC'],
    ['%', '%'],
  ]);
  return fields.get(letter);
}

function clock(t: CivilTime): string {
  return `${two(t.hour)}:${two(t.minute)}:${two(t.second)}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
